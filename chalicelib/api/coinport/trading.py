"""A person's orders and trades: submit, cancel, list."""

from decimal import Decimal
from typing import Annotated, Final

import msgspec
from chalice.app import Blueprint

from chalicelib.api.coinport import words
from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import endpoint
from chalicelib.api.coinport.errors import SPELLINGS
from chalicelib.api.coinport.trades import rendered_trade
from chalicelib.api.edge import paging
from chalicelib.api.edge.json import Number
from chalicelib.api.edge.request import Request
from chalicelib.core.ids import is_order_id
from chalicelib.core.orders import OrderView, TimeInForce
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import trading

routes = Blueprint(__name__)

ORDERS_MAX: Final = 10
CANCELS_MAX: Final = 200


class OrderBody(msgspec.Struct, forbid_unknown_fields=True):
    """One order to place. The last three fields are ours."""

    market: str
    operation: str
    price: Number
    amount: Number
    client_order_id: Annotated[str, msgspec.Meta(pattern=r"\A[ -~]{1,36}\Z")] | None = None
    time_in_force: str = "GTC"
    post_only: bool = False


class SubmitBody(msgspec.Struct, forbid_unknown_fields=True):
    """Orders to place, at most ten."""

    orders: Annotated[list[OrderBody], msgspec.Meta(min_length=1, max_length=ORDERS_MAX)]


class CancelBody(msgspec.Struct, forbid_unknown_fields=True):
    """Orders to cancel."""

    order_ids: Annotated[list[int], msgspec.Meta(max_length=CANCELS_MAX)]


class OrdersQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which of one's orders; `cursor` is an order id, `ids` makes the rest void."""

    market: str = ""
    cursor: str = ""
    limit: str = ""
    order_status: str = ""
    ids: str = ""


class TradesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which of one's trades; `cursor` is a trade id, `ids` makes the rest void."""

    market: str = ""
    cursor: str = ""
    limit: str = ""
    ids: str = ""


@endpoint(routes, "POST", "/api/v2/user/submit_orders", authenticated=True)
def submit_orders(request: Request, caller: Caller) -> object:
    """Place up to ten orders; each is answered in the request's order, by its id or by ``"0"`` and a code."""
    body = request.body_as(SubmitBody)
    results = trading.place(caller.uid, [_order(index, order) for index, order in enumerate(body.orders)])
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
    query = request.query_as(OrdersQuery)
    if ids := paging.ids(query.ids):
        page = trading.orders(caller.uid, None, None, len(ids), None, ids)
    else:
        page = trading.orders(
            caller.uid,
            words.market(query.market).id if query.market else None,
            paging.cursor(query.cursor),
            paging.limit(query.limit, default=50, most=200),
            words.STATUS.hear(query.order_status, "order_status") if query.order_status else None,
            None,
        )
    return {"hasMore": page.more, "orders": [_order_shown(view) for view in page.items]}


@endpoint(routes, "GET", "/api/v2/user/trades", authenticated=True, query=TradesQuery)
def trades(request: Request, caller: Caller) -> object:
    """One's trades, as maker or taker, newest first."""
    query = request.query_as(TradesQuery)
    market = ""
    if ids := paging.ids(query.ids):
        page = trading.trades(caller.uid, None, None, len(ids), ids)
    else:
        market = words.market(query.market).id if query.market else ""
        page = trading.trades(
            caller.uid,
            market or None,
            paging.cursor(query.cursor),
            paging.limit(query.limit, default=100, most=200),
            None,
        )
    shown = [{**rendered_trade(trade), "market": trade.market} for trade in page.items]
    return {"hasMore": page.more, "market": market, "trades": shown}


def _order(index: int, order: OrderBody) -> trading.OrderRequest:
    """An order in our words. What cannot be said in them is `Refused`, naming its place in the request."""
    tif = words.TIME_IN_FORCE.hear(order.time_in_force, f"orders[{index}].time_in_force")
    if order.post_only and tif is not TimeInForce.GTC:
        raise Refused(Reason.PARAMETER_INVALID, f"orders[{index}].post_only")
    return trading.OrderRequest(
        market=order.market,
        side=words.OPERATION.hear(order.operation, f"orders[{index}].operation"),
        price=Decimal(order.price),
        amount=Decimal(order.amount),
        tif=tif,
        post_only=order.post_only,
        client_order_id=order.client_order_id,
    )


def _placed(result: int | Refused) -> dict[str, str]:
    if isinstance(result, Refused):
        return {"order_id": "0", "code": str(SPELLINGS[result.reason].code)}
    return {"order_id": str(result)}


def _order_shown(view: OrderView) -> dict[str, object]:
    order = view.order
    shown: dict[str, object] = {
        "id": str(order.id),
        "operation": words.OPERATION.say(order.side),
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
