"""A ramp to drive: a partner, people who are identified, wishes with every field, and who calls."""

import itertools
import json
from dataclasses import replace
from decimal import Decimal

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core import ramp
from chalicelib.core.identity import Standing
from chalicelib.core.kyc import Location, Paper, Status
from chalicelib.core.ramp import Payer, Purchase, Receiver, Sale
from chalicelib.services import identity, wallet
from chalicelib.services.ramp import accounts, moves, orders, partners
from chalicelib.stores import users

SOURCE = "binance"
TERMS = ramp.terms(Decimal("56.5"), Decimal("0.01"), Decimal("0.005"))
PAYER = Payer("Juan", "Santos", "Cruz", "PH", "1990-01-31")
OURS = Receiver(account="8888 0001 2222", first_name="GOW", last_name="Inc", bank_name="UNINE Bank", swift="UA125")
THEIRS = Receiver(
    "001234567890", "Juan Cruz", "Juan", "Santos", "Cruz", "1990-01-31", "PH", "", "", "1 Rizal Ave", "BDO", "2 Ayala Ave",
    "PH", "Metro Manila", "Makati", "Ayala", "BNORPHMM",
)  # fmt: skip
ACCOUNT = "juan@example.ph"
_numbers = itertools.count(1)


def partner(source=SOURCE, terms=TERMS):
    """A new partner."""
    partners.add(source, terms, OURS)
    return partners.get(source)


def person(account=ACCOUNT, source=SOURCE, *, passed=True, **funds):
    """Somebody whom the partner knows as `account`, identified, with funds; the uid."""
    uid = users.next_uid()
    users.register(uid, rules.email(f"{uid}@example.ph"), {}, "en", clock.now_ms())
    users.UserRow(uid).update(actions=[users.UserRow.standing.set(Standing.ACTIVE.value)])
    accounts.link(source, account, uid, vouched=True)
    if passed:
        identity.hand_in(uid, "Juan Cruz", Location.OTHER, Paper.PASSPORT, f"P{uid}")
        identity.review(uid, Status.APPROVED, "")
    for asset, amount in funds.items():
        wallet.credit(uid, asset, Decimal(amount), None)
    return uid


def purchase(legal="1000", **changes):
    """A wish to buy, of a new number."""
    number = next(_numbers)
    wish = Purchase(f"IN-{number}", ACCOUNT, ramp.amount(legal, 2, ""), f"NOTE{number}", PAYER)
    return replace(wish, **changes)


def sale(coins="10", **changes):
    """A wish to sell, of a new number."""
    wish = Sale(f"OUT-{next(_numbers)}", ACCOUNT, ramp.amount(coins, 6, ""), THEIRS)
    return replace(wish, **changes)


def get(order):
    """An order as it is now."""
    return moves.find(order.source, order.order_no)


def held(uid):
    """(available, pending) of a person's coins, in whole units."""
    balance = wallet.balances(uid).get(ramp.COIN)
    return (Decimal(balance.available) / 10**8, Decimal(balance.pending) / 10**8) if balance else (0, 0)


def path(order):
    """The states that an order went through, as the document numbers them."""
    return "".join(moved.status for moved in get(order).moves)


def bought(by, wish=None):
    """A purchase that waits for money."""
    order = orders.buy(by, wish or purchase())
    return moves.approve(order.source, order.order_no, "ann")


def headers(api_key, secret, fields=None, timestamp=None):
    """The headers of a signed call."""
    stamp = str(clock.now_ms() if timestamp is None else timestamp)
    text = ramp.signed_text({**(fields or {}), "apiKey": api_key, "timestamp": stamp})
    return {"apiKey": api_key, "timestamp": stamp, "sign": ramp.signature(text, secret)}


def as_signed(body):
    """What of a JSON body is signed, in the simplest way: texts and numbers as they stand in it."""
    return {
        name: value for name, value in json.loads(body, parse_int=str, parse_float=str).items() if value is not None
    }
