"""A person's orders and trades: submit, cancel, list."""

from typing import Annotated

import msgspec

from chalicelib import clock
from chalicelib.api.draft import words
from chalicelib.api.draft.account.routes import routes
from chalicelib.api.draft.auth import Caller
from chalicelib.api.draft.endpoint import endpoint
from chalicelib.api.draft.errors import SPELLINGS
from chalicelib.api.draft.trades import rendered_trade
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
from chalicelib.core.orders import OrderView, Trade
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import trading


class OrderBody(Terms, forbid_unknown_fields=True, kw_only=True):
    """One order to place."""

    type: str


class SubmitBody(msgspec.Struct, forbid_unknown_fields=True):
    """Orders to place, at most ten."""

    orders: Annotated[list[OrderBody], msgspec.Meta(min_length=1, max_length=ORDERS_MAX)]


@endpoint(routes, "POST", "/draft/api/v2/user/submit_orders", authenticated=True)
def submit_orders(request: Request, caller: Caller) -> object:
    """Place up to ten orders; each is answered in the request's order, by its id or by 0 and a code."""
    body = request.body_as(SubmitBody)
    results = trading.place(
        caller.uid, [asked(order, order.type, "type", index) for index, order in enumerate(body.orders)]
    )
    return {"results": [_placed(result) for result in results]}


@endpoint(routes, "POST", "/draft/api/v2/user/cancel_orders", authenticated=True)
def cancel_orders(request: Request, caller: Caller) -> object:
    """Cancel orders; one whose outcome is not known in time is in neither list, and can be asked for again."""
    wanted = list(dict.fromkeys(request.body_as(CancelBody).order_ids))
    possible = [order for order in wanted if is_order_id(order)]
    outcome = trading.cancel(caller.uid, possible) if possible else None
    failed = [order for order in wanted if order not in possible or (outcome and order in outcome.failed)]
    code = SPELLINGS[Reason.NO_SUCH_ORDER].code
    return {
        "cancelled": outcome.cancelled if outcome else [],
        "failed": {str(order): {"code": code} for order in failed},
    }


@endpoint(routes, "GET", "/draft/api/v2/user/orders", authenticated=True, query=OrdersQuery)
def orders(request: Request, caller: Caller) -> object:
    """One's orders, newest first."""
    page = page_of_orders(caller.uid, request.query_as(OrdersQuery), words.STATUS, words.NEWEST)
    return {"hasMore": page.more, "orders": [_order_shown(view) for view in page.items]}


@endpoint(routes, "GET", "/draft/api/v2/user/trades", authenticated=True, query=TradesQuery)
def trades(request: Request, caller: Caller) -> object:
    """One's trades, as maker or taker, newest first, each with one's own order."""
    _, page = page_of_trades(caller.uid, request.query_as(TradesQuery), words.NEWEST)
    return {
        "timestamp": page.items[0].at if page.items else clock.now_ms(),
        "hasMore": page.more,
        "trades": [{**rendered_trade(one, _own_order(one, caller.uid)), "market": one.market} for one in page.items],
    }


def _own_order(trade: Trade, uid: str) -> int:
    return trade.taker_id if trade.taker_uid == uid else trade.maker_id


def _placed(result: int | Refused) -> dict[str, int]:
    if isinstance(result, Refused):
        return {"order_id": 0, "code": SPELLINGS[result.reason].code}
    return {"order_id": result}


def _order_shown(view: OrderView) -> dict[str, object]:
    """`value` is how much of the amount has been dealt."""
    order = view.order
    shown: dict[str, object] = {
        "order_id": str(order.id),
        "type": SIDE.say(order.side),
        "status": words.STATUS.say(view.status),
        "market": order.market,
        "price": words.number(order.price),
        "amount": words.number(order.amount),
        "value": words.number(order.filled),
        "created": order.created,
        "last_updated": order.created if view.updated is None else view.updated,
    }
    if order.client_order_id is not None:
        shown["client_order_id"] = order.client_order_id
    return shown
