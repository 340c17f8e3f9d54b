"""What the draft shows to everyone: market data and open data in its own shapes, over the state that coinport v2 shows too."""

import itertools
import json
import re
from decimal import Decimal
from urllib.parse import urlparse

import pytest

from chalicelib import clock
from chalicelib.core.candles import MINUTE_MS
from chalicelib.services import operations, snapshots, transfer_files
from chalicelib.stores import transfer_files as rows
from tests.contract.draft import DraftClient
from tests.contract.test_coinport_reserves import HOT

DRAFT = "/draft/api/v2"
ROW_TIME = re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture
def traded(exchange):
    """BTC-CNY with three trades, at 1400, 1410 and 1405, and something left on both sides."""
    seller, buyer = exchange.person(BTC="10"), exchange.person(CNY="100000")
    asks = seller.submit(
        ("btc-cny", "sell", 1400, 1),
        ("btc-cny", "sell", 1410, 2),
        ("btc-cny", "sell", 1500, 3),
        ("btc-cny", "sell", 1510, 1),
    )
    exchange.match()
    exchange.bids = buyer.submit(
        ("btc-cny", "buy", 1400, 1),
        ("btc-cny", "buy", 1410, 2),
        ("btc-cny", "buy", 1405, 2),
        ("btc-cny", "buy", 1300, 1),
    )
    exchange.match()
    exchange.last = seller.submit(("btc-cny", "sell", 1400.5, 0.5))
    exchange.match()
    exchange.asks = asks
    return exchange


@pytest.fixture
def draft(exchange, app):
    """Somebody whom nobody knows, speaking the draft."""
    return DraftClient(app)


@pytest.fixture
def lonely(app):
    """The same where there is no AWS at all: what is refused at once must not need it."""
    return DraftClient(app)


class TestTickers:
    def test_bid_ask_high_low_last_volume(self, traded, draft):
        expected = [1405, 1500, 1410, 1400, 1405, Decimal("3.5")]
        assert draft.get(f"{DRAFT}/btc-cny/ticker").data == {"BTC-CNY": expected}
        assert draft.get(f"{DRAFT}/tickers").data["BTC-CNY"] == expected

    def test_every_market_has_one_and_zeros_where_nobody_bids_or_asks(self, draft, client):
        reply = draft.get(f"{DRAFT}/tickers")
        assert set(reply.data) == set(client.get("/api/v2/tickers").data)
        assert set(map(tuple, reply.data.values())) == {(0, 0, 0, 0, 0, 0)}
        assert '"LTC-CNY":[0.0,0.0,0.0,0.0,0.0,0.0]' in reply.text

    @pytest.mark.parametrize("name", ["btc", "BTC"])
    def test_those_of_a_currency(self, draft, client, name):
        assert set(draft.get(f"{DRAFT}/{name}/tickers").data) == set(client.get(f"/api/v2/{name}/tickers").data)

    def test_what_prices_nothing_and_what_is_none(self, lonely):
        assert lonely.get(f"{DRAFT}/ltc/tickers").code == 1007
        assert lonely.get(f"{DRAFT}/xyz/tickers").code == 1013
        assert lonely.get(f"{DRAFT}/xyz-cny/ticker").code == 1010


class TestDepth:
    def test_both_sides_descend(self, traded, draft):
        assert draft.get(f"{DRAFT}/btc-cny/depth").data == {
            "asks": [[1510, 1], [1500, 3]],
            "bids": [[1405, Decimal("1.5")], [1300, 1]],
        }

    def test_a_limit_leaves_the_best(self, traded, draft):
        assert draft.get(f"{DRAFT}/BTC-CNY/depth?limit=1").data == {
            "asks": [[1500, 3]],
            "bids": [[1405, Decimal("1.5")]],
        }

    @pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=-1", "depth=1"])
    def test_bad_parameters(self, lonely, query):
        assert lonely.get(f"{DRAFT}/btc-cny/depth?{query}").code == 1007


class TestTrades:
    def test_newest_first_each_with_its_takers_order(self, traded, draft):
        data = draft.get(f"{DRAFT}/btc-cny/trades").data
        assert (data["market"], data["hasMore"]) == ("BTC-CNY", False)
        assert [(one["price"], one["amount"], one["taker"]) for one in data["trades"]] == [
            (1405, Decimal("0.5"), "sell"),
            (1410, 2, "buy"),
            (1400, 1, "buy"),
        ]
        assert [one["order_id"] for one in data["trades"]] == [*traded.last, traded.bids[1], traded.bids[0]]
        assert data["timestamp"] == data["trades"][0]["timestamp"]
        same = traded.client.get("/api/v2/btc-cny/trades").data["trades"]
        assert [str(one["trade_id"]) for one in data["trades"]] == [one["id"] for one in same]

    @pytest.mark.parametrize("newest", ["", "-1"])
    def test_pages_follow_each_other(self, traded, draft, newest):
        seen, cursor = [], newest
        for more in (True, True, False):
            page = draft.get(f"{DRAFT}/btc-cny/trades?limit=1&cursor={cursor}").data
            assert page["hasMore"] is more
            seen += page["trades"]
            cursor = seen[-1]["trade_id"]
        assert seen == draft.get(f"{DRAFT}/btc-cny/trades").data["trades"]

    def test_none_yet(self, draft):
        reply = draft.get(f"{DRAFT}/btc-cny/trades")
        assert (reply.data["trades"], reply.data["hasMore"]) == ([], False)
        assert 0 <= reply.body["time"] - reply.data["timestamp"] < 1000

    @pytest.mark.parametrize("query", ["cursor=-2", "cursor=x", "limit=0", "ids=1"])
    def test_bad_parameters(self, lonely, query):
        assert lonely.get(f"{DRAFT}/btc-cny/trades?{query}").code == 1007


class TestKline:
    def test_start_is_zero_and_five_minutes_is_the_interval(self, traded, draft, monkeypatch):
        now = clock.now_ms
        monkeypatch.setattr(clock, "now_ms", lambda: now() + 120 * 5 * MINUTE_MS)
        items = draft.get(f"{DRAFT}/btc-cny/kline").data["items"]
        assert len(items) in {121, 122}, "v2 would show ninety"
        assert {later[0] - earlier[0] for earlier, later in itertools.pairwise(items)} == {5 * MINUTE_MS}
        assert sum(item[5] for item in items) == Decimal("3.5")
        assert items[-1][1:] == [1405, 1405, 1405, 1405, 0]

    def test_start_is_not_included_and_end_is(self, traded, draft):
        begin = draft.get(f"{DRAFT}/btc-cny/kline?interval=1m").data["items"][0][0]
        url = f"{DRAFT}/btc-cny/kline?interval=1m&start={{}}&end={begin}"
        assert [item[0] for item in draft.get(url.format(begin - 1)).data["items"]] == [begin]
        assert draft.get(url.format(begin)).data["items"] == []

    @pytest.mark.parametrize("query", ["interval=3m", "start=x", "end=-1", "limit=5"])
    def test_bad_parameters(self, lonely, query):
        assert lonely.get(f"{DRAFT}/btc-cny/kline?{query}").code == 1007


class TestReserves:
    def test_stats_have_a_moment_and_v2s_figures(self, exchange, draft):
        exchange.person(BTC="46.5", LTC="2")
        payload = {"verb": "add-address", "currency": "BTC", "address": HOT[0], "kind": "hot", "signature": HOT[1]}
        assert "error" not in operations.run(payload)
        operations.run({"verb": "set-address-balance", "currency": "BTC", "address": HOT[0], "amount": "1.5"})
        snapshots.take()
        data = draft.get(f"{DRAFT}/reserve_stats").data
        assert set(data) == {"timestamp", "stats"}
        assert data["stats"] == exchange.client.get("/api/v2/reserve_stats").data
        assert data["stats"]["BTC"] == [Decimal("1.5"), 0, 0, Decimal("46.5")]
        one = draft.get(f"{DRAFT}/btc/reserves").data
        assert one == exchange.client.get("/api/v2/btc/reserves").data
        assert one["distribution"] == [[HOT[0], Decimal("1.5"), "hot", "coinport", HOT[1]]]
        assert data["timestamp"] == one["timestamp"] == snapshots.root("BTC").at

    def test_of_what_lives_on_no_chain(self, lonely):
        assert lonely.get(f"{DRAFT}/cny/reserves").code == 1007
        assert lonely.get(f"{DRAFT}/xyz/reserves").code == 1013


class TestSnapshots:
    @pytest.mark.parametrize("noun", ["balance_snapshots_files", "balance_snapshot_files"])
    def test_are_v2s_files_by_both_names(self, exchange, draft, noun):
        exchange.person(BTC="1")
        snapshots.take()
        data = draft.get(f"{DRAFT}/blk/{noun}").data
        assert (data["currency"], data["hasMore"]) == ("BC", False)
        data = draft.get(f"{DRAFT}/btc/{noun}").data
        ((at, time, name, size),) = data["snapshots"]
        assert [[name, size, at]] == exchange.client.get("/api/v2/btc/balance_snapshot_files").data["items"]
        assert ROW_TIME.fullmatch(time)
        stamp = name[-18:-4]
        assert time == f"{stamp[4:6]}-{stamp[6:8]} {stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}"
        assert exchange.client.get(f"/download/csv/asset/btc/{name}").status == 302

    def test_pages_follow_each_other(self, exchange, draft, monkeypatch):
        now = clock.now_ms
        for hours in (1, 0):
            with monkeypatch.context() as patch:
                patch.setattr(clock, "now_ms", lambda: now() - hours * 3_600_000)  # noqa: B023 - called at once
                snapshots.take()
        first = draft.get(f"{DRAFT}/cny/balance_snapshots_files?limit=1&cursor=-1").data
        assert first["hasMore"]
        second = draft.get(f"{DRAFT}/cny/balance_snapshots_files?cursor={first['snapshots'][0][0]}").data
        assert not second["hasMore"]
        assert len(second["snapshots"]) == 1

    @pytest.mark.parametrize("query", ["limit=0", "cursor=-2", "x=1"])
    def test_bad_parameters(self, lonely, query):
        assert lonely.get(f"{DRAFT}/btc/balance_snapshots_files?{query}").code == 1007
        assert lonely.get(f"{DRAFT}/btc/transfer_files?{query}").code == 1007


class TestTransferFiles:
    @pytest.fixture
    def filed(self, exchange, monkeypatch):
        """Bitcoin deposits of two people in files of two hours."""
        now = clock.now_ms
        exchange.people = []
        for hours in (5, 3):
            with monkeypatch.context() as patch:
                patch.setattr(clock, "now_ms", lambda: now() - hours * 3_600_000)  # noqa: B023 - called at once
                exchange.people.append(exchange.person(BTC=str(hours)))
        transfer_files.write()
        return exchange

    @pytest.mark.parametrize("noun", ["transfer_files", "transfers_files"])
    def test_are_listed_newest_first_by_both_names(self, filed, draft, noun):
        data = draft.get(f"{DRAFT}/btc/{noun}").data
        assert (data["currency"], data["hasMore"]) == ("BTC", False)
        ids = [row[0] for row in data["transfers"]]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 2
        assert data["timestamp"] == ids[0]
        for file_id, time, name, size in data["transfers"]:
            assert name == f"transfer-{file_id}.json"
            assert ROW_TIME.fullmatch(time)
            assert size == len(rows.content(rows.get("BTC", file_id)))

    def test_pages_follow_each_other(self, filed, draft):
        first = draft.get(f"{DRAFT}/btc/transfer_files?limit=1").data
        second = draft.get(f"{DRAFT}/btc/transfer_files?limit=1&cursor={first['transfers'][0][0]}").data
        assert (first["hasMore"], second["hasMore"]) == (True, False)
        both = draft.get(f"{DRAFT}/btc/transfer_files").data["transfers"]
        assert first["transfers"] + second["transfers"] == both

    def test_none_yet(self, draft):
        assert draft.get(f"{DRAFT}/doge/transfer_files").data["transfers"] == []
        assert draft.get(f"{DRAFT}/xyz/transfer_files").code == 1013

    def test_a_name_leads_to_the_file(self, filed, draft):
        for (file_id, _, name, _), person in zip(
            draft.get(f"{DRAFT}/btc/transfer_files").data["transfers"], reversed(filed.people), strict=True
        ):
            reply = draft.get(f"/download/json/transfer/btc/{name}")
            assert (reply.status, reply.headers["cache-control"]) == (302, "no-store")
            link = urlparse(reply.headers["location"])
            assert link.path.endswith(f"/transfers/BTC/{file_id}.json")
            assert "X-Amz-Signature" in link.query
            (row,) = json.loads(rows.content(rows.get("BTC", file_id)))["transfers"]
            assert (row["uid"], row["kind"]) == (person.uid, "deposit")

    @pytest.mark.parametrize(
        "path", ["btc/transfer-1.json", "btc/transfer-0.json", "xyz/transfer-1.json", "btc/..%2fx"]
    )
    def test_what_is_not_there(self, filed, draft, path):
        reply = draft.get(f"/download/json/transfer/{path}")
        assert (reply.status, reply.code) == (404, 1012)


def test_a_path_that_is_not_there_is_refused_in_the_drafts_words(lonely):
    reply = lonely.get(f"{DRAFT}/nothing")
    assert (reply.status, reply.code, reply.data) == (404, 1012, "")
    assert lonely.post(f"{DRAFT}/tickers").code == 1012
