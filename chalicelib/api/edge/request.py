"""The request as views see it: read off the API Gateway event, limited and checked wherever it is looked at."""

import base64
import binascii
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, TypeVar

import msgspec

from chalicelib import clock
from chalicelib.api.edge import json
from chalicelib.core.reasons import Reason, Refused

Model = TypeVar("Model", bound=msgspec.Struct)

BODY_BYTES_MAX: Final = 256 * 1024
#: A file of 4 MB and what goes around it; in base64 it still fits into the 6 MB that a Lambda takes.
UPLOAD_BYTES_MAX: Final = 4 * 1024 * 1024 + 128 * 1024


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The query of an endpoint that takes none."""


class Request:
    """One request. What it holds is the caller's word, except `ip`, which API Gateway saw itself."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        """Wrap a proxy event; nothing in it is believed to be there."""
        context: Mapping[str, Any] = event.get("requestContext") or {}
        self._event = event
        self.method: str = str(context.get("httpMethod") or event.get("httpMethod") or "")
        #: The path as asked for, without the stage.
        self.path: str = str(event.get("path") or context.get("path") or "")
        #: The path as registered: ``/api/v2/{symbol}/depth``.
        self.route: str = str(context.get("resourcePath") or "")
        #: The variables of the path.
        self.params: dict[str, str] = dict(event.get("pathParameters") or {})
        #: The address that API Gateway saw. Headers that claim another are anyone's to write.
        self.ip: str = str((context.get("identity") or {}).get("sourceIp") or "")
        #: What finds this request again in the logs.
        self.correlation_id: str = str(context.get("requestId") or clock.token_bytes(8).hex())

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters, decoded. A repeated name is `Refused`: which of the two was signed, or meant?"""
        repeated: Mapping[str, list[str]] = self._event.get("multiValueQueryStringParameters") or {}
        for name, values in repeated.items():
            if len(values) != 1:
                raise Refused(Reason.PARAMETER_INVALID, name)
        return {name: values[0] for name, values in repeated.items()}

    @cached_property
    def body(self) -> bytes:
        """The body, byte for byte. More than 256 KB is `Refused`."""
        return self._body(BODY_BYTES_MAX, Refused(Reason.PARAMETER_INVALID, "body"))

    @cached_property
    def upload(self) -> bytes:
        """The body of a request that brings a file: up to 4 MB and a bit. More is `Refused` (UPLOAD_TOO_LARGE)."""
        return self._body(UPLOAD_BYTES_MAX, Refused(Reason.UPLOAD_TOO_LARGE))

    def _body(self, bytes_max: int, too_large: Refused) -> bytes:
        raw: str | bytes = self._event.get("body") or b""
        if len(raw) > bytes_max * 4 // 3 + 4:
            raise too_large
        try:
            body = raw.encode("utf-8") if isinstance(raw, str) else raw
            if self._event.get("isBase64Encoded"):
                body = base64.b64decode(body, validate=True)
        except (UnicodeEncodeError, binascii.Error) as error:
            raise Refused(Reason.PARAMETER_INVALID, "body") from error
        if len(body) > bytes_max:
            raise too_large
        return body

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, whatever type it claims to be; an empty body is an empty object."""
        return json.decode(self.body)

    def body_as(self, model: type[Model]) -> Model:
        """The body as a `model`; `Refused` names the field that is missing, superfluous or of the wrong type."""
        return json.convert(self.json(), model)

    def query_as(self, model: type[Model]) -> Model:
        """The query as a `model` of text fields; `Refused` names the parameter that is missing or superfluous."""
        return json.convert(self.query, model)

    def header(self, name: str) -> str | None:
        """A header's value, whatever its case."""
        return self._headers.get(name.lower())

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The cookies; of a repeated name the first counts, as browsers send the most specific first."""
        jar: dict[str, str] = {}
        for header in self._values_of("cookie"):
            for pair in header.split(";"):
                name, separator, value = pair.strip().partition("=")
                if separator:
                    jar.setdefault(name.strip(), value.strip().strip('"'))
        return jar

    @property
    def user_agent(self) -> str:
        """What the client calls itself."""
        return self.header("user-agent") or ""

    @property
    def language(self) -> str:
        """The language of messages: ``zh``, unless English comes first in Accept-Language."""
        return "en" if (self.header("accept-language") or "").strip().lower().startswith("en") else "zh"

    def check_site(self) -> None:
        """Raises `Refused` (CROSS_SITE) for what a browser says that another site's page asked for.

        A form of such a page comes without our cookies, but those of the answer would stay: a login would leave a session of
        that site's choice.
        """
        if self.header("sec-fetch-site") == "cross-site":
            raise Refused(Reason.CROSS_SITE)

    @cached_property
    def _headers(self) -> dict[str, str]:
        return {str(name).lower(): str(value) for name, value in (self._event.get("headers") or {}).items()}

    def _values_of(self, name: str) -> list[str]:
        """Every value of a header that a client may split into several, as HTTP/2 does with cookies."""
        for key, values in (self._event.get("multiValueHeaders") or {}).items():
            if key.lower() == name:
                return [str(value) for value in values]
        value = self.header(name)
        return [] if value is None else [value]
