"""Every AWS call of the broker's API keys, authenticators, trade passwords and accounts fails once, before or after it took
effect, or is repeated unseen: what changes and the code that authorises it change together, or not at all."""

from dataclasses import replace

import pyotp
import pytest

from chalicelib import clock
from chalicelib.core.api_keys import Reach
from chalicelib.core.identity import Channel, Purpose
from chalicelib.core.reasons import Refused
from chalicelib.services import identity, passwords
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import MadeKey, SecondFactor
from chalicelib.stores import api_keys, users, vault
from tests.faults.test_identity_calls import FAULTS, active, each_call
from tests.faults.test_security_calls import code_of, repeat, used

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _world(cloud):
    vault._pepper()


def person(number):
    uid = active(number)
    users.UserRow(uid).update(actions=[users.UserRow.email_verified.set(True)])
    return uid


def mailed(uid, purpose):
    return SecondFactor(Channel.MAIL, code_of(Receiver(Channel.MAIL, users.get(uid).email, uid), purpose))


def made(number):
    uid = person(number)
    return identity.create_key(uid, Reach.TRADE, "t", mailed(uid, Purpose.CREATE_API_KEY)).key


@fault
def test_create(monkeypatch, fault):
    def prepare(number):
        uid = person(number)
        return uid, mailed(uid, Purpose.CREATE_API_KEY)

    for (uid, given), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: identity.create_key(ready[0], Reach.READ, "t", ready[1])
    ):
        listed = identity.keys_of(uid)
        assert {key.token for key in listed} == users.get(uid).reading_keys
        assert len(listed) == used(given.sent), "the code is used up with the key it makes, or not at all"
        if isinstance(outcome, MadeKey):
            assert listed == [outcome.key]
    assert {row.token for row in api_keys.ApiKeyRow.scan()} == {
        token for row in users.UserRow.scan() for token in row.attribute_values.get("reading_keys") or ()
    }


@fault
def test_change(monkeypatch, fault):
    def prepare(number):
        key = made(number)
        return key, mailed(key.uid, Purpose.MODIFY_API_KEY)

    for (key, given), outcome in each_call(
        monkeypatch,
        fault,
        prepare,
        lambda ready: identity.restrict_key(ready[0].uid, ready[0].number, ("192.0.2.1",), ready[1]),
    ):
        done = used(given.sent)
        assert identity.keys_of(key.uid) == [replace(key, ips=("192.0.2.1",)) if done else key]
        assert not isinstance(outcome, Refused)
        if outcome is None:
            assert done


@fault
def test_delete(monkeypatch, fault):
    def prepare(number):
        key = made(number)
        return key, mailed(key.uid, Purpose.DELETE_API_KEY)

    for (key, given), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: identity.delete_key(ready[0].uid, ready[0].number, ready[1])
    ):
        done = used(given.sent)
        assert (api_keys.get(key.token) is None) is done
        assert users.get(key.uid).trading_keys == (frozenset() if done else {key.token})
        if outcome is None:
            assert done


@fault
def test_bind_authenticator(monkeypatch, fault):
    def prepare(number):
        uid = person(number)
        secret = identity.issue_totp(uid).secret
        return uid, pyotp.TOTP(secret).at(clock.now_ms() // 1000), mailed(uid, Purpose.BIND_TOTP).sent

    for (uid, code, sent), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: identity.bind_pending_totp(*ready)
    ):
        assert users.get(uid).totp_enabled is used(sent), "both codes count, or neither"
        assert not isinstance(outcome, Refused)
        if outcome is None:
            assert used(sent)
        else:
            repeat(lambda uid=uid, code=code, sent=sent: identity.bind_pending_totp(uid, code, sent))
            assert users.get(uid).totp_enabled


@fault
def test_trade_password(monkeypatch, fault):
    def prepare(number):
        uid = person(number)
        first = mailed(uid, Purpose.SET_TRADE_PASSWORD).sent
        identity.set_trade_password(uid, "", "trade-1", first, modify=False)
        return uid, mailed(uid, Purpose.MODIFY_TRADE_PASSWORD).sent

    def step(ready):
        uid, sent = ready
        identity.set_trade_password(uid, "", "trade-2", sent, modify=True, old="trade-1")

    for (uid, sent), outcome in each_call(monkeypatch, fault, prepare, step):
        user = users.get(uid)
        assert passwords.matches(user.trade_password, "trade-2" if used(sent) else "trade-1")
        assert (user.auth_epoch == 3) is used(sent)
        if outcome is None:
            assert used(sent)


@fault
def test_open_account(monkeypatch, fault):
    for uid, outcome in each_call(monkeypatch, fault, person, lambda uid: identity.open_account(uid, "open_future")):
        if outcome is None:
            assert users.get(uid).open_future
        identity.open_account(uid, "open_future")
        assert users.get(uid).open_future
