"""What market readers keep of a market: its depth, its last price and the minutes of the last day. A fold of the journal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.orders import Entry, OrderCancelled, OrderFilled, OrderPlaced, Side

MINUTE_MS = 60_000
DAY_MINUTES = 1440


@dataclass(slots=True)
class Minute:
    """The trades of one minute: prices in 1e-8 quote per base, volume in 1e-8 base."""

    first: int
    high: int
    low: int
    volume: int


@dataclass(frozen=True, slots=True)
class Ticker:
    """A market over the last 24 hours, to the minute. `last` is kept for ever, the others are 0 without trades."""

    last: int = 0
    high: int = 0
    low: int = 0
    volume: int = 0
    first: int = 0


@dataclass(slots=True)
class MarketView:
    """The fold. `levels`: side → price → total remaining amount; `minutes`: minute number → its trades, in order."""

    seq: int = 0
    last: int = 0
    levels: dict[Side, dict[int, int]] = field(default_factory=lambda: {Side.BUY: {}, Side.SELL: {}})
    minutes: dict[int, Minute] = field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        """Take in the next entry. Events tell all that is needed: no book is kept."""
        assert entry.seq == self.seq + 1, "entries must be applied in order, without a gap"
        for event in entry.events:
            if isinstance(event, OrderPlaced):
                self._change(event.order.side, event.order.price, event.order.amount)
            elif isinstance(event, OrderFilled):
                self._change(event.taker_side, event.taker_price, -event.amount)
                self._change(_OTHER[event.taker_side], event.price, -event.amount)
                self._trade(entry.at // MINUTE_MS, event.price, event.amount)
            elif isinstance(event, OrderCancelled):
                self._change(event.side, event.price, event.filled - event.amount)
        self.seq = entry.seq
        self._forget(entry.at // MINUTE_MS - DAY_MINUTES)

    def depth(self, side: Side, limit: int) -> list[tuple[int, int]]:
        """The best `limit` levels of a side, best first: (price, amount)."""
        return sorted(self.levels[side].items(), reverse=side is Side.BUY)[:limit]

    def ticker(self, now: int) -> Ticker:
        """The market over the 24 hours up to `now` (ms since epoch)."""
        day = [minute for number, minute in self.minutes.items() if number > now // MINUTE_MS - DAY_MINUTES]
        if not day:
            return Ticker(last=self.last)
        return Ticker(
            last=self.last,
            high=max(minute.high for minute in day),
            low=min(minute.low for minute in day),
            volume=sum(minute.volume for minute in day),
            first=day[0].first,
        )

    def to_plain(self) -> dict[str, Any]:
        """The view as plain values, for a checkpoint."""
        return {
            "seq": self.seq,
            "last": self.last,
            "levels": {side: list(levels.items()) for side, levels in self.levels.items()},
            "minutes": [[number, m.first, m.high, m.low, m.volume] for number, m in self.minutes.items()],
        }

    @classmethod
    def from_plain(cls, content: dict[str, Any]) -> "MarketView":
        """The view that `to_plain` gave."""
        return cls(
            seq=content["seq"],
            last=content["last"],
            levels={Side(side): dict(rows) for side, rows in content["levels"].items()},
            minutes={number: Minute(*values) for number, *values in content["minutes"]},
        )

    def _change(self, side: Side, price: int, delta: int) -> None:
        levels = self.levels[side]
        amount = levels.get(price, 0) + delta
        assert amount >= 0, "no level holds less than nothing"
        if amount:
            levels[price] = amount
        else:
            levels.pop(price, None)

    def _trade(self, number: int, price: int, amount: int) -> None:
        self.last = price
        minute = self.minutes.get(number)
        if minute is None:
            self.minutes[number] = Minute(price, price, price, amount)
        else:
            minute.high, minute.low = max(minute.high, price), min(minute.low, price)
            minute.volume += amount

    def _forget(self, before: int) -> None:
        for number in list(_until(iter(self.minutes), before)):
            del self.minutes[number]


_OTHER = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def _until(numbers: Iterator[int], last: int) -> Iterator[int]:
    """The leading `numbers` (ascending) up to `last`."""
    for number in numbers:
        if number > last:
            return
        yield number
