"""Market data, open to everyone: the clock, tickers, depth, trades and candles."""

from decimal import Decimal

from chalice.app import Blueprint

from chalicelib import clock, settings
from chalicelib.api.coinport import words
from chalicelib.api.coinport.endpoint import Answer, endpoint
from chalicelib.api.coinport.trades import rendered_trade
from chalicelib.api.edge import paging
from chalicelib.api.edge.market import DepthQuery, KlineQuery, book, candles, levels, priced_in
from chalicelib.api.edge.paging import PageQuery
from chalicelib.api.edge.request import Request
from chalicelib.services import market_data

routes = Blueprint(__name__)


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
    return _tickers(priced_in(words.currency(request.params["symbol"])))


@endpoint(routes, "GET", "/api/v2/{symbol}/ticker", public=True)
def ticker(request: Request) -> object:
    """One market's ticker."""
    return _tickers([words.market(request.params["symbol"]).id])


@endpoint(routes, "GET", "/api/v2/{symbol}/depth", public=True, query=DepthQuery)
def depth(request: Request) -> object:
    """What waits in the book, summed per price: asks ascending, bids descending, the best first."""
    market = words.market(request.params["symbol"])
    found = book(market.id, request.query_as(DepthQuery))
    return {"asks": levels(found.asks), "bids": levels(found.bids)}


@endpoint(routes, "GET", "/api/v2/{symbol}/trades", public=True, query=PageQuery)
def trades(request: Request) -> object:
    """A market's trades, newest first."""
    market = words.market(request.params["symbol"])
    query = request.query_as(PageQuery)
    page = market_data.trades(market.id, paging.cursor(query.cursor), paging.limit(query.limit, default=100, most=200))
    return {"hasMore": page.more, "market": market.id, "trades": [rendered_trade(trade) for trade in page.items]}


@endpoint(routes, "GET", "/api/v2/{symbol}/kline", public=True, query=KlineQuery)
def kline(request: Request) -> object:
    """``[begin, open, high, low, close, volume]`` per interval, without gaps from the first trade on."""
    market = words.market(request.params["symbol"])
    return candles(market.id, request.query_as(KlineQuery), None)


def _tickers(markets: list[str]) -> dict[str, list[Decimal]]:
    """The tickers of `markets`, by market."""
    return {market: words.ticker(one) for market, one in market_data.tickers(markets).items()}
