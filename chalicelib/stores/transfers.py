"""Deposits and withdrawals: key transfer id. A deposit is credited once per (asset, txid, output), whatever is replayed.

Money moves only together with its transfer: both are written in one transaction.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.transactions import TransactWrite

from chalicelib import clock, settings
from chalicelib.core import ids
from chalicelib.core.orders import Page
from chalicelib.stores import accounts
from chalicelib.stores.accounts import CONFLICT_PAUSE_MS, CONFLICT_TRIES_MAX
from chalicelib.stores.table import Integer, Table, error_code


class Listed(GlobalSecondaryIndex["TransferRow"]):
    """An asset's succeeded transfers, in the order of their numbers."""

    class Meta:
        """Name and shape of the index."""

        index_name = "listed"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    number = Integer(range_key=True)


class TransferRow(Table):
    """One transfer. `id` is ``deposit:<asset>:<txid>:<output>``; `amount` in 1e-8; `at`: ms since epoch.

    `listed` is the asset once the transfer has succeeded, so that only those stand in the index that anyone may read.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("transfers")

    id = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    asset = UnicodeAttribute()
    amount = Integer()
    kind = UnicodeAttribute()
    status = UnicodeAttribute()
    at = Integer()
    number = Integer(null=True)
    listed = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    by_number = Listed()


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit that has been credited, or is to be."""

    id: str
    uid: str
    asset: str
    amount: int
    at: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """A succeeded transfer as anyone may see it. `number`: its id on the wire, ordered by time."""

    number: int
    uid: str
    asset: str
    amount: int
    kind: str
    at: int
    address: str
    txid: str


class NoAccount(Exception):  # noqa: N818 - says what is the case
    """There is no such account to credit."""


def credit(deposit: Deposit) -> Deposit:
    """Credit a deposit once. Gives back the deposit that stands under this id: an earlier one if it is a repeat.

    Raises `NoAccount`. Any other error means: not known; asking again is safe.
    """
    standing = get(deposit.id)
    if standing is not None:
        return standing
    row = TransferRow(
        deposit.id,
        uid=deposit.uid,
        asset=deposit.asset,
        amount=deposit.amount,
        kind="deposit",
        status="succeeded",
        at=deposit.at,
        number=number_of(deposit.id, deposit.at),
        listed=deposit.asset,
    )
    for attempt in range(CONFLICT_TRIES_MAX):
        try:
            _credit(row)
        except TransactWriteError as error:
            standing = get(deposit.id)
            if standing is not None:
                return standing
            if error_code(error) != "TransactionCanceledException":
                raise
            if accounts.get(deposit.uid) is None:
                raise NoAccount(deposit.uid) from error
            # Nothing was written: an order of the same account was written at that very moment.
            if attempt == CONFLICT_TRIES_MAX - 1:
                raise
            clock.sleep_ms(CONFLICT_PAUSE_MS << attempt)
        else:
            break
    return deposit


def _credit(row: TransferRow) -> None:
    connection = TransferRow._get_connection().connection  # noqa: SLF001 - the shared client, see stores.table
    with TransactWrite(connection=connection) as transaction:
        transaction.save(row, condition=TransferRow.id.does_not_exist())
        transaction.update(
            accounts.empty(row.uid),
            actions=accounts.credit_actions(row.asset, row.amount),
            condition=accounts.AccountRow.uid.exists(),
        )


def get(transfer_id: str) -> Deposit | None:
    """The transfer of this id, read consistently."""
    try:
        return _deposit(TransferRow.get(transfer_id, consistent_read=True))
    except TransferRow.DoesNotExist:
        return None


def number_of(transfer_id: str, at: int) -> int:
    """A transfer's number: made like an order's id, with a mark of the transfer in place of the worker."""
    return ids.order_id(max(at, ids.EPOCH_MS), zlib.crc32(transfer_id.encode()) % ids.WORKERS_MAX)


def succeeded(asset: str, before: int | None, limit: int) -> Page[Transfer]:
    """An asset's succeeded transfers with number < `before` (None: from the newest), newest first."""
    condition = None if before is None else Listed.number < before
    found = TransferRow.by_number.query(asset, condition, scan_index_forward=False, limit=limit + 1)
    rows = [
        Transfer(
            number=row.number or 0,
            uid=row.uid,
            asset=row.asset,
            amount=row.amount,
            kind=row.kind,
            at=row.at,
            address=row.address or "",
            txid=row.id.removeprefix(f"{row.kind}:{row.asset}:").rpartition(":")[0],
        )
        for row in found
    ]
    return Page(rows[:limit], more=len(rows) > limit)


def scan() -> Iterable[Deposit]:
    """Every succeeded deposit: for audits."""
    return (_deposit(row) for row in TransferRow.scan(consistent_read=True))


def _deposit(row: TransferRow) -> Deposit:
    return Deposit(row.id, row.uid, row.asset, row.amount, row.at)
