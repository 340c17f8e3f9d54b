"""Invariants 3 and 4: each market's journal is replayed, and orders and trades are held against it, window by window."""

from dataclasses import replace

from chalicelib import settings
from chalicelib.core import history, matching
from chalicelib.core.markets import Market
from chalicelib.core.orders import Entry, Order, OrderFilled, OrderView, Trade
from chalicelib.services.audit.findings import Findings
from chalicelib.services.matching import archiving
from chalicelib.stores import journal, orders, trades

#: Rows are looked up when this many orders have ended, or this many trades were made.
WINDOW = 1000

Key = tuple[str, int]


def check(findings: Findings) -> None:
    """Replay every market. Counts of rows are taken first: what has a row by then has an entry in its journal."""
    orders_found = orders.count()
    orders_told = findings.checked["orders"]
    for market in settings.exchange().markets.values():
        trades_found, trades_told = trades.count(market.id), findings.checked["trades"]
        fold = _Fold(market, findings)
        for entry in archiving.history(market.id):
            fold.apply(entry)
        fold.finish()
        trades_told = findings.checked["trades"] - trades_told
        if trades_found > trades_told:
            findings.add(3, f"{trades_found - trades_told} trades of {market.id} stand in no journal")
    orders_told = findings.checked["orders"] - orders_told
    if orders_found > orders_told:
        findings.add(3, f"{orders_found - orders_told} orders stand in no journal")


class _Fold:
    """One market's journal, folded. In memory: the book, the orders that are open, and a window of those that ended."""

    def __init__(self, market: Market, findings: Findings) -> None:
        self.market = market
        self.findings = findings
        self.state = matching.MarketState()
        self.broken = False
        self.last: Entry | None = None
        self.open: dict[Key, tuple[history.OrderChange, int]] = {}
        self.ended: dict[Key, tuple[history.OrderChange, int]] = {}
        self.placed: dict[Key, Order] = {}
        self.trades: dict[int, Trade] = {}

    def apply(self, entry: Entry) -> None:
        """Replay one entry: the book checks that it follows, that makers are met in priority, that nothing is overfilled."""
        self.findings.checked["entries"] += 1
        self.last = entry
        if not self.broken:
            try:
                matching.replay(self.state, entry)
            except (AssertionError, ValueError) as error:
                self.broken = True
                # A fill that does not follow is overfilled, or met another maker than the first in price and time.
                invariant = 4 if any(isinstance(found, OrderFilled) for found in error.args) else 3
                self.findings.add(invariant, f"{self.market.id} entry {entry.seq} does not follow: {error!r}")
        for change in history.order_changes(entry):
            self._change(change, entry.seq)
        for trade in history.trades(entry):
            self.findings.checked["trades"] += 1
            self.trades[trade.id] = trade
        if len(self.ended) >= WINDOW:
            self._compare_orders(self.ended)
            self.ended = {}
        if len(self.trades) >= WINDOW:
            self._compare_trades()

    def finish(self) -> None:
        """Hold what is left against its rows."""
        self._compare_orders(self.ended)
        self._compare_orders(self.open)
        self._compare_trades()

    def _change(self, change: history.OrderChange, seq: int) -> None:
        key = change.uid, change.id
        if key in self.ended:
            self.findings.add(4, f"order {change.id} goes on after its end in entry {seq}")
        if change.placed is not None:
            if key in self.ended or key in self.open:
                self.findings.add(4, f"order {change.id} is placed twice, again in entry {seq}")
            else:
                self.findings.checked["orders"] += 1
            self.placed[key] = change.placed
        self.open.pop(key, None)
        self.ended.pop(key, None)
        (self.open if change.open else self.ended)[key] = change, seq

    def _compare_orders(self, changes: dict[Key, tuple[history.OrderChange, int]]) -> None:
        """Rows are read after the entries: one that is open may be further by now, one that has ended may not."""
        keys = list(changes)
        for start in range(0, len(keys), WINDOW):
            rows = orders.rows(keys[start : start + WINDOW])
            for key in keys[start : start + WINDOW]:
                change, seq = changes[key]
                self._compare_order(key, change, seq, rows.get(key))
        for key in keys:
            self.placed.pop(key, None)

    def _compare_order(
        self, key: Key, change: history.OrderChange, seq: int, found: tuple[OrderView, int] | None
    ) -> None:
        if (found is None or found[1] < seq) and self.findings.owes(self.last, seq):
            return
        if found is None:
            self.findings.add(3, f"order {key[1]} of {key[0]} has no row")
            return
        view, row_seq = found
        if row_seq < seq:
            self.findings.add(3, f"order {key[1]} of {key[0]} is behind: {row_seq} < {seq}")
            return
        order = replace(self.placed.get(key, view.order), filled=change.filled)
        expected = OrderView(order, change.ending, None if view.updated is None else change.at)
        if (
            change.open and self.last is not None and row_seq > self.last.seq
        ):  # it moved on while the journal was read: to an entry that must be there
            if not journal.between(self.market.id, row_seq, row_seq):
                self.findings.add(3, f"order {key[1]} of {key[0]} knows of entry {row_seq}, the journal does not")
        elif (view, row_seq) != (expected, seq):
            self.findings.add(3, f"order {key[1]} of {key[0]} differs from its journal")

    def _compare_trades(self) -> None:
        rows = {trade.id: trade for trade in trades.get([self.market.id], self.trades, consistent=True)}
        newest = {trade.id for trade in history.trades(self.last)} if self.last is not None else set()
        for trade_id, trade in self.trades.items():
            owed = trade_id not in rows and trade_id in newest
            if owed and self.last is not None and self.findings.owes(self.last, self.last.seq):
                continue
            if rows.get(trade_id) != trade:
                self.findings.add(3, f"trade {trade_id} differs from its journal, or has no row")
        self.trades = {}
