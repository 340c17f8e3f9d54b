"""A matcher dies between commit and effects, and no further order comes: the sweeper's round makes it whole."""

import pytest

from chalicelib.services import matching
from chalicelib.services.matching import batch, repairing
from tests.faults.injection import Faults, injected, lost
from tests.services import world

MARKET = "BTC-CNY"


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def killed(_):
    raise Killed


@pytest.fixture(autouse=True)
def _cold(cloud):
    world.forget()
    repairing.forget()


def test_what_a_killed_matcher_committed_is_applied(monkeypatch):
    number, committed = 0, 0
    while True:
        ann = world.person(f"1{number:09d}", CNY="1000")
        bob = world.person(f"2{number:09d}", BTC="10")
        world.place(bob, MARKET, "sell", 2, 3)
        world.pump(MARKET)
        world.place(ann, MARKET, "buy", 2, 3)
        messages = world.receive(MARKET)
        bodies = [message["Body"] for message in messages]
        batch.forget()
        try:
            with injected(monkeypatch, Faults(number, killed)) as faults:
                matching.run(MARKET, bodies)
        except Killed:
            pass
        else:
            break
        batch.forget()
        with monkeypatch.context() as patch:
            world.later(patch, 20_000)
            repaired = matching.repair()
            assert matching.repair() == {}
        if "PutItem" in faults.seen[:number]:
            committed += bool(repaired)
            assert world.violations() == []
        world.delete(MARKET, messages)
        matching.run(MARKET, bodies)
        number += 1
    assert committed > 2
    world.check()


def test_a_matcher_at_work_is_left_alone():
    ann = world.person("1000000001", CNY="1000")
    world.place(ann, MARKET, "buy", 2, 3)
    world.pump(MARKET)
    assert matching.repair() == {}
    assert repairing._applied == {}


def test_a_failing_repair_is_tried_again(monkeypatch):
    ann = world.person("1000000001", CNY="1000")
    world.place(ann, MARKET, "buy", 2, 3)
    world.pump(MARKET)
    with monkeypatch.context() as patch:
        world.later(patch, 20_000)
        patch.setattr(repairing, "_owed", lambda *_: (_ for _ in ()).throw(lost()))
        with pytest.raises(type(lost())):
            matching.repair()
    assert repairing._applied == {}
