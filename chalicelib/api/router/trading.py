"""Buying and selling: an order rests in the same book, and fills against the same orders, as in every dialect."""

from typing import Final

import msgspec

from chalicelib import settings
from chalicelib.api.edge.callers import Caller
from chalicelib.api.edge.request import Request
from chalicelib.api.router import words
from chalicelib.api.router.methods import method
from chalicelib.core.orders import Side
from chalicelib.core.reasons import Refused
from chalicelib.services import trading

#: Under which name `exchange.toml` has the rate of orders that are placed here.
DIALECT: Final = "router"


class Terms(msgspec.Struct, forbid_unknown_fields=True):
    """An order: so much of the pair's first coin, at a price in its second."""

    pair: str
    amount: str
    price: str


@method(Terms, authenticated=True, changing=True)
def buy(_request: Request, terms: Terms, caller: Caller) -> object:
    """Place an order to buy. The answer is its id."""
    return _place(caller, Side.BUY, terms)


@method(Terms, authenticated=True, changing=True)
def sell(_request: Request, terms: Terms, caller: Caller) -> object:
    """Place an order to sell. The answer is its id."""
    return _place(caller, Side.SELL, terms)


def _place(caller: Caller, side: Side, terms: Terms) -> str:
    request = trading.OrderRequest(
        market=words.market(terms.pair).id,
        side=side,
        price=words.units(terms.price, "price"),
        amount=words.units(terms.amount, "amount"),
        fee=settings.exchange().order_fees.get(DIALECT),
    )
    (placed,) = trading.place(caller.uid, [request])
    if isinstance(placed, Refused):
        raise placed
    return str(placed)
