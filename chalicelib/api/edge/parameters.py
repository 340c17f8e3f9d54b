"""Parameters of dialects that take them from anywhere: the query, a form, a JSON object."""

from typing import Any, Final
from urllib.parse import parse_qsl

from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused

FIELDS_MAX: Final = 100


def form(body: bytes) -> dict[str, str]:
    """The fields of an ``application/x-www-form-urlencoded`` body; an empty body has none.

    Raises `Refused` (body) for what is no form, a repeated name, bytes that are not UTF-8, more than 100 fields.
    """
    if not body.strip():
        return {}
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        raise Refused(Reason.PARAMETER_INVALID, "body") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused(Reason.PARAMETER_INVALID, "body")
    return fields


def body(request: Request) -> dict[str, Any]:
    """The fields of a body, JSON object or form. What begins with a brace is JSON, whatever it calls itself."""
    return request.json() if request.body.lstrip()[:1] == b"{" else form(request.body)


def everywhere(request: Request) -> dict[str, Any]:
    """The parameters of the query and of the body. Raises `Refused`, naming it, for one that they disagree about."""
    query, fields = request.query, body(request)
    for name, value in fields.items():
        if query.get(name, value) != value:
            raise Refused(Reason.PARAMETER_INVALID, name)
    return {**query, **fields}
