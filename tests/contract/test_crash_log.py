"""What a crash's log line may tell: nothing of what the caller sent, and without long work over it."""

import json
import time
from itertools import pairwise

import pytest

from chalicelib.api.edge import log
from chalicelib.api.edge.request import Request

SECRET = "hunter22-hunter22"


@pytest.fixture
def told(monkeypatch):
    """The details that are written down when an error meets a request."""

    class Lines(list):
        def error(self, _message, **fields):
            self.append(fields)

    lines = Lines()
    monkeypatch.setattr(log.telemetry, "logger", lambda: lines)

    def tell(body, error, **event):
        log.crashed(Request({"body": body, **event}), error)
        return lines[-1]["detail"]

    return tell


def chain(*texts):
    causes = [ValueError(text) for text in texts]
    for error, cause in pairwise(causes):
        error.__cause__ = cause
    return causes[0]


def test_what_was_not_said_is_told(told):
    body = json.dumps({"password": SECRET, "note": "x" * 1000})
    assert told(body, chain("no such column", f"not {SECRET!r}")) == ["no such column", "not '[struck]'"]


def test_a_text_is_struck_however_it_was_spelt(told):
    (detail,) = told('{"password":"hunter\\u0032\\"2"}', chain(r"""hunter2"2 HUNTER2"2 hunter\u0032\"2"""))
    assert detail == "[struck] [struck] [struck]"


@pytest.mark.parametrize("name", ["au_token", "Au-Token", "c_token", "X-C-TOKEN"])
def test_a_header_that_is_a_secret_is_struck(told, name):
    assert told("", chain(f"not {SECRET}"), headers={name: SECRET}) == ["not [struck]"]


def test_of_a_form_nothing_is_told(told):
    assert told(f"password={SECRET}", chain(f"not {SECRET}")) == ["[struck]"]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"password": SECRET, "note": "x" * log.BODY_BYTES_MAX}),
        json.dumps({"note": "x" * log.BODY_BYTES_MAX, "password": SECRET}),
        json.dumps({"many": [f"text {number}" for number in range(log.TEXTS_MAX)], "password": SECRET}),
        json.dumps({"password": SECRET})[:-2],
        '\\"' + SECRET,
    ],
    ids=["long, at the start", "long, at the end", "many texts", "cut off", "no text"],
)
def test_where_not_all_can_be_struck_nothing_is_told(told, body):
    assert told(body, chain(f"not {SECRET}", "no such column")) == ["[struck]", "[struck]"]


def test_nor_where_the_request_cannot_be_read(told):
    query = {"x": ["1", "2"]}
    body = json.dumps({"password": SECRET})
    assert told(body, chain(SECRET), multiValueQueryStringParameters=query) == ["[struck]"]
    assert told("not base64: " + SECRET, chain(SECRET), isBase64Encoded=True) == ["[struck]"]


def test_nor_of_too_many_cookies(told):
    jar = ";".join(f"name{number}={SECRET}{number}" for number in range(log.TEXTS_MAX + 1))
    assert told("", chain(f"{SECRET}7"), headers={"Cookie": jar}) == ["[struck]"]


def test_nor_of_an_endless_error(told):
    assert told(json.dumps({"password": SECRET}), chain("x" * log.STRUCK_CHARACTERS_MAX + SECRET)) == ["[struck]"]


@pytest.mark.parametrize("size", [1, 16, 256])
@pytest.mark.parametrize("unit", ['\\"', '"', "\\", '"\\', '"abcd",'])
def test_no_body_takes_long(told, unit, size):
    body = (unit * 256 * 1024)[: size * 1024]
    started = time.perf_counter()
    details = told(body, chain(*(f"{SECRET} {body}"[: log.STRUCK_CHARACTERS_MAX] for _ in range(5))))
    assert time.perf_counter() - started < 1  # it is a few ms; it was minutes
    assert len(details) == 5


def test_the_most_that_is_struck_does_not_take_long(told):
    texts = [f"{number:03}\\u0061{'x' * 60}" for number in range(log.TEXTS_MAX)]
    body = '["' + '","'.join(texts) + '"]'
    assert len(body) < log.BODY_BYTES_MAX
    said = json.loads(body)
    started = time.perf_counter()
    details = told(body, chain(*(" ".join(said)[: log.STRUCK_CHARACTERS_MAX] for _ in range(5))))
    assert time.perf_counter() - started < 2
    assert not any(text in detail for detail in details for text in said)
