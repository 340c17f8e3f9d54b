"""The audit: the invariants of the ledger, checked over all accounts, journals, orders, trades and deposits.

1. Per asset, what accounts hold is what was deposited and not withdrawn.
2. Per account and asset, what is frozen is what its open orders and intents hold; nothing is negative.
3. A journal has no gap; folding it gives the orders and the trades.
4. An accepted order ends at most once, is never overfilled, and is filled in price-time priority.
5. Each trade is settled once on each side.

It runs while trading goes on. An account tells up to which entry of each market it is settled (`applied`), so each
account is held against exactly that much of the journals. What the tables had not caught up with while they were read
is looked at again: only what stays wrong is a violation.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from chalicelib import settings
from chalicelib.core import history, matching
from chalicelib.core.ledger import held_asset, settlements
from chalicelib.core.markets import Market
from chalicelib.core.orders import Entry, Order, OrderCancelled, OrderFilled, OrderPlaced, OrderView, Trade
from chalicelib.services.matching import archiving
from chalicelib.stores import accounts, orders, trades, transfers
from chalicelib.stores.accounts import Account

#: A violation has to be seen in this many readings in a row.
READINGS = 3


@dataclass(slots=True)
class Findings:
    """What was checked, by noun, and each violation as a sentence."""

    checked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    violations: list[str] = field(default_factory=list)


def audit() -> Findings:
    """Check invariants 1 to 5. Memory grows with the number of orders; an audit of bounded memory reads by parts."""
    findings = _read_once()
    for _ in range(READINGS - 1):
        if not findings.violations:
            break
        again = _read_once()
        again.violations = [violation for violation in again.violations if violation in set(findings.violations)]
        findings = again
    return findings


def _read_once() -> Findings:
    findings = Findings()
    # Accounts first: whatever they are settled for, the journals read afterwards have.
    ledger = _Ledger({account.uid: account for account in accounts.scan()}, findings)
    findings.checked["accounts"] = len(ledger.accounts)
    row_of = {(view.order.uid, view.order.id): (view, seq) for view, seq in orders.scan()}
    for market in settings.exchange().markets.values():
        trade_rows = {trade.id: trade for trade in trades.scan(market.id)}
        fold = _Fold(market, findings)
        for entry in archiving.history(market.id):
            fold.apply(entry)
            try:
                ledger.apply(market, entry)
            except AssertionError as error:
                findings.violations.append(f"1: {market.id} entry {entry.seq} cannot be settled: {error!r}"[:300])
        fold.compare(row_of, trade_rows)
    for key in row_of:
        findings.violations.append(f"3: order {key[1]} of {key[0]} stands in no journal")
    ledger.compare()
    return findings


class _Fold:
    """One market's journal, folded: invariants 3 and 4."""

    def __init__(self, market: Market, findings: Findings) -> None:
        self.market = market
        self.findings = findings
        self.state = matching.MarketState()
        self.broken = False
        self.changes: dict[tuple[str, int], tuple[history.OrderChange, int]] = {}
        self.placed: dict[tuple[str, int], Order] = {}
        self.trades: dict[int, Trade] = {}

    def apply(self, entry: Entry) -> None:
        """Replay one entry: the book checks that it follows, that makers are met in priority, that nothing is overfilled."""
        self.findings.checked["entries"] += 1
        if not self.broken:
            try:
                matching.replay(self.state, entry)
            except (AssertionError, ValueError) as error:
                self.broken = True
                # A fill that does not follow is overfilled, or met another maker than the first in price and time.
                invariant = 4 if any(isinstance(found, OrderFilled) for found in error.args) else 3
                self.findings.violations.append(
                    f"{invariant}: {self.market.id} entry {entry.seq} does not follow: {error!r}"[:300]
                )
        for change in history.order_changes(entry):
            key = change.uid, change.id
            before = self.changes.get(key)
            if before is not None and not before[0].open:
                self.findings.violations.append(f"4: order {change.id} goes on after its end in entry {entry.seq}")
            if before is not None and change.placed is not None:
                self.findings.violations.append(f"4: order {change.id} is placed twice, again in entry {entry.seq}")
            self.changes[key] = change, entry.seq
            if change.placed is not None:
                self.placed[key] = change.placed
        for trade in history.trades(entry):
            self.trades[trade.id] = trade

    def compare(self, row_of: dict[tuple[str, int], tuple[OrderView, int]], trade_rows: dict[int, Trade]) -> None:
        """Hold orders and trades against the fold. Takes the rows that it has looked at out of `row_of`."""
        for key, (change, seq) in self.changes.items():
            self.findings.checked["orders"] += 1
            found = row_of.pop(key, None)
            if found is None:
                self.findings.violations.append(f"3: order {key[1]} of {key[0]} has no row")
                continue
            view, row_seq = found
            if row_seq < seq:
                self.findings.violations.append(f"3: order {key[1]} of {key[0]} is behind: {row_seq} < {seq}")
                continue
            # Rows were read before the journal: none can know more than it.
            expected = OrderView(replace(self.placed.get(key, view.order), filled=change.filled), change.ending)
            if (view, row_seq) != (expected, seq):
                self.findings.violations.append(f"3: order {key[1]} of {key[0]} differs from its journal")
        for trade_id, trade in self.trades.items():
            self.findings.checked["trades"] += 1
            if trade_rows.get(trade_id) != trade:
                self.findings.violations.append(f"3: trade {trade_id} differs from its journal, or has no row")
        for trade_id in trade_rows.keys() - self.trades.keys():
            self.findings.violations.append(f"3: trade {trade_id} stands in no journal")


class _Ledger:
    """All accounts, each held against what the journals did to it up to where it is settled: invariants 1, 2 and 5."""

    def __init__(self, found: dict[str, Account], findings: Findings) -> None:
        self.accounts = found
        self.findings = findings
        self.totals: dict[tuple[str, str], int] = defaultdict(int)
        self.frozen: dict[tuple[str, str], int] = defaultdict(int)
        self.last: dict[tuple[str, str], int] = {}

    def apply(self, market: Market, entry: Entry) -> None:
        """Add what `entry` does to each account that is settled for it."""
        net: dict[str, int] = defaultdict(int)
        touched = settlements(market, entry)
        for uid, change in touched.items():
            for asset, (available, frozen) in change.changes().items():
                net[asset] += available + frozen
            account = self.accounts.get(uid)
            if account is None:
                self.findings.violations.append(f"5: {market.id} entry {entry.seq} settles {uid}, who has no account")
                continue
            self.last[uid, market.id] = entry.seq
            if account.applied.get(market.id, 0) >= entry.seq:
                for asset, (available, frozen) in change.changes().items():
                    self.totals[uid, asset] += available + frozen
                    self.frozen[uid, asset] += frozen
        if any(net.values()):
            self.findings.violations.append(f"1: {market.id} entry {entry.seq} makes or loses money: {dict(net)}")
        for event in entry.events:
            if isinstance(event, OrderPlaced):
                account = self.accounts.get(event.order.uid)
                if account is not None and account.applied.get(market.id, 0) >= entry.seq:
                    self.frozen[event.order.uid, held_asset(market, event.order.side)] += event.order.hold
            elif isinstance(event, OrderFilled):
                self.findings.checked["fills"] += 1
            elif isinstance(event, OrderCancelled):
                self.findings.checked["cancels"] += 1

    def compare(self) -> None:
        """Hold each account's balances against deposits, journals, open orders and intents."""
        deposited: dict[tuple[str, str], int] = defaultdict(int)
        for deposit in transfers.scan():
            self.findings.checked["deposits"] += 1
            deposited[deposit.uid, deposit.asset] += deposit.amount
            if deposit.uid not in self.accounts:
                self.findings.violations.append(f"1: deposit {deposit.id} went to {deposit.uid}, who has no account")
        for uid, account in self.accounts.items():
            intents: dict[str, int] = defaultdict(int)
            for order in account.intents.values():
                intents[held_asset(settings.exchange().markets[order.market], order.side)] += order.hold
            assets = {*settings.exchange().assets, *account.available, *account.frozen, *account.pending}
            for asset in sorted(assets):
                available, frozen, pending = (
                    balances.get(asset, 0) for balances in (account.available, account.frozen, account.pending)
                )
                if min(available, frozen, pending) < 0:
                    self.findings.violations.append(
                        f"2: {uid} has a negative {asset}: {available}, {frozen}, {pending}"
                    )
                if available + frozen + pending != deposited[uid, asset] + self.totals[uid, asset]:
                    self.findings.violations.append(f"1: {uid}'s {asset} is not what deposits and trades made it")
                if frozen != self.frozen[uid, asset] + intents[asset]:
                    self.findings.violations.append(f"2: {uid}'s frozen {asset} is not what orders and intents hold")
            for market in settings.exchange().markets:
                # Accounts were read before the journals: none can be settled for an entry that its market does not have.
                settled, last = account.applied.get(market, 0), self.last.get((uid, market), 0)
                if settled != last:
                    self.findings.violations.append(f"5: {uid} is settled for {market} to {settled} of {last}")
