"""Whole stories over HTTP: from a sign-up to a withdrawal that is refused, and from an application's wish to who somebody is."""

import json

import pyotp
import pytest

from chalicelib import clock
from chalicelib.services import wallet
from tests.contract.broker import Browser
from tests.contract.broker_people import EMAIL, OTHER, code_to, log_in, log_in_twice, own_code, sign_up
from tests.contract.client import Client
from tests.contract.test_broker_oauth import CHALLENGE, INFO, TOKEN, URI, VERIFIER, Application
from tests.contract.test_broker_security import CREATE, DELETE, IPS, LIST
from tests.contract.test_coinport_identity import signed
from tests.planted import plant
from tests.services.world import later

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.1"
DONE = {"success": True}
ORDER = json.dumps({"orders": [{"market": "btc-cny", "operation": "buy", "price": 1400, "amount": 0.5}]})
SUBMIT, ORDERS = "/api/v2/user/submit_orders", "/api/v2/user/orders?limit=5"


class App:
    """An authenticator app, whose every code is good once: time passes between them."""

    def __init__(self, secret, monkeypatch):
        self.totp = pyotp.TOTP(plant(secret))
        self.monkeypatch = monkeypatch

    def code(self):
        later(self.monkeypatch, 30_000)
        return self.totp.at(clock.now_ms() // 1000)

    def factor(self):
        return {"auth_type": "3", "verify_code": self.code()}


def test_from_a_sign_up_to_withdrawals_that_are_frozen(exchange, monkeypatch):
    ann = Browser(exchange.app, ip=HOME)
    uid = sign_up(ann).body["userId"]
    wallet.credit(uid, "CNY", 1000, None)
    wallet.credit(uid, "BTC", 5, None)

    # A login from elsewhere asks for the second step: first by mail, once an authenticator is bound by that.
    other = Browser(exchange.app, ip=ELSEWHERE)
    assert log_in(other).body["authType"] == "EMAIL"
    assert log_in_twice(other).body["userId"] == uid
    app = App(other.post("/api/user/before_bind_ga").body["secretKey"], monkeypatch)
    assert other.post("/api/user/bind_ga", {"ga_code": app.code(), **own_code(other, "7")}).body == DONE
    third = Browser(exchange.app, ip="192.0.2.9")
    first = log_in(third).body
    assert (first["need2FA"], first["authType"]) == (True, "GA")
    assert third.post("/api/user/authorize_advance", {"request_id": first["requestId"], **app.factor()}).status == 200

    # A key that trades from one address signs coinport's orders; one that reads places none.
    made = third.post(CREATE, {"tag": "quant", **app.factor()}).body
    assert third.post(IPS, {"id": made["id"], "ip_white_list": HOME, **app.factor()}).body == DONE
    reader = third.post(CREATE, {"tag": "looks", "type": "0", **app.factor()}).body
    keys = [{"token": one["apiKey"], "secret": one["secretKey"]} for one in (made, reader)]
    home, elsewhere = Client(exchange.app, ip=HOME), Client(exchange.app, ip=ELSEWHERE)
    placed = home.post(SUBMIT, ORDER, Authorization=signed(keys[0], ORDER)).data["results"][0]["order_id"]
    assert elsewhere.post(SUBMIT, ORDER, Authorization=signed(keys[0], ORDER)).code == 1014
    assert home.post(SUBMIT, ORDER, Authorization=signed(keys[1], ORDER)).code == 1014
    (order,) = elsewhere.get(ORDERS, Authorization=signed(keys[1], "limit=5")).data["orders"]
    assert order["id"] == placed
    assert third.post(DELETE, {"id": reader["id"], **app.factor()}).body == DONE
    assert [one["id"] for one in third.post(LIST).body] == [made["id"]]

    # The password is forgotten; the authenticator proves whose it is.
    lost = Browser(exchange.app, ip="192.0.2.44")
    check = lost.post("/api/user/email_find_pwd_check1", {"email": EMAIL, **code_to(lost, EMAIL, "3")}).body
    assert check["authType"] == "GA"
    second = {"request_id": check["requestId"], "order_id": "", "verify_code": app.code()}
    assert lost.post("/api/user/find_pwd_check2", second).body == DONE
    new = {"request_id": check["requestId"], "password1": OTHER, "password2": OTHER}
    assert lost.post("/api/user/find_pwd", new).body["success"] is True
    assert third.post("/api/user/get_base_info").code == 30000, "all sessions ended"

    # Whoever has the new password logs in, trades, and for a day withdraws nothing, in coinport's dialect either.
    first = log_in(lost, password=OTHER).body
    assert lost.post("/api/user/authorize_advance", {"request_id": first["requestId"], **app.factor()}).status == 200
    coinport = Client(exchange.app, {"Cookie": f"session={lost.jar['au_token']}"})
    assert coinport.get("/api/v2/user/balance").data["BTC"][0] == 5
    asked = {"currency": "BTC", "amount": 1, "address": "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"}
    reply = coinport.post("/api/v2/user/submit_withdrawal", asked)
    assert (reply.code, "24小时" in reply.message) == (1005, True)


@pytest.mark.parametrize("register", [True, False], ids=["sign-up", "login"])
def test_from_an_applications_wish_to_who_somebody_is(exchange, register):
    shop = Application(exchange)
    person = Browser(exchange.app)
    if not register:
        sign_up(person)
        person.jar.clear()
    asked = shop.authorize(code_challenge=CHALLENGE, code_challenge_method="S256").body
    consent = {"is_oauth": "true", "oauth_request_id": asked["requestId"]}
    entered = (sign_up(person, **consent) if register else log_in_twice(person, **consent)).body
    given = entered["oAuthCodeResult"]
    assert (given["state"], given["redirectUrl"]) == ("SELECT", URI)
    assert clock.now_ms() < int(given["expired"]) <= clock.now_ms() + 600_000
    token = shop.exchanged(given["code"], code_verifier=VERIFIER).body["access_token"]
    assert shop.info(token).body["userId"] == entered["userId"]
    again = Browser(exchange.app, ip="192.0.2.10")
    assert log_in(again, **consent).code == 30010, "a request is consented to once"
    assert shop.exchanged(given["code"], code_verifier=VERIFIER).code == 60008
    assert shop.browser.get(INFO, Authorization=f"Bearer {token}").code == 30000
    assert shop.browser.post(TOKEN, {"grant_type": "authorization_code"}).code == 60003
