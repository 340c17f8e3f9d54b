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
SOLVED = {
    "lot_number": "4dc3cfc2cdff448cad8d13107198d473",
    "captcha_output": "sZ_f-9/8w==",
    "pass_token": "a7a94e0d",
    "gen_time": "1652342711",
}


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
    [("", solved()), ("other", solved()), (ID, ""), (ID, "x"), (ID, "[]"), (ID, "{}"), (ID, "[" * 2000)]
    + [(ID, solved(gen_time=time)) for time in (1652342711, "x", "165234271", "16523427110000", "١٦٥٢٣٤٢٧١١")]
    + [(ID, solved(lot_number=lot)) for lot in ("", "\ud800", "g" * 32, SOLVED["lot_number"] + "\n")]
    + [(ID, solved(captcha_output=output)) for output in ("", "\ud800", "two words", "名", "x" * 2049)]
    + [(ID, solved(pass_token=token)) for token in ("", "\ud800", "x\x00")],
)
def test_what_is_none_is_refused_without_asking(geetest, captcha_id, response):
    turned_on()
    assert refusal(captcha.check, captcha_id, response).reason is Reason.CAPTCHA
    assert geetest.asked == []


def error(code):
    return {"status": "error", "code": code, "msg": "illegal gen_time", "desc": {"type": "defined error"}}


@pytest.mark.parametrize("code", ["-50001", "-50002", "-50003", "-50005", "-50301", "-50303", "-50305", "-1", None])
def test_whoever_sends_what_geetest_cannot_read_is_refused_with_an_alarm(geetest, monkeypatch, code):
    turned_on()
    geetest.answers.append((200, error(code)))
    alarms = []
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda name, *_, **__: alarms.append(name))
    assert refusal(captcha.check, ID, solved()).reason is Reason.CAPTCHA
    assert alarms == ["captcha_unreadable"]


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (200, b"x"), (200, []), (200, {"status": []})]
    + [(200, error(code)) for code in ("-50000", "-50101", "-50102", "-50103", "-50104", "-50105")],
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
