"""The local front door: ``http://127.0.0.1:8000/…`` → the emulator's API Gateway stage.

On AWS a custom domain does this. The proxy adds nothing but the caller's address, which the emulator takes from
X-Forwarded-For; what a client sends under that name is dropped, as API Gateway would not believe it either.
"""

import http.client
import json
import re
import secrets
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from chalicelib.api.coinport.errors import SPELLINGS
from chalicelib.core.reasons import Reason

#: API Gateway's own limit of a request's body.
BODY_BYTES_MAX = 10 * 1024 * 1024
LENGTH_DIGITS_MAX = 100
UPSTREAM_TIMEOUT_S = 30
IDLE_TIMEOUT_S = 75
#: Headers that belong to one connection, or that only we may set.
DROPPED = {
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"),
    *("host", "content-length", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"),
}
UNREADABLE, TOO_LARGE, NO_SUCH_URL = (
    (400, Reason.PARAMETER_INVALID),
    (413, Reason.PARAMETER_INVALID),
    (404, Reason.NO_SUCH_URL),
)
NOT_THERE = (502, Reason.INTERNAL)
#: What no request line may hold, and what it should have spelt ``%XX`` but we know how to read.
CONTROL, RAW = re.compile(rb"[\x00-\x1f\x7f]"), re.compile(rb"[\x80-\xff]")


class Unreadable(Exception):  # noqa: N818 - says what is the case
    """The request breaks HTTP or our limit; carries the status and the reason to answer."""


class Untouched(Exception):  # noqa: N818 - says what is the case
    """The other end closed the connection before a byte of its answer."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, and one to the emulator for it."""

    protocol_version = "HTTP/1.1"
    server_version = "proxy"
    timeout = IDLE_TIMEOUT_S
    server: "Proxy"
    raw_requestline: bytes

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

    def parse_request(self) -> bool:
        """Read the request line and the headers; bytes above ASCII are as good as percent-encoded."""
        self.command = ""
        if CONTROL.search(self.raw_requestline.rstrip(b"\r\n")):
            self.send_error(UNREADABLE[0])
            return False
        self.raw_requestline = RAW.sub(lambda raw: b"%%%02X" % raw[0][0], self.raw_requestline)
        return super().parse_request()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the base class finds wrong with a request, in the envelope."""
        self.close_connection = True
        self.request_version = self.protocol_version  # where it could not be read: an answer with a status and headers
        self._envelope(code, Reason.PARAMETER_INVALID)

    def forward(self) -> None:
        """Pass one request on and its answer back."""
        try:
            body = self._body()
            target = self._target()
            answer, content = self._ask(target, body)
        except Unreadable as error:
            self.close_connection = True
            self._envelope(*error.args)
        except (OSError, http.client.HTTPException, Untouched) as error:
            self.upstream.close()
            self._not_there(error)
        else:
            self._answer(answer, content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: the functions log."""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        text = self.headers.get("Content-Length", "0")
        if not (text.isascii() and text.isdigit()):
            raise Unreadable(*UNREADABLE)
        if len(text) > LENGTH_DIGITS_MAX or int(text) > BODY_BYTES_MAX:
            raise Unreadable(*TOO_LARGE)
        body = self.rfile.read(int(text))
        if len(body) != int(text):
            raise Unreadable(*UNREADABLE)
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
            raise Unreadable(*UNREADABLE) from None
        return body

    def _target(self) -> str:
        """The path and query asked for, also of ``http://host/path``; it begins with a slash, to stay below the stage."""
        if self.path.startswith("/"):
            return self.path
        try:
            parts = urlsplit(self.path)
        except ValueError:
            raise Unreadable(*UNREADABLE) from None
        if not (parts.scheme in {"http", "https"} and parts.netloc):
            raise Unreadable(*NO_SUCH_URL)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _ask(self, target: str, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """The emulator's answer.

        A kept connection may have been closed at the other end before it saw this request: only then is it sent again.
        Not so after a time-out, nor once the answer has begun: an order would be placed twice.
        """
        kept = self.upstream.sock is not None
        try:
            return self._ask_once(target, body)
        except Untouched:
            if not kept:
                raise
        self.upstream.close()
        return self._ask_once(target, body)

    def _ask_once(self, target: str, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            self._prepare(target, len(body))
        except (ValueError, http.client.InvalidURL):
            self.upstream.close()
            raise Unreadable(*UNREADABLE) from None
        try:
            self.upstream.endheaders(body)
            begun = self.upstream.sock.recv(1, socket.MSG_PEEK)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Untouched from error
        if not begun:
            raise Untouched
        answer = self.upstream.getresponse()
        return answer, answer.read()

    def _prepare(self, target: str, length: int) -> None:
        """Write the request's head; nothing is sent yet."""
        upstream = self.upstream
        upstream.putrequest(self.command, self.server.prefix + target, skip_host=True, skip_accept_encoding=True)
        upstream.putheader("Host", f"{upstream.host}:{upstream.port}")
        for name, value in self.headers.items():
            if name.lower() not in DROPPED:
                upstream.putheader(name, value)
        upstream.putheader("X-Forwarded-For", self.client_address[0])
        upstream.putheader("X-Forwarded-Proto", "http")
        upstream.putheader("Content-Length", str(length))

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _not_there(self, error: Exception) -> None:
        """The emulator did not answer: tell the caller an id, and the terminal what happened under it."""
        correlation_id = secrets.token_hex(8)
        print(f"proxy: {correlation_id} {self.command}: {error!r}", file=sys.stderr, flush=True)
        self._envelope(*NOT_THERE, {"correlation_id": correlation_id})

    def _envelope(self, status: int, reason: Reason, data: dict[str, str] | None = None) -> None:
        said = SPELLINGS[reason]
        envelope = {"code": said.code, "time": time.time_ns() // 1_000_000, "data": data, "message": said.zh}
        content = json.dumps(envelope).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
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
