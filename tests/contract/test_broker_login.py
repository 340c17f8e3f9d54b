"""Logging in as the broker document has it: passwords, codes, second factors, devices; and what each wrong guess is answered."""

import pyotp
import pytest

from chalicelib.core.identity import DAY_MS, HOUR_MS, MINUTE_MS, Standing
from chalicelib.core.phones import Mobile
from chalicelib.services import identity, oauth
from chalicelib.stores import users
from tests.contract.broker import Browser
from tests.contract.broker_people import (
    EMAIL,
    MD5,
    MOBILE,
    OTHER,
    code_to,
    log_in,
    log_in_twice,
    login_code,
    named,
    own_code,
    sign_up,
    wrong,
)
from tests.post import mailed_code, texted_code

INFO = "/api/user/get_base_info"
LOG = "/api/user/authorize_log"
ADVANCE = "/api/user/authorize_advance"
LADDER = [31019, 31048, 31049, 31050, 31051, 31052, 31052]


@pytest.fixture
def browser(app, time):
    return Browser(app)


@pytest.fixture
def ann(app, time):
    """Somebody who registered by mail, in another browser and a while ago."""
    elsewhere = Browser(app, ip="198.51.100.1")
    elsewhere.uid = sign_up(elsewhere).body["userId"]
    time[0] += HOUR_MS
    return elsewhere


def bind_ga(browser, time):
    """Bind an authenticator; a function that gives its next code."""
    secret = browser.post("/api/user/before_bind_ga").body["secretKey"]

    def code():
        time[0] += 60_000
        return pyotp.TOTP(secret).at(time[0] // 1000)

    reply = browser.post("/api/user/bind_ga", {"ga_code": code(), **own_code(browser, "7")})
    assert reply.body == {"success": True}
    return code


class TestFirstStep:
    def test_by_email(self, ann, browser):
        answer = log_in(browser).body
        assert (answer["need2FA"], answer["authType"], len(answer["requestId"])) == (True, "EMAIL", 32)
        assert (answer["email"], answer["userId"], answer["bindEmail"]) == ("a*n@coinport.com", ann.uid, True)
        assert "user" not in answer
        assert set(browser.jar) == {"device"}
        assert browser.get(INFO).code == 30000

    def test_by_mobile(self, browser, app, time):
        sign_up(Browser(app), MOBILE)
        answer = log_in(browser, MOBILE).body
        assert (answer["need2FA"], answer["authType"], answer["mobile"]) == (True, "MOBILE", "138****7282")

    @pytest.mark.parametrize("username", [EMAIL, EMAIL.upper()])
    def test_by_username_that_is_an_address(self, ann, browser, username):
        answer = browser.post("/api/user/authorize", {"username": username, "password": MD5.upper()}).body
        assert (answer["userId"], answer["authType"]) == (ann.uid, "EMAIL")

    def test_by_username_that_is_a_number_without_its_country(self, browser, app, time):
        uid = sign_up(Browser(app), MOBILE).body["userId"]
        answer = browser.post("/api/user/authorize", {"username": MOBILE.number, "password": MD5}).body
        assert (answer["userId"], answer["authType"]) == (uid, "MOBILE")

    def test_a_number_that_two_countries_have_needs_its_country(self, browser, app, time):
        uids = [sign_up(Browser(app), Mobile(country, "91234567"), MD5).body["userId"] for country in ("65", "852")]
        body = {"username": "91234567", "password": MD5}
        assert browser.post("/api/user/authorize", body).code == 31019
        for country, uid in zip(("65", "852"), uids, strict=True):
            assert browser.post("/api/user/authorize", {**body, "national_code": country}).body["userId"] == uid

    def test_the_password_has_to_be_an_md5(self, ann, browser):
        assert log_in(browser, password="secret").code == 31013

    def test_who_is_disabled_is_told_only_after_the_password(self, ann, browser):
        users.UserRow(ann.uid).update(actions=[users.UserRow.standing.set(Standing.DISABLED.value)])
        assert log_in(browser, password=OTHER).code == 31019
        assert log_in(browser).code == 31021

    @pytest.mark.parametrize("path", ["mobile_authorize", "email_authorize", "authorize"])
    def test_what_is_missing_is_30003(self, browser, path):
        assert browser.post(f"/api/user/{path}", {"password": MD5}).code == 30003


class TestLadder:
    @pytest.mark.parametrize(
        "name", [EMAIL, "nobody@coinport.com", Mobile("86", "13812345678")], ids=["known", "unknown", "mobile"]
    )
    def test_each_wrong_password_has_its_code(self, ann, browser, name):
        assert [log_in(browser, name, OTHER).code for _ in range(7)] == LADDER

    @pytest.mark.parametrize("username", ["nobody@coinport.com", "13812345678", "not a name", "x@", "1" * 100])
    def test_of_a_username_that_nobody_has(self, ann, browser, username):
        body = {"username": username, "password": OTHER}
        assert [browser.post("/api/user/authorize", body).code for _ in range(7)] == LADDER

    def test_is_the_accounts_by_whichever_name(self, ann, browser, app, time):
        new = code_to(Browser(app), MOBILE, "5")
        body = {**named(MOBILE), "mobile_order_id": new["order_id"], "mobile_verify_code": new["verify_code"]}
        assert ann.post("/api/user/bind_mobile", {**body, **own_code(ann, "5")}).status == 200
        codes = [log_in(browser, name, OTHER).code for name in (EMAIL, MOBILE, EMAIL, MOBILE, EMAIL, MOBILE)]
        assert codes == LADDER[:6]

    def test_the_fifth_freezes_for_two_hours_from_wherever(self, ann, browser, app, time):
        for _ in range(5):
            log_in(browser, EMAIL, OTHER)
        other = Browser(app, ip="198.51.100.9")
        assert log_in(other).code == 31052
        time[0] += 2 * HOUR_MS - 1
        assert log_in(other).code == 31052
        time[0] += 1
        assert log_in(other).body["need2FA"]

    def test_within_the_day_the_next_wrong_one_freezes_again(self, ann, browser, time):
        for _ in range(5):
            log_in(browser, EMAIL, OTHER)
        time[0] += 2 * HOUR_MS
        assert log_in(browser, EMAIL, OTHER).code == 31052
        assert log_in(browser).code == 31052
        time[0] += DAY_MS
        assert log_in(browser, EMAIL, OTHER).code == 31019

    def test_a_right_one_starts_anew(self, ann, browser):
        assert [log_in(browser, EMAIL, OTHER).code for _ in range(3)] == LADDER[:3]
        log_in(browser)
        assert log_in(browser, EMAIL, OTHER).code == 31019

    def test_many_logins_from_one_address_are_30016(self, ann, app, time):
        spray = Browser(app, ip="198.51.100.66")
        codes = [log_in(spray, f"p{number}@coinport.com", OTHER).code for number in range(31)]
        assert codes == [31019] * 30 + [30016]
        assert log_in(Browser(app, ip="198.51.100.67")).status == 200


class TestSecondStep:
    def test_by_mail(self, ann, browser):
        reply = log_in_twice(browser)
        assert reply.body["userId"] == ann.uid
        assert reply.body["favorites"] == []
        assert browser.get(INFO).body["userId"] == ann.uid
        assert [row["status"] for row in browser.get(LOG).body][:1] == [1]

    def test_by_sms(self, browser, app, time):
        sign_up(Browser(app), MOBILE)
        assert log_in_twice(browser, MOBILE).body["registerType"] == 1

    @pytest.mark.parametrize(
        ("name", "path", "last"),
        [(EMAIL, "send_email_verify_code", mailed_code), (MOBILE, "send_sms_verify_code", texted_code)],
        ids=["email", "mobile"],
    )
    def test_codes_by_the_older_senders(self, browser, app, time, name, path, last):
        sign_up(Browser(app), name)
        request_id = log_in(browser, name).body["requestId"]
        sent = browser.post(f"/api/user/{path}/authorize_advance", {"request_id": request_id}).body
        body = {"request_id": request_id, "order_id": sent["orderId"], "verify_code": last()}
        assert browser.post(ADVANCE, {**body, "auth_type": "2" if name is EMAIL else "1"}).status == 200

    def test_another_channel_than_is_asked_for(self, ann, browser):
        request_id = log_in(browser).body["requestId"]
        for path in ("send_sms_verify_code", "send_verify_code"):
            body = {"request_id": request_id, "receiver_type": "1"}
            assert browser.post(f"/api/user/{path}/authorize_advance", body).code == 30003
        code = login_code(browser, request_id)
        for factor in ("1", "3", "4"):
            assert browser.post(ADVANCE, {"request_id": request_id, "auth_type": factor, **code}).code == 30003
        assert browser.post(ADVANCE, {"request_id": request_id, "auth_type": "2", **code}).status == 200

    def test_a_request_works_once(self, ann, browser, time):
        request_id = log_in(browser).body["requestId"]
        first = login_code(browser, request_id)
        time[0] += MINUTE_MS
        second = login_code(browser, request_id)
        body = {"request_id": request_id, "auth_type": "2"}
        assert browser.post(ADVANCE, {**body, **first}).status == 200
        assert browser.post(ADVANCE, {**body, **second}).code == 30010
        assert browser.post("/api/user/send_email_verify_code/authorize_advance", body).code == 30010

    def test_it_dies_after_five_wrong_codes(self, ann, browser):
        request_id = log_in(browser).body["requestId"]
        code = login_code(browser, request_id)
        body = {"request_id": request_id, "auth_type": "2"}
        assert [browser.post(ADVANCE, {**body, **wrong(code)}).code for _ in range(6)] == [31016] * 5 + [30010]
        assert browser.post(ADVANCE, {**body, **code}).code == 30010

    def test_an_empty_code_is_31014_and_costs_nothing(self, ann, browser):
        request_id = log_in(browser).body["requestId"]
        body = {"request_id": request_id, "auth_type": "2"}
        assert [browser.post(ADVANCE, body).code for _ in range(6)] == [31014] * 6
        assert browser.post(ADVANCE, {**body, **login_code(browser, request_id)}).status == 200

    def test_it_lives_for_thirty_minutes(self, ann, browser, time):
        request_id = log_in(browser).body["requestId"]
        time[0] += 30 * MINUTE_MS - 1
        code = login_code(browser, request_id)
        time[0] += 1
        assert browser.post(ADVANCE, {"request_id": request_id, "auth_type": "2", **code}).code == 30010

    def test_it_is_bound_to_the_program(self, ann, browser, app):
        request_id = log_in(browser).body["requestId"]
        code = login_code(browser, request_id)
        body = {"request_id": request_id, "auth_type": "2", **code}
        assert Browser(app, agent="curl/8").post(ADVANCE, body).code == 30010
        assert browser.post(ADVANCE, body).status == 200

    def test_it_ends_with_a_changed_credential(self, ann, browser):
        request_id = log_in(browser).body["requestId"]
        code = login_code(browser, request_id)
        body = {"old_password": MD5, "password1": OTHER, "password2": OTHER}
        assert ann.post("/api/user/update_pwd", body).body == {"success": True}
        assert browser.post(ADVANCE, {"request_id": request_id, "auth_type": "2", **code}).code == 30010

    @pytest.mark.parametrize("request_id", ["", "x" * 32, "x" * 31, "令" * 32])
    def test_an_unknown_one_is_30010(self, browser, request_id):
        body = {"request_id": request_id, "auth_type": "2", "order_id": "123456789012345", "verify_code": "123456"}
        assert browser.post(ADVANCE, body).code == 30010

    def test_an_application_that_waits_gets_its_code(self, ann, browser):
        made = oauth.register("Shop", "https://shop.example/")
        body = {"response_type": "code", "client_id": made.client.id, "redirect_uri": "https://shop.example/b"}
        wish = browser.post("/api/oauth2/authorize", {**body, "state": "s1"}).body["requestId"]
        fields = {"is_oauth": "true", "oauth_request_id": wish}
        assert "oAuthCodeResult" not in log_in(browser, **fields).body
        result = log_in_twice(browser, **fields).body["oAuthCodeResult"]
        assert (result["state"], result["redirectUrl"]) == ("s1", "https://shop.example/b")


class TestAuthenticator:
    def test_who_has_one_is_asked_for_it(self, ann, browser, time):
        code = bind_ga(ann, time)
        answer = log_in(browser).body
        assert (answer["authType"], answer["bindGA"]) == ("GA", True)
        body = {"request_id": answer["requestId"], "auth_type": "3"}
        assert browser.post(ADVANCE, {**body, "verify_code": "000000"}).code == 31024
        assert browser.post(ADVANCE, {**body, "auth_type": "2", "verify_code": "000000"}).code == 30003
        assert browser.post(ADVANCE, {**body, "verify_code": code()}).body["bindGA"] is True

    def test_also_from_a_known_device(self, ann, browser, time):
        log_in_twice(browser)
        bind_ga(browser, time)
        browser.post("/api/user/authorize_cancel")
        assert log_in(browser).body["authType"] == "GA"

    def test_a_code_of_it_works_once(self, ann, browser, app, time):
        code = bind_ga(ann, time)()
        first, second = log_in(browser).body["requestId"], log_in(Browser(app)).body["requestId"]
        body = {"auth_type": "3", "verify_code": code}
        assert browser.post(ADVANCE, {**body, "request_id": first}).status == 200
        assert Browser(app).post(ADVANCE, {**body, "request_id": second}).code == 31024


class TestDevices:
    def test_the_same_browser_and_address_are_not_asked_again_for_a_day(self, ann, browser, time):
        log_in_twice(browser)
        browser.post("/api/user/authorize_cancel")
        answer = log_in(browser).body
        assert (answer["need2FA"], answer["authType"], answer["requestId"]) == (False, "", "")
        assert answer["user"]["userId"] == ann.uid
        assert browser.get(INFO).status == 200
        time[0] += DAY_MS
        assert log_in(browser).body["need2FA"]

    def test_another_address_is_asked(self, ann, browser):
        log_in_twice(browser)
        browser.ip = "198.51.100.77"
        assert log_in(browser).body["need2FA"]

    def test_another_browser_is_asked(self, ann, browser, app):
        log_in_twice(browser)
        assert log_in(Browser(app)).body["need2FA"]

    def test_another_person_on_the_same_device_is_asked(self, ann, browser, app):
        sign_up(Browser(app), MOBILE)
        log_in_twice(browser)
        assert log_in(browser, MOBILE).body["need2FA"]

    def test_a_native_client_gets_a_token_that_logs_in_again(self, ann, browser, app, time):
        token = log_in_twice(browser, device_id="phone-1").body["token"]
        time[0] += 1
        again = Browser(app, ip="198.51.100.78")
        body = {"token": token, "device_id": "phone-1"}
        assert again.post("/api/user/finger_print_authorize", body).body == {"success": True}
        assert again.get(INFO).body["userId"] == ann.uid
        assert [row["ip"] for row in again.get(LOG).body][:1] == ["198.51.100.78"]

    def test_the_token_is_the_devices(self, ann, browser, app):
        token = log_in_twice(browser, device_id="phone-1").body["token"]
        for body in (
            {"token": token},
            {"token": token, "device_id": "phone-2"},
            {"token": token[:-1], "device_id": "x"},
        ):
            reply = Browser(app).post("/api/user/finger_print_authorize", body)
            assert (reply.status, reply.code) == (401, 30000)
        assert (
            Browser(app).post("/api/user/finger_print_authorize", {"token": token}, device_id="phone-1").status == 200
        )

    def test_it_lives_for_thirty_days(self, ann, browser, time):
        body = {"token": log_in_twice(browser, device_id="phone-1").body["token"], "device_id": "phone-1"}
        time[0] += 30 * DAY_MS - 1
        assert browser.post("/api/user/finger_print_authorize", body).status == 200
        time[0] += 1
        assert browser.post("/api/user/finger_print_authorize", body).code == 30000

    def test_it_ends_with_the_password(self, ann, browser):
        body = {"token": log_in_twice(browser, device_id="phone-1").body["token"], "device_id": "phone-1"}
        change = {"old_password": MD5, "password1": OTHER, "password2": OTHER}
        assert ann.post("/api/user/update_pwd", change).status == 200
        assert browser.post("/api/user/finger_print_authorize", body).code == 30000

    def test_no_token_is_30003(self, browser):
        assert browser.post("/api/user/finger_print_authorize").code == 30003


class TestQuickLogin:
    def quick(self, browser, name=EMAIL, **changes):
        kind = "mobile" if isinstance(name, Mobile) else "email"
        body = {"login_type": kind, **named(name), **code_to(browser, name, "22"), **changes}
        return browser.post("/api/user/quick_authorize", body)

    @pytest.mark.parametrize("name", [EMAIL, MOBILE], ids=["email", "mobile"])
    def test_without_a_password(self, browser, app, time, name):
        kind = "mobile" if name is MOBILE else "email"
        elsewhere = Browser(app)
        made = elsewhere.post(
            "/api/user/quick_sign_up", {"register_type": kind, **named(name), **code_to(elsewhere, name, "21")}
        ).body
        answer = self.quick(browser, name).body
        assert (answer["needCheckPassword"], answer["requestId"]) == (False, "")
        assert answer["user"]["userId"] == made["userId"]
        assert browser.get(INFO).status == 200

    def test_who_has_a_password_is_asked_for_it(self, ann, browser):
        answer = self.quick(browser).body
        assert answer["needCheckPassword"] is True
        assert "user" not in answer
        body = {"request_id": answer["requestId"], "password": MD5}
        assert browser.post("/api/user/quick_authorize_advance", body).body["userId"] == ann.uid
        assert browser.get(INFO).status == 200
        assert browser.post("/api/user/quick_authorize_advance", body).code == 30010

    def test_wrong_passwords_walk_the_ladder(self, ann, browser):
        body = {"request_id": self.quick(browser).body["requestId"], "password": OTHER}
        codes = [browser.post("/api/user/quick_authorize_advance", body).code for _ in range(6)]
        assert codes == [*LADDER[:5], 30010]
        assert log_in(browser).code == 31052

    def test_the_older_second_step_is_another(self, ann, browser):
        request_id = self.quick(browser).body["requestId"]
        body = {"request_id": request_id, "auth_type": "2", "order_id": "123456789012345", "verify_code": "123456"}
        assert browser.post(ADVANCE, body).code == 30010
        asked = log_in(browser).body["requestId"]
        body = {"request_id": asked, "password": MD5}
        assert browser.post("/api/user/quick_authorize_advance", body).code == 30010

    def test_who_has_an_authenticator_is_asked_for_that(self, ann, browser, time):
        code = bind_ga(ann, time)
        answer = self.quick(browser).body
        assert (answer["needCheckPassword"], answer["need2FA"], answer["authType"]) == (False, True, "GA")
        assert browser.get(INFO).code == 30000
        body = {"request_id": answer["requestId"], "auth_type": "3", "verify_code": code()}
        assert browser.post(ADVANCE, body).body["userId"] == ann.uid

    def test_a_code_works_once(self, ann, browser):
        code = code_to(browser, EMAIL, "22")
        other = {"login_type": "mobile", **named(Mobile("86", "13812345678")), **code}
        assert browser.post("/api/user/quick_authorize", other).code == 31015
        body = {"login_type": "email", "email": EMAIL, **code}
        assert browser.post("/api/user/quick_authorize", body).status == 200
        assert browser.post("/api/user/quick_authorize", body).code == 31016

    @pytest.mark.parametrize(
        ("name", "code"), [("nobody@coinport.com", 31016), (MOBILE, 31015)], ids=["email", "mobile"]
    )
    def test_who_is_unknown_is_told_that_the_code_is_wrong(self, browser, name, code):
        sent = browser.post(
            "/api/common/send_verify_code",
            {"receiver_type": "1" if name is MOBILE else "2", "type": "22", **named(name)},
        ).body
        kind = "mobile" if name is MOBILE else "email"
        body = {"login_type": kind, **named(name), "order_id": sent["orderId"], "verify_code": "123456"}
        assert browser.post("/api/user/quick_authorize", body).code == code

    def test_an_unknown_kind_is_30003(self, browser):
        assert browser.post("/api/user/quick_authorize", {"login_type": "x", "verify_code": "1"}).code == 30003


class TestLogOfLogins:
    def test_wrong_unfinished_and_right_ones(self, ann, browser, time):
        log_in(browser, EMAIL, OTHER)
        time[0] += 1000
        log_in(browser)
        time[0] += MINUTE_MS
        log_in_twice(browser)
        assert [row["status"] for row in browser.get(LOG).body] == [1, 3, 2, 1], "the sign-up at last"

    def test_nobody_sees_anothers(self, ann, browser, app):
        other = Browser(app)
        sign_up(other, MOBILE)
        assert {row["userId"] for row in other.get(LOG).body} == {other.jar["user_id"]}
        assert identity.logins(ann.uid)
