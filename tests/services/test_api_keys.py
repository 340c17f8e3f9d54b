"""The broker's API keys over moto: made, restricted, switched and deleted by a second factor, and held to what they may do."""

import re

import pytest

from chalicelib.core.api_keys import Reach
from chalicelib.core.identity import Channel, Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import SecondFactor, SentCode
from chalicelib.stores import users
from tests.faults.test_security_calls import code_of
from tests.services.test_identity import EMAIL, activated, at_once, refusal, world  # noqa: F401 - `world` is a fixture
from tests.services.test_identity_security import bound, reasons, totp, totp_bound

HERE, THERE = "203.0.113.7", "198.51.100.1"

pytestmark = pytest.mark.usefixtures("world")


def mailed(uid, purpose):
    return SecondFactor(Channel.MAIL, code_of(Receiver(Channel.MAIL, users.get(uid).email, uid), purpose))


def made(uid, reach=Reach.TRADE, tag="quant"):
    return identity.create_key(uid, reach, tag, mailed(uid, Purpose.CREATE_API_KEY))


def asks(token, ip, asked):
    """What a request that `token` signed right is answered; None is success."""
    try:
        identity.signed_by(identity.signer(token), ip, asked)
    except Refused as refused:
        return refused.reason
    return None


def test_it_is_listed_without_its_secret_which_is_sealed():
    uid = activated()
    key = made(uid)
    assert re.fullmatch("[0-9a-f]{64}", key.key.token)
    assert re.fullmatch("[0-9a-f]{64}", key.secret)
    assert key.key.number.isdigit()
    (listed,) = identity.keys_of(uid)
    assert listed == key.key
    assert key.secret.encode() not in listed.sealed
    assert identity.signer(key.key.token).secret == key.secret
    assert identity.profile(uid).api_tokens == [], "coinport's profile lists its own tokens, with their secrets"


@pytest.mark.parametrize(
    ("reach", "answers"),
    [
        (Reach.READ, [None, Reason.API_KEY_FORBIDDEN, Reason.API_KEY_FORBIDDEN]),
        (Reach.TRADE, [None, None, Reason.API_KEY_FORBIDDEN]),
    ],
)
def test_it_reads_or_trades_and_no_more(reach, answers):
    key = made(activated(), reach).key
    assert [asks(key.token, HERE, asked) for asked in (Reach.READ, Reach.TRADE, Reach.ALL)] == answers


def test_coinports_tokens_do_all_from_everywhere():
    token = identity.add_api_token(activated()).token
    assert [asks(token, THERE, asked) for asked in Reach] == [None] * 3


def test_addresses_and_the_switch_hold_at_once():
    uid = activated()
    key = made(uid).key
    identity.restrict_key(uid, key.number, (HERE,), mailed(uid, Purpose.MODIFY_API_KEY))
    assert asks(key.token, HERE, Reach.TRADE) is None
    assert asks(key.token, THERE, Reach.READ) is Reason.API_KEY_FORBIDDEN
    identity.switch_key(uid, key.number, mailed(uid, Purpose.MODIFY_API_KEY), on=False)
    assert asks(key.token, HERE, Reach.READ) is Reason.API_KEY_FORBIDDEN
    identity.switch_key(uid, key.number, mailed(uid, Purpose.MODIFY_API_KEY), on=True)
    identity.restrict_key(uid, key.number, (), mailed(uid, Purpose.MODIFY_API_KEY))
    assert asks(key.token, THERE, Reach.TRADE) is None
    assert identity.keys_of(uid) == [key]


def test_a_deleted_one_is_gone_at_once_and_an_unknown_one_is_gone_already():
    uid = activated()
    key = made(uid).key
    for number in (key.number, key.number, "1"):
        identity.delete_key(uid, number, mailed(uid, Purpose.DELETE_API_KEY))
        assert identity.signer(key.token) is None
    assert identity.keys_of(uid) == []
    assert users.get(uid).trading_keys == frozenset()


def test_nobody_changes_anothers_key_or_one_that_is_not_there():
    uid, other = activated(), activated(identity.registration.rules.email("other@coinport.com"))
    key = made(uid).key
    given = mailed(other, Purpose.MODIFY_API_KEY)
    for call in (
        lambda: identity.restrict_key(other, key.number, (), given),
        lambda: identity.switch_key(other, key.number, given, on=False),
    ):
        assert refusal(call).reason is Reason.NO_SUCH_API_KEY
    identity.delete_key(other, key.number, mailed(other, Purpose.DELETE_API_KEY))
    assert identity.keys_of(uid) == [key]


def test_five_of_a_type_are_enough_however_they_race():
    uid = activated()
    for _ in range(4):
        made(uid)
    factors = [mailed(uid, Purpose.CREATE_API_KEY) for _ in range(3)]
    results = at_once(*[lambda given=given: identity.create_key(uid, Reach.TRADE, "t", given) for given in factors])
    assert reasons(results) == {None: 1, Reason.TOO_MANY_API_TOKENS: 2}
    assert made(uid, Reach.READ).key.reach is Reach.READ
    assert len(identity.keys_of(uid)) == 6


def test_one_code_makes_one_key():
    uid = activated()
    given = mailed(uid, Purpose.CREATE_API_KEY)
    results = at_once(*[lambda: identity.create_key(uid, Reach.TRADE, "t", given)] * 3)
    assert reasons(results) == {None: 1, Reason.EMAIL_CODE: 2}
    assert len(identity.keys_of(uid)) == 1


def test_a_code_for_another_purpose_makes_none():
    uid = activated()
    for purpose in set(Purpose) - {Purpose.CREATE_API_KEY}:
        given = mailed(uid, purpose)
        assert refusal(lambda given=given: identity.create_key(uid, Reach.READ, "t", given)).reason is Reason.EMAIL_CODE


def test_the_authenticator_is_asked_for_where_one_is_bound():
    uid = activated()
    secret = totp_bound(uid)
    given = mailed(uid, Purpose.CREATE_API_KEY)
    assert refusal(lambda: identity.create_key(uid, Reach.READ, "t", given)).reason is Reason.WRONG_FACTOR
    right = SecondFactor(None, SentCode("", totp(secret)))
    results = at_once(*[lambda: identity.create_key(uid, Reach.READ, "t", right)] * 3)
    assert reasons(results)[None] == 1, "no step of the authenticator is good twice"
    assert set(reasons(results)) <= {None, Reason.TOTP_CODE}
    assert refusal(lambda: identity.delete_key(uid, "1", right)).reason is Reason.TOTP_CODE


def test_a_channel_that_the_person_lacks_is_not_asked():
    uid = activated()
    texted = SecondFactor(Channel.SMS, SentCode("", "123456"))
    assert refusal(lambda: identity.create_key(uid, Reach.READ, "t", texted)).reason is Reason.WRONG_FACTOR
    assert (
        refusal(lambda: identity.create_key(uid, Reach.READ, "t", SecondFactor(None, SentCode("", "123456")))).reason
        is Reason.WRONG_FACTOR
    )
    bound(uid)
    phone = Receiver(Channel.SMS, identity.mobile_of(users.get(uid)), uid)
    texted = SecondFactor(Channel.SMS, code_of(phone, Purpose.CREATE_API_KEY))
    assert identity.create_key(uid, Reach.READ, "t", texted).key.uid == uid


def test_a_person_who_may_not_use_the_account_signs_nothing():
    uid = activated()
    key = made(uid).key
    users.UserRow(uid).update(actions=[users.UserRow.standing.set("disabled")])
    assert asks(key.token, HERE, Reach.READ) is Reason.ACCOUNT_UNUSABLE
