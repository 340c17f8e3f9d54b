"""Every AWS call of registration, activation, login and API tokens fails once, before or after it took effect, or is
repeated unseen. What was answered is so; what was not answered is wholly done or not at all, and can be repeated."""

import itertools

import pytest

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import ACTIVATION_MS, Channel, Form, Purpose, Standing
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, passwords
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import login
from chalicelib.stores import accounts, api_keys, codes, names, sessions, users, vault
from tests.faults.injection import FAULTS, Faults, injected
from tests.post import queued

SECRET = "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ="
INVITATION = identity.Invitation("en", "https://x.example/?token=")
CALLS_MAX = 40

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _world(cloud, monkeypatch):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)


def each_call(monkeypatch, fault, prepare, step):
    """Run `step` on what `prepare` makes, with the fault at its first call, then its second, … until it makes no more.

    Yields what was prepared and what the step returned or raised.
    """
    for number in itertools.count():
        assert number < CALLS_MAX
        prepared = prepare(number)
        with injected(monkeypatch, Faults(number, fault)) as faults:
            try:
                outcome = step(prepared)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                outcome = error
        if len(faults.seen) <= number:
            assert number > 0
            return
        yield prepared, outcome


def address(number):
    return rules.email(f"p{number}@coinport.com")


def pending(number):
    uid = users.next_uid()
    users.register(uid, address(number), {Form.SHA256_BASE64: passwords.conceal(SECRET)}, "en", 0)
    return uid


def active(number):
    uid = pending(number)
    users.UserRow(uid).update(actions=[users.UserRow.standing.set(Standing.ACTIVE.value)])
    return uid


def proof(number):
    return identity.Proof(address(number).typed, Form.SHA256_BASE64, SECRET, "203.0.113.7")


@fault
def test_register(monkeypatch, fault):
    def step(mailbox):
        return identity.register(mailbox, Form.SHA256_BASE64, SECRET, INVITATION)

    for mailbox, outcome in each_call(monkeypatch, fault, address, step):
        user = users.find(mailbox)
        if isinstance(outcome, str):
            assert user.uid == outcome
            assert accounts.get(outcome) is not None
        elif user is None:
            assert step(mailbox) == users.find(mailbox).uid
        else:
            assert accounts.get(user.uid) is not None
            with pytest.raises(Refused) as refused:
                step(mailbox)
            assert refused.value.reason is Reason.ALREADY_REGISTERED
    assert len(list(accounts.scan())) == len([row for row in names.NameRow.scan() if row.key.startswith("email:")])


@fault
def test_sign_up(monkeypatch, fault):
    """A person is there with an account and the code is used up, or neither."""
    vault._pepper()

    def prepare(number):
        mobile = Mobile("86", f"138736{number:05}")
        receiver = Receiver(Channel.SMS, mobile.full)
        code_id = identity.codes._order_id()
        codes.keep_code(
            code_id, None, identity.codes._mac(code_id, Purpose.SIGN_UP, receiver, "123456"), clock.now_ms() + 600_000
        )
        return mobile, identity.SentCode(code_id, "123456")

    def step(prepared):
        return identity.sign_up(
            identity.Entry(prepared[0], "en", secret="5f4dcc3b5aa765d61d8327deb882cf99"), prepared[1]
        )

    for (mobile, code), outcome in each_call(monkeypatch, fault, prepare, step):
        user = identity.find(mobile)
        assert (codes.CodeRow.get(f"code:{code.id}").used_by is not None) == (user is not None)
        if isinstance(outcome, str):
            assert user.uid == outcome
        if user is None:
            assert not isinstance(outcome, Refused)
            user = users.get(step((mobile, code)))
        assert accounts.get(user.uid) is not None
    assert len(list(accounts.scan())) == len([row for row in names.NameRow.scan() if row.key.startswith("mobile:")])


@fault
def test_send_sign_up_code(monkeypatch, fault):
    vault._pepper()
    for number, outcome in each_call(
        monkeypatch,
        fault,
        lambda number: number,
        lambda number: identity.send_sign_up_code(address(number), f"198.51.100.{number}", "en"),
    ):
        bodies = queued()
        if isinstance(outcome, str):
            assert bodies, number
            assert codes.CodeRow.get(f"code:{outcome}").attempts == 0


@fault
def test_activate(monkeypatch, fault):
    def prepare(number):
        uid = pending(number)
        token = rules.mailed_token(number.to_bytes(25, "big"))
        codes.keep(Purpose.ACTIVATION, rules.fingerprint(token), uid, clock.now_ms() + ACTIVATION_MS)
        return uid, token

    for (uid, token), outcome in each_call(
        monkeypatch, fault, prepare, lambda prepared: identity.activate(prepared[1])
    ):
        done = users.get(uid).standing is Standing.ACTIVE
        if outcome is None:
            assert done
        elif not done:
            identity.activate(token)
            assert users.get(uid).standing is Standing.ACTIVE


@fault
def test_login(monkeypatch, fault):
    def step(prepared):
        number, _uid = prepared
        login._proven.clear()
        return identity.begin_session(identity.check_password(proof(number)), "203.0.113.7", "agent")

    for (number, uid), outcome in each_call(monkeypatch, fault, lambda number: (number, active(number)), step):
        if isinstance(outcome, str):
            assert identity.check_session(outcome).uid == uid
        assert identity.check_session(step((number, uid))).uid == uid, "a fault of ours locks nobody out"


@fault
def test_add_api_token(monkeypatch, fault):
    for uid, outcome in each_call(monkeypatch, fault, active, identity.add_api_token):
        found = identity.profile(uid)
        assert {pair.token for pair in found.api_tokens} == found.user.api_tokens
        if isinstance(outcome, rules.ApiToken):
            assert found.api_tokens == [outcome]


@fault
def test_delete_api_token(monkeypatch, fault):
    def prepare(number):
        uid = active(number)
        return uid, identity.add_api_token(uid).token

    for (uid, token), outcome in each_call(
        monkeypatch, fault, prepare, lambda prepared: identity.delete_api_token(*prepared)
    ):
        gone = api_keys.get(token) is None
        assert gone == (token not in users.get(uid).api_tokens)
        if outcome is None:
            assert gone


@fault
def test_check_session(monkeypatch, fault):
    def prepare(number):
        uid = active(number)
        cookie = identity.begin_session(users.get(uid), "203.0.113.7", "agent")
        sessions.SessionRow(uid, rules.fingerprint(cookie)).update(
            actions=[sessions.SessionRow.expires.set(sessions.SessionRow.expires - rules.SESSION_WRITE_EVERY_MS)]
        )
        return cookie

    for cookie, outcome in each_call(monkeypatch, fault, prepare, identity.check_session):
        assert isinstance(outcome, rules.User | Exception)
        assert not isinstance(outcome, Refused), "a fault of ours ends no session"
        assert identity.check_session(cookie).uid in cookie
