"""The edge by itself: requests and JSON as hostile as they come, and what is said when something breaks."""

import base64
import io
import json as stdlib
from decimal import Decimal

import msgspec
import pytest
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, ConflictError, Response
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import telemetry
from chalicelib.api.coinport.endpoint import Answer, endpoint
from chalicelib.api.coinport.words import STATUS, UnknownWordError, number, ratio
from chalicelib.api.edge import json, paging
from chalicelib.api.edge.gateway import Gateway
from chalicelib.api.edge.request import BODY_BYTES_MAX, Request
from chalicelib.core.money import SCALE
from chalicelib.core.orders import Status
from chalicelib.core.reasons import Reason, Refused
from tests.contract.client import Client, proxy_event
from tests.contract.document import contract, exact

PASSWORD = "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ="


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.reason, caught.value.parameter


@pytest.fixture
def odd_app(monkeypatch):
    """An app whose views break in every way."""
    routes = Blueprint("odd")

    @endpoint(routes, "POST", "/api/v2/crash")
    def crash(request):
        body = request.json()
        try:
            {}[body["pwdhash"]]
        except KeyError as error:
            everything = f"{body} {request.cookies} {request.header('authorization')}"
            raise ValueError(f"cannot digest {everything}") from error

    @endpoint(routes, "GET", "/api/v2/float")
    def unspeakable(_request):
        return object()

    @endpoint(routes, ["GET", "POST"], "/api/v2/cookies")
    def cookies(_request):
        return Answer({"a": 1}, headers={"X-More": "yes"}, cookies=["a=1; Path=/", "b=2; Path=/"])

    @endpoint(routes, "GET", "/api/v2/refuse")
    def refuse(_request):
        raise Refused(Reason.UNAUTHENTICATED, canRetryTime=2)

    @endpoint(routes, "GET", "/api/v2/internal")
    def internal(_request):
        raise Refused(Reason.INTERNAL)

    @routes.route("/api/v2/chalice")
    def chalice():
        raise ConflictError("in Chalice's own voice")

    @routes.route("/api/v2/chalice-crash")
    def chalice_crash():
        raise ZeroDivisionError

    @routes.route("/api/v2/binary")
    def binary():
        return Response(b"x", headers={"Content-Type": "image/png"})

    monkeypatch.setitem(contract(), "GET /api/v2/cookies", {"answer": {"a": 1}})
    monkeypatch.setitem(contract(), "POST /api/v2/cookies", {"answer": {"a": 1}})
    app = Gateway()
    app.register_blueprint(routes)
    return app


@pytest.fixture
def logged(monkeypatch, capsys):
    """What has been written since, line by line: the log, and the metrics that go out with it."""
    written = io.StringIO()
    logger = Logger(service=f"test-{id(written)}", stream=written)  # one of its own: Powertools keeps the first stream
    monkeypatch.setattr(telemetry, "logger", lambda: logger)
    return lambda: [stdlib.loads(line) for line in (written.getvalue() + capsys.readouterr().out).splitlines()]


class TestTexts:
    """A flat body as text, digit for digit: what a partner of the ramp signs."""

    numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

    @given(
        st.dictionaries(
            texts, st.one_of(texts.map(lambda text: (text, stdlib.dumps(text))), numbers.map(lambda n: (n, n)))
        )
    )
    def test_every_value_is_the_text_that_was_written(self, fields):
        body = ",".join(f"{stdlib.dumps(name)} : {written}" for name, (_, written) in fields.items())
        assert json.texts(f"{{{body}}}".encode()) == {name: text for name, (text, _) in fields.items()}

    @given(st.dictionaries(texts, st.one_of(texts, st.none())))
    def test_what_is_null_is_not_there(self, fields):
        said = {name: text for name, text in fields.items() if text is not None}
        assert json.texts(stdlib.dumps(fields, ensure_ascii=False).encode()) == said

    @pytest.mark.parametrize("value", ["true", "false", "[]", "{}", '["a"]', '{"a":"b"}'])
    def test_no_other_kind_of_value(self, value):
        assert refused(json.texts, f'{{"a":{value}}}'.encode()) == (Reason.PARAMETER_INVALID, "a")

    @pytest.mark.parametrize(
        "body",
        [b"[]", b'"a"', b"1", b"{", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":"1","a":"1"}', b"\xff", b'{"a":"\\ud800"}'],
    )
    def test_what_is_no_object(self, body):
        assert refused(json.texts, body) == (Reason.PARAMETER_INVALID, "body")

    def test_nothing_is_an_empty_object(self):
        assert json.texts(b"") == json.texts(b" \n") == {}

    def test_a_number_to_exhaust_us_is_only_text(self):
        assert json.texts(b'{"a":' + b"9" * 100_000 + b"}") == {"a": "9" * 100_000}


class TestUnknownUrls:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/v2/nothing/here/at/all"),
            ("GET", "/"),
            ("GET", ""),
            ("POST", "/api/v2/tickers"),
            ("DELETE", "/api/v2/user/orders"),
            ("PUT", "/api/v2/user/submit_orders"),
            ("GET", "/api/v2/user/submit_orders"),
            ("GET", "/wp-login.php"),
        ],
    )
    def test_answer_in_the_envelope(self, stranger, method, path):
        reply = stranger.request(method, path)
        assert (reply.status, reply.code, reply.data) == (404, 1012, None)
        assert reply.message == "请求url不正确"

    def test_in_english(self, stranger):
        assert stranger.get("/nowhere", Accept_Language="en-US,en;q=0.9,zh;q=0.8").message == "No such url"

    def test_are_not_remembered(self, stranger):
        before = len(stranger.app.routes)
        stranger.get("/nowhere")
        assert len(stranger.app.routes) == before

    def test_an_event_that_is_none(self, app):
        answer = app({}, None)
        assert (answer["statusCode"], exact(answer["body"])["code"]) == (404, 1012)


class TestCrashes:
    def test_two_words_to_the_caller_and_the_rest_to_the_log(self, odd_app, logged):
        caller = Client(odd_app, {"Cookie": "session=s3cr3t-c00kie"})
        basic = base64.b64encode(f"a@example.com:{PASSWORD}".encode()).decode()
        reply = caller.post(
            "/api/v2/crash", {"pwdhash": PASSWORD, "deep": [{"note": "t0p-secret"}]}, Authorization=f"Basic {basic}"
        )
        assert (reply.status, reply.code) == (500, 1003)
        assert reply.data == {"correlation_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}
        assert reply.message == "系统内部错误"
        lines = logged()
        (line,) = [line for line in lines if line.get("message") == "crash"]
        assert line["correlation_id"] == reply.data["correlation_id"]
        assert line["error"] == ["ValueError", "KeyError"]
        assert line["method"] == "POST"
        assert any("test_edge.py" in frame and frame.endswith(" crash") for frame in line["trace"])
        assert "cannot digest" in line["detail"][0]
        everything = stdlib.dumps(lines)
        for secret in (PASSWORD, basic, "s3cr3t-c00kie", "t0p-secret", "a@example.com"):
            assert secret not in everything
        assert any("api_crash" in entry for entry in lines), "an alarm has something to watch"

    def test_an_answer_that_cannot_be_written(self, odd_app, logged):
        assert Client(odd_app).get("/api/v2/float").code == 1003

    def test_an_error_that_we_found_out_ourselves(self, odd_app, logged):
        reply = Client(odd_app).get("/api/v2/internal")
        assert (reply.status, reply.code, list(reply.data)) == (500, 1003, ["correlation_id"])
        assert logged()

    def test_outside_a_view(self, odd_app, logged):
        event = proxy_event("GET", "/api/v2/refuse", "/api/v2/refuse")
        del event["stageVariables"]
        answer = odd_app(event, None)
        body = exact(answer["body"])
        assert (answer["statusCode"], body["code"]) == (500, 1003)
        assert body["data"]["correlation_id"]

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [("chalice", 200, 1007), ("chalice-crash", 500, 1003), ("binary", 200, 1007)],
    )
    def test_chalice_does_not_speak_for_itself(self, odd_app, logged, path, status, code):
        reply = Client(odd_app).get(f"/api/v2/{path}")
        assert (reply.status, reply.code) == (status, code)

    def test_an_id_is_made_where_the_gateway_gave_none(self, odd_app, logged):
        event = proxy_event("GET", "/api/v2/float", "/api/v2/float", requestId=None)
        body = exact(odd_app(event, None)["body"])
        assert len(body["data"]["correlation_id"]) == 16


class TestAnswers:
    def test_cookies_and_headers(self, odd_app):
        reply = Client(odd_app).get("/api/v2/cookies")
        assert reply.cookies == ["a=1; Path=/", "b=2; Path=/"]
        assert reply.headers["x-more"] == "yes"
        assert Client(odd_app).post("/api/v2/cookies", "").code == 0

    def test_a_refusal_may_say_more(self, odd_app):
        reply = Client(odd_app).get("/api/v2/refuse")
        assert (reply.status, reply.code, reply.data) == (401, 1014, {"canRetryTime": 2})

    @pytest.mark.parametrize(
        "kind",
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", "", "x", "image/png"],
    )
    def test_any_type_of_body_is_read_as_json(self, odd_app, kind):
        assert Client(odd_app).post("/api/v2/cookies", "{}", Content_Type=kind, Accept=kind).code == 0

    @pytest.mark.parametrize(
        ("accepts", "language"),
        [("en", "en"), ("EN-gb;q=0.9", "en"), (" en", "en"), ("zh-CN,en", "zh"), ("fr", "zh"), ("", "zh"), ("*", "zh")],
    )
    def test_languages(self, accepts, language):
        assert Request(proxy_event("GET", "/", "/", headers={"accept-language": accepts})).language == language


class TestRequest:
    def test_the_address_is_what_the_gateway_saw(self):
        forged = {"X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4"}
        assert Request(proxy_event("GET", "/", "/", headers=forged, ip="203.0.113.9")).ip == "203.0.113.9"

    def test_cookies_are_read_however_they_are_written(self):
        event = proxy_event("GET", "/", "/", headers={"cookie": ' a=1;b="2" ; c = 3=3;; d;e=;a=9'})
        assert Request(event).cookies == {"a": "1", "b": "2", "c": "3=3", "e": ""}

    def test_cookies_split_over_headers(self):
        event = proxy_event("GET", "/", "/", headers={"Cookie": "b=2"})
        event["multiValueHeaders"]["Cookie"] = ["a=1", "b=2"]
        assert Request(event).cookies == {"a": "1", "b": "2"}

    def test_nothing_is_believed_to_be_there(self):
        request = Request({})
        assert (request.method, request.path, request.params, request.query, request.body) == ("", "", {}, {}, b"")
        assert (request.header("x"), request.cookies, request.ip, request.user_agent) == (None, {}, "", "")
        assert request.language == "zh"

    @pytest.mark.parametrize(
        ("query", "name"), [("a=1&a=2", "a"), ("a=1&a=1", "a"), ("b=&c=1&b=", "b"), ("%61=1&a=2", "a")]
    )
    def test_a_repeated_parameter_is_refused(self, query, name):
        request = Request(proxy_event("GET", "/", "/", query=query))
        assert refused(lambda: request.query) == (Reason.PARAMETER_INVALID, name)

    @pytest.mark.parametrize("size", [BODY_BYTES_MAX + 1, BODY_BYTES_MAX * 3])
    @pytest.mark.parametrize("packed", [False, True])
    def test_a_large_body_is_refused(self, size, packed):
        event = proxy_event("POST", "/", "/", body="x" * size)
        if packed:
            event |= {"body": base64.b64encode(b"x" * size).decode(), "isBase64Encoded": True}
        assert refused(lambda: Request(event).body) == (Reason.PARAMETER_INVALID, "body")

    def test_bytes_count_and_not_characters(self):
        event = proxy_event("POST", "/", "/", body="币" * (BODY_BYTES_MAX // 3 + 1))
        assert refused(lambda: Request(event).body) == (Reason.PARAMETER_INVALID, "body")
        assert len(Request(proxy_event("POST", "/", "/", body="x" * BODY_BYTES_MAX)).body) == BODY_BYTES_MAX

    def test_a_body_in_base64(self):
        event = proxy_event("POST", "/", "/") | {"body": "eyJhIjox", "isBase64Encoded": True}
        assert Request(event).body == b'{"a":1'
        assert refused(lambda: Request(event | {"body": "***"}).body) == (Reason.PARAMETER_INVALID, "body")

    def test_half_a_character_in_the_event(self):
        assert refused(lambda: Request(proxy_event("POST", "/", "/", body="\ud800")).body)[1] == "body"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    price: json.Number
    count: int = 0


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[Inner]
    word: str = ""
    flag: bool = False


class TestJson:
    @pytest.mark.parametrize(
        "body",
        [
            b"[]", b"1", b'"x"', b"null", b"{", b"{}{}", b"{'a':1}", b"{a:1}", b'{"a":1,}', b'{"a":NaN}',
            b'{"a":[-Infinity]}', b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":01}', b'{"a":.5}', b'{"a":1.}',
            b'{"a":0x1}', b'{"a":"\n"}',
            b'\xef\xbb\xbf{"a":1}', b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}', b'{"\\uDFFF":1}',
            '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32"), b"[" * 100_000, b'{"a":' * 100_000,
            b'{"a":' + b"9" * 5000 + b"}", b'{"a":1e99999999999999999999}', b'{"a":1e-99999999999999999999}', b"\x00",
        ],
        ids=lambda body: repr(body[:24]),
    )  # fmt: skip
    def test_what_is_no_plain_object_is_refused(self, body):
        assert refused(json.decode, body) == (Reason.PARAMETER_INVALID, "body")

    def test_numbers_stay_what_they_are(self):
        found = json.decode(b'{"a":0.1,"b":1,"c":1.50,"d":1E2,"e":-0.0,"f":123456789012345678901234567890,"g":1e-8}')
        assert list(map(str, found.values())) == [
            "0.1", "1", "1.50", "1E+2", "-0.0", "123456789012345678901234567890", "1E-8"
        ]  # fmt: skip
        assert {type(value) for value in found.values()} == {int, Decimal}

    def test_an_empty_body_is_an_empty_object(self):
        assert json.decode(b"") == json.decode(b" \n") == json.decode(b"{}") == {}

    def test_characters_beyond_the_plane_pass(self):
        assert json.decode(b'{"a":"\\ud83d\\ude80","b":"\xf0\x9f\x9a\x80"}') == {"a": "🚀", "b": "🚀"}

    @pytest.mark.parametrize(
        ("value", "reason", "parameter"),
        [
            ({}, Reason.PARAMETER_MISSING, "rows"),
            ({"rows": [{"price": 1}, {}]}, Reason.PARAMETER_MISSING, "rows[1].price"),
            ({"rows": [], "x": 1}, Reason.PARAMETER_INVALID, "x"),
            ({"rows": [{"price": 1, "x": 1}]}, Reason.PARAMETER_INVALID, "rows[0].x"),
            ({"rows": [], "a`b - at `$.c": 1}, Reason.PARAMETER_INVALID, "a`b - at `$.c"),
            ({"rows": {}}, Reason.PARAMETER_INVALID, "rows"),
            ({"rows": [1]}, Reason.PARAMETER_INVALID, "rows[0]"),
            ({"rows": [{"price": "1"}]}, Reason.PARAMETER_INVALID, "rows[0].price"),
            ({"rows": [{"price": False}]}, Reason.PARAMETER_INVALID, "rows[0].price"),
            ({"rows": [{"price": 1, "count": Decimal("1.0")}]}, Reason.PARAMETER_INVALID, "rows[0].count"),
            ({"rows": [{"price": 1, "count": True}]}, Reason.PARAMETER_INVALID, "rows[0].count"),
            ({"rows": [], "flag": 1}, Reason.PARAMETER_INVALID, "flag"),
            ({"rows": [], "word": 1}, Reason.PARAMETER_INVALID, "word"),
            ([], Reason.PARAMETER_INVALID, "body"),
        ],
    )
    def test_a_wrong_field_is_named_by_its_path(self, value, reason, parameter):
        assert refused(json.convert, value, Outer) == (reason, parameter)

    def test_numbers_of_either_kind(self):
        assert json.convert({"rows": [{"price": 1}, {"price": Decimal("1.5")}]}, Outer).rows[1].price == Decimal("1.5")

    @given(st.integers(-(10**19), 10**19))
    def test_an_amount_survives_the_wire(self, units):
        text = json.encode([number(units)])
        assert exact(text)[0] * SCALE == units
        assert "." in text or "E" in text

    @given(st.text())
    def test_no_name_breaks_the_answer(self, name):
        from chalicelib.api.coinport.errors import message

        assert json.encode(message(Refused(Reason.PARAMETER_INVALID, name + "\udc80"), "zh"))


class TestPaging:
    @given(st.integers(0, 10**24 - 1))
    def test_plain_digits_are_numbers(self, value):
        assert paging.whole("x", str(value)) == value

    @pytest.mark.parametrize(
        "text", ["-1", "+1", " 1", "1 ", "1_0", "1.0", "1e3", "١", "１", "", "0x1", "1" * 25, "1\n"]
    )
    def test_anything_else_is_not(self, text):
        assert refused(paging.whole, "x", text) == (Reason.PARAMETER_INVALID, "x")

    def test_ids(self):
        assert paging.ids("") is None
        assert paging.ids("3, 1,3") == [3, 1]
        assert len(paging.ids(",".join(map(str, range(200))))) == 200
        assert refused(paging.ids, ",".join(map(str, range(201)))) == (Reason.PARAMETER_INVALID, "ids")


class TestWords:
    def test_both_ways(self):
        assert [STATUS.hear(str(STATUS.say(status)), "order_status") for status in Status] == list(Status)

    def test_an_unknown_word_says_what_it_was(self):
        with pytest.raises(Refused) as caught:
            STATUS.hear("9", "order_status")
        assert isinstance(caught.value.__cause__, UnknownWordError)
        assert str(caught.value.__cause__) == "'9' is no order status; known are 0, 1, 2, 3"

    @pytest.mark.parametrize(
        ("part", "whole", "text"),
        [
            (0, 0, "0.0"),
            (0, 5, "0.0"),
            (5, 5, "1.0"),
            (-1, 4, "-0.25"),
            (1, 3, "0.3333333333333333"),
            (500, 1, "500.0"),
        ],
    )
    def test_ratios(self, part, whole, text):
        assert str(ratio(part, whole)) == text
