"""What anyone may know of a market: depth, trades, tickers, candles.

Depth is a fold of the journal, which a warm reader keeps and brings up to date with one query. Tickers and candles need no
journal: the chunks in S3 and the tail in the market's head, which its matcher writes, add up to all trades. So one call
for the heads of all markets keeps a warm reader's last 24 hours exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import clock
from chalicelib.core import candles
from chalicelib.core.candles import (
    CHUNK_BUCKETS,
    DAY_MINUTES,
    INTERVALS,
    MINUTE_MS,
    Candle,
    Chunk,
    Minutes,
    Ticker,
    chunk_of,
)
from chalicelib.core.market_view import MarketView
from chalicelib.core.orders import Page, Side, Trade
from chalicelib.stores import archive, aws, heads, journal, klines
from chalicelib.stores import trades as trade_rows
from chalicelib.stores.heads import Head

#: A view this young is shown as it is: a burst of readers costs one query. Responses may be cached for a second anyway.
FRESH_MS = 500
#: Rows of one answer of candles, and how many there are when nobody says from when.
KLINE_ROWS_MAX = 1_000
KLINE_ROWS = 90

#: market → (its view, when it was last brought up to date, in ms of the monotonic clock).
_views: dict[str, tuple[MarketView, int]] = {}
#: market → its minutes of the last day and a little more.
_days: dict[str, "_Day"] = {}


@dataclass(frozen=True, slots=True)
class Depth:
    """Levels as (price, amount), best first."""

    asks: list[tuple[int, int]]
    bids: list[tuple[int, int]]


@dataclass(slots=True)
class _Day:
    """A market's minutes that a warm reader keeps. Those before `complete` do not change any more."""

    minutes: Minutes
    complete: int
    last: int


def depth(market: str, limit: int) -> Depth:
    """The best `limit` levels of each side."""
    view = _view(market)
    return Depth(asks=view.depth(Side.SELL, limit), bids=view.depth(Side.BUY, limit))


def best(markets: Sequence[str]) -> dict[str, tuple[int, int]]:
    """market → its best bid and ask (1e-8 quote per base), 0 where there is none. One query a market, side by side."""
    views = dict(zip(markets, aws.in_parallel(_view, markets), strict=True))
    return {market: (_top(view, Side.BUY), _top(view, Side.SELL)) for market, view in views.items()}


def _top(view: MarketView, side: Side) -> int:
    return next((price for price, _ in view.depth(side, 1)), 0)


def trades(market: str, cursor: int | None, limit: int) -> Page[Trade]:
    """A market's trades with id < `cursor` (None: from the newest), newest first."""
    return trade_rows.of_market(market, cursor, limit)


def tickers(markets: Sequence[str]) -> dict[str, Ticker]:
    """market → its last 24 hours. One call for a warm reader, whatever the number of markets."""
    now = clock.now_ms()
    found = heads.get_many(markets)
    behind = [market for market in markets if not _caught_up(market, found[market])]
    if behind:
        aws.in_parallel(lambda market: _begin_day(market, found[market], now), behind)
    return {market: candles.ticker(_days[market].minutes, _days[market].last, now) for market in markets}


def kline(
    market: str, interval: str, start: int | None, end: int | None, *, most: int = KLINE_ROWS_MAX
) -> list[tuple[int, Candle]]:
    """Candles of an interval of `INTERVALS` as (begin, candle): those that begin after `start` and not after `end` (ms).

    The newest `most` of them, from the market's first trade on, without gaps, the running one included. Not more than
    three calls, however long the history is.
    """
    assert most <= CHUNK_BUCKETS, "rows of more than two chunks would take more calls"
    width = INTERVALS[interval] * MINUTE_MS
    now = clock.now_ms()
    end = now if end is None else end
    start = end - KLINE_ROWS * width if start is None else start
    last = min(end, now) // width
    first = max(start // width + 1, last - most + 1)
    if first > last:
        return []
    head = heads.get(market)
    until = head.klines.until
    chunks: list[Chunk] = []
    if head.klines.first is not None:
        oldest, newest = chunk_of(interval, head.klines.first), chunk_of(interval, until)
        wanted = {min(bucket // CHUNK_BUCKETS, newest) for bucket in (first, last)}
        chunks = klines.get(market, interval, sorted(number for number in wanted if number >= oldest), until)
    rows = candles.filled(chunks, _later(market, head), interval, first, last)
    return [(number * width, candle) for number, candle in rows]


def forget() -> None:
    """Make this container cold again."""
    _views.clear()
    _days.clear()


def _later(market: str, head: Head) -> Minutes:
    """The minutes after a market's chunks: from its tail, or from its journal if the writer of chunks has fallen behind."""
    if head.tail is not None and head.tail.begins <= head.klines.until:
        return candles.since(head.tail.minutes.items(), head.klines.until)
    minutes: Minutes = {}
    for entry in journal.since(market, head.klines.seq):
        candles.fold(minutes, entry)
    return minutes


def _caught_up(market: str, head: Head) -> bool:
    """Bring a warm day up to date with the market's tail; False if there is none, or too much has happened since."""
    day = _days.get(market)
    if day is None:
        return False
    if head.tail is None:
        return not day.minutes  # nothing has ever been traded, and nothing was when the day was begun
    if head.tail.begins > day.complete:
        return False
    day.minutes |= head.tail.minutes
    if head.tail.minutes:
        newest = next(reversed(head.tail.minutes))
        day.complete, day.last = max(day.complete, newest), head.tail.last
        for number in [number for number in day.minutes if number <= newest - DAY_MINUTES]:
            del day.minutes[number]
    return True


def _begin_day(market: str, head: Head, now: int) -> None:
    """Read the last day of a market from its chunks and its tail."""
    oldest = now // MINUTE_MS - DAY_MINUTES + 1
    until = head.klines.until
    minutes: Minutes = {}
    last = 0
    if head.klines.first is not None:
        newest = chunk_of("1m", until)
        wanted = {max(min(chunk_of("1m", oldest), newest), chunk_of("1m", head.klines.first)), newest}
        for chunk in klines.get(market, "1m", sorted(wanted), until):
            minutes |= candles.since(chunk.rows.items(), oldest)
            last = chunk.close
    later = _later(market, head)
    minutes |= later
    if later:
        last = next(reversed(later.values())).close
    complete = next(reversed(later)) if later else until
    _days[market] = _Day(minutes, complete, last)


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
