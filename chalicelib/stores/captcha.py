"""The captcha that anonymous senders of codes ask for: which one is configured, and what its maker says of an answer.

The configuration is one row, its key sealed, so that no secret lies in the environment; without the row there is no captcha.
"""

import json
import urllib.request
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib import clock, settings
from chalicelib.stores import vault
from chalicelib.stores.table import Table

TIMEOUT_S = 3
ANSWER_BYTES_MAX = 16 * 1024
#: How long a warm container believes what it read.
FRESH_MS = 60_000
KEY = "captcha"
#: Errors by which Geetest says nothing of the captcha: one of its own, and ids that it does not know, or that were deleted or
#: paused there. All others blame what was sent, which is the caller's.
NO_VERDICT: Final = frozenset({"-50000", "-50101", "-50102", "-50103", "-50104", "-50105"})


class CaptchaRow(Table):
    """The configured captcha."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("codes")

    key = UnicodeAttribute(hash_key=True)
    captcha_id = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)


@dataclass(frozen=True, slots=True)
class Captcha:
    """A captcha of Geetest's, fourth version: its public id and its key."""

    id: str
    key: str = field(repr=False)


class Silent(Exception):  # noqa: N818 - says what is the case
    """The captcha's maker gave no answer that can be understood."""


class Unreadable(Exception):  # noqa: N818 - says what is the case
    """The captcha's maker cannot make sense of what it was sent; the message is its code for that."""


_remembered: list[tuple[int, Captcha | None]] = []


def configured() -> Captcha | None:
    """The captcha that is asked for, at most a minute late."""
    now = clock.monotonic_ms()
    if _remembered and now < _remembered[0][0]:
        return _remembered[0][1]
    try:
        row = CaptchaRow.get(KEY)
        found = Captcha(row.captcha_id, vault.unseal(bytes(row.sealed), KEY))
    except CaptchaRow.DoesNotExist:
        found = None
    _remembered[:] = [(now + FRESH_MS, found)]
    return found


def configure(captcha: Captcha | None) -> None:
    """Ask for a captcha from now on, or for none."""
    if captcha is None:
        CaptchaRow(KEY).delete()
    else:
        CaptchaRow(KEY, captcha_id=captcha.id, sealed=vault.seal(captcha.key, KEY)).save()
    forget()


def forget() -> None:
    """Read the configuration anew."""
    _remembered.clear()


def validate(captcha_id: str, fields: dict[str, str]) -> bool:
    """Whether an answer to the captcha is right, as its maker says. Raises `Silent`, `Unreadable`."""
    url = f"{settings.GEETEST_URL}?{urlencode({'captcha_id': captcha_id})}"
    request = urllib.request.Request(url, data=urlencode(fields).encode())  # noqa: S310 - configured, not the caller's
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            said = json.loads(answer.read(ANSWER_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise Silent(type(error).__name__) from None
    if not isinstance(said, dict) or said.get("status") not in ("success", "error"):
        raise Silent("no verdict")
    if said["status"] == "error":
        code = str(said.get("code"))
        raise Silent(code) if code in NO_VERDICT else Unreadable(code)
    return said.get("result") == "success"
