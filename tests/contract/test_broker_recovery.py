"""Passwords found, changed and set, and names bound, as the broker document has them."""

import base64
import hashlib
from decimal import Decimal

import pytest

from chalicelib.core.identity import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.core.kyc import Location, Paper, Status
from chalicelib.core.phones import Mobile
from chalicelib.services import identity, wallet
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
    named,
    own_code,
    sign_up,
    wrong,
)
from tests.contract.client import Client
from tests.contract.test_broker_login import bind_ga
from tests.post import mailed_code, texted_code

INFO = "/api/user/get_base_info"
SEND = "/api/user/send_verify_code/find_pwd"
CHECK2 = "/api/user/find_pwd_check2"
FIND = "/api/user/find_pwd"
UPDATE = "/api/user/update_pwd"
SET = "/api/user/set_password"
LADDER = [31201, 31202, 31203, 31204, 31205, 31206, 31206]
NEW = {"password1": OTHER, "password2": OTHER}
ID_NUMBER = "11010519491231002X"


@pytest.fixture
def browser(app, time):
    return Browser(app)


@pytest.fixture
def ann(app, time):
    """Somebody who registered by mail a while ago."""
    elsewhere = Browser(app, ip="198.51.100.1")
    elsewhere.uid = sign_up(elsewhere).body["userId"]
    time[0] += HOUR_MS
    return elsewhere


def check1(browser, name, code):
    path = "mobile_find_pwd_check1" if isinstance(name, Mobile) else "email_find_pwd_check1"
    return browser.post(f"/api/user/{path}", {**named(name), **code})


def found(browser, name=EMAIL):
    """The first step; its answer."""
    return check1(browser, name, code_to(browser, name, "3")).body


def bind_mobile(browser, mobile=MOBILE, own="2"):
    new = code_to(Browser(browser.app, ip="198.51.100.50"), mobile, "5")
    body = {"mobile_order_id": new["order_id"], "mobile_verify_code": new["verify_code"], **named(mobile)}
    return browser.post("/api/user/bind_mobile", {**body, **own_code(browser, "5", own)})


def bind_email(browser, email=EMAIL, own="1"):
    new = code_to(Browser(browser.app, ip="198.51.100.51"), email, "6")
    body = {"email_order_id": new["order_id"], "email_verify_code": new["verify_code"], "email": email}
    return browser.post("/api/user/bind_email", {**body, **own_code(browser, "6", own)})


class TestRetired:
    @pytest.mark.parametrize("path", ["mobile_find_pwd_check", "email_find_pwd_check"])
    def test_the_first_generation_is_31211(self, browser, path):
        reply = browser.post(f"/api/user/{path}", {**named(EMAIL), "order_id": "1", "verify_code": "1"})
        assert (reply.status, reply.code) == (400, 31211)


class TestFind:
    def test_by_mail_alone(self, ann, browser):
        answer = found(browser)
        assert (answer["need2FA"], answer["authType"], len(answer["requestId"])) == ("false", "", 32)
        reply = browser.post(FIND, {"request_id": answer["requestId"], **NEW})
        assert reply.body == {"success": True, "needFrozenLogin": False}
        assert ann.get(INFO).code == 30000, "all sessions end"
        assert log_in(browser).code == 31019
        assert log_in(browser, password=OTHER).body["need2FA"]
        assert identity.withdrawals_frozen(users.get(ann.uid))
        assert browser.post(FIND, {"request_id": answer["requestId"], **NEW}).code == 30010

    def test_by_mobile_alone(self, browser, app):
        sign_up(Browser(app), MOBILE)
        answer = found(browser, MOBILE)
        assert answer["need2FA"] == "false"
        assert browser.post(FIND, {"request_id": answer["requestId"], **NEW}).status == 200
        assert log_in(browser, MOBILE, OTHER).status == 200

    def test_with_the_other_channel(self, ann, browser):
        bind_mobile(ann)
        answer = found(browser)
        assert (answer["need2FA"], answer["authType"]) == ("true", "MOBILE")
        request = {"request_id": answer["requestId"]}
        assert browser.post(FIND, {**request, **NEW}).code == 30010, "before the second step"
        sent = browser.post(SEND, request).body
        code = {**request, "order_id": sent["orderId"], "verify_code": texted_code()}
        assert browser.post(CHECK2, wrong(code)).code == 31015
        assert browser.post(CHECK2, code).body == {"success": True}
        assert browser.post(CHECK2, code).body == {"success": True}
        assert browser.post(FIND, {**request, **NEW}).status == 200
        assert log_in(browser, password=OTHER).status == 200

    def test_with_the_authenticator(self, ann, browser, time):
        code = bind_ga(ann, time)
        answer = found(browser)
        assert answer["authType"] == "GA"
        request = {"request_id": answer["requestId"]}
        assert browser.post(SEND, request).code == 30003
        assert browser.post(CHECK2, {**request, "verify_code": "000000"}).code == 31024
        assert browser.post(CHECK2, {**request, "verify_code": code()}).status == 200
        assert browser.post(FIND, {**request, **NEW}).status == 200

    def test_with_the_number_of_the_document(self, ann, browser):
        identity.hand_in(ann.uid, "吴小野", Location.CHINA, Paper.ID_CARD, ID_NUMBER)
        identity.review(ann.uid, Status.APPROVED, "")
        answer = found(browser)
        assert answer["authType"] == "ID_CARD"
        request = {"request_id": answer["requestId"]}
        assert browser.post(CHECK2, {**request, "verify_code": "110105194912310021"}).code == 31207
        assert browser.post(CHECK2, {**request, "verify_code": ID_NUMBER.lower()}).status == 200
        assert browser.post(FIND, {**request, **NEW}).status == 200

    def test_the_channel_is_that_of_the_registration(self, ann, browser, app, time):
        bind_mobile(ann)
        code = code_to(browser, MOBILE, "3")
        assert check1(browser, MOBILE, code).code == 31209
        other = Browser(app)
        sign_up(other, Mobile("86", "13812345678"))
        bind_email(other, "bob@coinport.com")
        assert check1(browser, "bob@coinport.com", code_to(browser, "bob@coinport.com", "3")).code == 31210
        assert check1(browser, MOBILE, code).code == 31209, "a refused call leaves the code"

    def test_five_wrong_ones_kill_the_request(self, ann, browser):
        bind_mobile(ann)
        request = {"request_id": found(browser)["requestId"]}
        sent = browser.post(SEND, request).body
        code = {**request, "order_id": sent["orderId"], "verify_code": texted_code()}
        assert [browser.post(CHECK2, wrong(code)).code for _ in range(6)] == [31015] * 5 + [30010]
        assert browser.post(CHECK2, code).code == 30010

    def test_after_four_wrong_ones_a_right_one_leads_to_the_end(self, ann, browser):
        bind_mobile(ann)
        request = {"request_id": found(browser)["requestId"]}
        sent = browser.post(SEND, request).body
        code = {**request, "order_id": sent["orderId"], "verify_code": texted_code()}
        assert [browser.post(CHECK2, wrong(code)).code for _ in range(4)] == [31015] * 4
        assert [browser.post(CHECK2, code).status for _ in range(2)] == [200] * 2
        assert browser.post(FIND, {**request, **NEW}).status == 200

    def test_five_codes_are_sent_for_a_request(self, ann, browser, time):
        bind_mobile(ann)
        request = {"request_id": found(browser)["requestId"]}
        codes = []
        for _ in range(6):
            codes.append(browser.post(SEND, request).status)
            time[0] += MINUTE_MS
        assert codes == [200] * 5 + [400]
        assert browser.post(SEND, request).code == 30020

    def test_the_number_in_the_message_is_the_index(self, ann, browser):
        bind_mobile(ann)
        sent = browser.post(SEND, {"request_id": found(browser)["requestId"]}).body
        from tests.post import texts

        assert sent["index"] in texts()[-1].body

    def test_it_lives_for_thirty_minutes(self, ann, browser, time):
        request = {"request_id": found(browser)["requestId"]}
        time[0] += 30 * MINUTE_MS
        assert browser.post(FIND, {**request, **NEW}).code == 30010

    def test_a_login_request_is_no_such_request(self, ann, browser):
        request = {"request_id": log_in(browser).body["requestId"]}
        for path in (SEND, CHECK2, FIND):
            assert browser.post(path, {**request, "verify_code": "123456", **NEW}).code == 30010

    def test_what_is_no_password(self, ann, browser):
        request = {"request_id": found(browser)["requestId"]}
        assert browser.post(FIND, {**request, "password1": OTHER, "password2": MD5}).code == 31012
        assert browser.post(FIND, {**request, "password1": "x", "password2": "x"}).code == 31013
        assert browser.post(FIND, {**request, **NEW}).status == 200

    def test_it_begins_the_ladder_of_logins_anew(self, ann, browser):
        for _ in range(5):
            log_in(browser, EMAIL, OTHER)
        assert log_in(browser).code == 31052
        browser.post(FIND, {"request_id": found(browser)["requestId"], **NEW})
        assert log_in(browser, password=OTHER).status == 200

    def test_who_never_followed_the_link_of_the_mail_is_let_in(self, browser):
        from chalicelib.core.identity import Form
        from chalicelib.core.identity import email as address

        identity.register(
            address("pending@coinport.com"), Form.PLAIN, "secret", identity.Invitation("en", "https://x.example/?t=")
        )
        answer = found(browser, "pending@coinport.com")
        assert browser.post(FIND, {"request_id": answer["requestId"], **NEW}).status == 200
        assert log_in(browser, "pending@coinport.com", OTHER).status == 200


class TestFindLadder:
    @pytest.mark.parametrize("name", [EMAIL, "nobody@coinport.com"])
    def test_each_wrong_code_has_its_code(self, ann, browser, time, name):
        sent = browser.post("/api/common/send_email_verify_code", {"type": "3", "email": name}).body
        guess = wrong({"verify_code": mailed_code()}) if name == EMAIL else {"verify_code": "123456"}
        code = {"order_id": sent["orderId"], **guess}
        assert [check1(browser, name, code).code for _ in range(7)] == LADDER

    def test_the_right_one_is_refused_for_a_day(self, ann, browser, time):
        for _ in range(5):
            check1(browser, EMAIL, {"order_id": "123456789012345", "verify_code": "123456"})
        assert check1(browser, EMAIL, code_to(browser, EMAIL, "3")).code == 31206
        time[0] += DAY_MS
        assert check1(browser, EMAIL, code_to(browser, EMAIL, "3")).status == 200

    def test_two_names_count_alike_whether_they_are_one_persons_or_nobodys(self, ann, browser, app, time):
        bind_mobile(ann)
        guess = {"order_id": "123456789012345", "verify_code": "123456"}
        for anyone, mail, mobile in (
            (browser, EMAIL, MOBILE),
            (Browser(app, ip="198.51.100.2"), "nobody@coinport.com", Mobile("86", "13899999999")),
        ):
            codes = [check1(anyone, name, guess).code for name in (mail, mobile, mail, mobile)]
            assert codes == [31201, 31201, 31202, 31202]

    def test_an_empty_code_is_31014(self, browser):
        assert check1(browser, EMAIL, {}).code == 31014
        assert check1(browser, MOBILE, {}).code == 31014

    def test_three_accounts_an_hour_from_an_address(self, browser, app, time):
        guess = {"order_id": "123456789012345", "verify_code": "123456"}
        codes = [check1(browser, f"p{number}@coinport.com", guess).code for number in (1, 2, 3, 1, 2, 4, 5)]
        assert codes == [31201, 31201, 31201, 31202, 31202, 30040, 30040]
        assert check1(Browser(app, ip="198.51.100.2"), "p4@coinport.com", guess).code == 31201
        time[0] += HOUR_MS
        assert check1(browser, "p5@coinport.com", guess).code == 31201


class TestUpdate:
    def test_exchanges_the_password(self, ann, browser):
        log_in_twice(browser)
        assert ann.post(UPDATE, {"old_password": MD5.upper(), **NEW}).body == {"success": True}
        assert ann.get(INFO).status == 200, "the session that asked goes on"
        assert browser.get(INFO).code == 30000, "the others end"
        assert identity.withdrawals_frozen(users.get(ann.uid))
        assert log_in(browser, password=OTHER).status == 200

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"old_password": ""}, 31038),
            ({"old_password": "x"}, 31013),
            ({"old_password": OTHER}, 31039),
            ({"password1": MD5, "password2": MD5}, 31040),
            ({"password2": MD5}, 31012),
            ({"password1": "x", "password2": "x"}, 31013),
        ],
    )
    def test_what_is_refused(self, ann, changes, code):
        assert ann.post(UPDATE, {"old_password": MD5, **NEW, **changes}).code == code

    def test_wrong_ones_freeze_the_account(self, ann, browser):
        body = {"old_password": OTHER, "password1": MD5, "password2": MD5}
        assert [ann.post(UPDATE, body).code for _ in range(6)] == [31039] * 5 + [31052]
        assert log_in(browser).code == 31052

    def test_only_who_is_logged_in(self, browser):
        assert browser.post(UPDATE, {"old_password": MD5, **NEW}).code == 30000


class TestSetPassword:
    @pytest.fixture
    def quick(self, browser):
        browser.post(
            "/api/user/quick_sign_up", {"register_type": "email", "email": EMAIL, **code_to(browser, EMAIL, "21")}
        )
        return browser

    def send(self, browser):
        sent = browser.post("/api/user/send_verify_code/set_password").body
        return {"order_id": sent["orderId"], "verify_code": mailed_code()}

    def test_sets_a_first_password(self, quick, app):
        assert quick.post(SET, {**NEW, **self.send(quick)}).body == {"success": True}
        assert quick.get(INFO).body["bindPassword"] is True
        assert log_in(Browser(app), password=OTHER).status == 200

    def test_of_who_has_one_is_30080(self, ann):
        assert ann.post("/api/user/send_verify_code/set_password").code == 30080
        assert ann.post(SET, {**NEW, "order_id": "1", "verify_code": "1"}).code == 30080

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"verify_code": ""}, 31014), ({"verify_code": "x"}, 31016), ({"password2": MD5}, 31012)],
    )
    def test_what_is_refused_leaves_the_code(self, quick, changes, code):
        body = {**NEW, **self.send(quick)}
        assert quick.post(SET, {**body, **changes}).code == code
        assert quick.post(SET, body).status == 200

    def test_by_mobile(self, browser):
        browser.post(
            "/api/user/quick_sign_up", {"register_type": "mobile", **named(MOBILE), **code_to(browser, MOBILE, "21")}
        )
        sent = browser.post("/api/user/send_verify_code/set_password").body
        body = {**NEW, "order_id": sent["orderId"], "verify_code": texted_code()}
        assert browser.post(SET, body).status == 200


class TestBind:
    def test_mobile(self, ann, app):
        reply = bind_mobile(ann)
        assert reply.body["success"] is True
        assert reply.body["orderId"].isdigit()
        info = ann.get(INFO).body
        assert (info["mobile"], info["nationalCode"], info["registerType"]) == ("138****7282", "86", 2)
        assert log_in(Browser(app), MOBILE).body["authType"] == "MOBILE"
        assert identity.withdrawals_frozen(users.get(ann.uid))

    def test_email(self, browser, app):
        sign_up(browser, MOBILE)
        assert bind_email(browser).body["success"] is True
        assert browser.get(INFO).body["email"] == "a*n@coinport.com"
        assert log_in(Browser(app), EMAIL).body["authType"] == "EMAIL"

    def test_another_mobile_by_a_code_to_the_old_one(self, ann, app, time):
        bind_mobile(ann)
        time[0] += HOUR_MS
        other = Mobile("86", "13812345678")
        assert bind_mobile(ann, other, own="2").code == 31015, "a mailed code does not do"
        time[0] += HOUR_MS
        assert bind_mobile(ann, other, own="1").status == 200
        assert log_in(Browser(app), MOBILE).code == 31019
        assert log_in(Browser(app), other).status == 200

    def test_another_address_by_a_code_to_the_old_one(self, ann, app, time):
        assert bind_email(ann, "new@coinport.com", own="2").status == 200
        assert log_in(Browser(app), "new@coinport.com").status == 200
        assert log_in(Browser(app)).code == 31019
        time[0] += HOUR_MS
        assert sign_up(Browser(app), EMAIL).status == 200, "the old mailbox is free"

    def test_an_address_that_is_written_otherwise_than_its_code_was_asked_for(self, ann, app):
        new = code_to(Browser(app, ip="198.51.100.51"), "New@Coinport.com", "6")
        body = {"email_order_id": new["order_id"], "email_verify_code": new["verify_code"], **own_code(ann, "6")}
        assert ann.post("/api/user/bind_email", {"email": "new@coinport.com", **body}).status == 200

    def test_anothers_name_is_told_after_the_codes(self, ann, app):
        sign_up(Browser(app), MOBILE)
        assert bind_mobile(ann).code == 31003
        bob = Browser(app)
        sign_up(bob, Mobile("86", "13812345678"))
        assert bind_email(bob).code == 31006

    def test_codes_that_are_wrong_or_missing(self, ann, app):
        new = code_to(Browser(app), MOBILE, "5")
        known = own_code(ann, "5")
        body = {"mobile_order_id": new["order_id"], "mobile_verify_code": new["verify_code"], **named(MOBILE), **known}
        for changes, code in (
            ({"mobile_verify_code": ""}, 31014),
            ({"verify_code": ""}, 31014),
            ({"mobile_verify_code": "x"}, 31015),
            ({"verify_code": "x"}, 31016),
            ({"mobile": "13812345678"}, 31015),
            ({"mobile": "1"}, 31002),
        ):
            assert ann.post("/api/user/bind_mobile", {**body, **changes}).code == code
        assert ann.post("/api/user/bind_mobile", body).status == 200
        assert ann.post("/api/user/bind_mobile", body).code == 31015

    def test_only_who_is_logged_in(self, browser):
        for path in ("bind_mobile", "bind_email"):
            assert browser.post(f"/api/user/{path}").code == 30000


def test_the_whole_way(browser, app, time):
    """Sign up, two steps, an authenticator, an API key that trades, a forgotten password, withdrawals frozen."""
    sign_up(browser)
    time[0] += HOUR_MS
    browser.post("/api/user/authorize_cancel")
    assert log_in_twice(browser).status == 200
    code = bind_ga(browser, time)
    time[0] += 2 * HOUR_MS
    phone = Browser(app, ip="203.0.113.99")
    asked = log_in(phone).body
    assert asked["authType"] == "GA"
    body = {"request_id": asked["requestId"], "auth_type": "3", "verify_code": code()}
    assert phone.post("/api/user/authorize_advance", body).body["bindGA"] is True
    key = phone.post("/api/user/api_key/create", {"tag": "bot", "auth_type": "3", "verify_code": code()}).body
    ips = {"id": key["id"], "ip_white_list": "203.0.113.50", "auth_type": "3", "verify_code": code()}
    assert phone.post("/api/user/api_key/update_ips", ips).status == 200
    wallet.credit(asked["userId"], "CNY", Decimal(1000), None)
    order = '{"orders":[{"market":"BTC-CNY","operation":"buy","price":1000,"amount":0.5}]}'
    md5 = hashlib.md5(f"{order}&secret={key['secretKey']}".encode()).hexdigest()
    token = "Token " + base64.b64encode(f"{key['apiKey']}:{md5}".encode()).decode()
    submit = "/api/v2/user/submit_orders"
    assert Client(app, ip="203.0.113.51").post(submit, order, Authorization=token).code == 1014
    placed = Client(app, ip="203.0.113.50").post(submit, order, Authorization=token).data["results"]
    assert placed[0]["order_id"] != "0"
    cookie = {"Cookie": f"session={phone.jar['au_token']}"}
    assert Client(app, cookie).get("/api/v2/user/balance").data["CNY"][:2] == [500, 500]
    request = {"request_id": found(Browser(app))["requestId"]}
    anyone = Browser(app)
    assert anyone.post(CHECK2, {**request, "verify_code": code()}).status == 200
    assert anyone.post(FIND, {**request, **NEW}).status == 200
    assert phone.get(INFO).code == 30000
    user = users.get(asked["userId"])
    assert identity.withdrawals_frozen(user)
