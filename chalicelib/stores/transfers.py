"""Deposits and withdrawals: key transfer id. A deposit is credited once per (asset, txid, output), whatever is replayed.

Money moves only together with its transfer: both are written in one transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.stores import accounts
from chalicelib.stores.table import Integer, Table, error_code


class TransferRow(Table):
    """One transfer. `id` is ``deposit:<asset>:<txid>:<output>``; `amount` in 1e-8; `at`: ms since epoch."""

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


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit that has been credited, or is to be."""

    id: str
    uid: str
    asset: str
    amount: int
    at: int


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
    )
    connection = TransferRow._get_connection().connection  # noqa: SLF001 - the shared client, see stores.table
    try:
        with TransactWrite(connection=connection) as transaction:
            transaction.save(row, condition=TransferRow.id.does_not_exist())
            transaction.update(
                accounts.empty(deposit.uid),
                actions=accounts.credit_actions(deposit.asset, deposit.amount),
                condition=accounts.AccountRow.uid.exists(),
            )
    except TransactWriteError as error:
        standing = get(deposit.id)
        if standing is not None:
            return standing
        if error_code(error) == "TransactionCanceledException" and accounts.get(deposit.uid) is None:
            raise NoAccount(deposit.uid) from error
        raise
    return deposit


def get(transfer_id: str) -> Deposit | None:
    """The transfer of this id, read consistently."""
    try:
        return _deposit(TransferRow.get(transfer_id, consistent_read=True))
    except TransferRow.DoesNotExist:
        return None


def scan() -> Iterable[Deposit]:
    """Every succeeded deposit: for audits."""
    return (_deposit(row) for row in TransferRow.scan(consistent_read=True))


def _deposit(row: TransferRow) -> Deposit:
    return Deposit(row.id, row.uid, row.asset, row.amount, row.at)
