"""How an endpoint is declared, in any dialect: what it takes, who may ask, and that whatever happens is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Final, TypeVar

import msgspec
from chalice.app import Blueprint, Response

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


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a dialect brings along. Each is called with the request; `headers` are those of every answer of the endpoint.

    `render`: an answer's envelope and headers. `refuse`: the same for a refusal. `authenticate`: who asks, or `Refused`.
    """

    render: Callable[[Request, Answer, Mapping[str, str]], Response]
    refuse: Callable[[Request, Refused, Mapping[str, str]], Response]
    authenticate: Callable[[Request], object]


def endpoint(
    dialect: Dialect,
    routes: Blueprint,
    methods: str | Sequence[str],
    path: str,
    *,
    authenticated: bool = False,
    public: bool = False,
    own_site: bool = False,
    query: type[msgspec.Struct] | None = NoQuery,
) -> Callable[[View], View]:
    """Register a view of ``(request)``, or of ``(request, caller)`` when `authenticated`, at `path`.

    It returns plain data or an `Answer`, or raises `Refused`. Parameters that `query` does not name are refused before
    it runs; the view reads them with ``request.query_as``. A `query` of None leaves the query to the view. With `own_site`
    posts of other sites' pages are refused (CROSS_SITE). A dialect wraps this once, so that its own files name no dialect.
    """

    def register(view: View) -> View:
        @wraps(view)
        def answer(**_path_variables: str) -> Response:
            request = Request(routes.current_request.to_original_event())
            headers: Mapping[str, str] = PUBLIC if public else {}
            headers = {"Cache-Control": SHARED_SECOND if public else PRIVATE, **headers}
            try:
                if own_site and request.method == "POST":
                    request.check_site()
                arguments = (request, dialect.authenticate(request)) if authenticated else (request,)
                if query is not None:
                    request.query_as(query)
                result = view(*arguments)
                return dialect.render(request, result if isinstance(result, Answer) else Answer(result), headers)
            except Exception as error:  # noqa: BLE001 - a crash is logged in full and told in two words
                return dialect.refuse(request, _refused(request, error), {**headers, "Cache-Control": PRIVATE})

        # For the contract's tests and the reference: what was declared, where the route's view is found.
        vars(answer)["declared"] = Declared(authenticated=authenticated, public=public, query=query or NoQuery)
        routes.route(path, methods=[methods] if isinstance(methods, str) else list(methods), content_types=[])(answer)
        return view

    return register


def response(body: object, status: int, headers: Mapping[str, str], cookies: Sequence[str] = ()) -> Response:
    """Plain values as a JSON answer: Chalice's own encoder would turn every Decimal into a float."""
    everything: dict[str, str | list[str]] = {"Content-Type": "application/json", **headers}
    if cookies:
        everything["Set-Cookie"] = list(cookies)
    return Response(body=json.encode(body), headers=everything, status_code=status)


def _refused(request: Request, error: Exception) -> Refused:
    """The caller's refusal, or an error of ours: also one that we found out ourselves has a log line and its id."""
    if isinstance(error, Refused) and error.reason is not Reason.INTERNAL:
        return error
    from chalicelib.api.edge import log  # only a crash needs it

    return Refused(Reason.INTERNAL, correlation_id=log.crashed(request, error))
