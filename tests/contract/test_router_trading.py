"""Buying and selling as the router's document has it: in the same book as every other dialect's orders, for 0.2 %."""

from decimal import Decimal

import pytest

from chalicelib import settings
from chalicelib.services import operations, trading
from tests.contract.router import RouterClient

NO_NUMBERS = [
    "0", "-1", "+1", "NaN", "Infinity", "1e400", "1e99", "1,5", "1 5", "0x1", "١", "１", "1_0", "", "abc", "1e", ".5", "9" * 50,
    "0.000000001",
]  # fmt: skip


def routed(person):
    """The same person, speaking this dialect with the same session."""
    return RouterClient(person.client.app, person.client.headers)


@pytest.fixture
def ann(exchange):
    return exchange.person(BTC="10", CNY="10000", USDT="10000", GOOC="5000")


@pytest.fixture
def bob(exchange):
    return exchange.person(BTC="10", CNY="10000", USDT="10000", GOOC="5000")


def coins(person):
    return {coin: amount for coin, amount in routed(person).done("get_user_coin").items() if amount != "0"}


class TestGetUserCoin:
    def test_every_coin_with_what_is_available(self, exchange, ann):
        shown = routed(ann).done("get_user_coin")
        assert set(shown) == set(settings.exchange().assets)
        assert coins(ann) == {"BTC": "10", "CNY": "10000", "USDT": "10000", "GOOC": "5000"}
        routed(ann).done("buy", pair="BTC/CNY", amount="1.5", price="2000.5")
        assert coins(ann)["CNY"] == "6999.25"

    def test_somebody_who_has_nothing(self, exchange):
        assert set(routed(exchange.person()).done("get_user_coin").values()) == {"0"}


class TestBuyAndSell:
    @pytest.mark.parametrize(("method", "side"), [("buy", "buy"), ("sell", "sell")])
    def test_the_answer_is_the_orders_id(self, exchange, ann, method, side):
        order_id = routed(ann).done(method, pair="btc-usdt", amount="0.5", price="2000")
        (order,) = ann.get("/api/v2/user/orders").data["orders"]
        assert (order["id"], order["operation"], order["market"]) == (order_id, side, "BTC-USDT")
        assert (order["price"], order["amount"]) == (2000, Decimal("0.5"))

    @pytest.mark.parametrize(
        ("amount", "price"),
        [("0.5", "2000"), ("0.50", "2e3"), ("5e-1", "2000.000"), ("00.5", "2000."), ("5E-01", "2E+3")],
    )
    def test_numbers_as_programs_write_them(self, exchange, ann, amount, price):
        routed(ann).done("sell", pair="BTC/CNY", amount=amount, price=price)
        (order,) = ann.get("/api/v2/user/orders").data["orders"]
        assert (order["price"], order["amount"]) == (2000, Decimal("0.5"))

    def test_numbers_of_json(self, exchange, ann):
        reply = routed(ann).call_as("json", "sell", pair="BTC/CNY", amount=0.5, price=2000)
        assert reply.body["status"]

    def test_it_rests_in_the_one_book_and_fills_against_coinports_order(self, exchange, ann, bob):
        (standing,) = ann.submit(("btc-cny", "sell", 2000, 1))
        exchange.match()
        routed(bob).done("buy", pair="BTC/CNY", amount="0.25", price="2100")
        exchange.match()
        # The taker from here pays 0.2 % of what it receives, the maker from coinport nothing.
        assert coins(bob) == {"BTC": "10.2495", "CNY": "9500", "USDT": "10000", "GOOC": "5000"}
        assert coins(ann)["CNY"] == "10500"
        assert routed(ann).done("get_depth", pair="BTC/CNY")["ask"] == [["2000", "0.75"]]
        (order,) = ann.get(f"/api/v2/user/orders?ids={standing}").data["orders"]
        assert order["dealed_amount"] == Decimal("0.25")

    def test_as_maker_it_pays_the_same_and_coinports_taker_nothing(self, exchange, ann, bob):
        routed(ann).done("sell", pair="BTC/USDT", amount="1", price="2000")
        exchange.match()
        bob.submit(("btc-usdt", "buy", 2000, 0.5))
        exchange.match()
        assert coins(ann)["USDT"] == "10998"
        assert coins(bob)["BTC"] == "10.5"

    def test_instead_of_its_markets_rate_where_that_has_one(self, exchange, ann, bob):
        routed(ann).done("sell", pair="GOOC/CNY", amount="1000", price="2")
        exchange.match()
        bob.submit(("gooc-cny", "buy", 2, 1000))
        exchange.match()
        assert coins(ann)["CNY"] == "11996"
        assert coins(bob)["GOOC"] == "5999"

    def test_both_from_here_pay_both(self, exchange, ann, bob):
        routed(ann).done("sell", pair="BTC/USDT", amount="1", price="2000")
        routed(bob).done("buy", pair="BTC/USDT", amount="1", price="2000")
        exchange.match()
        assert coins(ann)["USDT"] == "11996"
        assert coins(bob)["BTC"] == "10.998"

    @pytest.mark.parametrize(
        ("method", "more", "said"),
        [
            ("buy", {"price": "10000.01"}, "User Coin Amount Less"),
            ("sell", {"amount": "10.00000001"}, "User Coin Amount Less"),
            ("buy", {"amount": "10000000000", "price": "100000000"}, "User Coin Amount Less"),
            ("buy", {"amount": "0.0001", "price": "1"}, "Make Order Except"),
            ("buy", {"pair": "BTC/EUR"}, "Not Found Symbols"),
            ("sell", {"pair": "CNY/BTC"}, "Not Found Symbols"),
        ],
    )
    def test_an_order_that_cannot_be_placed(self, exchange, ann, method, more, said):
        arguments = {"pair": "BTC/CNY", "amount": "1", "price": "2000"} | more
        assert routed(ann).refused(method, **arguments) == said
        assert ann.get("/api/v2/user/orders").data["orders"] == []

    @pytest.mark.parametrize("method", ["buy", "sell"])
    @pytest.mark.parametrize("name", ["amount", "price"])
    @pytest.mark.parametrize("value", NO_NUMBERS)
    def test_a_number_that_is_none(self, exchange, ann, method, name, value):
        arguments = {"pair": "BTC/CNY", "amount": "1", "price": "2000"} | {name: value}
        assert routed(ann).refused(method, **arguments) == "Invalid Argument"
        assert coins(ann) == {"BTC": "10", "CNY": "10000", "USDT": "10000", "GOOC": "5000"}

    @pytest.mark.parametrize("lost", ["pair", "amount", "price"])
    def test_a_lost_argument(self, exchange, ann, lost):
        arguments = {"pair": "BTC/CNY", "amount": "1", "price": "2000"}
        del arguments[lost]
        assert routed(ann).refused("buy", **arguments) == "Invalid Argument"

    def test_a_halted_market(self, exchange, ann):
        operations.run({"verb": "halt", "market": "BTC-CNY"})
        exchange.match()
        trading.forget()
        assert routed(ann).refused("buy", pair="BTC/CNY", amount="1", price="1") == "Make Order Except"

    @pytest.mark.parametrize("value", ["true", "null", "[1]", "{}", '"1\\ud800"'])
    def test_json_that_is_no_number(self, exchange, ann, value):
        body = f'{{"pair": "BTC/CNY", "amount": {value}, "price": "2000"}}'
        reply = routed(ann).request("POST", "/router?router=buy", body=body)
        assert reply.body["description"] == "Invalid Argument"
