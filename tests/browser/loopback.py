"""The app on loopback for a browser: each request becomes the proxy event that API Gateway would make of it. Beside it, on a
port and so an origin of its own, what S3 is to a browser: it takes forms, and says who may send them."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import multipart

from chalicelib import settings
from chalicelib.stores import aws
from tests.contract.client import Client, proxy_event

BYTES_MAX = 64 * 2**20


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        route, params = Client(self.server.app)._route(path)
        event = proxy_event(self.command, path, route, params, query, body, dict(self.headers), "127.0.0.1")
        self.server.seen.append((self.command, path))
        found = self.server.app(event, None)
        content = found["body"].encode()
        self.send_response(found["statusCode"])
        for name, value in found["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A browser keeps connections open: nobody waits for their threads.
    block_on_close = False


class _Bucket(BaseHTTPRequestHandler):
    """The bucket of uploads."""

    def do_OPTIONS(self):
        self.answer(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, options = multipart.parse_options_header(self.headers["Content-Type"])
        found = multipart.MultipartParser(
            BytesIO(body), options["boundary"], spool_limit=BYTES_MAX, memory_limit=BYTES_MAX
        )
        parts = {part.name: part.raw for part in found}
        assert next(reversed(parts)) == "file", "S3 reads no field that comes after the file"
        key = parts["key"].decode()
        aws.client("s3").put_object(Bucket=settings.UPLOADS_BUCKET, Key=key, Body=parts["file"])
        self.answer(201)

    def answer(self, status):
        self.send_response(status)
        for name in ("Origin", "Headers", "Methods"):
            self.send_header(f"Access-Control-Allow-{name}", "*")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def serving(app):
    """The app's server; its `seen` lists what was asked for."""
    with _listening(_Handler) as server:
        server.app, server.seen = app, []
        yield server


@contextmanager
def bucket():
    """The bucket's address."""
    with _listening(_Bucket) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def _listening(handler):
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
