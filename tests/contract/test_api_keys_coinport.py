"""The broker's API keys sign coinport's Token scheme, and are held there to their type, switch and addresses."""

import json

import pytest

from chalicelib.core.api_keys import Reach
from chalicelib.services import identity
from chalicelib.stores import users
from tests.contract.client import Client
from tests.contract.test_coinport_identity import signed
from tests.services.test_api_keys import Purpose, made, mailed

SUBMIT, CANCEL = "/api/v2/user/submit_orders", "/api/v2/user/cancel_orders"
ORDER = json.dumps({"orders": [{"market": "btc-cny", "operation": "buy", "price": 1400, "amount": 0.5}]})


class Holder:
    """Somebody with a key, and clients that sign with it, from one address or another."""

    def __init__(self, exchange, reach):
        self.person = exchange.person(CNY="1000")
        users.UserRow(self.person.uid).update(actions=[users.UserRow.email_verified.set(True)])
        self.made = made(self.person.uid, reach)
        self.pair = {"token": self.made.key.token, "secret": self.made.secret}
        self.app = exchange.app

    def get(self, url, ip="203.0.113.7"):
        query = url.partition("?")[2]
        return Client(self.app, ip=ip).get(url, Authorization=signed(self.pair, query))

    def post(self, url, text, ip="203.0.113.7"):
        return Client(self.app, ip=ip).post(url, text, Authorization=signed(self.pair, text))


@pytest.fixture
def trader(exchange):
    return Holder(exchange, Reach.TRADE)


def test_a_trading_key_places_reads_and_cancels(trader):
    placed = trader.post(SUBMIT, ORDER).data["results"][0]
    (order,) = trader.get("/api/v2/user/orders?limit=5").data["orders"]
    assert str(order["id"]) == placed["order_id"]
    cancel = json.dumps({"order_ids": [int(placed["order_id"])]})
    assert trader.post(CANCEL, cancel).data["cancelled"] == [int(placed["order_id"])]


def test_a_reading_key_reads_and_places_nothing(exchange):
    reader = Holder(exchange, Reach.READ)
    assert reader.get("/api/v2/user/orders?limit=5").data["orders"] == []
    reply = reader.post(SUBMIT, ORDER)
    assert (reply.status, reply.code) == (401, 1014)
    assert reader.get("/api/v2/user/orders?limit=5").data["orders"] == []


def test_no_key_touches_what_is_not_trading(trader):
    for verb in ("add_api_token", "update_nickname", "send_verification_code", "submit_withdrawal", "add_bankcard"):
        url = f"/api/v2/user/{verb}"
        assert trader.post(url, "{}").code == 1014
    identity.add_api_token(trader.person.uid)
    for url in ("/api/v2/user/profile", "/api/v2/user/get_google_auth"):
        assert trader.get(url).code == 1014, "these answer secrets"


def test_the_list_of_addresses_and_the_switch_hold(trader):
    uid, number = trader.person.uid, trader.made.key.number
    identity.restrict_key(uid, number, ("203.0.113.7",), mailed(uid, Purpose.MODIFY_API_KEY))
    assert trader.post(SUBMIT, ORDER).code == 0
    reply = trader.post(SUBMIT, ORDER, ip="198.51.100.1")
    assert (reply.status, reply.code) == (401, 1014)
    assert trader.get("/api/v2/user/orders?limit=5", ip="198.51.100.1").code == 1014
    identity.switch_key(uid, number, mailed(uid, Purpose.MODIFY_API_KEY), on=False)
    assert trader.get("/api/v2/user/orders?limit=5").code == 1014


def test_a_wrong_signature_is_told_before_what_the_key_may_do(trader):
    number = trader.made.key.number
    identity.switch_key(trader.person.uid, number, mailed(trader.person.uid, Purpose.MODIFY_API_KEY), on=False)
    trader.pair["secret"] = "0" * 64
    assert trader.get("/api/v2/user/orders?limit=5").code == 1006
