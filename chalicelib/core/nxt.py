"""NXT's accounts: a number of 64 bits, the first of the hash of a public key, written with Reed-Solomon check digits."""

import hashlib
import re

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
#: Where the thirteen digits and their four check digits stand in the text.
_PLACES = (3, 2, 1, 0, 7, 6, 5, 4, 13, 14, 15, 16, 12, 8, 9, 10, 11)
_DIGITS = 13
#: The powers of 2 in the field of 32 elements, by x⁵ + x² + 1.
_POWERS = (
    1,
    2,
    4,
    8,
    16,
    5,
    10,
    20,
    13,
    26,
    17,
    7,
    14,
    28,
    29,
    31,
    27,
    19,
    3,
    6,
    12,
    24,
    21,
    15,
    30,
    25,
    23,
    11,
    22,
    9,
    18,
)
_LOGARITHMS = {power: exponent for exponent, power in enumerate(_POWERS)}
#: Coefficients of the code's generator, from x³ down to 1.
_GENERATOR = (30, 6, 9, 17)
_WRITTEN = re.compile(r"NXT((?:-[2-9A-HJ-NP-Z]{4}){3})-([2-9A-HJ-NP-Z]{5})", re.ASCII)


def account(public_key: bytes) -> int:
    """The account of a public key (32 bytes)."""
    return int.from_bytes(hashlib.sha256(public_key).digest()[:8], "little")


def written(number: int) -> str:
    """An account as people write it: ``NXT-2Z5K-53Q4-WKWM-6X3TF``."""
    digits = [number >> (5 * place) & 31 for place in range(_DIGITS)]
    code = digits + _check_digits(digits)
    letters = "".join(_ALPHABET[code[place]] for place in _PLACES)
    return f"NXT-{letters[:4]}-{letters[4:8]}-{letters[8:12]}-{letters[12:]}"


def read(text: str) -> int | None:
    """The account that a text means, or None for what is none."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    letters = found[1].replace("-", "") + found[2]
    code = {place: _ALPHABET.index(letter) for place, letter in zip(_PLACES, letters, strict=True)}
    number = sum(code[place] << (5 * place) for place in range(_DIGITS))
    return number if number < 2**64 and written(number) == text else None


def _check_digits(digits: list[int]) -> list[int]:
    remainder = [0, 0, 0, 0]
    for digit in reversed(digits):
        feedback = digit ^ remainder[3]
        remainder = [
            below ^ _product(coefficient, feedback)
            for below, coefficient in zip([0, *remainder[:3]], reversed(_GENERATOR), strict=True)
        ]
    return remainder


def _product(one: int, other: int) -> int:
    if not one or not other:
        return 0
    return _POWERS[(_LOGARITHMS[one] + _LOGARITHMS[other]) % len(_POWERS)]
