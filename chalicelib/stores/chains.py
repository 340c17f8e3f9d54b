"""How far custody has followed each block chain, what it has seen there, and which coins its payouts spend.

`chains`, key asset: the last block whose consequences are all written (the cursor), the blocks before it, and the coins that are
spoken for. `sightings`, key (asset, place in the chain): each deposit and payout that stands in a block, until it is
buried so deep that no re-organisation will reach it. A sighting is written in one transaction with what it means.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.stores.table import Integer, Step, Table, TextMap, conflicted, error_code, refused

#: How many blocks back a re-organisation is followed by itself; a deeper one is for people to look at.
TRAIL_BLOCKS: Final = 144
#: So much of the end of a block's hash tells it from others (it begins with zeros), and 144 of them are cheap to write.
_TRACE: Final = 16


class ChainRow(Table):
    """A chain as far as it was read. `trail`: the ends of the hashes of its last blocks, the cursor's last.

    `spending`: ``txid:number`` of each coin that an unfinished payout spends → its transaction and its withdrawal; also the
    ``txid`` alone of a payout that was refunded, to hear of it if it is mined all the same. `payouts` counts them all: who
    chooses coins says which count they saw, so that no two choose the same. `reading`: the block that comes next.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("chains")

    asset = UnicodeAttribute(hash_key=True)
    height = Integer()
    hash = UnicodeAttribute()
    trail = UnicodeAttribute()
    spending = TextMap(default=dict)
    payouts = Integer(default=0)
    reading = UnicodeAttribute(null=True)


class SightingRow(Table):
    """A deposit or a payout in a block. `needed`: how many confirmations make it final; `done`: 1 once it was treated so."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("sightings")

    asset = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)
    transfer = UnicodeAttribute()
    block = UnicodeAttribute()
    needed = Integer()
    done = Integer(default=0)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain as read, see `ChainRow`. `spending`: coin → (transaction, withdrawal)."""

    asset: str
    height: int
    hash: str
    trail: str
    spending: Mapping[str, tuple[str, str]]
    payouts: int
    reading: str = ""

    def ended_with(self, height: int) -> str | None:
        """How the hash of the block at a height ended, as far back as the trail goes."""
        back = self.height - height + 1
        if not 0 < back <= len(self.trail) // _TRACE:
            return None
        return self.trail[len(self.trail) - back * _TRACE :][:_TRACE]

    def grown(self, block: str) -> "Chain":
        """The chain after one more block."""
        trail = (self.trail + block[-_TRACE:])[-TRAIL_BLOCKS * _TRACE :]
        return replace(self, height=self.height + 1, hash=block, trail=trail)

    def cut(self, height: int, block: str) -> "Chain":
        """The chain as it was at an earlier block; beyond its trail, that is all that is known of it."""
        kept = len(self.trail) - (self.height - height) * _TRACE
        return replace(self, height=height, hash=block, trail=self.trail[: max(kept, 0)] or block[-_TRACE:])

    def open_payouts(self) -> dict[str, str]:
        """transaction → withdrawal, of all payouts that are not finished."""
        return dict(self.spending.values())


@dataclass(frozen=True, slots=True)
class Sighting:
    """A deposit or a payout in a block, see `SightingRow`."""

    asset: str
    height: int
    txid: str
    number: int
    transfer: str
    block: str
    needed: int
    done: bool = False

    @property
    def place(self) -> str:
        """Where it stands: sorts by height."""
        return f"{self.height:010}:{self.txid}:{self.number}"

    @property
    def coin(self) -> str:
        """The output that a deposit is."""
        return f"{self.txid}:{self.number}"


class Overtaken(Exception):  # noqa: N818 - says what is the case
    """Somebody else has moved the cursor: they go on from where we were."""


def get(asset: str) -> Chain | None:
    """A chain as it is, read consistently; None for one that nobody has followed yet."""
    try:
        row = ChainRow.get(asset, consistent_read=True)
    except ChainRow.DoesNotExist:
        return None
    spending = {}
    for coin, spent in row.spending.items():
        txid, _, transfer = spent.partition(" ")
        spending[coin] = (txid, transfer)
    return Chain(row.asset, row.height, row.hash, row.trail, spending, row.payouts, row.reading or "")


def begin(asset: str, height: int, block: str) -> None:
    """Begin to follow a chain from a block on; nothing if somebody has."""
    row = ChainRow(asset, height=height, hash=block, trail=block[-_TRACE:], spending={}, payouts=0)
    try:
        row.save(ChainRow.asset.does_not_exist())
    except PutError as error:
        if not refused(error):
            raise


def claim(seen: Chain, block: str) -> Chain:
    """Say that the consequences of `block`, the next one, are written now: whoever was at another in its place may write no
    more. The chain as it is then, read anew. Raises `Overtaken`."""
    _update(seen, [ChainRow.reading.set(block)], _at(seen))
    return again(replace(seen, reading=block))


def again(seen: Chain) -> Chain:
    """The chain read anew, the cursor and the claim as they were seen. Raises `Overtaken` if they are not."""
    now = get(seen.asset)
    if now is None or (now.height, now.hash, now.reading) != (seen.height, seen.hash, seen.reading):
        raise Overtaken(seen.asset)
    return now


def advance(seen: Chain, block: str) -> Chain:
    """Move the cursor on by one block, whose consequences are written. Raises `Overtaken`."""
    return _set(seen, seen.grown(block), _claimed(seen))


def rewind(seen: Chain, height: int, block: str) -> Chain:
    """Move the cursor back to a block from which the chain goes another way now. Raises `Overtaken`."""
    return _set(seen, seen.cut(height, block), _at(seen))


def sightings(asset: str) -> list[Sighting]:
    """All that was seen in a chain and is not yet forgotten, in the order of blocks. Consistent."""
    found = []
    for row in SightingRow.query(asset, consistent_read=True):
        height, txid, number = row.place.split(":")
        found.append(
            Sighting(asset, int(height), txid, int(number), row.transfer, row.block, row.needed, done=bool(row.done))
        )
    return found


def forget(old: Iterable[Sighting]) -> None:
    """Forget what is buried."""
    with SightingRow.batch_write() as batch:
        for one in old:
            batch.delete(SightingRow(one.asset, one.place))


def write(steps: Sequence[Step]) -> bool:
    """Some of the steps below, in a transaction of their own, for what moves no transfer. False when one did not hold."""
    connection = ChainRow._get_connection().connection  # noqa: SLF001 - the shared client, see stores.table
    try:
        with TransactWrite(connection=connection) as transaction:
            for step in steps:
                step(transaction)
    except TransactWriteError as error:
        if error_code(error) == "TransactionCanceledException":
            return False
        raise
    return True


def still(seen: Chain) -> Step:
    """That the cursor is where it was seen, and that the block which is read next is the one that was claimed.

    What a block means is only ever written so: nobody writes for a chain that another run has left meanwhile.
    """

    def step(transaction: TransactWrite) -> None:
        actions: list[Action] = [ChainRow.height.set(seen.height)]
        transaction.update(ChainRow(seen.asset), actions=actions, condition=_claimed(seen))

    return step


def see(sighting: Sighting) -> Step:
    """That a sighting stands where it does."""

    def step(transaction: TransactWrite) -> None:
        row = SightingRow(
            sighting.asset, sighting.place, transfer=sighting.transfer, block=sighting.block, needed=sighting.needed
        )
        transaction.save(row)

    return step


def finish(sighting: Sighting) -> Step:
    """That a sighting was treated as final."""

    def step(transaction: TransactWrite) -> None:
        row = SightingRow(sighting.asset, sighting.place)
        transaction.update(row, actions=[SightingRow.done.set(1)], condition=SightingRow.block == sighting.block)

    return step


def unsee(sighting: Sighting) -> Step:
    """That a sighting stands there no longer, on condition that it does."""

    def step(transaction: TransactWrite) -> None:
        row = SightingRow(sighting.asset, sighting.place)
        transaction.delete(row, condition=SightingRow.block == sighting.block)

    return step


def spend(seen: Chain, coins: Iterable[str], txid: str, transfer: str) -> Step:
    """That a payout spends coins, on condition that no other payout was begun since the chain was `seen`."""
    chosen = list(coins)

    def step(transaction: TransactWrite) -> None:
        actions: list[Action] = [ChainRow.payouts.set(seen.payouts + 1)]
        condition: Condition = ChainRow.payouts == seen.payouts
        for coin in chosen:
            actions.append(ChainRow.spending[coin].set(f"{txid} {transfer}"))
            condition &= ChainRow.spending[coin].does_not_exist()
        transaction.update(ChainRow(seen.asset), actions=actions, condition=condition)

    return step


def respend(seen: Chain, coins: Iterable[str], txid: str, transfer: str) -> Step:
    """That a payout which was finished is not, for its block is gone: its coins are its own as before. And `still`."""
    actions: list[Action] = [ChainRow.spending[coin].set(f"{txid} {transfer}") for coin in coins]
    actions.append(ChainRow.height.set(seen.height))

    def step(transaction: TransactWrite) -> None:
        transaction.update(ChainRow(seen.asset), actions=actions, condition=_claimed(seen))

    return step


def release(seen: Chain, transfer: str, refunded: str = "") -> list[Step]:
    """That a payout is over: nobody speaks for its coins any more. `refunded`: its transaction, if that is to be looked out
    for all the same. No step if there is nothing to say."""
    coins = [coin for coin, (_, whose) in seen.spending.items() if whose == transfer]
    actions: list[Action] = [ChainRow.spending[coin].remove() for coin in coins]
    if coins and refunded:
        actions.append(ChainRow.spending[refunded].set(f"{refunded} {transfer}"))

    def step(transaction: TransactWrite) -> None:
        transaction.update(ChainRow(seen.asset), actions=actions)

    return [step] if coins else []


def _at(seen: Chain) -> Condition:
    here: Condition = (ChainRow.height == seen.height) & (ChainRow.hash == seen.hash)
    return here


def _claimed(seen: Chain) -> Condition:
    here = _at(seen)
    if seen.reading:
        here &= ChainRow.reading == seen.reading
    return here


def _set(seen: Chain, after: Chain, condition: Condition) -> Chain:
    actions: list[Action] = [
        ChainRow.height.set(after.height),
        ChainRow.hash.set(after.hash),
        ChainRow.trail.set(after.trail),
    ]
    _update(seen, actions, condition)
    return after


def _update(seen: Chain, actions: Sequence[Action], condition: Condition) -> None:
    try:
        ChainRow(seen.asset).update(list(actions), condition)
    except UpdateError as error:
        if refused(error) or conflicted(error):
            raise Overtaken(seen.asset) from error
        raise
