"""How an endpoint of this dialect is declared, and how its answers are spelt: ``{"code":0,"time":…,"data":…}``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Final, TypeVar

import msgspec
from chalice.app import Blueprint, Response

from chalicelib import clock
from chalicelib.api.coinport.errors import SPELLINGS, message
from chalicelib.api.edge import json
from chalicelib.api.edge.request import NoQuery, Request
from chalicelib.core.reasons import Reason, Refused

View = TypeVar("View", bound=Callable[..., object])

#: Market data is everyone's: any page may read it, and caches may hold it for a second.
PUBLIC: Final[Mapping[str, str]] = {"Access-Control-Allow-Origin": "*"}
SHARED_SECOND: Final = "public, max-age=1"
PRIVATE: Final = "no-store"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view returns when plain data is not enough. `cookies` are whole Set-Cookie values."""

    data: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What an endpoint says of itself."""

    authenticated: bool
    public: bool
    query: type[msgspec.Struct]


def endpoint(
    routes: Blueprint,
    methods: str | Sequence[str],
    path: str,
    *,
    authenticated: bool = False,
    public: bool = False,
    query: type[msgspec.Struct] = NoQuery,
) -> Callable[[View], View]:
    """Register a view of ``(request)``, or of ``(request, caller)`` when `authenticated`, at `path`.

    It returns plain data or an `Answer`, or raises `Refused`. Parameters that `query` does not name are refused before
    it runs; the view reads them with ``request.query_as``. Views that change anything take no query at all.
    """

    def register(view: View) -> View:
        @wraps(view)
        def answer(**_path_variables: str) -> Response:
            request = Request(routes.current_request.to_original_event())
            headers = PUBLIC if public else {}
            try:
                if authenticated:
                    from chalicelib.api.coinport.auth import authenticate

                    arguments: tuple[object, ...] = (request, authenticate(request))
                else:
                    arguments = (request,)
                request.query_as(query)
                result = view(*arguments)
                return _rendered(result if isinstance(result, Answer) else Answer(result), headers, shared=public)
            except Exception as error:  # noqa: BLE001 - a crash is logged in full and told in two words
                return _failed(request, error, headers)

        # For the contract's tests and the reference: what was declared, where the route's view is found.
        vars(answer)["declared"] = Declared(authenticated=authenticated, public=public, query=query)
        routes.route(path, methods=[methods] if isinstance(methods, str) else list(methods), content_types=[])(answer)
        return view

    return register


def refusal(request: Request, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal in the words of this dialect. Also what `edge.gateway` calls where no view answers."""
    spelling = SPELLINGS[refused.reason]
    envelope = {
        "code": spelling.code,
        "time": clock.now_ms(),
        "data": refused.data or None,
        "message": message(refused, request.language),
    }
    return _response(envelope, spelling.status, {"Cache-Control": PRIVATE, **(headers or {})})


def _failed(request: Request, error: Exception, headers: Mapping[str, str]) -> Response:
    """The caller's refusal, or an error of ours: also one that we found out ourselves has a log line and its id."""
    if isinstance(error, Refused) and error.reason is not Reason.INTERNAL:
        return refusal(request, error, headers)
    from chalicelib.api.edge import log  # only a crash needs it

    return refusal(request, Refused(Reason.INTERNAL, correlation_id=log.crashed(request, error)), headers)


def _rendered(answer: Answer, headers: Mapping[str, str], *, shared: bool) -> Response:
    envelope = {"code": 0, "time": clock.now_ms(), "data": answer.data}
    caching = {"Cache-Control": SHARED_SECOND if shared else PRIVATE}
    return _response(envelope, answer.status, {**caching, **headers, **answer.headers}, answer.cookies)


def _response(
    envelope: Mapping[str, object], status: int, headers: Mapping[str, str], cookies: Sequence[str] = ()
) -> Response:
    """The envelope as text: Chalice's own encoder would turn every Decimal into a float."""
    everything: dict[str, str | list[str]] = {"Content-Type": "application/json", **headers}
    if cookies:
        everything["Set-Cookie"] = list(cookies)
    return Response(body=json.encode(envelope), headers=everything, status_code=status)
