"""Binding an authenticator app."""

import msgspec

from chalicelib.api.broker import parameters, people
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.broker.security.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.services import identity

#: What apps show above the code.
ISSUER = "COINPORT"


class BindBody(msgspec.Struct):
    """A code of the app, and one that was sent to the person's address or number."""

    ga_code: str = ""
    order_id: str = ""
    verify_code: str = ""


@endpoint(routes, "POST", "/api/user/before_bind_ga", authenticated=True)
def before_bind_ga(_request: Request, caller: Caller) -> object:
    """A new secret, good for two hours, as text, as a link and as a QR code."""
    contact = people.contact(caller.user)
    issued = identity.issue_totp(caller.uid, contact["mobile"] or contact["email"] or caller.uid, ISSUER)
    return {"secretKey": issued.secret, "authUrl": issued.url, "qrcode": identity.qr_code(issued.url)}


@endpoint(routes, "POST", "/api/user/bind_ga", authenticated=True)
def bind_ga(request: Request, caller: Caller) -> object:
    """Bind the secret last issued."""
    body = parameters.read(request, BindBody)
    ga_code = parameters.given(body.ga_code, "ga_code")
    identity.bind_pending_totp(caller.uid, ga_code, parameters.sent(body.order_id, body.verify_code))
    return {"success": True}
