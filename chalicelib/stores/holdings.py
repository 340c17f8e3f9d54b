"""What lies on the deposit addresses that were given out: key (asset, ``txid:number``), one row a coin.

These are ours, but their keys are on no computer of ours: operators move them by hand, and read here what there is to
move and whose address it is on (its number is the end of the key's path).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.stores.table import Integer, Step, Table, updated


class HoldingRow(Table):
    """One coin on a deposit address. `amount` in 1e-8; `spent`: the block that moved it, while that might be replaced."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("holdings")

    asset = UnicodeAttribute(hash_key=True)
    coin = UnicodeAttribute(range_key=True)
    uid = UnicodeAttribute()
    address = UnicodeAttribute()
    amount = Integer()
    spent = Integer(null=True)


@dataclass(frozen=True, slots=True)
class Holding:
    """A coin on a deposit address, see `HoldingRow`."""

    asset: str
    coin: str
    uid: str
    address: str
    amount: int


def hold(one: Holding) -> Step:
    """That a coin is there."""

    def step(transaction: TransactWrite) -> None:
        transaction.save(HoldingRow(one.asset, one.coin, uid=one.uid, address=one.address, amount=one.amount))

    return step


def lose(asset: str, coin: str) -> Step:
    """That it is not there after all: its block is gone."""

    def step(transaction: TransactWrite) -> None:
        transaction.delete(HoldingRow(asset, coin))

    return step


def spend(asset: str, coins: Iterable[str], height: int) -> None:
    """That a block spends coins; those that are not ours are passed over. A repeat is harmless."""
    wanted = [(asset, coin) for coin in dict.fromkeys(coins)]
    for row in HoldingRow.batch_get(wanted, consistent_read=True) if wanted else ():
        _note(row, height)


def unspend(asset: str, height: int) -> None:
    """That the blocks above `height` are gone, and what they spent is there again."""
    for row in HoldingRow.query(asset, consistent_read=True, filter_condition=HoldingRow.spent > height):
        _note(row, None)


def total(asset: str, buried: int) -> int:
    """What is there, 1e-8. What was spent in block `buried` or before is forgotten on the way."""
    found = 0
    for row in HoldingRow.query(asset, consistent_read=True):
        if row.spent is None:
            found += row.amount
        elif row.spent <= buried:
            row.delete()
    return found


def there(asset: str, limit: int) -> list[Holding]:
    """Up to `limit` coins that are there."""
    found = HoldingRow.query(
        asset, consistent_read=True, filter_condition=HoldingRow.spent.does_not_exist(), limit=limit
    )
    return [Holding(asset, row.coin, row.uid, row.address, row.amount) for row in found]


def _note(row: HoldingRow, spent: int | None) -> None:
    action = HoldingRow.spent.remove() if spent is None else HoldingRow.spent.set(spent)
    updated(row, [action], HoldingRow.coin.exists())
