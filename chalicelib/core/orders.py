"""Orders, and the events that a market's journal is made of.

Commands are imperative (`Place`, `Cancel`, `Halt`, `Resume`), events are past tense. An entry's events hold all that is
needed to settle accounts and to write orders and trades, so that a replay needs the entry alone and no book.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from chalicelib.core.money import hold_of_buy, quote_of_fill

Item = TypeVar("Item")


class Side(StrEnum):
    """What an order does with the base asset."""

    BUY = "buy"
    SELL = "sell"


class TimeInForce(StrEnum):
    """How long an order may wait: until cancelled, not at all, or only if all of it fills at once."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Status(StrEnum):
    """The life of an order as people see it."""

    OPEN = "open"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELLED = "cancelled"


class Ending(StrEnum):
    """Why an order left the market with something unfilled. Each is shown to people as cancelled."""

    CANCELLED = "cancelled"  # its owner asked
    IMMEDIATE = "immediate"  # IOC: the rest could not fill at once
    KILLED = "killed"  # FOK: not all of it could fill at once
    POST_ONLY = "post_only"  # it would have taken
    SELF_TRADE = "self_trade"  # the next maker was its own owner
    FILL_LIMIT = "fill_limit"  # it had its 1000 fills
    DUST = "dust"  # the rest is worth less than 1e-8 quote
    HALTED = "halted"  # the market was halted when it arrived
    REJECTED = "rejected"  # the matcher could not process it: an error of ours, with an alarm


@dataclass(slots=True)
class Order:
    """One order. `price`, `amount`, `filled`, fee rates: see `core.money`; `created`: ms since epoch."""

    id: int
    uid: str
    market: str
    side: Side
    price: int
    amount: int
    created: int
    maker_fee: int
    taker_fee: int
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    client_order_id: str | None = None
    filled: int = 0

    @property
    def remaining(self) -> int:
        """What is still to fill, in 1e-8 base."""
        return self.amount - self.filled

    @property
    def hold(self) -> int:
        """What its owner's account keeps frozen for it now."""
        return hold_of(self.side, self.price, self.amount - self.filled)


def hold_of(side: Side, price: int, remaining: int) -> int:
    """What an open order with `remaining` to fill keeps frozen: quote for a buy, base for a sell (1e-8)."""
    return hold_of_buy(price, remaining) if side is Side.BUY else remaining


def is_dust(price: int, remaining: int) -> bool:
    """Whether what is left of an order is worth less than 1e-8 quote at its own price, so that nobody could pay for it."""
    return remaining > 0 and quote_of_fill(price, remaining) == 0


def status_of(amount: int, filled: int, ending: Ending | None) -> Status:
    """An order's status: cancelled as soon as anything ended it unfilled, with or without fills."""
    if ending is not None:
        return Status.CANCELLED
    if filled == amount:
        return Status.FILLED
    return Status.PARTIAL if filled else Status.OPEN


# --- commands -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Bring `order` (unfilled) to its market."""

    order: Order


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take an order out of its market, if it is there and belongs to `uid`."""

    order_id: int
    uid: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Refuse new orders from here on; cancels still pass."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Take new orders again."""


Command = Place | Cancel | Halt | Resume


# --- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """The market took note of an order: `order` as it arrived, `filled` 0. What it did follows in the same entry;
    what then remains, and was not cancelled, rests at the end of its price level."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """A taker met a maker at the maker's price. Also the trade, as people see it.

    `quote` is the one integer both legs use; `buyer_fee` is in base, `seller_fee` in quote (1e-8);
    `maker_filled` and `taker_filled` are cumulative after this fill, `maker_amount` the maker's whole order.
    """

    trade_id: int
    taker_id: int
    taker_uid: str
    taker_side: Side
    maker_id: int
    maker_uid: str
    price: int
    amount: int
    quote: int
    buyer_fee: int
    seller_fee: int
    taker_price: int
    taker_amount: int
    taker_filled: int
    maker_amount: int
    maker_filled: int


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """An order left the market with `amount - filled` unfilled, for the reason `ending`."""

    order_id: int
    uid: str
    side: Side
    price: int
    amount: int
    filled: int
    ending: Ending


@dataclass(frozen=True, slots=True)
class MarketHalted:
    """New orders are refused from here on."""


@dataclass(frozen=True, slots=True)
class MarketResumed:
    """New orders are taken again."""


Event = OrderPlaced | OrderFilled | OrderCancelled | MarketHalted | MarketResumed


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit of a market: everything one step did. `seq` counts from 1 without a gap; `at`: ms since epoch, never falling."""

    market: str
    seq: int
    at: int
    events: tuple[Event, ...]


# --- what readers are shown -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its owner sees it: as placed and filled so far, and why it ended unfilled, if it did.

    `updated`: when its market last touched it, ms since epoch; None in rows from before that was written down.
    """

    order: Order
    ending: Ending | None
    updated: int | None

    @property
    def status(self) -> Status:
        """Where the order stands in its life."""
        return status_of(self.order.amount, self.order.filled, self.ending)


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade as people see it. `at`: ms since epoch; `price`, `amount`, `quote`: see `core.money`."""

    id: int
    market: str
    at: int
    price: int
    amount: int
    quote: int
    taker_side: Side
    taker_id: int
    taker_uid: str
    maker_id: int
    maker_uid: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Part of a list, newest first; `more` tells exactly whether another page follows."""

    items: list[Item]
    more: bool
