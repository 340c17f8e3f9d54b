from collections import Counter, defaultdict
from dataclasses import fields, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.book import Book
from chalicelib.core.ids import ORDER_BASE
from chalicelib.core.matching import (
    BrokenJournal,
    MarketState,
    Rules,
    apply,
    cancel,
    place,
    reject,
    replay,
    seal,
)
from chalicelib.core.orders import (
    Cancel,
    Ending,
    Entry,
    Halt,
    MarketHalted,
    MarketResumed,
    Order,
    OrderCancelled,
    OrderFilled,
    OrderPlaced,
    Place,
    Resume,
    Side,
    TimeInForce,
    hold_of,
    is_dust,
)
from tests.core.twin import ONE, Twin, an_order

BUY, SELL = Side.BUY, Side.SELL
FOK, IOC = TimeInForce.FOK, TimeInForce.IOC
RULES = Rules(self_trade_allowed=False)
TENTH = ONE // 10  # a price at which fewer than ten 1e-8 are dust
NOW = 1_800_000_000_000


def buy(number: int, price: int, amount: int, uid: str = "ann", **more) -> Order:
    """A buy in whole units."""
    return an_order(number, BUY, price * ONE, amount * ONE, uid=uid, **more)


def sell(number: int, price: int, amount: int, uid: str = "bob", **more) -> Order:
    """A sell in whole units."""
    return an_order(number, SELL, price * ONE, amount * ONE, uid=uid, **more)


def book_of(*orders: Order) -> Book:
    book = Book()
    for order in orders:
        assert place(book, order, NOW, RULES) == [OrderPlaced(order)]
    return book


def numbers(book: Book) -> list[int]:
    return [order.id - ORDER_BASE for order in book.orders()]


def fills(events) -> list[tuple[int, int, int]]:
    """The maker's number, price and amount (1e-8) of each fill."""
    return [(e.maker_id - ORDER_BASE, e.price, e.amount) for e in events if isinstance(e, OrderFilled)]


def endings(events) -> list[tuple[int, Ending]]:
    return [(event.order_id - ORDER_BASE, event.ending) for event in events if isinstance(event, OrderCancelled)]


class TestPriceAndTime:
    def test_an_order_that_meets_nobody_rests(self):
        book = Book()
        order = buy(1, 10, 5)
        assert place(book, order, NOW, RULES) == [OrderPlaced(order)]
        assert numbers(book) == [1]

    def test_a_taker_trades_at_the_makers_price(self):
        book = book_of(sell(1, 9, 5))
        placed, filled = place(book, buy(2, 10, 5), NOW, RULES)
        assert (filled.price, filled.quote) == (9 * ONE, 45 * ONE)
        assert placed == OrderPlaced(buy(2, 10, 5))
        assert len(book) == 0

    def test_the_best_price_goes_first_then_who_came_first(self):
        book = book_of(sell(1, 11, 1), sell(2, 10, 1), sell(3, 10, 1), sell(4, 9, 1))
        events = place(book, buy(5, 11, 4), NOW, RULES)
        assert [number for number, *_ in fills(events)] == [4, 2, 3, 1]

    def test_a_seller_takes_the_highest_buy_first(self):
        book = book_of(buy(1, 9, 1), buy(2, 10, 1), buy(3, 8, 1))
        events = place(book, sell(5, 9, 3), NOW, RULES)
        assert fills(events) == [(2, 10 * ONE, ONE), (1, 9 * ONE, ONE)]
        assert list(book.levels(SELL)) == [(9 * ONE, ONE)]

    def test_equal_prices_cross(self):
        book = book_of(sell(1, 10, 1))
        assert len(fills(place(book, buy(2, 10, 1), NOW, RULES))) == 1

    def test_what_is_left_of_a_taker_rests_at_its_own_price_behind_the_others(self):
        book = book_of(sell(1, 9, 2), buy(2, 8, 1))
        place(book, buy(3, 8, 1), NOW, RULES)
        place(book, buy(4, 10, 5), NOW, RULES)
        place(book, buy(5, 10, 5), NOW, RULES)
        assert numbers(book) == [4, 5, 2, 3]
        assert book.get(ORDER_BASE + 4).filled == 2 * ONE

    def test_a_partly_filled_maker_keeps_its_turn(self):
        book = book_of(sell(1, 10, 3), sell(2, 10, 3))
        place(book, buy(3, 10, 1), NOW, RULES)
        assert fills(place(book, buy(4, 10, 3), NOW, RULES)) == [(1, 10 * ONE, 2 * ONE), (2, 10 * ONE, ONE)]

    def test_a_fill_tells_all_that_settling_needs(self):
        book = book_of(sell(1, 10, 5, maker_fee=100_000, taker_fee=7))
        place(book, buy(2, 10, 2, uid="cat"), NOW, RULES)
        events = place(book, buy(3, 12, 9, maker_fee=7, taker_fee=200_000), NOW, RULES)
        assert events[1:] == [
            OrderFilled(
                trade_id=(ORDER_BASE + 3) * 1000 + 1,
                taker_id=ORDER_BASE + 3,
                taker_uid="ann",
                taker_side=BUY,
                maker_id=ORDER_BASE + 1,
                maker_uid="bob",
                price=10 * ONE,
                amount=3 * ONE,
                quote=30 * ONE,
                buyer_fee=600_000,
                seller_fee=3_000_000,
                taker_price=12 * ONE,
                taker_amount=9 * ONE,
                taker_filled=3 * ONE,
                maker_amount=5 * ONE,
                maker_filled=5 * ONE,
            )
        ]

    def test_when_the_seller_takes_he_pays_the_takers_rate_of_his_own_order(self):
        book = book_of(buy(1, 10, 5, maker_fee=100_000, taker_fee=7))
        filled = place(book, sell(2, 10, 5, maker_fee=7, taker_fee=200_000), NOW, RULES)[1]
        assert (filled.buyer_fee, filled.seller_fee) == (500_000, 10_000_000)

    def test_fills_are_numbered_from_one(self):
        book = book_of(sell(1, 10, 1), sell(2, 10, 1))
        events = place(book, buy(3, 10, 2), NOW, RULES)
        assert [event.trade_id % 1000 for event in events[1:]] == [1, 2]
        assert [event.taker_filled for event in events[1:]] == [ONE, 2 * ONE]

    def test_the_placed_event_keeps_the_order_as_it_arrived_whatever_happens_later(self):
        book = Book()
        order = buy(1, 10, 5)
        (placed,) = place(book, order, NOW, RULES)
        place(book, sell(2, 10, 2), NOW, RULES)
        assert book.get(order.id).filled == 2 * ONE
        assert placed.order is not book.get(order.id)
        assert placed.order.filled == 0

    def test_what_rests_is_the_order_in_every_field(self):
        order = Order(
            id=ORDER_BASE + 7,
            uid="u",
            market="LTC-BTC",
            side=SELL,
            price=3,
            amount=2 * ONE,
            created=NOW,
            maker_fee=1,
            taker_fee=2,
            tif=TimeInForce.GTC,
            post_only=True,
            client_order_id="mine",
        )
        book = book_of(order)
        resting = book.get(order.id)
        assert resting is not order
        assert [getattr(resting, field.name) for field in fields(Order)] == [
            getattr(order, field.name) for field in fields(Order)
        ]


class TestTimeInForce:
    def test_immediate_takes_what_there_is_and_leaves(self):
        book = book_of(sell(1, 10, 2))
        events = place(book, buy(2, 10, 5, tif=IOC), NOW, RULES)
        assert fills(events) == [(1, 10 * ONE, 2 * ONE)]
        assert endings(events) == [(2, Ending.IMMEDIATE)]
        assert events[-1].filled == 2 * ONE
        assert len(book) == 0

    def test_immediate_that_fills_wholly_ends_without_a_cancel(self):
        book = book_of(sell(1, 10, 5))
        assert endings(place(book, buy(2, 10, 5, tif=IOC), NOW, RULES)) == []

    def test_fill_or_kill_fills_exactly_what_is_there(self):
        book = book_of(sell(1, 9, 2), sell(2, 10, 3))
        events = place(book, buy(3, 10, 5, tif=FOK), NOW, RULES)
        assert fills(events) == [(1, 9 * ONE, 2 * ONE), (2, 10 * ONE, 3 * ONE)]
        assert endings(events) == []

    def test_fill_or_kill_that_lacks_the_smallest_part_does_nothing_at_all(self):
        book = book_of(sell(1, 9, 2), sell(2, 10, 3), sell(3, 11, 9))
        before = [replace(order) for order in book.orders()]
        order = an_order(4, BUY, 10 * ONE, 5 * ONE + 1, tif=FOK)
        assert place(book, order, NOW, RULES)[1:] == [
            OrderCancelled(order.id, "ann", BUY, 10 * ONE, 5 * ONE + 1, 0, Ending.KILLED)
        ]
        assert list(book.orders()) == before

    def test_fill_or_kill_counts_no_maker_behind_its_owners_own_order(self):
        book = book_of(sell(1, 9, 2), sell(2, 10, 1, uid="ann"), sell(3, 10, 9))
        assert endings(place(book, buy(4, 10, 3, tif=FOK), NOW, RULES)) == [(4, Ending.KILLED)]
        assert endings(place(book, buy(5, 10, 2, tif=FOK), NOW, RULES)) == []

    def test_fill_or_kill_counts_no_fill_beyond_the_limit(self):
        rules = Rules(self_trade_allowed=False, fills_per_order_max=2)
        book = book_of(sell(1, 9, 1), sell(2, 9, 1), sell(3, 9, 1))
        assert endings(place(book, buy(4, 9, 3, tif=FOK), NOW, rules)) == [(4, Ending.KILLED)]
        assert len(fills(place(book, buy(5, 9, 2, tif=FOK), NOW, rules))) == 2

    def test_fill_or_kill_counts_no_fill_that_would_be_worth_nothing(self):
        book = book_of(an_order(1, SELL, TENTH, 10, uid="bob"), an_order(2, SELL, TENTH, 20, uid="bob"))
        assert endings(place(book, an_order(3, BUY, TENTH, 15, tif=FOK), NOW, RULES)) == [(3, Ending.KILLED)]

    def test_post_only_rests_when_it_does_not_cross(self):
        book = book_of(sell(1, 10, 1))
        assert endings(place(book, buy(2, 9, 1, post_only=True), NOW, RULES)) == []
        assert numbers(book) == [2, 1]

    @pytest.mark.parametrize("uid", ["ann", "bob"])
    def test_post_only_leaves_when_it_would_take_even_from_its_owner(self, uid):
        book = book_of(sell(1, 10, 1, uid=uid))
        events = place(book, buy(2, 10, 1, post_only=True), NOW, RULES)
        assert endings(events) == [(2, Ending.POST_ONLY)]
        assert fills(events) == []
        assert numbers(book) == [1]


class TestSelfTrade:
    def test_the_resting_order_stays_and_the_rest_of_the_taker_leaves_when_its_turn_comes(self):
        book = book_of(sell(1, 9, 1), sell(2, 10, 1, uid="ann"), sell(3, 10, 1))
        events = place(book, buy(4, 10, 3), NOW, RULES)
        assert fills(events) == [(1, 9 * ONE, ONE)]
        assert endings(events) == [(4, Ending.SELF_TRADE)]
        assert events[-1].filled == ONE
        assert numbers(book) == [2, 3]

    def test_an_order_of_ones_own_that_is_not_reached_does_no_harm(self):
        book = book_of(sell(1, 9, 1), sell(2, 10, 1, uid="ann"))
        assert endings(place(book, buy(3, 10, 1), NOW, RULES)) == []
        assert endings(place(book, buy(4, 9, 1), NOW, RULES)) == []

    def test_a_market_can_allow_it(self):
        book = book_of(sell(1, 10, 1, uid="ann"))
        assert len(fills(place(book, buy(2, 10, 1), NOW, Rules(self_trade_allowed=True)))) == 1


class TestFillLimit:
    def test_an_order_gets_a_thousand_fills_and_the_rest_of_it_leaves(self):
        book = book_of(*(sell(n, 10, 1) for n in range(1001)))
        events = place(book, buy(2000, 10, 1001), NOW, RULES)
        assert len(fills(events)) == 1000
        assert endings(events) == [(2000, Ending.FILL_LIMIT)]
        assert numbers(book) == [1000]
        trades = [event.trade_id for event in events if isinstance(event, OrderFilled)]
        assert trades == sorted(set(trades))

    def test_after_its_thousandth_fill_it_may_rest_when_nobody_else_crosses(self):
        book = book_of(*(sell(n, 10, 1) for n in range(1000)), sell(1000, 11, 1))
        events = place(book, buy(2000, 10, 1001), NOW, RULES)
        assert endings(events) == []
        assert numbers(book) == [2000, 1000]

    def test_a_market_may_set_a_lower_limit_but_none_above_the_trade_ids(self):
        book = book_of(sell(1, 10, 1), sell(2, 10, 1))
        rules = Rules(self_trade_allowed=False, fills_per_order_max=1)
        assert endings(place(book, buy(3, 10, 2), NOW, rules)) == [(3, Ending.FILL_LIMIT)]
        for wrong in (0, 1001):
            with pytest.raises(ValueError, match=str(wrong)):
                Rules(self_trade_allowed=False, fills_per_order_max=wrong)


class TestDust:
    def test_a_maker_left_with_dust_leaves_right_after_the_fill(self):
        book = book_of(an_order(1, SELL, TENTH, 29, uid="bob"))
        events = place(book, an_order(2, BUY, TENTH, 20), NOW, RULES)
        assert fills(events) == [(1, TENTH, 20)]
        assert events[-1] == OrderCancelled(ORDER_BASE + 1, "bob", SELL, TENTH, 29, 20, Ending.DUST)
        assert len(book) == 0

    def test_a_maker_left_with_just_more_than_dust_stays(self):
        book = book_of(an_order(1, SELL, TENTH, 30, uid="bob"))
        assert endings(place(book, an_order(2, BUY, TENTH, 20), NOW, RULES)) == []
        assert numbers(book) == [1]

    def test_a_taker_whose_rest_could_not_pay_the_next_maker_leaves(self):
        book = book_of(an_order(1, SELL, TENTH, 10, uid="bob"), an_order(2, SELL, TENTH, 20, uid="bob"))
        events = place(book, an_order(3, BUY, ONE, 19), NOW, RULES)
        assert fills(events) == [(1, TENTH, 10)]
        assert endings(events) == [(3, Ending.DUST)]
        assert numbers(book) == [2]
        assert book.get(ORDER_BASE + 2).filled == 0

    def test_a_taker_whose_rest_is_dust_at_its_own_price_does_not_rest(self):
        book = book_of(an_order(1, SELL, TENTH, 10, uid="bob"))
        assert endings(place(book, an_order(2, BUY, TENTH, 19), NOW, RULES)) == [(2, Ending.DUST)]
        assert len(book) == 0

    def test_an_order_that_arrives_as_dust_does_not_rest(self):
        book = Book()
        assert endings(place(book, an_order(1, SELL, TENTH, 9), NOW, RULES)) == [(1, Ending.DUST)]
        assert len(book) == 0

    def test_what_is_dust_at_a_sellers_own_price_still_sells_to_a_maker_who_pays_for_it(self):
        book = book_of(an_order(1, BUY, ONE, 10, uid="bob"), an_order(2, BUY, ONE, 10, uid="bob"))
        events = place(book, an_order(3, SELL, TENTH, 15), NOW, RULES)
        assert fills(events) == [(1, ONE, 10), (2, ONE, 5)]
        assert endings(events) == []


class TestCancel:
    def test_its_owner_takes_an_order_out(self):
        book = book_of(sell(1, 10, 5))
        place(book, buy(2, 10, 2), NOW, RULES)
        assert cancel(book, ORDER_BASE + 1, "bob") == [
            OrderCancelled(ORDER_BASE + 1, "bob", SELL, 10 * ONE, 5 * ONE, 2 * ONE, Ending.CANCELLED)
        ]
        assert len(book) == 0

    def test_nobody_else_does(self):
        book = book_of(sell(1, 10, 5))
        assert cancel(book, ORDER_BASE + 1, "ann") == []
        assert numbers(book) == [1]

    def test_an_order_that_is_not_there_is_no_event(self):
        assert cancel(Book(), ORDER_BASE + 1, "ann") == []

    def test_a_second_cancel_is_no_event(self):
        book = book_of(sell(1, 10, 5))
        cancel(book, ORDER_BASE + 1, "bob")
        assert cancel(book, ORDER_BASE + 1, "bob") == []


class TestHalt:
    def test_a_halted_market_refuses_new_orders_and_lets_cancels_pass(self):
        state = MarketState()
        apply(state, Place(sell(1, 10, 1)), NOW, RULES)
        assert apply(state, Halt(), NOW, RULES) == [MarketHalted()]
        order = buy(2, 10, 1)
        assert apply(state, Place(order), NOW, RULES) == [
            OrderPlaced(order),
            OrderCancelled(order.id, "ann", BUY, 10 * ONE, ONE, 0, Ending.HALTED),
        ]
        assert endings(apply(state, Cancel(ORDER_BASE + 1, "bob"), NOW, RULES)) == [(1, Ending.CANCELLED)]

    def test_halting_and_resuming_twice_is_no_event(self):
        state = MarketState()
        assert apply(state, Resume(), NOW, RULES) == []
        assert apply(state, Halt(), NOW, RULES) == [MarketHalted()]
        assert apply(state, Halt(), NOW, RULES) == []
        assert apply(state, Resume(), NOW, RULES) == [MarketResumed()]
        assert apply(state, Resume(), NOW, RULES) == []


class TestRefusal:
    @pytest.mark.parametrize("wrong", [{"price": 0}, {"price": -1}, {"amount": 0}, {"amount": -1}, {"filled": 1}])
    def test_an_order_that_no_market_can_take_raises_and_changes_nothing(self, wrong):
        book = book_of(sell(1, 10, 1))
        with pytest.raises(ValueError, match="Order"):
            place(book, replace(buy(2, 10, 1), **wrong), NOW, RULES)
        assert numbers(book) == [1]
        assert book.get(ORDER_BASE + 1).filled == 0

    def test_an_order_that_rests_already_was_delivered_twice_and_is_no_event(self):
        state = MarketState()
        apply(state, Place(buy(1, 10, 1)), NOW, RULES)
        assert apply(state, Place(buy(1, 10, 1)), NOW, RULES) == []
        apply(state, Halt(), NOW, RULES)
        assert apply(state, Place(buy(1, 10, 1)), NOW, RULES) == []
        assert numbers(state.book) == [1]
        with pytest.raises(ValueError, match="Order"):
            place(state.book, buy(1, 10, 1), NOW, RULES)

    def test_a_rejection_says_that_the_order_came_and_left_and_can_be_replayed(self):
        order = replace(buy(1, 10, 1), price=-1, filled=3)
        events = reject(order)
        assert events == [
            OrderPlaced(replace(order, filled=0)),
            OrderCancelled(order.id, "ann", BUY, -1, ONE, 0, Ending.REJECTED),
        ]
        state = MarketState()
        replay(state, Entry("BTC-CNY", 1, NOW, tuple(events)))
        assert state == MarketState(book=state.book, seq=1, at=NOW)
        assert len(state.book) == 0


class TestSealing:
    def test_entries_count_from_one_and_their_time_never_falls(self):
        state = MarketState()
        first = seal(state, "BTC-CNY", NOW, apply(state, Place(buy(1, 10, 1)), NOW, RULES))
        second = seal(state, "BTC-CNY", NOW - 5, apply(state, Halt(), NOW - 5, RULES))
        assert (first.seq, first.at, first.market) == (1, NOW, "BTC-CNY")
        assert (second.seq, second.at, second.events) == (2, NOW, (MarketHalted(),))
        assert (state.seq, state.at) == (2, NOW)


# --- random sequences -----------------------------------------------------------------------------------------------

#: Whole units; and 1e-8 at prices below 1, where every other fill meets a dust rule.
SCALES = st.sampled_from([(ONE, ONE), (TENTH, 1)])
UIDS = st.sampled_from(["ann", "bob", "cat"])
PLACE = st.tuples(
    st.just("place"),
    st.sampled_from(Side),
    st.integers(1, 6),
    st.integers(1, 40),
    UIDS,
    st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC, IOC, FOK]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([0, 100_000, 33_333_333]),
)
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 45), UIDS)
MODE = st.tuples(st.sampled_from(["halt", "resume", "resume"]))
STEPS = st.lists(st.one_of(PLACE, PLACE, PLACE, PLACE, CANCEL, CANCEL, MODE), min_size=15, max_size=45)
RULE_SETS = st.builds(Rules, self_trade_allowed=st.booleans(), fills_per_order_max=st.sampled_from([1, 2, 3, 1000]))
PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)


def commands_of(steps, scale):
    """Steps as commands; orders are numbered as they come, so that cancels name live, dead and unborn ones."""
    price_scale, amount_scale = scale
    for number, (verb, *rest) in enumerate(steps):
        if verb == "place":
            side, price, amount, uid, tif, post_only, fee = rest
            yield Place(
                an_order(
                    number,
                    side,
                    price * price_scale,
                    amount * amount_scale,
                    uid=uid,
                    tif=tif,
                    post_only=post_only,
                    maker_fee=fee // 2,
                    taker_fee=fee,
                )
            )
        elif verb == "cancel":
            yield Cancel(ORDER_BASE + rest[0], rest[1])
        else:
            yield Halt() if verb == "halt" else Resume()


def not_crossed(book: Book) -> bool:
    bid, ask = book.best(BUY), book.best(SELL)
    return bid is None or ask is None or bid < ask


@PROPERTY
@given(STEPS, SCALES, RULE_SETS)
def test_matching_equals_its_slow_twin_event_by_event(steps, scale, rules):
    state, twin = MarketState(), Twin()
    for command in commands_of(steps, scale):
        expected = twin.apply(command, rules)
        assert apply(state, command, NOW, rules) == expected
        assert list(state.book.orders()) == [*twin.by_priority(BUY), *twin.by_priority(SELL)]
        assert state.halted is twin.halted
        assert not_crossed(state.book)
        assert not any(is_dust(order.price, order.remaining) for order in state.book.orders())
    for order in list(state.book.orders()):
        assert endings(apply(state, Cancel(order.id, order.uid), NOW, rules)) == [
            (order.id - ORDER_BASE, Ending.CANCELLED)
        ]
    assert len(state.book) == 0
    assert list(state.book.orders()) == []


@PROPERTY
@given(STEPS, SCALES, RULE_SETS)
def test_an_order_ends_once_is_never_overfilled_and_its_hold_always_pays(steps, scale, rules):
    state = MarketState()
    orders: dict[int, Order] = {}  # as placed, with `filled` summed up from the fills
    ended: defaultdict[int, int] = defaultdict(int)
    for command in commands_of(steps, scale):
        for event in apply(state, command, NOW, rules):
            if isinstance(event, OrderPlaced):
                assert event.order.id not in orders
                orders[event.order.id] = replace(event.order)
            elif isinstance(event, OrderFilled):
                assert event.quote > 0
                assert 0 <= event.buyer_fee <= event.amount
                assert 0 <= event.seller_fee <= event.quote
                for number, filled in ((event.taker_id, event.taker_filled), (event.maker_id, event.maker_filled)):
                    order = orders[number]
                    assert not ended[number]
                    before = order.hold
                    order.filled += event.amount
                    assert order.filled == filled <= order.amount
                    pays = event.quote if order.side is BUY else event.amount
                    assert before - order.hold >= pays
                    ended[number] += order.filled == order.amount
            elif isinstance(event, OrderCancelled):
                order = orders[event.order_id]
                assert (event.amount, event.filled, event.price) == (order.amount, order.filled, order.price)
                ended[event.order_id] += 1
    resting = {order.id: order for order in state.book.orders()}
    assert {number: order for number, order in orders.items() if not ended[number]} == resting
    assert set(ended.values()) <= {0, 1}
    assert all(hold_of(order.side, order.price, order.remaining) > 0 for order in resting.values())


@PROPERTY
@given(STEPS, SCALES, RULE_SETS, st.integers(1, 7))
def test_replaying_the_entries_gives_the_state_that_sealed_them(steps, scale, rules, batch):
    state, copy = MarketState(), MarketState()
    commands = list(commands_of(steps, scale))
    for start in range(0, len(commands), batch):
        events = [event for c in commands[start : start + batch] for event in apply(state, c, NOW + start, rules)]
        if events:
            replay(copy, seal(state, "BTC-CNY", NOW + start, events))
        assert list(copy.book.orders()) == list(state.book.orders())
        assert (copy.halted, copy.seq, copy.at) == (state.halted, state.seq, state.at)
    rebuilt = Book()
    for order in state.book.orders():
        rebuilt.place(order)
    assert list(rebuilt.orders()) == list(state.book.orders())


def test_a_long_random_day_equals_the_twin_and_meets_every_ending():
    rng = Random(7)
    state, twin = MarketState(), Twin()
    rules = Rules(self_trade_allowed=False, fills_per_order_max=4)
    met: Counter[Ending] = Counter()
    for number in range(4_000):
        kind = rng.random()
        if kind < 0.7:
            order = an_order(
                number,
                rng.choice(list(Side)),
                rng.randint(1, 9) * TENTH,
                rng.choice([rng.randint(1, 60), rng.randint(1, 5) * 10]),
                uid=f"u{rng.randrange(12)}",
                tif=rng.choice([TimeInForce.GTC] * 6 + [IOC, FOK]),
                post_only=rng.random() < 0.1,
            )
            command = Place(order)
        elif kind < 0.99:
            near = [order.id for order in twin.resting] or [0]
            command = Cancel(rng.choice(near), f"u{rng.randrange(12)}")
        else:
            command = Halt() if rng.random() < 0.3 else Resume()
        expected = twin.apply(command, rules)
        assert apply(state, command, NOW, rules) == expected
        met.update(event.ending for event in expected if isinstance(event, OrderCancelled))
    assert list(state.book.orders()) == [*twin.by_priority(BUY), *twin.by_priority(SELL)]
    assert set(met) == set(Ending) - {Ending.REJECTED}


# --- broken journals ------------------------------------------------------------------------------------------------


def a_journal() -> list[Entry]:
    """Three entries with every kind of event."""
    state = MarketState()
    batches = [
        [Place(sell(1, 10, 2, maker_fee=100_000)), Place(sell(2, 11, 2)), Place(buy(3, 8, 1))],
        [Place(buy(4, 10, 3, taker_fee=100_000)), Place(buy(5, 9, 1, tif=IOC)), Cancel(ORDER_BASE + 2, "bob")],
        [Halt(), Place(buy(6, 9, 1)), Resume()],
    ]
    return [
        seal(state, "BTC-CNY", NOW, [event for command in batch for event in apply(state, command, NOW, RULES)])
        for batch in batches
    ]


def replayed(entries) -> MarketState:
    state = MarketState()
    for entry in entries:
        replay(state, entry)
    return state


def test_the_journal_that_the_next_tests_break_is_whole():
    state = replayed(a_journal())
    assert numbers(state.book) == [4, 3]
    assert state.seq == 3


def test_an_entry_twice_or_missing_is_noticed():
    first, second, third = a_journal()
    for entries in ([second], [first, first], [first, third], [first, second, second]):
        with pytest.raises(BrokenJournal):
            replayed(entries)


def test_time_that_falls_is_noticed():
    first, second, _ = a_journal()
    with pytest.raises(BrokenJournal):
        replayed([first, replace(second, at=NOW - 1)])


def tampered() -> list[tuple[str, list[Entry]]]:
    """The journal with one number of one fill or cancel changed, or one event left out, doubled or out of order."""
    entries = a_journal()
    cases = []
    for at, entry in enumerate(entries):
        for index, event in enumerate(entry.events):
            changed = []
            if isinstance(event, OrderFilled | OrderCancelled):
                changed = [
                    (field.name, [replace(event, **{field.name: getattr(event, field.name) + 1})])
                    for field in fields(event)
                    if isinstance(getattr(event, field.name), int)
                ]
                if (
                    getattr(event, "ending", None) is not Ending.CANCELLED
                ):  # that it was asked for is known nowhere else
                    changed.append(("missing", []))
            changed.append(("twice", [event, event]))
            for what, events in changed:
                whole = (*entry.events[:index], *events, *entry.events[index + 1 :])
                name = f"{entry.seq}.{index} {type(event).__name__} {what}"
                cases.append((name, [*entries[:at], replace(entry, events=whole), *entries[at + 1 :]]))
    return cases


@pytest.mark.parametrize(("name", "entries"), [pytest.param(*case, id=case[0]) for case in tampered()])
def test_a_changed_journal_is_noticed(name, entries):
    with pytest.raises(BrokenJournal):
        replayed(entries)


@pytest.mark.parametrize(
    "order",
    [buy(9, 11, 1), buy(9, 7, 1, tif=IOC), buy(9, 7, 1, tif=FOK), buy(3, 7, 1)],
    ids=["crosses", "IOC", "FOK", "id"],
)
def test_an_order_that_could_not_have_come_to_rest_is_noticed(order):
    first, *_ = a_journal()
    with pytest.raises(BrokenJournal):
        replayed([first, Entry("BTC-CNY", 2, NOW, (OrderPlaced(order),))])


def a_fill(maker: Order, taker: Order, amount: int) -> OrderFilled:
    """A fill that is consistent in itself."""
    return OrderFilled(
        trade_id=taker.id * 1000 + 1,
        taker_id=taker.id,
        taker_uid=taker.uid,
        taker_side=taker.side,
        maker_id=maker.id,
        maker_uid=maker.uid,
        price=maker.price,
        amount=amount,
        quote=maker.price * amount // ONE,
        buyer_fee=0,
        seller_fee=0,
        taker_price=taker.price,
        taker_amount=taker.amount,
        taker_filled=amount,
        maker_amount=maker.amount,
        maker_filled=amount,
    )


def replay_events(*events) -> MarketState:
    return replayed([Entry("BTC-CNY", 1, NOW, events)])


def test_a_fill_is_replayed_only_between_an_arriving_order_and_the_maker_whose_turn_it_is():
    first, second, taker = sell(1, 10, 3), sell(2, 10, 3), buy(3, 10, 2)
    state = replay_events(OrderPlaced(first), OrderPlaced(second), OrderPlaced(taker), a_fill(first, taker, 2 * ONE))
    assert numbers(state.book) == [1, 2]
    for events in (
        (OrderPlaced(second), OrderPlaced(first), OrderPlaced(taker), a_fill(first, taker, 2 * ONE)),
        (OrderPlaced(first), OrderPlaced(taker), a_fill(first, taker, 3 * ONE)),
        (OrderPlaced(first), OrderPlaced(taker), a_fill(first, taker, 0)),
        (OrderPlaced(first), OrderPlaced(taker), a_fill(first, taker, -ONE)),
        (OrderPlaced(first), a_fill(first, taker, 2 * ONE)),
        (OrderPlaced(taker), a_fill(first, taker, 2 * ONE)),
        (a_fill(first, taker, 2 * ONE),),
        (OrderPlaced(first), MarketHalted(), OrderPlaced(taker), a_fill(first, taker, 2 * ONE)),
    ):
        with pytest.raises(BrokenJournal):
            replay_events(*events)
