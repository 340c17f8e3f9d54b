"""How an endpoint of this dialect is declared, and how its answers are spelt: ``{"code":"000000","data":…,"description":…}``."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from chalice.app import Response

from chalicelib.api.edge.endpoint import PRIVATE, Answer, Dialect, response
from chalicelib.api.edge.endpoint import endpoint as declare
from chalicelib.api.edge.request import Request
from chalicelib.api.ramp.errors import SPELLINGS, SUCCESS, message
from chalicelib.core.reasons import Refused

__all__ = ["Answer", "endpoint", "refusal"]


def rendered(request: Request, answer: Answer, headers: Mapping[str, str]) -> Response:
    """An answer in the words of this dialect."""
    envelope = {"code": SUCCESS, "data": answer.data, "description": "Success" if request.language == "en" else "成功"}
    return response(envelope, answer.status, {**headers, **answer.headers}, answer.cookies)


def refusal(request: Request, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal in the words of this dialect. Also what `edge.gateway` calls where no view answers."""
    spelling = SPELLINGS[refused.reason]
    envelope = {"code": spelling.code, "data": refused.data, "description": message(refused, request.language)}
    return response(envelope, spelling.status, {"Cache-Control": PRIVATE, **(headers or {})})


def _authenticate(request: Request) -> object:
    from chalicelib.api.ramp.auth import authenticate  # the page does without

    return authenticate(request)


#: Declares an endpoint of this dialect, see `edge.endpoint`.
endpoint: Final = partial(declare, Dialect(rendered, refusal, _authenticate))
