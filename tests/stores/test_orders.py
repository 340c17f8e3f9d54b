"""Order rows: they only go forward, whoever writes late; and lists with filters come in exact pages."""

from dataclasses import replace

import pytest
from pynamodb.exceptions import UpdateError

from chalicelib.core.history import OrderChange
from chalicelib.core.ids import ORDER_BASE
from chalicelib.core.orders import Ending, Order, Side, Status, TimeInForce
from chalicelib.stores import orders, table
from tests.core.twin import ONE, an_order
from tests.faults.injection import Faults, after, injected, repeated

ANN = "1000000001"
ORDER = an_order(
    1,
    Side.SELL,
    3 * ONE,
    10,
    uid=ANN,
    maker_fee=5,
    taker_fee=7,
    tif=TimeInForce.GTC,
    post_only=True,
    client_order_id="x",
)


def placed(order=ORDER, filled=0, ending=None, at=11):
    return OrderChange(order.id, order.uid, order.amount, filled, at, ending, order)


def moved(filled, ending=None, order=ORDER, at=12):
    return OrderChange(order.id, order.uid, order.amount, filled, at, ending)


def view():
    return orders.get(ANN, [ORDER.id])[ORDER.id]


def test_an_order_comes_back_whole(cloud):
    orders.write(placed(), 1)
    assert (view().order, view().ending, view().updated, view().status) == (ORDER, None, 11, Status.OPEN)


@pytest.mark.parametrize("order", [ORDER, replace(ORDER, client_order_id=None, tif=TimeInForce.FOK, post_only=False)])
def test_an_order_comes_back_from_its_list(order):
    assert orders.from_list(orders.to_list(order)) == order


@pytest.mark.parametrize("values", [[], [1], [*orders.to_list(ORDER), 1], [*orders.to_list(ORDER)[:3], "buy sell"]])
def test_a_list_that_is_no_order_is_an_error(values):
    with pytest.raises((ValueError, TypeError)):
        orders.from_list(values)


class TestWrite:
    def test_follows_the_journal(self, cloud):
        orders.write(placed(filled=2), 1)
        assert view().status is Status.PARTIAL
        orders.write(moved(10), 2)
        assert (view().order.filled, view().status) == (10, Status.FILLED)

    def test_tells_why_an_order_ended(self, cloud):
        orders.write(placed(), 1)
        orders.write(moved(3, Ending.DUST), 2)
        assert (view().order.filled, view().ending, view().status) == (3, Ending.DUST, Status.CANCELLED)

    @pytest.mark.parametrize("late", [(placed(), 1), (moved(3), 2), (moved(9), 3), (placed(filled=1), 9)])
    def test_that_comes_late_changes_nothing(self, cloud, late):
        """A matcher that was overtaken writes what it believes, last of all."""
        orders.write(placed(), 1)
        orders.write(moved(3), 2)
        orders.write(moved(5), 3)
        orders.write(*late)
        assert view().order.filled == 5
        assert view().updated == 12
        assert orders.positions(ANN, [ORDER.id]) == {ORDER.id: 3}

    def test_of_an_order_without_a_row_makes_none(self, cloud):
        orders.write(moved(3), 2)
        assert orders.get(ANN, [ORDER.id]) == {}

    def test_may_be_repeated_unseen(self, cloud, monkeypatch):
        for change, seq in ((placed(), 1), (moved(4), 2)):
            with injected(monkeypatch, Faults(0, repeated)):
                orders.write(change, seq)
        assert view().order.filled == 4

    def test_says_when_it_does_not_know(self, cloud, monkeypatch):
        orders.write(placed(), 1)
        with injected(monkeypatch, Faults(0, after)), pytest.raises(UpdateError):
            orders.write(moved(4), 2)
        orders.write(moved(4), 2)
        assert view().order.filled == 4

    def test_a_row_without_conditions_is_only_for_orders_that_have_ended(self, cloud):
        with pytest.raises(AssertionError):
            orders.final_row(placed(), 1)
        table.put_all([orders.final_row(placed(filled=10), 1)])
        assert view().status is Status.FILLED


class TestReads:
    @pytest.fixture
    def many(self, cloud):
        """120 orders, of two markets in turn; every third is filled, every fifth cancelled."""
        made: list[Order] = []
        for number in range(120):
            order = replace(ORDER, id=ORDER_BASE + number, market=("BTC-CNY", "LTC-CNY")[number % 2])
            ending = None if number % 5 else Ending.CANCELLED
            orders._row(placed(order, 10 if number % 3 == 0 and ending is None else 0, ending), 1).save()
            made.append(order)
        return made

    def numbers(self, page):
        return [view.order.id - ORDER_BASE for view in page.items]

    def test_single_orders_are_found_by_id_however_many(self, many):
        ids = [order.id for order in many]
        assert set(orders.get(ANN, [*ids, *ids, 5])) == set(ids)
        assert orders.get("1000000002", ids) == {}
        assert orders.get(ANN, []) == {}
        assert orders.positions(ANN, ids) == dict.fromkeys(ids, 1)
        assert orders.positions(ANN, []) == {}

    def test_which_orders_are_known_is_asked_a_hundred_at_a_time(self, many):
        strangers = [replace(order, uid="1000000002") for order in many]
        assert orders.known([*many, *strangers]) == {order.id for order in many}
        assert orders.known([]) == set()

    def test_a_page_knows_exactly_whether_more_follow(self, many):
        page = orders.of_user(ANN, None, None, 119, None)
        assert (self.numbers(page), page.more) == (list(range(119, 0, -1)), True)
        page = orders.of_user(ANN, None, None, 120, None)
        assert (len(page.items), page.more) == (120, False)
        assert orders.of_user("1000000002", None, None, 5, None).items == []

    @pytest.mark.parametrize("market", [None, "BTC-CNY"])
    @pytest.mark.parametrize("status", [None, Status.FILLED, Status.OPEN, Status.PARTIAL])
    def test_pages_with_filters_join_without_gap_or_overlap(self, many, market, status):
        wanted = [
            number
            for number in reversed(range(120))
            if (market is None or number % 2 == 0)
            and (status is None or status is self.status(number))
        ]  # fmt: skip
        found, before = [], None
        for _ in range(20):
            page = orders.of_user(ANN, market, before, 13, status)
            found += self.numbers(page)
            assert page.more == (len(found) < len(wanted))
            if not page.more:
                break
            assert len(page.items) == 13
            before = page.items[-1].order.id
        assert found == wanted

    def status(self, number):
        if number % 5 == 0:
            return Status.CANCELLED
        return Status.FILLED if number % 3 == 0 else Status.OPEN

    def test_an_audit_counts_them_all(self, many):
        assert orders.count() == len(many)
