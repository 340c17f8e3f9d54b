"""Identifiers: how they are composed and what can be read back from them.

An order id is ``10**15 + (ms since 2026-01-01) * 4096 + worker``: 16 digits, below 2**53 (so JSON-safe everywhere),
ordered by time and unique without a shared counter, because a worker number is leased by one container at a time
and a container uses each millisecond once (see `chalicelib.stores.leases`).
"""

from dataclasses import dataclass

EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
WORKERS_MAX = 4096
ORDER_BASE = 10**15
ORDER_LAST = 2**53 - 1
#: A trade id is the taker's order id followed by the number of the fill, counted from 1 in three digits.
TRADES_PER_ORDER = 1000


def order_id(at: int, worker: int) -> int:
    """The order id of millisecond `at` (ms since epoch) on leased `worker` (0..4095)."""
    if at < EPOCH_MS or not 0 <= worker < WORKERS_MAX:
        raise ValueError((at, worker))
    return ORDER_BASE + (at - EPOCH_MS) * WORKERS_MAX + worker


def order_created(order: int) -> int:
    """When an order id was made, ms since epoch."""
    return EPOCH_MS + (order - ORDER_BASE) // WORKERS_MAX


def is_order_id(value: int) -> bool:
    """Whether a number could be an order id at all."""
    return ORDER_BASE <= value <= ORDER_LAST


def trade_id(taker_order: int, fill: int) -> int:
    """The id of fill number `fill` (1..1000) of a taker's order.

    The thousandth carries into the digits of the order id; it stays unique and in order, because no fill has number 0.
    """
    if not 1 <= fill <= TRADES_PER_ORDER:
        raise ValueError(fill)
    return taker_order * TRADES_PER_ORDER + fill


@dataclass(slots=True)
class OrderIds:
    """Order ids of one container: `worker` is its lease; a millisecond is never used twice, even if the clock steps back."""

    worker: int
    last: int = 0

    def next(self, now: int) -> int:
        """The next id at `now` (ms since epoch); runs ahead of the clock when several are asked for in one millisecond."""
        self.last = max(now, self.last + 1)
        return order_id(self.last, self.worker)
