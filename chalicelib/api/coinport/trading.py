"""A person's orders and trades: submit, cancel, list."""

from typing import Annotated

import msgspec
from chalice.app import Blueprint

from chalicelib.api.coinport import words
from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import endpoint
from chalicelib.api.coinport.errors import SPELLINGS
from chalicelib.api.coinport.trades import rendered_trade
from chalicelib.api.edge.orders import (
    ORDERS_MAX,
    SIDE,
    CancelBody,
    OrdersQuery,
    Terms,
    TradesQuery,
    asked,
    page_of_orders,
    page_of_trades,
)
from chalicelib.api.edge.request import Request
from chalicelib.core.ids import is_order_id
from chalicelib.core.orders import OrderView
from chalicelib.core.reasons import Refused
from chalicelib.services import trading

routes = Blueprint(__name__)


class OrderBody(Terms, forbid_unknown_fields=True, kw_only=True):
    """One order to place."""

    operation: str


class SubmitBody(msgspec.Struct, forbid_unknown_fields=True):
    """Orders to place, at most ten."""

    orders: Annotated[list[OrderBody], msgspec.Meta(min_length=1, max_length=ORDERS_MAX)]


@endpoint(routes, "POST", "/api/v2/user/submit_orders", authenticated=True)
def submit_orders(request: Request, caller: Caller) -> object:
    """Place up to ten orders; each is answered in the request's order, by its id or by ``"0"`` and a code."""
    body = request.body_as(SubmitBody)
    results = trading.place(
        caller.uid, [asked(order, order.operation, "operation", index) for index, order in enumerate(body.orders)]
    )
    return {"results": [_placed(result) for result in results]}


@endpoint(routes, "POST", "/api/v2/user/cancel_orders", authenticated=True)
def cancel_orders(request: Request, caller: Caller) -> object:
    """Cancel orders; one whose outcome is not known in time is in neither list, and can be asked for again."""
    wanted = list(dict.fromkeys(request.body_as(CancelBody).order_ids))
    possible = [order for order in wanted if is_order_id(order)]
    impossible = [order for order in wanted if not is_order_id(order)]
    if not possible:
        return {"cancelled": [], "failed": impossible}
    outcome = trading.cancel(caller.uid, possible)
    return {"cancelled": outcome.cancelled, "failed": [*outcome.failed, *impossible]}


@endpoint(routes, "GET", "/api/v2/user/orders", authenticated=True, query=OrdersQuery)
def orders(request: Request, caller: Caller) -> object:
    """One's orders, newest first."""
    page = page_of_orders(caller.uid, request.query_as(OrdersQuery), words.STATUS)
    return {"hasMore": page.more, "orders": [_order_shown(view) for view in page.items]}


@endpoint(routes, "GET", "/api/v2/user/trades", authenticated=True, query=TradesQuery)
def trades(request: Request, caller: Caller) -> object:
    """One's trades, as maker or taker, newest first."""
    market, page = page_of_trades(caller.uid, request.query_as(TradesQuery))
    shown = [{**rendered_trade(trade), "market": trade.market} for trade in page.items]
    return {"hasMore": page.more, "market": market, "trades": shown}


def _placed(result: int | Refused) -> dict[str, str]:
    if isinstance(result, Refused):
        return {"order_id": "0", "code": str(SPELLINGS[result.reason].code)}
    return {"order_id": str(result)}


def _order_shown(view: OrderView) -> dict[str, object]:
    order = view.order
    shown: dict[str, object] = {
        "id": str(order.id),
        "operation": SIDE.say(order.side),
        "status": words.STATUS.say(view.status),
        "market": order.market,
        "price": words.number(order.price),
        "amount": words.number(order.amount),
        "dealed_amount": words.number(order.filled),
        "created": order.created,
    }
    if order.client_order_id is not None:
        shown["client_order_id"] = order.client_order_id
    return shown
