"""Orders, trades, deposits and withdrawals in the draft's shapes: the same orders, the same money as in coinport v2."""

from decimal import Decimal

import pytest

from chalicelib.core.ids import ORDER_LAST
from chalicelib.core.transfers import Status
from chalicelib.services import wallet
from chalicelib.stores import transfers, users
from tests.contract.draft import DraftClient, in_draft
from tests.post import mailed_code
from tests.services.custody import BITCOIN, kept

DRAFT = "/draft/api/v2/user"
SUBMIT, CANCEL = f"{DRAFT}/submit_orders", f"{DRAFT}/cancel_orders"
ORDERS, TRADES, BALANCE = f"{DRAFT}/orders", f"{DRAFT}/trades", f"{DRAFT}/balance"
WITHDRAW, TAKE_BACK = f"{DRAFT}/submit_withdrawal", f"{DRAFT}/cancel_withdrawal"
#: The document's own request.
EXAMPLE = {
    "orders": [
        {"market": "btc-cny", "type": "sell", "price": 2100.2, "amount": 0.23},
        {"market": "xrp-cny", "type": "buy", "price": 1800, "amount": 0.23},
    ]
}
GOOD = {"market": "btc-cny", "type": "buy", "price": 1400, "amount": 0.5}
BTC = {"currency": "BTC", "address": "17ZFHKXPqoxeHcCTiJ5CZrKLrUJN1TD7Uj", "amount": 0.1}


@pytest.fixture
def person(exchange):
    """Somebody who can buy and sell."""
    return exchange.person(BTC="10", CNY="100000", LTC="10")


@pytest.fixture
def draft(person):
    """The same, speaking the draft."""
    return in_draft(person)


def submit(draft, *orders):
    """Place orders written ``("btc-cny", "buy", 1400, 0.5)``; the results."""
    keys = ("market", "type", "price", "amount")
    return draft.post(SUBMIT, {"orders": [dict(zip(keys, order, strict=True)) for order in orders]}).data["results"]


class TestSubmit:
    def test_the_documents_own_request(self, draft):
        first, second = draft.post(SUBMIT, EXAMPLE).data["results"]
        assert 10**15 < first["order_id"] < second["order_id"] < 2**53
        assert set(first) == set(second) == {"order_id"}

    def test_refusals_have_the_drafts_numbers_in_the_requests_order(self, draft):
        results = submit(
            draft,
            ("btc-cny", "buy", 1400, 0.5),
            ("no-such", "buy", 1400, 0.5),
            ("btc-cny", "buy", 1400, 0.0001),
            ("btc-cny", "buy", 1400, 1000),
            ("btc-cny", "buy", 0, 1),
        )
        assert [result.get("code") for result in results] == [None, 1010, 1009, 1008, 2001]
        assert [result["order_id"] for result in results[1:]] == [0] * 4

    def test_our_options_hold_here_too(self, draft):
        body = {"orders": [{**GOOD, "client_order_id": "mine", "post_only": True}]}
        first = draft.post(SUBMIT, body).data["results"]
        assert draft.post(SUBMIT, body).data["results"] == first
        (order,) = draft.get(ORDERS).data["orders"]
        assert order["client_order_id"] == "mine"

    @pytest.mark.parametrize(
        ("changes", "code", "named"),
        [
            ({"operation": "buy"}, 1007, "operation"),
            ({"type": "purchase"}, 1007, "orders[0].type"),
            ({"price": "1400"}, 1007, "orders[0].price"),
            ({"amount": -1}, 1007, "orders[0].amount"),
            ({"price": 1400.000001}, 1007, "orders[0].price"),
            ({"time_in_force": "DAY"}, 1007, "orders[0].time_in_force"),
        ],
    )
    def test_what_no_order_can_have(self, draft, changes, code, named):
        reply = draft.post(SUBMIT, {"orders": [{**GOOD, **changes}]})
        assert reply.code == code
        assert named in reply.message

    def test_one_to_ten_at_once_and_no_query(self, draft):
        assert draft.post(SUBMIT, {"orders": [GOOD] * 10}).code == 0
        assert draft.post(SUBMIT, {"orders": [GOOD] * 11}).code == 1007
        assert draft.post(SUBMIT, {"orders": []}).code == 1007
        assert draft.post(SUBMIT, {}).code == 1001
        assert draft.post(f"{SUBMIT}?a=1", {"orders": [GOOD]}).code == 1007
        without_type = {name: value for name, value in GOOD.items() if name != "type"}
        assert draft.post(SUBMIT, {"orders": [without_type]}).code == 1001


class TestOrders:
    @pytest.fixture
    def told(self, exchange, person, draft):
        """A full, a partial, an open and a cancelled order; their ids."""
        other = exchange.person(BTC="10")
        ids = [result["order_id"] for result in submit(
            draft,
            ("btc-cny", "buy", 1400, 1),
            ("btc-cny", "buy", 1390, 1),
            ("btc-cny", "buy", 1300, 1),
            ("btc-cny", "buy", 1200, 1),
        )]  # fmt: skip
        exchange.match()
        other.submit(("btc-cny", "sell", 1390, 1.25))
        exchange.match()
        draft.post(CANCEL, {"order_ids": [ids[3]]})
        return ids

    def test_fields_and_statuses_are_the_drafts(self, draft, person, told):
        data = draft.get(ORDERS).data
        assert data["hasMore"] is False
        assert [int(order["order_id"]) for order in data["orders"]] == sorted(told, reverse=True)
        cancelled, resting, partial, full = data["orders"]
        assert [order["status"] for order in (full, partial, resting, cancelled)] == [1, 2, 0, 3]
        assert [order["value"] for order in (full, partial, resting, cancelled)] == [1, Decimal("0.25"), 0, 0]
        assert {order["type"] for order in data["orders"]} == {"buy"}
        assert {order["market"] for order in data["orders"]} == {"BTC-CNY"}
        assert all(order["created"] <= order["last_updated"] for order in data["orders"])
        assert full["last_updated"] == partial["last_updated"] > resting["created"]

    def test_v2_shows_the_same_orders_in_its_own_words(self, draft, person, told):
        ours = draft.get(ORDERS).data["orders"]
        v2 = person.get("/api/v2/user/orders").data["orders"]
        swapped = {0: 0, 1: 2, 2: 1, 3: 3}
        assert [
            {
                "id": order["order_id"],
                "operation": order["type"],
                "status": swapped[order["status"]],
                "market": order["market"],
                "price": order["price"],
                "amount": order["amount"],
                "dealed_amount": order["value"],
                "created": order["created"],
            }
            for order in ours
        ] == v2

    @pytest.mark.parametrize(("status", "place"), [(0, 2), (1, 0), (2, 1), (3, 3)])
    def test_the_drafts_codes_filter(self, draft, told, status, place):
        (order,) = draft.get(f"{ORDERS}?order_status={status}").data["orders"]
        assert (order["order_id"], order["status"]) == (str(told[place]), status)

    @pytest.mark.parametrize("newest", ["", "-1", "0"])
    def test_pages_follow_each_other(self, draft, told, newest):
        seen, cursor = [], newest
        for more in (True, True, True, False):
            page = draft.get(f"{ORDERS}?limit=1&market=btc-cny&cursor={cursor}").data
            assert page["hasMore"] is more
            seen += [int(order["order_id"]) for order in page["orders"]]
            cursor = seen[-1]
        assert seen == sorted(told, reverse=True)

    def test_ids_make_the_rest_void(self, draft, told):
        url = f"{ORDERS}?ids={told[0]},{told[2]},5&order_status=3&market=ltc-cny&limit=1"
        assert [int(order["order_id"]) for order in draft.get(url).data["orders"]] == [told[2], told[0]]

    def test_an_order_on_its_way_was_last_touched_when_it_was_placed(self, draft):
        submit(draft, ("btc-cny", "buy", 1400, 1))
        (order,) = draft.get(ORDERS).data["orders"]
        assert order["last_updated"] == order["created"]

    @pytest.mark.parametrize(
        ("query", "code"),
        [("order_status=4", 1007), ("market=x", 1010), ("limit=0", 1007), ("cursor=-2", 1007), ("a=1", 1007)],
    )
    def test_bad_parameters(self, draft, query, code):
        assert draft.get(f"{ORDERS}?{query}").code == code


class TestCancel:
    def test_failed_is_an_object_of_codes(self, exchange, person, draft):
        ids = [result["order_id"] for result in submit(draft, ("btc-cny", "buy", 1400, 1), ("btc-cny", "buy", 1300, 1))]
        exchange.match()
        reply = draft.post(CANCEL, {"order_ids": [ids[0], 7, ORDER_LAST, ids[1], ids[0]]})
        assert reply.data == {
            "cancelled": ids,
            "failed": {"7": {"code": 1011}, str(ORDER_LAST): {"code": 1011}},
        }
        assert draft.post(CANCEL, {"order_ids": [ids[0]]}).data == {
            "cancelled": [],
            "failed": {str(ids[0]): {"code": 1011}},
        }
        assert draft.get(BALANCE).data["CNY"] == [100000, 0, 0, 100000]

    def test_an_order_of_v2(self, exchange, person, draft):
        (placed,) = person.submit(("btc-cny", "sell", 1500, 1))
        exchange.match()
        assert draft.post(CANCEL, {"order_ids": [placed]}).data == {"cancelled": [placed], "failed": {}}

    def test_nobody_elses(self, exchange, draft):
        (placed,) = exchange.person(BTC="1").submit(("btc-cny", "sell", 1500, 1))
        exchange.match()
        assert draft.post(CANCEL, {"order_ids": [placed]}).data["failed"] == {str(placed): {"code": 1011}}

    @pytest.mark.parametrize(
        ("body", "code"), [({}, 1001), ({"order_ids": ["1"]}, 1007), ({"order_ids": [1], "a": 1}, 1007)]
    )
    def test_bad_bodies(self, draft, body, code):
        assert draft.post(CANCEL, body).code == code


class TestTrades:
    def test_each_with_ones_own_order(self, exchange, person, draft):
        other = exchange.person(BTC="10")
        (made,) = (result["order_id"] for result in submit(draft, ("btc-cny", "buy", 1400, 1)))
        exchange.match()
        (taken,) = other.submit(("btc-cny", "sell", 1400, 0.25))
        exchange.match()
        ((mine,), (theirs,)) = (client.get(TRADES).data["trades"] for client in (draft, in_draft(other)))
        assert (mine["order_id"], theirs["order_id"]) == (made, taken)
        assert {**mine, "order_id": 0} == {**theirs, "order_id": 0}
        assert (mine["taker"], mine["price"], mine["amount"], mine["market"]) == (
            "sell",
            1400,
            Decimal("0.25"),
            "BTC-CNY",
        )
        assert str(mine["trade_id"]) == person.get("/api/v2/user/trades").data["trades"][0]["id"]
        assert draft.get(TRADES).data["timestamp"] == mine["timestamp"]
        assert draft.get(f"{TRADES}?ids={mine['trade_id']}&market=ltc-cny").data["trades"] == [mine]
        assert draft.get(f"{TRADES}?market=ltc-cny&cursor=-1").data["trades"] == []
        assert draft.get(f"{TRADES}?cursor={mine['trade_id']}").data["trades"] == []

    @pytest.mark.parametrize(("query", "code"), [("market=x", 1010), ("limit=0", 1007), ("order_status=1", 1007)])
    def test_bad_parameters(self, draft, query, code):
        assert draft.get(f"{TRADES}?{query}").code == code


class TestBalance:
    def test_is_v2s(self, exchange, person, draft):
        submit(draft, ("btc-cny", "buy", 1400.5, 0.5))
        exchange.match()
        assert draft.get(BALANCE).data["CNY"] == [Decimal("99299.75"), Decimal("700.25"), 0, 100000]
        assert draft.get(BALANCE).data == person.get("/api/v2/user/balance").data
        assert in_draft(exchange.person()).get(BALANCE).data == {}
        assert draft.get(f"{BALANCE}?currency=BTC").code == 1007


@pytest.fixture
def ann(exchange):
    """Somebody with funds whose withdrawals ask for no factor, speaking the draft."""
    person = exchange.person(BTC="10", CNY="1000", LTC="3")
    users.UserRow(person.uid).update(actions=[users.UserRow.email_auth.set(False)])
    return person


class TestDeposits:
    def test_newest_first_with_the_status_in_a_word(self, ann):
        data = in_draft(ann).get(f"{DRAFT}/deposits").data
        assert data["hasMore"] is False
        assert [(one["quantity"], one["status"], one["address"]) for one in data["deposits"]] == [
            (3, "Succeeded", ""),
            (1000, "Succeeded", ""),
            (10, "Succeeded", ""),
        ]
        v2 = ann.get("/api/v2/user/deposits").data["deposits"]
        assert [str(one["id"]) for one in data["deposits"]] == [one["id"] for one in v2]
        assert [one["updated"] for one in data["deposits"]] == [one["updated"] for one in v2]

    def test_pages_currencies_and_ids(self, ann):
        draft = in_draft(ann)
        first = draft.get(f"{DRAFT}/deposits?limit=2&cursor=-1").data
        assert first["hasMore"]
        second = draft.get(f"{DRAFT}/deposits?cursor={first['deposits'][-1]['id']}").data
        assert ([one["quantity"] for one in second["deposits"]], second["hasMore"]) == ([10], False)
        assert [one["quantity"] for one in draft.get(f"{DRAFT}/deposits?currency=ltc").data["deposits"]] == [3]
        wanted = second["deposits"][0]["id"]
        assert draft.get(f"{DRAFT}/deposits?ids={wanted},1&currency=ltc").data == second

    @pytest.mark.parametrize(
        ("query", "code"), [("currency=x", 1013), ("limit=0", 1007), ("cursor=x", 1007), ("a=1", 1007)]
    )
    def test_bad_parameters(self, ann, query, code):
        assert in_draft(ann).get(f"{DRAFT}/deposits?{query}").code == code
        assert in_draft(ann).get(f"{DRAFT}/withdrawals?{query}").code == code


class TestAddresses:
    def test_one_is_made_once_and_listed(self, ann, monkeypatch):
        kept(monkeypatch, BITCOIN)
        draft = in_draft(ann)
        assert set(draft.get(f"{DRAFT}/deposit_addresses").data.values()) == {""}
        made = draft.post(f"{DRAFT}/create_deposit_addr/btc", {}).data
        assert list(made) == ["BTC"]
        assert made["BTC"]
        assert draft.post(f"{DRAFT}/create_deposit_addr/BTC").data == made
        listed = draft.get(f"{DRAFT}/deposit_addresses").data
        assert listed == ann.get("/api/v2/user/deposit_addresses").data
        assert listed["BTC"] == made["BTC"]

    def test_money_and_unknown_coins_have_none(self, ann):
        assert in_draft(ann).post(f"{DRAFT}/create_deposit_addr/cny").code == 1013
        assert in_draft(ann).post(f"{DRAFT}/create_deposit_addr/xyz").code == 1013


class TestWithdrawals:
    def test_one_is_asked_for_and_paid(self, ann):
        draft = in_draft(ann)
        asked = draft.post(WITHDRAW, BTC).data
        assert asked["tranfer_id"] == asked["transfer_id"]
        assert asked["withdraw_status"] == 1
        (one,) = draft.get(f"{DRAFT}/withdrawals").data["withdrawals"]
        assert (one["id"], one["quantity"], one["status"]) == (asked["tranfer_id"], Decimal("0.1"), "Accepted")
        assert one["address"] == BTC["address"]
        assert draft.get(BALANCE).data["BTC"] == [Decimal("9.9"), 0, Decimal("0.1"), 10]
        wallet.paid_withdrawal(one["id"], "ab")
        (one,) = draft.get(f"{DRAFT}/withdrawals?ids={one['id']}").data["withdrawals"]
        assert one["status"] == "Succeeded"
        assert one["updated"] >= one["created"]

    def test_factors_are_asked_for_as_in_v2(self, exchange):
        person = exchange.person(BTC="1")
        draft = in_draft(person)
        reply = draft.post(WITHDRAW, BTC)
        assert (reply.code, reply.message) == (1001, "缺少参数：emailCode")
        sent = person.post("/api/v2/user/send_verification_code", {"toEmail": True}).data
        given = {"emailUuid": sent["emailUuid"], "emailCode": mailed_code()}
        wrong = f"{(int(given['emailCode']) + 1) % 10**6:06}"
        assert draft.post(WITHDRAW, {**BTC, **given, "emailCode": wrong}).code == 9012
        assert draft.post(WITHDRAW, {**BTC, **given}).code == 0

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"amount": 11}, 1008),
            ({"amount": 0.001}, 1009),
            ({"amount": "0.1"}, 1007),
            ({"currency": "xyz"}, 1013),
            ({"address": "1x"}, 8005),
            ({"currency": "NXT"}, 1001),
            ({"memo_": ""}, 1007),
        ],
    )
    def test_what_is_refused(self, ann, changes, code):
        assert in_draft(ann).post(WITHDRAW, {**BTC, **changes}).code == code

    def test_taken_back_it_is_the_answer(self, ann):
        draft = in_draft(ann)
        asked = draft.post(WITHDRAW, {**BTC, "amount": 6}).data
        assert asked["withdraw_status"] == 0
        record = draft.post(TAKE_BACK, {"tranfer_id": asked["tranfer_id"]}).data
        assert (record["id"], record["quantity"], record["status"]) == (asked["tranfer_id"], 6, "Cancelled")
        assert draft.get(f"{DRAFT}/withdrawals").data["withdrawals"] == [record]
        assert draft.get(BALANCE).data["BTC"] == [10, 0, 0, 10]

    def test_one_that_cannot_be_taken_back_is_shown_with_the_reason(self, ann):
        draft = in_draft(ann)
        asked = draft.post(WITHDRAW, BTC).data["transfer_id"]
        reply = draft.post(TAKE_BACK, {"transfer_id": asked})
        assert (reply.code, reply.status) == (6001, 200)
        assert reply.data == draft.get(f"{DRAFT}/withdrawals").data["withdrawals"][0]

    def test_what_is_none_or_nobodys_business_is_an_empty_text(self, exchange, ann):
        draft = in_draft(ann)
        for number in (7, ORDER_LAST):
            reply = draft.post(TAKE_BACK, {"tranfer_id": number})
            assert (reply.code, reply.data) == (6002, "")
        asked = draft.post(WITHDRAW, {**BTC, "amount": 6}).data["tranfer_id"]
        reply = in_draft(exchange.person()).post(TAKE_BACK, {"tranfer_id": asked})
        assert (reply.code, reply.data) == (6004, "")
        assert draft.post(TAKE_BACK, {}).code == 1001
        assert draft.post(TAKE_BACK, {"tranfer_id": 1, "transfer_id": 2}).code == 1007

    @pytest.mark.parametrize(
        ("moves", "word"),
        [
            ([Status.HOT_WALLET_SHORT], "Insufficient Hot Wallet"),
            ([Status.CONFIRMING], "Confirming"),
            ([Status.CONFIRMING, Status.CONFIRMED], "Confirmed"),
            ([Status.CONFIRMING, Status.REORGANIZING], "Re-organizing"),
            ([Status.CONFIRMING, Status.REORGANIZING, Status.REORGANIZED], "Re-org OK"),
            ([Status.CONFIRMING, Status.FAILED], "Failed"),
            ([Status.REJECTED], "Rejected"),
            ([Status.ERROR], "Internal Error"),
        ],
    )
    def test_every_state_has_its_word(self, ann, moves, word):
        draft = in_draft(ann)
        seen = transfers.get_withdrawal(draft.post(WITHDRAW, BTC).data["transfer_id"])
        for status in moves:
            seen = transfers.move(seen, status, "tests", "")
        (one,) = draft.get(f"{DRAFT}/withdrawals?currency=btc").data["withdrawals"]
        assert one["status"] == word


def test_a_person_of_the_draft_and_one_of_v2_trade_with_each_other(exchange, app):
    buyer, seller = exchange.person(CNY="2000"), exchange.person(BTC="1")
    assert isinstance(in_draft(seller), DraftClient)
    submit(in_draft(seller), ("btc-cny", "sell", 1400, 1))
    exchange.match()
    buyer.submit(("btc-cny", "buy", 1450, 1))
    exchange.match()
    assert in_draft(seller).get(BALANCE).data["CNY"] == [1400, 0, 0, 1400]
    assert buyer.get("/api/v2/user/balance").data["BTC"] == [1, 0, 0, 1]
