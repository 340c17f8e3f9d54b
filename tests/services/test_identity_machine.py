"""A person, a thief and time, in any order: no code is good twice, no login passes while locked, no session survives a
change of the password, nothing leaves a frozen account. The model beside it is the rules as one would tell them."""
# ruff: noqa: PT017 - whether a rule is refused depends on the model; what it was refused for is checked where it was

import pyotp
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import DAY_MS, MINUTE_MS, Channel, Form
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity
from chalicelib.services.identity import Invitation, Proof, SentCode, login
from chalicelib.stores import users
from tests.post import mailed_code, mailed_token, mails
from tests.services.world import run_machine

ADDRESS = rules.email("ann@coinport.com")
INVITATION = Invitation("en", "https://x.example/?token=")
PASSWORDS = [f"{letter * 43}=" for letter in "ABC"]
IPS = ["203.0.113.1", "203.0.113.2"]
START = 1_800_000_000_000


class Machine(RuleBasedStateMachine):
    """What the rules promise about one person."""

    def __init__(self):
        super().__init__()
        from tests.cloud import empty

        empty()
        login._proven.clear()
        self.now = START
        clock.now_ms = lambda: self.now
        self.uid = identity.register(ADDRESS, Form.SHA256_BASE64, PASSWORDS[0], INVITATION)
        identity.activate(mailed_token())
        self.password = PASSWORDS[0]
        self.wrong = dict.fromkeys(IPS, 0)
        self.locked_until = dict.fromkeys(IPS, 0)
        self.sessions = {}
        self.sent = []  # code, until, attempts, used
        self.tokens = []  # token, until, over
        self.email_auth = True
        self.secret = ""
        self.step_used = 0
        self.frozen_until = 0

    # --- time

    @rule(minutes=st.sampled_from([1, 9, 31, 61, 121]))
    def wait(self, minutes):
        self.now += minutes * MINUTE_MS
        self.sessions = {cookie: until for cookie, until in self.sessions.items() if until > self.now}

    # --- logging in

    def forget_failures(self, ip):
        """A ladder is forgotten 120 minutes after its last failure."""
        if self.now >= self.locked_until[ip]:
            self.wrong[ip] = 0

    @rule(ip=st.sampled_from(IPS), password=st.sampled_from(PASSWORDS))
    def log_in(self, ip, password):
        self.forget_failures(ip)
        locked = self.wrong[ip] >= 4
        try:
            user = identity.check_password(Proof(ADDRESS.typed, Form.SHA256_BASE64, password, ip))
        except Refused as refused:
            assert locked or password != self.password
            if not locked:
                self.wrong[ip] += 1
                self.locked_until[ip] = self.now + rules.LOGIN_LOCK_MS
            locks = self.wrong[ip] >= 4
            assert refused.reason is (Reason.LOGIN_LOCKED if locks else Reason.UNAUTHENTICATED)
        else:
            assert not locked, "a login passed while locked"
            assert password == self.password
            self.wrong[ip] = 0
            self.sessions[identity.begin_session(user, ip, "machine")] = self.now + rules.SESSION_MS

    @rule(data=st.data())
    @precondition(lambda self: self.sessions)
    def log_out(self, data):
        cookie = data.draw(st.sampled_from(sorted(self.sessions)))
        identity.end_session(cookie)
        del self.sessions[cookie]

    # --- passwords

    def changed(self, survivor=None):
        self.dead = [cookie for cookie in self.sessions if cookie != survivor]
        self.sessions = {cookie: until for cookie, until in self.sessions.items() if cookie == survivor}
        self.frozen_until = self.now + DAY_MS
        for token in self.tokens:
            token[2] = True
        for cookie in self.dead:
            with pytest.raises(Refused):
                identity.check_session(cookie)

    @rule(data=st.data(), ip=st.sampled_from(IPS), old=st.sampled_from(PASSWORDS), new=st.sampled_from(PASSWORDS))
    @precondition(lambda self: self.sessions)
    def change_password(self, data, ip, old, new):
        cookie = data.draw(st.sampled_from(sorted(self.sessions)))
        self.forget_failures(ip)
        locked = self.wrong[ip] >= 4
        try:
            proof = Proof(ADDRESS.typed, Form.SHA256_BASE64, old, ip)
            identity.change_password(self.uid, rules.fingerprint(cookie), proof, new)
        except Refused:
            assert locked or old != self.password
            if not locked:
                self.wrong[ip] += 1
                self.locked_until[ip] = self.now + rules.LOGIN_LOCK_MS
        else:
            assert not locked
            assert old == self.password
            self.wrong[ip] = 0
            self.password = new
            self.changed(cookie)

    @rule()
    def ask_for_reset(self):
        before = len(mails())
        try:
            identity.request_reset(ADDRESS, f"198.51.100.{len(self.tokens)}", INVITATION)
        except Refused as refused:
            assert refused.reason is Reason.CODE_TOO_OFTEN
        else:
            assert len(mails()) == before + 1
            self.tokens.append([mailed_token(), self.now + rules.RESET_MS, False])

    @rule(data=st.data(), new=st.sampled_from(PASSWORDS))
    @precondition(lambda self: self.tokens)
    def reset(self, data, new):
        token = data.draw(st.sampled_from(self.tokens))
        try:
            identity.reset_password(token[0], Form.SHA256_BASE64, new)
        except Refused as refused:
            assert refused.reason is Reason.TOKEN_EXPIRED
            assert token[2] or self.now >= token[1]
        else:
            assert not token[2], "a token was good twice, or for credentials that came later"
            assert self.now < token[1]
            self.password = new
            self.changed()

    # --- codes

    @rule()
    def ask_for_code(self):
        try:
            sent = identity.send_verification(self.uid, [Channel.MAIL], f"198.51.100.{len(self.sent)}")
        except Refused as refused:
            assert refused.reason is Reason.CODE_TOO_OFTEN
        else:
            self.sent.append([SentCode(sent[Channel.MAIL], mailed_code()), self.now + rules.CODE_MS, 0, False])

    @rule(data=st.data(), right=st.booleans(), on=st.booleans())
    @precondition(lambda self: self.sent)
    def use_code(self, data, right, on):
        sent = data.draw(st.sampled_from(self.sent))
        code, until, attempts, used = sent
        given = code if right else SentCode(code.id, f"{(int(code.code) + 1) % 10**6:06}")
        good = right and not used and self.now < until and attempts < rules.CODE_ATTEMPTS_MAX
        if not used and self.now < until:
            sent[2] += 1
        try:
            identity.set_channel_auth(self.uid, Channel.MAIL, given, on=on)
        except Refused as refused:
            assert refused.reason is Reason.EMAIL_CODE
            assert not good
        else:
            assert good, "a code was good though it should not have been"
            sent[3] = True
            self.email_auth = on

    # --- an authenticator

    @rule()
    @precondition(lambda self: not self.secret)
    def bind_totp(self):
        secret = identity.issue_totp(self.uid).secret
        step = self.now // rules.TOTP_STEP_MS
        identity.bind_totp(self.uid, secret, pyotp.TOTP(secret).generate_otp(step))
        self.secret, self.step_used = secret, step

    @rule(offset=st.integers(-2, 2))
    @precondition(lambda self: self.secret)
    def unbind_totp(self, offset):
        step = self.now // rules.TOTP_STEP_MS + offset
        try:
            identity.unbind_totp(self.uid, "", pyotp.TOTP(self.secret).generate_otp(step))
        except Refused as refused:
            if refused.reason is Reason.TOTP_CODE:
                assert abs(offset) > rules.TOTP_STEPS_OFF or step <= self.step_used
            else:
                assert refused.reason is Reason.TOO_OFTEN
        else:
            assert abs(offset) <= rules.TOTP_STEPS_OFF
            assert step > self.step_used, "a step was good twice"
            self.secret = ""
            self.changed()

    # --- what holds always

    @invariant()
    def the_person_is_as_the_rules_say(self):
        user = users.get(self.uid)
        assert user.email_auth is self.email_auth
        assert user.totp_enabled is bool(self.secret)
        assert identity.withdrawals_frozen(user) is (self.now < self.frozen_until)

    @invariant()
    def sessions_hold_until_they_are_ended(self):
        for cookie in self.sessions:
            assert identity.check_session(cookie).uid == self.uid
            self.sessions[cookie] = max(
                self.sessions[cookie],
                self.now + rules.SESSION_MS - rules.SESSION_WRITE_EVERY_MS if self.slides(cookie) else 0,
            )

    def slides(self, cookie):
        return self.sessions[cookie] - self.now <= rules.SESSION_MS - rules.SESSION_WRITE_EVERY_MS

    @initialize()
    def begin(self):
        assert users.get(self.uid).auth_epoch == 1


def test_the_rules_hold_in_any_order(cloud, monkeypatch):
    run_machine(Machine, monkeypatch, examples=12, steps=30)
