"""What this dialect calls things."""

from decimal import Decimal
from typing import Final

from chalicelib.api.edge.words import UnknownWordError, Words, currency, market, number, ratio
from chalicelib.core.candles import Ticker
from chalicelib.core.orders import Status

__all__ = ["STATUS", "UnknownWordError", "Words", "currency", "market", "number", "ratio", "ticker"]

STATUS: Final = Words("order status", {Status.OPEN: 0, Status.PARTIAL: 1, Status.FILLED: 2, Status.CANCELLED: 3})


def ticker(one: Ticker) -> list[Decimal]:
    """``[last, high, low, volume, change]``."""
    change = ratio(one.last - one.first if one.first else 0, one.first)
    return [number(one.last), number(one.high), number(one.low), number(one.volume), change]
