"""What a second step asks for, and which requests can go on; passwords that come as MD5."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import passwords, steps
from chalicelib.core.identity import Channel, Standing, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.steps import Factor, Kind, Pending

users = st.builds(
    User,
    uid=st.just("1000000001"),
    email=st.sampled_from(["", "ann@coinport.com"]),
    email_verified=st.booleans(),
    sealed_mobile=st.just(b""),
    mobile_verified=st.booleans(),
    totp_enabled=st.booleans(),
    standing=st.just(Standing.ACTIVE),
    auth_epoch=st.integers(1, 9),
    credentials=st.just({}),
    api_tokens=st.just(frozenset()),
    language=st.just("en"),
    created=st.just(0),
)
channels = st.sampled_from(list(Channel))


@given(users, channels, st.booleans())
def test_a_login_asks_for_the_authenticator_before_all_and_never_for_nothing_from_a_new_device(user, channel, known):
    factor = steps.login_factor(user, channel, known_device=known)
    if user.totp_enabled:
        assert factor is Factor.TOTP
    elif known:
        assert factor is Factor.NONE
    else:
        assert steps.CHANNELS[factor] is channel


@given(users, channels, st.booleans())
def test_finding_a_password_asks_for_the_strongest_other_thing(user, channel, has_document):
    factor = steps.find_factor(user, channel, has_document=has_document)
    assert steps.CHANNELS.get(factor) is not channel, "what the first step proved proves nothing more"
    assert (factor is Factor.TOTP) == user.totp_enabled
    if factor is Factor.NONE:
        other = user.mobile_verified if channel is Channel.MAIL else user.email_verified
        assert not user.totp_enabled
        assert not other
        assert not has_document


PENDING = Pending("key", Kind.LOGIN, "1000000001", 1, Factor.MAIL, expires=1000, agent="agent")


def test_a_request_can_go_on():
    assert steps.usable(PENDING, Kind.LOGIN, "agent", 999)
    assert steps.usable(replace(PENDING, agent=""), Kind.LOGIN, "any", 999)
    assert steps.usable(replace(PENDING, attempts=5, verified=True), Kind.LOGIN, "agent", 999), "the fifth was right"


@pytest.mark.parametrize(
    ("changes", "kind", "agent", "now"),
    [
        ({}, Kind.QUICK_LOGIN, "agent", 999),
        ({}, Kind.LOGIN, "other", 999),
        ({}, Kind.LOGIN, "agent", 1000),
        ({"used": True}, Kind.LOGIN, "agent", 999),
        ({"attempts": 5}, Kind.LOGIN, "agent", 999),
    ],
)
def test_a_request_that_cannot(changes, kind, agent, now):
    assert not steps.usable(replace(PENDING, **changes), kind, agent, now)
    assert not steps.usable(None, kind, agent, now)


@given(st.binary(min_size=16, max_size=16).map(bytes.hex), st.booleans())
def test_an_md5_has_one_spelling(digest, upper):
    assert passwords.md5(digest.upper() if upper else digest, "p") == digest


@pytest.mark.parametrize("text", ["", "secret", "0" * 31, "0" * 33, "g" * 32, "０" * 32, "0" * 32 + "\n"])
def test_what_is_none_is_refused(text):
    with pytest.raises(Refused) as refused:
        passwords.md5(text, "p")
    assert (refused.value.reason, refused.value.parameter) == (Reason.PASSWORD_FORMAT, "p")


@given(st.sampled_from(passwords.COMMON))
def test_nobody_chooses_a_common_one(text):
    digest = hashlib.md5(text.encode()).hexdigest()
    assert passwords.md5(digest, "p")
    with pytest.raises(Refused):
        passwords.new_md5(digest.upper(), "p")
