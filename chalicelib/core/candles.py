"""Candles: a market's trades per minute, and chunks of candles of nine intervals. Folds of the journal.

Minutes are the atoms. All trades of a minute (UTC, by the `at` of their entry) make one candle, and every longer candle is
made of whole minutes. A chunk is a fixed number of buckets of one interval, complete up to its minute `until`; what comes
after `until` is told by the market's tail, the last few minutes that had trades. Both are disjoint, so they simply add up.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.orders import Entry, OrderFilled

MINUTE_MS = 60_000
DAY_MINUTES = 1440
#: Interval as all dialects name it → minutes.
INTERVALS: Mapping[str, int] = {
    "1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "1d": DAY_MINUTES,
}  # fmt: skip
#: Buckets of one chunk: a request for 1000 rows, and a day of minutes, touch at most two chunks.
CHUNK_BUCKETS = 1440
#: How many minutes with trades a tail keeps; writers of chunks come by every minute. It bounds the market's head to 1 KB.
TAIL_MINUTES_MAX = 10


@dataclass(slots=True)
class Candle:
    """Prices in 1e-8 quote per base, volume in 1e-8 base."""

    open: int
    high: int
    low: int
    close: int
    volume: int

    def join(self, later: "Candle") -> "Candle":
        """One candle of this and a later one."""
        return Candle(
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            later.close,
            self.volume + later.volume,
        )


@dataclass(frozen=True, slots=True)
class Ticker:
    """A market over the last 24 hours, to the minute. `last` is kept for ever, the others are 0 without trades."""

    last: int = 0
    high: int = 0
    low: int = 0
    volume: int = 0
    first: int = 0


Minutes = dict[int, Candle]
"""Minute number (since epoch) → its trades, ascending; minutes without trades are left out."""


def add(candles: dict[int, Candle], number: int, later: Candle) -> None:
    """Join a later candle to that of bucket `number`, or begin the bucket with it."""
    standing = candles.get(number)
    candles[number] = later if standing is None else standing.join(later)


def fold(minutes: Minutes, entry: Entry) -> bool:
    """Take in the trades of the next entry; whether it had any."""
    traded = False
    for event in entry.events:
        if isinstance(event, OrderFilled):
            price = event.price
            add(minutes, entry.at // MINUTE_MS, Candle(price, price, price, price, event.amount))
            traded = True
    return traded


def ticker(minutes: Minutes, last: int, now: int) -> Ticker:
    """The 24 hours up to `now` (ms): the minute of `now` and the 1439 before it."""
    day = [candle for number, candle in minutes.items() if number > now // MINUTE_MS - DAY_MINUTES]
    if not day:
        return Ticker(last=last)
    return Ticker(
        last=last,
        high=max(candle.high for candle in day),
        low=min(candle.low for candle in day),
        volume=sum(candle.volume for candle in day),
        first=day[0].open,
    )


@dataclass(slots=True)
class Tail:
    """A market's newest minutes. Holds all trades of minutes `begins` and later, up to entry `seq`."""

    begins: int = 0
    seq: int = 0
    minutes: Minutes = field(default_factory=dict)

    def apply(self, entry: Entry) -> bool:
        """Take in a later entry, unless it is in already; whether that changed anything."""
        if entry.seq <= self.seq or entry.at // MINUTE_MS < self.begins or not fold(self.minutes, entry):
            return False
        self.seq = entry.seq
        while len(self.minutes) > TAIL_MINUTES_MAX:
            oldest = next(iter(self.minutes))
            del self.minutes[oldest]
            self.begins = oldest + 1
        return True

    @property
    def last(self) -> int:
        """The last price, 0 before the first trade."""
        return next(reversed(self.minutes.values())).close if self.minutes else 0

    def to_plain(self) -> list[Any]:
        """The tail as plain values."""
        return [self.begins, self.seq, *(row(number, candle) for number, candle in self.minutes.items())]

    @classmethod
    def from_plain(cls, content: Sequence[Any]) -> "Tail":
        """The tail that `to_plain` gave."""
        begins, seq, *rows = content
        return cls(begins, seq, {number: Candle(*values) for number, *values in rows})


def row(number: int, candle: Candle) -> list[int]:
    """A candle as plain values: its number (or time), open, high, low, close, volume."""
    return [number, candle.open, candle.high, candle.low, candle.close, candle.volume]


# --- chunks ---------------------------------------------------------------------------------------------------------


def chunk_of(interval: str, minute: int) -> int:
    """The number of the chunk that a minute falls into."""
    return minute // (INTERVALS[interval] * CHUNK_BUCKETS)


@dataclass(slots=True)
class Chunk:
    """Candles of one interval. `before`: the close before it; `previous`: SHA-256 of the chunk before it, "" for the first."""

    market: str
    interval: str
    number: int
    until: int
    before: int = 0
    previous: str = ""
    rows: dict[int, Candle] = field(default_factory=dict)

    @property
    def ends(self) -> int:
        """The first minute after it. Once complete up to here, the chunk is closed and never changes."""
        return (self.number + 1) * INTERVALS[self.interval] * CHUNK_BUCKETS

    @property
    def close(self) -> int:
        """The last price as of `until`."""
        return next(reversed(self.rows.values())).close if self.rows else self.before

    def to_bytes(self) -> bytes:
        """The chunk as JSON text. The same trades give the same bytes, whoever folds them, in how many steps whatever."""
        interval_ms = INTERVALS[self.interval] * MINUTE_MS
        content = {
            "market": self.market,
            "interval": self.interval,
            "chunk": self.number,
            "from": self.number * CHUNK_BUCKETS * interval_ms,
            "until": self.until * MINUTE_MS,
            "before": self.before,
            "previous": self.previous,
            "rows": [row(number * interval_ms, candle) for number, candle in self.rows.items()],
        }
        return json.dumps(content, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> "Chunk":
        """The chunk that `to_bytes` gave."""
        content = json.loads(body)
        interval_ms = INTERVALS[content["interval"]] * MINUTE_MS
        return cls(
            market=content["market"],
            interval=content["interval"],
            number=content["chunk"],
            until=content["until"] // MINUTE_MS,
            before=content["before"],
            previous=content["previous"],
            rows={at // interval_ms: Candle(*values) for at, *values in content["rows"]},
        )


def advance(chunk: Chunk, minutes: Mapping[int, Candle], until: int) -> tuple[list[Chunk], Chunk]:
    """An open chunk (which this uses up) with the `minutes` from its `until` to the new one: chunks closed, chunk open.

    Chunks without a trade are made too: whoever asks for a silent year finds the price before it.
    """
    closed = []
    for number, candle in (*minutes.items(), (until, None)):
        assert number >= chunk.until, "minutes must come in order, without those that a chunk has"
        while number >= chunk.ends:
            chunk.until = chunk.ends
            closed.append(chunk)
            digest = hashlib.sha256(chunk.to_bytes()).hexdigest()
            chunk = Chunk(chunk.market, chunk.interval, chunk.number + 1, chunk.ends, chunk.close, digest)
        if candle is not None:
            add(chunk.rows, number // INTERVALS[chunk.interval], candle)
    chunk.until = until
    return closed, chunk


def filled(
    chunks: Sequence[Chunk], later: Mapping[int, Candle], interval: str, first: int, last: int
) -> Iterator[tuple[int, Candle]]:
    """Buckets `first` to `last` as (bucket number, candle): from the first trade on without a gap.

    `chunks` ascending, with `later` the minutes after the open chunk's `until`. A bucket without a trade has the close
    before it as all its prices, and volume 0.
    """
    buckets: dict[int, Candle] = {}
    for chunk in chunks:
        buckets |= chunk.rows
    for number, candle in later.items():
        add(buckets, number // INTERVALS[interval], candle)
    close = chunks[0].before if chunks else 0
    for number, candle in buckets.items():
        if number < first:
            close = candle.close
    for number in range(first, last + 1):
        found = buckets.get(number)
        if found is not None:
            close = found.close
            yield number, found
        elif close:
            yield number, Candle(close, close, close, close, 0)


def since(minutes: Iterable[tuple[int, Candle]], begin: int) -> Minutes:
    """Those of `minutes` that are not before minute `begin`."""
    return {number: candle for number, candle in minutes if number >= begin}
