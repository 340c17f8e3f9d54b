"""Each flow of identity over HTTP against the deployed package, as people walk it: mails and SMS are read as they arrive."""

import base64
import hashlib
import http.client
import json
import re
import time
from urllib.parse import urlsplit

import pyotp
import pytest

pytestmark = pytest.mark.deployed

PATIENCE_S = 30
ID_NUMBER = "11010519491231002X"


def pwdhash(password):
    return base64.b64encode(hashlib.sha256(password.encode()).digest()).decode()


class Browser:
    """Somebody at a browser, with a mailbox and a phone."""

    base = "/api/v2"

    def __init__(self, exchange, operator, address):
        self.target = urlsplit(exchange.url)
        self.operator = operator
        self.address = address
        self.cookie = ""
        self.read = set()

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=30)
        if self.cookie:
            headers["Cookie"] = self.cookie
        text = None if body is None else json.dumps(body)
        connection.request(method, f"{self.base}/{path}", text, headers)
        answer = connection.getresponse()
        envelope = json.loads(answer.read())
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = cookie.partition(";")[0]
        connection.close()
        return envelope

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, **body):
        return self.ask("POST", path, body)

    def did(self, path, **body):
        """Post, and have it succeed."""
        envelope = self.post(path, **body)
        assert envelope["code"] == 0, (path, envelope)
        return envelope["data"]

    def login(self, password):
        self.cookie = ""
        basic = base64.b64encode(f"{self.address}:{pwdhash(password)}".encode()).decode()
        return self.ask("GET", "login", Authorization=f"Basic {basic}")

    def message(self, to, pattern):
        """What a pattern finds in the next message that has not been read."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for number, message in enumerate(self.operator.messages(to)):
                if (to, number) not in self.read and (found := re.search(pattern, message["text"])):
                    self.read.add((to, number))
                    return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no message for {to}")

    def token(self):
        return self.message(self.address, r"(?<=token=)[A-Z2-7]{40}")

    def code(self, to=None):
        return self.message(to or self.address, r"(?<!\d)\d{6}(?!\d)")


@pytest.fixture
def browser(exchange, operator):
    """A person who registered, activated and logged in."""
    found = Browser(exchange, operator, f"walker-{time.time_ns():x}@example.com")
    uid = found.did("register", email=found.address, pwdhash=pwdhash("first"), lang="en")["uid"]
    assert found.get(f"check_activation_code?token={found.token()}")["data"] == {"result": True}
    assert found.login("first")["data"]["uid"] == uid
    found.uid = uid
    return found


def test_a_forgotten_password(browser, exchange, operator):
    stranger = Browser(exchange, operator, browser.address)
    assert stranger.did("request_password_reset", email=browser.address) == {"result": True}
    assert stranger.did("request_password_reset", email="nobody-at-all@example.com") == {"result": True}
    token = stranger.token() if stranger.read else None
    while token is None or stranger.get(f"verify_password_reset_token?token={token}")["code"] != 0:
        token = stranger.token()  # the first link is the activation's
    assert stranger.did("reset_password", token=token, pwdHash=pwdhash("second")) == {"result": True}
    assert stranger.post("reset_password", token=token, pwdHash=pwdhash("third"))["code"] == 9015
    assert browser.get("user/profile")["code"] == 1014, "all sessions ended"
    assert browser.login("first")["code"] == 1014
    assert browser.login("second")["code"] == 0


def test_a_changed_password_ends_the_other_sessions(browser, exchange, operator):
    other = Browser(exchange, operator, browser.address)
    other.login("first")
    new = pwdhash("second")
    assert browser.did("user/change_pwd", email=browser.address, oldPassword=pwdhash("first"), newPassword=new)
    assert browser.get("user/profile")["code"] == 0
    assert other.get("user/profile")["code"] == 1014


def test_a_mobile_number_and_another(browser):
    digits = f"138{time.time_ns() % 10**8:08}"
    sent = browser.did("user/send_mobile_bind_verify_code", phone=digits)
    bind = {"mobile": digits, "verifyCodeUuid": sent["phoneUuid"], "verifyCode": browser.code(f"+86{digits}")}
    assert browser.did("user/bind_or_update_mobile", **bind) == {"result": True}
    profile = browser.get("user/profile")["data"]
    assert (profile["mobile"], profile["mobileVerified"]) == (f"+86{digits}", True)

    sent = browser.did("user/send_verification_code", toPhone=True, toEmail=True)
    assert (sent["sentToPhone"], sent["sentToEmail"]) == (True, True)
    on = {"uuid": sent["phoneUuid"], "phoneCode": browser.code(f"+86{digits}"), "phonePrefer": "1"}
    assert browser.did("user/set_phone_auth", **on) == {"result": True}
    assert browser.post("user/set_phone_auth", **on)["code"] == 9005, "a code is good once"
    off = {"uuid": sent["emailUuid"], "emailCode": browser.code(), "emailPrefer": "0"}
    assert browser.did("user/set_email_auth", **off) == {"result": True}


def test_a_mobile_number_is_given_up_for_another(browser):
    first, second = (f"13{which}{time.time_ns() // 7 % 10**8:08}" for which in "79")
    for number, old in ((first, None), (second, first)):
        more = {}
        if old:
            sent = browser.did("user/send_verification_code", toPhone=True)
            more = {"verifyCodeUuidOld": sent["phoneUuid"], "verifyCodeOld": browser.code(f"+86{old}")}
        sent = browser.did("user/send_mobile_bind_verify_code", phone=number)
        code = browser.code(f"+86{number}")
        bind = {"mobile": number, "verifyCodeUuid": sent["phoneUuid"], "verifyCode": code, **more}
        assert browser.did("user/bind_or_update_mobile", **bind) == {"result": True}
    assert browser.get("user/profile")["data"]["mobile"] == f"+86{second}"


def test_an_authenticator_app(browser):
    secret = browser.get("user/get_google_auth")["data"]["secret"]
    totp = pyotp.TOTP(secret)
    assert browser.did("user/bind_google_auth", googlesecret=secret, googlecode=totp.now()) == {"result": True}
    assert browser.get("user/profile")["data"]["googleAuthEnabled"] is True
    used = totp.now()
    assert browser.post("user/unbind_google_auth", googlecode=used)["code"] == 9010, "its step was used to bind"
    following = totp.at(int(time.time()) + 30)
    assert browser.did("user/unbind_google_auth", googlecode=following) == {"result": True}
    assert browser.get("user/profile")["data"]["googleAuthEnabled"] is False


def test_a_real_name_and_a_bank_card(browser, ops):
    assert browser.did("user/update_nickname", nickname="walker.1") == {"result": True}
    claim = {"realName": "吴小野", "location": "zh-CN", "identiType": "idcard", "idNumber": ID_NUMBER}
    assert browser.did("user/verify_realname", **claim) == {"result": True}
    uid = str(browser.uid)
    code, waiting = ops("kyc", "list")
    assert code == 0
    assert [one for one in waiting["waiting"] if one["uid"] == uid and one["idNumber"] == ID_NUMBER]
    assert ops("kyc", "refuse", "--uid", uid, "--reason", "blurred")[0] == 0
    assert browser.did("user/verify_realname", **claim) == {"result": True}
    assert ops("kyc", "approve", "--uid", uid) == (0, {"uid": uid, "status": "approved"})
    assert ops("kyc", "approve", "--uid", uid)[0] == 1

    sent = browser.did("user/send_verification_code", toEmail=True)
    card = {
        "bankName": "招商银行",
        "cardNumber": "2934723894572398749",
        "branchBankName": "海淀支行",
        "emailUuid": sent["emailUuid"],
        "emailCode": browser.code(),
    }
    assert browser.post("user/add_bankcard", U_RN="吴三", **card)["code"] == 1007
    assert browser.did("user/add_bankcard", U_RN="吴小野", **card) == {"result": True}
    assert browser.get("user/query_bankcards")["data"] == [
        {
            "bankName": "招商银行",
            "ownerName": "吴小野",
            "cardNumber": "2934723894572398749",
            "branchBankName": "海淀支行",
        }
    ]
    assert browser.did("user/delete_bankcard", cardNumber="2934723894572398749") == {"result": True}
    assert browser.get("user/query_bankcards")["data"] == []
