"""Worker numbers: each has one holder, who keeps it by renewing, and nobody else gets it until long after."""

import pytest
from pynamodb.exceptions import PutError

from chalicelib import clock
from chalicelib.core.ids import WORKERS_MAX
from chalicelib.stores import leases
from chalicelib.stores.leases import LEASE_MS, MARGIN_MS, RENEW_MS, Lease, LeaseRow
from tests.faults.injection import Faults, after, before, injected, repeated

NOW = 1_800_000_000_000


class Hands:
    """The clock and the dice of a test."""

    def __init__(self):
        self.now = NOW
        self.rolls = []


@pytest.fixture(autouse=True)
def hands(cloud, monkeypatch):
    found = Hands()
    monkeypatch.setattr(clock, "now_ms", lambda: found.now)
    monkeypatch.setattr(clock, "random_below", lambda limit: found.rolls.pop(0) if found.rolls else 0)
    return found


def until(worker):
    return LeaseRow.get(worker).until


def test_a_container_leases_one_number_and_keeps_it(hands):
    hands.rolls = [7]
    lease = Lease()
    assert lease.ids().worker == 7
    assert lease.ids() is lease.ids()
    assert until(7) == NOW + LEASE_MS


def test_a_number_that_is_taken_is_not_given_twice(hands):
    hands.rolls = [7, 7, 7, 8]
    assert [Lease().ids().worker, Lease().ids().worker] == [7, 8]


def test_a_lease_is_renewed_in_its_second_half_only(hands):
    lease = Lease()
    ids = lease.ids()
    hands.now = NOW + LEASE_MS - RENEW_MS
    lease.ids()
    assert until(0) == NOW + LEASE_MS
    hands.now += 1
    assert lease.ids() is ids
    assert until(0) == hands.now + LEASE_MS


def test_a_container_that_slept_past_its_lease_takes_another_number(hands):
    hands.rolls = [7, 8]
    lease = Lease()
    first = lease.ids()
    hands.now = NOW + LEASE_MS
    second = lease.ids()
    assert (first.worker, second.worker) == (7, 8)
    assert second.next(hands.now) != first.next(hands.now)


@pytest.mark.parametrize(("late", "given"), [(0, False), (MARGIN_MS, False), (MARGIN_MS + 1, True)])
def test_a_number_is_taken_over_only_when_its_lease_is_long_over(hands, late, given):
    hands.rolls = [7, 7, 8]
    Lease().ids()
    hands.now = NOW + LEASE_MS + late
    assert (Lease().ids().worker == 7) is given


def test_a_container_that_lost_its_number_takes_another_when_it_renews(hands):
    hands.rolls = [7, 8]
    lease = Lease()
    ids = lease.ids()
    LeaseRow(7, owner="another", until=NOW + 10 * LEASE_MS).save()
    hands.now = NOW + LEASE_MS - 1
    assert ids.worker == 7
    assert lease.ids().worker == 8
    assert LeaseRow.get(7).owner == "another"


def test_a_lease_whose_row_is_gone_is_taken_anew(hands):
    hands.rolls = [7, 8]
    lease = Lease()
    lease.ids()
    LeaseRow(7).delete()
    hands.now = NOW + LEASE_MS - 1
    assert lease.ids().worker == 8


def test_when_no_number_is_free_it_says_so(hands, monkeypatch):
    Lease().ids()
    with pytest.raises(leases.NoWorkerFree):
        Lease().ids()


def test_a_put_that_was_repeated_unseen_is_ones_own(hands, monkeypatch):
    hands.rolls = [7, 8]
    with injected(monkeypatch, Faults(0, repeated)):
        assert Lease().ids().worker == 7


@pytest.mark.parametrize("fault", [before, after])
def test_a_lease_that_may_not_be_had_is_not_used(hands, monkeypatch, fault):
    hands.rolls = [7, 8]
    lease = Lease()
    with injected(monkeypatch, Faults(0, fault)), pytest.raises(PutError):
        lease.ids()
    assert lease.ids().worker == 8


def test_numbers_are_drawn_from_all_there_are(monkeypatch):
    drawn = []
    monkeypatch.setattr(clock, "random_below", lambda limit: drawn.append(limit) or 0)
    Lease().ids()
    assert drawn == [WORKERS_MAX]
