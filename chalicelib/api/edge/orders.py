"""Orders as the coinport dialects take them and ask for them. The documents differ in words and in what they show."""

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from chalicelib.api.edge import paging
from chalicelib.api.edge.json import Number
from chalicelib.api.edge.words import Words, market
from chalicelib.core.orders import OrderView, Page, Side, Status, TimeInForce, Trade
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import trading

ORDERS_MAX: Final = 10
CANCELS_MAX: Final = 200
SIDE: Final = Words("side", {Side.BUY: "buy", Side.SELL: "sell"})
TIME_IN_FORCE: Final = Words("time in force", {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"})


class Terms(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What an order asks for, but for its side, whose name differs. The last three fields are ours."""

    market: str
    price: Number
    amount: Number
    client_order_id: Annotated[str, msgspec.Meta(pattern=r"\A[ -~]{1,36}\Z")] | None = None
    time_in_force: str = "GTC"
    post_only: bool = False


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


def asked(terms: Terms, side: str, field: str, index: int) -> trading.OrderRequest:
    """Order `index` of a request, whose `side` stood in `field`. What cannot be said is `Refused`, naming its place."""
    tif = TIME_IN_FORCE.hear(terms.time_in_force, f"orders[{index}].time_in_force")
    if terms.post_only and tif is not TimeInForce.GTC:
        raise Refused(Reason.PARAMETER_INVALID, f"orders[{index}].post_only")
    return trading.OrderRequest(
        market=terms.market,
        side=SIDE.hear(side, f"orders[{index}].{field}"),
        price=Decimal(terms.price),
        amount=Decimal(terms.amount),
        tif=tif,
        post_only=terms.post_only,
        client_order_id=terms.client_order_id,
    )


def page_of_orders(uid: str, query: OrdersQuery, statuses: Words[Status, int], newest: str = "") -> Page[OrderView]:
    """One's orders, newest first; `statuses` are the dialect's codes, `newest` its cursor for the newest page."""
    if ids := paging.ids(query.ids):
        return trading.orders(uid, None, None, len(ids), None, ids)
    return trading.orders(
        uid,
        market(query.market).id if query.market else None,
        paging.cursor(query.cursor, newest),
        paging.limit(query.limit, default=50, most=200),
        statuses.hear(query.order_status, "order_status") if query.order_status else None,
        None,
    )


def page_of_trades(uid: str, query: TradesQuery, newest: str = "") -> tuple[str, Page[Trade]]:
    """The market asked for ("" for all), and one's trades, newest first."""
    if ids := paging.ids(query.ids):
        return "", trading.trades(uid, None, None, len(ids), ids)
    wanted = market(query.market).id if query.market else ""
    cursor = paging.cursor(query.cursor, newest)
    limit = paging.limit(query.limit, default=100, most=200)
    return wanted, trading.trades(uid, wanted or None, cursor, limit, None)
