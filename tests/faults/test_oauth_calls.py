"""Every AWS call of OAuth fails once, before or after it took effect, or is repeated unseen: a request becomes one code and
a code one token, or neither; and what was answered is so."""

import pytest

from chalicelib.core import oauth as rules
from chalicelib.core.identity import fingerprint
from chalicelib.core.reasons import Refused
from chalicelib.services import oauth
from chalicelib.stores import oauth as store
from chalicelib.stores import users
from tests.faults.test_identity_calls import FAULTS, active, each_call

URI = "https://bhex.us/back"

pytestmark = pytest.mark.usefixtures("cloud")
fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture
def client():
    return oauth.register("BHEX", "https://bhex.us/").client


def asked(client):
    return oauth.authorize(client, rules.wish(client, URI, "state", "", "", "")).request_id


def rows(kind):
    return [row for row in store.RequestRow.scan() if row.key.startswith(f"{kind}:")]


@fault
def test_register(monkeypatch, fault):
    for _, outcome in each_call(
        monkeypatch, fault, lambda number: number, lambda number: oauth.register(f"app {number}", "https://bhex.us/")
    ):
        if isinstance(outcome, oauth.Registered):
            assert oauth.prove_client(outcome.client.id, outcome.secret) == outcome.client


@fault
def test_authorize(monkeypatch, fault, client):
    for _, outcome in each_call(monkeypatch, fault, lambda number: number, lambda _: asked(client)):
        if isinstance(outcome, str):
            assert oauth.check_request(outcome).client == client.id


@fault
def test_consent(monkeypatch, fault, client):
    def prepare(number):
        return asked(client), users.get(active(number))

    for (request, _user), outcome in each_call(monkeypatch, fault, prepare, lambda ready: oauth.consent(*ready)):
        assert not isinstance(outcome, Refused)
        became = store.waiting(fingerprint(request)).became
        if isinstance(outcome, oauth.Consent):
            assert became == fingerprint(outcome.code)
        assert (store.granted(became) is not None) == bool(became)
    assert len(rows("code")) == len([row for row in rows("request") if row.became])


@fault
def test_exchange(monkeypatch, fault, client):
    def prepare(number):
        return oauth.consent(asked(client), users.get(active(number))).code

    for code, outcome in each_call(monkeypatch, fault, prepare, lambda code: oauth.exchange(client, code, URI, "")):
        assert not isinstance(outcome, Refused)
        became = store.granted(fingerprint(code)).became
        if isinstance(outcome, oauth.Exchanged):
            assert became == fingerprint(outcome.token)
            assert oauth.who(outcome.token)
        assert (store.token(became) is not None) == bool(became)


@fault
def test_a_replay(monkeypatch, fault, client):
    def prepare(number):
        code = oauth.consent(asked(client), users.get(active(number))).code
        return code, oauth.exchange(client, code, URI, "").token

    for (code, token), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: oauth.exchange(client, ready[0], URI, "")
    ):
        assert isinstance(outcome, Exception), "a used code is good for nothing"
        if isinstance(outcome, Refused):
            assert store.token(fingerprint(token)) is None
        with pytest.raises(Refused):
            oauth.exchange(client, code, URI, "")
        assert store.token(fingerprint(token)) is None
