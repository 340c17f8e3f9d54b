"""What market readers keep, against a slow twin that keeps every trade and asks the book itself."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.history import trades
from chalicelib.core.market_view import DAY_MINUTES, MINUTE_MS, MarketView, Ticker
from chalicelib.core.orders import Entry, Side, TimeInForce
from tests.core.journals import BEGIN, MARKET, MINUTE, STEPS, journal
from tests.core.twin import ONE

GTC = TimeInForce.GTC


#: A trade at a price, as two orders of one entry.
def deal(price, amount=ONE):
    return [(Side.SELL, price, amount, "bob", GTC, False, 0), (Side.BUY, price, amount, "ann", GTC, False, 0)]


def view_of(steps):
    view = MarketView()
    for entry, _ in journal(steps, self_trade_allowed=False):
        view.apply(entry)
    return view


def slow_ticker(made, now):
    """Over the minute of `now` and the 1439 before it."""
    day = [trade for trade in made if trade.at // MINUTE > now // MINUTE - 1440]
    last = made[-1].price if made else 0
    if not day:
        return Ticker(last=last)
    prices = [trade.price for trade in day]
    return Ticker(last, max(prices), min(prices), sum(trade.amount for trade in day), prices[0])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(STEPS, st.booleans(), st.sampled_from([0, 1, 59_999, MINUTE, 1_439 * MINUTE, 1_440 * MINUTE]))
def test_levels_are_the_books_and_the_ticker_is_that_of_all_trades(steps, self_trade_allowed, later):
    view, made = MarketView(), []
    for entry, state in journal(steps, self_trade_allowed=self_trade_allowed):
        view.apply(entry)
        made += trades(entry)
        for side in Side:
            assert view.depth(side, 99) == list(state.book.levels(side))
            assert view.depth(side, 1) == list(state.book.levels(side))[:1]
        now = entry.at + later
        assert view.ticker(now) == slow_ticker(made, now)
        assert MarketView.from_plain(json.loads(json.dumps(view.to_plain()))) == view


@settings(max_examples=50, deadline=None, derandomize=True)
@given(STEPS, st.integers(0, 14))
def test_a_view_that_was_stored_goes_on_as_one_that_was_not(steps, at):
    entries = [entry for entry, _ in journal(steps, self_trade_allowed=True)]
    whole, stored = MarketView(), MarketView()
    for entry in entries[:at]:
        stored.apply(entry)
    stored = MarketView.from_plain(json.loads(json.dumps(stored.to_plain())))
    for entry in entries:
        whole.apply(entry)
    for entry in entries[at:]:
        stored.apply(entry)
    assert stored == whole


def test_a_market_without_trades_has_a_ticker_of_zeros():
    assert MarketView().ticker(BEGIN) == Ticker(0, 0, 0, 0, 0)


def test_a_trade_counts_until_the_end_of_the_minute_a_day_later():
    view = view_of([(deal(2 * ONE), 0)])
    minute = BEGIN // MINUTE * MINUTE
    assert view.ticker(minute + DAY_MINUTES * MINUTE_MS - 1).volume == ONE
    assert view.ticker(minute + DAY_MINUTES * MINUTE_MS) == Ticker(last=2 * ONE), "the last price is kept for ever"


def test_within_a_minute_the_first_trade_is_first_and_the_last_is_last():
    ticker = view_of([(deal(ONE), 0), (deal(3 * ONE), 1), (deal(2 * ONE), 1)]).ticker(BEGIN + 2)
    assert ticker == Ticker(last=2 * ONE, high=3 * ONE, low=ONE, volume=3 * ONE, first=ONE)


def test_minutes_of_long_ago_are_forgotten():
    view = view_of([(deal(ONE), 0), (deal(ONE), MINUTE), (deal(ONE), (DAY_MINUTES - 1) * MINUTE)])
    assert sorted(view.minutes) == [BEGIN // MINUTE + 1, BEGIN // MINUTE + DAY_MINUTES]


def test_entries_without_trades_make_a_view_forget_as_well():
    view = view_of([(deal(ONE), 0), ([(Side.BUY, ONE, ONE, "ann", GTC, False, 0)], 2 * DAY_MINUTES * MINUTE)])
    assert view.minutes == {}
    assert view.last == ONE


@pytest.mark.parametrize("seq", [0, 2])
def test_an_entry_out_of_turn_is_refused(seq):
    with pytest.raises(AssertionError):
        MarketView().apply(Entry(MARKET.id, seq, BEGIN, ()))
