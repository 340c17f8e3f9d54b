"""Identity as coinport v2 documents it: registration, activation, login, the three schemes, API tokens."""

import base64
import hashlib
import json
import re

import pytest

from chalicelib import settings
from chalicelib.api.coinport import auth
from chalicelib.core.identity import MINUTE_MS
from chalicelib.services import identity
from chalicelib.services.identity import login
from chalicelib.stores import users
from tests.contract.client import Client, proxy_event
from tests.post import mailed_token, mails

EMAIL = "Example@coinport.com"
PWDHASH = "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ="
WRONG = "tZwid9Lea5GPGPfBBU0xIQIZdnaly2k6fBdGf7plFMA="
REGISTER = "/api/v2/register"
SEND = "/api/v2/send_activation_code"
CHECK = "/api/v2/check_activation_code"
LOGIN = "/api/v2/login"
LOGOUT = "/api/v2/logout"
PROFILE = "/api/v2/user/profile"
ADD = "/api/v2/user/add_api_token"
DELETE = "/api/v2/user/delete_api_token"


@pytest.fixture
def anyone(app, cloud):
    """Somebody unknown, on empty tables."""
    return Client(app)


def body(**changes):
    """The document's body of register, changed; a change to None leaves the field out."""
    fields = {"email": EMAIL, "pwdhash": PWDHASH, "exchangeVersion": "v2", "lang": "zh", **changes}
    return {name: value for name, value in fields.items() if value is not None}


def activated(client, email=EMAIL):
    uid = client.post(REGISTER, body(email=email)).data["uid"]
    client.get(f"{CHECK}?token={mailed_token()}")
    return uid


def basic(pwdhash=PWDHASH, email=EMAIL):
    return "Basic " + base64.b64encode(f"{email}:{pwdhash}".encode()).decode()


def logged_in(client):
    """The session cookie, as a browser sends it back."""
    (cookie,) = client.get(LOGIN, Authorization=basic()).cookies
    return cookie.partition(";")[0]


def signed(pair, text):
    md5 = hashlib.md5(f"{text}&secret={pair['secret']}".encode()).hexdigest()
    return "Token " + base64.b64encode(f"{pair['token']}:{md5}".encode()).decode()


class TestRegister:
    def test_answers_the_uid(self, anyone):
        reply = anyone.post(REGISTER, body())
        assert (reply.code, reply.data) == (0, {"uid": 1000000001})
        assert "pwdhash" not in reply.text
        assert PWDHASH not in reply.text

    def test_mails_a_link_that_activates(self, anyone):
        anyone.post(REGISTER, body())
        assert f"{settings.PUBLIC_URL}{CHECK}?token=" in mails()[0].body
        assert anyone.get(f"{CHECK}?token={mailed_token()}").data == {"result": True}
        assert anyone.get(LOGIN, Authorization=basic()).code == 0

    @pytest.mark.parametrize(("version", "host"), [("v2", "https://x.coinport.com"), (None, "https://coinport.com")])
    def test_the_exchange_version_picks_the_host(self, anyone, monkeypatch, version, host):
        monkeypatch.setattr(settings, "PUBLIC_URL", "https://coinport.com")
        monkeypatch.setattr(settings, "PUBLIC_URL_V2", "https://x.coinport.com")
        anyone.post(REGISTER, body(exchangeVersion=version))
        assert f"{host}{CHECK}?token=" in mails()[0].body

    @pytest.mark.parametrize(
        ("lang", "accepted", "subject"),
        [
            ("zh", "en", "激活您的币丰港账号"),
            ("en", "zh", "Activate your Coinport account"),
            (None, "en-GB,en;q=0.9", "Activate your Coinport account"),
            (None, "fr", "激活您的币丰港账号"),
        ],
    )
    def test_the_language_of_the_mail(self, anyone, lang, accepted, subject):
        anyone.post(REGISTER, body(lang=lang), Accept_Language=accepted)
        assert mails()[0].subject == subject

    @pytest.mark.parametrize("name", ["email", "pwdhash"])
    def test_a_missing_parameter_is_named(self, anyone, name):
        reply = anyone.post(REGISTER, body(**{name: None}))
        assert reply.code == 1001
        assert name in reply.message

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"email": 1}, "email"),
            ({"email": ["a@b.cc"]}, "email"),
            ({"pwdhash": {}}, "pwdhash"),
            ({"pwdhash": True}, "pwdhash"),
            ({"lang": "fr"}, "lang"),
            ({"lang": "ZH"}, "lang"),
            ({"lang": 1}, "lang"),
            ({"exchangeVersion": "v1"}, "exchangeVersion"),
            ({"exchangeVersion": 2}, "exchangeVersion"),
            ({"uid": 1}, "uid"),
            ({"nickname": "x"}, "nickname"),
        ],
    )
    def test_a_wrong_or_superfluous_parameter_is_named(self, anyone, changes, name):
        reply = anyone.post(REGISTER, body(**changes))
        assert reply.code == 1007
        assert name in reply.message
        assert mails() == []

    def test_null_is_no_value(self, anyone):
        assert anyone.post(REGISTER, json.dumps({**body(), "lang": None})).code == 1007
        assert anyone.post(REGISTER, json.dumps({**body(), "email": None})).code == 1007

    @pytest.mark.parametrize(
        "text", ["{", "[]", '"a"', "null", "{'email': 'a'}", '{"email": NaN}', "\ufeff{}", '{"a":1,"a":2}']
    )
    def test_malformed_json_is_refused(self, anyone, text):
        assert anyone.post(REGISTER, text).code == 1007

    def test_a_query_is_superfluous(self, anyone):
        assert anyone.post(f"{REGISTER}?email=x", body()).code == 1007

    @pytest.mark.parametrize(
        "email",
        [
            "",
            "example",
            "example＠coinport.com",
            "exаmple@coinport.com",
            "a@b.cc\r\nBcc: c@d.ee",
            "a\x00@b.cc",
            "a" * 300 + "@b.cc",
        ],
    )
    def test_what_is_no_address_is_9003(self, anyone, email):
        reply = anyone.post(REGISTER, body(email=email))
        assert reply.code == 9003
        assert "email" in reply.message

    @pytest.mark.parametrize("pwdhash", ["", "secret", "AAAA", PWDHASH + "=", PWDHASH.replace("=", ""), "密码"])
    def test_what_is_no_pwdhash_is_9004(self, anyone, pwdhash):
        assert anyone.post(REGISTER, body(pwdhash=pwdhash)).code == 9004

    def test_a_used_address_is_9014(self, anyone):
        anyone.post(REGISTER, body())
        assert anyone.post(REGISTER, body(email=EMAIL.upper(), pwdhash=WRONG)).code == 9014
        anyone.get(f"{CHECK}?token={mailed_token()}")
        assert anyone.get(LOGIN, Authorization=basic()).code == 0


class TestActivation:
    def test_by_post_as_well(self, anyone):
        anyone.post(REGISTER, body())
        assert anyone.post(CHECK, {"token": mailed_token()}).data == {"result": True}

    def test_a_token_works_once(self, anyone):
        activated(anyone)
        assert anyone.get(f"{CHECK}?token={mailed_token()}").code == 9015
        assert anyone.post(CHECK, {"token": mailed_token()}).code == 9015

    def test_and_for_24_hours(self, anyone, time):
        anyone.post(REGISTER, body())
        token = mailed_token()
        time[0] += 24 * 60 * MINUTE_MS
        assert anyone.get(f"{CHECK}?token={token}").code == 9015

    @pytest.mark.parametrize("token", ["", "x", "HJ4SFGGKBDGKXSYANTGK45G7LQJXK76M6ZE4C6QK", "%00", "%E4%BB%A4"])
    def test_an_unknown_one_is_9015(self, anyone, token):
        assert anyone.get(f"{CHECK}?token={token}").code == 9015

    def test_missing_repeated_and_superfluous_parameters(self, anyone):
        assert anyone.get(CHECK).code == 1001
        assert anyone.post(CHECK, {}).code == 1001
        assert anyone.post(CHECK, "").code == 1001
        assert anyone.get(f"{CHECK}?token=a&token=b").code == 1007
        assert anyone.get(f"{CHECK}?token=a&uid=1").code == 1007
        assert anyone.post(CHECK, {"token": 1}).code == 1007


class TestSendActivationCode:
    def send(self, client, **changes):
        return client.post(SEND, body(pwdhash=None, **changes))

    def test_mails_another_link(self, anyone, time):
        anyone.post(REGISTER, body())
        time[0] += MINUTE_MS
        assert self.send(anyone, lang="en").data == {"result": True}
        assert mails()[1].subject == "Activate your Coinport account"
        assert anyone.get(f"{CHECK}?token={mailed_token(1)}").code == 0

    def test_answers_alike_whoever_it_is(self, anyone, time):
        activated(anyone, "active@coinport.com")
        anyone.post(REGISTER, body(email="pending@coinport.com"))
        time[0] += MINUTE_MS
        addresses = [f"{name}@coinport.com" for name in ("active", "pending", "unknown")]
        assert len({self.send(anyone, email=email).text for email in addresses}) == 1
        assert {self.send(anyone, email=email).code for email in addresses} == {9007}
        assert len(mails()) == 3

    def test_may_be_asked_for_right_after_registration_and_then_once_a_minute(self, anyone, time):
        anyone.post(REGISTER, body())
        assert self.send(anyone).code == 0
        time[0] += MINUTE_MS - 1
        assert self.send(anyone).code == 9007
        time[0] += 1
        assert self.send(anyone).code == 0
        assert len(mails()) == 3

    def test_the_pwdhash_is_superfluous_here(self, anyone):
        assert anyone.post(SEND, body()).code == 1007

    def test_bad_addresses_and_languages(self, anyone):
        assert self.send(anyone, email="x").code == 9003
        assert self.send(anyone, email=None).code == 1001
        assert self.send(anyone, lang="de").code == 1007


class TestLogin:
    def test_answers_who_it_is_and_sets_the_cookie(self, anyone):
        uid = activated(anyone)
        reply = anyone.get(LOGIN, Authorization=basic())
        assert reply.data == {"uid": uid, "email": EMAIL}
        (cookie,) = reply.cookies
        assert re.fullmatch(r"session=1000000001\.[\w-]{43}; Path=/; HttpOnly; SameSite=Lax", cookie)

    def test_off_loopback_the_cookie_needs_tls(self, anyone, monkeypatch):
        monkeypatch.setattr(settings, "PUBLIC_URL", "https://exchange.coinport.com")
        activated(anyone)
        assert anyone.get(LOGIN, Authorization=basic()).cookies[0].endswith("; Secure")

    def test_every_session_is_another(self, anyone):
        activated(anyone)
        assert logged_in(anyone) != logged_in(anyone)

    def test_before_activation_the_account_is_unusable(self, anyone):
        anyone.post(REGISTER, body())
        reply = anyone.get(LOGIN, Authorization=basic())
        assert (reply.status, reply.code) == (200, 1005)
        assert reply.cookies == []

    def test_four_failures_lock_for_two_hours(self, anyone, time, app):
        activated(anyone)
        for left in (3, 2, 1):
            reply = anyone.get(LOGIN, Authorization=basic(WRONG))
            assert (reply.status, reply.code, reply.data) == (401, 1014, {"canRetryTime": left})
        for pwdhash in (WRONG, PWDHASH):
            reply = anyone.get(LOGIN, Authorization=basic(pwdhash))
            assert (reply.status, reply.code, reply.data) == (401, 9013, {"canRetryTime": 0})
        assert anyone.get(PROFILE, Authorization=basic()).code == 9013
        assert Client(app, ip="203.0.113.8").get(LOGIN, Authorization=basic()).code == 0
        time[0] += 120 * MINUTE_MS
        assert anyone.get(LOGIN, Authorization=basic()).code == 0

    def test_a_header_that_claims_another_address_is_not_believed(self, anyone):
        activated(anyone)
        for number in range(4):
            anyone.get(LOGIN, Authorization=basic(WRONG), X_Forwarded_For=f"198.51.100.{number}")
        assert anyone.get(LOGIN, Authorization=basic(), X_Forwarded_For="198.51.100.9").code == 9013

    def test_failures_with_basic_count_on_every_endpoint(self, anyone):
        activated(anyone)
        codes = [anyone.get(PROFILE, Authorization=basic(WRONG)).code for _ in range(5)]
        assert codes == [1014, 1014, 1014, 9013, 9013]

    def test_an_unknown_name_walks_the_same_ladder(self, anyone):
        replies = [anyone.get(LOGIN, Authorization=basic(email="nobody@coinport.com")) for _ in range(5)]
        assert [(reply.code, reply.data["canRetryTime"]) for reply in replies] == [
            (1014, 3),
            (1014, 2),
            (1014, 1),
            (9013, 0),
            (9013, 0),
        ]

    def test_nothing_else_logs_in(self, anyone):
        activated(anyone)
        cookie = logged_in(anyone)
        pair = anyone.post(ADD, {}, Cookie=cookie).data
        assert anyone.get(LOGIN).code == 1014
        assert anyone.get(LOGIN, Cookie=cookie).code == 1014
        assert anyone.get(LOGIN, Authorization=signed(pair, "")).code == 1014

    @pytest.mark.parametrize(
        "header",
        [
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic " + base64.b64encode(b"no colon").decode(),
            "Basic /w==",
            "Bearer x",
            "basic",
            "Basic  =",
            "\u00e9",
        ],
    )
    def test_malformed_headers_are_1014(self, anyone, header):
        for url in (LOGIN, PROFILE):
            reply = anyone.get(url, Authorization=header)
            assert (reply.status, reply.code) == (401, 1014)

    def test_a_query_is_superfluous(self, anyone):
        activated(anyone)
        assert anyone.get(f"{LOGIN}?next=x", Authorization=basic()).code == 1007


class TestLogout:
    def test_ends_the_session_and_clears_the_cookie(self, anyone):
        activated(anyone)
        cookie = logged_in(anyone)
        reply = anyone.get(LOGOUT, Cookie=cookie)
        assert (reply.code, reply.data) == (0, None)
        assert reply.cookies[0].startswith("session=; Max-Age=0; Path=/; HttpOnly")
        assert anyone.get(PROFILE, Cookie=cookie).code == 1014

    def test_needs_no_session(self, anyone):
        assert anyone.get(LOGOUT).code == 0
        assert anyone.get(LOGOUT, Cookie="session=forged").code == 0
        assert anyone.get(LOGOUT, Authorization="Basic !!!").code == 0


class TestCookie:
    def test_is_the_person_for_sixty_sliding_minutes(self, anyone, time):
        uid = activated(anyone)
        cookie = logged_in(anyone)
        for _ in range(3):
            time[0] += 50 * MINUTE_MS
            assert anyone.get(PROFILE, Cookie=f"other=1; {cookie}").data["uid"] == uid
        time[0] += 60 * MINUTE_MS
        reply = anyone.get(PROFILE, Cookie=cookie)
        assert (reply.status, reply.code) == (401, 1014)

    def test_forged_ones_are_1014(self, anyone):
        activated(anyone)
        cookie = logged_in(anyone)
        for forged in ("", "x", cookie[8:-1], cookie[8:] + "A", "1000000002" + cookie[18:], "1000000001." + "A" * 43):
            reply = anyone.get(PROFILE, Cookie=f"session={forged}")
            assert (reply.status, reply.code) == (401, 1014)

    def test_a_header_wins_over_it(self, anyone):
        activated(anyone)
        cookie = logged_in(anyone)
        assert anyone.get(PROFILE, Cookie=cookie, Authorization="Bearer x").code == 1014
        assert anyone.get(PROFILE, Cookie=cookie, Authorization=basic(WRONG)).code == 1014
        assert anyone.get(PROFILE, Cookie="session=forged", Authorization=basic()).code == 0

    def test_an_empty_header_does_not(self, anyone):
        activated(anyone)
        assert anyone.get(PROFILE, Cookie=logged_in(anyone), Authorization="").code == 0

    def test_nothing_at_all_is_1014(self, anyone):
        reply = anyone.get(PROFILE)
        assert (reply.status, reply.code, reply.data) == (401, 1014, None)


class TestSignature:
    """The document's own examples do not reproduce; these are what its rules give (see docs/decisions.md)."""

    SECRET = "e94d592ad7be28fdf41b08730f7528f8"

    def test_of_a_query(self):
        query = {"param_c": "value1", "param_b": "value2", "param_a": "value3"}
        assert auth.signature(auth.canonical(query), self.SECRET) == "17acfa1a23d45b6adb95c0750b7dac56"

    def test_of_a_body(self):
        body = b"{'param1': 'value1','param2': 'value2'}"
        assert auth.signature(body, self.SECRET) == "e8dc60bf865e1da4b8b7955076037560"

    def test_of_nothing(self):
        assert auth.signature(b"", self.SECRET) == "acd391d7d1fcf5ec40d559e680004693"


class TestToken:
    @pytest.fixture
    def pair(self, anyone):
        activated(anyone)
        return anyone.post(ADD, {}, Cookie=logged_in(anyone)).data

    def test_signs_an_empty_get(self, anyone, pair):
        assert anyone.get(PROFILE, Authorization=signed(pair, "")).code == 0

    def test_signs_a_decoded_query_sorted_by_name(self, anyone, pair):
        url = "/api/v2/user/orders?order_status=&limit=5&market=btc%2Dcny"
        text = "limit=5&market=btc-cny&order_status="
        assert anyone.get(url, Authorization=signed(pair, text)).code == 0
        unsorted = "order_status=&limit=5&market=btc-cny"
        assert anyone.get(url, Authorization=signed(pair, unsorted)).code == 1006

    def test_signs_a_body_as_it_is(self, anyone, pair):
        text = '{ "token" : "未知" }'
        assert anyone.post(DELETE, text, Authorization=signed(pair, text)).code == 1007
        reply = anyone.post(DELETE, text, Authorization=signed(pair, text.replace(" ", "")))
        assert (reply.status, reply.code) == (401, 1006)

    def test_signs_an_empty_post(self, anyone, pair):
        assert anyone.post(ADD, "", Authorization=signed(pair, "")).code == 0

    def test_signs_a_body_that_comes_as_base64(self, app, pair):
        event = proxy_event("POST", DELETE, DELETE, headers={"Authorization": signed(pair, "{}")}, body="e30=")
        answer = app({**event, "isBase64Encoded": True}, None)
        assert json.loads(answer["body"])["code"] == 1001

    def test_upper_case_digests_are_digests(self, anyone, pair):
        md5 = auth.signature(b"", pair["secret"]).upper()
        header = "Token " + base64.b64encode(f"{pair['token']}:{md5}".encode()).decode()
        assert anyone.get(PROFILE, Authorization=header).code == 0

    def test_a_wrong_signature_is_1006(self, anyone, pair):
        for wrong in ({**pair, "secret": "0" * 32}, {**pair, "secret": ""}):
            reply = anyone.get(PROFILE, Authorization=signed(wrong, ""))
            assert (reply.status, reply.code) == (401, 1006)

    def test_an_unknown_token_is_1014(self, anyone, pair):
        reply = anyone.get(PROFILE, Authorization=signed({**pair, "token": "0" * 32}, ""))
        assert (reply.status, reply.code) == (401, 1014)

    @pytest.mark.parametrize(
        "credentials", ["", ":", "a:b", "a", "a:" + "0" * 31, "a b:" + "0" * 32, "a:" + "0" * 33, "é:" + "0" * 32]
    )
    def test_malformed_ones_are_1014(self, anyone, credentials):
        header = "Token " + base64.b64encode(credentials.encode()).decode()
        assert anyone.get(PROFILE, Authorization=header).code == 1014

    def test_a_repeated_parameter_is_1007(self, anyone, pair):
        url = "/api/v2/user/orders?limit=5&limit=6"
        assert anyone.get(url, Authorization=signed(pair, "limit=5&limit=6")).code == 1007

    def test_a_deleted_token_signs_no_more(self, anyone, pair):
        text = json.dumps({"token": pair["token"]})
        assert anyone.post(DELETE, text, Authorization=signed(pair, text)).data == {"result": True}
        assert anyone.get(PROFILE, Authorization=signed(pair, "")).code == 1014

    def test_a_disabled_persons_token_is_unusable(self, anyone, pair):
        users.UserRow("1000000001").update(actions=[users.UserRow.standing.set("disabled")])
        assert anyone.get(PROFILE, Authorization=signed(pair, "")).code == 1005
        assert anyone.get(PROFILE, Authorization=signed({**pair, "secret": "x"}, "")).code == 1006


class TestProfileAndApiTokens:
    def test_a_new_persons_profile(self, anyone):
        uid = activated(anyone)
        assert anyone.get(PROFILE, Authorization=basic()).data == {
            "uid": uid,
            "email": EMAIL,
            "mobile": "",
            "apiTokenPairs": [],
            "emailVerified": True,
            "mobileVerified": False,
            "googleAuthEnabled": False,
        }

    def test_tokens_are_listed_at_once_and_gone_at_once(self, anyone):
        activated(anyone)
        cookie = logged_in(anyone)
        pairs = [anyone.post(ADD, {}, Cookie=cookie).data for _ in range(3)]
        listed = anyone.get(PROFILE, Cookie=cookie).data["apiTokenPairs"]
        assert sorted(listed) == sorted([pair["token"], pair["secret"]] for pair in pairs)
        anyone.post(DELETE, {"token": pairs[1]["token"]}, Cookie=cookie)
        assert len(anyone.get(PROFILE, Cookie=cookie).data["apiTokenPairs"]) == 2

    def test_the_fifty_first_is_5001(self, anyone):
        uid = str(activated(anyone))
        for _ in range(50):
            identity.add_api_token(uid)
        assert anyone.post(ADD, {}, Authorization=basic()).code == 5001

    def test_anothers_and_unknown_tokens_cannot_be_deleted(self, anyone):
        activated(anyone, "other@coinport.com")
        pair = anyone.post(ADD, {}, Authorization=basic(email="other@coinport.com")).data
        activated(anyone)
        for token in (pair["token"], "0" * 32, "", "令"):
            reply = anyone.post(DELETE, {"token": token}, Authorization=basic())
            assert reply.code == 1007
            assert "token" in reply.message
        assert len(anyone.get(PROFILE, Authorization=basic(email="other@coinport.com")).data["apiTokenPairs"]) == 1

    def test_missing_and_superfluous_parameters(self, anyone):
        activated(anyone)
        cookie = logged_in(anyone)
        assert anyone.post(ADD, {"label": "x"}, Cookie=cookie).code == 1007
        assert anyone.post(DELETE, {}, Cookie=cookie).code == 1001
        assert anyone.post(DELETE, {"token": "x", "all": True}, Cookie=cookie).code == 1007
        assert anyone.post(DELETE, "{", Cookie=cookie).code == 1007

    @pytest.mark.parametrize(("method", "url"), [("GET", PROFILE), ("POST", ADD), ("POST", DELETE)])
    def test_strangers_are_turned_away(self, anyone, method, url):
        reply = anyone.request(method, url, body="{}" if method == "POST" else None)
        assert (reply.status, reply.code) == (401, 1014)


def test_no_secret_is_ever_logged(anyone, capfd, caplog, monkeypatch):
    """Even if an error quotes what it was given, no password, token or cookie is in a log or an answer."""
    caplog.set_level("INFO")
    activated(anyone)
    cookie = logged_in(anyone)
    pair = anyone.post(ADD, {}, Cookie=cookie).data
    secrets = [PWDHASH, cookie[8:], pair["secret"], mailed_token(), basic()[6:]]
    for module, name in (
        ("users", "get"),
        ("sessions", "with_user"),
        ("attempts", "take"),
        ("api_keys", "get"),
        ("codes", "owner"),
    ):
        with monkeypatch.context() as patched:

            def crash(*arguments, **_):
                raise RuntimeError(f"trouble with {arguments}")

            patched.setattr(f"chalicelib.stores.{module}.{name}", crash)
            login._proven.clear()
            replies = [
                anyone.get(LOGIN, Authorization=basic()),
                anyone.get(PROFILE, Cookie=cookie),
                anyone.get(PROFILE, Authorization=signed(pair, "")),
                anyone.get(f"{CHECK}?token={mailed_token()}"),
            ]
        crashed = [reply for reply in replies if reply.code == 1003]
        assert crashed
        for reply in crashed:
            assert not [secret for secret in secrets if secret in reply.text]
    said = caplog.text + "".join(capfd.readouterr())
    assert not [secret for secret in secrets if secret in said]
