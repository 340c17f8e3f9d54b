"""What all of the broker dialect has in common: bodies, sessions, refusals; and who one is, how one leaves, one's logins."""

import hashlib
import json

import pytest

from app import app as application
from chalicelib.api.broker import auth, errors, people, words
from chalicelib.core import identity as rules
from chalicelib.core.identity import DAY_MS, Channel, Standing
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity
from chalicelib.stores import users
from tests.contract.broker import Browser
from tests.post import mailed_code, mails, texted_code

INFO = "/api/user/get_base_info"
CANCEL = "/api/user/authorize_cancel"
LOG = "/api/user/authorize_log"
SIGN_UP = "/api/user/email_sign_up"
EMAIL = "ann@coinport.com"
MD5 = "0f34ebd20c2cbc01f40ae31ab1c2f4ba"
#: What strangers may post.
STRANGERS = sorted(
    path
    for path, methods in application.routes.items()
    if path.startswith(("/api/user/", "/api/common/"))
    and "POST" in methods
    and not methods["POST"].view_function.declared.authenticated
)


@pytest.fixture
def browser(app, cloud):
    """Somebody unknown, on empty tables."""
    return Browser(app)


def code_for(browser, email=EMAIL, kind="1"):
    sent = browser.post("/api/common/send_email_verify_code", {"type": kind, "email": email}).body
    return {"order_id": sent["orderId"], "verify_code": mailed_code()}


def registered(browser, email=EMAIL, **fields):
    body = {"email": email, "password1": MD5, "password2": MD5, **code_for(browser, email), **fields}
    return browser.post(SIGN_UP, body).body


class TestBodies:
    def test_a_form_and_json_are_the_same(self, browser):
        fields = {"email": EMAIL, "password1": MD5, "password2": MD5.upper(), **code_for(browser)}
        fields["order_id"] = int(fields["order_id"])
        answer = browser.post(SIGN_UP, json.dumps(fields))
        assert answer.status == 200
        assert answer.body["registerType"] == 2

    def test_what_is_superfluous_is_let_be(self, browser):
        assert registered(browser, device_id="x", nonsense="y")["userId"]

    @pytest.mark.parametrize(
        "text", ["{", "a", "a=1&a=2", '{"email": {}}', '{"email": ["a@b.cc"]}', '{"email": 1.5}', "%ff=%ff"]
    )
    def test_what_is_no_body_is_30003(self, browser, text):
        assert browser.post(SIGN_UP, text).code == errors.PARAMETER

    def test_a_missing_parameter_is_named(self, browser):
        reply = browser.post("/api/common/send_email_verify_code", {"type": "1"}, Accept_Language="en")
        assert (reply.status, reply.code) == (400, errors.PARAMETER)
        assert reply.body["msg"] == "Missing parameter: email"


class TestSessions:
    def test_cookies_of_a_session(self, browser):
        answer = browser.post(SIGN_UP, {"email": EMAIL, "password1": MD5, "password2": MD5, **code_for(browser)})
        named = {cookie.partition("=")[0]: cookie for cookie in answer.cookies}
        assert set(named) == {"au_token", "user_id", "account_id", "c_token"}
        assert [name for name, cookie in named.items() if "HttpOnly" in cookie] == ["au_token"]
        assert all("SameSite=Lax" in cookie and "Path=/" in cookie for cookie in named.values())
        assert browser.jar["user_id"] == answer.body["userId"]

    def test_secure_but_on_loopback(self, browser, monkeypatch):
        monkeypatch.setattr("chalicelib.settings.PUBLIC_URL", "https://www.bhex.us")
        assert all("; Secure" in cookie for cookie in auth.cookies("1", "x"))

    def test_who_is_nobody_is_30000(self, browser):
        for reply in (browser.get(INFO), browser.post(INFO), browser.get(LOG)):
            assert (reply.status, reply.code) == (401, 30000)

    def test_a_post_without_c_token_is_30060(self, browser):
        registered(browser)
        c_token = browser.jar.pop("c_token")
        assert browser.get(INFO).status == 200
        for reply in (browser.post(INFO), browser.post(INFO, X_C_TOKEN="0" * 32), browser.post(INFO, {"c_token": "ü"})):
            assert (reply.status, reply.code) == (403, 30060)
        assert browser.post(INFO, X_C_TOKEN=c_token).status == 200
        assert browser.post(INFO, {"c_token": c_token}).status == 200
        assert browser.post(f"{INFO}?c_token={c_token}").status == 200

    def test_native_clients_send_headers(self, browser, app):
        registered(browser)
        native = Browser(app)
        headers = {"au_token": browser.jar["au_token"], "c_token": browser.jar["c_token"]}
        assert native.post(INFO, **headers).status == 200
        assert native.post(INFO, au_token=headers["au_token"]).code == 30060
        assert native.get(INFO, au_token=headers["au_token"]).status == 200

    def test_a_session_slides_for_24_hours(self, browser, monkeypatch):
        from chalicelib import clock

        now = [1_800_000_000_000]
        monkeypatch.setattr(clock, "now_ms", lambda: now[0])
        registered(browser)
        for _ in range(3):
            now[0] += DAY_MS - 1
            assert browser.get(INFO).status == 200
        now[0] += DAY_MS
        assert browser.get(INFO).code == 30000

    def test_who_is_disabled_is_31021(self, browser):
        uid = registered(browser)["userId"]
        users.UserRow(uid).update(actions=[users.UserRow.standing.set(Standing.DISABLED.value)])
        assert browser.get(INFO).code == 31021

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_leaving(self, browser, method):
        registered(browser)
        token = browser.jar["au_token"]
        assert getattr(browser, method)(CANCEL).body == {"success": True}
        assert browser.jar == {}
        assert browser.get(INFO, au_token=token).code == 30000
        assert getattr(browser, method)(CANCEL).body == {"success": True}

    def test_another_site_makes_nobody_leave(self, browser):
        registered(browser)
        browser.jar.pop("c_token")
        assert browser.post(CANCEL).code == 30060
        assert browser.get(INFO).status == 200

    def test_a_link_of_another_site_makes_nobody_leave_either(self, browser):
        registered(browser)
        reply = browser.get(CANCEL, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")
        assert (reply.status, reply.code, reply.cookies) == (403, 30060, [])
        assert browser.get(INFO, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200

    @pytest.mark.parametrize("path", STRANGERS)
    def test_a_form_of_another_site_does_nothing_for_strangers(self, browser, path):
        reply = browser.post(path, Sec_Fetch_Site="cross-site")
        assert (reply.status, reply.code, reply.cookies) == (403, 30060, [])

    def test_a_form_of_another_site_does_not_log_its_visitor_in_as_somebody_else(self, browser, app):
        code = code_for(browser)
        visitor = Browser(app)
        body = {"email": EMAIL, "password1": MD5, "password2": MD5, **code}
        assert visitor.post(SIGN_UP, body, Sec_Fetch_Site="cross-site").code == 30060
        assert visitor.jar == {}
        assert browser.post(SIGN_UP, body).status == 200, "a refused call leaves the code"

    @pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
    def test_ones_own_pages_may(self, browser, site):
        body = {"email": EMAIL, "password1": MD5, "password2": MD5, **code_for(browser)}
        assert browser.post(SIGN_UP, body, Sec_Fetch_Site=site).status == 200

    def test_a_person_registered_here_has_the_same_account_at_coinport(self, browser, app):
        from decimal import Decimal

        from chalicelib.services import wallet
        from tests.contract.client import Client

        uid = registered(browser)["userId"]
        wallet.credit(uid, "BTC", Decimal("1.5"), None)
        coinport = Client(app, {"Cookie": f"session={browser.jar['au_token']}"})
        assert coinport.get("/api/v2/user/profile").data["uid"] == int(uid)
        assert str(coinport.get("/api/v2/user/balance").data["BTC"][0]) == "1.5"

    def test_a_session_begun_elsewhere_is_au_token_here(self, browser, app):
        uid = registered(browser)["userId"]
        session = identity.begin_session(users.get(uid), "203.0.113.7", "agent")
        c_token = hashlib.sha256(f"c_token\n{session}".encode()).hexdigest()[:32]
        assert Browser(app).get(INFO, Cookie=f"session={session}").code == 30000, "not under the other dialects' name"
        for sent in ({"Cookie": f"au_token={session}"}, {"au_token": session}):
            assert Browser(app).get(INFO, **sent).body["userId"] == uid
            assert Browser(app).post(INFO, **sent).code == 30060
            assert Browser(app).post(INFO, **sent, c_token=c_token).status == 200


class TestBaseInfo:
    def test_of_a_new_person(self, browser):
        answer = registered(browser)
        info = browser.get(INFO).body
        assert info == browser.post(INFO).body
        assert {**answer, **info} == {**info, **answer}
        assert (info["email"], info["mobile"], info["nationalCode"]) == ("a*n@coinport.com", "", "")
        assert (info["registerType"], info["bindPassword"], info["bindGA"]) == (2, True, False)
        assert rules.is_invite_code(info["inviteCode"])

    def test_masks(self):
        assert words.masked_mobile(Mobile("86", "18612340001")) == "186****0001"
        assert words.masked_mobile(Mobile("1", "2125555299")) == "****5299"
        assert words.masked_mobile(None) == words.masked_email("") == ""
        assert words.masked_email("p12345678n@bhex.io") == "p********n@bhex.io"

    def test_inviters(self, browser, app):
        registered(browser)
        invite = browser.get(INFO).body["inviteCode"]
        second = Browser(app)
        answer = registered(second, "bob@coinport.com", invite_code=invite)
        assert (answer["inviteUserId"], answer["secondLevelInviteUserId"]) == (browser.jar["user_id"], "0")
        third = registered(Browser(app), "cy@coinport.com", invite_code=second.get(INFO).body["inviteCode"])
        assert (third["inviteUserId"], third["secondLevelInviteUserId"]) == (
            second.jar["user_id"],
            browser.jar["user_id"],
        )

    def test_shapes_leave_nothing_out(self, browser):
        user = users.get(registered(browser)["userId"])
        for shape in (people.SIGNED_UP, people.LOGGED_IN, people.PROFILE, people.BASE_INFO, people.STEPPED):
            assert list(people.shown(user, shape)) == list(shape)


class TestLog:
    def test_newest_first_with_a_cursor(self, browser, monkeypatch):
        from chalicelib import clock
        from chalicelib.services import identity

        now = [1_800_000_000_000]
        monkeypatch.setattr(clock, "now_ms", lambda: now[0])
        uid = registered(browser)["userId"]
        for _ in range(4):
            now[0] += 1000
            identity.begin_session(users.get(uid), "203.0.113.9", "agent")
        found = browser.get(LOG).body
        assert [row["created"] for row in found] == [str(now[0] - 1000 * number) for number in range(5)]
        assert {row["status"] for row in found} == {1}
        assert browser.get(f"{LOG}?limit=2").body == found[:2]
        assert browser.post(LOG, {"limit": "2", "log_id": found[1]["id"]}).body == found[2:4]
        assert browser.get(f"{LOG}?start_time={found[3]['created']}&end_time={found[1]['created']}").body == found[1:4]
        assert browser.get(f"{LOG}?start_time={now[0] + 1}").body == []

    @pytest.mark.parametrize("query", ["limit=0", "limit=x", "log_id=x", "start_time=-1"])
    def test_what_is_no_number_is_30003(self, browser, query):
        registered(browser)
        assert browser.get(f"{LOG}?{query}").code == 30003


class TestWithoutEmail:
    """Somebody who registered by mobile number, at coinport."""

    @pytest.fixture
    def coinport(self, browser, app):
        from tests.contract.broker_people import MOBILE, sign_up
        from tests.contract.client import Client

        sign_up(browser, MOBILE)
        return Client(app, {"Cookie": f"session={browser.jar['au_token']}"})

    def test_the_profile(self, coinport):
        profile = coinport.get("/api/v2/user/profile").data
        assert (profile["email"], profile["emailVerified"]) == ("", False)
        assert (profile["mobile"], profile["mobileVerified"]) == ("+8613873647282", True)

    def test_codes_come_by_sms_only(self, coinport):
        assert coinport.post("/api/v2/user/send_verification_code", {"toEmail": True}).code == 9003
        sent = coinport.post("/api/v2/user/send_verification_code", {"toPhone": True}).data
        assert (sent["sentToPhone"], sent["sentToEmail"]) == (True, False)

    def test_a_withdrawal_asks_for_the_texted_code(self, coinport):
        body = {"currency": "BTC", "amount": 1, "address": "17ZFHKXPqoxeHcCTiJ5CZrKLrUJN1TD7Uj"}
        reply = coinport.post("/api/v2/user/submit_withdrawal", body)
        assert reply.code == 1001
        assert "phone" in reply.message

    def test_what_takes_a_mailed_code_by_name_says_that_there_is_no_address(self, coinport):
        body = {"uuid": "5cf04b35-9465-4997-9ab3-94c57b3c9afa", "emailCode": "123456", "emailPrefer": "0"}
        assert coinport.post("/api/v2/user/set_email_auth", body).code == 9003

    def test_an_api_token_trades(self, coinport, browser):
        assert coinport.post("/api/v2/user/add_api_token", {}).data["token"]


class TestRefusals:
    def test_an_unknown_path_is_30017(self, browser):
        for path in ("/api/user/nothing", "/api/common/x", "/api/oauth2/x"):
            reply = browser.get(path)
            assert (reply.status, reply.code) == (404, 30017)

    def test_in_two_languages(self, browser):
        assert browser.get(INFO, Accept_Language="en-US").body["msg"].isascii()
        assert not browser.get(INFO).body["msg"].isascii()

    def test_a_crash_is_30001_and_says_nothing(self, browser, monkeypatch):
        registered(browser)
        monkeypatch.setattr(people, "shown", lambda *_: 1 / 0)
        reply = browser.get(INFO)
        assert (reply.status, reply.code) == (500, 30001)
        assert reply.headers["x-correlation-id"]

    @pytest.mark.parametrize("reason", Reason)
    def test_every_reason_has_a_code_and_a_status(self, reason):
        refused = Refused(reason, "email", failures=1)
        code = errors.code_of(refused)
        assert 30000 <= code < 70000
        assert errors.message(refused, "zh") != errors.message(refused, "en")

    @pytest.mark.parametrize(
        ("reason", "codes"),
        [
            (Reason.LOGIN_FAILED, [31019, 31048, 31049, 31050, 31051, 31052, 31052]),
            (Reason.FIND_FAILED, [31201, 31202, 31203, 31204, 31205, 31206, 31206]),
        ],
    )
    def test_ladders(self, reason, codes):
        assert [errors.code_of(Refused(reason, failures=number + 1)) for number in range(7)] == codes


def test_channels_are_told_apart(browser):
    assert registered(browser)["registerType"] == words.REGISTERED_BY[Channel.MAIL]
    assert mails()
    with pytest.raises(IndexError):
        texted_code()
