"""Favourites: the pairs that a person wants to see first. They are names to us: a client may know markets that we do not."""

import re
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from chalicelib.core.reasons import Reason, Refused

FAVOURITES_MAX: Final = 200
_EXCHANGE: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_SYMBOL: Final = re.compile(r"[A-Za-z0-9._/-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Favourite:
    """A pair, and when it became one, in ms since epoch."""

    exchange: str
    symbol: str
    at: int

    @property
    def number(self) -> str:
        """The id that clients want: of the time, and of the names for two of one ms."""
        return str(self.at * 1000 + crc32(f"{self.exchange}:{self.symbol}".encode()) % 1000)


def named(exchange: str, symbol: str) -> tuple[str, str]:
    """The names of a pair, as they are kept: symbols in upper case. Raises `Refused` (PARAMETER_INVALID)."""
    if not _EXCHANGE.fullmatch(exchange):
        raise Refused(Reason.PARAMETER_INVALID, "exchange_id")
    if not _SYMBOL.fullmatch(symbol):
        raise Refused(Reason.PARAMETER_INVALID, "symbol_id")
    return exchange, symbol.upper()
