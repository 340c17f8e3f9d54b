"""The broker dialect's ways in, on the deployed package: two steps, a phone's token, codes alone, a forgotten password, and
other names to be known by."""

import hashlib
import time

import pyotp
import pytest

from tests.deployed.test_broker_security import DONE, Walker

pytestmark = pytest.mark.deployed

INFO = "/api/user/get_base_info"


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def number():
    """A mobile number that nobody has yet."""
    return {"national_code": "86", "mobile": f"138{time.time_ns() // 3 % 10**8:08}"}


def twice(secret):
    return {"password1": secret, "password2": secret}


@pytest.fixture
def walker(exchange, operator):
    """Somebody who has just signed up, and left."""
    found = Walker(exchange, operator)
    found.uid = found.sign_up()["userId"]
    found.password = md5(found.address)
    assert found.did("/api/user/authorize_cancel") == DONE
    found.jar = {}
    return found


def first_step(walker, password=None, **more):
    body = {"email": walker.address, "password": password or walker.password, **more}
    return walker.did("/api/user/email_authorize", **body)


def log_in(walker, password=None, **more):
    """Both steps."""
    asked = first_step(walker, password, **more)
    assert (asked["need2FA"], asked["authType"]) == (True, "EMAIL")
    sent = walker.did("/api/user/send_verify_code/authorize_advance", receiver_type="2", request_id=asked["requestId"])
    return walker.did(
        "/api/user/authorize_advance",
        request_id=asked["requestId"],
        auth_type="2",
        order_id=sent["orderId"],
        verify_code=walker.code(),
    )


def code_to(walker, kind, name):
    """A code of a type that a stranger asks for."""
    channel = "1" if "mobile" in name else "2"
    sent = walker.did("/api/common/send_verify_code", receiver_type=channel, type=str(kind), **name)
    to = f"+86{name['mobile']}" if channel == "1" else name["email"]
    return {"order_id": sent["orderId"], "verify_code": walker.code(to)}


def test_two_steps_then_one_from_the_same_browser(walker):
    assert walker.refused("/api/user/email_authorize", email=walker.address, password=md5("wrong")) == 31019
    assert log_in(walker)["userId"] == walker.uid
    assert walker.did(INFO)["email"].endswith("@example.com")
    assert [row["status"] for row in walker.did("/api/user/authorize_log")] == [1, 2, 1]
    change = {"old_password": walker.password, **twice(md5("another"))}
    assert walker.did("/api/user/update_pwd", **change) == DONE
    assert walker.did("/api/user/authorize_cancel") == DONE
    assert walker.refused(INFO) == 30000
    walker.jar = {name: value for name, value in walker.jar.items() if value}
    assert first_step(walker, md5("another"))["need2FA"] is False
    assert walker.did(INFO)["userId"] == walker.uid


def test_an_account_is_frozen_after_five_wrong_passwords(walker):
    body = {"email": walker.address, "password": md5("wrong")}
    codes = [walker.refused("/api/user/email_authorize", **body) for _ in range(6)]
    assert codes == [31019, 31048, 31049, 31050, 31051, 31052]


def test_a_phone_logs_in_again_by_its_token(walker, aged_sessions):
    token = log_in(walker, device_id="phone-1")["token"]
    aged_sessions()
    assert walker.did(INFO)["userId"] == walker.uid
    walker.jar = {}
    assert walker.refused("/api/user/finger_print_authorize", token=token, device_id="phone-2") == 30000
    assert walker.did("/api/user/finger_print_authorize", token=token, device_id="phone-1") == DONE
    assert walker.did(INFO)["userId"] == walker.uid


def test_an_authenticator_is_asked_for(walker):
    log_in(walker)
    totp, now = pyotp.TOTP(walker.did("/api/user/before_bind_ga")["secretKey"]), int(time.time())
    assert walker.did("/api/user/bind_ga", ga_code=totp.at(now - 30), **walker.mailed(7)) == DONE
    asked = first_step(walker)
    assert asked["authType"] == "GA"
    step = {"request_id": asked["requestId"], "auth_type": "3"}
    assert walker.did("/api/user/authorize_advance", **step, verify_code=totp.at(now))["bindGA"] is True
    found = walker.did(
        "/api/user/email_find_pwd_check1", email=walker.address, **code_to(walker, 3, {"email": walker.address})
    )
    assert (found["need2FA"], found["authType"]) == ("true", "GA")
    request = {"request_id": found["requestId"]}
    assert walker.did("/api/user/find_pwd_check2", **request, verify_code=totp.at(now + 30)) == DONE
    assert walker.did("/api/user/find_pwd", **request, **twice(md5("found")))["success"] is True
    assert walker.refused(INFO) == 30000


def test_codes_alone_then_a_first_password(exchange, operator):
    person, name = Walker(exchange, operator), number()
    made = person.did("/api/user/quick_sign_up", register_type="mobile", **name, **code_to(person, 21, name))
    assert made["bindPassword"] is False
    person.jar = {}
    entered = person.did("/api/user/quick_authorize", login_type="mobile", **name, **code_to(person, 22, name))
    assert (entered["needCheckPassword"], entered["user"]["userId"]) == (False, made["userId"])
    sent = person.did("/api/user/send_verify_code/set_password")
    code = {"order_id": sent["orderId"], "verify_code": person.code(f"+86{name['mobile']}")}
    assert person.did("/api/user/set_password", **twice(md5("first")), **code) == DONE
    person.jar = {}
    asked = person.did("/api/user/authorize", username=name["mobile"], password=md5("first"))
    assert (asked["userId"], asked["authType"]) == (made["userId"], "MOBILE")


def test_other_names_are_bound_and_a_password_is_found_by_two_channels(walker):
    log_in(walker)
    name = number()
    new = code_to(walker, 5, name)
    body = {**name, "mobile_order_id": new["order_id"], "mobile_verify_code": new["verify_code"]}
    assert walker.did("/api/user/bind_mobile", **body, **walker.mailed(5))["success"] is True
    moved = {"email": f"moved-{walker.address}"}
    new = code_to(walker, 6, moved)
    body = {**moved, "email_order_id": new["order_id"], "email_verify_code": new["verify_code"]}
    assert walker.did("/api/user/bind_email", **body, **walker.mailed(6))["success"] is True
    told = walker.did(INFO)
    assert told["mobile"].endswith(name["mobile"][-4:])
    walker.jar = {}
    assert walker.refused("/api/user/email_authorize", email=walker.address, password=walker.password) == 31019
    walker.address = moved["email"]
    found = walker.did("/api/user/email_find_pwd_check1", **moved, **code_to(walker, 3, moved))
    assert (found["need2FA"], found["authType"]) == ("true", "MOBILE")
    request = {"request_id": found["requestId"]}
    sent = walker.did("/api/user/send_verify_code/find_pwd", **request)
    code = {"order_id": sent["orderId"], "verify_code": walker.code(f"+86{name['mobile']}")}
    assert walker.did("/api/user/find_pwd_check2", **request, **code) == DONE
    assert walker.did("/api/user/find_pwd", **request, **twice(md5("found")))["needFrozenLogin"] is False
    assert log_in(walker, md5("found"))["userId"] == walker.uid


def test_operators_ask_for_a_captcha_and_stop_asking(ops):
    assert ops("captcha", "on", "--id", "geetest-id", "--key", "geetest-key") == (0, {"captcha": "geetest-id"})
    assert ops("captcha", "off") == (0, {"captcha": None})
