"""A verb's arguments, read off a request's payload; every value may be written as text, as the command line does."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

from chalicelib import settings
from chalicelib.core.reasons import Reason, Refused

Payload = Mapping[str, Any]
#: What does a verb, and the fields it takes.
Verb = tuple[Callable[[Payload], dict[str, Any]], AbstractSet[str]]

_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


def text(payload: Payload, name: str) -> str:
    """A text that has to be there. Raises `Refused` (PARAMETER_MISSING)."""
    value = payload.get(name)
    if value is None or value == "":
        raise Refused(Reason.PARAMETER_MISSING, name)
    return str(value)


def decimal(payload: Payload, name: str) -> Decimal:
    """A number that has to be there, written plainly: Decimal itself would also read ``1_0`` and digits of other scripts."""
    written = text(payload, name)
    if not _PLAIN.fullmatch(written):
        raise Refused(Reason.PARAMETER_INVALID, name)
    return Decimal(written)


def count(payload: Payload, name: str, default: int | None = None) -> int:
    """A whole number, which may be left out if there is a default."""
    written = text(payload, name) if default is None else str(payload.get(name, default))
    if not (written.isascii() and written.isdigit() and len(written) <= 24):
        raise Refused(Reason.PARAMETER_INVALID, name)
    return int(written)


def market(payload: Payload) -> str:
    """The id of a market that there is. Raises `Refused` (NO_SUCH_MARKET)."""
    found = settings.exchange().market(text(payload, "market"))
    if found is None:
        raise Refused(Reason.NO_SUCH_MARKET, "market")
    return found.id
