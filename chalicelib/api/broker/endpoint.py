"""How an endpoint of this dialect is declared, and how its answers are spelt: the bare body, or ``{"code":…,"msg":…}``."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from chalice.app import Response

from chalicelib.api.broker.errors import STATUSES, code_of, message
from chalicelib.api.edge.endpoint import PRIVATE, Answer, Dialect, response
from chalicelib.api.edge.endpoint import endpoint as declare
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused

__all__ = ["Answer", "endpoint", "refusal"]

#: Where an error of ours says how to find it in the logs; the body has room for two fields only.
CORRELATION: Final = "X-Correlation-Id"


def refusal(request: Request, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal in the words of this dialect. Also what `edge.gateway` calls where no view answers."""
    code = code_of(refused)
    everything = {"Cache-Control": PRIVATE, **(headers or {})}
    if refused.reason is Reason.INTERNAL:
        everything[CORRELATION] = str(refused.data["correlation_id"])
    return response({"code": code, "msg": message(refused, request.language)}, STATUSES.get(code, 400), everything)


def _rendered(_request: Request, answer: Answer, headers: Mapping[str, str]) -> Response:
    return response(answer.data, answer.status, {**headers, **answer.headers}, answer.cookies)


def _authenticate(request: Request) -> object:
    from chalicelib.api.broker.auth import authenticate

    return authenticate(request)


#: Declares an endpoint of this dialect, see `edge.endpoint`. Parameters that nobody asked for are let be, as clients of this
#: dialect send some with every call (``c_token``, ``device_id``).
endpoint: Final = partial(declare, Dialect(_rendered, refusal, _authenticate), query=None)
