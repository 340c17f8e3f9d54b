"""How an endpoint of this dialect is declared, and how its answers are spelt: the bare body, or ``{"code":…,"msg":…}``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.api.broker.errors import STATUSES, code_of, message
from chalicelib.api.edge.endpoint import PRIVATE, Answer, Dialect, View, response
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


_DIALECT: Final = Dialect(_rendered, refusal, _authenticate)


def endpoint(
    routes: Blueprint,
    methods: str | Sequence[str],
    path: str,
    *,
    authenticated: bool = False,
    from_anywhere: bool = False,
    query: type[msgspec.Struct] | None = None,
) -> Callable[[View], View]:
    """Declare an endpoint of this dialect, see `edge.endpoint`. Parameters that nobody asked for are let be, as clients of
    this dialect send some with every call (``c_token``, ``device_id``).

    A post with a session has its c_token; what strangers post must not come from another site's page, unless `from_anywhere`.
    """
    own_site = not (authenticated or from_anywhere)
    return declare(_DIALECT, routes, methods, path, authenticated=authenticated, own_site=own_site, query=query)
