"""One scenario through every dialect leaves the same ledger; people, one per dialect, trade in one market.

Where a dialect differs, `people.BORROWED` and `people.FEES` say so; the scenarios know nothing of it.
"""

from decimal import Decimal

import pytest

from chalicelib.services import wallet
from tests.parity.people import BORROWED, FEES, SPEAKERS, VERBS, Coinport, Deal, Seen
from tests.services import world

MARKET = "BTC-USDT"
BEGIN = Decimal(1000)


def held(person):
    """asset → (available, frozen, pending), of what is not nothing: the ledger itself, whatever a dialect shows of it."""
    return {
        asset: tuple(Decimal(part) / 10**8 for part in (one.available, one.frozen, one.pending))
        for asset, one in wallet.balances(person.uid).items()
        if one.total
    }


def test_from_registration_to_withdrawal(exchange, person):
    """register → fund → place → cancel → fill → history → withdraw."""
    fee = FEES.get(person.dialect, Decimal(0))
    other = Coinport(exchange)
    other.register()
    other.fund("BTC", Decimal(1))

    person.register()
    person.fund("USDT", BEGIN)
    assert person.balances() == {"USDT": BEGIN}

    resting = person.place(MARKET, "buy", Decimal(400), Decimal("0.25"))
    exchange.match()
    assert held(person) == {"USDT": (900, 100, 0)}
    assert person.cancel(resting)
    assert held(person) == {"USDT": (1000, 0, 0)}

    other.place(MARKET, "sell", Decimal(500), Decimal("0.8"))
    exchange.match()
    bought = person.place(MARKET, "buy", Decimal(510), Decimal("0.5"))
    exchange.match()
    received = Decimal("0.5") * (1 - fee)
    assert person.balances() == {"USDT": Decimal(750), "BTC": received}

    assert person.orders() == [
        Seen(bought, "buy", Decimal(510), Decimal("0.5"), Decimal("0.5"), "filled"),
        Seen(resting, "buy", Decimal(400), Decimal("0.25"), Decimal(0), "cancelled"),
    ]
    assert person.deals() == [Deal(Decimal(500), Decimal("0.5"))]

    person.withdraw("USDT", Decimal(100))
    assert held(person) == {"USDT": (650, 0, 100), "BTC": (received, 0, 0)}
    person.settled()
    assert held(person) == {"USDT": (650, 0, 0), "BTC": (received, 0, 0)}
    assert person.withdrawals() == [("USDT", Decimal(100), 4)]
    assert world.violations() == []


def test_people_one_per_dialect_trade_in_one_market(exchange):
    """Everybody sells to everybody else in turn, so that each dialect's orders meet each other's, as makers and as takers."""
    people = [kind(exchange) for kind in SPEAKERS.values()]
    expected = {}
    for person in people:
        person.register()
        person.fund("BTC", Decimal(2))
        person.fund("USDT", BEGIN)
        expected[person.uid] = {"BTC": Decimal(2), "USDT": BEGIN}
    amount, fees = Decimal("0.1"), {"BTC": Decimal(0), "USDT": Decimal(0)}
    deals = dict.fromkeys(expected, 0)
    for round_number, seller in enumerate(people):
        for buyer in people:
            if buyer is seller:
                continue
            price = Decimal(500 + round_number)
            # In every other round the buyer comes first, and the seller takes.
            for person, side in ((seller, "sell"), (buyer, "buy"))[:: 1 if round_number % 2 else -1]:
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
        assert person.balances() == expected[person.uid]
        assert {asset: row[1:] for asset, row in held(person).items()} == {"BTC": (0, 0), "USDT": (0, 0)}
        assert len(person.deals()) == deals[person.uid] == 2 * (len(people) - 1)
        assert {one.status for one in person.orders()} == {"filled"}
    assert fees["BTC"] > 0
    assert fees["USDT"] > 0
    total = {asset: sum(row[asset] for row in expected.values()) + fees[asset] for asset in fees}
    assert total == {"BTC": 2 * len(people), "USDT": BEGIN * len(people)}
    assert world.violations() == []


@pytest.mark.parametrize("dialect", SPEAKERS)
def test_what_is_borrowed_is_what_is_listed(dialect):
    """The list cannot lie: what a dialect's person does in a way of its own is not borrowed, and the other way round."""
    own = set(VERBS) & set(vars(SPEAKERS[dialect]))
    assert own == set(VERBS) - set(BORROWED[dialect])
