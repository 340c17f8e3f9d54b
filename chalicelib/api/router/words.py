"""How this dialect writes things: pairs, coins, and every number as a decimal text."""

import re
from decimal import Decimal
from typing import Final

from chalicelib import settings
from chalicelib.core.candles import Ticker
from chalicelib.core.markets import Asset, Market
from chalicelib.core.money import SCALE, to_decimal
from chalicelib.core.reasons import Reason, Refused

#: What programs write when they print a number: plain digits, or with a small exponent.
_NUMBER: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{0,20})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
NUMBER_CHARACTERS_MAX: Final = 48


def market(pair: str) -> Market:
    """The market of a pair, ``BTC/USDT`` or ``BTC-USDT``, in any case. Raises `Refused` (NO_SUCH_MARKET)."""
    found = settings.exchange().market(pair.replace("/", "-")) if ("/" in pair) != ("-" in pair) else None
    if found is None:
        raise Refused(Reason.NO_SUCH_MARKET, "pair")
    return found


def pair_of(one: Market, like: str = "/") -> str:
    """A market as this dialect writes it, or as a caller wrote it: ``BTC/USDT``, ``BTC-USDT``."""
    return f"{one.base}-{one.quote}" if "-" in like else f"{one.base}/{one.quote}"


def coin(name: str) -> Asset:
    """A coin, in any case or by alias. Raises `Refused` (NO_SUCH_CURRENCY), also for money, which goes to bank cards."""
    found = settings.exchange().asset(name)
    if found is None or found.fiat:
        raise Refused(Reason.NO_SUCH_CURRENCY, "coin")
    return found


def units(text: str, parameter: str) -> Decimal:
    """A number in whole units as a caller wrote it. Raises `Refused` for all that is not one of at least 0."""
    if len(text) > NUMBER_CHARACTERS_MAX or not _NUMBER.fullmatch(text):
        raise Refused(Reason.PARAMETER_INVALID, parameter)
    return Decimal(text)


def number(value: int) -> str:
    """1e-8 units as a decimal text: exact, without exponent and without trailing zeros."""
    return f"{to_decimal(value):f}"


def increase(one: Ticker) -> int:
    """How far the price has come since the beginning of its 24 hours, in 1e-8 of it, rounded towards zero; signed."""
    if not one.first:
        return 0
    change = (one.last - one.first) * SCALE
    return change // one.first if change >= 0 else -(-change // one.first)
