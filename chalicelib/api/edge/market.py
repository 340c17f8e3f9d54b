"""Market data as the coinport dialects are asked for it, and show it where the two do not differ."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from chalicelib import settings
from chalicelib.api.edge import paging
from chalicelib.api.edge.words import number
from chalicelib.core.candles import INTERVALS
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import market_data


class DepthQuery(msgspec.Struct, forbid_unknown_fields=True):
    """How many price levels of each side."""

    limit: str = ""


class KlineQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Candles of which width, after `start` and not after `end` (ms since epoch)."""

    interval: str = ""
    start: str = ""
    end: str = ""


def priced_in(currency: str) -> list[str]:
    """The markets that are priced in a currency. Raises `Refused` (PARAMETER_INVALID) where none is."""
    markets = settings.exchange().priced_in(currency)
    if not markets:
        raise Refused(Reason.PARAMETER_INVALID, "currency")
    return markets


def book(market: str, query: DepthQuery) -> market_data.Depth:
    """The best levels of each side, a hundred unless the query says otherwise."""
    return market_data.depth(market, paging.limit(query.limit, default=100, most=200))


def levels(side: Iterable[tuple[int, int]]) -> list[list[Decimal]]:
    """Levels as ``[price, amount]``."""
    return [[number(price), number(amount)] for price, amount in side]


def candles(market: str, query: KlineQuery, start: int | None) -> dict[str, object]:
    """``[begin, open, high, low, close, volume]`` per interval; `start` (ms) is a dialect's where the query has none."""
    interval = query.interval or "5m"
    if interval not in INTERVALS:
        raise Refused(Reason.PARAMETER_INVALID, "interval")
    start = paging.whole("start", query.start) if query.start else start
    end = paging.whole("end", query.end) if query.end else None
    return {
        "items": [
            [begin, *(number(value) for value in (one.open, one.high, one.low, one.close, one.volume))]
            for begin, one in market_data.kline(market, interval, start, end)
        ]
    }
