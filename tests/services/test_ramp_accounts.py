"""Whom a partner means by an account."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.core.kyc import Location, Paper, Status
from chalicelib.core.ramp import CardStatus
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity
from chalicelib.services.ramp import accounts
from tests.faults.injection import FAULTS, Faults, injected

UID = "1000000001"


def test_an_account_stands_for_one_person_for_ever(cloud):
    assert accounts.of("binance", "a@b.ph") is None
    assert accounts.link("binance", "a@b.ph", UID) == UID
    assert accounts.link("binance", "a@b.ph", UID) == UID
    assert accounts.link("binance", "a@b.ph", "1000000002") == UID
    assert accounts.of("binance", "a@b.ph") == UID


def test_two_partners_may_mean_two_people_by_one_account(cloud):
    accounts.link("binance", "7", UID)
    accounts.link("other", "7", "1000000002")
    assert (accounts.of("binance", "7"), accounts.of("other", "7")) == (UID, "1000000002")


def test_no_partner_reaches_into_anothers_accounts(cloud):
    accounts.link("a", "b:7", UID)
    with pytest.raises(Refused):
        accounts.link("a:b", "7", UID)
    assert accounts.of("a:b", "7") == UID, "the very reason why a source has no colon"


def test_of_several_at_once_one_wins(cloud):
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda number: accounts.link("binance", "a", f"100000000{number}"), range(4)))
    assert found == {accounts.of("binance", "a")}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("number", range(2))
def test_a_link_whose_answer_is_lost_can_be_made_again(cloud, monkeypatch, fault, number):
    with injected(monkeypatch, Faults(number, fault)):
        try:
            accounts.link("binance", "a", UID)
        except Exception:  # noqa: BLE001 - whatever it is, the second try tells
            assert accounts.of("binance", "a") in {None, UID}
    assert accounts.link("binance", "a", UID) == UID


@pytest.mark.parametrize(
    ("source", "account", "parameter"), [("", "a", "source"), ("b", "", "account"), ("b", "\n", "account")]
)
def test_what_is_no_account(cloud, source, account, parameter):
    with pytest.raises(Refused) as caught:
        accounts.link(source, account, UID)
    assert (caught.value.reason, caught.value.parameter) == (Reason.PARAMETER_INVALID, parameter)


def test_card_status_follows_the_review(cloud):
    assert accounts.card_status("binance", "a") is CardStatus.NONE
    accounts.link("binance", "a", UID)
    assert accounts.card_status("binance", "a") is CardStatus.TO_SUBMIT
    identity.hand_in(UID, "Juan Cruz", Location.OTHER, Paper.PASSPORT, "P1234567A")
    assert accounts.card_status("binance", "a") is CardStatus.UNDER_REVIEW
    identity.review(UID, Status.REFUSED, "blurred")
    assert accounts.card_status("binance", "a") is CardStatus.REFUSED
    identity.hand_in(UID, "Juan Cruz", Location.OTHER, Paper.PASSPORT, "P1234567A")
    identity.review(UID, Status.APPROVED, "")
    assert accounts.card_status("binance", "a") is CardStatus.PASSED
