"""Giving out an address, with each AWS call failing once, before and after it took effect, and repeated unseen."""

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.services import addresses
from chalicelib.stores import addresses as store
from tests.cloud import empty
from tests.faults.injection import FAULTS, Faults, injected, lost
from tests.services.custody import BITCOIN, kept

UNHEARD = (type(lost()), PynamoDBException)
ANN = "1000000001"


@pytest.mark.parametrize("mode", FAULTS)
def test_an_address_that_somebody_saw_always_has_its_owner(cloud, monkeypatch, mode):
    kept(monkeypatch, BITCOIN)
    with injected(monkeypatch, Faults()) as counted:
        whole = addresses.give(ANN, "BTC")
    assert len(counted.seen) == 3
    for number in range(len(counted.seen)):
        empty()
        with injected(monkeypatch, Faults(number, FAULTS[mode])):
            try:
                seen = addresses.give(ANN, "BTC")
            except UNHEARD:
                seen = None
        for address in {seen, *addresses.given(ANN).values()} - {None}:
            assert store.owners("BTC", [address]) == {address: ANN}
        assert addresses.give(ANN, "BTC") == whole
        assert addresses.given(ANN) == {"BTC": whole}
        assert store.owners("BTC", [whole]) == {whole: ANN}
