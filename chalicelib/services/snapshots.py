"""Balance snapshots: every account's balance at one cut, although accounts are read one after another while trading goes on.

The cut is a position in each market's journal, noted before the first account is read. An account tells up to which entry
it is settled (`applied`); what entries after the cut did to it is taken back, and what the last entry before the cut has not
done to it yet is added (those before it were settled before it was committed). Trades only move money, so the sum is the
sum of what was deposited and not withdrawn. A deposit counts if it was there when its account was read: none can have been
traded before the cut, for the cut was noted first, so this too is a state that the exchange could have been in. A withdrawal that
was paid since the cut counts as paid, unless what it paid was bought since then: then it is still to be paid. So with a
deposit that its chain took back.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from chalicelib import clock, settings
from chalicelib.core import reserves
from chalicelib.core.ledger import settlements
from chalicelib.core.money import to_decimal
from chalicelib.core.orders import Page
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind, Status
from chalicelib.stores import accounts, addresses, aws, journal, notary, snapshots, transfers
from chalicelib.stores.snapshots import Snapshot

#: How far the clocks of two functions may be apart.
CLOCKS_APART_MS = 10_000

Balances = dict[str, dict[str, int]]
"""asset → uid → balance (1e-8)."""


def take() -> list[Snapshot]:
    """Take a snapshot of all assets, with its proof, and publish it."""
    at = clock.now_ms()
    positions, balances = cut()
    taken, csvs, trees = [], {}, {}
    for asset in settings.exchange().assets:
        csv = csvs[asset] = to_csv(balances[asset], at)
        seed = clock.token_bytes(32)
        tree = reserves.build(asset, at, balances[asset], seed)
        trees[asset] = seed, tree
        said = reserves.statement(asset, at, len(tree.leaves), tree.root, positions, csv)
        signed = {
            "public_key": notary.public_key().hex(),
            "signature": notary.sign(reserves.canonical(said)).hex(),
            "statement": said,
        }
        name = f"{asset.lower()}_balance_{_stamp(at)}.csv"
        taken.append(Snapshot(asset, at, name, len(csv), tree.root[1], len(tree.leaves), signed))
    snapshots.put(taken, csvs, trees)
    for one in taken:
        if settings.exchange().assets[one.asset].block_chain:
            addresses.note_owed(one.asset, one.total, at)
    return taken


def cut() -> tuple[dict[str, int], Balances]:
    """A cut through all journals (market → position), and every account's balances at it."""
    begun = clock.now_ms()
    markets = settings.exchange().markets
    newest = dict(zip(markets, aws.in_parallel(journal.last, markets), strict=True))
    positions = {market: 0 if entry is None else entry.seq for market, entry in newest.items()}
    balances: Balances = {asset: {} for asset in settings.exchange().assets}
    applied: dict[str, Mapping[str, int]] = {}
    for account in accounts.scan():
        applied[account.uid] = account.applied
        held = (account.available, account.frozen, account.pending)
        for asset in set().union(*held):
            balances[asset][account.uid] = sum(part.get(asset, 0) for part in held)
    for market, position in positions.items():
        for entry in journal.since(market, max(position - 1, 0)):
            for uid, change in settlements(markets[market], entry).items():
                if uid not in applied:
                    continue  # it was opened after its place had been read, so it had nothing at the cut
                settled = applied[uid].get(market, 0) >= entry.seq
                sign = (entry.seq <= position) - settled
                for asset, (available, frozen) in change.changes().items():
                    delta = sign * (available + frozen)
                    if delta:
                        balances[asset][uid] = balances[asset].get(uid, 0) + delta
    _take_back_losses(balances, begun)
    return positions, balances


def _take_back_losses(balances: Balances, begun: int) -> None:
    """Give back to balances below zero what was withdrawn, or taken by a chain, since `begun`: in the order in which it went and
    only as far as it has to be.

    It went before its account was read, for with all of it given back the balance is what it was at the cut: so the fewest
    that will do are among those.
    """
    below = {(uid, asset) for asset, held in balances.items() for uid, units in held.items() if units < 0}
    if not below:
        return
    lost = defaultdict(list)
    for one in transfers.scan():
        paid = (one.kind, one.status) == (Kind.WITHDRAWAL, Status.SUCCEEDED)
        taken = one.kind is Kind.DEPOSIT and one.succeeded > 0 and not one.credited
        if (paid or taken) and one.updated > begun - CLOCKS_APART_MS:
            lost[one.uid, one.asset].append((one.updated, one.amount))
    for uid, asset in below:
        for _, amount in sorted(lost[uid, asset]):
            if balances[asset][uid] < 0:
                balances[asset][uid] += amount
        assert balances[asset][uid] >= 0, f"{uid} owes {asset}"


def to_csv(balances: Mapping[str, int], at: int) -> bytes:
    """The document's file: one line per account that has something, in the order of their ids, the sum and the date."""
    lines = ['"User Id",Amount']
    lines += [f"{uid},{to_decimal(units):f}" for uid, units in sorted(balances.items()) if units]
    lines += [f"Sum,{to_decimal(sum(balances.values())):f}", f"Date,{_stamp(at)}", ""]
    return "\n".join(lines).encode()


def listed(asset: str, cursor: int | None, limit: int) -> Page[Snapshot]:
    """An asset's snapshots from before `cursor` (ms; None: the newest), newest first."""
    return snapshots.listed(asset, cursor, limit)


def link(asset: str, name: str) -> str:
    """Where to fetch a snapshot's file, for some minutes. Raises `Refused` for a name that is not listed."""
    prefix, stamp = f"{asset.lower()}_balance_", name[-18:-4]
    if not (name.isascii() and name == f"{prefix}{stamp}.csv" and len(stamp) == 14 and stamp.isdigit()):
        raise Refused(Reason.NO_SUCH_URL)
    try:
        first = int(datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError as error:
        raise Refused(Reason.NO_SUCH_URL) from error
    for one in snapshots.between(asset, first, first + 999):
        return snapshots.link(one)
    raise Refused(Reason.NO_SUCH_URL)


def root(asset: str) -> Snapshot | None:
    """The newest snapshot of an asset, whose signed statement anyone may see."""
    return snapshots.newest(asset)


def proof(uid: str, asset: str) -> dict[str, object]:
    """A person's proof in the newest snapshot of an asset: see `core.reserves.check`.

    Raises `Refused` if there is none, or the person was not in it: who never had any of the asset has no leaf.
    """
    newest = snapshots.newest(asset)
    if newest is None or not newest.count:
        raise Refused(Reason.PARAMETER_INVALID, "currency")
    found = snapshots.index(newest)
    salted = reserves.salt(found.seed, uid)
    number = sum(begin <= salted.hex() for begin in found.begins) - 1
    tile = snapshots.tile(newest, max(number, 0))
    for place, (digest, balance) in enumerate(tile):
        if reserves.leaf(asset, newest.at, uid, balance, salted)[0] == digest:
            index = number * reserves.TILE_LEAVES + place
            return {
                **newest.signed,
                "leaf": {"uid": uid, "balance": str(balance), "salt": salted.hex()},
                "index": index,
                "path": [
                    {"hash": sibling.hex(), "sum": str(total)}
                    for sibling, total in reserves.path(newest.count, tile, found.tiles, index)
                ],
            }
    raise Refused(Reason.PARAMETER_INVALID, "currency")


def _stamp(at: int) -> str:
    """A moment as the names of files have it, in UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y%m%d%H%M%S")
