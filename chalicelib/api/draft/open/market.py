"""Market data: tickers, depth, trades and candles."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from chalicelib import clock, settings
from chalicelib.api.draft import words
from chalicelib.api.draft.endpoint import endpoint
from chalicelib.api.draft.open.routes import routes
from chalicelib.api.draft.trades import rendered_trade
from chalicelib.api.edge import paging
from chalicelib.api.edge.request import Request
from chalicelib.core.candles import INTERVALS
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import market_data


class DepthQuery(msgspec.Struct, forbid_unknown_fields=True):
    """How many price levels of each side."""

    limit: str = ""


class TradesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which page of a market's trades; `cursor` is a trade id."""

    cursor: str = ""
    limit: str = ""


class KlineQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Candles of which width, after `start` and not after `end` (ms since epoch)."""

    interval: str = ""
    start: str = ""
    end: str = ""


@endpoint(routes, "GET", "/draft/api/v2/tickers", public=True)
def tickers(_request: Request) -> object:
    """Every market's best prices and its 24 hours."""
    return _tickers(list(settings.exchange().markets))


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/tickers", public=True)
def tickers_of_currency(request: Request) -> object:
    """The tickers of the markets that are priced in one currency."""
    currency = words.currency(request.params["symbol"])
    markets = settings.exchange().priced_in(currency)
    if not markets:
        raise Refused(Reason.PARAMETER_INVALID, "currency")
    return _tickers(markets)


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/ticker", public=True)
def ticker(request: Request) -> object:
    """One market's ticker."""
    return _tickers([words.market(request.params["symbol"]).id])


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/depth", public=True, query=DepthQuery)
def depth(request: Request) -> object:
    """What waits in the book, summed per price, both sides descending: the best ask is the last one."""
    market = words.market(request.params["symbol"])
    limit = paging.limit(request.query_as(DepthQuery).limit, default=100, most=200)
    book = market_data.depth(market.id, limit)
    return {
        "asks": [[words.number(price), words.number(amount)] for price, amount in reversed(book.asks)],
        "bids": [[words.number(price), words.number(amount)] for price, amount in book.bids],
    }


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/trades", public=True, query=TradesQuery)
def trades(request: Request) -> object:
    """A market's trades, newest first, each with its taker's order."""
    market = words.market(request.params["symbol"])
    query = request.query_as(TradesQuery)
    cursor = paging.cursor(query.cursor, words.NEWEST)
    page = market_data.trades(market.id, cursor, paging.limit(query.limit, default=100, most=200))
    return {
        "timestamp": page.items[0].at if page.items else clock.now_ms(),
        "hasMore": page.more,
        "market": market.id,
        "trades": [rendered_trade(trade, trade.taker_id) for trade in page.items],
    }


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/kline", public=True, query=KlineQuery)
def kline(request: Request) -> object:
    """``[begin, open, high, low, close, volume]`` per interval, the newest thousand; `start` is 0 unless it is given."""
    market = words.market(request.params["symbol"])
    query = request.query_as(KlineQuery)
    interval = query.interval or "5m"
    if interval not in INTERVALS:
        raise Refused(Reason.PARAMETER_INVALID, "interval")
    start = paging.whole("start", query.start) if query.start else 0
    end = paging.whole("end", query.end) if query.end else None
    return {
        "items": [
            [begin, *(words.number(value) for value in (one.open, one.high, one.low, one.close, one.volume))]
            for begin, one in market_data.kline(market.id, interval, start, end)
        ]
    }


def _tickers(markets: Sequence[str]) -> dict[str, list[Decimal]]:
    """``[bid, ask, high, low, last, volume]`` by market; 0.0 where nobody bids or asks."""
    best, days = market_data.best(markets), market_data.tickers(markets)
    return {
        market: [
            words.number(units)
            for units in (
                *best[market],
                days[market].high,
                days[market].low,
                days[market].last,
                days[market].volume,
            )
        ]
        for market in markets
    }
