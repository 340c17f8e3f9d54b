"""Bound addresses over moto: when they may be used, and what races and lost answers change about it."""

import pytest

from chalicelib.core import identity as rules
from chalicelib.core.identity import DAY_MS, Channel
from chalicelib.core.phones import mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, withdrawal_addresses
from chalicelib.services.identity import Entry, SentCode
from chalicelib.services.letters import letter
from chalicelib.stores import withdrawal_addresses as store
from chalicelib.stores.withdrawal_addresses import Bound
from tests.faults.injection import FAULTS, Faults, injected
from tests.post import mailed_code, queued, texted_code, texts

ONE = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
OTHER = "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"
THIRD = "1HLoD9E4SDFFPDiYfNYnkBLQ85Y51J3Zb1"
NOW = 1_800_000_000_000


def person(name="ann@example.com"):
    """Somebody new, by a code that was right."""
    address = rules.email(name)
    code_id = identity.send_sign_up_code(address, "203.0.113.7", "en")
    code = mailed_code()
    return identity.sign_up(Entry(address, "en"), SentCode(code_id, code))


def refusal(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.reason


def test_the_first_address_of_a_coin_is_good_at_once(time):
    uid = person()
    assert withdrawal_addresses.destination(uid, "BTC") == ""
    withdrawal_addresses.bind(uid, "BTC", ONE)
    assert withdrawal_addresses.destination(uid, "BTC") == ONE
    assert withdrawal_addresses.destination(uid, "LTC") == ""


def test_a_changed_one_waits_for_a_day_and_going_back_waits_too(time):
    uid = person()
    withdrawal_addresses.bind(uid, "BTC", ONE)
    withdrawal_addresses.bind(uid, "BTC", OTHER)
    assert withdrawal_addresses.bound(uid, "BTC") == OTHER
    time[0] += DAY_MS - 1
    assert refusal(withdrawal_addresses.destination, uid, "BTC") is Reason.WITHDRAWALS_FROZEN
    time[0] += 1
    assert withdrawal_addresses.destination(uid, "BTC") == OTHER
    withdrawal_addresses.bind(uid, "BTC", ONE)
    assert refusal(withdrawal_addresses.destination, uid, "BTC") is Reason.WITHDRAWALS_FROZEN


def test_the_same_again_does_not_begin_the_wait_anew(time):
    uid = person()
    withdrawal_addresses.bind(uid, "BTC", ONE)
    withdrawal_addresses.bind(uid, "BTC", OTHER)
    time[0] += DAY_MS
    withdrawal_addresses.bind(uid, "BTC", OTHER)
    assert withdrawal_addresses.destination(uid, "BTC") == OTHER


def test_nobody_can_be_told_without_end(time):
    uid = person()
    queued()
    for number in range(40):
        withdrawal_addresses.bind(uid, "BTC", (ONE, OTHER)[number % 2])
    assert refusal(withdrawal_addresses.bind, uid, "BTC", ONE) is Reason.CODE_TOO_OFTEN
    assert len(queued()) == 40
    assert withdrawal_addresses.bound(uid, "BTC") == OTHER


def test_who_has_only_a_number_gets_a_message(time):
    name = mobile("86", "13873647282")
    code_id = identity.send_sign_up_code(name, "203.0.113.7", "en")
    code = texted_code()
    uid = identity.sign_up(Entry(name, "en"), SentCode(code_id, code))
    withdrawal_addresses.bind(uid, "BTC", ONE)
    assert ONE in texts()[-1].body


def test_nothing_changes_when_its_person_cannot_be_told(time, monkeypatch):
    uid = person()
    monkeypatch.setattr("chalicelib.services.delivery.post", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    assert refusal(withdrawal_addresses.bind, uid, "BTC", ONE) is Reason.NOT_SENT
    assert withdrawal_addresses.bound(uid, "BTC") == ""


def test_two_changes_at_once_are_one_after_the_other(time, monkeypatch):
    """The one that was read before the other was written is decided anew: it is a change, and waits."""
    uid = person()
    put = store.put
    others = [Bound(OTHER, NOW)]

    def interrupted(*arguments):
        if others:
            put(uid, "BTC", None, others.pop())
        return put(*arguments)

    monkeypatch.setattr(store, "put", interrupted)
    queued()
    withdrawal_addresses.bind(uid, "BTC", ONE)
    assert store.get(uid, "BTC") == Bound(ONE, NOW + DAY_MS)
    assert len(queued()) == 1


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("change", [False, True], ids=["first", "change"])
def test_every_call_fails_once_and_a_repeat_makes_it_good(time, monkeypatch, fault, change):
    """What was answered is so; what was not is as before or done; and nothing is bound of which its person was not told."""
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    for at in range(100):
        time[0] += 61_000
        uid = person(f"ann{fault.__name__}{change}{at}@example.com")
        if change:
            withdrawal_addresses.bind(uid, "BTC", OTHER)
        queued()
        before, begun = store.get(uid, "BTC"), time[0]
        answered = True
        with injected(monkeypatch, Faults(at, fault)) as faults:
            try:
                withdrawal_addresses.bind(uid, "BTC", ONE)
            except Exception:  # noqa: BLE001 - whatever is not answered is open
                answered = False
        expected = Bound(ONE, begun + (DAY_MS if change else 0))
        assert store.get(uid, "BTC") in ([expected] if answered else [before, expected])
        if store.get(uid, "BTC") == expected:
            assert queued(), "its person was told"
        withdrawal_addresses.bind(uid, "BTC", ONE)
        assert store.get(uid, "BTC") == expected
        if at >= len(faults.seen):
            break
    else:
        raise AssertionError("more calls than it can have")


@pytest.mark.parametrize("channel", Channel)
def test_the_letter_is_written_in_both_languages(channel):
    for language in ("zh", "en"):
        _, text = letter(channel, withdrawal_addresses.LETTER, language, coin="BTC", address=ONE)
        assert ONE in text
        assert "BTC" in text
