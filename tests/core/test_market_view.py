"""What market readers keep, depth and minutes, against a slow twin that keeps every trade and asks the book itself."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.candles import DAY_MINUTES, MINUTE_MS, TAIL_MINUTES_MAX, Tail, Ticker, fold, ticker
from chalicelib.core.history import trades
from chalicelib.core.market_view import MarketView
from chalicelib.core.orders import Entry, Side, TimeInForce
from tests.core.journals import BEGIN, MARKET, MINUTE, STEPS, journal
from tests.core.twin import ONE

GTC = TimeInForce.GTC


#: A trade at a price, as two orders of one entry.
def deal(price, amount=ONE):
    return [(Side.SELL, price, amount, "bob", GTC, False, 0), (Side.BUY, price, amount, "ann", GTC, False, 0)]


def minutes_of(steps):
    minutes = {}
    for entry, _ in journal(steps, self_trade_allowed=False):
        fold(minutes, entry)
    return minutes


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
    view, made, minutes = MarketView(), [], {}
    for entry, state in journal(steps, self_trade_allowed=self_trade_allowed):
        view.apply(entry)
        made += trades(entry)
        fold(minutes, entry)
        for side in Side:
            assert view.depth(side, 99) == list(state.book.levels(side))
            assert view.depth(side, 1) == list(state.book.levels(side))[:1]
        now = entry.at + later
        assert ticker(minutes, made[-1].price if made else 0, now) == slow_ticker(made, now)
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
    assert ticker({}, 0, BEGIN) == Ticker(0, 0, 0, 0, 0)


def test_a_trade_counts_until_the_end_of_the_minute_a_day_later():
    minutes = minutes_of([(deal(2 * ONE), 0)])
    minute = BEGIN // MINUTE * MINUTE
    assert ticker(minutes, 2 * ONE, minute + DAY_MINUTES * MINUTE_MS - 1).volume == ONE
    assert ticker(minutes, 2 * ONE, minute + DAY_MINUTES * MINUTE_MS) == Ticker(last=2 * ONE), (
        "the last price is kept for ever"
    )


def test_within_a_minute_the_first_trade_is_first_and_the_last_is_last():
    minutes = minutes_of([(deal(ONE), 0), (deal(3 * ONE), 1), (deal(2 * ONE), 1)])
    assert ticker(minutes, 2 * ONE, BEGIN + 2) == Ticker(last=2 * ONE, high=3 * ONE, low=ONE, volume=3 * ONE, first=ONE)
    assert next(iter(minutes.values())).close == 2 * ONE


def test_a_tail_keeps_the_newest_minutes_that_had_trades_and_says_where_it_begins():
    tail = Tail()
    steps = [
        (deal(ONE), 0),
        *[(deal(ONE), MINUTE)] * TAIL_MINUTES_MAX,
        ([(Side.BUY, ONE, ONE, "ann", GTC, False, 0)], 9 * MINUTE),
    ]
    changed = [tail.apply(entry) for entry, _ in journal(steps, self_trade_allowed=False)]
    assert changed == [True] * (TAIL_MINUTES_MAX + 1) + [False]
    assert list(tail.minutes) == [BEGIN // MINUTE + number for number in range(1, TAIL_MINUTES_MAX + 1)]
    assert (tail.begins, tail.seq, tail.last) == (BEGIN // MINUTE + 1, TAIL_MINUTES_MAX + 1, ONE)
    assert Tail.from_plain(json.loads(json.dumps(tail.to_plain()))) == tail
    (again, *_) = [entry for entry, _ in journal(steps, self_trade_allowed=False)]
    assert not tail.apply(again), "what it has, or had, changes nothing"


@pytest.mark.parametrize("seq", [0, 2])
def test_an_entry_out_of_turn_is_refused(seq):
    with pytest.raises(AssertionError):
        MarketView().apply(Entry(MARKET.id, seq, BEGIN, ()))
