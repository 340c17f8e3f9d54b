"""The trade password."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chalicelib.api.broker import parameters
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.broker.security.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity

#: Whether the person means to modify; without a type it is what there is to do.
TYPES: Final[Mapping[str, bool | None]] = {"": None, "1": False, "2": True}


class TradePasswordBody(msgspec.Struct):
    """A trade password, typed twice, and a code. `old_trade_pwd` is ours."""

    type: str = ""
    trade_pwd: str = ""
    trade_pwd2: str = ""
    old_trade_pwd: str = ""
    order_id: str = ""
    verify_code: str = ""


@endpoint(routes, "POST", "/api/user/trade_pwd/set", authenticated=True)
def trade_pwd_set(request: Request, caller: Caller) -> object:
    """Set the trade password, or another one in its place."""
    body = parameters.read(request, TradePasswordBody)
    if body.type not in TYPES:
        raise Refused(Reason.PARAMETER_INVALID, "type")
    secret = parameters.given(body.trade_pwd, "trade_pwd")
    if parameters.given(body.trade_pwd2, "trade_pwd2") != secret:
        raise Refused(Reason.PASSWORDS_DIFFER, "trade_pwd2")
    sent = parameters.sent(body.order_id, body.verify_code)
    identity.set_trade_password(
        caller.uid, caller.session, secret, sent, modify=TYPES[body.type], old=body.old_trade_pwd or None
    )
    return {"success": True}
