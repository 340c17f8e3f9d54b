"""Tickers of other exchanges, asked over HTTP of a local server that answers in each one's own public format."""

import json
import threading
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chalicelib import clock, settings
from chalicelib.core.candles import Ticker
from chalicelib.core.external import Unreadable, read, sources
from chalicelib.services import external
from chalicelib.stores import external as rows
from tests.services import world

#: As each source documents its answer.
ANSWERS = {
    "HUOBI": {
        "time": "1423017188",
        "ticker": {
            "open": 1400.5,
            "vol": 12345.678,
            "symbol": "btccny",
            "last": 1427.26,
            "buy": 1427.2,
            "sell": 1427.3,
            "high": 1540,
            "low": 1403.95,
        },
    },
    "OKCOIN": {
        "date": "1423017188",
        "ticker": {
            "buy": "1427.01",
            "high": "1540.02",
            "last": "1427.11",
            "low": "1400.00",
            "sell": "1427.33",
            "vol": "38075.3962",
        },
    },
    "LAKEBTC": {
        "btcusd": {"last": "229.5", "high": "240", "low": "220", "volume": "99.9"},
        "btccny": {
            "bid": "1426",
            "ask": "1428",
            "last": "1427.00",
            "high": "1541.00",
            "low": "1399.00",
            "volume": "1503.227",
        },
    },
    "COINBASE": {
        "open": "228.01000000",
        "high": "241.50000000",
        "low": "221.00000000",
        "volume": "8133.41571385",
        "last": "229.99000000",
        "volume_30day": "1",
    },
    "BITSTAMP": {
        "high": "240.00",
        "last": "228.50",
        "timestamp": "1423017188",
        "bid": "228.4",
        "vwap": "230.1",
        "volume": "16133.00000001",
        "low": "220.10",
        "ask": "228.6",
        "open": "230.00",
    },
}


#: Takes the request and says nothing for as long as the test runs.
SILENCE = object()
#: How long a silent source is waited for here: far more than this machine ever pauses an answer that does come.
PATIENCE_S = 2


class Elsewhere:
    """A server whose answers a test decides: a status and bytes, or `SILENCE`."""

    def __init__(self):
        self.answers = {name: (200, json.dumps(answer).encode()) for name, answer in ANSWERS.items()}
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                told = outer.answers[self.path.strip("/")]
                if told is SILENCE:
                    outer.over.wait()
                    return
                status, body = told
                try:
                    self.send_response(status)
                    if status == 302:
                        self.send_header("Location", "/BITSTAMP")
                    self.end_headers()
                    self.wfile.write(body)
                except BrokenPipeError:
                    pass

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.sources = [
            replace(source, url=f"http://127.0.0.1:{self.server.server_port}/{source.name}")
            for source in settings.external_sources()
        ]

    def refresh(self):
        return external.refresh(self.sources)


@pytest.fixture
def elsewhere(cloud):
    found = Elsewhere()
    yield found
    found.over.set()
    found.server.shutdown()
    found.server.server_close()


def units(text):
    return int(Decimal(text) * 10**8)


def test_each_source_is_read_in_its_own_format(elsewhere):
    assert elsewhere.refresh() == dict.fromkeys(ANSWERS, True)
    shown = external.tickers()
    assert [(market, list(found)) for market, found in shown.items()] == [
        ("BTC-CNY", ["HUOBI", "OKCOIN", "LAKEBTC"]), ("BTC-USD", ["COINBASE", "BITSTAMP"])
    ]  # fmt: skip
    assert shown["BTC-CNY"]["HUOBI"] == Ticker(*map(units, ("1427.26", "1540", "1403.95", "12345.678", "1400.5")))
    assert shown["BTC-CNY"]["OKCOIN"] == Ticker(*map(units, ("1427.11", "1540.02", "1400", "38075.3962", "0")))
    assert shown["BTC-CNY"]["LAKEBTC"] == Ticker(*map(units, ("1427", "1541", "1399", "1503.227", "0")))
    assert shown["BTC-USD"]["COINBASE"] == Ticker(*map(units, ("229.99", "241.5", "221", "8133.41571385", "228.01")))
    assert shown["BTC-USD"]["BITSTAMP"] == Ticker(*map(units, ("228.5", "240", "220.1", "16133.00000001", "230")))


@pytest.mark.parametrize(
    "wrong",
    [
        (500, b"{}"), (404, b""), (302, b""), (200, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"),
        (200, b'{"ticker": null}'), (200, b" " * 70_000), SILENCE,
        (200, b'{"ticker": {"last": NaN, "high": 1, "low": 1, "vol": 1, "open": 1}}'),
        (200, b'{"ticker": {"last": "-1", "high": "1", "low": "1", "vol": "1", "open": "1"}}'),
        (200, b'{"ticker": {"last": "9", "high": "1", "low": "1", "vol": "1", "open": "1"}}'),
        (200, b'{"ticker": {"last": "1e999999999", "high": "1", "low": "1", "vol": "1", "open": "1"}}'),
        (200, b'{"ticker": {"last": true, "high": "1", "low": "1", "vol": "1", "open": "1"}}'),
        (200, b"[" * 60_000),
    ],
    ids=lambda wrong: "silence" if wrong is SILENCE else f"{wrong[0]} {wrong[1][:45]!r}",
)  # fmt: skip
def test_a_source_that_fails_keeps_its_last_row_for_ten_minutes(elsewhere, monkeypatch, wrong):
    elsewhere.refresh()
    if wrong is SILENCE:
        monkeypatch.setattr(rows, "TIMEOUT_S", PATIENCE_S)
    elsewhere.answers["HUOBI"] = wrong
    answered = elsewhere.refresh()
    assert answered == {**dict.fromkeys(ANSWERS, True), "HUOBI": False}
    assert external.tickers()["BTC-CNY"]["HUOBI"].last == units("1427.26")
    world.later(monkeypatch, external.KEPT_MS - 5_000)
    elsewhere.refresh()
    assert "HUOBI" in external.tickers()["BTC-CNY"]
    world.later(monkeypatch, 5_001)
    assert list(external.tickers()["BTC-CNY"]) == ["OKCOIN", "LAKEBTC"]
    elsewhere.answers["HUOBI"] = (200, json.dumps(ANSWERS["HUOBI"]).encode())
    elsewhere.refresh()
    assert list(external.tickers()["BTC-CNY"]) == ["HUOBI", "OKCOIN", "LAKEBTC"]


def test_a_late_answer_does_not_replace_a_newer_one(cloud):
    ticker = Ticker(1, 1, 1, 1, 1)
    now = clock.now_ms()
    rows.put(rows.External("HUOBI", "BTC-CNY", ticker, now))
    rows.put(rows.External("HUOBI", "BTC-CNY", replace(ticker, last=2), now - 1))
    assert external.tickers() == {"BTC-CNY": {"HUOBI": ticker}}


def test_nothing_fetched_nothing_shown(cloud):
    assert external.tickers() == {}
    assert external.refresh([]) == {}


def test_sources_have_to_be_fetched_over_https():
    entry = {"market": "BTC-CNY", "url": "http://x", "fields": {"last": "a", "high": "b", "low": "c", "volume": "d"}}
    with pytest.raises(ValueError, match="HTTPS"):
        sources({"external_tickers": {"X": entry}})
    with pytest.raises(ValueError, match="fields"):
        sources({"external_tickers": {"X": {**entry, "url": "https://x", "fields": {"last": "a"}}}})


def test_a_figure_finer_than_ours_is_cut_off():
    (source,) = sources({"external_tickers": {"X": {
        "market": "BTC-CNY", "url": "https://x", "fields": {"last": "a", "high": "a", "low": "a", "volume": "a"}
    }}})  # fmt: skip
    assert read(source, b'{"a": 1.123456789}').last == 112345678
    with pytest.raises(Unreadable):
        read(source, b'{"b": 1}')
