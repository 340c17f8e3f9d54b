"""What a matcher remembers of its market between batches, and how a cold one recovers it from checkpoint and journal."""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib.core import history, ids, ledger, matching
from chalicelib.core.book import Book
from chalicelib.core.candles import MINUTE_MS, Tail
from chalicelib.core.markets import Market
from chalicelib.core.orders import Entry, MarketHalted, MarketResumed, Order, OrderPlaced
from chalicelib.stores import accounts, archive, aws, heads, journal, orders, table, trades

#: Orders whose id is younger than the window's beginning by this much are certainly not older than the window. Ids are
#: made by API containers, entries are dated by matchers: the margin is for clocks that disagree.
CLOCK_MARGIN_MS = 60_000
#: The window keeps at least this much time of recent orders, in ms …
WINDOW_MS = 300_000
#: … but no more orders than this: what is older is looked up in the orders table.
WINDOW_ORDERS_MAX = 200_000


@dataclass(slots=True)
class Window:
    """The order ids of recent entries. `begins`: everything journalled at or after this (ms since epoch) is in it."""

    begins: int = 0
    entries: deque[tuple[int, tuple[int, ...]]] = field(default_factory=deque)
    ids: set[int] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        """Note the orders that `entry` placed, and forget those of long ago."""
        placed = tuple(event.order.id for event in entry.events if isinstance(event, OrderPlaced))
        self.entries.append((entry.at, placed))
        self.ids.update(placed)
        while self.entries[0][0] < entry.at - WINDOW_MS or len(self.ids) > WINDOW_ORDERS_MAX:
            forgotten, gone = self.entries.popleft()
            self.ids.difference_update(gone)
            self.begins = forgotten + 1
            if not self.entries:
                break

    def may_predate(self, order: Order) -> bool:
        """Whether the order could have been journalled before the window begins, so that only its row can tell."""
        return ids.order_created(order.id) < self.begins + CLOCK_MARGIN_MS and self.begins > 0


@dataclass(slots=True)
class Engine:
    """A market in memory. It equals the fold of the journal up to `state.seq`, or is thrown away."""

    market: Market
    state: matching.MarketState = field(default_factory=matching.MarketState)
    window: Window = field(default_factory=Window)
    tail: Tail = field(default_factory=Tail)

    @property
    def rules(self) -> matching.Rules:
        """The market's rules as configured now."""
        return matching.Rules(self_trade_allowed=self.market.self_trade_allowed)


def load(market: Market) -> Engine:
    """The market as its journal has it, with the effects of its last entry applied.

    Effects of earlier entries are: a matcher applies those of an entry before it commits the next. So nothing has to
    be noted per batch, and a crash between commit and effects is repaired here.
    """
    engine = Engine(market)
    head = heads.get(market.id)
    position = head.checkpoint
    if position:
        restore(engine.state, archive.get("book", market.id, position))
        # Entries up to the checkpoint are not in the window; `at` of the checkpoint's entry bounds them all.
        engine.window.begins = engine.state.at + 1
        # Only for a market whose tail was never noted: what its checkpoint covers cannot be in it.
        engine.tail.begins = engine.state.at // MINUTE_MS + 1
    engine.tail = head.tail or engine.tail
    noted = engine.tail.seq
    last = None
    for last in journal.since(market.id, engine.state.seq):
        matching.replay(engine.state, last)
        engine.window.add(last)
        engine.tail.apply(last)
    if last is not None:
        apply_effects(market, last)
        if engine.tail.seq > noted:
            heads.note_tail(market.id, engine.tail)
    accounts.ensure(market.house)
    return engine


def apply_effects(market: Market, entry: Entry) -> None:
    """Make the consequences of a committed entry visible: orders and trades first, then accounts.

    Idempotent, so that any matcher may repeat it at any time: see the stores for how each write refuses to go back.
    """
    changes = history.order_changes(entry)
    final = [change for change in changes if change.placed is not None and not change.open]
    moving = [change for change in changes if change.placed is None or change.open]
    rows: list[table.Table] = [orders.final_row(change, entry.seq) for change in final]
    rows += [trades.row(trade) for trade in history.trades(entry)]
    writes = [partial(orders.write, change, entry.seq) for change in moving]
    aws.in_parallel(lambda write: write(), [partial(table.put_all, rows), *writes])
    settled = ledger.settlements(market, entry)
    aws.in_parallel(lambda uid: accounts.settle(uid, market.id, entry.seq, settled[uid]), settled)
    modes = [event for event in entry.events if isinstance(event, MarketHalted | MarketResumed)]
    if modes:  # only how the entry leaves the market: a head takes one note per entry
        heads.note_halted(market.id, entry.seq, halted=isinstance(modes[-1], MarketHalted))


def snapshot(state: matching.MarketState) -> dict[str, Any]:
    """The state as plain values, for a checkpoint: orders in priority order."""
    return {
        "seq": state.seq,
        "at": state.at,
        "halted": state.halted,
        "orders": [[*orders.to_list(order), order.filled] for order in state.book.orders()],
    }


def restore(state: matching.MarketState, content: dict[str, Any]) -> None:
    """Fill an empty state from what `snapshot` gave."""
    state.seq, state.at, state.halted = content["seq"], content["at"], content["halted"]
    state.book = Book()
    for *row, filled in content["orders"]:
        order = orders.from_list(row)
        order.filled = filled
        state.book.place(order)
