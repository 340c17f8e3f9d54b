"""Deposits: money and its transfer are written together or not at all, once."""

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.stores import accounts, transfers
from chalicelib.stores.transfers import Deposit
from tests.faults.injection import Faults, after, before, injected, lost, repeated

ANN, BOB = "1000000001", "1000000002"
DEPOSIT = Deposit("deposit:BTC:x:0", ANN, "BTC", 10**18, 5)


@pytest.fixture(autouse=True)
def _accounts(cloud):
    accounts.ensure(ANN)
    accounts.ensure(BOB)


def test_a_deposit_is_credited_and_kept():
    assert transfers.credit(DEPOSIT) == DEPOSIT
    assert accounts.get(ANN).available == {"BTC": 10**18}
    assert transfers.get(DEPOSIT.id) == DEPOSIT
    assert list(transfers.scan()) == [DEPOSIT]


def test_a_repeat_is_told_of_the_deposit_that_stands():
    transfers.credit(DEPOSIT)
    for other in (DEPOSIT, Deposit(DEPOSIT.id, BOB, "BTC", 7, 9)):
        assert transfers.credit(other) == DEPOSIT
    assert accounts.get(ANN).available == {"BTC": 10**18}
    assert accounts.get(BOB).available == {}


def test_nobody_is_credited_who_has_no_account():
    with pytest.raises(transfers.NoAccount):
        transfers.credit(Deposit(DEPOSIT.id, "1000000009", "BTC", 7, 9))
    assert transfers.get(DEPOSIT.id) is None
    assert accounts.get("1000000009") is None
    assert transfers.credit(DEPOSIT) == DEPOSIT, "the failure left no trace"


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("fault", [before, after, repeated])
def test_whatever_call_fails_asking_again_credits_once(number, fault, monkeypatch):
    with injected(monkeypatch, Faults(number, fault)):
        try:
            transfers.credit(DEPOSIT)
        except (type(lost()), PynamoDBException):
            standing = transfers.get(DEPOSIT.id)
            assert (standing is not None) == bool(accounts.get(ANN).available), "both or neither"
    assert transfers.credit(DEPOSIT) == DEPOSIT
    assert accounts.get(ANN).available == {"BTC": 10**18}


def test_one_who_comes_between_look_and_write_is_found(monkeypatch):
    def other_first(call):
        transfers.credit(DEPOSIT)
        return call()

    with injected(monkeypatch, Faults(1, other_first)):
        assert transfers.credit(Deposit(DEPOSIT.id, BOB, "BTC", 7, 9)) == DEPOSIT
    assert accounts.get(BOB).available == {}
