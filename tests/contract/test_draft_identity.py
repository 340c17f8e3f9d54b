"""Who a person is in the draft: registration by MD5, Basic as typed or as MD5, tokens, the one session, HTTP 200 throughout."""

import base64
import hashlib

import pytest

from app import app as application
from chalicelib.services import identity
from chalicelib.stores import users
from tests.contract.client import Client
from tests.contract.draft import DraftClient
from tests.faults.injection import Faults, injected
from tests.planted import plant
from tests.post import mailed_token, mails

DRAFT = "/draft/api/v2"
EMAIL = "dong77@coinport.com"
PASSWORD = plant("a drafted password: with a colon")
MD5 = plant(hashlib.md5(PASSWORD.encode()).hexdigest())
SHA256 = plant(base64.b64encode(hashlib.sha256(PASSWORD.encode()).digest()).decode())
PROFILE = f"{DRAFT}/user/profile"
USERS_ROUTES = sorted(
    (method, path)
    for path, methods in application.routes.items()
    if path.startswith(f"{DRAFT}/user/")
    for method in methods
)


@pytest.fixture
def anyone(app, cloud):
    """Somebody unknown, on empty tables."""
    return DraftClient(app)


def basic(password=PASSWORD, email=EMAIL):
    return "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()


def signed(pair, text):
    md5 = hashlib.md5(f"{text}&secret={pair.secret}".encode()).hexdigest()
    return "Token " + base64.b64encode(f"{pair.token}:{md5}".encode()).decode()


@pytest.fixture
def uid(anyone):
    """A person who registered here and opened the link in the mail."""
    made = anyone.post(f"{DRAFT}/register", {"email": EMAIL, "pwdhash": MD5}).data["uid"]
    identity.activate(mailed_token())
    return str(made)


class TestRegister:
    def test_answers_the_profile_and_mails_a_link_that_activates(self, anyone, app):
        reply = anyone.post(f"{DRAFT}/register", {"email": EMAIL, "pwdhash": MD5})
        assert reply.data == {
            "uid": reply.data["uid"],
            "name": "",
            "email": EMAIL,
            "mobile": "",
            "apiToken": "",
            "emailVerified": False,
            "mobileVerified": False,
            "googleAuthEnabled": False,
        }
        assert MD5 not in reply.text
        link = mails()[-1].body
        token = mailed_token()
        assert f"/api/v2/check_activation_code?token={token}" in link
        assert anyone.get(f"{DRAFT}/login", Authorization=basic()).code == 1005
        assert Client(app).get(f"/api/v2/check_activation_code?token={token}").code == 0
        assert anyone.get(f"{DRAFT}/login", Authorization=basic()).data["emailVerified"] is True

    def test_a_used_address(self, anyone, uid):
        assert anyone.post(f"{DRAFT}/register", {"email": EMAIL.upper(), "pwdhash": MD5}).code == 9014

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"email": EMAIL}, 1001),
            ({"pwdhash": MD5}, 1001),
            ({"email": "nobody", "pwdhash": MD5}, 9003),
            ({"email": EMAIL, "pwdhash": MD5[:-1]}, 9004),
            ({"email": EMAIL, "pwdhash": SHA256}, 9004),
            ({"email": EMAIL, "pwdhash": 5}, 1007),
            ({"email": EMAIL, "pwdhash": MD5, "lang": "zh"}, 1007),
            ("[]", 1007),
        ],
    )
    def test_bad_bodies(self, anyone, body, code):
        assert anyone.post(f"{DRAFT}/register", body).code == code
        assert mails() == []


class TestLogin:
    @pytest.mark.parametrize("password", [PASSWORD, MD5, MD5.upper()], ids=["typed", "md5", "MD5"])
    def test_by_the_password_as_typed_or_as_md5(self, anyone, uid, password):
        reply = anyone.get(f"{DRAFT}/login", Authorization=basic(password))
        assert (str(reply.data["uid"]), reply.data["email"]) == (uid, EMAIL)
        (cookie,) = reply.cookies
        assert cookie.startswith("session=")
        assert "HttpOnly" in cookie

    def test_its_session_is_every_dialects(self, anyone, uid, app):
        (cookie,) = anyone.get(f"{DRAFT}/login", Authorization=basic()).cookies
        cookie = cookie.partition(";")[0]
        assert str(anyone.get(PROFILE, Cookie=cookie).data["uid"]) == uid
        coinport = Client(app)
        assert str(coinport.get("/api/v2/user/profile", Cookie=cookie).data["uid"]) == uid
        coinport.get("/api/v2/logout", Cookie=cookie)
        assert anyone.get(PROFILE, Cookie=cookie).code == 1014

    def test_what_was_typed_once_logs_in_in_v2_too(self, anyone, uid, app):
        v2 = "Basic " + base64.b64encode(f"{EMAIL}:{SHA256}".encode()).decode()
        assert Client(app).get("/api/v2/login", Authorization=v2).code == 1014
        anyone.get(f"{DRAFT}/login", Authorization=basic())
        assert Client(app).get("/api/v2/login", Authorization=v2).code == 0

    def test_failures_are_counted_and_lock_with_http_200_throughout(self, anyone, uid):
        for code, left in ((1014, 3), (1014, 2), (1014, 1), (9013, 0)):
            reply = anyone.get(f"{DRAFT}/login", Authorization=basic("wrong"))
            assert (reply.status, reply.code, reply.data) == (200, code, {"canRetryTime": left})
        assert anyone.get(f"{DRAFT}/login", Authorization=basic()).code == 9013

    def test_takes_no_token_and_no_parameters(self, anyone, uid):
        pair = identity.add_api_token(uid)
        assert anyone.get(f"{DRAFT}/login", Authorization=signed(pair, "")).code == 1014
        assert anyone.get(f"{DRAFT}/login?a=1", Authorization=basic()).code == 1007
        assert anyone.get(f"{DRAFT}/login").code == 1014


class TestProfile:
    def test_name_and_token_once_there_are(self, anyone, uid):
        first, second = identity.add_api_token(uid), identity.add_api_token(uid)
        identity.rename(uid, "wangdong")
        reply = anyone.get(PROFILE, Authorization=basic())
        assert reply.data["name"] == "wangdong"
        assert reply.data["apiToken"] in {first.token, second.token}
        assert first.secret not in reply.text
        assert second.secret not in reply.text

    def test_no_secret_is_opened_for_it(self, anyone, uid, monkeypatch):
        anyone.get(PROFILE, Authorization=basic())  # the container knows the pepper from here on
        identity.add_api_token(uid)
        with injected(monkeypatch, Faults()) as faults:
            assert anyone.get(PROFILE, Authorization=basic()).data["apiToken"]
        assert faults.seen
        assert "Decrypt" not in faults.seen

    def test_the_oldest_token_is_shown(self, anyone, uid, monkeypatch):
        from chalicelib import clock

        first = identity.add_api_token(uid)
        now = clock.now_ms
        monkeypatch.setattr(clock, "now_ms", lambda: now() + 1000)
        identity.add_api_token(uid)
        assert anyone.get(PROFILE, Authorization=basic()).data["apiToken"] == first.token


class TestToken:
    @pytest.fixture
    def pair(self, uid):
        return identity.add_api_token(uid)

    def test_signs_a_get_by_its_sorted_query_and_a_post_by_its_body(self, anyone, pair):
        assert anyone.get(PROFILE, Authorization=signed(pair, "")).code == 0
        url = f"{DRAFT}/user/orders?market=btc%2Dcny&limit=5&cursor=-1"
        assert anyone.get(url, Authorization=signed(pair, "cursor=-1&limit=5&market=btc-cny")).code == 0
        body = '{"order_ids": [1]}'
        reply = anyone.post(f"{DRAFT}/user/cancel_orders", body, Authorization=signed(pair, body))
        assert reply.data == {"cancelled": [], "failed": {"1": {"code": 1011}}}

    def test_a_wrong_signature_and_an_unknown_token_come_with_http_200(self, anyone, pair):
        reply = anyone.get(PROFILE, Authorization=signed(pair, "x"))
        assert (reply.status, reply.code, reply.data) == (200, 1006, "")
        reply = anyone.get(PROFILE, Authorization="Token " + base64.b64encode(f"nobody:{'0' * 32}".encode()).decode())
        assert (reply.status, reply.code, reply.data) == (200, 1014, "")

    def test_a_header_wins_over_the_cookie(self, anyone, pair):
        (cookie,) = anyone.get(f"{DRAFT}/login", Authorization=basic()).cookies
        cookie = cookie.partition(";")[0]
        assert anyone.get(PROFILE, Cookie=cookie).code == 0
        assert anyone.get(PROFILE, Cookie=cookie, Authorization=signed(pair, "x")).code == 1006
        assert anyone.get(PROFILE, Cookie=cookie, Authorization="Bearer x").code == 1014


@pytest.mark.parametrize(("method", "path"), USERS_ROUTES)
def test_nobody_is_told_1014_with_http_200(anyone, method, path):
    reply = anyone.request(method, path.replace("{symbol}", "btc"), body="{}" if method == "POST" else None)
    assert (reply.status, reply.code, reply.data, reply.message) == (200, 1014, "", "认证失败")


def test_there_are_twelve_such_paths():
    assert len(USERS_ROUTES) == 12


def test_english_for_those_who_ask_for_it(anyone):
    assert anyone.get(PROFILE, Accept_Language="en-GB").message == "Authentication failed"


def test_a_disabled_account_is_1005(anyone, uid):
    users.UserRow(uid).update(actions=[users.UserRow.standing.set("disabled")])
    assert anyone.get(PROFILE, Authorization=basic()).code == 1005
