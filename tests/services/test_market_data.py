"""What anyone may know of a market: as the journal has it, at the cost of one query."""

import pytest

from chalicelib.core.candles import Ticker
from chalicelib.services import market_data, matching
from chalicelib.services.market_data import Depth
from chalicelib.services.matching import checkpoints
from chalicelib.stores import journal
from tests.faults.injection import Faults, before, injected
from tests.services import world

MARKET = "BTC-CNY"
ANN, BOB = "1000000001", "1000000002"
WHOLE = 10**8


@pytest.fixture(autouse=True)
def _people(small):
    world.forget()
    world.person(ANN, CNY="1000")
    world.person(BOB, BTC="1000")


def trade(price, amount=1):
    world.place(BOB, MARKET, "sell", price, amount)
    world.place(ANN, MARKET, "buy", price, amount)
    world.pump(MARKET)


def seen(monkeypatch, read):
    with injected(monkeypatch, Faults()) as counted:
        read()
    return counted.seen


def test_of_a_new_market_there_is_nothing_to_see():
    assert market_data.depth(MARKET, 10) == Depth([], [])
    assert market_data.tickers([MARKET]) == {MARKET: Ticker()}
    assert market_data.trades(MARKET, None, 10).items == []
    assert market_data.tickers([]) == {}


def test_depth_adds_up_each_price_best_first_as_far_as_asked():
    for price, amount in ((1, 1), (3, 1), (2, 1), (3, 2)):
        world.place(ANN, MARKET, "buy", price, amount)
        world.place(BOB, MARKET, "sell", 10 - price, amount)
    world.pump(MARKET)
    assert market_data.depth(MARKET, 2) == Depth(
        asks=[(7 * WHOLE, 3 * WHOLE), (8 * WHOLE, WHOLE)], bids=[(3 * WHOLE, 3 * WHOLE), (2 * WHOLE, WHOLE)]
    )


def test_what_an_order_holds_but_no_market_has_seen_is_not_in_the_depth():
    world.place(ANN, MARKET, "buy", 1, 1)
    assert market_data.depth(MARKET, 5).bids == []
    world.pump(MARKET)
    assert len(market_data.depth(MARKET, 5).bids) == 1


def test_tickers_of_several_markets_are_each_their_own():
    trade(2)
    trade(3)
    found = market_data.tickers([MARKET, "GOOC-CNY"])
    assert found == {
        MARKET: Ticker(last=3 * WHOLE, high=3 * WHOLE, low=2 * WHOLE, volume=2 * WHOLE, first=2 * WHOLE),
        "GOOC-CNY": Ticker(),
    }


def test_a_day_later_only_the_last_price_is_known(monkeypatch):
    trade(2)
    world.later(monkeypatch, 86_400_000 + 60_000)
    assert market_data.tickers([MARKET]) == {MARKET: Ticker(last=2 * WHOLE)}


def test_trades_come_in_exact_pages():
    for price in (1, 2, 3):
        trade(price)
    page = market_data.trades(MARKET, None, 2)
    assert ([one.price for one in page.items], page.more) == ([3 * WHOLE, 2 * WHOLE], True)
    page = market_data.trades(MARKET, page.items[-1].id, 2)
    assert ([one.price for one in page.items], page.more) == ([WHOLE], False)


def test_a_warm_reader_asks_one_query_and_within_half_a_second_none(monkeypatch):
    assert seen(monkeypatch, lambda: market_data.depth(MARKET, 5)) == ["GetItem", "Query"]
    assert seen(monkeypatch, lambda: market_data.depth(MARKET, 5)) == ["Query"]
    monkeypatch.setattr(market_data, "FRESH_MS", 60_000)
    assert seen(monkeypatch, lambda: market_data.depth(MARKET, 5)) == []


def test_a_cold_reader_starts_from_the_newest_checkpoint(monkeypatch):
    monkeypatch.setattr(checkpoints, "ENTRIES_MIN", 1)
    for price in (1, 2, 3):
        trade(price)
    whole = market_data._view(MARKET)
    assert matching.checkpoint([MARKET]) == {MARKET: 2}
    market_data.forget()
    assert market_data._view(MARKET) == whole
    market_data.forget()
    assert seen(monkeypatch, lambda: market_data.depth(MARKET, 5)) == ["GetItem", "GetObject", "Query"]


def test_an_entry_that_a_read_missed_is_waited_for(monkeypatch):
    """Reads of readers are eventually consistent: one may show an entry before the one ahead of it."""
    for _ in range(3):
        world.place(ANN, MARKET, "buy", 1, 1)
        world.pump(MARKET)
    entries = list(journal.since(MARKET, 0))
    answers = [[entries[0], entries[2]], entries[1:]]
    monkeypatch.setattr(journal, "since", lambda market, seq, consistent: iter(answers.pop(0)))
    assert market_data.depth(MARKET, 5).bids == [(WHOLE, WHOLE)]
    assert market_data.depth(MARKET, 5).bids == [(WHOLE, 3 * WHOLE)]


def test_a_reader_that_failed_goes_on_where_it_was(monkeypatch):
    world.place(ANN, MARKET, "buy", 1, 1)
    world.pump(MARKET)
    market_data.depth(MARKET, 5)
    world.place(ANN, MARKET, "buy", 1, 1)
    world.pump(MARKET)
    with injected(monkeypatch, Faults(0, before)), pytest.raises(Exception, match=r"aws\.test"):
        market_data.depth(MARKET, 5)
    assert market_data.depth(MARKET, 5).bids == [(WHOLE, 2 * WHOLE)]
