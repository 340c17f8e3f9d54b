"""The parameters that lists share: where to go on, how many, and which ones. Empty means not given."""

import re
from typing import Final

import msgspec

from chalicelib.core.reasons import Reason, Refused

IDS_MAX: Final = 200
#: Digits that an id, a cursor or a time in ms can have, with room; more is no number of ours.
_WHOLE: Final = re.compile(r"[0-9]{1,24}", re.ASCII)


class PageQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which page of a list; `cursor` is a row's id."""

    cursor: str = ""
    limit: str = ""


def whole(name: str, text: str) -> int:
    """A non-negative whole number in plain digits; anything else is `Refused` naming the parameter."""
    if not _WHOLE.fullmatch(text):
        raise Refused(Reason.PARAMETER_INVALID, name)
    return int(text)


def cursor(text: str, newest: str = "") -> int | None:
    """The id that a page stays below, or None for the newest page: the documents let both 0 and 1 mean that.

    `newest` is what else means it in a dialect.
    """
    value = whole("cursor", text) if text != newest and text else 0
    return value if value > 1 else None


def limit(text: str, *, default: int, most: int) -> int:
    """How many rows a page may have: clamped to `most`, and at least one."""
    value = whole("limit", text) if text else default
    if value < 1:
        raise Refused(Reason.PARAMETER_INVALID, "limit")
    return min(value, most)


def ids(text: str) -> list[int] | None:
    """A list of ids separated by commas, without repeats, or None when not given; at most 200."""
    if not text:
        return None
    parts = text.split(",")
    if len(parts) > IDS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "ids")
    return list(dict.fromkeys(whole("ids", part.strip()) for part in parts))
