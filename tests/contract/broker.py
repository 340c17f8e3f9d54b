"""A client of the broker dialect: forms or JSON, cookies that it keeps, and what holds for every answer."""

from urllib.parse import urlencode

from chalicelib.api.broker.errors import STATUSES
from tests.contract.client import Client
from tests.contract.document import deviations
from tests.planted import plant


def check(route, reply):
    """What holds for every answer of this dialect, and for a successful one of this route."""
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in reply.headers
    if reply.status == (302 if route.startswith("GET /os/") and "location" in reply.headers else 200):
        found = deviations(route, reply.body)
        assert not found, f"{route} deviates from the document: {found}"
    else:
        more = {"error", "error_description"} if route == "POST /api/oauth2/access_token" else set()
        assert set(reply.body) == {"code", "msg"} | more
        assert type(reply.code) is int
        assert reply.status == (401 if more and reply.code == 60003 else STATUSES.get(reply.code, 400))
        assert reply.body["msg"]


class Browser(Client):
    """Somebody with a browser: sends forms and whatever cookies it was given, and echoes `c_token`."""

    check = staticmethod(check)

    def __init__(self, app, ip="203.0.113.7", agent="Mozilla/5.0"):
        super().__init__(app, {"User-Agent": agent}, ip)
        self.jar = {}

    def post(self, url, body=None, **headers):
        """`body`: the fields of a form, or the text or bytes to send as they are."""
        raw = body if isinstance(body, str | bytes) else urlencode(body or {})
        return self.request("POST", url, body=raw, headers=headers)

    def request(self, method, url, body=None, headers=None):
        own = {}
        if self.jar:
            own["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        if "c_token" in self.jar:
            own["X-C-TOKEN"] = self.jar["c_token"]
        reply = super().request(method, url, body, {**own, **(headers or {})})
        for secret in ("requestId", "token", "secretKey", "apiKey"):
            if isinstance(reply.body, dict) and reply.body.get(secret):
                plant(reply.body[secret])
        for cookie in reply.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if value:
                self.jar[name] = plant(value) if name in {"au_token", "c_token", "device"} else value
            else:
                self.jar.pop(name, None)
        return reply
