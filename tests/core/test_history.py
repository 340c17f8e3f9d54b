"""What entries do to the lists that people read: the orders as the book has them, the trades as they happened."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.history import OrderChange, as_left, order_changes, trades
from chalicelib.core.orders import Ending, OrderFilled, Side, Status, TimeInForce, status_of
from tests.core.journals import MARKET, STEPS, journal
from tests.core.twin import ONE, an_order

GTC = TimeInForce.GTC


def test_an_order_is_told_once_per_entry_as_the_entry_leaves_it():
    step = [
        (Side.SELL, ONE, ONE, "bob", GTC, False, 0),
        (Side.BUY, ONE, 3 * ONE + 7, "ann", GTC, False, 0),
        (1, "bob"),
        (2, "ann"),
    ]
    ((entry, _),) = journal([(step, 0)], self_trade_allowed=False)
    offer, bid = order_changes(entry)
    assert (offer.filled, offer.ending, offer.open) == (ONE, None, False)
    assert (bid.filled, bid.ending, bid.open) == (ONE, Ending.CANCELLED, False)
    assert as_left(bid).filled == ONE
    assert bid.placed.filled == 0


def test_only_an_order_that_arrived_in_the_entry_is_known_whole():
    with pytest.raises(AssertionError):
        as_left(OrderChange(1, "ann", 5, 5, 1))


def test_a_status_is_open_partial_filled_or_cancelled():
    assert [status_of(2, filled, None) for filled in (0, 1, 2)] == [Status.OPEN, Status.PARTIAL, Status.FILLED]
    assert {status_of(2, 1, ending) for ending in Ending} == {Status.CANCELLED}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(STEPS, st.booleans())
def test_the_orders_that_changes_leave_open_are_the_book(steps, self_trade_allowed):
    placed, ended = {}, set()
    for entry, state in journal(steps, self_trade_allowed=self_trade_allowed):
        changes = order_changes(entry)
        assert len({change.id for change in changes}) == len(changes)
        for change in changes:
            assert change.id not in ended, "no order goes on after its end"
            if change.placed is not None:
                assert change.id not in placed
                placed[change.id] = as_left(change)
            order = placed[change.id]
            assert (change.uid, change.amount) == (order.uid, order.amount)
            assert order.filled <= change.filled <= order.amount
            order.filled = change.filled
            if not change.open:
                ended.add(change.id)
        resting = {order.id: order for order in state.book.orders()}
        assert {order_id: order for order_id, order in placed.items() if order_id not in ended} == resting


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STEPS, st.booleans())
def test_the_trades_of_an_order_add_up_to_what_it_is_filled(steps, self_trade_allowed):
    filled, seen, ids = {}, {}, []
    for entry, _ in journal(steps, self_trade_allowed=self_trade_allowed):
        made = trades(entry)
        assert [trade.id for trade in made] == [e.trade_id for e in entry.events if isinstance(e, OrderFilled)]
        ids += [trade.id for trade in made]
        for trade in made:
            assert (trade.market, trade.at) == (MARKET.id, entry.at)
            assert trade.quote == trade.price * trade.amount // ONE > 0
            for order_id in (trade.taker_id, trade.maker_id):
                filled[order_id] = filled.get(order_id, 0) + trade.amount
        for change in order_changes(entry):
            seen[change.id] = change.filled
    assert filled == {order_id: amount for order_id, amount in seen.items() if amount}
    assert len(set(ids)) == len(ids)


def test_an_order_that_arrives_and_rests_is_left_as_it_came():
    step = [(Side.BUY, ONE, ONE, "ann", GTC, True, 100_000)]
    ((entry, _),) = journal([(step, 0)], self_trade_allowed=False)
    (change,) = order_changes(entry)
    expected = an_order(1, Side.BUY, ONE, ONE, post_only=True, maker_fee=100_000, taker_fee=50_000)
    assert as_left(change) == expected
    assert change.open
