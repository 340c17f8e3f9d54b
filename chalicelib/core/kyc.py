"""Who a person really is: a name and a document, what makes them well-formed, and the life of their review."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from chalicelib.core.reasons import Reason, Refused

NAME_CHARACTERS_MAX: Final = 64
REASON_CHARACTERS_MAX: Final = 200
#: A person younger than this cannot hold an account.
AGE_YEARS_MIN: Final = 18
AGE_YEARS_MAX: Final = 130


class Location(StrEnum):
    """Where a document was issued. The values are the document's words."""

    CHINA = "zh-CN"
    USA = "USA"
    OTHER = "other"


class Paper(StrEnum):
    """The kinds of document."""

    ID_CARD = "idcard"
    PASSPORT = "passport"


class Status(StrEnum):
    """What has become of a submission."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says to be. `number` is upper case; personal, so it is sealed wherever it is kept and no log shows it."""

    real_name: str = field(repr=False)
    location: Location
    paper: Paper
    number: str = field(repr=False)


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
    """A well-formed claim. Raises `Refused` (PARAMETER_INVALID) naming ``realName`` or ``idNumber``."""
    name = name_of_person(real_name, "realName")
    document = number.strip().upper()
    if not _is_document(document, location, paper, today):
        raise Refused(Reason.PARAMETER_INVALID, "idNumber")
    return Claim(name, location, paper, document)


def name_of_person(text: str, parameter: str) -> str:
    """A person's name: letters of any script, with spaces, dots, apostrophes and hyphens between them."""
    name = unicodedata.normalize("NFKC", text).strip()
    inner = all(unicodedata.category(letter)[0] in "LM" or letter in " .'’·•-" for letter in name)
    letters = sum(unicodedata.category(letter)[0] == "L" for letter in name)
    if not inner or letters < 2 or len(name) > NAME_CHARACTERS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, parameter)
    return re.sub(r"\s+", " ", name)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for case, spaces and the dot that Chinese names of other peoples have."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return re.sub(r"[\s.·•]", "", unicodedata.normalize("NFKC", name)).casefold()


def _is_document(number: str, location: Location, paper: Paper, today: date) -> bool:
    if paper is Paper.ID_CARD and location is Location.CHINA:
        return is_chinese_id(number, today)
    if paper is Paper.PASSPORT and location is Location.CHINA:
        return re.fullmatch(r"[A-Z]{1,2}[0-9]{7,8}", number, re.ASCII) is not None
    if paper is Paper.PASSPORT and location is Location.USA:
        return re.fullmatch(r"[A-Z0-9]{9}", number, re.ASCII) is not None
    return re.fullmatch(r"[A-Z0-9][A-Z0-9-]{3,28}[A-Z0-9]", number, re.ASCII) is not None


#: The provinces that a Chinese identity number can begin with (GB/T 2260), Hong Kong, Macau and Taiwan included.
_PROVINCES: Final = frozenset(
    {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83}
)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"


def is_chinese_id(number: str, today: date) -> bool:
    """Whether a number is a citizen's of China (GB 11643-1999): province, birthday of an adult, check digit."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number, re.ASCII) or int(number[:2]) not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not AGE_YEARS_MIN <= age <= AGE_YEARS_MAX:
        return False
    checksum = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return number[17] == _CHECK_DIGITS[checksum % 11]


def masked(number: str) -> str:
    """The number of a document as it may be shown: its first three and last four characters."""
    return f"{number[:3]}{'*' * max(len(number) - 7, 4)}{number[-4:]}" if len(number) > 7 else "*" * len(number)
