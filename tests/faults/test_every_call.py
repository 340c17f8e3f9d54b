"""Each AWS call between submit and settle fails once, before and after it took effect, and is once repeated unseen.

Then messages are delivered again and the sweeper runs: no invariant is broken, and every accepted order is where it belongs.
"""

from dataclasses import replace
from itertools import count

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib import settings
from chalicelib.core.orders import Status
from chalicelib.core.reasons import Refused
from chalicelib.services import market_data, matching, trading
from chalicelib.services.matching import batch
from chalicelib.stores import accounts
from tests.cloud import empty
from tests.faults.injection import FAULTS, Faults, injected, lost
from tests.services import world

#: What comes through when AWS does not answer: botocore's own error, or PynamoDB's around it.
UNHEARD = (type(lost()), PynamoDBException)
MARKETS = ("GOOC-CNY", "BTC-CNY")


def scenario(ann, bob, outcomes):
    """Two markets; orders that rest, cross, partly fill, go through in one request, and one that is cancelled."""

    def attempt(verb, *args):
        try:
            outcomes.append(verb(*args))
        except UNHEARD:
            outcomes.append(None)  # the caller got an error: not known
        except Refused as refusal:
            outcomes.append(refusal)

    def deliver():
        for market in MARKETS:
            if messages := world.receive(market):
                waiting.append((market, messages))  # what is not deleted, SQS will bring again
                try:
                    matching.run(market, [message["Body"] for message in messages])
                    world.delete(market, messages)
                    waiting.pop()
                except UNHEARD:
                    batch.forget(market)

    waiting = []
    attempt(trading.place, bob, [world.request("GOOC-CNY", "sell", 2, 100), world.request("BTC-CNY", "sell", 20, 2)])
    attempt(deliver)
    attempt(
        trading.place,
        ann,
        [
            world.request("GOOC-CNY", "buy", 2, 60, client_order_id="one"),
            world.request("GOOC-CNY", "buy", "1.5", 10),
            world.request("BTC-CNY", "buy", 21, 3),
        ],
    )
    attempt(deliver)
    placed = outcomes[-2]
    if placed:
        attempt(trading.cancel, ann, [placed[1]])
    attempt(deliver)
    return waiting


def recover(waiting, monkeypatch):
    """What happens by itself after a fault: SQS delivers again, the sweeper comes by, somebody else trades."""
    for market, messages in waiting:
        matching.run(market, [message["Body"] for message in messages])
        world.delete(market, messages)
    with monkeypatch.context() as patch:
        world.later(patch, 31_000)
        world.pump(*MARKETS)
        matching.sweep()
        world.pump(*MARKETS)
        assert matching.sweep()["resent"] == 0


uids = count(1_000_000_001)


def people():
    return world.person(str(next(uids)), CNY="1000"), world.person(str(next(uids)), BTC="10", GOOC="1000")


@pytest.fixture(autouse=True)
def _no_waiting(cloud, monkeypatch):
    monkeypatch.setattr(trading, "OUTCOME_WAIT_MS", 0)
    monkeypatch.setattr(market_data, "FRESH_MS", 0)
    # Twelve other markets and eight shards would only be asked whether they are empty, a hundred times over.
    whole = settings.exchange()
    two = replace(whole, markets={market: whole.markets[market] for market in MARKETS})
    monkeypatch.setattr(settings, "exchange", lambda: two)
    monkeypatch.setattr(accounts, "WAITING_SHARDS", 1)
    monkeypatch.setattr(batch, "FAILED_PAUSE_MS", 0)


@pytest.mark.parametrize(("mode", "cold", "tries"), [("before", False, 3), ("after", True, 1), ("repeated", False, 1)])
def test_whatever_call_fails_nothing_is_lost_or_doubled(mode, cold, tries, monkeypatch):
    """`tries`: whether the matcher may start a failed batch anew itself, or dies at once and SQS brings it again."""
    monkeypatch.setattr(batch, "FAILED_TRIES_MAX", tries)
    world.forget()
    ann, bob = people()
    with injected(monkeypatch, Faults()) as counted:
        recover(scenario(ann, bob, []), monkeypatch)
    close(ann, bob)
    calls = len(counted.seen)
    assert calls > 30
    for number in range(calls):
        empty()
        world.forget()
        ann, bob = people()
        if not cold:  # a market that has been used before
            scenario(ann, bob, [])
            close(ann, bob)
        outcomes = []
        with injected(monkeypatch, Faults(number, FAULTS[mode])):
            waiting = scenario(ann, bob, outcomes)
        batch.forget()  # a Lambda whose invocation failed may be anywhere: nobody relies on its memory
        recover(waiting, monkeypatch)
        told = [order for outcome in outcomes[::2] if isinstance(outcome, list) for order in outcome]
        for order_id in told:
            assert isinstance(order_id, int), "funds were there for all of them"
            views = [*trading.orders(ann, None, None, 9, None, [order_id]).items]
            views += trading.orders(bob, None, None, 9, None, [order_id]).items
            assert len(views) == 1, f"{mode} call {number}: accepted order {order_id} is nowhere"
        close(ann, bob)
        world.check()


def close(ann, bob):
    """Cancel what still rests, so that the next round meets an empty book; then nothing is frozen any more."""
    for uid in (ann, bob):
        open_ids = [
            view.order.id
            for status in (Status.OPEN, Status.PARTIAL)
            for view in trading.orders(uid, None, None, 99, status, None).items
        ]
        trading.cancel(uid, open_ids)
    world.pump(*MARKETS)
    for uid in (ann, bob):
        assert all(frozen == 0 for _, frozen in world.balances(uid).values())
    for market in MARKETS:
        depth = market_data.depth(market, 9)
        assert not depth.asks
        assert not depth.bids
