"""Orders against the document: what submitting, cancelling and listing answer, and what bad input gets."""

from decimal import Decimal

import pytest

from chalicelib.core.ids import ORDER_LAST
from chalicelib.services import operations, trading
from tests.contract.document import contract

SUBMIT, CANCEL = "/api/v2/user/submit_orders", "/api/v2/user/cancel_orders"
ORDERS, TRADES = "/api/v2/user/orders", "/api/v2/user/trades"
GOOD = {"market": "btc-cny", "operation": "buy", "price": 1400, "amount": 0.5}


@pytest.fixture
def person(exchange):
    """Somebody who can buy and sell."""
    return exchange.person(BTC="10", CNY="100000", LTC="10")


def submit_one(person, **changes):
    return person.post(SUBMIT, {"orders": [{**GOOD, **changes}]})


def written(numbers):
    """The body of one order, its numbers as text."""
    return '{"orders":[{"market":"btc-cny","operation":"buy",' + numbers + "}]}"


def balance(person):
    return {asset: list(map(str, row)) for asset, row in person.get("/api/v2/user/balance").data.items()}


class TestSubmit:
    def test_the_documents_own_request(self, person):
        reply = person.post(SUBMIT, contract()[f"POST {SUBMIT}"]["request"])
        first, second, third = reply.data["results"]
        # 1800 CNY for 0.23 XRP can be paid; 5 CNY for 0.4 LTC as well.
        assert "0" not in {first["order_id"], second["order_id"], third["order_id"]}
        assert "code" not in reply.text.replace('"code":0', "")

    def test_results_stand_in_the_requests_order(self, exchange, person):
        reply = person.post(
            SUBMIT,
            {
                "orders": [
                    GOOD,
                    {**GOOD, "market": "no-such"},
                    {**GOOD, "amount": 0.0001},
                    {**GOOD, "price": 100000001},
                    {**GOOD, "price": 0},
                    {**GOOD, "amount": 1000},
                    {**GOOD, "market": "BTC-CNY", "operation": "sell", "price": 1500},
                ]
            },
        )
        results = reply.data["results"]
        assert [result.get("code") for result in results] == [None, "1010", "2003", "2001", "2001", "2002", None]
        assert [result["order_id"] for result in results if "code" in result] == ["0"] * 5
        first, last = int(results[0]["order_id"]), int(results[-1]["order_id"])
        assert 10**15 < first < last < 2**53

    def test_what_fits_is_taken_first_come_first_served(self, person):
        ids = person.submit(
            ("btc-cny", "buy", 50000, 1),
            ("btc-cny", "buy", 60000, 1),
            ("btc-cny", "buy", 40000, 1),
            ("ltc-cny", "buy", 20000, 1),
        )
        assert [bool(order) for order in ids] == [True, False, True, False]
        assert balance(person)["CNY"] == ["10000.0", "90000.0", "0.0", "100000.0"]

    def test_a_halted_market(self, exchange, person):
        operations.run({"verb": "halt", "market": "BTC-CNY"})
        exchange.match()
        trading.forget()
        assert submit_one(person).data["results"] == [{"order_id": "0", "code": "1010"}]

    @pytest.mark.parametrize("price", ["1400", "1400.0", "1.4e3", "1400.00000", "14E2"])
    def test_a_number_may_be_written_in_any_way(self, person, price):
        (result,) = person.post(SUBMIT, written(f'"price":{price},"amount":0.5')).data["results"]
        (order,) = person.get(f"{ORDERS}?ids={result['order_id']}").data["orders"]
        assert order["price"] == 1400

    def test_any_content_type(self, person):
        reply = person.post(SUBMIT, {"orders": [GOOD]}, Content_Type="application/x-www-form-urlencoded")
        assert reply.data["results"][0]["order_id"] != "0"

    @pytest.mark.parametrize(
        ("options", "status"),
        [
            ({"time_in_force": "GTC"}, 0),
            ({"time_in_force": "IOC"}, 3),
            ({"time_in_force": "FOK"}, 3),
            ({"post_only": True}, 0),
            ({"post_only": False, "time_in_force": "IOC"}, 3),
            ({"client_order_id": "mine ~!" + "x" * 29}, 0),
            ({"client_order_id": None}, 0),
        ],
    )
    def test_our_options(self, exchange, person, options, status):
        (result,) = submit_one(person, **options).data["results"]
        exchange.match()
        (order,) = person.get(f"{ORDERS}?ids={result['order_id']}").data["orders"]
        assert order["status"] == status
        assert order.get("client_order_id") == options.get("client_order_id")

    def test_a_client_order_id_places_once(self, person):
        first = submit_one(person, client_order_id="a").data["results"]
        assert submit_one(person, client_order_id="a", price=1300).data["results"] == first
        assert len(person.get(ORDERS).data["orders"]) == 1


class TestBadOrders:
    @pytest.mark.parametrize(
        ("changes", "parameter"),
        [
            ({"price": "1400"}, "orders[0].price"),
            ({"price": True}, "orders[0].price"),
            ({"price": None}, "orders[0].price"),
            ({"price": [1400]}, "orders[0].price"),
            ({"price": 1400.000001}, "orders[0].price"),
            ({"amount": "0.5"}, "orders[0].amount"),
            ({"amount": 0}, "orders[0].amount"),
            ({"amount": -0.5}, "orders[0].amount"),
            ({"amount": 0.123456789}, "orders[0].amount"),
            ({"amount": 10**4000}, "orders[0].amount"),
            ({"market": 1}, "orders[0].market"),
            ({"market": None}, "orders[0].market"),
            ({"operation": "BUY"}, "orders[0].operation"),
            ({"operation": "hold"}, "orders[0].operation"),
            ({"operation": 1}, "orders[0].operation"),
            ({"time_in_force": "GTD"}, "orders[0].time_in_force"),
            ({"time_in_force": None}, "orders[0].time_in_force"),
            ({"post_only": 1}, "orders[0].post_only"),
            ({"post_only": True, "time_in_force": "IOC"}, "orders[0].post_only"),
            ({"post_only": True, "time_in_force": "FOK"}, "orders[0].post_only"),
            ({"client_order_id": ""}, "orders[0].client_order_id"),
            ({"client_order_id": "x" * 37}, "orders[0].client_order_id"),
            ({"client_order_id": "é"}, "orders[0].client_order_id"),
            ({"client_order_id": "a\n"}, "orders[0].client_order_id"),
            ({"client_order_id": 7}, "orders[0].client_order_id"),
            ({"stop": 1}, "orders[0].stop"),
        ],
        ids=str,
    )
    def test_one_bad_field_refuses_the_whole_request_and_is_named(self, person, changes, parameter):
        before = balance(person)
        for orders in ([{**GOOD, **changes}], [{**GOOD, **changes}, GOOD]):
            reply = person.post(SUBMIT, {"orders": orders})
            assert (reply.code, reply.status, reply.data) == (1007, 200, None)
            assert reply.message == f"不正确或多余的参数：{parameter}"
        assert balance(person) == before
        assert person.get(ORDERS).data["orders"] == []

    def test_the_place_of_the_bad_order_is_told(self, person):
        reply = person.post(SUBMIT, {"orders": [GOOD, GOOD, {**GOOD, "price": "x"}]}, Accept_Language="en")
        assert reply.message == "Wrong or superfluous parameter: orders[2].price"
        reply = person.post(SUBMIT, {"orders": [GOOD, {**GOOD, "amount": 0.000000001}]}, Accept_Language="en-GB,en")
        assert reply.message == "Wrong or superfluous parameter: orders[1].amount"

    @pytest.mark.parametrize("name", GOOD)
    def test_a_missing_field(self, person, name):
        order = {key: value for key, value in GOOD.items() if key != name}
        reply = person.post(SUBMIT, {"orders": [GOOD, order]})
        assert (reply.code, reply.message) == (1001, f"缺少参数：orders[1].{name}")

    @pytest.mark.parametrize(
        ("body", "code", "parameter"),
        [
            ({"orders": [GOOD] * 11}, 1007, "orders"),
            ({"orders": []}, 1007, "orders"),
            ({"orders": GOOD}, 1007, "orders"),
            ({"orders": None}, 1007, "orders"),
            ({"orders": [1]}, 1007, "orders[0]"),
            ({"orders": [GOOD], "x": 1}, 1007, "x"),
            ({}, 1001, "orders"),
            ("", 1001, "orders"),
            ("[]", 1007, "body"),
            ("null", 1007, "body"),
            ("{", 1007, "body"),
            (written('"price":NaN,"amount":1'), 1007, "body"),
            (written('"price":1,"amount":-Infinity'), 1007, "body"),
            (written('"price":1,"price":2,"amount":1'), 1007, "body"),
            (
                written('"price":1e9999999,"amount":1'),
                1007,
                "orders[0].price",
            ),
            (
                written('"price":1,"amount":1e-9999999'),
                1007,
                "orders[0].amount",
            ),
            (
                written('"price":1,"amount":1e99999999999999999999'),
                1007,
                "body",
            ),
            ('{"orders":' * 5000, 1007, "body"),
            (b'{"orders":"\xff"}', 1007, "body"),
            ('{"orders":"' + "x" * 300_000 + '"}', 1007, "body"),
        ],
        ids=lambda value: str(value)[:60],
    )
    def test_what_is_no_request(self, person, body, code, parameter):
        reply = person.post(SUBMIT, body)
        assert (reply.code, reply.status) == (code, 200)
        assert reply.message.endswith(f"：{parameter}")

    def test_parameters_of_the_url_are_not_signed_and_so_refused(self, person):
        reply = person.post(f"{SUBMIT}?dry_run=1", {"orders": [GOOD]})
        assert (reply.code, reply.message) == (1007, "不正确或多余的参数：dry_run")

    @pytest.mark.parametrize("name", ["btſx-cny", "BTC\u2010CNY", "btc-cny\u0000", "ｂｔｃ-cny", "", "x" * 1000, "🚀"])
    def test_tricks_with_names(self, person, name):
        assert submit_one(person, market=name).data["results"] == [{"order_id": "0", "code": "1010"}]

    def test_half_a_character(self, person):
        assert person.post(SUBMIT, '{"orders":[{"market":"\\ud800"}]}').code == 1007


class TestCancel:
    def test_open_filled_foreign_and_unknown(self, exchange, person):
        other = exchange.person(BTC="1")
        (foreign,) = other.submit(("btc-cny", "sell", 1400, 0.5))
        exchange.match()
        filled, rests = person.submit(("btc-cny", "buy", 1400, 0.5), ("btc-cny", "buy", 1300, 0.5))
        exchange.match()
        (foreign_open,) = other.submit(("btc-cny", "sell", 1600, 0.5))
        exchange.match()
        reply = person.cancel(rests, filled, foreign, foreign_open, ORDER_LAST, 1000000001606, -1, 0, 10**30, rests)
        assert reply.data["cancelled"] == [rests]
        assert sorted(reply.data["failed"]) == sorted(
            [filled, foreign, foreign_open, ORDER_LAST, 1000000001606, -1, 0, 10**30]
        )
        assert other.get(f"{ORDERS}?ids={foreign_open}").data["orders"][0]["status"] == 0
        assert balance(person)["CNY"][1] == "0.0"

    def test_twice(self, person):
        (order,) = person.submit(("btc-cny", "buy", 1300, 0.5))
        assert person.cancel(order).data == {"cancelled": [order], "failed": []}
        assert person.cancel(order).data == {"cancelled": [], "failed": [order]}

    def test_before_the_market_has_seen_the_order(self, person):
        orders = person.submit(("btc-cny", "buy", 1300, 0.5), ("ltc-cny", "buy", 13, 0.5))
        assert person.cancel(*orders).data == {"cancelled": orders, "failed": []}

    def test_an_outcome_that_does_not_come_in_time_is_in_neither_list(self, person, monkeypatch):
        (order,) = person.submit(("btc-cny", "buy", 1300, 0.5))
        monkeypatch.setattr(trading, "OUTCOME_WAIT_MS", 0)
        assert person.cancel(order).data == {"cancelled": [], "failed": []}

    def test_none(self, person):
        assert person.cancel().data == {"cancelled": [], "failed": []}

    @pytest.mark.parametrize(
        ("body", "code", "parameter"),
        [
            ({"order_ids": ["1000000001606"]}, 1007, "order_ids[0]"),
            ({"order_ids": [1, 1.5]}, 1007, "order_ids[1]"),
            ({"order_ids": [1, 2.0]}, 1007, "order_ids[1]"),
            ({"order_ids": [True]}, 1007, "order_ids[0]"),
            ({"order_ids": [None]}, 1007, "order_ids[0]"),
            ({"order_ids": 1}, 1007, "order_ids"),
            ({"order_ids": [1] * 201}, 1007, "order_ids"),
            ({"order_ids": [1], "market": "btc-cny"}, 1007, "market"),
            ({}, 1001, "order_ids"),
        ],
    )
    def test_bad_input(self, person, body, code, parameter):
        reply = person.post(CANCEL, body)
        assert (reply.code, reply.message.endswith(f"：{parameter}")) == (code, True)


@pytest.fixture
def history(exchange, person):
    """Orders of every status in two markets, by name."""
    other = exchange.person(BTC="10")
    filled, partial, cancelled, cut, rests = person.submit(
        ("btc-cny", "buy", 1405, 0.1),
        ("btc-cny", "buy", 1404, 0.2),
        ("btc-cny", "buy", 1300, 0.3),
        ("btc-cny", "buy", 1403.5, 0.4),
        ("btc-cny", "buy", 1200, 0.5),
    )
    exchange.match()
    other.submit(("btc-cny", "sell", 1405, 0.1), ("btc-cny", "sell", 1403.5, 0.4))
    exchange.match()
    # 0.2 at 1404 is filled, 0.2 of 0.4 at 1403.5; the rest of the latter is cancelled.
    person.cancel(cancelled, cut)
    (partial_now,) = person.submit(("btc-cny", "buy", 1402, 0.4))
    exchange.match()
    other.submit(("btc-cny", "sell", 1402, 0.1))
    (elsewhere,) = person.submit(("ltc-cny", "buy", 10, 1))
    exchange.match()
    return {
        "filled": filled, "filled_too": partial, "cancelled": cancelled, "cut": cut, "rests": rests,
        "partial": partial_now, "elsewhere": elsewhere,
    }  # fmt: skip


class TestOrders:
    def test_newest_first_with_status_and_what_was_dealt(self, person, history):
        reply = person.get(ORDERS)
        assert reply.data["hasMore"] is False
        shown = [(int(order["id"]), order["status"], order["dealed_amount"]) for order in reply.data["orders"]]
        assert shown == [
            (history["elsewhere"], 0, 0),
            (history["partial"], 1, Decimal("0.1")),
            (history["rests"], 0, 0),
            (history["cut"], 3, Decimal("0.2")),
            (history["cancelled"], 3, 0),
            (history["filled_too"], 2, Decimal("0.2")),
            (history["filled"], 2, Decimal("0.1")),
        ]
        first = reply.data["orders"][-1]
        assert (first["market"], first["operation"], first["price"], first["amount"]) == (
            "BTC-CNY", "buy", 1405, Decimal("0.1")
        )  # fmt: skip
        assert abs(first["created"] - reply.body["time"]) < 60_000

    @pytest.mark.parametrize(
        ("status", "names"),
        [
            ("0", ["elsewhere", "rests"]),
            ("1", ["partial"]),
            ("2", ["filled_too", "filled"]),
            ("3", ["cut", "cancelled"]),
        ],
    )
    def test_by_status(self, person, history, status, names):
        shown = person.get(f"{ORDERS}?order_status={status}").data["orders"]
        assert [int(order["id"]) for order in shown] == [history[name] for name in names]

    @pytest.mark.parametrize("query", ["limit=1", "limit=2", "limit=3&market=btc-cny", "limit=1&order_status=2"])
    def test_pages_follow_each_other_exactly(self, person, history, query):
        whole = person.get(f"{ORDERS}?{query.partition('&')[2]}").data["orders"]
        seen, cursor, more = [], "1", True
        while more:
            page = person.get(f"{ORDERS}?{query}&cursor={cursor}").data
            seen, more, cursor = seen + page["orders"], page["hasMore"], page["orders"][-1]["id"]
        assert seen == whole

    def test_of_one_market(self, person, history):
        assert [int(order["id"]) for order in person.get(f"{ORDERS}?market=LTC-cny").data["orders"]] == [
            history["elsewhere"]
        ]
        assert len(person.get(f"{ORDERS}?market=").data["orders"]) == 7

    def test_ids_make_the_rest_void(self, person, history):
        ids = f"{history['filled']},{history['rests']},{history['filled']},1000001559354,1,{ORDER_LAST}"
        page = person.get(f"{ORDERS}?ids={ids}&market=no-such&cursor=x&limit=0&order_status=9").data
        assert {int(order["id"]) for order in page["orders"]} == {history["filled"], history["rests"]}
        assert page["hasMore"] is False

    def test_nobody_sees_anothers_orders(self, exchange, person, history):
        other = exchange.person()
        assert other.get(ORDERS).data == {"hasMore": False, "orders": []}
        assert other.get(f"{ORDERS}?ids={history['rests']}").data == {"hasMore": False, "orders": []}

    def test_an_order_that_its_market_has_not_seen_yet(self, person):
        (order,) = person.submit(("btc-cny", "buy", 1300, 0.5))
        assert person.get(f"{ORDERS}?order_status=0").data["orders"][0]["id"] == str(order)

    @pytest.mark.parametrize(
        ("query", "code", "parameter"),
        [
            ("market=no-such", 1010, "no-such"),
            ("order_status=4", 1007, "order_status"),
            ("order_status=-1", 1007, "order_status"),
            ("order_status=open", 1007, "order_status"),
            ("order_status=00", 1007, "order_status"),
            ("limit=0", 1007, "limit"),
            ("limit=x", 1007, "limit"),
            ("cursor=-5", 1007, "cursor"),
            ("ids=1,x", 1007, "ids"),
            ("ids=1,,2", 1007, "ids"),
            ("ids=" + ",".join(["1"] * 201), 1007, "ids"),
            ("ids=-1", 1007, "ids"),
            ("side=buy", 1007, "side"),
            ("limit=1&limit=1", 1007, "limit"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_bad_input(self, person, query, code, parameter):
        reply = person.get(f"{ORDERS}?{query}")
        assert (reply.code, reply.status) == (code, 200)
        assert reply.message.endswith(f"：{parameter}")


class TestTrades:
    def test_of_all_markets_and_of_one(self, exchange, person, history):
        every = person.get(TRADES).data
        assert every["market"] == ""
        assert [trade["amount"] for trade in every["trades"]] == list(map(Decimal, ("0.1", "0.2", "0.2", "0.1")))
        assert {trade["market"] for trade in every["trades"]} == {"BTC-CNY"}
        assert {trade["isSell"] for trade in every["trades"]} == {True}
        assert {trade["maker"] for trade in every["trades"]} == {person.uid}
        one = person.get(f"{TRADES}?market=btc-cny").data
        assert (one["market"], one["trades"]) == ("BTC-CNY", every["trades"])
        assert person.get(f"{TRADES}?market=ltc-cny").data == {"hasMore": False, "market": "LTC-CNY", "trades": []}

    def test_pages_follow_each_other_exactly(self, person, history):
        seen, cursor, more = [], "", True
        while more:
            page = person.get(f"{TRADES}?limit=1&cursor={cursor}").data
            seen, more, cursor = seen + page["trades"], page["hasMore"], page["trades"][-1]["id"]
        assert seen == person.get(TRADES).data["trades"]

    def test_by_ids(self, exchange, person, history):
        newest, *_, oldest = person.get(TRADES).data["trades"]
        found = person.get(f"{TRADES}?ids={newest['id']},{oldest['id']},12345&limit=0&market=nix&cursor=x").data
        assert sorted(trade["id"] for trade in found["trades"]) == sorted([newest["id"], oldest["id"]])
        stranger = exchange.person()
        assert stranger.get(f"{TRADES}?ids={newest['id']}").data["trades"] == []

    @pytest.mark.parametrize(
        ("query", "code", "parameter"),
        [
            ("market=no-such", 1010, "no-such"),
            ("limit=0", 1007, "limit"),
            ("cursor=x", 1007, "cursor"),
            ("ids=x", 1007, "ids"),
            ("order_status=1", 1007, "order_status"),
        ],
    )
    def test_bad_input(self, person, query, code, parameter):
        reply = person.get(f"{TRADES}?{query}")
        assert (reply.code, reply.message.endswith(f"：{parameter}")) == (code, True)


class TestWhoAsks:
    @pytest.mark.parametrize(("method", "url"), [("POST", SUBMIT), ("POST", CANCEL), ("GET", ORDERS), ("GET", TRADES)])
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Cookie": "session=forged"},
            {"Cookie": "session="},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic !!!"},
            {"Authorization": "Token bm90aGluZw=="},
        ],
        ids=str,
    )
    def test_nobody_known_gets_nothing(self, client, method, url, headers):
        reply = client.request(method, url, body='{"orders":[]}', headers=headers)
        assert (reply.code, reply.status) == (1014, 401)

    def test_a_bad_header_is_not_saved_by_a_good_cookie(self, person):
        assert person.get(ORDERS, Authorization="Basic bm9ib2R5").code == 1014

    def test_private_answers_are_not_kept_nor_shared(self, person):
        reply = person.get(ORDERS)
        assert reply.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in reply.headers
