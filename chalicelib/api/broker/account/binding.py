"""A mobile number or an e-mail address for a person who has the other, or another one."""

import msgspec

from chalicelib.api.broker import parameters
from chalicelib.api.broker.account.routes import routes
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.edge.request import Request
from chalicelib.services import identity


class BindMobile(msgspec.Struct):
    """A number with the code that went to it, and one that went to what is bound."""

    national_code: str
    mobile: str
    mobile_order_id: str = ""
    mobile_verify_code: str = ""
    order_id: str = ""
    verify_code: str = ""


class BindEmail(msgspec.Struct):
    """An address with the code that went to it, and one that went to what is bound."""

    email: str
    email_order_id: str = ""
    email_verify_code: str = ""
    order_id: str = ""
    verify_code: str = ""


@endpoint(routes, "POST", "/api/user/bind_mobile", authenticated=True)
def bind_mobile(request: Request, caller: Caller) -> object:
    """Bind a mobile number, by codes of type 5 to it and to the e-mail address; another one by one to the old number."""
    body = parameters.read(request, BindMobile)
    new = parameters.sent(body.mobile_order_id, body.mobile_verify_code)
    known = parameters.sent(body.order_id, body.verify_code)
    name = parameters.number(body.national_code, body.mobile)
    identity.bind_name(caller.uid, caller.session, name, new, known)
    return {"success": True, "orderId": body.mobile_order_id}


@endpoint(routes, "POST", "/api/user/bind_email", authenticated=True)
def bind_email(request: Request, caller: Caller) -> object:
    """Bind an e-mail address, by codes of type 6 to it and to the mobile number; another one by one to the old address."""
    body = parameters.read(request, BindEmail)
    new = parameters.sent(body.email_order_id, body.email_verify_code)
    known = parameters.sent(body.order_id, body.verify_code)
    identity.bind_name(caller.uid, caller.session, parameters.address(body.email), new, known)
    return {"success": True, "orderId": body.email_order_id}
