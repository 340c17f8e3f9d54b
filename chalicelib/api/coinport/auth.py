"""Who asks, in this dialect: `edge.callers`, with passwords as Base64 of SHA-256."""

from typing import Final

from chalicelib.api.edge import callers
from chalicelib.api.edge.callers import COOKIE, Caller, canonical, cookie_cleared, cookie_set, signature
from chalicelib.api.edge.request import Request
from chalicelib.core.api_keys import Reach
from chalicelib.core.identity import Form, User
from chalicelib.services import identity

__all__ = ["COOKIE", "Caller", "authenticate", "by_password", "canonical", "cookie_cleared", "cookie_set", "signature"]

_TRADING: Final = frozenset({"/api/v2/user/submit_orders", "/api/v2/user/cancel_orders"})
#: GETs that answer secrets: a key that only reads must not grow into one that may do all.
_SECRETS: Final = frozenset({"/api/v2/user/get_google_auth", "/api/v2/user/profile"})


def authenticate(request: Request) -> Caller:
    """The caller of a request. Raises `Refused` with what the scheme has to object."""
    return callers.authenticate(request, by_password, _asked)


def _asked(request: Request) -> Reach:
    """What a request asks of the key that signs it: of POSTs only those of orders are trading; some GETs tell secrets."""
    if request.method == "POST":
        return Reach.TRADE if request.route in _TRADING else Reach.ALL
    return Reach.ALL if request.route in _SECRETS else Reach.READ


def by_password(request: Request, *, rehash: bool = False) -> User:
    """The person whose e-mail and pwdhash the request carries as ``Basic base64(email:pwdhash)``. Raises `Refused`."""
    email, pwdhash = callers.name_and_password(request)
    proof = identity.Proof(email, Form.SHA256_BASE64, pwdhash, request.ip, request.user_agent)
    return identity.check_password(proof, rehash=rehash)
