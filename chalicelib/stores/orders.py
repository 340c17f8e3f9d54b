"""Orders: key (uid, order id), so that a person's list, single orders and cancels need no index.

Rows are written by the matcher alone, as consequences of journal entries. A row that can still change carries `seq`, the
entry that it reflects, and is written on the condition that it does not go back; a row in its final state never changes again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.core.history import OrderChange, as_left
from chalicelib.core.orders import Ending, Order, OrderView, Page, Side, Status, TimeInForce, status_of
from chalicelib.stores import aws
from chalicelib.stores.table import Integer, Table, refused, updated

BATCH_GETS_MAX = 100
#: Rows that one call looks at for a filtered list: about the megabyte that a call reads at most.
FILTERED_PAGE = 3_000


class OrderRow(Table):
    """One order as its owner sees it."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("orders")

    uid = UnicodeAttribute(hash_key=True)
    id = Integer(range_key=True)
    market = UnicodeAttribute()
    side = UnicodeAttribute()
    price = Integer()
    amount = Integer()
    filled = Integer()
    created = Integer()
    maker_fee = Integer()
    taker_fee = Integer()
    tif = UnicodeAttribute()
    post_only = BooleanAttribute()
    client_order_id = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    ending = UnicodeAttribute(null=True)
    seq = Integer()
    updated = Integer(null=True)


def to_list(order: Order) -> list[Any]:
    """An unfilled order as plain values, for a message, an intent or the journal."""
    return [
        order.id, order.uid, order.market, order.side, order.price, order.amount, order.created,
        order.maker_fee, order.taker_fee, order.tif, int(order.post_only), order.client_order_id,
    ]  # fmt: skip


def from_list(values: Sequence[Any]) -> Order:
    """The order that `to_list` wrote. Raises ValueError or TypeError for anything else."""
    order_id, uid, market, side, price, amount, created, maker_fee, taker_fee, tif, post_only, client_order_id = values
    return Order(
        id=order_id,
        uid=uid,
        market=market,
        side=Side(side),
        price=price,
        amount=amount,
        created=created,
        maker_fee=maker_fee,
        taker_fee=taker_fee,
        tif=TimeInForce(tif),
        post_only=bool(post_only),
        client_order_id=client_order_id,
    )


def final_row(change: OrderChange, seq: int) -> OrderRow:
    """The row of an order that came and ended within entry `seq`: nothing will ever change it, so it needs no condition."""
    assert not change.open
    return _row(change, seq)


def write(change: OrderChange, seq: int) -> None:
    """Bring an order that rests, or rested before entry `seq`, to where that entry leaves it. Repeats change nothing.

    Safe against a matcher that was overtaken: its late write finds a newer `seq` and is refused.
    """
    if change.placed is not None:
        try:
            _row(change, seq).save(OrderRow.uid.does_not_exist())
        except PutError as error:
            if not refused(error):
                raise
        return
    actions: list[Action] = [
        OrderRow.filled.set(change.filled),
        OrderRow.status.set(status_of(change.amount, change.filled, change.ending)),
        OrderRow.seq.set(seq),
        OrderRow.updated.set(change.at),
    ]
    if change.ending is not None:
        actions.append(OrderRow.ending.set(change.ending))
    updated(OrderRow(change.uid, change.id), actions, OrderRow.uid.exists() & (OrderRow.seq < seq))


def get(uid: str, order_ids: Iterable[int]) -> dict[int, OrderView]:
    """A person's orders among `order_ids`, by id, read consistently. Unknown ids are left out."""
    keys = [(uid, order_id) for order_id in dict.fromkeys(order_ids)]
    return {row.id: _view(row) for row in OrderRow.batch_get(keys, consistent_read=True)} if keys else {}


def known(orders: Sequence[Order]) -> set[int]:
    """Which of `orders` have a row already, that is, went through their market's journal. Consistent."""
    chunks = [orders[start : start + BATCH_GETS_MAX] for start in range(0, len(orders), BATCH_GETS_MAX)]

    def ids(chunk: Sequence[Order]) -> set[int]:
        keys = [(order.uid, order.id) for order in chunk]
        return {row.id for row in OrderRow.batch_get(keys, consistent_read=True, attributes_to_get=["uid", "id"])}

    return set().union(*aws.in_parallel(ids, chunks)) if chunks else set()


def rows(keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], tuple[OrderView, int]]:
    """(uid, order id) → the order and the entry that its row reflects, for those of `keys` that have a row. Consistent."""
    found = OrderRow.batch_get(list(keys), consistent_read=True) if keys else ()
    return {(row.uid, row.id): (_view(row), row.seq) for row in found}


def positions(uid: str, order_ids: Iterable[int]) -> dict[int, int]:
    """order id → the entry that its row reflects, for those of a person's orders that have a row. Consistent."""
    keys = [(uid, order_id) for order_id in order_ids]
    return {row.id: row.seq for row in OrderRow.batch_get(keys, consistent_read=True)}


def of_user(uid: str, market: str | None, before: int | None, limit: int, status: Status | None) -> Page[OrderView]:
    """A person's orders with id < `before` (None: from the newest), newest first, at most `limit`."""
    condition = None
    if market is not None:
        condition = OrderRow.market == market
    if status is not None:
        condition = (OrderRow.status == status) & condition if condition is not None else OrderRow.status == status
    found = OrderRow.query(
        uid,
        None if before is None else OrderRow.id < before,
        filter_condition=condition,
        consistent_read=True,
        scan_index_forward=False,
        limit=limit + 1,
        # PynamoDB would look at as few rows a call as it is to give back; a filter may pass over most of them.
        page_size=None if condition is None else FILTERED_PAGE,
    )
    rows = [_view(row) for row in found]
    return Page(rows[:limit], more=len(rows) > limit)


def count() -> int:
    """How many orders have a row. Consistent."""
    return sum(1 for _ in OrderRow.scan(consistent_read=True, attributes_to_get=["uid"]))


def _row(change: OrderChange, seq: int) -> OrderRow:
    order = as_left(change)
    return OrderRow(
        order.uid,
        order.id,
        market=order.market,
        side=order.side,
        price=order.price,
        amount=order.amount,
        filled=order.filled,
        created=order.created,
        maker_fee=order.maker_fee,
        taker_fee=order.taker_fee,
        tif=order.tif,
        post_only=order.post_only,
        client_order_id=order.client_order_id,
        status=status_of(order.amount, order.filled, change.ending),
        ending=change.ending,
        seq=seq,
        updated=change.at,
    )


def _view(row: OrderRow) -> OrderView:
    order = Order(
        id=row.id,
        uid=row.uid,
        market=row.market,
        side=Side(row.side),
        price=row.price,
        amount=row.amount,
        created=row.created,
        maker_fee=row.maker_fee,
        taker_fee=row.taker_fee,
        tif=TimeInForce(row.tif),
        post_only=row.post_only,
        client_order_id=row.client_order_id,
        filled=row.filled,
    )
    return OrderView(order, None if row.ending is None else Ending(row.ending), row.updated)
