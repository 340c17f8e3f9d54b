"""Client order ids: each stands for one order, for a day; a dead request's is taken over by one other; a freed one is free."""

import pytest
from pynamodb.exceptions import DeleteError, PutError

from chalicelib.stores import placements
from chalicelib.stores.placements import KEPT_MS, PlacementRow
from tests.faults.injection import Faults, after, before, injected, repeated

ANN, BOB = "1000000001", "1000000002"
NOW = 1_800_000_000_000


def claim(order_id, at=NOW, uid=ANN, name="x"):
    return placements.claim(uid, name, order_id, at)


def test_the_first_claim_stands(cloud):
    assert claim(1) == (1, NOW)
    assert claim(2, NOW + 5) == (1, NOW)
    assert placements.find(ANN, "x", 0) == 1


def test_a_name_is_its_owners_and_exact(cloud):
    assert [claim(1), claim(2, uid=BOB), claim(3, name="X"), claim(4, name="x ")] == [(n, NOW) for n in (1, 2, 3, 4)]
    assert placements.find(ANN, "y", 0) is None


@pytest.mark.parametrize(("age", "stands"), [(KEPT_MS, (1, NOW)), (KEPT_MS + 1, (2, NOW + KEPT_MS + 1))])
def test_a_claim_stands_for_a_day(cloud, age, stands):
    claim(1)
    assert claim(2, NOW + age) == stands


def test_rows_expire_only_after_their_day(cloud):
    claim(1)
    assert PlacementRow.get(ANN, "x").expires.timestamp() * 1000 >= NOW + KEPT_MS


def test_a_claim_that_was_repeated_unseen_is_ones_own(cloud, monkeypatch):
    with injected(monkeypatch, Faults(0, repeated)):
        assert claim(1) == (1, NOW)


@pytest.mark.parametrize(("fault", "standing"), [(before, None), (after, 1)])
def test_a_claim_of_which_nothing_is_heard_raises(cloud, monkeypatch, fault, standing):
    with injected(monkeypatch, Faults(0, fault)), pytest.raises(PutError):
        claim(1)
    assert placements.find(ANN, "x", 0) == standing


def test_a_claim_that_is_freed_while_another_looks_at_it_goes_to_the_other(cloud, monkeypatch):
    claim(1)

    def freed_meanwhile(call):
        placements.release(ANN, "x", 1)
        return call()

    with injected(monkeypatch, Faults(1, freed_meanwhile)):
        assert claim(2) == (2, NOW)


def test_exactly_one_takes_a_dead_claim_over_and_its_order_id_stays(cloud):
    claim(1)
    assert placements.take_over(ANN, "x", 1, NOW, NOW + 20)
    assert not placements.take_over(ANN, "x", 1, NOW, NOW + 30)
    assert claim(2) == (1, NOW + 20)


def test_nobody_takes_over_what_stands_for_another_order_or_for_none(cloud):
    assert not placements.take_over(ANN, "x", 1, NOW, NOW + 20)
    claim(1)
    assert not placements.take_over(ANN, "x", 2, NOW, NOW + 20)
    assert claim(3) == (1, NOW)


def test_a_freed_name_can_be_claimed_again(cloud):
    claim(1)
    placements.release(ANN, "x", 1)
    assert placements.find(ANN, "x", 0) is None
    assert claim(2, NOW + 1) == (2, NOW + 1)


def test_only_the_order_it_stands_for_frees_a_name(cloud):
    claim(1)
    placements.release(ANN, "x", 2)
    placements.release(ANN, "never claimed", 2)
    assert placements.find(ANN, "x", 0) == 1


def test_freeing_may_be_repeated_unseen(cloud, monkeypatch):
    claim(1)
    with injected(monkeypatch, Faults(0, repeated)):
        placements.release(ANN, "x", 1)
    assert placements.find(ANN, "x", 0) is None


def test_freeing_says_when_it_does_not_know(cloud, monkeypatch):
    claim(1)
    with injected(monkeypatch, Faults(0, before)), pytest.raises(DeleteError):
        placements.release(ANN, "x", 1)
