"""Passwords as they come in this dialect: MD5 in hexadecimal digits, new ones twice."""

from chalicelib.core import passwords
from chalicelib.core.reasons import Reason, Refused


def agreed(password1: str, password2: str) -> str:
    """A new password, typed twice. Raises `Refused`: PASSWORDS_DIFFER, PASSWORD_FORMAT, COMMON_PASSWORD."""
    if password1.lower() != password2.lower():
        raise Refused(Reason.PASSWORDS_DIFFER, "password2")
    return passwords.new_md5(password1, "password1")
