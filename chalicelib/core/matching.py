"""The rules of a market: a fold of commands over its book that yields events. Pure and deterministic.

An order trades at its makers' prices, best price first, then first come. What is left of it rests, unless a rule ends
it; `Ending` names these rules. Nothing is ever filled for a quote of 0.

If a function here raises, the state may be half changed: discard it and load it again from the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from chalicelib.core.book import Book
from chalicelib.core.ids import TRADES_PER_ORDER, trade_id
from chalicelib.core.money import fee_on, quote_of_fill
from chalicelib.core.orders import (
    Cancel,
    Command,
    Ending,
    Entry,
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
    is_dust,
)

_OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


@dataclass(frozen=True, slots=True)
class Rules:
    """What an exchange may choose: whether a person may trade with himself, and how many fills one order may have."""

    self_trade_allowed: bool
    fills_per_order_max: int = TRADES_PER_ORDER

    def __post_init__(self) -> None:
        if not 1 <= self.fills_per_order_max <= TRADES_PER_ORDER:
            raise ValueError(self.fills_per_order_max)


@dataclass(slots=True)
class MarketState:
    """All that the fold of a market's journal remembers: `seq` and `at` (ms since epoch) of the last entry."""

    book: Book = field(default_factory=Book)
    halted: bool = False
    seq: int = 0
    at: int = 0


class BrokenJournal(AssertionError):  # noqa: N818 - it names what is found, as `Refused` does
    """An entry that cannot follow from the entries before it. The state it was applied to is to be discarded."""


# --- deciding -------------------------------------------------------------------------------------------------------


def apply(state: MarketState, command: Command, at: int, rules: Rules) -> list[Event]:
    """What `command` does to the market at `at` (ms since epoch): the events, already applied to the state.

    None if it changes nothing: an order that rests here already, say, was delivered twice. `seq` and `at` of the state
    stay: they move when the events are sealed into an entry. Raises `ValueError` as `place` does.
    """
    match command:
        case Place(order) if state.book.get(order.id) is None:
            if state.halted:
                return [OrderPlaced(order), _cancelled(order, 0, Ending.HALTED)]
            return place(state.book, order, at, rules)
        case Cancel(order_id, uid):
            return cancel(state.book, order_id, uid)
        case Halt() if not state.halted:
            state.halted = True
            return [MarketHalted()]
        case Resume() if state.halted:
            state.halted = False
            return [MarketResumed()]
        case _:
            return []


def place(book: Book, order: Order, at: int, rules: Rules) -> list[Event]:  # noqa: ARG001 - no rule asks for the time yet
    """Match `order` against the book and let the rest of it rest, if nothing ends it.

    The first event keeps `order` itself, which stays unfilled; what rests is a copy. Raises `ValueError`, with the book
    untouched, for an order that has fills, has no price or amount above 0, or rests here already.
    """
    if order.filled or order.price <= 0 or order.amount <= 0 or book.get(order.id) is not None:
        raise ValueError(order)
    events: list[Event] = [OrderPlaced(order)]
    if order.post_only and _crosses(order, book.best(_OPPOSITE[order.side])):
        events.append(_cancelled(order, 0, Ending.POST_ONLY))
        return events
    fillable, ending = _plan(book, order, rules)
    if order.tif is TimeInForce.FOK and fillable < order.amount:
        events.append(_cancelled(order, 0, Ending.KILLED))
        return events
    filled = 0
    for number, (maker, amount) in enumerate(book.take(order.side, order.price, fillable), 1):
        filled += amount
        events.append(_filled(order, filled, number, maker, amount))
        if is_dust(maker.price, maker.remaining):
            book.cancel(maker.id)
            events.append(_cancelled(maker, maker.filled, Ending.DUST))
    if ending is not None:
        events.append(_cancelled(order, filled, ending))
    elif filled < order.amount:
        book.place(_copy(order, filled))
    return events


def cancel(book: Book, order_id: int, uid: str) -> list[Event]:
    """Take the order of this id out of the book; no event when it does not rest here or is not `uid`'s."""
    order = book.get(order_id)
    if order is None or order.uid != uid:
        return []
    book.cancel(order_id)
    return [_cancelled(order, order.filled, Ending.CANCELLED)]


def reject(order: Order) -> list[Event]:
    """The events of an order on which `place` raised: it came, and it left for an error of ours. No state changes."""
    return [OrderPlaced(_copy(order, 0)), _cancelled(order, 0, Ending.REJECTED)]


def seal(state: MarketState, market: str, at: int, events: Sequence[Event]) -> Entry:
    """Make `events`, already applied, the state's next entry, at `at` (ms since epoch) or later if the clock fell."""
    state.seq += 1
    state.at = max(at, state.at)
    return Entry(market=market, seq=state.seq, at=state.at, events=tuple(events))


def _plan(book: Book, order: Order, rules: Rules) -> tuple[int, Ending | None]:
    """How much of an arriving order can fill now, and why what is then left may not rest. The book stays as it is.

    The rules are asked in the order of their mention, each at the maker that would be next.
    """
    rest = order.amount
    for fills, maker in enumerate(book.makers(_OPPOSITE[order.side])):
        if not rest or not _crosses(order, maker.price):
            break
        if fills == rules.fills_per_order_max:
            return order.amount - rest, Ending.FILL_LIMIT
        if maker.uid == order.uid and not rules.self_trade_allowed:
            return order.amount - rest, Ending.SELF_TRADE
        part = min(rest, maker.remaining)
        if not quote_of_fill(maker.price, part):
            return order.amount - rest, Ending.DUST
        rest -= part
    if is_dust(order.price, rest):
        return order.amount - rest, Ending.DUST
    if rest and order.tif is not TimeInForce.GTC:
        return order.amount - rest, Ending.IMMEDIATE
    return order.amount - rest, None


def _crosses(order: Order, price: int | None) -> bool:
    """Whether `order` would trade at `price`, which the other side offers (None: it offers nothing)."""
    if price is None:
        return False
    return price <= order.price if order.side is Side.BUY else price >= order.price


def _copy(order: Order, filled: int) -> Order:
    """Another object for the same order, with `filled` of it filled; an eighth of the time of `dataclasses.replace`."""
    return Order(
        order.id,
        order.uid,
        order.market,
        order.side,
        order.price,
        order.amount,
        order.created,
        order.maker_fee,
        order.taker_fee,
        order.tif,
        order.post_only,
        order.client_order_id,
        filled,
    )


def _filled(taker: Order, taker_filled: int, number: int, maker: Order, amount: int) -> OrderFilled:
    """The event of fill `number` (from 1) of `taker`, of `amount`, which `taker_filled` and the maker count already."""
    quote = quote_of_fill(maker.price, amount)
    if taker.side is Side.BUY:
        buyer_rate, seller_rate = taker.taker_fee, maker.maker_fee
    else:
        buyer_rate, seller_rate = maker.maker_fee, taker.taker_fee
    return OrderFilled(
        trade_id=trade_id(taker.id, number),
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
        taker_filled=taker_filled,
        maker_amount=maker.amount,
        maker_filled=maker.filled,
    )


def _cancelled(order: Order, filled: int, ending: Ending) -> OrderCancelled:
    """The event of `order` leaving the market with `filled` of it filled."""
    return OrderCancelled(
        order_id=order.id,
        uid=order.uid,
        side=order.side,
        price=order.price,
        amount=order.amount,
        filled=filled,
        ending=ending,
    )


# --- replaying ------------------------------------------------------------------------------------------------------


def replay(state: MarketState, entry: Entry) -> None:
    """Apply an entry that was decided before: no rule is asked, but every figure of every event is checked.

    Afterwards the state equals that of the market when it sealed the entry, order of priority included.
    Raises `BrokenJournal` for an entry that is out of turn or does not follow from the state.
    """
    if entry.seq != state.seq + 1 or entry.at < state.at:
        raise BrokenJournal((state.seq, state.at), (entry.seq, entry.at))
    step = _Replay(state)
    for event in entry.events:
        step.apply(event)
    step.settle()
    state.seq, state.at = entry.seq, entry.at


class _Replay:
    """The replay of one entry. From its `OrderPlaced` until its rest is gone or rests, an order is arriving."""

    __slots__ = ("arriving", "fills", "state")

    def __init__(self, state: MarketState) -> None:
        self.state = state
        self.arriving: Order | None = None
        self.fills = 0

    def apply(self, event: Event) -> None:
        """Do what `event` tells, or raise `BrokenJournal`."""
        match event:
            case OrderPlaced(order):
                self.settle()
                if order.filled or self.state.book.get(order.id) is not None:
                    _broken(event)
                self.arriving, self.fills = _copy(order, 0), 0
            case OrderFilled():
                self._fill(event)
            case OrderCancelled():
                leaving = self.arriving
                if leaving is not None and leaving.id == event.order_id:
                    self.arriving = None
                else:
                    leaving = self.state.book.cancel(event.order_id)
                if leaving is None or _cancelled(leaving, leaving.filled, event.ending) != event:
                    _broken(event)
            case MarketHalted() | MarketResumed():
                self.settle()
                halted = isinstance(event, MarketHalted)
                if halted is self.state.halted:
                    _broken(event)
                self.state.halted = halted

    def settle(self) -> None:
        """Let what remains of the arriving order rest; nothing of it may still cross."""
        order, self.arriving = self.arriving, None
        if order is None or not order.remaining:
            return
        book = self.state.book
        crosses = _crosses(order, book.best(_OPPOSITE[order.side]))
        if crosses or self.state.halted or order.tif is not TimeInForce.GTC:
            _broken(order)
        book.place(order)

    def _fill(self, event: OrderFilled) -> None:
        """Fill the arriving order and the first maker of the other side, who must be the event's."""
        taker = self.arriving
        if taker is None or self.state.halted or not 0 < event.amount <= taker.remaining:
            _broken(event)
        fills = self.state.book.take(taker.side, taker.price, event.amount)
        taker.filled += event.amount
        self.fills += 1
        if len(fills) != 1 or _filled(taker, taker.filled, self.fills, *fills[0]) != event:
            _broken(event)


def _broken(found: object) -> NoReturn:
    raise BrokenJournal(found)
