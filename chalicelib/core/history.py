"""What an entry of a market's journal does to the lists that people read: orders and trades."""

from dataclasses import dataclass, replace

from chalicelib.core.orders import Ending, Entry, Order, OrderCancelled, OrderFilled, OrderPlaced, Trade


@dataclass(slots=True)
class OrderChange:
    """Where one entry leaves one order. `at`: the entry's moment; `placed`: the order when it arrived in this entry."""

    id: int
    uid: str
    amount: int
    filled: int
    at: int
    ending: Ending | None = None
    placed: Order | None = None

    @property
    def open(self) -> bool:
        """Whether the order still waits in the book after the entry."""
        return self.ending is None and self.filled < self.amount


def order_changes(entry: Entry) -> list[OrderChange]:
    """Each order that `entry` touches, once, as the entry leaves it."""
    changes: dict[int, OrderChange] = {}

    def change(order_id: int, uid: str, amount: int) -> OrderChange:
        return changes.setdefault(order_id, OrderChange(order_id, uid, amount, 0, entry.at))

    for event in entry.events:
        if isinstance(event, OrderPlaced):
            change(event.order.id, event.order.uid, event.order.amount).placed = event.order
        elif isinstance(event, OrderFilled):
            change(event.taker_id, event.taker_uid, event.taker_amount).filled = event.taker_filled
            change(event.maker_id, event.maker_uid, event.maker_amount).filled = event.maker_filled
        elif isinstance(event, OrderCancelled):
            cancelled = change(event.order_id, event.uid, event.amount)
            cancelled.filled, cancelled.ending = event.filled, event.ending
    return list(changes.values())


def as_left(change: OrderChange) -> Order:
    """The order that arrived in this entry, with the fills it had by its end."""
    assert change.placed is not None, "only an order that arrived in this entry is known whole"
    return replace(change.placed, filled=change.filled)


def trades(entry: Entry) -> list[Trade]:
    """The trades of an entry, in the order they happened."""
    return [
        Trade(
            id=fill.trade_id,
            market=entry.market,
            at=entry.at,
            price=fill.price,
            amount=fill.amount,
            quote=fill.quote,
            taker_side=fill.taker_side,
            taker_id=fill.taker_id,
            taker_uid=fill.taker_uid,
            maker_id=fill.maker_id,
            maker_uid=fill.maker_uid,
        )
        for fill in entry.events
        if isinstance(fill, OrderFilled)
    ]
