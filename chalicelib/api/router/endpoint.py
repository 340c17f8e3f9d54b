"""The one path of this dialect, and its envelope: ``{"status":true,"data":…,"description":""}``, HTTP 200 whatever happens."""

from collections.abc import Mapping
from typing import Final

from chalice.app import Blueprint, Response

from chalicelib.api.edge import parameters
from chalicelib.api.edge.callers import Caller, by_cookie
from chalicelib.api.edge.endpoint import PRIVATE, Answer, Dialect, endpoint, response
from chalicelib.api.edge.request import Request
from chalicelib.api.router import identity, market, trading, wallet
from chalicelib.api.router.errors import text
from chalicelib.api.router.methods import METHODS, heard
from chalicelib.core.reasons import Reason, Refused

__all__ = ["METHODS", "refusal", "routes"]

#: Loading them is what registers their methods.
MODULES: Final = (identity, market, trading, wallet)

routes = Blueprint(__name__)


def _rendered(_request: Request, answer: Answer, headers: Mapping[str, str]) -> Response:
    return response({"status": True, "data": answer.data, "description": ""}, 200, headers, answer.cookies)


def refusal(_request: Request, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal in the words of this dialect, and where it is a fault of ours the id under which the logs have it."""
    description = text(refused, str(refused.data.get("method", "")))
    found = str(refused.data.get("correlation_id", ""))
    envelope = {"status": False, "data": found, "description": description}
    return response(envelope, 200, {"Cache-Control": PRIVATE, **(headers or {})})


def _authenticate(request: Request) -> Caller:
    return by_cookie(request)


@endpoint(Dialect(_rendered, refusal, _authenticate), routes, ["GET", "POST"], "/router", query=None)
def router(request: Request) -> object:
    """Call the method that the parameter `router` names, with all other parameters as its arguments."""
    fields = parameters.everywhere(request)
    name = fields.pop("router", "")
    if name == "":
        raise Refused(Reason.PARAMETER_MISSING, "router")
    method = METHODS.get(name) if isinstance(name, str) else None
    if method is None or (method.changing and request.method != "POST"):
        raise Refused(Reason.NO_SUCH_URL, "router")
    if method.changing:
        request.check_site()
    try:
        caller = (_authenticate(request),) if method.authenticated else ()
        return method.view(request, heard(fields, method.arguments), *caller)
    except Refused as refused:
        if refused.reason is Reason.INTERNAL:
            raise
        raise Refused(refused.reason, refused.parameter, method=method.name) from refused
