"""Bound addresses and withdrawals as the router's document has them."""

import pytest

from tests.contract.test_router_trading import routed
from tests.post import mails, queued

ONE = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
OTHER = "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"
#: A wrong check digit, another coin's, and what is none at all.
NO_ADDRESSES = [
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", "somewhere", ONE + "\n", "x" * 5000, "名",
]  # fmt: skip


@pytest.fixture
def ann(exchange):
    return exchange.person(BTC="10", DOGE="100")


class TestGetWithdrawAddress:
    def test_what_was_bound_per_coin(self, exchange, ann):
        client = routed(ann)
        assert client.refused("get_withdraw_address", coin="BTC") == "No Bind"
        client.done("set_withdraw_address", coin="btc", address=ONE)
        assert client.done("get_withdraw_address", coin="BTC") == ONE
        assert client.refused("get_withdraw_address", coin="LTC") == "No Bind"
        assert routed(exchange.person()).refused("get_withdraw_address", coin="BTC") == "No Bind"

    def test_a_coin_that_is_none(self, exchange, ann):
        for coin in ("EUR", "比特币", "BTſX", "x" * 5000, "\u0000"):
            assert routed(ann).refused("get_withdraw_address", coin=coin) == "UnSupport Coin"

    def test_a_lost_argument(self, exchange, ann):
        assert routed(ann).refused("get_withdraw_address") == "Invalid Argument"


class TestSetWithdrawAddress:
    def test_its_person_is_told(self, exchange, ann):
        routed(ann).done("set_withdraw_address", coin="BTC", address=ONE)
        (mail,) = mails()
        assert ONE in mail.body
        assert "BTC" in mail.body

    def test_the_same_again_changes_nothing_and_tells_nobody(self, exchange, ann):
        routed(ann).done("set_withdraw_address", coin="BTC", address=ONE)
        queued()
        routed(ann).done("set_withdraw_address", coin="BTC", address=ONE)
        assert queued() == []

    def test_another_takes_its_place(self, exchange, ann):
        client = routed(ann)
        client.done("set_withdraw_address", coin="BTC", address=ONE)
        client.done("set_withdraw_address", coin="BTC", address=OTHER)
        assert client.done("get_withdraw_address", coin="BTC") == OTHER

    @pytest.mark.parametrize("address", NO_ADDRESSES)
    def test_an_address_that_fails_its_coins_check(self, exchange, ann, address):
        assert routed(ann).refused("set_withdraw_address", coin="BTC", address=address) == "Invalid Argument"
        assert routed(ann).refused("get_withdraw_address", coin="BTC") == "No Bind"
        assert queued() == []

    def test_a_coin_that_is_none(self, exchange, ann):
        assert routed(ann).refused("set_withdraw_address", coin="EUR", address=ONE) == "UnSupport Coin"

    @pytest.mark.parametrize("lost", ["coin", "address"])
    def test_a_lost_argument(self, exchange, ann, lost):
        arguments = {"coin": "BTC", "address": ONE}
        del arguments[lost]
        assert routed(ann).refused("set_withdraw_address", **arguments) == "Invalid Argument"
