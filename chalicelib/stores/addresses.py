"""Our own addresses on block chains, key (asset, address), and what each asset's add up to; and those given out to people."""

from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.core.orders import Page
from chalicelib.stores.table import Integer, Table, refused, updated

#: Whose addresses are registered one by one. What lies on those of people, custody knows (`stores.holdings`).
KINDS = ("hot", "cold")


class AddressRow(Table):
    """One address. `amount` in 1e-8, `at`: when that was last said, ms since epoch."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("addresses")

    asset = UnicodeAttribute(hash_key=True)
    address = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    message = UnicodeAttribute()
    signature = UnicodeAttribute()
    amount = Integer(default=0)
    at = Integer()


class ReserveRow(Table):
    """What an asset's addresses of each kind hold, and what is owed, 1e-8; `at`: when any of it was last said."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("reserves")

    asset = UnicodeAttribute(hash_key=True)
    hot = Integer(default=0)
    cold = Integer(default=0)
    user = Integer(default=0)
    owed = Integer(default=0)
    at = Integer(default=0)


class GivenRow(Table):
    """A deposit address that was given out, to be found both ways: under the person's uid, and under the address itself.

    `value` is the other one of the two. No uid looks like an address.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("deposit_addresses")

    holder = UnicodeAttribute(hash_key=True)
    asset = UnicodeAttribute(range_key=True)
    value = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Address:
    """An address of ours. `signature` is that of `message`, "" where a coin has no signed messages."""

    asset: str
    address: str
    kind: str
    message: str
    signature: str
    amount: int
    at: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """An asset's sums, 1e-8."""

    hot: int = 0
    cold: int = 0
    user: int = 0
    owed: int = 0
    at: int = 0


def add(one: Address) -> bool:
    """Register an address; False if it stands already."""
    row = AddressRow(
        one.asset,
        one.address,
        kind=one.kind,
        message=one.message,
        signature=one.signature,
        amount=one.amount,
        at=one.at,
    )
    try:
        row.save(AddressRow.asset.does_not_exist())
    except PutError as error:
        if refused(error):
            return False
        raise
    return True


def set_amount(asset: str, address: str, amount: int, at: int) -> bool:
    """Say what an address holds; False if it is not registered. Sums follow: see `sum_up`."""
    actions = [AddressRow.amount.set(amount), AddressRow.at.set(at)]
    return updated(AddressRow(asset, address), actions, AddressRow.asset.exists())


def of_asset(asset: str, limit: int) -> Page[Address]:
    """An asset's addresses, read consistently."""
    rows = [
        Address(row.asset, row.address, row.kind, row.message, row.signature, row.amount, row.at)
        for row in AddressRow.query(asset, consistent_read=True, limit=limit + 1)
    ]
    return Page(rows[:limit], more=len(rows) > limit)


def sum_up(asset: str, at: int) -> None:
    """Add up what all addresses of an asset hold, by kind. A repeat is harmless and mends what a crash left."""
    sums = dict.fromkeys(KINDS, 0)
    for row in AddressRow.query(asset, consistent_read=True):
        sums[row.kind] += row.amount
    _note(asset, [getattr(ReserveRow, kind).set(total) for kind, total in sums.items()], at)


def note_owed(asset: str, owed: int, at: int) -> None:
    """Note what is owed of an asset in all, as of its newest snapshot."""
    _note(asset, [ReserveRow.owed.set(owed)], at)


def note_user(asset: str, held: int, at: int) -> None:
    """Note what lies on people's deposit addresses in all."""
    _note(asset, [ReserveRow.user.set(held)], at)


def reserves(assets: Iterable[str]) -> dict[str, Reserve]:
    """asset → its sums: one call for all."""
    wanted = list(assets)
    rows = {
        row.asset: Reserve(row.hot or 0, row.cold or 0, row.user or 0, row.owed or 0, row.at or 0)
        for row in ReserveRow.batch_get(wanted)
    }
    return {asset: rows.get(asset, Reserve()) for asset in wanted}


def give(uid: str, asset: str, address: str) -> str:
    """Note that `uid` is given an address to deposit to; gives back the one that stands, which is an earlier one if there is any.

    The address is written first: one that a person has seen is one whose owner is found. A repeat is harmless. An account
    that is everybody's (with a memo) is noted for its first person, and means nothing.
    """
    _stand(GivenRow(address, asset, value=uid))
    return _stand(GivenRow(uid, asset, value=address))


def given(uid: str) -> dict[str, str]:
    """asset → the deposit address that `uid` was given. Consistent."""
    return {row.asset: row.value for row in GivenRow.query(uid, consistent_read=True)}


def owners(asset: str, addresses: Iterable[str]) -> dict[str, str]:
    """address → uid, of those of `addresses` that were given out for an asset. Consistent; any number of them."""
    wanted = [(address, asset) for address in dict.fromkeys(addresses)]
    return {row.holder: row.value for row in GivenRow.batch_get(wanted, consistent_read=True)} if wanted else {}


def _stand(row: GivenRow) -> str:
    """Put a row if there is none; gives back the value that stands."""
    try:
        row.save(GivenRow.holder.does_not_exist())
    except PutError as error:
        if not refused(error):
            raise
        return str(GivenRow.get(row.holder, row.asset, consistent_read=True).value)
    return str(row.value)


def _note(asset: str, actions: list[Action], at: int) -> None:
    ReserveRow(asset).update([*actions, ReserveRow.at.set(at)])
