"""Every AWS call of the fiat ramp fails once, before or after it took effect, or is repeated unseen. Whatever was answered, in
the end there is one order, its coins have moved once or not at all, and the books balance."""

from decimal import Decimal

import pytest

from chalicelib import clock
from chalicelib.core import ramp
from chalicelib.core.ramp import Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.ramp import deadlines, moves, orders, partners, signing
from chalicelib.stores import transfers, vault
from tests.faults.injection import FAULTS, Faults, after, injected
from tests.faults.test_identity_calls import each_call
from tests.services import ramp_world, world
from tests.services.ramp_world import SOURCE, bought, get, held, path, purchase, sale

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _books(cloud, monkeypatch):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
    world.forget()
    vault._pepper()
    yield
    assert world.violations() == []


@pytest.fixture
def partner():
    return ramp_world.partner()


def customer(number, **funds):
    """A customer of his own for each try; the account's name."""
    account = f"customer-{number}"
    return account, ramp_world.person(account, **funds)


def named(order):
    return order.source, order.order_no


def settled(outcome, again):
    """What a partner or an operator does who heard nothing: the same once more."""
    if isinstance(outcome, Exception):
        assert not isinstance(outcome, Refused), outcome
        return again()
    return outcome


@fault
def test_a_purchase_is_pushed(monkeypatch, fault, partner):
    def prepare(number):
        account, uid = customer(number)
        return purchase(account=account), uid

    for (wish, uid), outcome in each_call(monkeypatch, fault, prepare, lambda ready: orders.buy(partner, ready[0])):
        order = settled(outcome, lambda wish=wish: orders.buy(partner, wish))
        assert orders.get(partner, wish.order_no) == order
        assert (path(order), held(uid)) == ("1", (0, 0))


@fault
def test_a_sale_is_pushed(monkeypatch, fault, partner):
    def prepare(number):
        account, uid = customer(number, USDT="50")
        return sale("20", account=account), uid

    for (wish, uid), outcome in each_call(monkeypatch, fault, prepare, lambda ready: orders.sell(partner, ready[0])):
        assert held(uid) in {(50, 0), (30, 20)}
        order = settled(outcome, lambda wish=wish: orders.sell(partner, wish))
        assert orders.get(partner, wish.order_no) == order
        assert (path(order), held(uid)) == ("1", (30, 20))


@fault
@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_an_operator_decides(monkeypatch, fault, partner, verdict):
    def prepare(number):
        account, uid = customer(number, USDT="50")
        return orders.sell(partner, sale("20", account=account)), uid

    def step(ready):
        order = ready[0]
        return getattr(moves, verdict)(*named(order), "ann", "")

    for (order, uid), outcome in each_call(monkeypatch, fault, prepare, step):
        settled(outcome, lambda order=order: step((order,)))
        assert (path(order), held(uid)) == (("13", (30, 20)) if verdict == "approve" else ("12", (50, 0)))


@fault
def test_money_comes_in(monkeypatch, fault, partner):
    def prepare(number):
        account, _ = customer(number)
        return bought(partner, purchase(account=account))

    def step(order):
        return moves.credit(order.note_code, order.amounts.legal, "ann")

    for order, outcome in each_call(monkeypatch, fault, prepare, step):
        if isinstance(outcome, Exception):
            assert not isinstance(outcome, Refused)
            if path(order) == "13":
                step(order)
        assert path(order) == "134", "and never twice"


@fault
def test_coins_are_released(monkeypatch, fault, partner):
    def prepare(number):
        account, uid = customer(number)
        order = bought(partner, purchase(account=account))
        moves.credit(order.note_code, order.amounts.legal, "ann")
        return order, uid

    def step(ready):
        return moves.release(*named(ready[0]), "ann")

    for (order, uid), outcome in each_call(monkeypatch, fault, prepare, step):
        coins = Decimal(order.amounts.coins) / 10**8
        assert held(uid) in {(0, 0), (coins, 0)}
        done = settled(outcome, lambda order=order: step((order,)))
        assert (done.status, path(order), held(uid)) == (Status.RELEASED, "1345", (coins, 0))


@fault
def test_a_sale_is_paid(monkeypatch, fault, partner):
    def prepare(number):
        account, uid = customer(number, USDT="50")
        order = orders.sell(partner, sale("20", account=account))
        return moves.approve(*named(order), "ann"), uid

    for (order, uid), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: moves.pay(*named(ready[0]), "ann")
    ):
        if isinstance(outcome, Exception):
            assert not isinstance(outcome, Refused)
            assert path(order) in {"13", "134", "1345"}
            moves.pay(*named(order), "ann")
        assert (path(order), held(uid)) == ("1345", (30, 0))


@fault
@pytest.mark.parametrize("kind", ["unpaid", "unburnt"])
def test_the_schedule_ends_what_is_due(monkeypatch, fault, partner, kind):
    """A schedule that failed comes again, by itself."""
    now = clock.now_ms

    def prepare(number):
        monkeypatch.setattr(clock, "now_ms", now)
        account, uid = customer(number, USDT="50")
        if kind == "unpaid":
            order = bought(partner, purchase(account=account))
        else:
            order = orders.sell(partner, sale("20", account=account))
            moves.approve(*named(order), "ann")
            moves._moved(*named(order), ramp.Move.PAY, "ann", "")
        monkeypatch.setattr(clock, "now_ms", lambda: now() + 2 * ramp.PAY_MS)
        return order, uid

    for (order, uid), outcome in each_call(monkeypatch, fault, prepare, lambda _: deadlines.run()):
        if isinstance(outcome, Exception):
            assert not isinstance(outcome, Refused)
            deadlines.run()
        assert (path(order), held(uid)) == (("132", (50, 0)) if kind == "unpaid" else ("1345", (30, 0)))
        assert len(get(order).moves) == len(path(order))


@fault
def test_a_call_is_taken_once(monkeypatch, fault):
    made = partners.add(SOURCE, ramp_world.TERMS, ramp_world.OURS)

    def prepare(number):
        signed = ramp_world.headers(made.api_key, made.secret, {"a": str(number)})
        return signing.Call(made.api_key, signed["timestamp"], signed["sign"], {"a": str(number)})

    def step(call):
        vault._opened.clear()
        return signing.caller(call)

    for call, outcome in each_call(monkeypatch, fault, prepare, step):
        if not isinstance(outcome, Exception):
            assert outcome.source == SOURCE, "a write that botocore sent twice is not taken for another's"
            with pytest.raises(Refused) as caught:
                signing.caller(call)
            assert caught.value.reason is Reason.REPLAYED
        else:
            assert not isinstance(outcome, Refused)


@fault
def test_a_partner_is_made_and_changed(monkeypatch, fault):
    def step(number):
        made = partners.add(f"p{number}", ramp_world.TERMS, ramp_world.OURS)
        partners.set_terms(f"p{number}", ramp.terms(Decimal(50), Decimal(0), Decimal(0)))
        partners.set_receiver(f"p{number}", ramp_world.THEIRS)
        return made, partners.renew(f"p{number}")

    for number, outcome in each_call(monkeypatch, fault, lambda number: number, step):
        if isinstance(outcome, Exception):
            assert not isinstance(outcome, Refused)
            continue
        found = partners.get(f"p{number}")
        first, second = outcome
        assert (found.api_key, found.secret, found.terms.rate) == (second.api_key, second.secret, 50 * 10**8)
        assert partners.partners.by_key(first.api_key) is None
        assert partners.partners.by_key(second.api_key) == found


def test_a_write_whose_answer_is_lost_is_read_back(monkeypatch, partner):
    """Not only harmless: the caller hears that it was done."""
    account, _ = customer(0)
    wish = purchase(account=account)
    calls = Faults()
    with injected(monkeypatch, calls):
        orders.buy(partner, wish)
    put = calls.seen.index("PutItem")
    with injected(monkeypatch, Faults(put, after)):
        order = orders.buy(partner, purchase(account=account))
    calls = Faults()
    with injected(monkeypatch, calls):
        moves.approve(*named(order), "ann")
    update = calls.seen.index("UpdateItem")
    other = orders.buy(partner, purchase(account=account))
    with injected(monkeypatch, Faults(update, after)):
        assert moves.approve(*named(other), "ann").status is Status.APPROVED


def test_a_twin_that_was_faster_held_the_coins(monkeypatch, partner):
    """Both looked and saw no order; the slower one finds the coins gone, into this very order."""
    account, uid = customer(0, USDT="20")
    wish = sale("20", account=account)
    hold = transfers.open_withdrawal

    def late(*arguments):
        monkeypatch.setattr(transfers, "open_withdrawal", hold)
        orders.sell(partner, wish)
        return hold(*arguments)

    monkeypatch.setattr(transfers, "open_withdrawal", late)
    assert orders.sell(partner, wish) == orders.get(partner, wish.order_no)
    assert held(uid) == (0, 20)
