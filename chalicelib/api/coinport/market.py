"""Market data, open to everyone: the clock, tickers, depth, trades and candles."""

from decimal import Decimal

import msgspec
from chalice.app import Blueprint

from chalicelib import clock, settings
from chalicelib.api.coinport import words
from chalicelib.api.coinport.endpoint import Answer, endpoint
from chalicelib.api.coinport.trades import rendered_trade
from chalicelib.api.edge import paging
from chalicelib.api.edge.request import Request
from chalicelib.core.candles import INTERVALS
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import market_data

routes = Blueprint(__name__)


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


@endpoint(routes, "GET", "/api/v2/time", public=True)
def time(_request: Request) -> Answer:
    """Our clock, ms since epoch. The one public answer that a cache would spoil."""
    return Answer(clock.now_ms(), headers={"Cache-Control": "no-store"})


@endpoint(routes, "GET", "/api/v2/tickers", public=True)
def tickers(_request: Request) -> object:
    """Every market's last price and its 24 hours."""
    return _tickers(list(settings.exchange().markets))


@endpoint(routes, "GET", "/api/v2/{symbol}/tickers", public=True)
def tickers_of_currency(request: Request) -> object:
    """The tickers of the markets that are priced in one currency, CNY or BTC."""
    currency = words.currency(request.params["symbol"])
    markets = settings.exchange().priced_in(currency)
    if not markets:
        raise Refused(Reason.PARAMETER_INVALID, "currency")
    return _tickers(markets)


@endpoint(routes, "GET", "/api/v2/{symbol}/ticker", public=True)
def ticker(request: Request) -> object:
    """One market's ticker."""
    return _tickers([words.market(request.params["symbol"]).id])


@endpoint(routes, "GET", "/api/v2/{symbol}/depth", public=True, query=DepthQuery)
def depth(request: Request) -> object:
    """What waits in the book, summed per price: asks ascending, bids descending, the best first."""
    market = words.market(request.params["symbol"])
    query = request.query_as(DepthQuery)
    book = market_data.depth(market.id, paging.limit(query.limit, default=100, most=200))
    return {
        "asks": [[words.number(price), words.number(amount)] for price, amount in book.asks],
        "bids": [[words.number(price), words.number(amount)] for price, amount in book.bids],
    }


@endpoint(routes, "GET", "/api/v2/{symbol}/trades", public=True, query=TradesQuery)
def trades(request: Request) -> object:
    """A market's trades, newest first."""
    market = words.market(request.params["symbol"])
    query = request.query_as(TradesQuery)
    page = market_data.trades(market.id, paging.cursor(query.cursor), paging.limit(query.limit, default=100, most=200))
    return {"hasMore": page.more, "market": market.id, "trades": [rendered_trade(trade) for trade in page.items]}


@endpoint(routes, "GET", "/api/v2/{symbol}/kline", public=True, query=KlineQuery)
def kline(request: Request) -> object:
    """``[begin, open, high, low, close, volume]`` per interval, without gaps from the first trade on."""
    market = words.market(request.params["symbol"])
    query = request.query_as(KlineQuery)
    interval = query.interval or "5m"
    if interval not in INTERVALS:
        raise Refused(Reason.PARAMETER_INVALID, "interval")
    start = paging.whole("start", query.start) if query.start else None
    end = paging.whole("end", query.end) if query.end else None
    return {
        "items": [
            [begin, *(words.number(value) for value in (one.open, one.high, one.low, one.close, one.volume))]
            for begin, one in market_data.kline(market.id, interval, start, end)
        ]
    }


def _tickers(markets: list[str]) -> dict[str, list[Decimal]]:
    """The tickers of `markets`, by market."""
    return {market: words.ticker(one) for market, one in market_data.tickers(markets).items()}
