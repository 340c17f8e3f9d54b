"""Whom a partner means by an account."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.kyc import Location, Paper, Status
from chalicelib.core.ramp import CardStatus
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity
from chalicelib.services.identity import amending, binding
from chalicelib.services.ramp import accounts
from chalicelib.stores import users
from chalicelib.stores.users import Amendment
from tests.faults.injection import FAULTS, Faults, injected

UID = "1000000001"


def test_an_account_stands_for_one_person_for_ever(cloud):
    assert accounts.of("binance", "a") is None
    assert accounts.link("binance", "a", UID) == UID
    assert accounts.link("binance", "a", UID) == UID
    assert accounts.link("binance", "a", "1000000002") == UID
    assert accounts.of("binance", "a") == UID


class TestAnAddress:
    @pytest.fixture
    def ann(self, cloud):
        return self.person("Ann@b.ph")

    def person(self, address):
        uid = users.next_uid()
        users.register(uid, rules.email(address), {}, "en", clock.now_ms())
        return uid

    def moves(self, uid, address):
        """She binds another address: the mailbox is free again."""
        changes, steps = binding._address(users.get(uid), rules.email(address))
        amending.amend(uid, lambda _: Amendment(changes, [], steps))

    def test_stands_for_the_mailboxs_person(self, ann):
        assert accounts.link("binance", "ann@b.ph", ann) == ann
        assert accounts.of("binance", "ann@b.ph") == ann

    def test_stands_for_nobody_when_they_part_and_for_the_next_who_proves_it(self, ann):
        accounts.link("binance", "ann@b.ph", ann)
        self.moves(ann, "ann@elsewhere.ph")
        assert accounts.of("binance", "ann@b.ph") is None
        bob = self.person("ann@b.ph")
        assert accounts.of("binance", "ann@b.ph") is None, "whoever has the mailbox has not shown it yet"
        assert accounts.link("binance", "ann@b.ph", bob) == bob
        assert accounts.of("binance", "ann@b.ph") == bob

    def test_comes_back_with_its_mailbox(self, ann):
        accounts.link("binance", "ann@b.ph", ann)
        self.moves(ann, "ann@elsewhere.ph")
        self.moves(ann, "ann@b.ph")
        assert accounts.of("binance", "ann@b.ph") == ann

    def test_an_operators_word_does_not_depend_on_the_mailbox(self, ann):
        assert accounts.link("binance", "anna@work.ph", ann, vouched=True) == ann
        assert accounts.of("binance", "anna@work.ph") == ann
        assert accounts.link("binance", "anna@work.ph", self.person("anna@work.ph")) == ann
        accounts.link("binance", "ann@b.ph", ann)
        accounts.link("binance", "ann@b.ph", ann, vouched=True)
        self.moves(ann, "ann@elsewhere.ph")
        assert accounts.of("binance", "ann@b.ph") == ann


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
@pytest.mark.parametrize("number", range(3))
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
