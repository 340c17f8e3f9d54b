"""Two applications, a person, a thief and time, in any order: a request becomes one code, a code one token, a token tells who
somebody is as long as it should; and keys sign what they may. The model beside it is the rules as one would tell them."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib import clock
from chalicelib.core import oauth as rules
from chalicelib.core.api_keys import KEYS_MAX, Reach
from chalicelib.core.identity import DAY_MS, MINUTE_MS, Form, Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, oauth
from chalicelib.services.identity import login
from chalicelib.stores import users
from tests.core.test_oauth import CHALLENGE, VERIFIER
from tests.post import mailed_token
from tests.services.test_api_keys import mailed
from tests.services.test_identity import EMAIL, INVITATION, RIGHT
from tests.services.world import run_machine

URI = "https://bhex.us/back"
IPS = ("203.0.113.7", "198.51.100.1")
RANKS = (Reach.READ, Reach.TRADE, Reach.ALL)


@dataclass
class Asked:
    """A request, the code that it became, and the token that the code became."""

    client: int
    request: str
    until: int
    pkce: bool
    code: str = ""
    code_until: int = 0
    epoch: int = 0
    token: str = ""
    token_until: int = 0
    revoked: bool = False


def outcome(call):
    """What a call returned, and None; or None, and what it was refused for."""
    try:
        return call(), None
    except Refused as refused:
        return None, refused.reason


class Machine(RuleBasedStateMachine):
    """What the rules promise."""

    def __init__(self):
        super().__init__()
        from tests.cloud import empty

        empty()
        login._proven.clear()
        self.now = 1_800_000_000_000
        clock.now_ms = lambda: self.now
        self.uid = identity.register(EMAIL, Form.SHA256_BASE64, RIGHT, INVITATION)
        identity.activate(mailed_token())
        self.clients = [oauth.register(name, "https://bhex.us/") for name in ("one", "two")]
        self.asked = []
        self.keys = {}  # number → (token, reach, on, addresses)
        self.epoch = 1

    @property
    def user(self):
        return users.get(self.uid)

    @rule(span=st.sampled_from([MINUTE_MS, 9 * MINUTE_MS, 21 * MINUTE_MS, 90 * DAY_MS]))
    def time_passes(self, span):
        self.now += span

    @rule()
    def a_credential_changes(self):
        users.UserRow(self.uid).update(actions=[users.UserRow.auth_epoch.set(self.epoch + 1)])
        self.epoch += 1

    # --- applications

    @rule(client=st.integers(0, 1), pkce=st.booleans())
    def ask(self, client, pkce):
        more = (CHALLENGE, "S256") if pkce else ("", "")
        wish = rules.wish(self.clients[client].client, URI, "state", "", *more)
        found = oauth.authorize(self.clients[client].client, wish)
        self.asked.append(Asked(client, found.request_id, self.now + rules.REQUEST_MS, pkce))

    @rule(client=st.integers(0, 1), pkce=st.booleans())
    def ask_and_be_let_in(self, client, pkce):
        self.ask(client, pkce)
        one = self.asked[-1]
        self.consents(one)
        self.exchanges(one, client, URI, right=True)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def consent(self, data):
        self.consents(data.draw(st.sampled_from(self.asked)))

    def consents(self, one):
        given, reason = outcome(lambda: oauth.consent(one.request, self.user))
        if one.code or self.now >= one.until:
            assert reason is Reason.OAUTH_REQUEST
        else:
            one.code, one.code_until, one.epoch = given.code, self.now + rules.CODE_MS, self.epoch

    @precondition(lambda self: any(one.code for one in self.asked))
    @rule(
        data=st.data(), client=st.integers(0, 1), uri=st.sampled_from([URI, URI, URI, f"{URI}/x"]), right=st.booleans()
    )
    def exchange(self, data, client, uri, right):
        self.exchanges(data.draw(st.sampled_from([one for one in self.asked if one.code])), client, uri, right=right)

    def exchanges(self, one, client, uri, *, right):
        verifier = VERIFIER if one.pkce is right else ""
        made, reason = outcome(lambda: oauth.exchange(self.clients[client].client, one.code, uri, verifier))
        if client != one.client:
            assert reason is Reason.OAUTH_CODE
        elif one.token:
            assert reason is Reason.OAUTH_CODE_USED
            one.revoked = True
        elif self.now >= one.code_until:
            assert reason is Reason.OAUTH_CODE
        elif uri != URI:
            assert reason is Reason.REDIRECT_URI
        elif not right:
            assert reason is Reason.OAUTH_CODE
        else:
            one.token, one.token_until = made.token, self.now + rules.TOKEN_MS

    @invariant()
    def tokens_tell_as_long_as_they_should(self):
        for one in self.asked:
            if one.token:
                good = not one.revoked and self.now < one.token_until and one.epoch == self.epoch
                found, reason = outcome(lambda one=one: oauth.who(one.token).uid)
                assert (found, reason) == ((self.uid, None) if good else (None, Reason.OAUTH_TOKEN))

    # --- keys

    @rule(reach=st.sampled_from([Reach.READ, Reach.TRADE]))
    def make_a_key(self, reach):
        given = mailed(self.uid, Purpose.CREATE_API_KEY)
        made, reason = outcome(lambda: identity.create_key(self.uid, reach, "t", given))
        if sum(key[1] is reach for key in self.keys.values()) >= KEYS_MAX:
            assert reason is Reason.TOO_MANY_API_TOKENS
        else:
            self.keys[made.key.number] = (made.key.token, reach, True, ())

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), on=st.booleans(), ips=st.sampled_from([(), IPS[:1], IPS]))
    def change_a_key(self, data, on, ips):
        number = data.draw(st.sampled_from(sorted(self.keys)))
        token, reach, _, _ = self.keys[number]
        identity.restrict_key(self.uid, number, ips, mailed(self.uid, Purpose.MODIFY_API_KEY))
        identity.switch_key(self.uid, number, mailed(self.uid, Purpose.MODIFY_API_KEY), on=on)
        self.keys[number] = (token, reach, on, ips)

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def delete_a_key(self, data):
        number = data.draw(st.sampled_from(sorted(self.keys)))
        identity.delete_key(self.uid, number, mailed(self.uid, Purpose.DELETE_API_KEY))
        token = self.keys.pop(number)[0]
        assert identity.signer(token) is None

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), ip=st.sampled_from(IPS), asked=st.sampled_from(RANKS))
    def sign(self, data, ip, asked):
        token, reach, on, ips = self.keys[data.draw(st.sampled_from(sorted(self.keys)))]
        may = on and (not ips or ip in ips) and RANKS.index(asked) <= RANKS.index(reach)
        found, reason = outcome(lambda: identity.signed_by(identity.signer(token), ip, asked).uid)
        assert (found, reason) == ((self.uid, None) if may else (None, Reason.API_KEY_FORBIDDEN))


def test_the_rules_hold_in_any_order(cloud, monkeypatch):
    run_machine(Machine, monkeypatch, examples=12, steps=25)
