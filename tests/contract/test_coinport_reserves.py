"""Open data against the document: files of balances, roots and proofs."""

import re
from decimal import Decimal
from urllib.parse import urlparse

import pytest

from chalicelib import clock
from chalicelib.core import reserves
from chalicelib.core.candles import Ticker
from chalicelib.services import operations, snapshots, wallet
from chalicelib.stores import external as rows


@pytest.fixture
def taken(exchange, monkeypatch):
    """Three people with bitcoins, three snapshots an hour apart."""
    people = [exchange.person(BTC=amount) for amount in ("0.5", "2", "1")]
    now = clock.now_ms
    for hours in (2, 1, 0):
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now_ms", lambda: now() - hours * 3_600_000)  # noqa: B023 - called at once
            snapshots.take()
    exchange.people = people
    return exchange


class TestFiles:
    def test_are_listed_newest_first(self, taken):
        data = taken.client.get("/api/v2/btc/balance_snapshot_files").data
        assert (data["hasMore"], data["currency"]) == (False, "BTC")
        assert data["path"] == "http://127.0.0.1:8000/download/csv/asset/btc/"
        assert [at for _, _, at in data["items"]] == sorted((at for _, _, at in data["items"]), reverse=True)
        assert all(re.fullmatch(r"btc_balance_\d{14}\.csv", name) for name, _, _ in data["items"])

    def test_pages_follow_each_other_by_moment(self, taken):
        url, seen, cursor = "/api/v2/blk/balance_snapshot_files?limit=1&cursor={}", [], ""
        for more in (True, True, False):
            page = taken.client.get(url.format(cursor)).data
            assert (page["hasMore"], page["currency"]) == (more, "BC")
            seen += page["items"]
            cursor = seen[-1][2]
        assert seen == taken.client.get("/api/v2/bc/balance_snapshot_files").data["items"]

    def test_before_the_first(self, client):
        assert client.get("/api/v2/cny/balance_snapshot_files").data["items"] == []

    @pytest.mark.parametrize(("query", "code"), [("limit=0", 1007), ("cursor=-1", 1007), ("x=1", 1007)])
    def test_bad_parameters(self, stranger, query, code):
        assert stranger.get(f"/api/v2/btc/balance_snapshot_files?{query}").code == code

    def test_an_unknown_currency(self, stranger):
        assert stranger.get("/api/v2/xyz/balance_snapshot_files").code == 1013
        assert stranger.get("/api/v2/xyz/reserve_root").code == 1013


class TestDownload:
    @pytest.mark.parametrize("coin", ["btc", "BTC"])
    def test_leads_to_the_file(self, taken, coin):
        (name, size, _), *_ = taken.client.get("/api/v2/btc/balance_snapshot_files").data["items"]
        reply = taken.client.get(f"/download/csv/asset/{coin}/{name}")
        assert reply.status == 302
        assert reply.headers["cache-control"] == "no-store"
        link = urlparse(reply.headers["location"])
        assert link.path.endswith(name)
        assert "X-Amz-Signature" in link.query
        lines = snapshots.snapshots.file(snapshots.snapshots.newest("BTC"))
        assert len(lines) == size
        uids = [person.uid for person in taken.people]
        assert lines.decode().splitlines()[:5] == [
            '"User Id",Amount', f"{uids[0]},0.5", f"{uids[1]},2", f"{uids[2]},1", "Sum,3.5"
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "path",
        [
            "btc/btc_balance_20000101000000.csv",
            "btc/btc_balance_99999999999999.csv",
            "btc/ltc_balance_20260101000000.csv",
            "xyz/xyz_balance_20260101000000.csv",
            "btc/..%2f..%2fproofs",
            "btc/btc_balance_2026010100000０.csv",
            "btc/x",
            "btc/.csv",
        ],
    )
    def test_what_is_not_there(self, taken, path):
        reply = taken.client.get(f"/download/csv/asset/{path}")
        assert (reply.code, reply.status) == (1012, 404)


class TestProof:
    def test_the_root_is_signed(self, taken):
        data = taken.client.get("/api/v2/btc/reserve_root").data
        said = reserves.check_statement({name: data[name] for name in ("public_key", "signature", "statement")})
        assert (said["count"], said["sum"]) == (3, "350000000")
        assert data["file"] == taken.client.get("/api/v2/btc/balance_snapshot_files").data["items"][0][0]

    def test_ones_own(self, taken):
        root = taken.client.get("/api/v2/btc/reserve_root").data
        for person in taken.people:
            proof = person.get("/api/v2/user/reserve_proof?currency=btc").data
            assert reserves.check(proof)["root"] == root["statement"]["root"]
            assert proof["leaf"]["uid"] == person.uid

    def test_of_what_one_never_had(self, taken):
        assert taken.people[0].get("/api/v2/user/reserve_proof?currency=doge").code == 1007
        assert taken.person(BTC="1").get("/api/v2/user/reserve_proof?currency=btc").code == 1007

    def test_bad_requests(self, exchange):
        person = exchange.person()
        assert person.get("/api/v2/user/reserve_proof").code == 1001
        assert person.get("/api/v2/user/reserve_proof?currency=xyz").code == 1013
        assert person.get("/api/v2/user/reserve_proof?currency=btc").code == 1007
        assert exchange.client.get("/api/v2/user/reserve_proof?currency=btc").code == 1014
        assert exchange.client.get("/api/v2/btc/reserve_root").code == 1007


class TestTransfers:
    def test_succeeded_deposits_newest_first(self, exchange):
        people = [exchange.person(BTC="1", CNY="5"), exchange.person(BTC="0.25")]
        data = exchange.client.get("/api/v2/btc/transfers").data
        assert (data["currency"], data["hasMore"]) == ("BTC", False)
        assert [one["uid"] for one in data["transfers"]] == [people[1].uid, people[0].uid]
        assert [one["amount"] for one in data["transfers"]] == [Decimal("0.25"), 1]
        assert {(one["status"], one["operation"], one["address"]) for one in data["transfers"]} == {(4, 0, "")}
        wallet.credit(people[0].uid, "BTC", Decimal(3), "ab12:cd")
        assert exchange.client.get("/api/v2/btc/transfers?limit=1").data["transfers"][0]["txid"] == "ab12:cd"

    def test_pages_follow_each_other(self, exchange):
        exchange.person(LTC="1")
        exchange.person(LTC="2")
        first = exchange.client.get("/api/v2/ltc/transfers?limit=1").data
        assert first["hasMore"]
        second = exchange.client.get(f"/api/v2/ltc/transfers?limit=1&cursor={first['transfers'][0]['id']}").data
        assert [page["transfers"][0]["amount"] for page in (first, second)] == [2, 1]
        assert not second["hasMore"]

    def test_bad_requests(self, client):
        assert client.get("/api/v2/xyz/transfers").code == 1013
        assert client.get("/api/v2/btc/transfers?limit=x").code == 1007
        assert client.get("/api/v2/doge/transfers").data["transfers"] == []


#: Two of the document's own addresses with their signatures.
HOT = (
    "15WSBo1FRXQ7qKQms9qAWGvsTMxxRLrHt3",
    "H4FGaDo7P3Hm+HnGMEnb/s8fXEuYJQ2vrlIDqN2H7jlWu2CfmDaC/vSkVtzlvidjgDvDQEeoe3Xovft9pomHpFc=",
)
COLD = (
    "1GbJtdiidFnbsGfuC5VtMKrRaoyrP2rRXk",
    "H0YkvkM11/6tVddcu8dr+TEzhKjNuXVTn1ckaJJQOc0IVoAkCrhiA9CUFUWvTXRBL+DwLgPUrWi7gHnD+LBLztw=",
)


class TestReserves:
    def add(self, address, signature, kind, currency="btc"):
        payload = {"verb": "add-address", "currency": currency, "address": address, "kind": kind}
        return operations.run({**payload, "signature": signature})

    def hold(self, address, amount, currency="BTC"):
        payload = {"verb": "set-address-balance", "currency": currency, "address": address, "amount": amount}
        return operations.run(payload)

    def test_what_is_held_where_and_what_is_owed(self, exchange):
        exchange.person(BTC="46.5", LTC="2")
        assert self.add(*HOT, "hot") == {"currency": "BTC", "address": HOT[0], "kind": "hot"}
        assert "error" not in self.add(*COLD, "cold")
        self.hold(HOT[0], "1.5")
        assert self.hold(COLD[0], "45.66859572") == {"hot": "1.5", "cold": "45.66859572", "user": "0", "owed": "0"}
        snapshots.take()
        data = exchange.client.get("/api/v2/btc/reserves").data
        assert data["stats"] == [Decimal("1.5"), Decimal("45.66859572"), 0, Decimal("46.5")]
        assert data["timestamp"] == snapshots.root("BTC").at
        assert data["distribution"] == [
            [HOT[0], Decimal("1.5"), "hot", "coinport", HOT[1]],
            [COLD[0], Decimal("45.66859572"), "cold", "coinport", COLD[1]],
        ]
        stats = exchange.client.get("/api/v2/reserve_stats").data
        assert set(stats) == {"BTC", "LTC", "BTSX", "XRP", "BC", "DRK", "VRC", "ZET", "NXT", "DOGE"}
        assert (stats["BTC"], stats["LTC"]) == (data["stats"], [0, 0, 0, 2])

    def test_no_reserves_of_what_lives_on_no_chain(self, client):
        assert client.get("/api/v2/cny/reserves").code == 1007
        assert client.get("/api/v2/gooc/reserves").code == 1007
        assert client.get("/api/v2/xyz/reserves").code == 1013
        assert client.get("/api/v2/nxt/reserves").data["distribution"] == []

    @pytest.mark.parametrize(
        ("currency", "address", "signature", "kind", "named"),
        [
            ("btc", HOT[0], COLD[1], "hot", "signature"),
            ("btc", HOT[0], "", "hot", "signature"),
            ("btc", HOT[0][:-1] + "4", HOT[1], "hot", "address"),
            ("btc", *HOT, "user", "kind"),
            ("ltc", *HOT, "hot", "address"),
            ("cny", *HOT, "hot", "currency"),
            ("xyz", *HOT, "hot", "currency"),
            ("xrp", "rN7n", HOT[1], "hot", "signature"),
            ("xrp", "r\n", "", "hot", "address"),
        ],
    )
    def test_what_shows_no_ownership(self, exchange, currency, address, signature, kind, named):
        assert self.add(address, signature, kind, currency)["parameter"] == named

    def test_only_once_and_only_what_is_registered(self, exchange):
        self.add(*HOT, "hot")
        assert self.add(*HOT, "cold")["parameter"] == "address"
        assert self.hold(COLD[0], "1")["parameter"] == "address"
        assert self.hold(HOT[0], "-1")["parameter"] == "amount"
        assert self.hold(HOT[0], "x")["parameter"] == "amount"
        assert self.hold(HOT[0], "0.000000001")["parameter"] == "amount"
        assert "error" not in self.add("rN7n7otQDd6FczFgLdSqtcsAUxDkw6fzRH", "", "cold", "xrp")


class TestExternalTickers:
    def test_one_list_by_both_names(self, client):
        assert client.get("/api/v2/external_tickers").data == {}
        for source, market in (("HUOBI", "BTC-CNY"), ("BITSTAMP", "BTC-USD")):
            ticker = Ticker(last=11 * 10**8, high=12 * 10**8, low=10 * 10**8, volume=5, first=10 * 10**8)
            rows.put(rows.External(source, market, ticker, clock.now_ms()))
        reply = client.get("/api/v2/external_tickers")
        assert reply.data == client.get("/api/v2/external_btc_tickers").data
        row = [11, 12, 10, Decimal("5E-8"), Decimal("0.1")]
        assert reply.data == {"BTC-CNY": {"HUOBI": row}, "BTC-USD": {"BITSTAMP": row}}
        assert client.get("/api/v2/external_tickers?x=1").code == 1007
