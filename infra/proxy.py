"""The local front door: ``http://127.0.0.1:8000/…`` → the emulator's API Gateway stage.

On AWS a custom domain does this. The proxy adds nothing but the caller's address, which the emulator takes from
X-Forwarded-For; what a client sends under that name is dropped, as API Gateway would not believe it either.
"""

import http.client
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: API Gateway's own limit of a request's body.
BODY_BYTES_MAX = 10 * 1024 * 1024
UPSTREAM_TIMEOUT_S = 30
IDLE_TIMEOUT_S = 75
#: Headers that belong to one connection, or that only we may set.
DROPPED = {
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"),
    *("host", "content-length", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"),
}
BAD_BODY, TOO_LARGE, NOT_THERE = (400, 1007), (413, 1007), (502, 1003)


class Unreadable(Exception):  # noqa: N818 - says what is the case
    """The request's body breaks HTTP or our limit; carries the (status, code) to answer."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, and one to the emulator for it."""

    protocol_version = "HTTP/1.1"
    server_version = "proxy"
    timeout = IDLE_TIMEOUT_S
    server: "Proxy"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the base class looks its methods up by name
        """Every method is passed on: which ones exist is for API Gateway to say."""
        if name.startswith("do_"):
            return self.forward
        raise AttributeError(name)

    def setup(self) -> None:
        """A client has come."""
        super().setup()
        port = self.server.emulator_port
        self.upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=UPSTREAM_TIMEOUT_S)

    def finish(self) -> None:
        """It has gone."""
        self.upstream.close()
        super().finish()

    def forward(self) -> None:
        """Pass one request on and its answer back."""
        try:
            body = self._body()
        except Unreadable as error:
            self.close_connection = True
            self._envelope(*error.args)
            return
        for attempt in (1, 2):
            fresh = self.upstream.sock is None
            try:
                self._send(self.upstream, body)
                answer = self.upstream.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.upstream.close()
                # A kept connection may have been closed at the other end before it saw this request; a fresh one not.
                if fresh or attempt == 2:
                    self._envelope(*NOT_THERE)
                    return
            else:
                self._answer(answer, content)
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: the functions log."""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        text = self.headers.get("Content-Length", "0")
        if not (text.isascii() and text.isdigit()):
            raise Unreadable(*BAD_BODY)
        if int(text) > BODY_BYTES_MAX:
            raise Unreadable(*TOO_LARGE)
        body = self.rfile.read(int(text))
        if len(body) != int(text):
            raise Unreadable(*BAD_BODY)
        return body

    def _chunks(self) -> bytes:
        body = b""
        try:
            while size := int(self.rfile.readline(64).split(b";")[0], 16):
                if size < 0 or len(body) + size > BODY_BYTES_MAX:
                    raise Unreadable(*TOO_LARGE)
                body += self.rfile.read(size)
                self.rfile.readline(8)
            while self.rfile.readline(8192).strip():
                pass
        except ValueError:
            raise Unreadable(*BAD_BODY) from None
        return body

    def _send(self, upstream: http.client.HTTPConnection, body: bytes) -> None:
        target = self.path
        if not target.startswith("/"):
            parts = urlsplit(target)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        upstream.putrequest(self.command, self.server.prefix + target, skip_host=True, skip_accept_encoding=True)
        upstream.putheader("Host", f"{upstream.host}:{upstream.port}")
        for name, value in self.headers.items():
            if name.lower() not in DROPPED:
                upstream.putheader(name, value)
        upstream.putheader("X-Forwarded-For", self.client_address[0])
        upstream.putheader("X-Forwarded-Proto", "http")
        upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body)

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _envelope(self, status: int, code: int) -> None:
        content = json.dumps({"code": code, "time": time.time_ns() // 1_000_000, "data": None}).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Proxy(ThreadingHTTPServer):
    """A proxy on ``127.0.0.1:port`` (0: any free one), serving from a thread of its own between `start` and `stop`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, emulator_port: int, api: str, stage: str = "api") -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.port: int = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = api
        self.stage = stage
        self.emulator_port = emulator_port

    @property
    def prefix(self) -> str:
        """The path of the API's stage on the emulator; `api` changes when a deployment replaces it."""
        return f"/_aws/execute-api/{self.api}/{self.stage}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up before its answer is its own affair."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def start(self) -> None:
        """Serve from now on."""
        threading.Thread(target=self.serve_forever, name="proxy", daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        self.shutdown()
        self.server_close()
