"""A small exchange on moto to drive: people with funds, orders in, queues pumped through matchers, invariants checked."""

from decimal import Decimal

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from chalicelib import clock, settings
from chalicelib.core import matching as rules
from chalicelib.core.orders import Side, TimeInForce
from chalicelib.core.reasons import Refused
from chalicelib.services import audit, market_data, matching, trading, wallet
from chalicelib.services.matching import batch, engine
from chalicelib.stores import accounts, aws, journal


def run_machine(machine, monkeypatch, *, examples, steps):
    """Walk a state machine that puts its own clock in place: the same walks each time, for a run that fails is run again."""
    monkeypatch.setattr(clock, "now_ms", clock.now_ms)  # puts back what the machine replaces
    monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )


def forget():
    """Make every part cold, as a new container is."""
    batch.forget()
    market_data.forget()
    trading.forget()


def person(uid, **funds):
    """An account with deposits: ``person("1000000001", BTC="2.5")``."""
    accounts.ensure(uid)
    for asset, amount in funds.items():
        wallet.credit(uid, asset, Decimal(amount), None)
    return uid


def request(market, side, price, amount, tif="GTC", **more):
    return trading.OrderRequest(
        market, Side(side), Decimal(str(price)), Decimal(str(amount)), tif=TimeInForce(tif), **more
    )


def place(uid, market, side, price, amount, tif="GTC", **more):
    """One order; its id. A refusal is raised."""
    (result,) = trading.place(uid, [request(market, side, price, amount, tif, **more)])
    if isinstance(result, Refused):
        raise result
    return result


def receive(market):
    """Up to ten messages of a market's queue, as the event source brings them; until deleted, they come again."""
    found = aws.client("sqs").receive_message(
        QueueUrl=settings.queue_url(market), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return found.get("Messages", [])


def delete(market, messages):
    for message in messages:
        aws.client("sqs").delete_message(QueueUrl=settings.queue_url(market), ReceiptHandle=message["ReceiptHandle"])


def pump(*markets):
    """Let the matchers of `markets` work off their queues."""
    for market in markets:
        while messages := receive(market):
            matching.run(market, [message["Body"] for message in messages])
            delete(market, messages)


def violations():
    return audit.audit(owed_ms=0).violations


def check():
    """Invariants 1 to 5, and that a warm matcher's memory is the fold of its journal."""
    assert violations() == []
    for market, warm in batch._engines.items():
        state = rules.MarketState()
        for entry in journal.since(market, 0):
            rules.replay(state, entry)
        assert engine.snapshot(warm.state) == engine.snapshot(state)


def balances(uid):
    """asset → (available, frozen) in whole units, without empty ones."""
    return {
        asset: (Decimal(balance.available) / 10**8, Decimal(balance.frozen) / 10**8)
        for asset, balance in wallet.balances(uid).items()
        if balance.total
    }


def order(uid, order_id):
    (view,) = trading.orders(uid, None, None, 10, None, [order_id]).items
    return view


def later(monkeypatch, ms):
    """Move the clock on."""
    now = clock.now_ms
    monkeypatch.setattr(clock, "now_ms", lambda: now() + ms)
