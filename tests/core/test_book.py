from collections import defaultdict
from dataclasses import replace
from itertools import islice
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.book import EMPTY_LEVELS_MIN, Book
from chalicelib.core.ids import ORDER_BASE
from chalicelib.core.orders import Order, Side
from tests.core.twin import Twin, an_order

BUY, SELL = Side.BUY, Side.SELL


def book_of(*orders: Order) -> Book:
    book = Book()
    for order in orders:
        book.place(order)
    return book


def numbers(orders) -> list[int]:
    return [order.id - ORDER_BASE for order in orders]


def test_an_empty_book_has_no_best_price_no_levels_and_no_orders():
    book = Book()
    assert len(book) == 0
    assert book.best(BUY) is None
    assert book.best(SELL) is None
    assert list(book.orders()) == []
    assert list(book.levels(BUY)) == []
    assert book.take(BUY, 100, 1) == []
    assert book.cancel(1) is None
    assert book.get(1) is None


def test_the_best_buy_is_the_highest_and_the_best_sell_the_lowest():
    book = book_of(*(an_order(n, BUY, price, 1) for n, price in enumerate((5, 9, 7))))
    for n, price in enumerate((15, 11, 13)):
        book.place(an_order(10 + n, SELL, price, 1))
    assert book.best(BUY) == 9
    assert book.best(SELL) == 11


def test_orders_come_in_priority_order_buys_then_sells():
    book = book_of(
        an_order(1, SELL, 12, 1),
        an_order(2, BUY, 8, 1),
        an_order(3, SELL, 11, 1),
        an_order(4, BUY, 9, 1),
        an_order(5, BUY, 8, 1),
        an_order(6, SELL, 12, 1),
    )
    assert numbers(book.orders()) == [4, 2, 5, 3, 1, 6]
    assert numbers(book.makers(SELL)) == [3, 1, 6]


def test_levels_sum_what_remains_best_first_and_can_be_asked_for_a_few():
    partly = an_order(4, BUY, 8, 10)
    book = book_of(an_order(1, BUY, 7, 3), an_order(2, BUY, 8, 4), an_order(3, BUY, 9, 5), partly)
    partly.filled = 6
    assert list(book.levels(BUY)) == [(9, 5), (8, 8), (7, 3)]
    assert list(islice(book.levels(BUY), 2)) == [(9, 5), (8, 8)]


def test_taking_goes_first_come_first_served_and_leaves_the_partly_filled_in_front():
    book = book_of(an_order(1, SELL, 10, 5), an_order(2, SELL, 10, 5), an_order(3, SELL, 10, 5))
    fills = book.take(BUY, 10, 7)
    assert [(maker.id - ORDER_BASE, amount) for maker, amount in fills] == [(1, 5), (2, 2)]
    assert book.get(ORDER_BASE + 1) is None
    assert numbers(book.makers(SELL)) == [2, 3]
    assert list(book.levels(SELL)) == [(10, 8)]


def test_taking_stops_at_the_limit_price():
    book = book_of(an_order(1, BUY, 10, 5), an_order(2, BUY, 9, 5), an_order(3, BUY, 8, 5))
    assert [(maker.price, amount) for maker, amount in book.take(SELL, 9, 100)] == [(10, 5), (9, 5)]
    assert book.best(BUY) == 8


def test_cancelling_the_best_order_reveals_the_next_price():
    book = book_of(an_order(1, SELL, 10, 5), an_order(2, SELL, 12, 5), an_order(3, SELL, 11, 5))
    assert book.cancel(ORDER_BASE + 3).price == 11
    assert book.best(SELL) == 10
    book.cancel(ORDER_BASE + 1)
    assert book.best(SELL) == 12


def test_an_order_placed_again_goes_to_the_end_of_its_level():
    book = book_of(an_order(1, SELL, 10, 5), an_order(2, SELL, 10, 5), an_order(3, SELL, 10, 5))
    book.place(book.cancel(ORDER_BASE + 2))
    assert numbers(book.makers(SELL)) == [1, 3, 2]
    assert [maker.id - ORDER_BASE for maker, _ in book.take(BUY, 10, 100)] == [1, 3, 2]


def test_an_order_that_rests_already_is_refused():
    book = book_of(an_order(1, SELL, 10, 5))
    with pytest.raises(ValueError, match="1000000000000001"):
        book.place(an_order(1, BUY, 9, 5))
    assert len(book) == 1
    assert book.best(BUY) is None


def test_an_order_of_which_nothing_remains_is_refused():
    with pytest.raises(ValueError, match="filled=5"):
        Book().place(an_order(1, SELL, 10, 5, filled=5))


def test_prices_that_come_and_go_behind_the_best_leave_nothing_behind():
    book = book_of(an_order(0, BUY, 100_000, 1))
    for n in range(1, 5_000):
        book.place(an_order(n, BUY, n, 1))
        book.cancel(ORDER_BASE + n)
        assert len(book._bids.heap) == len(book._bids.levels) <= EMPTY_LEVELS_MIN + 3
    assert numbers(book.orders()) == [0]


def test_a_price_that_emptied_and_came_back_is_one_level():
    book = book_of(an_order(1, SELL, 10, 1), an_order(2, SELL, 11, 1))
    for n in range(3, 10):
        book.cancel(ORDER_BASE + n - 1)
        book.place(an_order(n, SELL, 11, 1))
    assert list(book.levels(SELL)) == [(10, 1), (11, 1)]
    assert sorted(book._asks.heap) == [10, 11]


def test_a_deep_level_is_taken_and_cancelled_from_without_a_scan():
    """A scan would make this quadratic: minutes instead of a fraction of a second."""
    many = 60_000
    book = book_of(*(an_order(n, SELL, 10, 2) for n in range(many)))
    started = process_time()
    for n in range(0, many, 2):
        book.take(BUY, 10, 2)
        book.cancel(ORDER_BASE + many - 1 - n // 2)
        assert book.best(SELL) == (None if n == many - 2 else 10)
    assert len(book) == 0
    assert process_time() - started < 5


COMMAND = st.one_of(
    st.tuples(st.just("place"), st.sampled_from(Side), st.integers(1, 12), st.integers(1, 9)),
    st.tuples(st.just("take"), st.sampled_from(Side), st.integers(1, 12), st.integers(1, 30)),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(COMMAND, min_size=10, max_size=60))
def test_the_book_equals_a_sorted_list(commands):
    book, twin = Book(), Twin()
    for number, (verb, *rest) in enumerate(commands):
        if verb == "place":
            order = an_order(number, *rest)
            book.place(order)
            twin.resting.append(replace(order))
        elif verb == "cancel":  # of one of the last ten, alive or dead
            expected = [order for order in twin.resting if order.id == ORDER_BASE + number - rest[0]]
            twin.resting = [order for order in twin.resting if order not in expected]
            assert book.cancel(ORDER_BASE + number - rest[0]) == (expected[0] if expected else None)
        else:
            assert book.take(*rest) == taken_slowly(twin, *rest)
        agree(book, twin)
    for order in list(twin.resting):
        assert book.cancel(order.id) == order
    assert len(book) == 0
    assert list(book.orders()) == []
    assert book.best(BUY) is book.best(SELL) is None
    assert not book._bids.heap
    assert not book._asks.heap
    assert not book._bids.levels
    assert not book._asks.levels


def test_many_prices_that_come_and_go_equal_a_sorted_list():
    rng = Random(7)
    book, twin = Book(), Twin()
    for number in range(3_000):
        if rng.random() < 0.55 or not twin.resting:
            order = an_order(number, rng.choice(list(Side)), rng.randint(1, 400), rng.randint(1, 9))
            book.place(order)
            twin.resting.append(order)
        else:
            order = twin.resting.pop(rng.randrange(len(twin.resting)))
            assert book.cancel(order.id) is order
        if number % 50 == 0:
            agree(book, twin)
    rng.shuffle(twin.resting)
    while twin.resting:  # few are left of many levels: the empty ones are swept away
        book.cancel(twin.resting.pop().id)
        if len(twin.resting) % 20 == 0:
            for side in Side:
                assert book.best(side) == next((order.price for order in twin.by_priority(side)), None)
    assert len(book) == 0


def taken_slowly(twin: Twin, side: Side, price: int, amount: int) -> list[tuple[Order, int]]:
    fills = []
    for maker in twin.crossed_by(an_order(0, side, price, amount)):
        if amount:
            part = min(amount, maker.amount - maker.filled)
            maker.filled += part
            amount -= part
            fills.append((maker, part))
    twin.resting = [order for order in twin.resting if order.filled < order.amount]
    return fills


def agree(book: Book, twin: Twin) -> None:
    assert len(book) == len(twin.resting)
    for side in Side:
        expected = twin.by_priority(side)
        assert list(book.makers(side)) == expected
        assert book.best(side) == (expected[0].price if expected else None)
        levels: dict[int, int] = defaultdict(int)
        for order in expected:
            levels[order.price] += order.amount - order.filled
            assert book.get(order.id) == order
        assert list(book.levels(side)) == list(levels.items())
        half = book._bids if side is BUY else book._asks
        assert sorted(half.heap) == sorted(half.levels)
        assert half.empty == sum(not level for level in half.levels.values())
