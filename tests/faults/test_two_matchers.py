"""Two matchers of one market at once, at every moment: whatever call the one is at, the other runs in between.

Then the same without the fence, and without the watermark: the suite must notice.
"""

from itertools import count

import pytest

from chalicelib.services import matching
from chalicelib.stores import accounts, journal
from tests.faults.injection import Faults, injected
from tests.services import world

MARKET = "GOOC-CNY"
uids = count(1_000_000_001)


def orders_in():
    """Messages of two makers and two takers, so that an entry's effects touch rows that a later entry touches again."""
    ann, bob = world.person(str(next(uids)), CNY="10000"), world.person(str(next(uids)), GOOC="10000")
    world.place(bob, MARKET, "sell", 2, 100)
    world.place(bob, MARKET, "sell", 2, 50)
    first = [message["Body"] for message in take()]
    world.place(ann, MARKET, "buy", 2, 60)
    world.place(ann, MARKET, "buy", 2, 90)
    world.place(ann, MARKET, "buy", 1, 1)
    return first, [message["Body"] for message in take()]


def take():
    messages = world.receive(MARKET)
    world.delete(MARKET, messages)
    return messages


def interleaved(monkeypatch, number, fault):
    """One matcher works on the first messages; at its call of `number` another starts cold and does all of them, one by one."""
    first, second = orders_in()

    def other():
        others = {}
        for body in (*first, *second):
            matching.run(MARKET, [body], others)

    def meanwhile(call):
        return fault(call, other)

    engines = {}
    with injected(monkeypatch, Faults(number, meanwhile)) as faults:
        matching.run(MARKET, first, engines)
        calls = len(faults.seen)
        matching.run(MARKET, second, engines)
    return calls


def other_first(call, other):
    other()
    return call()


def other_after(call, other):
    result = call()
    other()
    return result


@pytest.fixture(autouse=True)
def _cold(cloud):
    world.forget()


def run_all(monkeypatch, fault):
    number = 0
    while number < 40:
        calls = interleaved(monkeypatch, number, fault)
        if number >= calls:
            return number
        number += 1
    pytest.fail("a batch of two orders needs fewer calls than this")


@pytest.mark.parametrize("fault", [other_first, other_after])
def test_two_matchers_at_once_make_one_market(fault, monkeypatch):
    assert run_all(monkeypatch, fault) > 8
    world.check()


def test_without_the_fence_the_suite_fails(monkeypatch):
    save = journal.JournalRow.save
    monkeypatch.setattr(journal.JournalRow, "save", lambda row, condition=None: save(row))
    with pytest.raises((AssertionError, ValueError)):  # noqa: PT012 - wherever in the story it is noticed
        run_all(monkeypatch, other_first)
        world.check()


def test_without_the_watermark_the_suite_fails(monkeypatch):
    updated = accounts.updated

    def unconditional(row, actions, condition):
        return updated(row, actions, accounts.AccountRow.uid.exists())

    monkeypatch.setattr(accounts, "updated", unconditional)
    with pytest.raises(AssertionError):  # noqa: PT012 - wherever in the story it is noticed
        run_all(monkeypatch, other_first)
        world.check()


def test_without_the_order_of_rows_the_suite_fails(monkeypatch):
    """A matcher that was overtaken writes an order's older state last: its condition is what keeps it out."""
    from chalicelib.stores import orders

    save, updated = orders.OrderRow.save, orders.updated
    always = orders.OrderRow.uid.exists() | orders.OrderRow.uid.does_not_exist()
    monkeypatch.setattr(orders.OrderRow, "save", lambda row, condition=None: save(row))
    monkeypatch.setattr(orders, "updated", lambda row, actions, _condition: updated(row, actions, always))
    with pytest.raises(AssertionError):  # noqa: PT012 - wherever in the story it is noticed
        run_all(monkeypatch, other_first)
        world.check()
