"""How an endpoint of this dialect is declared, and how its answers are spelt: ``{"code":0,"time":…,"data":…}``."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from chalice.app import Response

from chalicelib import clock
from chalicelib.api.coinport.errors import SPELLINGS, message
from chalicelib.api.edge.endpoint import PRIVATE, Answer, Dialect, response
from chalicelib.api.edge.endpoint import endpoint as declare
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Refused

__all__ = ["Answer", "endpoint", "refusal"]


def refusal(request: Request, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal in the words of this dialect. Also what `edge.gateway` calls where no view answers."""
    spelling = SPELLINGS[refused.reason]
    envelope = {
        "code": spelling.code,
        "time": clock.now_ms(),
        "data": refused.data or None,
        "message": message(refused, request.language),
    }
    return response(envelope, spelling.status, {"Cache-Control": PRIVATE, **(headers or {})})


def _rendered(_request: Request, answer: Answer, headers: Mapping[str, str]) -> Response:
    envelope = {"code": 0, "time": clock.now_ms(), "data": answer.data}
    return response(envelope, answer.status, {**headers, **answer.headers}, answer.cookies)


def _authenticate(request: Request) -> object:
    from chalicelib.api.coinport.auth import authenticate  # groups of public endpoints do without

    return authenticate(request)


#: Declares an endpoint of this dialect, see `edge.endpoint`. Views that change anything take no query at all.
endpoint: Final = partial(declare, Dialect(_rendered, refusal, _authenticate))
