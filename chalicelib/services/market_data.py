"""What anyone may know of a market: depth, trades, tickers. A warm reader keeps a fold of each journal it was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import clock
from chalicelib.core.market_view import MarketView, Ticker
from chalicelib.core.orders import Page, Side, Trade
from chalicelib.stores import archive, aws, heads, journal
from chalicelib.stores import trades as trade_rows

#: A view this young is shown as it is: a burst of readers costs one query. Responses may be cached for a second anyway.
FRESH_MS = 500

#: market → (its view, when it was last brought up to date, in ms of the monotonic clock).
_views: dict[str, tuple[MarketView, int]] = {}


@dataclass(frozen=True, slots=True)
class Depth:
    """Levels as (price, amount), best first."""

    asks: list[tuple[int, int]]
    bids: list[tuple[int, int]]


def depth(market: str, limit: int) -> Depth:
    """The best `limit` levels of each side."""
    view = _view(market)
    return Depth(asks=view.depth(Side.SELL, limit), bids=view.depth(Side.BUY, limit))


def trades(market: str, cursor: int | None, limit: int) -> Page[Trade]:
    """A market's trades with id < `cursor` (None: from the newest), newest first."""
    return trade_rows.of_market(market, cursor, limit)


def tickers(markets: Sequence[str]) -> dict[str, Ticker]:
    """market → its last 24 hours."""
    now = clock.now_ms()
    return {market: view.ticker(now) for market, view in zip(markets, aws.in_parallel(_view, markets), strict=True)}


def forget() -> None:
    """Make this container cold again."""
    _views.clear()


def _view(market: str) -> MarketView:
    """The market's view, brought up to date by one query; a cold reader starts from the newest checkpoint."""
    view, read_at = _views.get(market) or (None, 0)
    now = clock.monotonic_ms()
    if view is not None and now - read_at < FRESH_MS:
        return view
    if view is None:
        position = heads.get(market).checkpoint
        view = MarketView.from_plain(archive.get("view", market, position)) if position else MarketView()
    for entry in journal.since(market, view.seq, consistent=False):
        if entry.seq != view.seq + 1:
            break  # an eventually consistent read may miss an entry; the next one will have it
        view.apply(entry)
    _views[market] = view, now
    return view
