"""The referee itself: an answer that strays from the document is seen, whatever way it strays."""

from decimal import Decimal

import pytest

from tests.contract.document import contract, deviations

ORDER = {
    "id": "1000001559354",
    "operation": "buy",
    "status": 2,
    "market": "BTC-CNY",
    "price": Decimal("1410.0"),
    "amount": 1,
    "dealed_amount": Decimal(1),
    "created": 1423048326815,
}


def orders(**changes):
    return {"hasMore": True, "orders": [{**ORDER, **changes}]}


@pytest.mark.parametrize("route", contract())
def test_the_documents_own_example_passes(route):
    example = contract()[route]["answer"]
    if route != "GET /api/v2/{symbol}/trades":  # its market is in lower case, against the document's own general rule
        assert deviations(route, example) == []


@pytest.mark.parametrize(
    "answer",
    [
        orders(price="1410.0"),
        orders(price=True),
        orders(price=None),
        orders(status="2"),
        orders(status=Decimal("2.0")),
        orders(created=Decimal("1423048326815.0")),
        orders(id=1000001559354),
        orders(id="x"),
        orders(surprise=1),
        {"hasMore": 1, "orders": []},
        {"hasMore": True},
        {"hasMore": True, "orders": None},
        {"hasMore": True, "orders": {}},
        [],
        None,
    ],
    ids=str,
)
def test_an_order_that_strays(answer):
    assert deviations("GET /api/v2/user/orders", answer)


def test_an_order_that_does_not():
    assert deviations("GET /api/v2/user/orders", orders()) == []
    assert deviations("GET /api/v2/user/orders", orders(client_order_id="mine")) == []
    assert deviations("GET /api/v2/user/orders", {"hasMore": False, "orders": []}) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"BTC": [1, 2, 3]},
        {"BTC": [1, 2, 3, 4, 5]},
        {"BTC": [1, 2, 3, "4"]},
        {"btc": [1, 2, 3, 4]},
        {"BLK": [1, 2, 3, 4]},
    ],
    ids=str,
)
def test_a_balance_that_strays(answer):
    assert deviations("GET /api/v2/user/balance", answer)


@pytest.mark.parametrize(
    "result", [{"order_id": 0, "code": "2003"}, {"order_id": "0", "code": 2003}, {"code": "2003"}, {}], ids=str
)
def test_a_result_that_is_neither_taken_nor_refused(result):
    assert deviations("POST /api/v2/user/submit_orders", {"results": [{"order_id": "1"}, result]})
