"""What API Gateway, the proxy and the operators' command line do around the functions."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.deployed


def ask(exchange, method, path, body=None, **headers):
    target = urlsplit(exchange.url)
    connection = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("GET", "/api/v2/nowhere"),
        ("DELETE", "/api/v2/time"),
        ("GET", "/api/v2/a/b/c"),
    ],
)
def test_an_unknown_url_gets_the_envelope(exchange, method, path):
    status, body = ask(exchange, method, path)
    assert (status, body["code"]) == (404, 1012)
    assert isinstance(body["time"], int)
    assert "data" in body


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/draft/api/v2/nowhere", {"code": 1012, "data": ""}),
        ("GET", "/api/user/nowhere", {"code": 30017}),
        ("PUT", "/api/user/authorize", {"code": 30017}),
        ("POST", "/api/common/nowhere", {"code": 30017}),
        ("POST", "/api/oauth2/a/b", {"code": 30017}),
        ("GET", "/transaction/nowhere", {"code": "100001", "data": {}}),
        ("GET", "/transaction/addChangeApplyOrder", {"code": "100001", "data": {}}),
    ],
)
def test_an_unknown_url_of_a_dialect_gets_its_own_words(exchange, method, path, words):
    status, body = ask(exchange, method, path)
    assert status == 404
    assert {name: body[name] for name in words} == words
    assert ("description" if path.startswith("/transaction") else "msg" if "/api/v2" not in path else "message") in body


@pytest.mark.parametrize("path", ["/../../_ministack/health", "//_ministack/health", "/api/../../../_ministack/reset"])
def test_nothing_but_the_api_is_reachable(exchange, path):
    assert ask(exchange, "GET", path)[0] in {400, 403, 404}
    assert ask(exchange, "GET", "/api/v2/time")[0] == 200


def test_the_clock_and_the_market_are_public(exchange):
    assert ask(exchange, "GET", "/api/v2/time")[1]["code"] == 0
    assert len(ask(exchange, "GET", "/api/v2/tickers")[1]["data"]) == 15


def test_what_is_private_asks_for_authentication(exchange):
    for path in ("/api/v2/user/balance", "/api/v2/user/orders", "/api/v2/user/profile"):
        status, body = ask(exchange, "GET", path)
        assert (status, body["code"]) == (401, 1014)


def test_operators_are_told_what_is_wrong(ops):
    code, answer = ops("credit", "--uid", "1", "--currency", "BTC", "--amount", "1")
    assert code == 1
    assert "error" in answer
    code, answer = ops("no_such_verb")
    assert code == 1
    assert "error" in answer


def test_a_deposit_counts_once_per_txid(person, ops):
    dan = person("dan")
    for _ in range(2):
        code, _answer = ops("credit", "--uid", dan.uid, "--currency", "CNY", "--amount", "1.5", "--txid", "t1")
        assert code == 0
    assert dan.call("GET", "/api/v2/user/balance")["CNY"][0] == 1.5


@pytest.mark.parametrize("function", ["sweep", "checkpoint"])
def test_scheduled_functions_can_be_run_now(ops, function):
    code, answer = ops("invoke", function)
    assert code == 0, answer


def test_mails_are_kept(person, ops):
    person("eve")
    code, messages = ops("messages", "--to", "nobody@example.com")
    assert (code, messages) == (0, [])
