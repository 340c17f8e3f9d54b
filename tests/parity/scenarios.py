"""What people do, in words of no dialect. Where dialects differ, `BORROWED` and `FEES` say so; nothing here does."""

from decimal import Decimal

from tests.parity.exchanges import MARKET
from tests.parity.people import FEES, Coinport, Deal, Seen

BEGIN = Decimal(1000)


def from_registration_to_withdrawal(exchange, person):
    """register → fund → place → cancel → fill → history → withdraw. What is left in the ledger is the same for everybody."""
    fee = FEES.get(person.dialect, Decimal(0))
    other = Coinport(exchange)
    other.register()
    other.fund("BTC", Decimal(1))

    person.register()
    person.fund("USDT", BEGIN)
    exchange.agree(person.balances, {"USDT": BEGIN})

    resting = person.place(MARKET, "buy", Decimal(400), Decimal("0.25"))
    exchange.match()
    exchange.agree(lambda: exchange.held(person.uid), {"USDT": (900, 100, 0)})
    assert person.cancel(resting)
    exchange.agree(lambda: exchange.held(person.uid), {"USDT": (1000, 0, 0)})

    other.place(MARKET, "sell", Decimal(500), Decimal("0.8"))
    exchange.match()
    bought = person.place(MARKET, "buy", Decimal(510), Decimal("0.5"))
    exchange.match()
    received = Decimal("0.5") * (1 - fee)
    exchange.agree(person.balances, {"USDT": Decimal(750), "BTC": received})

    assert person.orders() == [
        Seen(bought, "buy", Decimal(510), Decimal("0.5"), Decimal("0.5"), "filled"),
        Seen(resting, "buy", Decimal(400), Decimal("0.25"), Decimal(0), "cancelled"),
    ]
    assert person.deals() == [Deal(Decimal(500), Decimal("0.5"))]

    person.withdraw("USDT", Decimal(100))
    assert exchange.held(person.uid) == {"BTC": (received, 0, 0), "USDT": (650, 0, 100)}
    person.settled()
    assert exchange.held(person.uid) == {"BTC": (received, 0, 0), "USDT": (650, 0, 0)}
    assert person.withdrawals("USDT") == [(Decimal(100), "Succeeded")]
    assert exchange.violations() == []


def everybody_trades_with_everybody(exchange, people):
    """Each sells to each other in turn, so that every dialect's orders meet every other's, as makers and as takers."""
    expected = {}
    for person in people:
        person.register()
        person.fund("BTC", Decimal(2))
        person.fund("USDT", BEGIN)
        expected[person.uid] = {"BTC": Decimal(2), "USDT": BEGIN}
    amount, fees = Decimal("0.1"), {"BTC": Decimal(0), "USDT": Decimal(0)}
    deals = dict.fromkeys(expected, 0)
    for number, seller in enumerate(people):
        for buyer in people:
            if buyer is seller:
                continue
            price = Decimal(500 + number)
            # In every other round the buyer comes first, and the seller takes.
            for person, side in ((seller, "sell"), (buyer, "buy"))[:: 1 if number % 2 else -1]:
                person.place(MARKET, side, price, amount)
                exchange.match()
            for person, gives, gets, given, got in (
                (seller, "BTC", "USDT", amount, price * amount),
                (buyer, "USDT", "BTC", price * amount, amount),
            ):
                fee = got * FEES.get(person.dialect, Decimal(0))
                expected[person.uid][gives] -= given
                expected[person.uid][gets] += got - fee
                fees[gets] += fee
                deals[person.uid] += 1
    for person in people:
        exchange.agree(person.balances, expected[person.uid])
        held = exchange.held(person.uid)
        assert {asset: row[1:] for asset, row in held.items()} == {"BTC": (0, 0), "USDT": (0, 0)}
        assert len(person.deals()) == deals[person.uid] == 2 * (len(people) - 1)
        assert {one.status for one in person.orders()} == {"filled"}
    assert all(fees.values()), "somebody here pays fees, on either side"
    total = {asset: sum(row[asset] for row in expected.values()) + fees[asset] for asset in fees}
    assert total == {"BTC": 2 * len(people), "USDT": BEGIN * len(people)}
    assert exchange.violations() == []
