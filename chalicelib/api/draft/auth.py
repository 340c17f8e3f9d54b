"""Who asks, in this dialect: `edge.callers`, with passwords as they are typed, or as MD5 in hexadecimal digits."""

from typing import Final

from chalicelib.api.edge import callers
from chalicelib.api.edge.callers import Caller, cookie_set
from chalicelib.api.edge.request import Request
from chalicelib.core.api_keys import Reach
from chalicelib.core.identity import Form, User
from chalicelib.core.passwords import is_md5
from chalicelib.services import identity

__all__ = ["Caller", "authenticate", "by_password", "cookie_set"]

_TRADING: Final = frozenset({"/draft/api/v2/user/submit_orders", "/draft/api/v2/user/cancel_orders"})


def authenticate(request: Request) -> Caller:
    """The caller of a request. Raises `Refused` with what the scheme has to object."""
    return callers.authenticate(request, by_password, _asked)


def _asked(request: Request) -> Reach:
    """What a request asks of the key that signs it: of POSTs only those of orders are trading."""
    if request.method == "POST":
        return Reach.TRADE if request.route in _TRADING else Reach.ALL
    return Reach.READ


def by_password(request: Request, *, rehash: bool = False) -> User:
    """The person whose e-mail and password the request carries as ``Basic base64(username:password)``. Raises `Refused`.

    The draft shows the password as typed; what is made of 32 hexadecimal digits is taken as the pwdhash it registers.
    """
    email, password = callers.name_and_password(request)
    form = Form.MD5_HEX if is_md5(password) else Form.PLAIN
    return identity.check_password(identity.Proof(email, form, password, request.ip, request.user_agent), rehash=rehash)
