"""Messages that come twice, late, or in another order than they were sent; repeats of writes that come after the fact."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import settings as configuration
from chalicelib.services import matching, trading
from chalicelib.services.matching import batch, engine
from chalicelib.stores import accounts, aws
from tests.services import world

MARKET = "BTC-CNY"


@pytest.fixture(autouse=True)
def _cold(cloud):
    world.forget()


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_duplicates_and_reordering_break_nothing(data):
    ann = world.person(f"1{data.draw(st.integers(0, 10**9)):09d}", CNY="1000")
    bob = world.person(f"2{data.draw(st.integers(0, 10**9)):09d}", BTC="100")
    for _ in range(data.draw(st.integers(1, 6))):
        uid, side = data.draw(st.sampled_from([(ann, "buy"), (bob, "sell")]))
        requests = [
            world.request(MARKET, side, data.draw(st.integers(1, 3)), data.draw(st.integers(1, 5)))
            for _ in range(data.draw(st.integers(1, 3)))
        ]
        trading.place(uid, requests)
    messages = world.receive(MARKET)
    world.delete(MARKET, messages)
    bodies = [message["Body"] for message in messages]
    deliveries = data.draw(st.permutations(bodies * 2))
    while deliveries:
        size = data.draw(st.integers(1, 10))
        if data.draw(st.booleans()):
            batch.forget()
        matching.run(MARKET, deliveries[:size])
        deliveries = deliveries[size:]
    world.check()


def test_an_order_older_than_the_window_is_looked_up(monkeypatch):
    monkeypatch.setattr(engine, "WINDOW_ORDERS_MAX", 1)
    ann = world.person("1000000001", CNY="1000")
    world.place(ann, MARKET, "buy", 1, 1)
    world.place(ann, MARKET, "buy", 2, 1)
    world.place(ann, MARKET, "buy", 3, 1)
    messages = world.receive(MARKET)
    world.delete(MARKET, messages)
    for message in messages:
        matching.run(MARKET, [message["Body"]])
    for message in messages:
        matching.run(MARKET, [message["Body"]])
    world.check()
    assert len(batch._engines[MARKET].window.ids) == 1
    assert batch._engines[MARKET].state.seq == 3


def test_the_sweeper_sends_what_was_reserved_but_never_sent(monkeypatch):
    ann = world.person("1000000001", CNY="1000")
    with monkeypatch.context() as patch:
        patch.setattr(trading, "_send", lambda accepted: None)
        order_id = world.place(ann, MARKET, "buy", 1, 1)
    assert matching.sweep() == {"resent": 0, "ghosts": 0}
    with monkeypatch.context() as patch:
        world.later(patch, 31_000)
        assert matching.sweep() == {"resent": 1, "ghosts": 0}
        world.pump(MARKET)
        assert matching.sweep() == {"resent": 0, "ghosts": 0}
    assert world.order(ann, order_id).status == "open"
    world.check()


def test_a_late_repeat_of_a_reservation_is_undone(monkeypatch):
    """The network delivers a repeat of the reservation after the order has already left its intents."""
    ann = world.person("1000000001", CNY="1000")
    calls = []
    update = accounts.update
    with monkeypatch.context() as patch:
        patch.setattr(accounts, "update", lambda *args: (calls.append(args), update(*args)))
        order_id = world.place(ann, MARKET, "buy", 1, 1)
    world.pump(MARKET)
    update(*calls[0])
    assert world.balances(ann) == {"CNY": (998, 2)}
    with monkeypatch.context() as patch:
        world.later(patch, 31_000)
        assert matching.sweep() == {"resent": 0, "ghosts": 1}
    assert world.balances(ann) == {"CNY": (999, 1)}
    assert world.order(ann, order_id).status == "open"
    world.check()


def test_a_message_that_nobody_can_have_written_does_not_stop_the_market():
    ann = world.person("1000000001", CNY="1000")
    for body in ("", "{}", "[]", '{"place": [[1]]}', '{"place": [], "halt": true}', '{"buy": 1}', "null", "\x00"):
        matching.run(MARKET, [body])
    foreign = world.place(ann, "LTC-CNY", "buy", 1, 1)
    (message,) = world.receive("LTC-CNY")
    matching.run(MARKET, [message["Body"]])
    world.pump("LTC-CNY")
    assert world.order(ann, foreign).status == "open"
    order_id = world.place(ann, MARKET, "buy", 1, 1)
    world.pump(MARKET)
    assert world.order(ann, order_id).status == "open"
    world.check()


def test_an_order_on_which_the_core_raises_is_rejected_and_the_others_live(monkeypatch):
    from chalicelib.core import matching as rules

    ann = world.person("1000000001", CNY="1000")
    ids = [world.place(ann, MARKET, "buy", price, 1) for price in (1, 2, 3)]
    apply = rules.apply

    def raising(state, command, at, settings):
        found = apply(state, command, at, settings)
        if getattr(command, "order", None) and command.order.id == ids[1]:
            raise ZeroDivisionError
        return found

    with monkeypatch.context() as patch:
        patch.setattr(rules, "apply", raising)
        world.pump(MARKET)
    assert [world.order(ann, order_id).ending for order_id in ids] == [None, "rejected", None]
    assert world.balances(ann) == {"CNY": (996, 4)}
    world.check()


def test_a_sweep_of_many_makers_is_cut_into_entries(monkeypatch):
    monkeypatch.setattr(batch, "FILLS_PER_ENTRY_MAX", 3)
    bob = world.person("1000000002", BTC="100")
    ann = world.person("1000000001", CNY="1000")
    for _ in range(3):
        trading.place(bob, [world.request(MARKET, "sell", 1, 1)] * 4)
    world.pump(MARKET)
    for amount in (5, 2, 5):
        world.place(ann, MARKET, "buy", 1, amount)
    world.pump(MARKET)
    assert world.balances(ann) == {"BTC": (12, 0), "CNY": (988, 0)}
    world.check()


def test_the_largest_entry_fits_an_item(monkeypatch):
    from chalicelib.core.orders import Entry, Order, OrderFilled, OrderPlaced, Side
    from chalicelib.stores import journal

    large = 10**18 - 1
    order = Order(
        2**53 - 1, "9999999999", MARKET, Side.BUY, 10**16, large, 10**13, 10**8, 10**8, client_order_id="x" * 36
    )
    fills = batch.FILLS_PER_ENTRY_MAX + 999
    events = [OrderPlaced(order)]
    # Incompressible figures, as bad as they can be.
    for number in range(fills):
        figures = [hash((number, k)) % large for k in range(6)]
        events.append(
            OrderFilled(order.id * 1000 + number, order.id, order.uid, Side.BUY, figures[0], "8888888888",
                        figures[1], figures[2], figures[3], figures[4], figures[5], order.price, large, 0, large, 0)
        )  # fmt: skip
    plain = [
        [e.trade_id, e.maker_id, e.maker_uid, e.price, e.amount, e.quote, e.buyer_fee, e.seller_fee] for e in events[1:]
    ]
    assert len(json.dumps(plain)) < 400_000
    assert len(journal.encode(tuple(events))) < 300_000
    assert Entry(MARKET, 1, 1, tuple(events)).events


def test_a_batch_of_events_beyond_sqs_is_not_lost():
    """More messages than one receive brings: each is processed once, in order."""
    ann = world.person("1000000001", CNY="1000")
    ids = [world.place(ann, MARKET, "buy", 1, 1) for _ in range(12)]
    world.pump(MARKET)
    assert [view.order.id for view in trading.orders(ann, None, None, 20, None, None).items] == ids[::-1]
    queue = aws.client("sqs").get_queue_attributes(
        QueueUrl=configuration.queue_url(MARKET), AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert queue["Attributes"]["ApproximateNumberOfMessages"] == "0"
    world.check()
