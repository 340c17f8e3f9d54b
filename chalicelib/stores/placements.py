"""Client order ids: key (uid, client order id) → the order that the first request with it stands for, for 24 hours."""

from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError

from chalicelib import settings
from chalicelib.stores.table import Integer, Table, refused

KEPT_MS = 86_400_000


class PlacementRow(Table):
    """Which order a client order id stands for. `at`: when a request last took it on, in ms since epoch."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("placements")

    uid = UnicodeAttribute(hash_key=True)
    client_order_id = UnicodeAttribute(range_key=True)
    order_id = Integer()
    at = Integer()
    expires = TTLAttribute()


def claim(uid: str, client_order_id: str, order_id: int, at: int) -> tuple[int, int]:
    """Let `client_order_id` stand for `order_id` unless it stands for another already.

    Gives back (order id, at) of the claim that stands: this one, or the earlier one.
    """
    try:
        free = PlacementRow.uid.does_not_exist() | (PlacementRow.at < at - KEPT_MS)
        _row(uid, client_order_id, order_id, at).save(free)
    except PutError as error:
        if not refused(error):
            raise
        try:
            standing = PlacementRow.get(uid, client_order_id, consistent_read=True)
        except PlacementRow.DoesNotExist:  # released in between
            return claim(uid, client_order_id, order_id, at)
        return standing.order_id, standing.at
    return order_id, at


def find(uid: str, client_order_id: str, now: int) -> int | None:
    """The order that a client order id stands for at `now` (ms since epoch), if any."""
    try:
        standing = PlacementRow.get(uid, client_order_id, consistent_read=True)
    except PlacementRow.DoesNotExist:
        return None
    return standing.order_id if standing.at >= now - KEPT_MS else None


def take_over(uid: str, client_order_id: str, order_id: int, seen: int, at: int) -> bool:
    """Take on a claim whose request must have died: exactly one of several that try succeeds."""
    try:
        row = _row(uid, client_order_id, order_id, at)
        row.save((PlacementRow.order_id == order_id) & (PlacementRow.at == seen))
    except PutError as error:
        if not refused(error):
            raise
        return False
    return True


def release(uid: str, client_order_id: str, order_id: int) -> None:
    """Free a client order id whose order was refused: a refused order leaves no trace, so it may be tried again."""
    try:
        PlacementRow(uid, client_order_id).delete(PlacementRow.order_id == order_id)
    except DeleteError as error:
        if not refused(error):  # else it is free already: botocore repeats a delete whose answer was lost
            raise


def _row(uid: str, client_order_id: str, order_id: int, at: int) -> PlacementRow:
    expires = datetime.fromtimestamp((at + 2 * KEPT_MS) // 1000, UTC)
    return PlacementRow(uid, client_order_id, order_id=order_id, at=at, expires=expires)
