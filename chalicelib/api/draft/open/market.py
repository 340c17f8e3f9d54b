"""Market data: tickers, depth, trades and candles."""

from collections.abc import Sequence
from decimal import Decimal

from chalicelib import clock, settings
from chalicelib.api.draft import words
from chalicelib.api.draft.endpoint import endpoint
from chalicelib.api.draft.open.routes import routes
from chalicelib.api.draft.trades import rendered_trade
from chalicelib.api.edge import paging
from chalicelib.api.edge.market import DepthQuery, KlineQuery, book, candles, levels, priced_in
from chalicelib.api.edge.paging import PageQuery
from chalicelib.api.edge.request import Request
from chalicelib.services import market_data


@endpoint(routes, "GET", "/draft/api/v2/tickers", public=True)
def tickers(_request: Request) -> object:
    """Every market's best prices and its 24 hours."""
    return _tickers(list(settings.exchange().markets))


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/tickers", public=True)
def tickers_of_currency(request: Request) -> object:
    """The tickers of the markets that are priced in one currency."""
    return _tickers(priced_in(words.currency(request.params["symbol"])))


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/ticker", public=True)
def ticker(request: Request) -> object:
    """One market's ticker."""
    return _tickers([words.market(request.params["symbol"]).id])


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/depth", public=True, query=DepthQuery)
def depth(request: Request) -> object:
    """What waits in the book, summed per price, both sides descending: the best ask is the last one."""
    market = words.market(request.params["symbol"])
    found = book(market.id, request.query_as(DepthQuery))
    return {"asks": levels(reversed(found.asks)), "bids": levels(found.bids)}


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/trades", public=True, query=PageQuery)
def trades(request: Request) -> object:
    """A market's trades, newest first, each with its taker's order."""
    market = words.market(request.params["symbol"])
    query = request.query_as(PageQuery)
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
    return candles(market.id, request.query_as(KlineQuery), 0)


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
