"""Market data, open to everyone: the rank of all pairs; price, deals, depth and candles of one."""

from typing import Final

import msgspec

from chalicelib import clock, settings
from chalicelib.api.edge.request import Request
from chalicelib.api.router.methods import NoArguments, method
from chalicelib.api.router.words import increase, market, number, pair_of
from chalicelib.core.candles import Ticker
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import market_data

DEALS_MAX: Final = 60
LEVELS_MAX: Final = 100
HALF_HOURS: Final = 48
CANDLES_MAX: Final = 1440
#: The document's intervals → ours.
INTERVALS: Final = {"1min": "1m", "5min": "5m", "30min": "30m", "4h": "4h", "1d": "1d"}


class Pair(msgspec.Struct, forbid_unknown_fields=True):
    """Which market."""

    pair: str


class PairAndInterval(msgspec.Struct, forbid_unknown_fields=True):
    """Which market, in candles how long."""

    pair: str
    interval: str = "1min"


@method()
def get_rank(_request: Request, _none: NoArguments) -> object:
    """Every pair, the one that rose most first; of equals in order of their names."""
    markets = settings.exchange().markets
    rows = [(increase(one), pair_of(markets[name]), one) for name, one in market_data.tickers(list(markets)).items()]
    return [
        {"name": name, "price": number(one.last), "amount": number(one.volume), "increase": number(change)}
        for change, name, one in sorted(rows, key=lambda row: (-row[0], row[1]))
    ]


@method(Pair)
def get_coin(_request: Request, arguments: Pair) -> object:
    """``[pair, price, amount of 24 hours, increase, open]``; the pair as it was asked for, in upper case."""
    one = market(arguments.pair)
    found = market_data.tickers([one.id])[one.id]
    return [
        pair_of(one, arguments.pair),
        number(found.last),
        number(found.volume),
        number(increase(found)),
        number(_open(found)),
    ]


@method(Pair)
def get_deal_record(_request: Request, arguments: Pair) -> object:
    """The last 60 deals as ``[price, amount, seconds]``, newest first."""
    page = market_data.trades(market(arguments.pair).id, None, DEALS_MAX)
    return [[number(deal.price), number(deal.amount), str(deal.at // 1000)] for deal in page.items]


@method(Pair)
def get_depth(_request: Request, arguments: Pair) -> object:
    """What waits in the book as ``[price, amount]``, summed per price, the best first on either side."""
    book = market_data.depth(market(arguments.pair).id, LEVELS_MAX)
    return {
        "timetick": str(clock.now_ms() // 1000),
        "bid": [[number(price), number(amount)] for price, amount in book.bids],
        "ask": [[number(price), number(amount)] for price, amount in book.asks],
    }


@method(Pair)
def get_simple_k_line(_request: Request, arguments: Pair) -> object:
    """The highest price of each half hour of the last day, from the first trade on, the running one last."""
    rows = market_data.kline(market(arguments.pair).id, "30m", 0, None, most=HALF_HOURS)
    return [number(candle.high) for _, candle in rows]


@method(PairAndInterval)
def get_coin_k_line(_request: Request, arguments: PairAndInterval) -> object:
    """Up to 1440 candles, oldest first, without gaps from the first trade on, the running one included."""
    interval = INTERVALS.get(arguments.interval)
    if interval is None:
        raise Refused(Reason.PARAMETER_INVALID, "interval")
    return [
        {
            "open": number(candle.open),
            "close": number(candle.close),
            "max": number(candle.high),
            "min": number(candle.low),
            "timetick": str(begin // 1000),
            "amount": number(candle.volume),
        }
        for begin, candle in market_data.kline(market(arguments.pair).id, interval, 0, None, most=CANDLES_MAX)
    ]


def _open(one: Ticker) -> int:
    """The first price of the last 24 hours; without a trade in them, that before."""
    return one.first or one.last
