"""The captcha, its maker played by a local server that answers as Geetest's manual has it."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest

from chalicelib import clock, settings
from chalicelib.core.reasons import Reason
from chalicelib.services import captcha, operations
from chalicelib.stores import aws
from chalicelib.stores import captcha as store
from tests.contract.broker import Browser
from tests.planted import plant
from tests.services.test_identity import refusal

ID = "647f5ed2ed8acb4be36784e01556bb71"
KEY = plant("b09a7aafbfd83f73b35a9b530d0337bf")
SOLVED = {"lot_number": "4dc3cfc2cdff448cad8d13107198d473", "captcha_output": "x", "pass_token": "y", "gen_time": "1"}


@pytest.fixture
def geetest(cloud, monkeypatch):
    """Geetest's server: `asked` is what it was sent, `answers` what it says next."""
    asked, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            fields = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            asked.append((dict(parse_qsl(urlsplit(self.path).query)), fields))
            status, answer = answers.pop(0)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(settings, "GEETEST_URL", f"http://127.0.0.1:{server.server_port}/validate")
    store.forget()
    server.asked, server.answers = asked, answers
    yield server
    store.forget()
    server.shutdown()
    server.server_close()


def turned_on():
    assert operations.run({"verb": "captcha", "action": "on", "id": ID, "key": KEY}) == {"captcha": ID}


def solved(**changes):
    return json.dumps({**SOLVED, **changes})


def test_without_one_everybody_passes(geetest):
    captcha.check("", "")
    assert geetest.asked == []


def test_a_solved_one_passes_and_is_signed(geetest):
    turned_on()
    geetest.answers.append((200, {"status": "success", "result": "success", "reason": "", "captcha_args": {}}))
    captcha.check(ID, solved())
    ((query, fields),) = geetest.asked
    assert query == {"captcha_id": ID}
    sign = hmac.new(KEY.encode(), SOLVED["lot_number"].encode(), hashlib.sha256).hexdigest()
    assert fields == {**SOLVED, "sign_token": sign}


def test_one_that_was_not_solved_is_refused(geetest):
    turned_on()
    geetest.answers.append((200, {"status": "success", "result": "fail", "reason": "pass_token expire"}))
    assert refusal(captcha.check, ID, solved()).reason is Reason.CAPTCHA


@pytest.mark.parametrize(
    ("captcha_id", "response"),
    [("", solved()), ("other", solved()), (ID, ""), (ID, "x"), (ID, "[]"), (ID, "{}"), (ID, solved(gen_time=1))],
)
def test_what_is_none_is_refused_without_asking(geetest, captcha_id, response):
    turned_on()
    assert refusal(captcha.check, captcha_id, response).reason is Reason.CAPTCHA
    assert geetest.asked == []


@pytest.mark.parametrize(
    "answer", [(500, b""), (200, b"x"), (200, []), (200, {"status": "error", "code": "-50005", "msg": "illegal"})]
)
def test_while_geetest_gives_no_verdict_everybody_passes_with_an_alarm(geetest, monkeypatch, answer):
    turned_on()
    geetest.answers.append(answer)
    alarms = []
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda name, *_, **__: alarms.append(name))
    captcha.check(ID, solved())
    assert alarms == ["captcha_silent"]


def test_a_container_hears_of_a_change_within_a_minute(geetest, monkeypatch):
    time = [0]
    monkeypatch.setattr(clock, "monotonic_ms", lambda: time[0])
    captcha.check("", "")
    sealed = store.vault.seal(KEY, store.KEY)
    store.CaptchaRow(store.KEY, captcha_id=ID, sealed=sealed).save()  # by another container
    captcha.check("", "")
    time[0] += store.FRESH_MS
    assert refusal(captcha.check, "", "").reason is Reason.CAPTCHA


def test_operators_switch_it_off_and_the_key_lies_sealed(geetest):
    turned_on()
    table = store.CaptchaRow.Meta.table_name
    assert KEY not in str(aws.client("dynamodb").scan(TableName=table))
    assert operations.run({"verb": "captcha", "action": "off"}) == {"captcha": None}
    captcha.check("", "")
    assert operations.run({"verb": "captcha", "action": "x"})["error"] == "parameter_invalid"
    assert operations.run({"verb": "captcha", "action": "on"})["error"] == "parameter_missing"


@pytest.mark.parametrize("path", ["send_email_verify_code", "send_verify_code"])
def test_strangers_who_ask_for_codes_are_asked_for_it(geetest, path):
    from app import app

    turned_on()
    browser, body = Browser(app), {"receiver_type": "2", "type": "1", "email": "ann@coinport.com"}
    assert browser.post(f"/api/common/{path}", body).code == 31018
    geetest.answers.append((200, {"status": "success", "result": "success"}))
    body |= {"captcha_id": ID, "captcha_response": solved()}
    assert browser.post(f"/api/common/{path}", body).status == 200
