"""Phone numbers that can take an SMS, by country: one spelling for each number, ``+8613873647282``."""

import re
from dataclasses import dataclass, field
from typing import Final

from chalicelib.core.reasons import Reason, Refused

#: The country of a number that is written without one: the documents' own.
HOME: Final = "86"

#: Calling code → what a mobile number of that country looks like after it, without a trunk zero.
MOBILES: Final[dict[str, str]] = {
    "1": r"[2-9]\d{2}[2-9]\d{6}",  # USA, Canada
    "7": r"[79]\d{9}",  # Russia, Kazakhstan
    "31": r"6\d{8}",
    "33": r"[67]\d{8}",
    "34": r"[67]\d{8}",
    "39": r"3\d{8,9}",
    "41": r"7[5-9]\d{7}",
    "44": r"7[1-9]\d{8}",
    "46": r"7[02369]\d{7}",
    "49": r"1[5-7]\d{8,9}",
    "52": r"[1-9]\d{9}",
    "55": r"[1-9]{2}9\d{8}",
    "60": r"1\d{8,9}",
    "61": r"4\d{8}",
    "62": r"8\d{8,11}",
    "63": r"9\d{9}",
    "64": r"2\d{7,9}",
    "65": r"[89]\d{7}",
    "66": r"[689]\d{8}",
    "81": r"[789]0\d{8}",
    "82": r"1\d{8,9}",
    "84": r"[35789]\d{8}",
    "86": r"1[3-9]\d{9}",
    "90": r"5\d{9}",
    "91": r"[6-9]\d{9}",
    "852": r"[4-79]\d{7}",
    "853": r"6\d{7}",
    "855": r"[1-9]\d{7,8}",
    "856": r"20\d{8}",
    "886": r"9\d{8}",
    "971": r"5\d{8}",
}
CODE_DIGITS_MAX: Final = 3
CHARACTERS_MAX: Final = 32
#: Countries whose numbers are written with a leading zero at home, which is no part of the number.
_NO_TRUNK_ZERO: Final = frozenset({"1", "39", "86", "852", "853", "65"})
_SEPARATORS: Final = re.compile(r"[ .()-]")


def phone(text: str, parameter: str = "phone") -> str:
    """The number that `text` is, as ``+<country><number>``. Raises `Refused` (PHONE_FORMAT) when it is none.

    ``+`` or ``00`` begins a country code; without one the number is Chinese. Spaces, dots, dashes and brackets
    between ASCII digits are allowed, nothing else is.
    """
    plain = _SEPARATORS.sub("", text) if len(text) <= CHARACTERS_MAX else ""
    if not re.fullmatch(r"\+?[0-9]+", plain, re.ASCII):
        raise Refused(Reason.PHONE_FORMAT, parameter)
    if plain.startswith("+"):
        digits = plain[1:]
    elif plain.startswith("00"):
        digits = plain[2:]
    else:
        digits = HOME + plain
    for length in range(1, CODE_DIGITS_MAX + 1):
        code, number = digits[:length], digits[length:]
        if code not in MOBILES:
            continue
        if code not in _NO_TRUNK_ZERO:
            number = number.removeprefix("0")
        if re.fullmatch(MOBILES[code], number, re.ASCII):
            return f"+{code}{number}"
    raise Refused(Reason.PHONE_FORMAT, parameter)


@dataclass(frozen=True, slots=True)
class Mobile:
    """A number with its country apart; `full` is the one spelling by which it is known."""

    country: str
    number: str = field(repr=False)

    @property
    def full(self) -> str:
        """``+8613873647282``."""
        return f"+{self.country}{self.number}"


def mobile(country: str, number: str, parameter: str = "mobile") -> Mobile:
    """The number of a country, given apart: ``86`` and ``13873647282``. Raises `Refused` (PHONE_FORMAT)."""
    code = re.sub(r"\A(?:\+|00)", "", country.strip())
    if code not in MOBILES:
        raise Refused(Reason.PHONE_FORMAT, "national_code")
    if not re.match(r"[0-9]", number.strip(), re.ASCII):
        raise Refused(Reason.PHONE_FORMAT, parameter)
    return parts(phone(f"+{code}{number.strip()}", parameter))


def parts(full: str) -> Mobile:
    """A number that `phone` gave, its country apart. No country's code begins another's."""
    for length in range(1, CODE_DIGITS_MAX + 1):
        if full[1 : 1 + length] in MOBILES:
            return Mobile(full[1 : 1 + length], full[1 + length :])
    raise ValueError("a number of no known country")


def candidates(number: str) -> list[Mobile]:
    """What a number written without its country may be, the home country's first; none for what is no number."""
    found = []
    for country in sorted(MOBILES, key=lambda code: (code != HOME, code)):
        try:
            found.append(mobile(country, number))
        except Refused:
            continue
    return found


def masked(number: str) -> str:
    """A number as it may be shown to others and to its owner where it need not be whole: ``+86138****7282``."""
    home = number.removeprefix(f"+{HOME}")
    if home != number:
        return f"+{HOME}{home[:3]}****{home[-4:]}"
    return f"****{number[-4:]}"
