"""The local front door passes requests on as they are, and tells the truth about who sent them."""

import http.client
import json
import socket
import struct
import threading
from contextlib import suppress
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


def test_without_an_emulator_the_answer_is_an_envelope(capsys):
    unreachable = Proxy(0, 1, "abc123")
    unreachable.start()
    other = http.client.HTTPConnection("127.0.0.1", unreachable.port, timeout=10)
    other.request("GET", "/x")
    answer = other.getresponse()
    body = json.loads(answer.read())
    assert (answer.status, body["code"], body["message"]) == (502, 1003, "系统内部错误")
    assert body["data"]["correlation_id"] in capsys.readouterr().err
    other.close()
    unreachable.stop()


def raw(proxy, request):
    """The status, headers and body that bytes which no client library would send are answered with."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(request)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer.status, answer.headers, json.loads(answer.read())


def get(target):
    return b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"


class TestWhatIsSentTwice:
    """Of two requests on one connection the second meets what became of the connection to the emulator."""

    @pytest.fixture
    def scripted(self):  # noqa: C901 - a server in one place
        """A proxy before an upstream that does as told: one thing per request, and notes every request it read."""
        listener = socket.create_server(("127.0.0.1", 0))
        deeds, seen, held = [], [], []

        def converse(peer):
            file = peer.makefile("rb")
            while line := file.readline():
                while file.readline().strip():
                    pass
                seen.append(line)
                match deeds.pop(0):
                    case "answer":
                        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                    case "answer and close":
                        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                        break
                    case "close":
                        break
                    case "begin and reset":
                        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
                        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        break
                    case "hold":
                        held.append(peer)
            file.close()
            if peer not in held:
                peer.close()

        def accept():
            with suppress(OSError):
                while True:
                    threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        front = Proxy(0, listener.getsockname()[1], "abc123")
        front.start()
        client = http.client.HTTPConnection("127.0.0.1", front.port, timeout=10)

        def ask(*told):
            deeds[:] = told
            statuses = []
            for _ in range(2):
                client.request("POST", "/x")
                answer = client.getresponse()
                answer.read()
                statuses.append(answer.status)
            return statuses, len(seen)

        yield ask
        client.close()
        front.stop()
        listener.close()
        for peer in held:
            peer.close()

    @pytest.mark.parametrize("end", ["answer", "answer and close"])
    def test_nothing_that_was_answered(self, scripted, end):
        assert scripted(end, "answer") == ([200, 200], 2)

    def test_what_a_closed_connection_did_not_take(self, scripted):
        assert scripted("answer", "close", "answer") == ([200, 200], 3)

    def test_but_only_once(self, scripted):
        assert scripted("answer", "close", "close") == ([200, 502], 3)

    def test_not_what_a_fresh_connection_did_not_take(self, scripted):
        assert scripted("close", "answer") == ([502, 200], 2)

    def test_not_what_took_too_long(self, scripted, monkeypatch):
        monkeypatch.setattr("infra.proxy.UPSTREAM_TIMEOUT_S", 0.3)
        assert scripted("answer", "hold", "answer") == ([200, 502], 2)

    def test_not_what_was_being_answered(self, scripted):
        assert scripted("answer", "begin and reset", "answer") == ([200, 502], 2)


class TestTargets:
    def test_raw_utf_8_is_percent_encoded(self, proxy):
        status, _, seen = raw(proxy, get("/voilà/你?x=à".encode()))
        assert (status, seen["path"]) == (201, "/_aws/execute-api/abc123/api/voil%C3%A0/%E4%BD%A0?x=%C3%A0")

    def test_a_whole_url_is_its_path(self, proxy):
        assert raw(proxy, get(b"http://x/a?b=1"))[2]["path"] == "/_aws/execute-api/abc123/api/a?b=1"

    @pytest.mark.parametrize("target", [b"x", b"*", b"../y", b"http:x", b"http:/x", b"ftp://x/y", b"x:443", b"?x=/"])
    def test_others_are_not_found(self, proxy, target):
        status, _, body = raw(proxy, get(target))
        assert (status, body["code"]) == (404, 1012)

    @pytest.mark.parametrize(
        "target", [b"/a\x00b", b"/a\x0bb", b"/a\x1fb", b"/a\x7fb", b"/a\tb", b"/a b", b"http://[x/y"]
    )
    def test_what_no_target_may_hold_is_refused(self, proxy, target):
        status, _, body = raw(proxy, get(target))
        assert (status, body["code"]) == (400, 1007)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET\r\n", 400),
        (b"GET /x HTTP/1.x\r\n\r\n", 400),
        (b"GET /x HTTP/2.0\r\n\r\n", 505),
        (b"GET /" + b"x" * 65532, 414),
        (b"GET /x HTTP/1.1\r\nA: " + b"x" * 65534, 431),
        (b"GET /x HTTP/1.1\r\n" + b"A: b\r\n" * 101, 431),
        (b"POST /x HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
    ],
)
def test_what_is_not_http_gets_the_envelope_and_the_end_of_the_connection(proxy, request_, status):
    found, headers, body = raw(proxy, request_)
    assert (found, body["code"], body["data"], body["message"]) == (status, 1007, None, "不正确或多余的参数")
    assert (headers["Cache-Control"], headers["Connection"]) == ("no-store", "close")


def test_a_head_is_refused_without_a_body(connection):
    for _ in range(2):
        connection.request("HEAD", "*")
        assert connection.getresponse().status == 404
