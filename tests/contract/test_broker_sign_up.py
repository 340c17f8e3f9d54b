"""Registration and the senders of codes, as the broker document has them."""

import json

import pytest

from chalicelib.api.broker.errors import CODES
from chalicelib.core.identity import HOUR_MS, MINUTE_MS
from chalicelib.core.passwords import COMMON
from chalicelib.core.reasons import Reason
from chalicelib.services import oauth
from tests.contract.broker import Browser
from tests.contract.broker_people import EMAIL, MD5, MOBILE, code_to, named, own_code, sign_up, wrong
from tests.post import mailed_code, mails, texted_code, texts

QUICK = "/api/user/quick_sign_up"


@pytest.fixture
def browser(app, cloud):
    return Browser(app)


class TestSignUp:
    def test_by_mobile(self, browser):
        answer = sign_up(browser, MOBILE).body
        assert (answer["registerType"], answer["mobile"], answer["nationalCode"]) == (1, "138****7282", "86")
        assert (answer["email"], answer["bindPassword"], answer["userId"]) == ("", True, answer["defaultAccountId"])
        assert "oAuthCodeResult" not in answer
        assert browser.get("/api/user/get_base_info").body["userId"] == answer["userId"]

    def test_by_email(self, browser):
        answer = sign_up(browser).body
        assert (answer["registerType"], answer["email"], answer["mobile"]) == (2, "a*n@coinport.com", "")

    @pytest.mark.parametrize("name", [MOBILE, EMAIL], ids=["mobile", "email"])
    def test_without_a_password(self, browser, name):
        kind = "email" if name is EMAIL else "mobile"
        answer = browser.post(QUICK, {"register_type": kind, **named(name), **code_to(browser, name, "21")}).body
        assert answer["bindPassword"] is False
        assert browser.get("/api/user/get_base_info").status == 200

    def test_with_an_application_that_waits(self, browser):
        made = oauth.register("Shop", "https://shop.example/")
        body = {
            "response_type": "code",
            "client_id": made.client.id,
            "redirect_uri": "https://shop.example/back",
            "state": "SELECT",
        }
        request_id = browser.post("/api/oauth2/authorize", body).body["requestId"]
        result = sign_up(browser, is_oauth="true", oauth_request_id=request_id).body["oAuthCodeResult"]
        assert result["state"] == "SELECT"
        assert result["redirectUrl"] == "https://shop.example/back"
        again = sign_up(browser, MOBILE, is_oauth="true", oauth_request_id=request_id)
        assert again.code == CODES[Reason.OAUTH_REQUEST]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"verify_code": ""}, 31014),
            ({"email": "nobody"}, 31005),
            ({"password2": "0" * 32}, 31012),
            ({"password1": "secret", "password2": "secret"}, 31013),
            ({"password1": "", "password2": ""}, 31013),
            ({"password1": "e10adc3949ba59abbe56e057f20f883e", "password2": "E10ADC3949BA59ABBE56E057F20F883E"}, 31013),
            ({"verify_code": "12345"}, 31016),
            ({"order_id": "123456789012345"}, 31016),
            ({"invite_code": "ZZZZZZ"}, 31020),
            ({"invite_code": "x" * 300}, 31020),
            ({"is_oauth": "true"}, 30003),
        ],
    )
    def test_what_is_refused_leaves_the_code(self, browser, changes, code):
        fields = {"email": EMAIL, "password1": MD5, "password2": MD5, **code_to(browser, EMAIL, "1")}
        reply = browser.post("/api/user/email_sign_up", {**fields, **changes})
        assert (reply.status, reply.code) == (400, code)
        assert browser.post("/api/user/email_sign_up", fields).status == 200

    def test_a_wrong_code_by_sms_is_31015(self, browser):
        assert sign_up(browser, MOBILE, verify_code="abc").code == 31015

    def test_a_number_that_is_none_is_31002(self, browser):
        body = {"national_code": "86", "mobile": "123", "verify_code": "1", "password1": MD5, "password2": MD5}
        assert browser.post("/api/user/mobile_sign_up", body).code == 31002

    @pytest.mark.parametrize(("name", "code"), [(MOBILE, 31003), (EMAIL, 31006)], ids=["mobile", "email"])
    def test_a_used_name_is_told_after_the_code(self, browser, app, time, name, code):
        unused = code_to(browser, name, "1")
        time[0] += MINUTE_MS
        sign_up(browser, name)
        assert sign_up_with(browser, name, unused).code == code
        assert sign_up_with(browser, name, wrong(unused)).code in {31015, 31016}

    def test_quick_sign_up_wants_a_kind(self, browser):
        assert browser.post(QUICK, {"register_type": "pigeon", "verify_code": "1"}).code == 30003
        assert browser.post(QUICK, {"register_type": "mobile", "verify_code": "1"}).code == 30003

    def test_a_code_of_one_type_is_no_code_of_another(self, browser):
        body = {"register_type": "email", "email": EMAIL, **code_to(browser, EMAIL, "1")}
        assert browser.post(QUICK, body).code == 31016

    def test_no_common_password_is_an_md5_of_its_own(self):
        assert len(set(COMMON)) == len(COMMON)


def sign_up_with(browser, name, code):
    path = "email_sign_up" if name is EMAIL else "mobile_sign_up"
    return browser.post(f"/api/user/{path}", {**named(name), "password1": MD5, "password2": MD5, **code})


class TestAnonymousSenders:
    def test_by_sms(self, browser):
        answer = browser.post("/api/common/send_sms_verify_code", {"type": "1", **named(MOBILE)}).body
        assert texts()[-1].to == MOBILE.full
        assert answer["index"] in texts()[-1].body

    def test_by_mail(self, browser):
        answer = browser.post(
            "/api/common/send_email_verify_code", {"type": "1", "email": EMAIL}, Accept_Language="en"
        ).body
        assert mails()[-1].destinations["ToAddresses"] == [EMAIL]
        assert f"no. {answer['index']}" in mails()[-1].body
        assert "to sign up is" in mails()[-1].body

    @pytest.mark.parametrize("kind", ["1", "3", "6", "21", "22"])
    def test_by_either(self, browser, kind):
        reply = browser.post("/api/common/send_verify_code", {"receiver_type": "2", "type": kind, "email": EMAIL})
        assert len(reply.body["orderId"]) == 15

    @pytest.mark.parametrize("kind", ["2", "4", "5", "7", "10", "23", "27", "28", "0", "x", ""])
    def test_other_types_are_not_for_strangers(self, browser, kind):
        assert browser.post("/api/common/send_email_verify_code", {"type": kind, "email": EMAIL}).code == 30003

    def test_an_unknown_channel(self, browser):
        assert browser.post("/api/common/send_verify_code", {"receiver_type": "3", "type": "1"}).code == 30003

    @pytest.mark.parametrize("kind", ["1", "21", "3", "22"])
    def test_answers_do_not_tell_who_is_registered(self, browser, time, kind):
        sign_up(browser)
        time[0] += HOUR_MS
        replies, arrived = [], []
        for email in (EMAIL, "nobody@coinport.com"):
            before = len(mails())
            replies.append(browser.post("/api/common/send_email_verify_code", {"type": kind, "email": email}))
            arrived.append([mail.body for mail in mails()[before:]])
        assert [reply.status for reply in replies] == [200, 200]
        assert [set(reply.body) for reply in replies] == [{"orderId", "index"}] * 2
        known, unknown = arrived
        assert len(known) == 1
        assert len(unknown) == (1 if kind in {"1", "21"} else 0)
        if kind in {"1", "21"}:
            assert replies[0].body["index"] not in known[0], "a notice, no code"

    def test_too_often_is_30016_for_known_and_unknown_alike(self, browser, time):
        sign_up(browser)
        time[0] += HOUR_MS
        for email in (EMAIL, "nobody@coinport.com"):
            body = {"type": "3", "email": email}
            assert browser.post("/api/common/send_email_verify_code", body).status == 200
            reply = browser.post("/api/common/send_email_verify_code", body)
            assert (reply.status, reply.code) == (429, 30016)

    def test_what_cannot_be_queued_is_31010(self, browser, monkeypatch):
        monkeypatch.setattr("chalicelib.stores.deliveries.send", lambda _: 1 / 0)
        monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
        assert browser.post("/api/common/send_email_verify_code", {"type": "1", "email": EMAIL}).code == 31010


class TestOwnSenders:
    def test_by_mail_by_sms_and_by_either(self, browser):
        sign_up(browser)
        assert browser.post("/api/user/send_email_verify_code", {"type": "10"}).body["orderId"]
        assert mails()[-1].destinations["ToAddresses"] == [EMAIL]
        assert browser.post("/api/user/send_sms_verify_code", {"type": "10"}).code == 31007
        assert own_code(browser, "11")["verify_code"] == mailed_code()
        other = Browser(browser.app)
        sign_up(other, MOBILE)
        assert other.post("/api/user/send_sms_verify_code", {"type": "7"}).body["orderId"]
        assert own_code(other, "6", "1")["verify_code"] == texted_code()
        assert other.post("/api/user/send_email_verify_code", {"type": "7"}).code == 31008

    @pytest.mark.parametrize("path", ["send_sms_verify_code", "send_email_verify_code", "send_verify_code"])
    def test_only_for_who_is_logged_in(self, browser, path):
        assert browser.post(f"/api/user/{path}", {"type": "10", "receiver_type": "2"}).code == 30000

    @pytest.mark.parametrize("kind", ["1", "2", "3", "21", "22", "99"])
    def test_types_that_are_not_theirs(self, browser, kind):
        sign_up(browser)
        assert browser.post("/api/user/send_email_verify_code", {"type": kind}).code == 30003

    def test_json_may_write_numbers(self, browser):
        sign_up(browser)
        body = json.dumps({"receiver_type": 2, "type": 10})
        assert browser.post("/api/user/send_verify_code", body).status == 200

    def test_sixty_seconds_apart(self, browser):
        sign_up(browser)
        own_code(browser, "10")
        assert browser.post("/api/user/send_email_verify_code", {"type": "10"}).code == 30016
