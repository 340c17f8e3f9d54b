import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.ids import (
    EPOCH_MS,
    ORDER_BASE,
    ORDER_LAST,
    TRADES_PER_ORDER,
    WORKERS_MAX,
    OrderIds,
    is_order_id,
    order_created,
    order_id,
    trade_id,
)

PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)
TIMES = st.integers(EPOCH_MS, EPOCH_MS + 50 * 365 * 86_400_000)
WORKERS = st.integers(0, WORKERS_MAX - 1)


def test_the_first_order_id_is_ten_to_the_fifteen():
    assert order_id(EPOCH_MS, 0) == 10**15


def test_ids_stay_below_two_to_the_53_for_fifty_years_and_have_sixteen_digits():
    last = order_id(EPOCH_MS + 50 * 365 * 86_400_000, WORKERS_MAX - 1)
    assert last < 2**53
    assert len(str(last)) == len(str(ORDER_BASE)) == 16


@pytest.mark.parametrize(("at", "worker"), [(EPOCH_MS - 1, 0), (EPOCH_MS, -1), (EPOCH_MS, WORKERS_MAX)])
def test_a_time_before_the_epoch_or_a_worker_out_of_range_is_refused(at, worker):
    with pytest.raises(ValueError, match=str(worker)):
        order_id(at, worker)


@PROPERTY
@given(TIMES, WORKERS)
def test_the_time_can_be_read_back(at, worker):
    assert order_created(order_id(at, worker)) == at


@PROPERTY
@given(TIMES, WORKERS, TIMES, WORKERS)
def test_ids_are_unique_and_ordered_by_time(at, worker, other_at, other_worker):
    ours, other = order_id(at, worker), order_id(other_at, other_worker)
    assert (ours < other) == ((at, worker) < (other_at, other_worker))
    assert (ours == other) == ((at, worker) == (other_at, other_worker))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(ORDER_BASE - 1, False), (ORDER_BASE, True), (ORDER_LAST, True), (ORDER_LAST + 1, False), (0, False), (-1, False)],
)
def test_what_could_be_an_order_id(value, expected):
    assert is_order_id(value) is expected


def test_a_trade_id_is_the_takers_order_id_and_three_digits():
    assert trade_id(ORDER_BASE + 7, 1) == int(f"{ORDER_BASE + 7}001")
    assert trade_id(ORDER_BASE + 7, 999) == int(f"{ORDER_BASE + 7}999")


def test_the_thousandth_trade_comes_before_the_first_of_the_next_order():
    assert trade_id(ORDER_BASE, 999) < trade_id(ORDER_BASE, 1000) < trade_id(ORDER_BASE + 1, 1)


@pytest.mark.parametrize("fill", [0, -1, TRADES_PER_ORDER + 1])
def test_there_is_no_other_fill(fill):
    with pytest.raises(ValueError, match=str(fill)):
        trade_id(ORDER_BASE, fill)


def test_several_ids_in_one_millisecond_run_ahead_of_the_clock():
    ids = OrderIds(worker=3)
    now = EPOCH_MS + 1000
    made = [ids.next(now) for _ in range(3)]
    assert [order_created(made_id) for made_id in made] == [now, now + 1, now + 2]
    assert ids.next(now + 100) == order_id(now + 100, 3)


@PROPERTY
@given(st.lists(TIMES, min_size=1, max_size=30), WORKERS)
def test_a_container_never_repeats_an_id_however_its_clock_jumps(times, worker):
    ids = OrderIds(worker)
    made = [ids.next(now) for now in times]
    assert made == sorted(set(made))
    assert all(order_created(made_id) >= now for made_id, now in zip(made, times, strict=True))
