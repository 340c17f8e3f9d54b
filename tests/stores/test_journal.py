"""The journal: what is put once stands, a second writer is told so, and every entry comes back as it was."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from pynamodb.exceptions import PutError

from chalicelib.core.orders import Entry, MarketHalted, MarketResumed, OrderPlaced, Side
from chalicelib.stores import journal
from tests.core.journals import STEPS
from tests.core.journals import journal as made
from tests.core.twin import ONE, an_order
from tests.faults.injection import Faults, after, before, injected, repeated

MARKET = "BTC-CNY"


def entry(seq, at=5, number=1, market=MARKET):
    return Entry(market, seq, at, (OrderPlaced(an_order(number, Side.BUY, ONE, ONE, client_order_id="ü")),))


def standing():
    return list(journal.since(MARKET, 0))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STEPS)
def test_events_come_back_as_they_were(steps):
    for one, _ in made(steps, self_trade_allowed=True):
        data = journal.encode(one.events)
        assert journal.decode(MARKET, data) == one.events
        assert journal.encode(one.events) == data, "the same events give the same bytes"


def test_halts_and_resumes_come_back_too():
    events = (MarketHalted(), MarketResumed())
    assert journal.decode(MARKET, journal.encode(events)) == events


def test_an_entry_of_another_market_is_not_believed():
    with pytest.raises(AssertionError):
        journal.decode("GOOC-CNY", journal.encode(entry(1).events))


def test_entries_are_read_in_order_from_any_position_of_one_market(cloud):
    for seq in (2, 10, 1, 3):
        journal.append(entry(seq))
    journal.append(replace(entry(1), market="BTC-CNY-X"))
    assert [one.seq for one in journal.since(MARKET, 0)] == [1, 2, 3, 10]
    assert [one.seq for one in journal.since(MARKET, 2)] == [3, 10]
    assert list(journal.since(MARKET, 10)) == []


@pytest.mark.parametrize("other", [entry(1, at=6), entry(1, number=2), Entry(MARKET, 1, 5, (MarketHalted(),))])
def test_another_writers_entry_is_a_fence(cloud, other):
    journal.append(entry(1))
    with pytest.raises(journal.Fenced):
        journal.append(other)
    assert standing() == [entry(1)]


def test_ones_own_entry_is_no_fence(cloud):
    journal.append(entry(1))
    journal.append(entry(1))
    assert standing() == [entry(1)]


def test_a_repeat_that_nobody_saw_is_no_fence(cloud, monkeypatch):
    with injected(monkeypatch, Faults(0, repeated)):
        journal.append(entry(1))
    assert standing() == [entry(1)]


@pytest.mark.parametrize(("fault", "there"), [(before, []), (after, [entry(1)])])
def test_an_answer_that_never_came_leaves_it_open(cloud, monkeypatch, fault, there):
    with injected(monkeypatch, Faults(0, fault)), pytest.raises(PutError):
        journal.append(entry(1))
    assert standing() == there


def test_more_entries_than_one_answer_holds_are_read_to_the_end(cloud, monkeypatch):
    """DynamoDB answers with 1 MB at most; each of these has 200 KB that do not compress."""
    import random

    noise = random.Random(1)
    monkeypatch.setattr(journal, "encode", lambda events: noise.randbytes(200_000))
    monkeypatch.setattr(journal, "decode", lambda market, data: (len(data),))
    for seq in range(1, 13):
        journal.append(entry(seq))
    with injected(monkeypatch, Faults()) as counted:
        found = standing()
    assert [one.seq for one in found] == list(range(1, 13))
    assert all(one.events == (200_000,) for one in found)
    assert len(counted.seen) > 2
