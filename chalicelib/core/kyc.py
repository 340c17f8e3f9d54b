"""Who a person really is: a name and a document, what makes them well-formed, and the life of their review.

One record per person, whichever dialect it came by: coinport asks for a whole name and a document (`claim`), the others for
more (`claim_of`).
"""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from chalicelib.core import countries
from chalicelib.core.reasons import Reason, Refused

Word = TypeVar("Word", bound=StrEnum)

NAME_CHARACTERS_MAX: Final = 64
ADDRESS_CHARACTERS_MIN: Final = 4
ADDRESS_CHARACTERS_MAX: Final = 200
REASON_CHARACTERS_MAX: Final = 200
#: A person younger than this cannot hold an account.
AGE_YEARS_MIN: Final = 18
AGE_YEARS_MAX: Final = 130


class Location(StrEnum):
    """Where a document was issued. The values are the document's words."""

    CHINA = "zh-CN"
    USA = "USA"
    OTHER = "other"


#: Nationality → where its documents are issued, as coinport tells them apart.
LOCATIONS: Final = {"CN": Location.CHINA, "US": Location.USA}


class Paper(StrEnum):
    """The kinds of document."""

    ID_CARD = "idcard"
    PASSPORT = "passport"


class Gender(StrEnum):
    """As documents say it."""

    MALE = "male"
    FEMALE = "female"


class Occupation(StrEnum):
    """What somebody lives on."""

    EMPLOYED = "employed"
    SELF_EMPLOYED = "self-employed"
    STUDENT = "student"
    HOMEMAKER = "homemaker"
    RETIRED = "retired"
    UNEMPLOYED = "unemployed"
    OTHER = "other"


class Income(StrEnum):
    """How much a year, in US dollars."""

    BELOW_10K = "below-10k"
    BELOW_30K = "10k-30k"
    BELOW_100K = "30k-100k"
    ABOVE_100K = "above-100k"


class Status(StrEnum):
    """What has become of a submission."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Details:
    """What somebody tells of themselves, as text and unchecked; empty where nothing is told.

    Words are those of the enumerations above, `nationality` two letters, `born` yyyy-mm-dd, `front` and `hand` links to
    uploads or their names. What is wrong with one is said under the name of its field here; a dialect says its own.
    """

    surname: str = ""
    given: str = ""
    middle: str = ""
    gender: str = ""
    nationality: str = ""
    paper: str = ""
    number: str = field(default="", repr=False)
    born: str = ""
    address: str = field(default="", repr=False)
    occupation: str = ""
    income: str = ""
    front: str = ""
    hand: str = ""


#: What a document shows, with photos of it; and what is asked for beyond it.
DOCUMENT: Final = frozenset({"surname", "given", "gender", "nationality", "paper", "number", "front", "hand"})
WHOLE: Final = DOCUMENT | {"born", "address", "occupation", "income"}


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says to be. `number` is upper case; personal, so it is sealed wherever it is kept and no log shows it.

    The rest is empty where it was not asked for. `front` and `hand` are names of uploads.
    """

    real_name: str = field(repr=False)
    location: Location
    paper: Paper
    number: str = field(repr=False)
    surname: str = field(default="", repr=False)
    given: str = field(default="", repr=False)
    middle: str = field(default="", repr=False)
    gender: str = field(default="", repr=False)
    nationality: str = ""
    born: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    occupation: str = field(default="", repr=False)
    income: str = field(default="", repr=False)
    front: str = field(default="", repr=False)
    hand: str = field(default="", repr=False)

    @property
    def photos(self) -> tuple[str, ...]:
        """The names of the uploads that belong to it."""
        return tuple(name for name in (self.front, self.hand) if name)


@dataclass(frozen=True, slots=True)
class Record:
    """A submission under review, or reviewed; times in ms since epoch."""

    uid: str
    status: Status
    submitted: int
    reviewed: int
    reason: str


def may_submit(record: Record | None) -> bool:
    """Whether a person can hand in a claim now: the first time, and after a refusal."""
    return record is None or record.status is Status.REFUSED


def claim(real_name: str, location: Location, paper: Paper, number: str, today: date) -> Claim:
    """A well-formed claim, as coinport takes it: the check digit of its document's own sample is wrong, so none is asked of
    Chinese numbers. Raises `Refused` (PARAMETER_INVALID) naming ``realName`` or ``idNumber``.
    """
    name = name_of_person(real_name, "realName")
    document = number.strip().upper()
    if not _is_document(document, location, paper, today, check_digit=False):
        raise Refused(Reason.PARAMETER_INVALID, "idNumber")
    return Claim(name, location, paper, document)


def claim_of(details: Details, demanded: AbstractSet[str], today: date) -> Claim:
    """A well-formed claim, with all that is `demanded` in it; what else is told is checked too. Photos are taken as told.

    Raises `Refused` naming the field: PARAMETER_MISSING, PARAMETER_INVALID, or ID_CARD_NEEDED of a Chinese citizen with
    another document (decisions, section 4). A Chinese number also tells birthday and gender: they have to agree.
    """
    for name in sorted(demanded):
        if not getattr(details, name).strip():
            raise Refused(Reason.PARAMETER_MISSING, name)
    nationality = countries.code_of(details.nationality)
    if nationality is None:
        raise Refused(Reason.PARAMETER_INVALID, "nationality")
    paper = _word(Paper, details.paper, "paper")
    if nationality == "CN" and paper is not Paper.ID_CARD:
        raise Refused(Reason.ID_CARD_NEEDED, "paper")
    surname, given = (name_of_person(getattr(details, name), name, letters_min=1) for name in ("surname", "given"))
    middle = name_of_person(details.middle, "middle", letters_min=1) if details.middle.strip() else ""
    location = LOCATIONS.get(nationality, Location.OTHER)
    number = details.number.strip().upper()
    if not _is_document(number, location, paper, today, check_digit=True):
        raise Refused(Reason.PARAMETER_INVALID, "number")
    gender = _word(Gender, details.gender, "gender")
    born = _birthday(details.born, today) if details.born else ""
    if location is Location.CHINA:
        written = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        if born not in {"", written}:
            raise Refused(Reason.PARAMETER_INVALID, "born")
        if gender is not (Gender.MALE if int(number[16]) % 2 else Gender.FEMALE):
            raise Refused(Reason.PARAMETER_INVALID, "gender")
        born = written
    return Claim(
        real_name=whole_name(surname, given, middle),
        location=location,
        paper=paper,
        number=number,
        surname=surname,
        given=given,
        middle=middle,
        gender=gender,
        nationality=nationality,
        born=born,
        address=_address(details.address) if details.address.strip() else "",
        occupation=_word(Occupation, details.occupation, "occupation") if details.occupation else "",
        income=_word(Income, details.income, "income") if details.income else "",
        front=details.front,
        hand=details.hand,
    )


def whole_name(surname: str, given: str, middle: str = "") -> str:
    """A name as its people write it: 张三, but Juan Santos Cruz."""
    if any("\u4e00" <= letter <= "\u9fff" for letter in surname + given):
        return surname + middle + given
    return " ".join(part for part in (given, middle, surname) if part)


def _word(words: type[Word], text: str, parameter: str) -> Word:
    try:
        return words(text.strip())
    except ValueError:
        raise Refused(Reason.PARAMETER_INVALID, parameter) from None


def _birthday(text: str, today: date) -> str:
    """The birthday of somebody who is old enough."""
    try:
        born = date.fromisoformat(text.strip()) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip(), re.ASCII) else None
    except ValueError:
        born = None
    if born is None or not AGE_YEARS_MIN <= _age(born, today) <= AGE_YEARS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "born")
    return born.isoformat()


def _address(text: str) -> str:
    address = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()
    printable = all(unicodedata.category(letter)[0] != "C" for letter in address)
    if not printable or not ADDRESS_CHARACTERS_MIN <= len(address) <= ADDRESS_CHARACTERS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "address")
    return address


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def name_of_person(text: str, parameter: str, *, letters_min: int = 2) -> str:
    """A person's name: letters of any script, with spaces, dots, apostrophes and hyphens between them."""
    name = unicodedata.normalize("NFKC", text).strip()
    inner = all(unicodedata.category(letter)[0] in "LM" or letter in " .'’·•-" for letter in name)
    letters = sum(unicodedata.category(letter)[0] == "L" for letter in name)
    if not inner or letters < letters_min or len(name) > NAME_CHARACTERS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, parameter)
    return re.sub(r"\s+", " ", name)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for case, spaces and the dot that Chinese names of other peoples have."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return re.sub(r"[\s.·•]", "", unicodedata.normalize("NFKC", name)).casefold()


def _is_document(number: str, location: Location, paper: Paper, today: date, *, check_digit: bool) -> bool:
    if paper is Paper.ID_CARD and location is Location.CHINA:
        return is_chinese_id(number, today, check_digit=check_digit)
    if paper is Paper.PASSPORT and location is Location.CHINA:
        return re.fullmatch(r"[A-Z]{1,2}[0-9]{7,8}", number, re.ASCII) is not None
    if paper is Paper.PASSPORT and location is Location.USA:
        return re.fullmatch(r"[A-Z0-9]{6,9}", number, re.ASCII) is not None
    return re.fullmatch(r"[A-Z0-9][A-Z0-9-]{3,28}[A-Z0-9]", number, re.ASCII) is not None


#: The provinces that a Chinese identity number can begin with (GB/T 2260), Hong Kong, Macau and Taiwan included.
_PROVINCES: Final = frozenset(
    {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83}
)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"


def is_chinese_id(number: str, today: date, *, check_digit: bool = True) -> bool:
    """Whether a number is a citizen's of China (GB 11643-1999): province, birthday of an adult, and the check digit if asked."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number, re.ASCII) or int(number[:2]) not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    if not AGE_YEARS_MIN <= _age(born, today) <= AGE_YEARS_MAX:
        return False
    checksum = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return not check_digit or number[17] == _CHECK_DIGITS[checksum % 11]


def masked(number: str) -> str:
    """The number of a document as it may be shown: its first three and last four characters."""
    return f"{number[:3]}{'*' * max(len(number) - 7, 4)}{number[-4:]}" if len(number) > 7 else "*" * len(number)
