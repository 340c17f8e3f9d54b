"""Two people trade through API Gateway, the Lambdas in their own roles, the queue and the matcher."""

import time
from decimal import Decimal

import pytest

pytestmark = pytest.mark.deployed

OUTCOME_S = 20


def eventually(look, expected):
    """Wait until `look()` gives `expected`; the matcher works a moment after the request."""
    deadline = time.monotonic() + OUTCOME_S
    while (seen := look()) != expected:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


def submit(trader, market, side, price, amount, **more):
    order = {"market": market, "operation": side, "price": price, "amount": amount, **more}
    (result,) = trader.call("POST", "/api/v2/user/submit_orders", {"orders": [order]})["results"]
    return result


def test_two_people_trade(person, ops):
    ann, bob = person("ann", BTC="1"), person("bob", CNY="1000")
    sold = submit(ann, "DOGE-BTC", "sell", 1, 1)
    assert sold == {"order_id": "0", "code": "2002"}, "ann has no DOGE"
    asked = submit(ann, "BTC-CNY", "sell", 500.5, 1)["order_id"]
    bid = submit(bob, "btc-cny", "buy", 501, 0.4)["order_id"]

    def balances(trader):
        return {asset: row[:2] for asset, row in trader.call("GET", "/api/v2/user/balance").items()}

    eventually(
        lambda: balances(ann), {"BTC": [Decimal("0.0"), Decimal("0.6")], "CNY": [Decimal("200.2"), Decimal("0.0")]}
    )
    eventually(
        lambda: balances(bob), {"BTC": [Decimal("0.4"), Decimal("0.0")], "CNY": [Decimal("799.8"), Decimal("0.0")]}
    )
    (trade,) = bob.call("GET", "/api/v2/user/trades?market=BTC-CNY")["trades"]
    assert (trade["price"], trade["amount"]) == (Decimal("500.5"), Decimal("0.4"))
    assert (trade["maker_order_id"], trade["taker_order_id"]) == (asked, bid)
    (order,) = ann.call("GET", "/api/v2/user/orders")["orders"]
    assert (order["status"], order["dealed_amount"]) == (1, Decimal("0.4"))
    eventually(
        lambda: ann.call("GET", "/api/v2/BTC-CNY/depth", signed=False)["asks"], [[Decimal("500.5"), Decimal("0.6")]]
    )
    assert ann.call("GET", "/api/v2/tickers", signed=False)["BTC-CNY"][0] == Decimal("500.5")

    assert ann.call("POST", "/api/v2/user/cancel_orders", {"order_ids": [int(asked)]})["cancelled"] == [int(asked)]
    eventually(
        lambda: balances(ann), {"BTC": [Decimal("0.6"), Decimal("0.0")], "CNY": [Decimal("200.2"), Decimal("0.0")]}
    )
    code, report = ops("audit")
    assert (code, report["violations"]) == (0, [])


def test_a_halted_market_takes_no_orders_until_it_is_resumed(person, ops):
    cat = person("cat", LTC="10")
    assert ops("halt", "--market", "LTC-CNY")[0] == 0

    def taken():
        order_id = submit(cat, "LTC-CNY", "sell", 10, 1)["order_id"]
        if order_id == "0":
            return False
        time.sleep(0.5)
        (order,) = cat.call("GET", f"/api/v2/user/orders?ids={order_id}")["orders"]
        return order["status"] == 0

    eventually(taken, expected=False)
    assert ops("resume", "--market", "LTC-CNY")[0] == 0
    eventually(taken, expected=True)
