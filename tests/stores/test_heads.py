"""Heads: what is noted of a market only moves on."""

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib import settings
from chalicelib.stores import heads
from chalicelib.stores.heads import Head
from tests.faults.injection import Faults, injected, repeated

MARKET = "BTC-CNY"


def test_of_a_new_market_nothing_is_noted(cloud):
    assert heads.get(MARKET) == Head()
    assert heads.halted(settings.exchange().markets) == set()


@pytest.mark.parametrize("older", [5, 4, 0])
def test_a_checkpoint_is_never_older_than_the_one_before(cloud, older):
    for seq in (3, 5, older):
        heads.note_checkpoint(MARKET, seq)
    assert heads.get(MARKET).checkpoint == 5


def test_a_halt_that_is_noted_late_does_not_undo_the_resume_after_it(cloud):
    heads.note_halted(MARKET, 3, halted=True)
    assert heads.get(MARKET).halted
    heads.note_halted(MARKET, 4, halted=False)
    heads.note_halted(MARKET, 3, halted=True)
    assert not heads.get(MARKET).halted


def test_checkpoints_and_halts_do_not_disturb_each_other(cloud):
    heads.note_halted(MARKET, 9, halted=True)
    heads.note_checkpoint(MARKET, 2)
    heads.note_checkpoint(MARKET, 3)
    heads.note_halted(MARKET, 10, halted=True)
    found = heads.get(MARKET)
    assert (found.checkpoint, found.halted) == (3, True)


def test_halted_markets_are_found_among_all(cloud):
    heads.note_halted(MARKET, 1, halted=True)
    heads.note_halted("LTC-CNY", 1, halted=True)
    heads.note_halted("LTC-CNY", 2, halted=False)
    heads.note_checkpoint("LTC-BTC", 2)
    assert heads.halted(settings.exchange().markets) == {MARKET}
    assert heads.halted(["LTC-CNY"]) == set()


def test_a_note_may_be_repeated_unseen(cloud, monkeypatch):
    with injected(monkeypatch, Faults(0, repeated)):
        heads.note_checkpoint(MARKET, 3)
    assert heads.get(MARKET).checkpoint == 3


def test_a_note_that_meets_a_transaction_is_written_after_it(cloud, monkeypatch):
    def conflict(_):
        raise ClientError({"Error": {"Code": "TransactionConflictException", "Message": "busy"}}, "UpdateItem")

    with injected(monkeypatch, Faults(0, conflict)) as calls:
        heads.note_checkpoint(MARKET, 3)
    assert calls.seen[:2] == ["UpdateItem", "UpdateItem"]
    assert heads.get(MARKET).checkpoint == 3


def test_a_note_asks_for_nothing_back(cloud, monkeypatch):
    asked = []
    call = BaseClient._make_api_call
    with monkeypatch.context() as patch:
        patch.setattr(
            BaseClient, "_make_api_call", lambda *args: (asked.append(args[2].get("ReturnValues")), call(*args))[1]
        )
        heads.note_checkpoint(MARKET, 3)
    assert asked == [None]
