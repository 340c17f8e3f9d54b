"""Every AWS call of recovery, codes, second factors, real names and cards fails once, before or after it took effect, or
is repeated unseen. What was answered is so; what was not is wholly done or not at all, and no code is good twice."""

import itertools

import pyotp
import pytest

from chalicelib import clock
from chalicelib.core.bank_cards import card
from chalicelib.core.identity import Channel, Form, Purpose
from chalicelib.core.kyc import Location, Paper, Status
from chalicelib.core.reasons import Refused
from chalicelib.services import delivery, identity, passwords
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import SentCode, login
from chalicelib.stores import codes, kyc, names, users, vault
from tests.faults.test_identity_calls import FAULTS, SECRET, active, address, each_call, proof
from tests.post import mailed_token, queued

NEW = "tZwid9Lea5GPGPfBBU0xIQIZdnaly2k6fBdGf7plFMA="
IP = "203.0.113.7"
CODE = "123456"
CARD = card("招商银行", "吴三", "2934723894572398749", "")
INVITATION = identity.Invitation("en", "https://x.example/?token=")
#: 1970 to 2050: one document for each person.
NUMBERS = (f"110105{year}1231{serial:03}" for year in range(1970, 2005) for serial in range(100))
IPS = (f"198.51.{number // 256}.{number % 256}" for number in itertools.count())

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _world(cloud, monkeypatch):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    vault._pepper()


def id_number():
    first = next(NUMBERS)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(a) * b for a, b in zip(first, weights, strict=True)) % 11]


def code_of(receiver, purpose=Purpose.VERIFICATION):
    """A code as if it had been sent."""
    code_id = identity.codes._new_id()
    mac = identity.codes._mac(code_id, purpose, receiver, CODE)
    codes.keep_code(code_id, receiver.uid, mac, clock.now_ms() + 600_000)
    return SentCode(code_id, CODE)


def mail_code(number, uid):
    return code_of(Receiver(Channel.MAIL, address(number).typed, uid))


def used(code):
    return codes.CodeRow.get(f"code:{code.id}").used_by is not None


def repeat(call):
    """A person tries again; what they see if it had been done already does not matter here."""
    try:
        call()
    except Refused as refused:
        return refused
    return None


@fault
def test_request_reset(monkeypatch, fault):
    def prepare(number):
        active(number)
        return number

    for number, outcome in each_call(
        monkeypatch, fault, prepare, lambda number: identity.request_reset(address(number), next(IPS), INVITATION)
    ):
        if outcome is None:
            assert mailed_token()
        else:
            queued()
        assert number >= 0


@fault
def test_reset_password(monkeypatch, fault):
    def prepare(number):
        uid = active(number)
        identity.request_reset(address(number), next(IPS), INVITATION)
        cookie = identity.begin_session(users.get(uid), IP, "agent")
        return uid, cookie, mailed_token()

    for (uid, cookie, token), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: identity.reset_password(ready[2], Form.SHA256_BASE64, NEW)
    ):
        if outcome is not None:
            assert not isinstance(outcome, Refused)
            repeat(lambda token=token: identity.reset_password(token, Form.SHA256_BASE64, NEW))
        user = users.get(uid)
        assert user.auth_epoch == 2, "changed once"
        assert passwords.matches(user.credentials["sha256_base64"], NEW)
        assert identity.withdrawals_frozen(user)
        with pytest.raises(Refused):
            identity.check_session(cookie)


@fault
def test_change_password(monkeypatch, fault):
    def prepare(number):
        uid = active(number)
        own, other = (identity.begin_session(users.get(uid), IP, "agent") for _ in range(2))
        return number, uid, own, other

    def step(prepared):
        number, uid, own, _other = prepared
        login._proven.clear()
        identity.change_password(uid, identity.login.rules.fingerprint(own), proof(number), NEW)

    for (_number, uid, own, other), outcome in each_call(monkeypatch, fault, prepare, step):
        user = users.get(uid)
        done = user.auth_epoch == 2
        assert done == passwords.matches(user.credentials["sha256_base64"], NEW)
        assert done or passwords.matches(user.credentials["sha256_base64"], SECRET)
        if outcome is None:
            assert done
        assert identity.check_session(own).uid == uid
        if done:
            with pytest.raises(Refused):
                identity.check_session(other)


@fault
def test_send_verification(monkeypatch, fault):
    for uid, outcome in each_call(
        monkeypatch, fault, active, lambda uid: identity.send_verification(uid, [Channel.MAIL], next(IPS))
    ):
        bodies = queued()
        if isinstance(outcome, dict):
            assert bodies
            assert set(outcome) == {Channel.MAIL}
        assert users.get(uid).email_auth


@fault
def test_set_channel_auth(monkeypatch, fault):
    def prepare(number):
        uid = active(number)
        return uid, mail_code(number, uid)

    for (uid, code), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: identity.set_channel_auth(ready[0], Channel.MAIL, ready[1], on=False)
    ):
        assert used(code) == (not users.get(uid).email_auth), (
            "the code is used up with what it authorises, or not at all"
        )
        if outcome is None:
            assert used(code)


@fault
def test_bind_mobile(monkeypatch, fault):
    def prepare(number):
        uid, phone = active(number), f"+861387364{number:04}"
        old = code_of(Receiver(Channel.SMS, phone, uid), Purpose.BIND_MOBILE)
        identity.bind_mobile(uid, "", phone, old, None)
        other = f"+861397364{number:04}"
        new = code_of(Receiver(Channel.SMS, other, uid), Purpose.BIND_MOBILE)
        return uid, phone, other, new, code_of(Receiver(Channel.SMS, phone, uid))

    def step(prepared):
        uid, _, other, new, old = prepared
        vault._opened.clear()
        identity.bind_mobile(uid, "", other, new, old)

    for (uid, phone, other, new, old), outcome in each_call(monkeypatch, fault, prepare, step):
        done = identity.mobile_of(users.get(uid)) == other
        assert used(new) is used(old) is done
        mac = identity.names.mobile_mac
        assert (names.mobile_owner(mac(phone)), names.mobile_owner(mac(other))) == (
            (None, uid) if done else (uid, None)
        )
        if outcome is None:
            assert done


@fault
def test_totp(monkeypatch, fault):
    def step(uid):
        issued = identity.issue_totp(uid)
        vault._opened.clear()
        identity.bind_totp(uid, issued.secret, pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000 - 30))
        identity.unbind_totp(uid, "", pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000 + 30))
        return issued.secret

    for uid, outcome in each_call(monkeypatch, fault, active, step):
        user = users.get(uid)
        assert user.totp_enabled == bool(user.sealed_totp)
        assert (user.auth_epoch == 2) == identity.withdrawals_frozen(user)
        if isinstance(outcome, str):
            assert user.auth_epoch == 2
            assert not user.totp_enabled


@fault
def test_cards(monkeypatch, fault):
    def prepare(number):
        uid = active(number)
        return uid, mail_code(number, uid)

    for (uid, code), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: identity.add_card(ready[0], CARD, ready[1])
    ):
        found = identity.list_cards(uid)
        assert found == ([CARD] if used(code) else [])
        if outcome is None:
            assert found
        assert identity.has_card(uid, CARD) == bool(found)


@fault
def test_delete_card(monkeypatch, fault):
    def prepare(number):
        uid = active(number)
        identity.add_card(uid, CARD, mail_code(number, uid))
        return uid

    for uid, outcome in each_call(monkeypatch, fault, prepare, lambda uid: identity.delete_card(uid, CARD.number)):
        if outcome is None:
            assert identity.list_cards(uid) == []
        else:
            repeat(lambda uid=uid: identity.delete_card(uid, CARD.number))
            assert identity.list_cards(uid) == []


@fault
def test_hand_in_and_review(monkeypatch, fault):
    def prepare(number):
        return active(number), id_number()

    def step(prepared):
        uid, number = prepared
        identity.hand_in(uid, "吴小野", Location.CHINA, Paper.ID_CARD, number)
        identity.review(uid, Status.REFUSED, "blurred")

    for (uid, number), outcome in each_call(monkeypatch, fault, prepare, step):
        record = kyc.get(uid)
        assert record is None or record.status in {Status.SUBMITTED, Status.REFUSED}
        assert (record is not None and record.status is Status.SUBMITTED) == (
            uid in [found.record.uid for found in identity.claims_waiting()]
        )
        if outcome is None:
            assert record.status is Status.REFUSED
        if record is None or record.status is Status.REFUSED:
            identity.hand_in(uid, "吴小野", Location.CHINA, Paper.ID_CARD, number)
        identity.review(uid, Status.APPROVED, "")


@fault
def test_deliver(monkeypatch, fault):
    def prepare(number):
        delivery.post(
            Receiver(Channel.MAIL, f"r{number}@example.com", "1000000001"), "verification", "en", 2**60, code=CODE
        )
        (body,) = queued()
        return number, body

    from tests.post import mails

    for (number, body), outcome in each_call(monkeypatch, fault, prepare, lambda ready: delivery.deliver(ready[1])):
        arrived = [mail for mail in mails() if mail.destinations["ToAddresses"] == [f"r{number}@example.com"]]
        assert len(arrived) <= (2 if fault is FAULTS["repeated"] else 1)
        if outcome is None:
            assert arrived
        later = clock.now_ms() + 61_000
        monkeypatch.setattr(clock, "now_ms", lambda later=later: later)
        delivery.deliver(body)
        arrived = [mail for mail in mails() if mail.destinations["ToAddresses"] == [f"r{number}@example.com"]]
        assert arrived, "what failed arrives later"
