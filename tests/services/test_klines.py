"""Candles and tickers: what readers are shown, against a slow twin that looks at every trade; writers killed at every call."""

import json
import random
from contextlib import suppress
from hashlib import sha256
from itertools import count

import pytest

from chalicelib import clock, settings
from chalicelib.core.candles import INTERVALS, Tail
from chalicelib.core.orders import Entry, MarketResumed, Order, OrderFilled, OrderPlaced, Side
from chalicelib.core.reasons import Refused
from chalicelib.services import klines, market_data, operations
from chalicelib.stores import aws, heads, journal
from tests.cloud import empty
from tests.faults.injection import FAULTS, Faults, injected, lost

MARKET = "BTC-CNY"
MINUTE = 60_000
DAY = 1440 * MINUTE
BEGIN = 1_800_000_000_000 // DAY * DAY + 17 * MINUTE + 3
ONE = 10**8


class Market:
    """A market whose journal is written as its matcher would write it, at times of the test's choosing."""

    def __init__(self, monkeypatch, seed=1):
        self.random = random.Random(seed)
        self.now, self.seq, self.trades, self.tail = BEGIN, 0, [], Tail()
        self.ids = count(1)
        monkeypatch.setattr(clock, "now_ms", lambda: self.now)

    def entry(self, *trades, noted=True):
        """An entry now, with trades as (price, amount); without any it holds something else."""
        self.seq += 1
        fills = tuple(event for trade in trades for event in self.fill(*trade)) or (MarketResumed(),)
        entry = Entry(MARKET, self.seq, self.now, fills)
        journal.append(entry)
        self.trades += [(self.now, *trade) for trade in trades]
        if self.tail.apply(entry) and noted:
            heads.note_tail(MARKET, self.tail)

    def fill(self, price, amount):
        number = next(self.ids)
        order = Order(number, "1", MARKET, Side.BUY, price, amount, self.now, 0, 0)
        return OrderPlaced(order), OrderFilled(
            number, number, "1", Side.BUY, number, "2", price, amount, 1, 0, 0, price, amount, amount, amount, amount
        )

    def some(self, number):
        """A number of entries at random moments: in the same minute, on borders, over gaps."""
        for _ in range(number):
            gap = self.random.choice([0, 1, 999, 59_999, MINUTE, MINUTE, 5 * MINUTE, 61 * MINUTE])
            self.now += gap
            if self.random.random() < 0.1:
                self.now = (self.now // (15 * MINUTE) + 1) * 15 * MINUTE  # exactly on a border
            deals = self.random.choice([0, 1, 1, 2, 3])
            self.entry(
                *((self.random.randrange(1, 9) * ONE + 7, self.random.randrange(1, 10**12)) for _ in range(deals))
            )

    def slow(self, interval, start, end):
        """The same by looking at every trade."""
        width = INTERVALS[interval] * MINUTE
        rows, close = [], None
        if not self.trades:
            return []
        bucket = self.trades[0][0] // width * width
        at = 0
        while bucket <= min(end, self.now):
            here = []
            while at < len(self.trades) and self.trades[at][0] < bucket + width:
                here.append(self.trades[at])
                at += 1
            prices = [price for _, price, _ in here] or [close]
            close = prices[-1]
            if bucket > start:
                volume = sum(amount for _, _, amount in here)
                rows.append([bucket, prices[0], max(prices), min(prices), close, volume])
            bucket += width
        return rows[-1000:]

    def shown(self, interval, start=None, end=None):
        rows = market_data.kline(MARKET, interval, start, end)
        return [[at, one.open, one.high, one.low, one.close, one.volume] for at, one in rows]

    def check(self, intervals=INTERVALS):
        """All intervals in some windows, and the ticker of a warm and of a cold reader."""
        for interval, minutes in INTERVALS.items():
            if interval not in intervals:
                continue
            width = minutes * MINUTE
            for start, end in (
                (self.now - 90 * width, self.now),
                (0, self.now),
                (BEGIN + 3 * width - 1, BEGIN + 40 * width),
                (self.now // width * width - width, self.now // width * width),
                (self.now - 5 * DAY, self.now - 2 * DAY),
            ):
                assert self.shown(interval, start, end) == self.slow(interval, start, end), (interval, start, end)
        self.check_ticker()
        market_data.forget()
        self.check_ticker()

    def check_ticker(self):
        shown = market_data.tickers([MARKET])[MARKET]
        day = [(price, amount) for at, price, amount in self.trades if at // MINUTE > self.now // MINUTE - 1440]
        assert shown.last == (self.trades[-1][1] if self.trades else 0)
        assert shown.volume == sum(amount for _, amount in day)
        assert (shown.high, shown.low) == (max((p for p, _ in day), default=0), min((p for p, _ in day), default=0))
        assert shown.first == (day[0][0] if day else 0)


@pytest.fixture
def market(cloud, monkeypatch):
    market_data.forget()
    return Market(monkeypatch)


@pytest.fixture
def few(monkeypatch):
    """Three intervals instead of nine: each writes and reads as the others do."""
    for interval in ("15m", "30m", "1h", "2h", "4h", "6h"):
        monkeypatch.delitem(INTERVALS, interval)


def stored():
    """Every object of candles, by key."""
    listed = aws.client("s3").list_objects_v2(Bucket=settings.BUCKET, Prefix="klines").get("Contents", [])
    return {
        one["Key"]: aws.client("s3").get_object(Bucket=settings.BUCKET, Key=one["Key"])["Body"].read() for one in listed
    }


@pytest.mark.parametrize("seed", range(3))
def test_what_is_shown_is_what_a_slow_twin_shows(market, seed):
    market.random.seed(seed)
    market.check()
    for _ in range(8):
        market.some(market.random.randrange(1, 25))
        if market.random.random() < 0.6:
            klines.run([MARKET])
        market.now += market.random.choice([0, 1, MINUTE, 3 * DAY // 2])
        market.check()


def test_a_silent_year_is_filled_with_the_last_price(market):
    market.entry((5 * ONE, 1))
    market.now += 2 * MINUTE
    market.entry((6 * ONE, 2))
    klines.run([MARKET])
    market.now += 366 * DAY
    long = ("15m", "30m", "1h", "2h", "4h", "6h", "1d")  # the twin needs its time for half a million minutes
    market.check(long)
    market.entry((7 * ONE, 3))
    market.now += MINUTE
    market.entry()
    market.check(long)
    klines.run([MARKET])
    market.check(long)
    middle = market.now - 180 * DAY
    assert {tuple(row[1:]) for row in market.shown("1m", middle - DAY, middle)} == {(6 * ONE,) * 4 + (0,)}


def test_trades_whose_tail_nobody_noted_yet_are_found_when_candles_are_far_behind(market):
    for minute in range(40):
        market.now = BEGIN + minute * MINUTE
        market.entry((ONE + minute, 1))
    assert heads.get(MARKET).tail.begins > 0
    market.check()
    klines.run([MARKET])
    market.check()


def test_the_default_is_90_of_5_minutes_and_no_answer_is_longer_than_1000(market):
    market.entry((ONE, 1))
    market.now += 30 * DAY
    assert len(market.shown("5m")) == 90
    assert len(market.shown("1m", 0)) == 1000
    assert market.shown("1m", 0)[-1][0] == market.now // MINUTE * MINUTE
    assert market.shown("1m", market.now, market.now) == []
    assert market.shown("1m", market.now, 5) == []
    assert market.shown("1h", 0, BEGIN - DAY) == []


def test_a_dialect_may_ask_for_as_many_rows_as_a_chunk_has(market, few):
    market.some(200)
    klines.run([MARKET])
    market.some(20)
    for interval in ("1m", "5m", "1d"):
        shown = market_data.kline(MARKET, interval, 0, None, most=1440)
        assert len(shown) == min(1440, (market.now - BEGIN) // (INTERVALS[interval] * MINUTE) + 1)
        newest = market_data.kline(MARKET, interval, 0, None)
        older = market_data.kline(MARKET, interval, shown[0][0] - 1, newest[0][0] - 1) if len(shown) > 1000 else []
        assert shown == older + newest
        assert market_data.kline(MARKET, interval, 0, None, most=7) == shown[-7:]


def test_objects_are_immutable_and_vouched_for(market):
    market.some(20)
    seen = {}
    for _ in range(12):
        market.some(15)
        market.now += 500 * MINUTE
        klines.run([MARKET])
        for key, body in stored().items():
            assert seen.setdefault(key, body) == body, f"{key} has changed"
    now = stored()
    assert sum(key.endswith("manifest.json") for key in now) == 2, "the generation that is read, and the one before it"
    until = heads.get(MARKET).klines.until
    manifest = json.loads(now[f"klines-open/{MARKET}/{until:012d}/manifest.json"])
    assert len(manifest["objects"]) == len(INTERVALS)
    for one in manifest["objects"]:
        assert sha256(now[one["name"]]).hexdigest() == one["sha256"]
        chunk = json.loads(now[one["name"]])
        while chunk["previous"]:
            body = now[f"klines/{MARKET}/{chunk['interval']}/{chunk['chunk'] - 1:08d}.json"]
            assert sha256(body).hexdigest() == chunk["previous"]
            chunk = json.loads(body)
            assert len(chunk["rows"]) <= 1440
        assert chunk["before"] == 0, "the chain ends where trading began"


def test_how_often_and_in_which_steps_makes_no_difference(market, monkeypatch):
    monkeypatch.setattr(klines, "ENTRIES_PER_STEP_MAX", 7)
    market.some(60)
    klines.run([MARKET])
    market.some(40)
    klines.run([MARKET])
    once = stored()
    closed = {key: body for key, body in once.items() if key.startswith("klines/")}
    until = heads.get(MARKET).klines.until
    aws.client("dynamodb").delete_item(TableName=settings.table("heads"), Key={"market": {"S": MARKET}})
    for key in once:
        aws.client("s3").delete_object(Bucket=settings.BUCKET, Key=key)
    monkeypatch.setattr(klines, "ENTRIES_PER_STEP_MAX", 10_000)
    klines.run([MARKET])
    again = stored()
    assert {key: body for key, body in again.items() if key.startswith("klines/")} == closed
    assert heads.get(MARKET).klines.until == until
    for key in again.keys() & once.keys():
        assert again[key] == once[key]
    market.check()


def test_a_run_without_news_writes_nothing(market, monkeypatch):
    market.some(30)
    klines.run([MARKET])
    with injected(monkeypatch, Faults()) as calls:
        assert klines.run([MARKET]) == {}
    assert set(calls.seen) <= {"GetItem", "Query"}


@pytest.mark.parametrize("mode", ["before", "after"])
def test_a_writer_killed_at_any_call_leaves_nothing_wrong(market, few, mode, monkeypatch):
    def history():
        empty()
        market_data.forget()
        market.__init__(monkeypatch, seed=5)
        for _ in range(2):
            market.some(4)
            market.now += MINUTE
            market.entry((ONE, 1))
            klines.run([MARKET])
        market.now += DAY  # so that chunks are closed
        market.some(4)

    history()
    with injected(monkeypatch, Faults()) as calls:
        klines.run([MARKET])
    assert len(calls.seen) > 12
    whole = stored()
    for number in range(len(calls.seen)):
        history()
        with injected(monkeypatch, Faults(number, FAULTS[mode])), suppress(type(lost()), Exception):
            klines.run([MARKET])
        assert market.shown("5m") == market.slow("5m", market.now - 90 * 5 * MINUTE, market.now)
        klines.run([MARKET])
        assert whole.items() <= stored().items()
        if number % 10 == 0:
            market.check()


def test_two_writers_at_once_do_no_harm(market, few, monkeypatch):
    def other(call):
        result = call()
        market.some(9)
        klines.run([MARKET])
        return result

    for number in range(0, 28, 2):
        market.some(9)
        with injected(monkeypatch, Faults(number, other)), suppress(aws.client("s3").exceptions.NoSuchKey):
            klines.run([MARKET])
        market.check_ticker()
        assert market.shown("5m") == market.slow("5m", market.now - 90 * 5 * MINUTE, market.now)


class TestRebuild:
    def test_what_was_damaged_is_made_good(self, market, monkeypatch):
        market.some(60)
        klines.run([MARKET])
        market.now += 2 * DAY
        market.some(30)
        klines.run([MARKET])
        good = stored()
        until = heads.get(MARKET).klines.until
        for key in good:
            if "manifest" not in key:
                aws.client("s3").put_object(Bucket=settings.BUCKET, Key=key, Body=b"damaged")
        monkeypatch.setattr(klines, "ENTRIES_PER_STEP_MAX", 11)
        monkeypatch.setattr(klines, "STEPS_MS", 5)
        answers = []
        ticks = count()
        monkeypatch.setattr(clock, "monotonic_ms", lambda: next(ticks))
        while not answers or not answers[-1]["done"]:
            answers.append(operations.run({"verb": "rebuild-klines", "market": "btc-cny"}))
        assert len(answers) >= 3
        assert [one["seq"] for one in answers] == sorted(one["seq"] for one in answers)
        now = stored()
        assert all(
            now[key] == body
            for key, body in good.items()
            if key.startswith(("klines/", f"klines-open/{MARKET}/{until:012d}"))
        )
        market_data.forget()
        market.check()

    def test_of_an_unknown_market(self, cloud):
        with pytest.raises(Refused):
            klines.rebuild("btc-usd")
        assert operations.run({"verb": "rebuild-klines"}) == {"error": "parameter_missing", "parameter": "market"}

    def test_of_a_market_without_trades(self, market):
        market.entry()
        assert klines.rebuild(MARKET).done
        assert market.shown("1m") == []
