"""The envelope of the coinport dialects: ``{"code":0,"time":…,"data":…}``."""

from collections.abc import Callable, Mapping

from chalice.app import Response

from chalicelib import clock
from chalicelib.api.edge.endpoint import PRIVATE, Answer, response
from chalicelib.api.edge.request import Request
from chalicelib.api.edge.spelling import Spelling, message
from chalicelib.core.reasons import Reason, Refused

Refusal = Callable[..., Response]


def rendered(_request: Request, answer: Answer, headers: Mapping[str, str]) -> Response:
    """An answer in its envelope."""
    envelope = {"code": 0, "time": clock.now_ms(), "data": answer.data}
    return response(envelope, answer.status, {**headers, **answer.headers}, answer.cookies)


def refuser(spellings: Mapping[Reason, Spelling], nothing: object = None) -> Refusal:
    """What renders refusals by a dialect's table; `nothing` is their data where there is none."""

    def refusal(request: Request, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
        spelling = spellings[refused.reason]
        envelope = {
            "code": spelling.code,
            "time": clock.now_ms(),
            "data": refused.data or nothing,
            "message": message(refused, request.language),
        }
        return response(envelope, spelling.status, {"Cache-Control": PRIVATE, **(headers or {})})

    return refusal
