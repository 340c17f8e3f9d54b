"""Where a person's withdrawals of a coin go unless they say otherwise: key (uid, asset)."""

from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import settings
from chalicelib.stores.table import Integer, Table, refused


class WithdrawalAddressRow(Table):
    """One bound address. `usable_from`: ms since epoch."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("withdrawal_addresses")

    uid = UnicodeAttribute(hash_key=True)
    asset = UnicodeAttribute(range_key=True)
    address = UnicodeAttribute()
    usable_from = Integer()


@dataclass(frozen=True, slots=True)
class Bound:
    """An address as bound: from `usable_from` on (ms since epoch) withdrawals may go there."""

    address: str
    usable_from: int


def get(uid: str, asset: str) -> Bound | None:
    """The address bound to a coin, read consistently."""
    try:
        row = WithdrawalAddressRow.get(uid, asset, consistent_read=True)
    except WithdrawalAddressRow.DoesNotExist:
        return None
    return Bound(row.address, row.usable_from)


def put(uid: str, asset: str, before: Bound | None, now: Bound) -> bool:
    """Bind an address in the place of the one that was read (None: there was none); False if another stands there by now.

    Repeated unseen, it says False, and what stands there is what was to be bound.
    """
    row = WithdrawalAddressRow(uid, asset, address=now.address, usable_from=now.usable_from)
    condition = (
        WithdrawalAddressRow.uid.does_not_exist()
        if before is None
        else (WithdrawalAddressRow.address == before.address) & (WithdrawalAddressRow.usable_from == before.usable_from)
    )
    try:
        row.save(condition)
    except PutError as error:
        if not refused(error):
            raise
        return False
    return True
