"""Every AWS call of the writer of transfer files fails once, before or after it took effect, or is repeated unseen. Nothing is
lost, nothing stands twice, and what was listed does not change."""

import itertools

import pytest

from chalicelib.services import transfer_files
from chalicelib.services.transfer_files import HOUR_MS
from chalicelib.stores import accounts
from chalicelib.stores import transfer_files as rows
from tests.faults.injection import FAULTS, Faults, injected
from tests.services.conftest import small, watch
from tests.services.test_transfer_files import ANN, NOON, contents, deposit, told

__all__ = ["small", "watch"]


@pytest.fixture(autouse=True)
def _world(small, watch):
    watch.now = NOON
    accounts.ensure(ANN)


def another_first(call):
    """Another writer does all of the work just before this call."""
    transfer_files.write()
    return call()


@pytest.mark.parametrize("fault", [*FAULTS.values(), another_first], ids=[*FAULTS, "another first"])
def test_a_fault_at_any_call_loses_and_doubles_nothing(monkeypatch, watch, fault):
    monkeypatch.setattr(transfer_files, "TRANSFERS_MAX", 2)
    made = [deposit(number) for number in range(3)]
    watch.wind(HOUR_MS)
    made += [deposit(number) for number in range(3, 5)]
    watch.wind(2 * HOUR_MS)
    wanted = sorted(str(one.number) for one in made)
    for number in itertools.count():
        for row in rows.FileRow.scan():
            row.delete()
        with injected(monkeypatch, Faults(number, fault)) as faults:
            try:
                transfer_files.write()
                whole = True
            except Exception:  # noqa: BLE001 - the next run makes up for it
                whole = False
        assert len(told()) == len(set(told())), "what is listed is there, and once"
        before = contents()
        if not whole:
            transfer_files.write()
        assert sorted(told()) == wanted
        assert contents()[: len(before)] == before, "a file that was listed does not change"
        if len(faults.seen) <= number:
            break
    assert number > 10
