"""What readers of depth keep of a market: what waits in its book, summed per price. A fold of the journal."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.orders import Entry, OrderCancelled, OrderFilled, OrderPlaced, Side


@dataclass(slots=True)
class MarketView:
    """The fold. `levels`: side → price → total remaining amount."""

    seq: int = 0
    levels: dict[Side, dict[int, int]] = field(default_factory=lambda: {Side.BUY: {}, Side.SELL: {}})

    def apply(self, entry: Entry) -> None:
        """Take in the next entry. Events tell all that is needed: no book is kept."""
        assert entry.seq == self.seq + 1, "entries must be applied in order, without a gap"
        for event in entry.events:
            if isinstance(event, OrderPlaced):
                self._change(event.order.side, event.order.price, event.order.amount)
            elif isinstance(event, OrderFilled):
                self._change(event.taker_side, event.taker_price, -event.amount)
                self._change(_OTHER[event.taker_side], event.price, -event.amount)
            elif isinstance(event, OrderCancelled):
                self._change(event.side, event.price, event.filled - event.amount)
        self.seq = entry.seq

    def depth(self, side: Side, limit: int) -> list[tuple[int, int]]:
        """The best `limit` levels of a side, best first: (price, amount)."""
        return sorted(self.levels[side].items(), reverse=side is Side.BUY)[:limit]

    def to_plain(self) -> dict[str, Any]:
        """The view as plain values, for a checkpoint."""
        return {"seq": self.seq, "levels": {side: list(levels.items()) for side, levels in self.levels.items()}}

    @classmethod
    def from_plain(cls, content: dict[str, Any]) -> "MarketView":
        """The view that `to_plain` gave."""
        return cls(seq=content["seq"], levels={Side(side): dict(rows) for side, rows in content["levels"].items()})

    def _change(self, side: Side, price: int, delta: int) -> None:
        levels = self.levels[side]
        amount = levels.get(price, 0) + delta
        assert amount >= 0, "no level holds less than nothing"
        if amount:
            levels[price] = amount
        else:
            levels.pop(price, None)


_OTHER = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
