"""Every AWS call of logging in by two steps, of finding, changing and setting passwords, and of binding names fails once,
before or after it took effect, or is repeated unseen. What was answered is so; a code and a request are used up with what
they authorise, or not at all."""

import itertools

import pytest

from chalicelib import clock
from chalicelib.core.identity import Channel, Email, Form, Purpose, email, fingerprint
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import captcha, identity, passwords
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import Asked, Entered, Entry, Origin, SentCode
from chalicelib.stores import captcha as captchas
from chalicelib.stores import codes, names, requests, users, vault
from tests.faults.test_identity_calls import FAULTS, each_call
from tests.post import queued

MD5 = "0f34ebd20c2cbc01f40ae31ab1c2f4ba"
NEW = "9b74c9897bac770ffc029102a200c5de"
CODE = "123456"
#: What a sender may answer because of a fault: that nothing was sent, or (moto knows no request tokens) that it was just now.
UNSENT = {Reason.NOT_SENT, Reason.CODE_TOO_OFTEN}
IPS = (f"198.51.{number // 256}.{number % 256}" for number in itertools.count())

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _world(cloud, monkeypatch):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    vault._pepper()


def origin():
    """Each from an address of its own, so that no limit is met."""
    return Origin(next(IPS), "agent", "browser", trusting=True)


def code(receiver, purpose):
    """A code as if it had been sent."""
    code_id = identity.codes._order_id()
    uid = None if receiver.uid == "nobody" else receiver.uid
    mac = identity.codes._mac(code_id, purpose, receiver, CODE)
    codes.keep_code(code_id, uid, mac, clock.now_ms() + 600_000)
    return SentCode(code_id, CODE)


def own(user, purpose, channel=Channel.MAIL):
    return code(identity.names.own(user, channel), purpose)


def new(name, purpose):
    return code(identity.names.receiver_of(name), purpose)


def address(number):
    return email(f"p{number}@coinport.com")


def person(number, secret=MD5):
    uid = identity.sign_up(Entry(address(number), "en", secret=secret), new(address(number), Purpose.SIGN_UP))
    return users.get(uid)


def used(sent):
    return codes.CodeRow.get(f"code:{sent.id}").used_by is not None


def sessions_of(user):
    from chalicelib.stores.sessions import SessionRow

    rows = SessionRow.query(user.uid)
    return [row for row in rows if not row.fingerprint.startswith(("device:", "token:"))]


def answered(outcome):
    """Whether the call ended as it should have without a fault; with one it may fail, but is not refused for it."""
    if isinstance(outcome, Exception):
        assert not isinstance(outcome, Refused) or outcome.reason in UNSENT, outcome
        return False
    return True


@fault
def test_first_step(monkeypatch, fault):
    def step(number):
        return identity.log_in(address(number), Form.MD5_HEX, MD5, origin())

    for number, outcome in each_call(monkeypatch, fault, lambda number: person(number) and number, step):
        if answered(outcome):
            assert isinstance(outcome, Asked)
            assert requests.get(fingerprint(outcome.request_id)).uid == users.find(address(number)).uid
        assert isinstance(step(number), Asked), "a fault of ours locks nobody out"


@fault
def test_wrong_password(monkeypatch, fault):
    def step(number):
        return identity.log_in(address(number), Form.MD5_HEX, NEW, origin())

    for number, outcome in each_call(monkeypatch, fault, lambda number: person(number) and number, step):
        assert isinstance(outcome, Exception)
        with pytest.raises(Refused) as refused:
            step(number)
        assert refused.value.reason is Reason.LOGIN_FAILED
        assert refused.value.data["failures"] <= (3 if fault is FAULTS["repeated"] else 2)


@fault
def test_second_step(monkeypatch, fault):
    def prepare(number):
        user = person(number)
        asked = identity.log_in(address(number), Form.MD5_HEX, MD5, origin())
        return user, asked.request_id, own(user, Purpose.LOGIN)

    def step(prepared):
        return identity.finish_login(prepared[1], Channel.MAIL, prepared[2], origin())

    for (user, request_id, sent), outcome in each_call(monkeypatch, fault, prepare, step):
        done = requests.get(fingerprint(request_id)).used
        assert used(sent) is done
        assert len(sessions_of(user)) == (1 if done else 0)
        if answered(outcome):
            assert done
            assert identity.check_session(outcome.cookie).uid == user.uid
            assert identity.log_in_by_device(outcome.device_token, Origin("192.0.2.1", "x", "browser")).user.uid
        elif not done:
            assert isinstance(step((user, request_id, sent)), Entered)


@fault
def test_send_login_code(monkeypatch, fault):
    def prepare(number):
        person(number)
        return identity.log_in(address(number), Form.MD5_HEX, MD5, origin()).request_id

    for _request_id, outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: identity.send_login_code(ready, Channel.MAIL, next(IPS), "agent")
    ):
        bodies = queued()
        if isinstance(outcome, str):
            assert bodies


@fault
def test_send_code(monkeypatch, fault):
    for _user, outcome in each_call(
        monkeypatch,
        fault,
        person,
        lambda user: identity.send_code(email(user.email), Purpose.FIND_PASSWORD, next(IPS), "en"),
    ):
        bodies = queued()
        if isinstance(outcome, str):
            assert bodies


@fault
@pytest.mark.parametrize("secret", [MD5, None], ids=["password", "none"])
def test_quick_login(monkeypatch, fault, secret):
    def prepare(number):
        user = person(number, secret)
        return user, own(user, Purpose.QUICK_LOGIN)

    def step(prepared):
        return identity.log_in_by_code(email(prepared[0].email), prepared[1], origin())

    for (user, sent), outcome in each_call(monkeypatch, fault, prepare, step):
        if answered(outcome):
            assert used(sent)
            if secret is None:
                assert identity.check_session(outcome.cookie).uid == user.uid
            else:
                assert isinstance(
                    identity.finish_login_by_password(outcome.request_id, Form.MD5_HEX, MD5, origin()), Entered
                )
        elif not used(sent):
            step((user, sent))


@fault
def test_password_after_the_code(monkeypatch, fault):
    def prepare(number):
        user = person(number)
        sent = own(user, Purpose.QUICK_LOGIN)
        return user, identity.log_in_by_code(email(user.email), sent, origin()).request_id

    def step(prepared):
        return identity.finish_login_by_password(prepared[1], Form.MD5_HEX, MD5, origin())

    for (user, request_id), outcome in each_call(monkeypatch, fault, prepare, step):
        done = requests.get(fingerprint(request_id)).used
        assert len(sessions_of(user)) == (1 if done else 0)
        if answered(outcome):
            assert done
        elif not done:
            step((user, request_id))


@fault
def test_device_token(monkeypatch, fault):
    def prepare(number):
        user = person(number)
        asked = identity.log_in(address(number), Form.MD5_HEX, MD5, origin())
        entered = identity.finish_login(asked.request_id, Channel.MAIL, own(user, Purpose.LOGIN), origin())
        return user, entered.device_token

    def step(prepared):
        return identity.log_in_by_device(prepared[1], origin())

    for (user, token), outcome in each_call(monkeypatch, fault, prepare, step):
        if answered(outcome):
            assert identity.check_session(outcome.cookie).uid == user.uid
        assert step((user, token)).user.uid == user.uid


@fault
def test_find_password(monkeypatch, fault):
    """All of its steps, as one: each may be what fails."""

    def prepare(number):
        user = person(number)
        mobile = Mobile("86", f"138736{number:05}")
        identity.bind_name(user.uid, "", mobile, new(mobile, Purpose.BIND_MOBILE), own(user, Purpose.BIND_MOBILE))
        user = users.get(user.uid)
        return user, own(user, Purpose.FIND_PASSWORD), own(user, Purpose.RESET_PASSWORD, Channel.SMS)

    def step(prepared):
        user, first, second = prepared
        request_id = identity.find_password(email(user.email), first, next(IPS)).request_id
        identity.send_find_code(request_id, next(IPS))
        identity.check_found(request_id, second)
        identity.set_found_password(request_id, Form.MD5_HEX, NEW)

    for (before, first, second), outcome in each_call(monkeypatch, fault, prepare, step):
        queued()
        user = users.get(before.uid)
        done = passwords.matches(user.credentials["md5_hex"], NEW)
        assert user.auth_epoch == before.auth_epoch + (1 if done else 0), "changed once, or not at all"
        if answered(outcome):
            assert done
        if done:
            assert used(first)
            assert used(second)
        elif not used(first):
            step((before, first, second if not used(second) else own(user, Purpose.RESET_PASSWORD, Channel.SMS)))


@fault
def test_find_password_of_the_same_account_again(monkeypatch, fault):
    def look_for(name, sent, ip):
        with pytest.raises(Refused) as refused:
            identity.find_password(name, sent, ip)
        return refused.value.reason

    def prepare(number):
        user, ip = person(number), next(IPS)
        assert look_for(email(user.email), SentCode("1" * 15, CODE), ip) is Reason.FIND_FAILED
        return user, own(user, Purpose.FIND_PASSWORD), ip

    def step(prepared):
        user, sent, ip = prepared
        return identity.find_password(email(user.email), sent, ip)

    for (user, _, ip), outcome in each_call(monkeypatch, fault, prepare, step):
        if answered(outcome):
            assert requests.get(fingerprint(outcome.request_id)).uid == user.uid
        others = [look_for(email(f"x{other}@coinport.com"), SentCode("1" * 15, CODE), ip) for other in range(3)]
        assert others == [Reason.FIND_FAILED] * 2 + [Reason.FIND_TOO_MANY], "still one account"


@fault
def test_replace_password(monkeypatch, fault):
    def prepare(number):
        user = person(number)
        return user, *(identity.begin_session(user, "192.0.2.1", "agent") for _ in range(2))

    def step(prepared):
        identity.replace_password(prepared[0].uid, fingerprint(prepared[1]), Form.MD5_HEX, MD5, NEW)

    for (before, own_session, other), outcome in each_call(monkeypatch, fault, prepare, step):
        user = users.get(before.uid)
        done = user.auth_epoch == 2
        assert done == passwords.matches(user.credentials["md5_hex"], NEW)
        if answered(outcome):
            assert done
        assert identity.check_session(own_session).uid == user.uid
        if done:
            with pytest.raises(Refused):
                identity.check_session(other)


@fault
def test_set_first_password(monkeypatch, fault):
    def prepare(number):
        user = person(number, None)
        return user, own(user, Purpose.SET_PASSWORD)

    def step(prepared):
        identity.set_first_password(prepared[0].uid, "", Form.MD5_HEX, MD5, prepared[1])

    for (before, sent), outcome in each_call(monkeypatch, fault, prepare, step):
        done = bool(users.get(before.uid).credentials)
        assert used(sent) is done
        if answered(outcome):
            assert done


@fault
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.MAIL])
def test_bind_name(monkeypatch, fault, channel):
    def prepare(number):
        user = person(number)
        if channel is Channel.SMS:
            name, purpose = Mobile("86", f"138736{number:05}"), Purpose.BIND_MOBILE
        else:
            name, purpose = email(f"q{number}@coinport.com"), Purpose.BIND_EMAIL
        return user, name, new(name, purpose), own(user, purpose)

    def step(prepared):
        user, name, sent, known = prepared
        identity.bind_name(user.uid, "", name, sent, known)

    for (before, name, sent, known), outcome in each_call(monkeypatch, fault, prepare, step):
        found = identity.find(name)
        done = found is not None
        assert used(sent) is used(known) is done
        if isinstance(name, Email):
            assert (names.email_owner(email(before.email)) is None) is done, "the old mailbox is given back"
            assert users.get(before.uid).email == (name.typed if done else before.email)
        elif done:
            assert identity.mobile_of(found) == name.full
        if answered(outcome):
            assert found.uid == before.uid


@fault
def test_captcha_settings(monkeypatch, fault):
    for _number, outcome in each_call(
        monkeypatch, fault, lambda number: number, lambda number: captcha.configure(f"id{number}", "a key of Geetest's")
    ):
        captchas.forget()
        if outcome is None:
            assert captchas.configured().key == "a key of Geetest's"
    captcha.switch_off()
    assert captchas.configured() is None


def test_a_receiver_is_one():
    assert new(address(1), Purpose.SIGN_UP).id != new(address(1), Purpose.SIGN_UP).id
    assert identity.names.receiver_of(address(1)) == Receiver(Channel.MAIL, "p1@coinport.com", name="p1@coinport.com")
