"""API keys: names that requests are signed under, what each may do, and from where.

There are two makers of them: coinport v2's ``add_api_token``, whose tokens may do all that their person may, and the
broker dialect's API keys, which read or trade and can be tied to addresses. Either kind signs in every dialect.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from chalicelib.core.reasons import Reason, Refused

#: Broker keys of one account and type (decisions, section 4).
KEYS_MAX: Final = 5
IPS_MAX: Final = 5
TAG_CHARACTERS_MAX: Final = 64
#: Random bytes of a broker key's name, and of its secret: 64 characters in hexadecimal digits.
KEY_BYTES: Final = 32


class Reach(StrEnum):
    """What a key may do, and what a request asks of one."""

    READ = "read"
    TRADE = "trade"  # read, place orders and cancel them
    ALL = "all"  # what the person may: also withdrawals, cards, passwords


_RANKS: Final = {Reach.READ: 0, Reach.TRADE: 1, Reach.ALL: 2}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key whose secret has not been opened. `number` is its id among its person's keys; `created` in ms since epoch.

    Without `ips` it is good from anywhere.
    """

    token: str
    uid: str
    sealed: bytes = field(repr=False)
    created: int
    reach: Reach = Reach.ALL
    number: str = ""
    tag: str = ""
    on: bool = True
    ips: tuple[str, ...] = ()


def permitted(key: ApiKey, ip: str, asked: Reach) -> bool:
    """Whether a request that `key` signed may do what it asks, from the address it came from."""
    return key.on and _RANKS[asked] <= _RANKS[key.reach] and (not key.ips or ip in key.ips)


def ips(text: str) -> tuple[str, ...]:
    """A white list as it is written, separated by commas, without repeats; empty for no list.

    Raises `Refused`: IP_LIST for what is no IPv4 address, IP_LIST_LONG for more than five.
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(parts) > IPS_MAX:
        raise Refused(Reason.IP_LIST_LONG, "ip_white_list")
    try:
        return tuple(dict.fromkeys(str(IPv4Address(part)) for part in parts))
    except AddressValueError as error:
        raise Refused(Reason.IP_LIST, "ip_white_list") from error


def tag(text: str) -> str:
    """What a person calls a key. Raises `Refused`: KEY_TAG when there is nothing to read, PARAMETER_INVALID when too much."""
    name = text.strip()
    if not name:
        raise Refused(Reason.KEY_TAG, "tag")
    if len(name) > TAG_CHARACTERS_MAX or not name.isprintable():
        raise Refused(Reason.PARAMETER_INVALID, "tag")
    return name


def by_number(keys: Sequence[ApiKey], number: str) -> ApiKey | None:
    """The key of an id."""
    return next((key for key in keys if key.number == number), None)
