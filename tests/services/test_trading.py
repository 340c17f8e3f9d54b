"""Placing, matching, cancelling: one person's order from request to balance, over moto."""

from decimal import Decimal

import pytest

from chalicelib.core.orders import Ending, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import market_data, matching, trading
from chalicelib.stores import accounts
from tests.services import world

ANN, BOB, EVE = "1000000001", "1000000002", "1000000003"


@pytest.fixture(autouse=True)
def _exchange(cloud):
    world.forget()
    world.person(ANN, CNY="10000")
    world.person(BOB, BTC="10")
    yield
    world.check()


def test_an_accepted_order_freezes_what_it_holds_and_is_seen_at_once():
    order_id = world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    assert world.balances(ANN) == {"CNY": (8000, 2000)}
    assert world.order(ANN, order_id).status is Status.OPEN
    world.pump("BTC-CNY")
    assert world.balances(ANN) == {"CNY": (8000, 2000)}
    assert world.order(ANN, order_id).status is Status.OPEN
    assert accounts.get(ANN).waiting_since is None


def test_a_trade_pays_both_sides_at_the_makers_price():
    sell = world.place(BOB, "BTC-CNY", "sell", 2000, 1)
    buy = world.place(ANN, "BTC-CNY", "buy", 2100, "0.4")
    world.pump("BTC-CNY")
    assert world.balances(ANN) == {"CNY": (9200, 0), "BTC": (Decimal("0.4"), 0)}
    assert world.balances(BOB) == {"CNY": (800, 0), "BTC": (9, Decimal("0.6"))}
    assert world.order(ANN, buy).status is Status.FILLED
    assert world.order(BOB, sell).status is Status.PARTIAL
    (trade,) = trading.trades(ANN, None, None, 10, None).items
    assert (trade.taker_id, trade.maker_id) == (buy, sell)
    assert trading.trades(BOB, "BTC-CNY", None, 10, [trade.id]).items == [trade]
    assert trading.trades(EVE, None, None, 10, [trade.id]).items == []


def test_fees_are_taken_from_what_is_received_and_go_to_the_markets_house():
    world.person(BOB, GOOC="1000")
    world.place(BOB, "GOOC-CNY", "sell", 2, 1000)
    world.place(ANN, "GOOC-CNY", "buy", 2, 1000)
    world.pump("GOOC-CNY")
    assert world.balances(ANN)["GOOC"] == (999, 0)
    assert world.balances(BOB)["CNY"] == (1998, 0)
    assert world.balances("house-GOOC-CNY") == {"GOOC": (1, 0), "CNY": (2, 0)}


@pytest.mark.parametrize("market", ["BTC-CNY", "GOOC-CNY"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_order_pays_the_rate_it_was_placed_at_as_maker_and_as_taker(market, side):
    """One side has a rate of its own, the other its market's; each comes out of what that side receives."""
    rate, own = 200_000, Decimal("0.001") if market == "GOOC-CNY" else 0
    base = market.partition("-")[0]
    world.person(ANN, **{base: "2000"})
    world.person(BOB, **{base: "2000", "CNY": "10000"})
    other = {"buy": "sell", "sell": "buy"}[side]
    before = {uid: world.balances(uid) for uid in (ANN, BOB)}
    world.place(ANN, market, side, 2, 500, fee=rate)
    world.pump(market)
    world.forget()  # what rests is read back from the journal, its rate with it
    world.place(BOB, market, other, 2, 500)
    world.pump(market)
    world.place(BOB, market, other, 2, 500)
    world.place(ANN, market, side, 2, 500, fee=rate)
    world.pump(market)
    gets = {"buy": (base, 500), "sell": ("CNY", 1000)}

    def received(uid, of):
        asset, amount = gets[of]
        return (world.balances(uid)[asset][0] - before[uid][asset][0]) / amount

    assert received(ANN, side) == 2 * Decimal("0.998")
    assert received(BOB, other) == 2 * (1 - own)


def test_the_rate_of_an_order_survives_a_checkpoint_and_two_rates_meet_in_one_fill():
    world.person(BOB, CNY="1000")
    for number in range(60):
        world.place(BOB, "BTC-CNY", "sell", 2000, "0.01", fee=200_000 + number)
        world.pump("BTC-CNY")
    assert matching.checkpoint(["BTC-CNY"])
    world.forget()
    world.place(ANN, "BTC-CNY", "buy", 2000, "0.6", fee=0)
    world.pump("BTC-CNY")
    kept = 1200 - sum(20 * Decimal(200_000 + number) / 10**8 for number in range(60))
    assert world.balances(BOB)["CNY"] == (1000 + kept, 0)
    assert world.balances(ANN)["BTC"] == (Decimal("0.6"), 0)


def test_what_fits_is_taken_in_the_requests_order():
    requests = [world.request("BTC-CNY", "buy", 1, amount) for amount in (6000, 5000, 4000)]
    first, second, third = trading.place(ANN, requests)
    assert isinstance(first, int)
    assert isinstance(third, int)
    assert isinstance(second, Refused)
    assert second.reason is Reason.INSUFFICIENT_FUNDS
    world.pump("BTC-CNY")
    assert world.balances(ANN) == {"CNY": (0, 10000)}


@pytest.mark.parametrize(
    ("market", "price", "amount", "reason"),
    [
        ("ABC-DEF", 1, 1, Reason.NO_SUCH_MARKET),
        ("btc-cny ", 1, 1, Reason.NO_SUCH_MARKET),
        ("BTC-CNY", 0, 1, Reason.PRICE_OUT_OF_RANGE),
        ("BTC-CNY", -1, 1, Reason.PRICE_OUT_OF_RANGE),
        ("BTC-CNY", "100000000.1", 1, Reason.PRICE_OUT_OF_RANGE),
        ("BTC-CNY", 1, "0.99999999", Reason.BELOW_MINIMUM),
        ("LTC-BTC", "0.001", "0.99", Reason.BELOW_MINIMUM),
        ("BTC-CNY", 100, 101, Reason.INSUFFICIENT_FUNDS),
        ("BTC-CNY", 100000000, 10**10, Reason.INSUFFICIENT_FUNDS),
    ],
)
def test_what_cannot_be_placed_is_refused_by_name(market, price, amount, reason):
    with pytest.raises(Refused) as refused:
        world.place(ANN, market, "buy", price, amount)
    assert refused.value.reason is reason
    assert world.balances(ANN) == {"CNY": (10000, 0)}


@pytest.mark.parametrize(
    ("price", "amount", "parameter"),
    [
        ("1.000001", 1, "orders[1].price"),  # CNY has five decimals
        ("NaN", 1, "orders[1].price"),
        ("Infinity", 1, "orders[1].price"),
        ("1E+99999", 1, "orders[1].price"),
        (1, "1.000000001", "orders[1].amount"),
        (1, 0, "orders[1].amount"),
        (1, -1, "orders[1].amount"),
        (1, "1E-99999", "orders[1].amount"),
        (1, 10**11, "orders[1].amount"),
    ],
)
def test_a_number_that_no_order_can_have_refuses_the_whole_request(price, amount, parameter):
    with pytest.raises(Refused) as refused:
        trading.place(ANN, [world.request("BTC-CNY", "buy", 1, 1), world.request("BTC-CNY", "buy", price, amount)])
    assert (refused.value.reason, refused.value.parameter) == (Reason.PARAMETER_INVALID, parameter)
    assert world.balances(ANN) == {"CNY": (10000, 0)}


def test_a_cancel_gives_back_what_was_held(monkeypatch):
    order_id = world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    world.pump("BTC-CNY")
    monkeypatch.setattr(trading.clock, "sleep_ms", lambda _: world.pump("BTC-CNY"))
    assert trading.cancel(ANN, [order_id, 5, order_id]) == trading.Cancellation(cancelled=[order_id], failed=[5])
    assert world.balances(ANN) == {"CNY": (10000, 0)}
    assert world.order(ANN, order_id).status is Status.CANCELLED
    assert trading.cancel(ANN, [order_id]) == trading.Cancellation(cancelled=[], failed=[order_id])


def test_a_cancel_reaches_an_order_that_is_still_on_its_way(monkeypatch):
    order_id = world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    monkeypatch.setattr(trading.clock, "sleep_ms", lambda _: world.pump("BTC-CNY"))
    assert trading.cancel(ANN, [order_id]).cancelled == [order_id]
    assert world.balances(ANN) == {"CNY": (10000, 0)}


def test_nobody_cancels_anothers_order():
    order_id = world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    world.pump("BTC-CNY")
    assert trading.cancel(BOB, [order_id]) == trading.Cancellation(cancelled=[], failed=[order_id])


def test_an_outcome_that_stays_unknown_is_neither_success_nor_failure(monkeypatch):
    order_id = world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    world.pump("BTC-CNY")
    passing = iter(range(0, 100_000, 1_000))
    monkeypatch.setattr(trading.clock, "monotonic_ms", lambda: next(passing))
    monkeypatch.setattr(trading.clock, "sleep_ms", lambda _: None)
    assert trading.cancel(ANN, [order_id]) == trading.Cancellation(cancelled=[], failed=[])
    world.pump("BTC-CNY")


def test_an_order_that_may_not_rest_ends_and_frees_its_funds():
    order_id = world.place(ANN, "BTC-CNY", "buy", 2000, 1, tif="IOC")
    world.pump("BTC-CNY")
    assert world.order(ANN, order_id).ending is Ending.IMMEDIATE
    assert world.balances(ANN) == {"CNY": (10000, 0)}


def test_a_client_order_id_places_once():
    first = world.place(ANN, "BTC-CNY", "buy", 2000, 1, client_order_id="a-1")
    assert world.place(ANN, "BTC-CNY", "buy", 2000, 1, client_order_id="a-1") == first
    world.pump("BTC-CNY")
    assert world.place(ANN, "BTC-CNY", "buy", 2000, 1, client_order_id="a-1") == first
    assert world.balances(ANN) == {"CNY": (8000, 2000)}
    world.person(EVE, CNY="2000")
    assert world.place(EVE, "BTC-CNY", "buy", 2000, 1, client_order_id="a-1") != first
    world.pump("BTC-CNY")


def test_a_repeat_gives_the_first_result_even_if_it_could_not_be_placed_now():
    first = world.place(ANN, "BTC-CNY", "buy", 2000, 1, client_order_id="a-1")
    assert world.place(ANN, "BTC-CNY", "buy", 2000, "0.0001", client_order_id="a-1") == first
    world.pump("BTC-CNY")


def test_a_client_order_id_places_once_within_one_request():
    twice = [world.request("BTC-CNY", "buy", 2000, 1, client_order_id="a-1")] * 2
    first, second = trading.place(ANN, twice)
    assert first == second
    world.pump("BTC-CNY")
    assert world.balances(ANN) == {"CNY": (8000, 2000)}


def test_a_refused_order_frees_its_client_order_id():
    with pytest.raises(Refused):
        world.place(ANN, "BTC-CNY", "buy", 20000, 1, client_order_id="a-1")
    world.place(ANN, "BTC-CNY", "buy", 2000, 1, client_order_id="a-1")
    world.pump("BTC-CNY")


def test_one_busy_client_order_id_holds_up_only_its_own_order(monkeypatch):
    from chalicelib import clock
    from chalicelib.stores import placements

    placements.claim(ANN, "busy", 10**15, clock.now_ms())
    named = [world.request("BTC-CNY", "buy", 1, 1, client_order_id=name) for name in ("free", "busy")]
    free, busy = trading.place(ANN, named)
    assert isinstance(free, int)
    assert busy.reason is Reason.TOO_OFTEN
    assert world.place(ANN, "BTC-CNY", "buy", 1, 1, client_order_id="free") == free
    world.pump("BTC-CNY")


def test_a_client_order_id_of_yesterday_is_forgotten(monkeypatch):
    first = world.place(ANN, "BTC-CNY", "buy", 1, 1, client_order_id="a-1")
    world.pump("BTC-CNY")
    with monkeypatch.context() as patch:
        world.later(patch, 86_400_001)
        with pytest.raises(Refused) as refused:
            world.place(ANN, "BTC-CNY", "buy", 1, "0.1", client_order_id="a-1")
        assert refused.value.reason is Reason.BELOW_MINIMUM
        assert world.place(ANN, "BTC-CNY", "buy", 1, 1, client_order_id="a-1") != first
    world.pump("BTC-CNY")


def test_a_filtered_list_reads_on_in_large_steps(monkeypatch):
    from tests.faults.injection import Faults, injected

    for _ in range(4):
        trading.place(ANN, [world.request("BTC-CNY", "buy", 1, 1, tif="IOC")] * 10)
    oldest = world.place(BOB, "BTC-CNY", "sell", 5000, 1)
    world.pump("BTC-CNY")
    with injected(monkeypatch, Faults()) as faults:
        assert trading.orders(ANN, None, None, 1, Status.OPEN, None).items == []
        assert trading.orders(ANN, "LTC-CNY", None, 1, None, None).items == []
        assert trading.trades(ANN, "LTC-CNY", None, 1, None).items == []
    assert faults.seen.count("Query") == 4
    assert world.order(BOB, oldest).status is Status.OPEN


def test_too_many_orders_on_their_way_have_to_wait(monkeypatch):
    monkeypatch.setattr(accounts, "INTENTS_MAX", 3)
    results = trading.place(ANN, [world.request("BTC-CNY", "buy", 1, 1)] * 4)
    assert [isinstance(result, int) for result in results] == [True, True, True, False]
    assert results[3].reason is Reason.TOO_MANY_OPEN_ORDERS
    world.pump("BTC-CNY")
    world.place(ANN, "BTC-CNY", "buy", 1, 1)
    world.pump("BTC-CNY")


def test_who_loses_every_race_is_not_told_that_funds_are_short(monkeypatch):
    def always_late(uid, placed, needs, at):
        raise accounts.Short(accounts.get(uid))

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "reserve", always_late)
        with pytest.raises(Refused) as refused:
            world.place(ANN, "BTC-CNY", "buy", 1, 1)
    assert refused.value.reason is Reason.TOO_OFTEN


def test_a_halted_market_refuses_orders_but_lets_cancels_pass(monkeypatch):
    from chalicelib.services import operations

    resting = world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    operations.run({"verb": "halt", "market": "btc-cny"})
    on_its_way = world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    world.pump("BTC-CNY")
    assert world.order(ANN, on_its_way).ending is Ending.HALTED
    trading.forget()
    with pytest.raises(Refused) as refused:
        world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    assert refused.value.reason is Reason.MARKET_HALTED
    monkeypatch.setattr(trading.clock, "sleep_ms", lambda _: world.pump("BTC-CNY"))
    assert trading.cancel(ANN, [resting]).cancelled == [resting]
    operations.run({"verb": "resume", "market": "BTC-CNY"})
    world.pump("BTC-CNY")
    trading.forget()
    world.place(ANN, "BTC-CNY", "buy", 2000, 1)
    world.pump("BTC-CNY")
    assert world.balances(ANN) == {"CNY": (8000, 2000)}


def test_lists_are_newest_first_in_pages_that_know_whether_more_follow():
    ids = [world.place(ANN, "BTC-CNY", "buy", 1, 1) for _ in range(5)]
    world.pump("BTC-CNY")
    ids.append(world.place(ANN, "BTC-CNY", "buy", 1, 1))  # still on its way
    page = trading.orders(ANN, None, None, 4, None, None)
    assert [view.order.id for view in page.items] == ids[:1:-1]
    assert page.more
    page = trading.orders(ANN, "BTC-CNY", ids[2], 2, Status.OPEN, None)
    assert [view.order.id for view in page.items] == [ids[1], ids[0]]
    assert not page.more
    assert trading.orders(ANN, "LTC-CNY", None, 4, None, None).items == []
    world.pump("BTC-CNY")


def test_readers_of_the_market_see_depth_last_price_and_trades():
    world.place(BOB, "BTC-CNY", "sell", 2000, 1)
    world.place(BOB, "BTC-CNY", "sell", 2100, 1)
    world.place(ANN, "BTC-CNY", "buy", 2000, "0.4")
    world.place(ANN, "BTC-CNY", "buy", 1900, "0.5")
    world.pump("BTC-CNY")
    depth = market_data.depth("BTC-CNY", 10)
    assert depth.asks == [(2000 * 10**8, 6 * 10**7), (2100 * 10**8, 10**8)]
    assert depth.bids == [(1900 * 10**8, 5 * 10**7)]
    assert market_data.tickers(["BTC-CNY"])["BTC-CNY"].last == 2000 * 10**8
    assert len(market_data.trades("BTC-CNY", None, 10).items) == 1


def test_a_cold_matcher_continues_from_checkpoint_and_journal(monkeypatch):
    monkeypatch.setattr("chalicelib.services.matching.checkpoints.ENTRIES_MIN", 1)
    for price in (1, 2, 3, 3):
        world.place(ANN, "BTC-CNY", "buy", price, 1)
        world.pump("BTC-CNY")
    assert matching.checkpoint() == {"BTC-CNY": 3}
    assert matching.checkpoint() == {}
    world.forget()
    world.place(BOB, "BTC-CNY", "sell", 2, 4)
    world.pump("BTC-CNY")
    assert world.balances(BOB) == {"BTC": (6, 1), "CNY": (8, 0)}
    world.forget()
    assert market_data.depth("BTC-CNY", 10).asks == [(2 * 10**8, 10**8)]
