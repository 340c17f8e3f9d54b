"""The slow, obvious twin of the book and of matching: one list in order of arrival, sorted anew whenever it is asked.

It shares the arithmetic of `core.money` and the shapes of `core.orders` with the real one, and nothing else.
"""

from copy import deepcopy
from dataclasses import replace

from chalicelib.core.ids import ORDER_BASE
from chalicelib.core.matching import Rules
from chalicelib.core.money import fee_on, quote_of_fill
from chalicelib.core.orders import (
    Cancel,
    Command,
    Ending,
    Event,
    Halt,
    MarketHalted,
    MarketResumed,
    Order,
    OrderCancelled,
    OrderFilled,
    OrderPlaced,
    Place,
    Resume,
    Side,
    TimeInForce,
)

ONE = 100_000_000  # of a unit, or of a price
OTHER = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def an_order(number: int, side: Side, price: int, amount: int, *, uid: str = "ann", **more) -> Order:
    """An order of market BTC-CNY with a real-looking id that ends in `number`, without fees unless told."""
    return Order(
        id=ORDER_BASE + number,
        uid=uid,
        market="BTC-CNY",
        side=side,
        price=price,
        amount=amount,
        created=1_800_000_000_000 + number,
        **{"maker_fee": 0, "taker_fee": 0, **more},
    )


class Twin:
    """A market as one would first write it down."""

    def __init__(self) -> None:
        self.resting: list[Order] = []  # in order of arrival
        self.halted = False

    def by_priority(self, side: Side) -> list[Order]:
        best_first = sorted({order.price for order in self.resting if order.side is side}, reverse=side is Side.BUY)
        return [order for price in best_first for order in self.resting if order.side is side and order.price == price]

    def apply(self, command: Command, rules: Rules) -> list[Event]:
        if isinstance(command, Place):
            twice = any(order.id == command.order.id for order in self.resting)
            return [] if twice else self.place(command.order, rules)
        if isinstance(command, Cancel):
            mine = [order for order in self.resting if (order.id, order.uid) == (command.order_id, command.uid)]
            return [self.cancelled(order, Ending.CANCELLED) for order in mine]
        if isinstance(command, Halt) and not self.halted:
            self.halted = True
            return [MarketHalted()]
        if isinstance(command, Resume) and self.halted:
            self.halted = False
            return [MarketResumed()]
        return []

    def place(self, order: Order, rules: Rules) -> list[Event]:
        taker = replace(order)
        placed = OrderPlaced(order)
        if self.halted:
            return [placed, self.cancelled(taker, Ending.HALTED)]
        if order.post_only and self.crossed_by(taker):
            return [placed, self.cancelled(taker, Ending.POST_ONLY)]
        if order.tif is TimeInForce.FOK:
            rehearsal = deepcopy(self).fill(replace(order), rules)
            if sum(event.amount for event in rehearsal if isinstance(event, OrderFilled)) < order.amount:
                return [placed, self.cancelled(taker, Ending.KILLED)]
        return [placed, *self.fill(taker, rules)]

    def crossed_by(self, taker: Order) -> list[Order]:
        makers = self.by_priority(OTHER[taker.side])
        if taker.side is Side.BUY:
            return [maker for maker in makers if maker.price <= taker.price]
        return [maker for maker in makers if maker.price >= taker.price]

    def fill(self, taker: Order, rules: Rules) -> list[Event]:  # noqa: PLR0911 - one for each way it can end
        events: list[Event] = []
        fills = 0
        while taker.filled < taker.amount and (makers := self.crossed_by(taker)):
            maker = makers[0]
            amount = min(taker.amount - taker.filled, maker.amount - maker.filled)
            quote = quote_of_fill(maker.price, amount)
            if fills == rules.fills_per_order_max:
                return [*events, self.cancelled(taker, Ending.FILL_LIMIT)]
            if maker.uid == taker.uid and not rules.self_trade_allowed:
                return [*events, self.cancelled(taker, Ending.SELF_TRADE)]
            if quote == 0:
                return [*events, self.cancelled(taker, Ending.DUST)]
            fills += 1
            taker.filled += amount
            maker.filled += amount
            buyer_rate = taker.taker_fee if taker.side is Side.BUY else maker.maker_fee
            seller_rate = taker.taker_fee if taker.side is Side.SELL else maker.maker_fee
            events.append(
                OrderFilled(
                    trade_id=taker.id * 1000 + fills,
                    taker_id=taker.id,
                    taker_uid=taker.uid,
                    taker_side=taker.side,
                    maker_id=maker.id,
                    maker_uid=maker.uid,
                    price=maker.price,
                    amount=amount,
                    quote=quote,
                    buyer_fee=fee_on(amount, buyer_rate),
                    seller_fee=fee_on(quote, seller_rate),
                    taker_price=taker.price,
                    taker_amount=taker.amount,
                    taker_filled=taker.filled,
                    maker_amount=maker.amount,
                    maker_filled=maker.filled,
                )
            )
            if maker.filled == maker.amount:
                self.resting = [order for order in self.resting if order.id != maker.id]
            elif quote_of_fill(maker.price, maker.amount - maker.filled) == 0:
                events.append(self.cancelled(maker, Ending.DUST))
        if taker.filled == taker.amount:
            return events
        if quote_of_fill(taker.price, taker.amount - taker.filled) == 0:
            return [*events, self.cancelled(taker, Ending.DUST)]
        if taker.tif is not TimeInForce.GTC:
            return [*events, self.cancelled(taker, Ending.IMMEDIATE)]
        self.resting.append(taker)
        return events

    def cancelled(self, order: Order, ending: Ending) -> OrderCancelled:
        self.resting = [other for other in self.resting if other.id != order.id]
        return OrderCancelled(order.id, order.uid, order.side, order.price, order.amount, order.filled, ending)
