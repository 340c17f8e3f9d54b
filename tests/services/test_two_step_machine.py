"""A person with two devices, a thief and time, in any order: no request, no code logs in twice, no login passes while the
account is frozen, none without its second step but from where the person just was, no request outlives a changed password.
The model beside it is the rules as one would tell them."""
# ruff: noqa: PT017 - whether a rule is refused depends on the model; what it was refused for is checked where it was

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import DAY_MS, HOUR_MS, MINUTE_MS, Channel, Form, Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, passwords
from chalicelib.services.identity import Entered, Entry, Origin, SentCode
from chalicelib.stores import users, vault
from tests.post import mailed_code
from tests.services.world import run_machine

ANN = rules.email("ann@coinport.com")
PASSWORDS = [letter * 32 for letter in "0123"]
PLACES = [("203.0.113.1", "phone"), ("203.0.113.2", "laptop"), ("203.0.113.1", "laptop")]
OFTEN = st.sampled_from([True, True, True, False])
RARELY = st.sampled_from([False, False, False, True])
START = 1_800_000_000_000


@dataclass
class Request:
    """A first step that was right, as the model knows it."""

    id: str
    place: tuple[str, str]
    until: int
    epoch: int
    sent: list
    looks: int = 0
    used: bool = False


class Machine(RuleBasedStateMachine):
    """What the rules promise about one person."""

    def __init__(self):
        super().__init__()
        from tests.cloud import empty

        empty()
        vault.forget()
        self.now = START
        clock.now_ms = lambda: self.now
        self.mailbox = 0
        sent = SentCode(identity.send_code(ANN, Purpose.SIGN_UP, self.fresh(), "en"), mailed_code())
        self.uid = identity.sign_up(Entry(ANN, "en", secret=PASSWORDS[0]), sent)
        self.password = PASSWORDS[0]
        self.epoch = 1
        self.wrong, self.last_wrong = 0, 0
        self.known = {}  # (ip, device) → when it logged in
        self.requests = []
        self.sessions = []  # cookie, epoch, until
        self.frozen_until = 0

    def fresh(self):
        """An address that nobody used: limits by address are tested elsewhere."""
        self.mailbox += 1
        return f"198.51.{self.mailbox // 250}.{self.mailbox % 250}"

    # --- time

    @rule(ms=st.sampled_from([MINUTE_MS, MINUTE_MS, 29 * MINUTE_MS, 2 * HOUR_MS, 22 * HOUR_MS]))
    def wait(self, ms):
        self.now += ms

    # --- the first step

    def frozen(self):
        if self.now >= self.last_wrong + DAY_MS:
            self.wrong = 0
        return self.wrong >= 5 and self.now < self.last_wrong + 2 * HOUR_MS

    def spelt(self, right):
        return self.password if right else next(secret for secret in PASSWORDS if secret != self.password)

    @rule(place=st.sampled_from(PLACES), right=OFTEN)
    def log_in(self, place, right):
        self.first(place, right)

    @rule(place=st.sampled_from(PLACES))
    def walk_in(self, place):
        """Both steps at once, as most people take them."""
        before = len(self.requests)
        self.first(place, right=True)
        if len(self.requests) > before:
            request = self.requests[-1]
            self.send_for(request)
            if request.sent:
                self.second(request, request.sent[-1], wrong=False, ip=place[0])

    @rule(guesses=st.integers(1, 6), now=RARELY)
    def thief(self, guesses, now):
        for _ in range(guesses if now else 0):
            self.first((self.fresh(), "elsewhere"), right=False)

    def first(self, place, right):
        frozen, password = self.frozen(), self.spelt(right)
        origin = Origin(place[0], "agent", place[1])
        try:
            done = identity.log_in(ANN, Form.MD5_HEX, password, origin)
        except Refused as refused:
            if refused.reason is Reason.TOO_OFTEN:
                return  # many logins from one address
            if frozen:
                assert refused.reason is Reason.LOGIN_LOCKED
                return
            assert password != self.password
            self.wrong, self.last_wrong = self.wrong + 1, self.now
            assert (refused.reason, refused.data["failures"]) == (Reason.LOGIN_FAILED, self.wrong)
        else:
            assert not frozen
            assert password == self.password
            self.wrong = 0
            seen = self.known.get(place[1])
            just_here = seen is not None and seen[0] == place[0] and self.now < seen[1] + DAY_MS
            assert isinstance(done, Entered) is just_here
            if isinstance(done, Entered):
                self.entered(done, place)
            else:
                self.requests.append(Request(done.request_id, place, self.now + 30 * MINUTE_MS, self.epoch, []))

    def entered(self, done, place):
        self.known[place[1]] = (place[0], self.now)
        self.sessions.append((done.cookie, self.epoch, self.now + DAY_MS))

    # --- the second

    def alive(self, request):
        return not request.used and self.now < request.until and request.epoch == self.epoch and request.looks < 5

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def send(self, data):
        self.send_for(data.draw(st.sampled_from(self.requests[-3:])))

    def send_for(self, request):
        try:
            order_id = identity.send_login_code(request.id, Channel.MAIL, self.fresh(), "agent")
        except Refused as refused:
            assert refused.reason in {Reason.NO_SUCH_REQUEST, Reason.CODE_TOO_OFTEN}
            assert refused.reason is Reason.CODE_TOO_OFTEN or not self.alive(request)
        else:
            assert self.alive(request)
            request.sent.append([SentCode(order_id, mailed_code()), self.now + 10 * MINUTE_MS, False, 0])

    @precondition(lambda self: any(request.sent for request in self.requests))
    @rule(data=st.data(), right=OFTEN, own=OFTEN, there=st.booleans())
    def finish(self, data, right, own, there):
        request = data.draw(st.sampled_from([one for one in self.requests if one.sent][-2:]))
        codes = request.sent if own else [code for one in self.requests for code in one.sent]
        code = data.draw(st.sampled_from(codes[-3:]))
        self.second(request, code, wrong=not right, ip=request.place[0] if there else "203.0.113.9")

    def second(self, request, code, *, wrong, ip):
        sent, until, used, looks = code
        given = SentCode(sent.id, f"{(int(sent.code) + 1) % 10**6:06}") if wrong else sent
        alive = self.alive(request)
        good = not wrong and not used and self.now < until and looks < 5
        try:
            done = identity.finish_login(request.id, Channel.MAIL, given, Origin(ip, "agent", "any"))
        except Refused as refused:
            assert refused.reason is (Reason.EMAIL_CODE if alive else Reason.NO_SUCH_REQUEST)
            assert not (alive and good)
            if alive:
                request.looks += 1
                if not used and self.now < until and looks < 5:
                    code[3] += 1
        else:
            assert alive
            assert good
            request.used = code[2] = True
            self.known[request.place[1]] = (ip, self.now)
            self.sessions.append((done.cookie, self.epoch, self.now + DAY_MS))

    # --- credentials

    def changed(self, password):
        self.password = password
        self.epoch += 1
        self.frozen_until = self.now + DAY_MS

    @rule(right=OFTEN, new=st.sampled_from(PASSWORDS), now=RARELY)
    def replace(self, right, new, now):
        if not now:
            return
        frozen, old = self.frozen(), self.spelt(right)
        try:
            identity.replace_password(self.uid, "", Form.MD5_HEX, old, new)
        except Refused as refused:
            match refused.reason:
                case Reason.LOGIN_LOCKED:
                    assert frozen
                case Reason.SAME_PASSWORD:
                    assert old == new == self.password
                    self.wrong = 0
                case _:
                    assert refused.reason is Reason.OLD_PASSWORD
                    assert old != self.password
                    self.wrong, self.last_wrong = self.wrong + 1, self.now
        else:
            assert not frozen
            assert old == self.password != new
            self.wrong = 0
            self.changed(new)

    @rule(new=st.sampled_from(PASSWORDS), now=RARELY)
    def find(self, new, now):
        if not now:
            return
        try:
            order_id = identity.send_code(ANN, Purpose.FIND_PASSWORD, self.fresh(), "en")
        except Refused as refused:
            assert refused.reason is Reason.CODE_TOO_OFTEN
            return
        found = identity.find_password(ANN, SentCode(order_id, mailed_code()), self.fresh())
        identity.set_found_password(found.request_id, Form.MD5_HEX, new)
        self.wrong = 0
        self.changed(new)

    # --- what holds always

    @invariant()
    def the_person_is_as_the_rules_say(self):
        user = users.get(self.uid)
        assert user.auth_epoch == self.epoch
        assert passwords.matches(user.credentials["md5_hex"], self.password)
        assert identity.withdrawals_frozen(user) is (self.now < self.frozen_until)

    @invariant()
    def sessions_of_this_password_hold_and_no_others(self):
        kept = []
        for cookie, epoch, until in self.sessions:
            if epoch == self.epoch and self.now < until:
                assert identity.check_session(cookie).uid == self.uid
                slides = until - self.now <= DAY_MS - rules.SESSION_WRITE_EVERY_MS
                kept.append((cookie, epoch, self.now + DAY_MS if slides else until))
                continue
            try:
                identity.check_session(cookie)
            except Refused as refused:
                assert refused.reason is Reason.UNAUTHENTICATED
            else:
                raise AssertionError("a session outlived its password or its time")
        self.sessions = kept


def test_the_rules_hold_in_any_order(cloud, monkeypatch):
    run_machine(Machine, monkeypatch, examples=10, steps=40)
    vault.forget()
