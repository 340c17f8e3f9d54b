"""A client that speaks to the app as API Gateway does, and checks every answer against the contract."""

import base64
import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from chalicelib.api.coinport.errors import SPELLINGS
from chalicelib.api.edge.gateway import BINARY
from tests.contract.document import deviations, exact

CODES = {spelling.code: spelling for spelling in SPELLINGS.values()}


@dataclass
class Reply:
    """An answer, taken apart."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    text: str
    body: dict

    @property
    def code(self):
        return self.body["code"]

    @property
    def data(self):
        return self.body["data"]

    @property
    def message(self):
        return self.body["message"]


def check(route, reply):
    """What holds for every answer of this dialect, and for a successful one of this route."""
    assert reply.headers["content-type"] == "application/json"
    assert type(reply.body["code"]) is int
    assert type(reply.body["time"]) is int
    if reply.code == 0:
        assert reply.status == (302 if "location" in reply.headers else 200)
        assert set(reply.body) == {"code", "time", "data"}
        found = deviations(route, reply.data)
        assert not found, f"{route} deviates from the document: {found}"
    else:
        assert set(reply.body) == {"code", "time", "data", "message"}
        assert reply.status == CODES[reply.code].status
        assert isinstance(reply.message, str)
        assert reply.data is None or isinstance(reply.data, dict)
        assert reply.headers["cache-control"] == "no-store"
    public = not route.split(" ")[1].startswith(("/api/v2/user/", "/api/v2/login"))
    assert reply.headers.get("access-control-allow-origin") in ({None, "*"} if public else {None})


class Client:
    """Calls the app with proxy events. Every answer is checked before a test sees it: by `check`, a dialect's own."""

    check = staticmethod(check)

    def __init__(self, app, headers=None, ip="203.0.113.7"):
        self.app = app
        self.headers = headers or {}
        self.ip = ip

    def get(self, url, **headers):
        return self.request("GET", url, headers=headers)

    def post(self, url, body=None, **headers):
        """`body`: plain values, or the text or bytes to send as they are."""
        raw = body if isinstance(body, str | bytes) else json.dumps(body, default=float)
        return self.request("POST", url, body=raw, headers=headers)

    def request(self, method, url, body=None, headers=None):
        path, _, query = url.partition("?")
        route, params = self._route(path)
        event = proxy_event(method, path, route, params, query, body, {**self.headers, **(headers or {})}, self.ip)
        answer = self.app(event, None)
        reply = Reply(
            status=answer["statusCode"],
            headers={name.lower(): value for name, value in answer["headers"].items()},
            cookies=answer["multiValueHeaders"].get("Set-Cookie", []),
            text=answer["body"],
            body=exact(answer["body"]),
        )
        self.check(f"{method} {route}", reply)
        return reply

    def _route(self, path):
        """How API Gateway would resolve a path: fixed parts win over variables."""
        for route in sorted(self.app.routes, key=lambda route: route.count("{")):
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route)
            if found := re.fullmatch(pattern, path):
                return route, found.groupdict()
        return path, None


def proxy_event(method, path, route, params=None, query="", body=None, headers=None, ip="203.0.113.7", **context):
    """An event of API Gateway's Lambda proxy integration."""
    repeated = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        repeated.setdefault(name, []).append(value)
    headers = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
    # API Gateway passes on what may hold files byte for byte.
    binary = any(value.startswith(BINARY) for name, value in headers.items() if name.lower() == "content-type")
    return {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in repeated.items()} or None,
        "multiValueQueryStringParameters": repeated or None,
        "pathParameters": params,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route,
            "httpMethod": method,
            "path": f"/api{path}",
            "stage": "api",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": ip},
            **context,
        },
        "body": base64.b64encode(body).decode() if binary else body,
        "isBase64Encoded": binary,
    }
