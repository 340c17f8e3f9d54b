"""Passwords that come as MD5 in hexadecimal digits: what is one, and which are too common to protect anything."""

import hashlib
import re
from functools import cache
from typing import Final

from chalicelib.core.reasons import Reason, Refused

_MD5: Final = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)

#: What guessers try first, in China and elsewhere; the empty password too.
COMMON: Final = (  # noqa: SIM905 - nobody reads this list item by item
    "|123456|123456789|12345678|1234567890|1234567|12345|111111|000000|123123|666666|888888|654321|987654321|112233|121212"
    "|5201314|520520|1314520|147258369|147258|159357|159753|789456|456789|123321|11111111|88888888|00000000|66666666"
    "|12341234|11223344|123654|321321|7777777|a123456|a123456789|a12345678|a1234567|123456a|1234567a|12345678a|123456789a"
    "|aa123456|a111111|q123456|w123456|abc123|abc123456|abcd1234|qwe123|qwer1234|qwertyuiop|qwerty|qwerty123|1qaz2wsx"
    "|1q2w3e4r|1q2w3e4r5t|1q2w3e|q1w2e3r4|zxcvbnm|asdfghjkl|asdfgh|asd123|asdasd|qazwsx|qazwsxedc|1qazxsw2|woaini"
    "|woaini1314|woaini520|woaini123|woaini521|wang123456|zhang123|aini1314|password|password1|Password1|passw0rd|p@ssw0rd"
    "|P@ssw0rd|iloveyou|iloveyou1|admin|admin123|root|letmein|welcome|monkey|dragon|sunshine|princess|football|baseball"
    "|superman|batman|trustno1|master|shadow|michael|starwars|bitcoin|bitcoin123|computer|internet|secret|test|test123"
    "|123qwe|123abc|a1b2c3|a1b2c3d4|aaaaaa|abcabc|abcdef|abcdefg|abcd123|zxc123|asd123456|qq123456|xx123456|z123456"
).split("|")


def is_md5(text: str) -> bool:
    """Whether this is an MD5 in hexadecimal digits, of either case."""
    return _MD5.fullmatch(text) is not None


def md5(text: str, parameter: str) -> str:
    """A password's MD5 in its one spelling, lower case. Raises `Refused` (PASSWORD_FORMAT) for anything else."""
    if not is_md5(text):
        raise Refused(Reason.PASSWORD_FORMAT, parameter)
    return text.lower()


def new_md5(text: str, parameter: str) -> str:
    """The MD5 of a password that somebody chooses. Raises `Refused` (PASSWORD_FORMAT, COMMON_PASSWORD)."""
    spelt = md5(text, parameter)
    if spelt in _common():
        raise Refused(Reason.COMMON_PASSWORD, parameter)
    return spelt


@cache
def _common() -> frozenset[str]:
    return frozenset(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in COMMON)
