"""Invariants 1, 2 and 5: each account is held against what transfers and journals did to it, a part of the accounts at a time."""

from collections import defaultdict
from collections.abc import Iterable

from chalicelib import settings
from chalicelib.core.ledger import held_asset, settlements
from chalicelib.core.markets import Market
from chalicelib.core.orders import Entry, OrderCancelled, OrderFilled, OrderPlaced
from chalicelib.core.transfers import Kind, Rail, Status, holds
from chalicelib.services.audit.findings import Findings
from chalicelib.services.matching import archiving
from chalicelib.stores import accounts, transfers
from chalicelib.stores.accounts import Account
from chalicelib.stores.transfers import Transfer

#: This many accounts, about, are in memory at once; the journals are read once for each part.
ACCOUNTS_AT_ONCE = 50_000


def check(findings: Findings) -> None:
    """Check all accounts. They are read before the journals: what they are settled for, those have."""
    parts = 1 + accounts.number() // ACCOUNTS_AT_ONCE
    for part in range(parts):
        ledger = _Ledger(accounts.scan(part, parts), findings, first=part == 0)
        for market in settings.exchange().markets.values():
            for entry in archiving.history(market.id):
                ledger.apply(market, entry)
                ledger.ends[market.id] = entry
        ledger.compare()


class _Moved:
    """(uid, asset) → what was deposited and not withdrawn, and what withdrawals hold that are under way."""

    def __init__(self) -> None:
        self.in_all: dict[tuple[str, str], int] = defaultdict(int)
        self.held: dict[tuple[str, str], int] = defaultdict(int)

    def add(self, transfer: Transfer) -> None:
        """Count a transfer. A deposit counts as long as its money is in the account, whatever became of it since."""
        key = transfer.uid, transfer.asset
        if transfer.kind is Kind.DEPOSIT:
            self.in_all[key] += transfer.amount if transfer.credited else 0
        else:
            self.in_all[key] -= transfer.amount if transfer.status is Status.SUCCEEDED else 0
            self.held[key] += transfer.amount if holds(transfer.kind, transfer.status) else 0


class _Ledger:
    """Some of the accounts. What is to be checked once, and not per part, is checked by the `first`."""

    def __init__(self, found: Iterable[Account], findings: Findings, *, first: bool) -> None:
        self.accounts = {account.uid: account for account in found}
        self.findings = findings
        self.first = first
        self.totals: dict[tuple[str, str], int] = defaultdict(int)
        self.frozen: dict[tuple[str, str], int] = defaultdict(int)
        self.last: dict[tuple[str, str], int] = {}
        self.before: dict[tuple[str, str], int] = {}
        self.ends: dict[str, Entry] = {}
        self.strangers: set[str] = set()
        findings.checked["accounts"] += len(self.accounts)

    def apply(self, market: Market, entry: Entry) -> None:
        """Add what `entry` does to each of these accounts that is settled for it."""
        try:
            touched = settlements(market, entry)
        except AssertionError as error:
            if self.first:
                self.findings.add(1, f"{market.id} entry {entry.seq} cannot be settled: {error!r}")
            return
        net: dict[str, int] = defaultdict(int)
        for uid, change in touched.items():
            for asset, (available, frozen) in change.changes().items():
                net[asset] += available + frozen
            account = self.accounts.get(uid)
            if account is None:
                self._stranger(uid)
                continue
            self.before[uid, market.id] = self.last.get((uid, market.id), 0)
            self.last[uid, market.id] = entry.seq
            if account.applied.get(market.id, 0) >= entry.seq:
                for asset, (available, frozen) in change.changes().items():
                    self.totals[uid, asset] += available + frozen
                    self.frozen[uid, asset] += frozen
        if self.first and any(net.values()):
            self.findings.add(1, f"{market.id} entry {entry.seq} makes or loses money: {dict(net)}")
        self._events(market, entry)

    def _events(self, market: Market, entry: Entry) -> None:
        """Add what the orders that `entry` placed held from then on."""
        for event in entry.events:
            if isinstance(event, OrderPlaced):
                account = self.accounts.get(event.order.uid)
                if account is not None and account.applied.get(market.id, 0) >= entry.seq:
                    self.frozen[event.order.uid, held_asset(market, event.order.side)] += event.order.hold
            elif self.first:
                self.findings.checked["fills"] += isinstance(event, OrderFilled)
                self.findings.checked["cancels"] += isinstance(event, OrderCancelled)

    def compare(self) -> None:
        """Hold each account's balances against transfers, journals, open orders and intents."""
        moved = self._transfers()
        self._find_strangers()
        for uid, account in self.accounts.items():
            self._compare(account, moved)
            for market in settings.exchange().markets:
                settled, last = account.applied.get(market, 0), self.last.get((uid, market), 0)
                if settled == self.before.get((uid, market), 0) < last and self.findings.owes(self.ends[market], last):
                    continue
                if settled != last:
                    self.findings.add(5, f"{uid} is settled for {market} to {settled} of {last}")

    def _transfers(self) -> _Moved:
        """What transfers brought to these accounts, took from them and hold in them."""
        moved = _Moved()
        for transfer in transfers.scan():
            self.findings.checked[f"{transfer.kind}s"] += self.first
            if self.first and transfer.rail is Rail.RAMP:
                self.findings.checked["ramp transfers"] += 1
            if transfer.uid in self.accounts:
                moved.add(transfer)
            elif self.first and accounts.missing([transfer.uid]):
                self.findings.add(1, f"{transfer.id} is of {transfer.uid}, who has no account")
        return moved

    def _compare(self, account: Account, moved: _Moved) -> None:
        uid = account.uid
        intents: dict[str, int] = defaultdict(int)
        for order in account.intents.values():
            intents[held_asset(settings.exchange().markets[order.market], order.side)] += order.hold
        if account.intents and account.waiting_since is None:
            self.findings.add(2, f"{uid} has intents that the sweeper cannot find")
        for asset in sorted({*settings.exchange().assets, *account.available, *account.frozen, *account.pending}):
            available, frozen, pending = (
                balances.get(asset, 0) for balances in (account.available, account.frozen, account.pending)
            )
            if min(available, frozen, pending) < 0:
                self.findings.add(2, f"{uid} has a negative {asset}: {available}, {frozen}, {pending}")
            if available + frozen + pending != moved.in_all[uid, asset] + self.totals[uid, asset]:
                self.findings.add(1, f"{uid}'s {asset} is not what transfers and trades made it")
            if frozen != self.frozen[uid, asset] + intents[asset]:
                self.findings.add(2, f"{uid}'s frozen {asset} is not what orders and intents hold")
            if pending != moved.held[uid, asset]:
                self.findings.add(2, f"{uid}'s pending {asset} is not what open withdrawals hold")

    def _stranger(self, uid: str) -> None:
        """Somebody whom a journal settles and who is not of this part: does he have an account at all?"""
        if self.first:
            self.strangers.add(uid)
            if len(self.strangers) >= ACCOUNTS_AT_ONCE:
                self._find_strangers()

    def _find_strangers(self) -> None:
        for uid in accounts.missing(sorted(self.strangers)):
            self.findings.add(5, f"a journal settles {uid}, who has no account")
        self.strangers.clear()
