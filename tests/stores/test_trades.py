"""Trades: a person's come from two indexes and read as one list."""

import pytest

from chalicelib.core.orders import Side, Trade
from chalicelib.stores import table, trades

ANN, BOB, EVE = "1000000001", "1000000002", "1000000003"
MARKETS = ("BTC-CNY", "LTC-CNY")


def trade(number, taker=ANN, maker=BOB, market="BTC-CNY"):
    return Trade(number, market, 5, 10**16, 10**18, 10**18 - 1, Side.BUY, number * 2, taker, number * 2 + 1, maker)


def ids(page):
    return [one.id for one in page.items]


@pytest.fixture
def many(cloud):
    """Ann takes from Bob, then Bob from Ann, then Ann from herself, then Bob from Eve, and so on, on two markets."""
    pairs = [(ANN, BOB), (BOB, ANN), (ANN, ANN), (BOB, EVE)]
    made = [trade(number, *pairs[number % 4], MARKETS[number % 3 == 0]) for number in range(1, 101)]
    table.put_all([trades.row(one) for one in made])
    return made


def test_a_trade_comes_back_whole(cloud):
    trades.row(trade(1)).save()
    assert trades.of_market("BTC-CNY", None, 5).items == [trade(1)]


def test_a_market_shows_its_newest_first_in_exact_pages(many):
    wanted = [one.id for one in reversed(many) if one.market == "BTC-CNY"]
    page = trades.of_market("BTC-CNY", None, 10)
    assert (ids(page), page.more) == (wanted[:10], True)
    page = trades.of_market("BTC-CNY", wanted[9], len(wanted) - 10)
    assert (ids(page), page.more) == (wanted[10:], False)
    assert trades.of_market("DOGE-BTC", None, 5).items == []


@pytest.mark.parametrize("uid", [ANN, BOB, EVE, "1000000004"])
@pytest.mark.parametrize("market", [None, *MARKETS])
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_a_persons_trades_on_either_side_are_one_list_in_exact_pages(many, uid, market, limit):
    wanted = [
        one.id for one in reversed(many) if uid in {one.taker_uid, one.maker_uid} and market in {None, one.market}
    ]
    found, before = [], None
    for _ in range(4):  # some pages suffice to see whether they join
        page = trades.of_user(uid, market, before, limit)
        found += ids(page)
        assert page.more == (len(found) < len(wanted))
        assert len(page.items) <= limit
        if not page.more:
            break
        before = found[-1]
    assert found == wanted[: len(found)]
    assert page.more or found == wanted


def test_trades_are_found_by_id_whatever_their_market(many):
    found = trades.get(MARKETS, [3, 4, 4, 999])
    assert [(one.id, one.market) for one in found] == [(4, "BTC-CNY"), (3, "LTC-CNY")]
    assert [one.id for one in trades.get(MARKETS, range(1, 101))] == list(range(100, 0, -1))
    assert trades.get(MARKETS, []) == []
    assert trades.get([], [1]) == []


def test_a_trade_may_be_written_again(many):
    table.put_all([trades.row(many[0])])
    assert trades.count("BTC-CNY") + trades.count("LTC-CNY") == 100
