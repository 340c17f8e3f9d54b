"""The local front door passes requests on as they are, and tells the truth about who sent them."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.proxy import BODY_BYTES_MAX, Proxy


class Recorder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = {"path": self.path, "headers": self.headers.items(), "body": body.decode(), "method": self.command}
        content = json.dumps(seen).encode()
        self.send_response_only(201)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PATCH = do_POST  # noqa: N815 - the base class looks them up

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    upstream.daemon_threads = True
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    front = Proxy(0, upstream.server_address[1], "abc123")
    front.start()
    yield front
    front.stop()
    upstream.shutdown()
    upstream.server_close()


@pytest.fixture
def connection(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    yield connection
    connection.close()


def test_the_callers_address_is_ours_to_tell(connection):
    connection.request("POST", "/x", b"", {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Real": "y"})
    seen = json.loads(connection.getresponse().read())
    headers = [(name.lower(), value) for name, value in seen["headers"]]
    assert [value for name, value in headers if name == "x-forwarded-for"] == ["127.0.0.1"]
    assert "forwarded" not in dict(headers)
    assert dict(headers)["x-real"] == "y"


def test_path_query_body_and_cookies_pass_unchanged(connection):
    connection.request("PATCH", "/a%2Fb/../c?x=1&x=%E4%BD%A0+z", "héllo".encode())
    answer = connection.getresponse()
    seen = json.loads(answer.read())
    assert answer.status == 201
    assert seen["path"] == "/_aws/execute-api/abc123/api/a%2Fb/../c?x=1&x=%E4%BD%A0+z"
    assert (seen["method"], seen["body"]) == ("PATCH", "héllo")
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_a_chunked_body_arrives_whole(connection):
    connection.request("POST", "/x", iter([b"one", b"two"]), encode_chunked=True)
    assert json.loads(connection.getresponse().read())["body"] == "onetwo"


def test_a_body_above_the_limit_is_refused(connection):
    connection.putrequest("POST", "/x")
    connection.putheader("Content-Length", str(BODY_BYTES_MAX + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, 1007)


def test_without_an_emulator_the_answer_is_an_envelope(connection):
    unreachable = Proxy(0, 1, "abc123")
    unreachable.start()
    other = http.client.HTTPConnection("127.0.0.1", unreachable.port, timeout=10)
    other.request("GET", "/x")
    answer = other.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (502, 1003)
    other.close()
    unreachable.stop()
