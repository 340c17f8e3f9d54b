"""Every AWS call of a visit to the identification page fails once, before or after it took effect, or is repeated unseen:
who is made is linked, nobody is linked without proof, and whoever tries again gets there."""

import pytest

from chalicelib.core import identity as rules
from chalicelib.core.identity import Purpose
from chalicelib.core.reasons import Refused
from chalicelib.services import kyc_links
from chalicelib.services.identity.names import receiver_of
from chalicelib.services.kyc_links import Link
from chalicelib.services.ramp import accounts, visits
from chalicelib.stores import users, vault
from tests.faults.injection import FAULTS
from tests.faults.test_identity_calls import active, address, each_call
from tests.faults.test_security_calls import code_of, used
from tests.post import queued

SOURCE = "binance"

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _world(cloud, monkeypatch):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    vault._pepper()


def code_for(mailbox):
    return code_of(receiver_of(mailbox), Purpose.REAL_NAME)


@fault
def test_a_customer_without_a_name(monkeypatch, fault):
    def prepare(number):
        return Link(SOURCE, f"customer-{number}")

    for link, outcome in each_call(monkeypatch, fault, prepare, lambda link: visits.person(link, "", "en")):
        linked = accounts.of(link.source, link.account)
        if isinstance(outcome, str):
            assert linked == outcome
        uid = visits.person(link, "", "en")
        assert uid == accounts.of(link.source, link.account)
        assert linked in {None, uid}, "once linked, for ever"
        assert users.get(uid) is not None


@fault
@pytest.mark.parametrize("known", [False, True])
def test_a_mailbox(monkeypatch, fault, known):
    def prepare(number):
        if known:
            active(number)
        return Link(SOURCE, address(number).typed), code_for(address(number))

    for (link, code), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: visits.prove(ready[0], ready[1], "en")
    ):
        assert not isinstance(outcome, Refused)
        mailbox = rules.email(link.account)
        linked = accounts.of(link.source, link.account)
        if linked:
            assert used(code), "nobody is linked without proof"
            assert users.find(mailbox).uid == linked
        if isinstance(outcome, str):
            assert kyc_links.check_pass(link, outcome, 0) == linked
        passed = visits.prove(link, code_for(mailbox), "en")
        assert kyc_links.check_pass(link, passed, 0) == users.find(mailbox).uid == accounts.of(SOURCE, link.account)


@fault
def test_a_code_on_its_way(monkeypatch, fault):
    def prepare(number):
        return Link(SOURCE, address(number).typed), f"198.51.100.{number}"

    for _, outcome in each_call(monkeypatch, fault, prepare, lambda ready: visits.send_code(*ready, "en")):
        sent = queued()
        if isinstance(outcome, str):
            assert sent
