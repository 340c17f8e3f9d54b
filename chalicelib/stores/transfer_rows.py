"""How transfers and their log of moves are laid out in their tables. What is done with them: `stores.transfers`."""

import zlib
from dataclasses import dataclass, field
from typing import Final

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib import settings
from chalicelib.core import ids
from chalicelib.core.transfers import FINAL, Kind, Rail, Status
from chalicelib.stores.table import Integer, Table

#: Rows looked at in one call when a filter may pass over most of them.
FILTERED_PAGE: Final = 1000


class Listed(GlobalSecondaryIndex["TransferRow"]):
    """An asset's succeeded transfers, in the order of their numbers."""

    class Meta:
        """Name and shape of the index."""

        index_name = "listed"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    number = Integer(range_key=True)


class Success(GlobalSecondaryIndex["TransferRow"]):
    """An asset's transfers in the order in which they succeeded. Sparse."""

    class Meta:
        """Name and shape of the index."""

        index_name = "success"
        projection = AllProjection()

    asset = UnicodeAttribute(hash_key=True)
    succeeded = Integer(range_key=True)


class Person(GlobalSecondaryIndex["TransferRow"]):
    """A person's transfers, in the order of their numbers."""

    class Meta:
        """Name and shape of the index."""

        index_name = "person"
        projection = AllProjection()

    uid = UnicodeAttribute(hash_key=True)
    number = Integer(range_key=True)


class Open(GlobalSecondaryIndex["TransferRow"]):
    """An asset's transfers that are under way, by status and number. Sparse."""

    class Meta:
        """Name and shape of the index."""

        index_name = "open"
        projection = AllProjection()

    queue = UnicodeAttribute(hash_key=True)
    turn = UnicodeAttribute(range_key=True)


class TransferRow(Table):
    """One transfer. `amount`, `fee` in 1e-8; `at` (opened), `updated`: ms since epoch; `status`: the name of one, lower case.

    `listed` is the asset once the transfer has succeeded, so that only those stand in the index that anyone may read;
    `succeeded` is when it first did (ms), and stays. `queue` and `turn` are set while it is under way. `moves`: how many
    there were, the last one's number in the log.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("transfers")

    id = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    asset = UnicodeAttribute()
    amount = Integer()
    fee = Integer(null=True)
    kind = UnicodeAttribute()
    rail = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    at = Integer()
    updated = Integer(null=True)
    number = Integer(null=True)
    listed = UnicodeAttribute(null=True)
    succeeded = Integer(null=True)
    queue = UnicodeAttribute(null=True)
    turn = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    memo = UnicodeAttribute(null=True)
    sealed = BinaryAttribute(legacy_encoding=False, null=True)
    txid = UnicodeAttribute(null=True)
    block = UnicodeAttribute(null=True)
    height = Integer(null=True)
    confirmations = Integer(null=True)
    payout = UnicodeAttribute(null=True)
    credited = BooleanAttribute(null=True)
    moves = Integer(null=True)
    by_number = Listed()
    by_success = Success()
    by_person = Person()
    by_queue = Open()


class MoveRow(Table):
    """One move of a transfer: who, why, when. `use` is the transaction that made it, which recognises itself by it."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("transfer_moves")

    id = UnicodeAttribute(hash_key=True)
    number = Integer(range_key=True)
    start = Integer(null=True)
    to = Integer()
    by = UnicodeAttribute()
    why = UnicodeAttribute()
    at = Integer()
    use = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as read.

    `number`: its id on the wire, ordered by time. `amount` (1e-8) includes the `fee`. `created`, `updated`: ms. `address`:
    where it came to, or goes to, with its `memo`; a bank card only masked, and whole as `sealed` for its owner. `block`,
    `height`, `confirmations`: where the chain has it. `payout`: what custody noted before it asked a node to pay.
    `credited`: a deposit's money is in the account. `moves`: how many there were. `succeeded`: when it
    first did (ms), 0 before.
    """

    id: str
    number: int
    uid: str
    asset: str
    amount: int
    fee: int
    kind: Kind
    rail: Rail
    status: Status
    created: int
    updated: int
    address: str = ""
    memo: str = ""
    sealed: bytes = field(default=b"", repr=False)
    txid: str = ""
    block: str = ""
    height: int = 0
    confirmations: int = 0
    payout: str = ""
    credited: bool = False
    moves: int = 1
    succeeded: int = 0


def number_of(transfer_id: str, at: int) -> int:
    """A deposit's number: made like an order's id, with a mark of the transfer in place of the worker."""
    return ids.order_id(max(at, ids.EPOCH_MS), zlib.crc32(transfer_id.encode()) % ids.WORKERS_MAX)


def txid_of(transfer_id: str, asset: str) -> str:
    """The transaction in a deposit's key."""
    return transfer_id.removeprefix(f"{Kind.DEPOSIT}:{asset}:").rpartition(":")[0]


def queue(rail: Rail, kind: Kind, asset: str) -> str:
    """The hash key of the transfers of an asset that are under way."""
    return f"{rail}:{kind}:{asset}"


def turn(status: Status, number: int) -> str:
    """The place of a transfer in its queue: by status, then by number (16 digits, so that text has the order of numbers)."""
    return f"{status.value:02}:{number}"


def to_row(transfer: Transfer) -> TransferRow:
    """A transfer as it is written: whole, so that no attribute of an earlier state is left."""
    under_way = transfer.status not in FINAL
    return TransferRow(
        transfer.id,
        uid=transfer.uid,
        asset=transfer.asset,
        amount=transfer.amount,
        fee=transfer.fee,
        kind=transfer.kind.value,
        rail=transfer.rail.value,
        status=transfer.status.name.lower(),
        at=transfer.created,
        updated=transfer.updated,
        number=transfer.number,
        listed=transfer.asset if transfer.status is Status.SUCCEEDED else None,
        succeeded=transfer.succeeded or None,
        queue=queue(transfer.rail, transfer.kind, transfer.asset) if under_way else None,
        turn=turn(transfer.status, transfer.number) if under_way else None,
        address=transfer.address or None,
        memo=transfer.memo or None,
        sealed=transfer.sealed or None,
        txid=transfer.txid or None,
        block=transfer.block or None,
        height=transfer.height or None,
        confirmations=transfer.confirmations or None,
        payout=transfer.payout or None,
        credited=transfer.credited,
        moves=transfer.moves,
    )


def to_transfer(row: TransferRow) -> Transfer:
    """A row as the rules know it. Rows from before there were withdrawals are deposits that were credited at once."""
    status = Status[row.status.upper()]
    kind = Kind(row.kind)
    return Transfer(
        id=row.id,
        number=row.number or number_of(row.id, row.at),
        uid=row.uid,
        asset=row.asset,
        amount=row.amount,
        fee=row.fee or 0,
        kind=kind,
        rail=Rail(row.rail or Rail.CHAIN),
        status=status,
        created=row.at,
        updated=row.updated or row.at,
        address=row.address or "",
        memo=row.memo or "",
        sealed=bytes(row.sealed or b""),
        txid=row.txid or (txid_of(row.id, row.asset) if kind is Kind.DEPOSIT else ""),
        block=row.block or "",
        height=row.height or 0,
        confirmations=row.confirmations or 0,
        payout=row.payout or "",
        credited=status is Status.SUCCEEDED if row.credited is None else row.credited,
        moves=row.moves or 1,
        succeeded=row.succeeded or 0,
    )
