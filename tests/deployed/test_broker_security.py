"""The broker dialect on the deployed package, as people walk it: an authenticator, API keys that sign coinport's orders, a
trade password, favourites, pictures and films, and another application that asks who somebody is."""

import base64
import hashlib
import http.client
import itertools
import json
import re
import time
from urllib.parse import urlencode, urlsplit

import pyotp
import pytest

from tests.pictures import MP4, form, picture

pytestmark = pytest.mark.deployed

PATIENCE_S = 30
DONE = {"success": True}
URI = "https://shop.example/back"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#: Walkers come from addresses of their own, so that none uses up the codes of another.
ADDRESSES = (f"127.7.0.{number}" for number in itertools.count(2))


class Walker:
    """Somebody with a browser, a mailbox and a phone."""

    def __init__(self, exchange, operator):
        self.target = urlsplit(exchange.url)
        self.operator = operator
        self.home = next(ADDRESSES)
        self.jar = {}
        self.read = set()
        self.address = f"broker-{time.time_ns():x}@example.com"

    def ask(self, method, path, body=b"", **headers):
        """One request: (status, answer). `body`: the fields of a form, or bytes."""
        connection = http.client.HTTPConnection(
            self.target.hostname, self.target.port, timeout=30, source_address=(self.home, 0)
        )
        if self.jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
            headers["X-C-TOKEN"] = self.jar.get("c_token", "")
        raw = body if isinstance(body, bytes) else urlencode(body).encode()
        connection.request(
            method, path, raw or None, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        text = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.jar[name] = value
        connection.close()
        return answer.status, json.loads(text)

    def did(self, path, **body):
        """Post, and have it succeed."""
        status, answer = self.ask("POST", path, body)
        assert status == 200, (path, answer)
        return answer

    def refused(self, path, **body):
        """Post, and be refused: the code."""
        status, answer = self.ask("POST", path, body)
        assert status >= 400, (path, answer)
        return answer["code"]

    def code(self, to=None):
        """The next code that nobody has read."""
        to = to or self.address
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for number, message in enumerate(self.operator.messages(to)):
                if (to, number) not in self.read and (found := re.search(r"(?<!\d)\d{6}(?!\d)", message["text"])):
                    self.read.add((to, number))
                    return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no message for {to}")

    def mailed(self, kind):
        """A code of a type, by mail, as parameters."""
        sent = self.did("/api/user/send_verify_code", receiver_type="2", type=str(kind))
        return {"order_id": sent["orderId"], "verify_code": self.code()}

    def sign_up(self, **more):
        """Register by mail, and be logged in."""
        password = hashlib.md5(self.address.encode(), usedforsecurity=False).hexdigest()
        sent = self.did("/api/common/send_email_verify_code", type="1", email=self.address)
        return self.did(
            "/api/user/email_sign_up",
            email=self.address,
            password1=password,
            password2=password,
            order_id=sent["orderId"],
            verify_code=self.code(),
            **more,
        )

    def sign_up_by_phone(self, **more):
        """Register by a mobile number without a password, and be logged in."""
        number = f"139{time.time_ns() // 3 % 10**8:08}"
        sent = self.did("/api/common/send_sms_verify_code", type="21", national_code="86", mobile=number)
        code = self.code(f"+86{number}")
        return self.did(
            "/api/user/quick_sign_up",
            register_type="mobile",
            national_code="86",
            mobile=number,
            order_id=sent["orderId"],
            verify_code=code,
            **more,
        )


@pytest.fixture
def walker(exchange, operator):
    """Somebody who has just signed up."""
    found = Walker(exchange, operator)
    found.uid = found.sign_up()["userId"]
    return found


def signed(pair, text):
    """coinport's Authorization header of a request that a key signs."""
    md5 = hashlib.md5(f"{text}&secret={pair['secretKey']}".encode(), usedforsecurity=False).hexdigest()
    return "Token " + base64.b64encode(f"{pair['apiKey']}:{md5}".encode()).decode()


def test_an_authenticator_and_keys_that_sign_coinports_orders(walker, operator):
    operator.run("credit", {"uid": walker.uid, "currency": "CNY", "amount": "1000"})
    made = walker.did("/api/user/api_key/create", tag="quant", auth_type="2", **walker.mailed(11))
    change = {"id": made["id"], "auth_type": "2", **walker.mailed(12)}
    assert walker.did("/api/user/api_key/update_ips", ip_white_list=walker.home, **change) == DONE
    order = json.dumps({"orders": [{"market": "btc-cny", "operation": "buy", "price": 10, "amount": 0.5}]})
    session, walker.jar = walker.jar, {}
    submit = ("POST", "/api/v2/user/submit_orders", order.encode())
    _, answer = walker.ask(*submit, Authorization=signed(made, order))
    assert answer["code"] == 0
    assert answer["data"]["results"][0]["order_id"] != "0"
    walker.home = next(ADDRESSES)
    assert walker.ask(*submit, Authorization=signed(made, order))[1]["code"] == 1014, "another address"
    walker.jar = session

    issued = walker.did("/api/user/before_bind_ga")
    totp, now = pyotp.TOTP(issued["secretKey"]), int(time.time())
    assert walker.did("/api/user/bind_ga", ga_code=totp.at(now - 30), **walker.mailed(7)) == DONE
    ga = {"id": made["id"], "auth_type": "3"}
    for _ in range(5):
        assert walker.refused("/api/user/api_key/delete", **ga, verify_code="000000") == 31024
    assert walker.refused("/api/user/api_key/delete", **ga, verify_code=totp.at(now + 30)) == 30016, "locked by now"
    (listed,) = walker.ask("POST", "/api/user/api_keys")[1]
    assert (listed["id"], listed["secretKey"]) == (made["id"], "")


def test_a_key_is_deleted(walker):
    made = walker.did("/api/user/api_key/create", tag="quant", type="0", auth_type="2", **walker.mailed(11))
    assert walker.did("/api/user/api_key/delete", id=made["id"], auth_type="2", **walker.mailed(13)) == DONE
    assert walker.ask("POST", "/api/user/api_keys")[1] == []


def test_a_trade_password_favourites_and_an_account_for_futures(walker):
    first, second = ({"trade_pwd": secret, "trade_pwd2": secret} for secret in ("trade-1", "trade-2"))
    assert walker.did("/api/user/trade_pwd/set", type="1", **first, **walker.mailed(15)) == DONE
    change = {"type": "2", **second, **walker.mailed(16)}
    assert walker.refused("/api/user/trade_pwd/set", old_trade_pwd="trade-3", **change) == 31068
    assert walker.did("/api/user/trade_pwd/set", old_trade_pwd="trade-1", **change) == DONE
    pair = {"exchange_id": "301", "symbol_id": "BTCUSDT"}
    assert walker.did("/api/user/favorite/create", **pair) == DONE
    assert [one["symbolId"] for one in walker.ask("POST", "/api/user/favorite/list")[1]] == ["BTCUSDT"]
    assert walker.did("/api/user/favorite/cancel", **pair) == DONE
    assert walker.did("/api/user/open/futures") == DONE
    assert walker.did("/api/user/get_base_info")["openFuture"] is True


def test_pictures_and_films(walker, aged_sessions):
    aged_sessions()
    body, kind = form({}, {"upload_image_file": picture()})
    status, answer = walker.ask("POST", "/api/user/upload_image", body, Content_Type=kind)
    assert status == 200, answer
    assert fetched(walker, answer["url"])[:3] == b"\xff\xd8\xff"

    begun = walker.did("/api/user/upload_video/begin")
    large = MP4 + bytes(5 * 1024 * 1024)
    body, kind = form(begun["fields"], {"file": large})
    place = urlsplit(begun["uploadUrl"])
    bucket = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    bucket.request("POST", place.path or "/", body, {"Content-Type": kind})
    assert bucket.getresponse().status == 201
    bucket.close()
    assert fetched(walker, walker.did("/api/user/upload_video/finish", url=begun["url"])["url"]) == large


def fetched(walker, link):
    """What a browser gets that follows a link."""
    status, answer = walker.ask("GET", link)
    assert status == 302, answer
    place = urlsplit(answer["url"])
    bucket = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    bucket.request("GET", f"{place.path}?{place.query}")
    reply = bucket.getresponse()
    content = reply.read()
    bucket.close()
    assert reply.status == 200
    return content


def test_another_application_learns_who_somebody_is(exchange, operator):
    client = operator.run("oauth-client", {"name": "Shop", "redirect_uri": URI})
    shop = Walker(exchange, operator)
    asked = shop.did(
        "/api/oauth2/authorize",
        response_type="code",
        client_id=client["client_id"],
        redirect_uri=URI,
        state="SELECT",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    person = Walker(exchange, operator)
    entered = person.sign_up_by_phone(is_oauth="true", oauth_request_id=asked["requestId"])
    consent = entered["oAuthCodeResult"]
    assert (consent["state"], consent["redirectUrl"]) == ("SELECT", URI)
    code = {
        "grant_type": "authorization_code",
        "code": consent["code"],
        "redirect_uri": URI,
        "code_verifier": VERIFIER,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    }
    bearer = f"Bearer {shop.did('/api/oauth2/access_token', **code)['access_token']}"
    status, who = shop.ask("GET", "/api/oauth2/user_info", Authorization=bearer)
    assert (status, who["userId"], who["registerType"]) == (200, entered["userId"], 1)
    assert who["mobile"].startswith("139****")
    assert shop.refused("/api/oauth2/access_token", **code) == 60008
    assert shop.ask("GET", "/api/oauth2/user_info", Authorization=bearer)[0] == 401, "its token has ended"


def test_a_real_name_with_photos(walker, ops):
    def photo():
        body, kind = form({}, {"upload_image_file": picture()})
        return walker.ask("POST", "/api/user/verify/upload_image", body, Content_Type=kind)[1]["url"]

    def claim(**factor):
        return {
            "nationality": "US",
            "first_name": "Doe",
            "second_name": "Jane",
            "gender": "2",
            "card_type": "2",
            "card_no": f"C{time.time_ns() % 10**8:08}",
            "card_front_url": photo(),
            "card_hand_url": photo(),
            **factor,
        }

    def refuse():
        assert ops("kyc", "refuse", "--uid", walker.uid, "--reason", "blurred")[0] == 0

    assert walker.did("/api/user/verify", **claim(auth_type="2", **walker.mailed(10))) == DONE
    status, told = walker.ask("GET", "/user/verify_info")
    assert (status, told["verifyStatus"], told["firstName"]) == (200, 1, "Doe")
    link = urlsplit(told["cardFrontUrl"])
    assert fetched(walker, f"{link.path}?{link.query}")[:3] == b"\xff\xd8\xff"
    refuse()
    secret = walker.did("/api/user/before_bind_ga")["secretKey"]
    totp, now = pyotp.TOTP(secret), int(time.time())
    assert walker.did("/api/user/bind_ga", ga_code=totp.at(now - 30), **walker.mailed(7)) == DONE
    assert walker.did("/api/user/verify", **claim(auth_type="3", verify_code=totp.at(now))) == DONE
    refuse()
    for _ in range(5):
        walker.refused("/api/user/api_key/delete", id="1", auth_type="3", verify_code="000000")
    assert walker.refused("/api/user/verify", **claim(auth_type="3", verify_code=totp.at(now + 30))) == 30020
    assert walker.did("/api/user/verify_info")["refusedReason"] == "blurred"
