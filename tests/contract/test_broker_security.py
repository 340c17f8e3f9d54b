"""What broker clients set up: authenticator, API keys, trade password, favourites, accounts; each error as the decisions say."""

import base64
import json
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from PIL import Image

from chalicelib import clock
from chalicelib.api.broker import auth
from chalicelib.core.identity import Channel, Purpose
from chalicelib.services import identity
from chalicelib.services.delivery import Receiver
from chalicelib.stores import users
from tests.contract.broker import Browser
from tests.contract.broker_people import log_in, log_in_twice, sign_up
from tests.faults.test_security_calls import code_of
from tests.planted import plant

CREATE, LIST = "/api/user/api_key/create", "/api/user/api_keys"
IPS, STATUS, DELETE = "/api/user/api_key/update_ips", "/api/user/api_key/change_status", "/api/user/api_key/delete"
BEFORE, BIND = "/api/user/before_bind_ga", "/api/user/bind_ga"
TRADE = "/api/user/trade_pwd/set"
FAVOURITE, UNFAVOURITE, FAVOURITES = "/api/user/favorite/create", "/api/user/favorite/cancel", "/api/user/favorite/list"
FUTURES, CONTRACT = "/api/user/open/futures", "/api/user/open/contract"
DONE = {"success": True}


class Visitor:
    """Somebody who is logged in, and the codes that the exchange sends."""

    def __init__(self, exchange):
        self.uid = exchange.person().uid
        self.browser = Browser(exchange.app)
        token = identity.begin_session(users.get(self.uid), "203.0.113.7", "tests", life_ms=auth.SESSION_MS)
        self.browser.jar = {auth.TOKEN: token, auth.C_TOKEN: auth.c_token(token)}

    def post(self, url, body=None, **headers):
        return self.browser.post(url, body, **headers)

    def mailed(self, purpose):
        """A code by mail as the parameters of a request."""
        code = code_of(Receiver(Channel.MAIL, users.get(self.uid).email, self.uid), purpose)
        return {"order_id": code.id, "verify_code": code.code}

    def factor(self, purpose):
        return {"auth_type": "2", **self.mailed(purpose)}

    def key(self, **more):
        return self.post(CREATE, {"tag": "quant", **self.factor(Purpose.CREATE_API_KEY), **more})

    def bound(self):
        """Bind an authenticator; its secret."""
        secret = plant(self.post(BEFORE).body["secretKey"])
        ga_code = pyotp.TOTP(secret).at(clock.now_ms() // 1000 - 30)
        assert self.post(BIND, {"ga_code": ga_code, **self.mailed(Purpose.BIND_TOTP)}).body == DONE
        return secret


@pytest.fixture
def ann(exchange):
    return Visitor(exchange)


@pytest.mark.parametrize(
    "url",
    [BEFORE, BIND, CREATE, LIST, IPS, STATUS, DELETE, TRADE, FAVOURITE, UNFAVOURITE, FAVOURITES, FUTURES, CONTRACT],
)
def test_nobody_but_a_person_whose_page_it_is(exchange, ann, url):
    assert Browser(exchange.app).post(url).code == 30000
    del ann.browser.jar[auth.C_TOKEN]
    assert ann.post(url).code == 30060


class TestAuthenticator:
    def test_before_bind_ga(self, ann):
        answer = ann.post(BEFORE).body
        secret = plant(answer["secretKey"])
        url = urlsplit(answer["authUrl"])
        assert (url.scheme, url.netloc, url.path) == ("otpauth", "totp", "/COINPORT:p*****1@example.com")
        assert parse_qs(url.query) == {"secret": [secret], "issuer": ["COINPORT"]}
        image = Image.open(BytesIO(base64.b64decode(answer["qrcode"], validate=True)))
        assert (image.format, image.size) == ("PNG", (200, 200))

    def test_bind_ga(self, ann):
        ann.bound()
        assert users.get(ann.uid).totp_enabled
        for url in (BEFORE, BIND):
            body = {"ga_code": "123456", **ann.mailed(Purpose.BIND_TOTP)}
            assert ann.post(url, body).code == 31025

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"verify_code": ""}, 31014),
            ({"verify_code": "654321"}, 31016),
            ({"order_id": "1532327586794"}, 31016),
            ({"order_id": ""}, 31016),
            ({"ga_code": ""}, 30003),
            ({"ga_code": "abc"}, 31024),
        ],
    )
    def test_what_is_wrong_is_told(self, ann, wrong, code):
        plant(ann.post(BEFORE).body["secretKey"])
        body = {"ga_code": "000000", **ann.mailed(Purpose.BIND_TOTP), **wrong}
        assert ann.post(BIND, body).code == code
        assert not users.get(ann.uid).totp_enabled

    def test_what_was_not_issued_cannot_be_bound(self, ann):
        assert ann.post(BIND, {"ga_code": "123456", **ann.mailed(Purpose.BIND_TOTP)}).code == 30010


class TestApiKeys:
    def test_create(self, ann):
        made = ann.key().body
        assert made["accountId"] == ann.uid
        assert (made["type"], made["status"], made["tag"], made["ipWhiteList"]) == (1, "1", "quant", "")
        assert len(made["apiKey"]) == len(made["secretKey"]) == 64
        assert ann.key(type="0", tag="只读").body["type"] == 0

    def test_list_without_secrets(self, ann):
        made = [ann.key().body for _ in range(2)]
        assert ann.post(LIST).body == [{**one, "secretKey": ""} for one in made]

    def test_update_ips(self, ann):
        number = ann.key().body["id"]
        for text, shown in (("203.0.113.7, 1.1.1.1", "203.0.113.7,1.1.1.1"), ("", "")):
            body = {"id": number, "ip_white_list": text, **ann.factor(Purpose.MODIFY_API_KEY)}
            assert ann.post(IPS, body).body == DONE
            assert ann.post(LIST).body[0]["ipWhiteList"] == shown

    def test_change_status(self, ann):
        number = ann.key().body["id"]
        for status in ("0", "0", "1"):
            body = {"id": number, "status": status, **ann.factor(Purpose.MODIFY_API_KEY)}
            assert ann.post(STATUS, json.dumps({**body, "status": int(status)})).body == DONE
            assert ann.post(LIST).body[0]["status"] == status

    def test_delete_whether_it_is_there_or_not(self, ann):
        number = ann.key().body["id"]
        for one in (number, number, "1"):
            assert ann.post(DELETE, {"id": one, **ann.factor(Purpose.DELETE_API_KEY)}).body == DONE
        assert ann.post(LIST).body == []

    def test_five_of_a_type(self, ann):
        for _ in range(5):
            assert ann.key().status == 200
        assert ann.key().code == 31026
        assert ann.key(type="0").status == 200

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"tag": ""}, 31044),
            ({"tag": "x" * 65}, 30003),
            ({"type": "2"}, 30003),
            ({"account_type": "3"}, 30003),
            ({"account_index": "1"}, 30003),
            ({"auth_type": ""}, 30003),
            ({"auth_type": "4"}, 30003),
            ({"auth_type": "1"}, 30003),
            ({"auth_type": "3"}, 30003),
            ({"verify_code": ""}, 31014),
            ({"verify_code": "654321"}, 31016),
        ],
    )
    def test_what_is_wrong_is_told(self, ann, wrong, code):
        assert ann.key(**wrong).code == code
        assert ann.post(LIST).body == []

    @pytest.mark.parametrize(
        ("text", "code"),
        [("localhost", 31043), ("::1", 31043), ("1.1.1.1,", 31043), ("1.1.1.1," * 5 + "2.2.2.2", 31047)],
    )
    def test_a_list_that_is_none_is_told(self, ann, text, code):
        body = {"id": ann.key().body["id"], "ip_white_list": text, **ann.factor(Purpose.MODIFY_API_KEY)}
        assert ann.post(IPS, body).code == code

    @pytest.mark.parametrize("lost", [{}, {"ipWhiteList": "203.0.113.8"}, {"ip_white_list": None}])
    def test_a_list_that_did_not_arrive_lifts_no_restriction(self, ann, lost):
        body = {"id": ann.key().body["id"], "ip_white_list": "203.0.113.7"}
        assert ann.post(IPS, {**body, **ann.factor(Purpose.MODIFY_API_KEY)}).body == DONE
        del body["ip_white_list"]
        reply = ann.post(IPS, json.dumps({**body, **lost, **ann.factor(Purpose.MODIFY_API_KEY)}))
        assert (reply.status, reply.code) == (400, 30003)
        assert ann.post(LIST).body[0]["ipWhiteList"] == "203.0.113.7"

    def test_an_unknown_key_cannot_be_changed(self, ann):
        for url, more in ((IPS, {"ip_white_list": ""}), (STATUS, {"status": "1"})):
            assert ann.post(url, {"id": "1", **more, **ann.factor(Purpose.MODIFY_API_KEY)}).code == 30010
        body = {"id": ann.key().body["id"], "status": "2", **ann.factor(Purpose.MODIFY_API_KEY)}
        assert ann.post(STATUS, body).code == 30003

    def test_the_authenticator_is_asked_for_where_one_is_bound(self, ann):
        secret = ann.bound()
        assert ann.key().code == 30003
        assert ann.key(auth_type="3", order_id="", verify_code="000000").code == 31024
        code = pyotp.TOTP(secret).at(clock.now_ms() // 1000)
        assert ann.key(auth_type="3", order_id="", verify_code=code).body["type"] == 1
        assert ann.key(auth_type="3", order_id="", verify_code=code).code == 31024, "a step is good once"


class TestTradePassword:
    def set(self, ann, secret="trade-1", purpose=Purpose.SET_TRADE_PASSWORD, **more):
        return ann.post(TRADE, {"trade_pwd": secret, "trade_pwd2": secret, **ann.mailed(purpose), **more})

    def test_set_then_modify(self, ann):
        assert self.set(ann, type="2", purpose=Purpose.MODIFY_TRADE_PASSWORD).code == 31075
        assert self.set(ann, type="1").body == DONE
        assert identity.withdrawals_frozen(users.get(ann.uid))
        assert self.set(ann, type="1").code == 31074
        assert self.set(ann, "trade-2", Purpose.MODIFY_TRADE_PASSWORD, type="2").body == DONE
        assert self.set(ann, "trade-3", Purpose.MODIFY_TRADE_PASSWORD).body == DONE

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"trade_pwd": "12345", "trade_pwd2": "12345"}, 31055),
            ({"trade_pwd": "x" * 21, "trade_pwd2": "x" * 21}, 31055),
            ({"trade_pwd2": "trade-2"}, 31056),
            ({"trade_pwd": ""}, 30003),
            ({"type": "3"}, 30003),
            ({"verify_code": ""}, 31014),
            ({"verify_code": "654321"}, 31016),
        ],
    )
    def test_what_is_wrong_is_told(self, ann, wrong, code):
        assert self.set(ann, **wrong).code == code
        assert not users.get(ann.uid).trade_password

    def test_wrong_old_ones_walk_a_ladder(self, ann):
        self.set(ann)

        def modify(old):
            return self.set(ann, "trade-2", Purpose.MODIFY_TRADE_PASSWORD, type="2", old_trade_pwd=old).code

        assert [modify("wrong-1") for _ in range(6)] == [31068, 31069, 31070, 31071, 31072, 31073]
        assert modify("trade-1") == 31073


class TestFavourites:
    def test_create_list_cancel(self, ann):
        for symbol in ("BTCUSDT", "LTCBTC", "BTCUSDT"):
            assert ann.post(FAVOURITE, {"exchange_id": "301", "symbol_id": symbol}).body == DONE
        listed = ann.post(FAVOURITES).body
        assert [(one["exchangeId"], one["symbolId"]) for one in listed] == [("301", "LTCBTC"), ("301", "BTCUSDT")]
        for _ in range(2):
            assert ann.post(UNFAVOURITE, {"exchange_id": "301", "symbol_id": "LTCBTC"}).body == DONE
        assert [one["symbolId"] for one in ann.post(FAVOURITES).body] == ["BTCUSDT"]

    def test_what_names_no_pair_is_told(self, ann):
        for body in ({}, {"exchange_id": "301"}, {"exchange_id": "x", "symbol_id": "BTCUSDT"}):
            assert ann.post(FAVOURITE, body).code == ann.post(UNFAVOURITE, body).code == 30003


class TestAccounts:
    @pytest.mark.parametrize("url", [FUTURES, CONTRACT])
    def test_are_opened_whether_they_were_or_not(self, ann, url):
        for _ in range(2):
            assert ann.post(url).body == DONE
        assert ann.post("/api/user/get_base_info").body["openFuture"] is True

    def test_stand_in_the_list_that_a_login_answers(self, exchange):
        bob = Browser(exchange.app)
        uid = sign_up(bob).body["userId"]
        log_in_twice(bob)
        assert log_in(bob).body["user"]["accounts"] == []
        bob.post(FUTURES)
        (account,) = log_in(bob).body["user"]["accounts"]
        assert (account["accountId"], account["accountType"], account["accountIndex"]) == (uid, 3, 0)
