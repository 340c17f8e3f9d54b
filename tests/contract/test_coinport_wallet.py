"""Balances against the document."""

from decimal import Decimal

BALANCE = "/api/v2/user/balance"


def test_nothing_yet(exchange):
    assert exchange.person().get(BALANCE).data == {}


def test_available_frozen_pending_total(exchange):
    person = exchange.person(BTC="2.5", CNY="10000.00001")
    person.submit(("btc-cny", "buy", 1400.5, 0.5), ("btc-cny", "sell", 1500, 0.25))
    reply = person.get(BALANCE)
    assert reply.data == {
        "BTC": [Decimal("2.25"), Decimal("0.25"), 0, Decimal("2.5")],
        "CNY": [Decimal("9299.75001"), Decimal("700.25"), 0, Decimal("10000.00001")],
    }
    assert '"BTC":[2.25,0.25,0.0,2.5]' in reply.text


def test_numbers_are_exact_where_floats_are_not(exchange):
    person = exchange.person(BTC="90071992.54740993", DOGE="0.00000001")
    text = person.get(BALANCE).text
    assert '"BTC":[90071992.54740993,0.0,0.0,90071992.54740993]' in text
    assert '"DOGE":[1E-8,0.0,0.0,1E-8]' in text


def test_after_a_trade(exchange):
    buyer, seller = exchange.person(CNY="3000"), exchange.person(BTC="2")
    seller.submit(("btc-cny", "sell", 1400, 1))
    exchange.match()
    buyer.submit(("btc-cny", "buy", 1500, 1.5))
    exchange.match()
    assert buyer.get(BALANCE).data == {"BTC": [1, 0, 0, 1], "CNY": [850, 750, 0, 1600]}
    assert seller.get(BALANCE).data == {"BTC": [1, 0, 0, 1], "CNY": [1400, 0, 0, 1400]}


def test_only_ones_own(exchange, client):
    exchange.person(BTC="1")
    assert exchange.person().get(BALANCE).data == {}
    assert (client.get(BALANCE).code, client.get(BALANCE).status) == (1014, 401)


def test_a_superfluous_parameter(exchange):
    reply = exchange.person().get(f"{BALANCE}?currency=BTC")
    assert (reply.code, reply.message) == (1007, "不正确或多余的参数：currency")
