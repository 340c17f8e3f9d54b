"""Market data against the document. Shapes are checked by the client; here is what the values have to be."""

from decimal import Decimal

import pytest

PRIVATE = "no-store"


@pytest.fixture
def traded(exchange):
    """BTC-CNY with three trades, at 1400, 1410 and 1405, and something left on both sides."""
    seller = exchange.person(BTC="10")
    buyer = exchange.person(CNY="100000")
    seller.submit(("btc-cny", "sell", 1400, 1), ("btc-cny", "sell", 1410, 2), ("btc-cny", "sell", 1500, 3))
    exchange.match()
    buyer.submit(("btc-cny", "buy", 1400, 1), ("btc-cny", "buy", 1410, 2), ("btc-cny", "buy", 1405, 2))
    exchange.match()
    seller.submit(("btc-cny", "sell", 1400.5, 0.5))
    exchange.match()
    return exchange


class TestTime:
    def test_is_ours_in_ms_and_not_cached(self, stranger):
        reply = stranger.get("/api/v2/time")
        assert abs(reply.data - reply.body["time"]) < 1000
        assert reply.headers["cache-control"] == PRIVATE


class TestTickers:
    def test_every_market_has_one(self, client):
        reply = client.get("/api/v2/tickers")
        assert len(reply.data) == 15
        assert set(map(tuple, reply.data.values())) == {(0, 0, 0, 0, 0)}

    def test_a_day_of_trades(self, traded):
        expected = [1405, 1410, 1400, Decimal("3.5"), Decimal("0.003571428571428571")]
        assert traded.client.get("/api/v2/btc-cny/ticker").data == {"BTC-CNY": expected}
        assert traded.client.get("/api/v2/tickers").data["BTC-CNY"] == expected

    def test_whole_numbers_keep_their_point(self, traded):
        assert '"BTC-CNY":[1405.0,1410.0,1400.0,3.5,' in traded.client.get("/api/v2/btc-cny/ticker").text
        assert '"LTC-CNY":[0.0,0.0,0.0,0.0,0.0]' in traded.client.get("/api/v2/tickers").text

    @pytest.mark.parametrize("name", ["cny", "CNY", "Cny"])
    def test_those_of_a_currency(self, client, name):
        assert set(client.get(f"/api/v2/{name}/tickers").data) == {
            "BTC-CNY", "LTC-CNY", "BTSX-CNY", "XRP-CNY", "GOOC-CNY"
        }  # fmt: skip

    def test_a_currency_that_prices_nothing(self, stranger):
        reply = stranger.get("/api/v2/ltc/tickers")
        assert (reply.code, reply.status) == (1007, 200)

    @pytest.mark.parametrize("name", ["xyz", "btſx", "btc-cny", "%00", "1"])
    def test_an_unknown_currency(self, stranger, name):
        reply = stranger.get(f"/api/v2/{name}/tickers")
        assert reply.code == 1013
        assert name in reply.message

    @pytest.mark.parametrize("name", ["BTC-CNY", "btc-cny", "blk-btc", "BC-BTC"])
    def test_a_market_in_any_case_and_by_alias(self, client, name):
        (shown,) = client.get(f"/api/v2/{name}/ticker").data
        assert shown == name.upper().replace("BLK", "BC")

    @pytest.mark.parametrize("path", ["ticker", "depth", "trades"])
    @pytest.mark.parametrize("name", ["cny-btc", "btc", "btc-cny-", "btſx-cny", "BTC‐CNY", "--", "btc_cny"])
    def test_an_unknown_market(self, stranger, path, name):
        reply = stranger.get(f"/api/v2/{name}/{path}")
        assert (reply.code, reply.status, reply.data) == (1010, 200, None)
        assert name in reply.message


class TestDepth:
    def test_best_first_and_summed(self, traded):
        seller = traded.person(BTC="2")
        seller.submit(("btc-cny", "sell", 1500, 1), ("btc-cny", "sell", 1450, 0.5))
        traded.match()
        reply = traded.client.get("/api/v2/btc-cny/depth")
        assert reply.data == {"asks": [[1450, Decimal("0.5")], [1500, 4]], "bids": [[1405, Decimal("1.5")]]}

    @pytest.mark.parametrize(("limit", "shown"), [("1", 1), ("2", 2), ("200", 3), ("201", 3), ("99999999999", 3)])
    def test_limit(self, traded, limit, shown):
        traded.person(BTC="9").submit(("btc-cny", "sell", 1501, 1), ("btc-cny", "sell", 1502, 1))
        traded.match()
        assert len(traded.client.get(f"/api/v2/btc-cny/depth?limit={limit}").data["asks"]) == shown

    def test_an_empty_book(self, client):
        assert client.get("/api/v2/doge-btc/depth").data == {"asks": [], "bids": []}


class TestTrades:
    def test_newest_first(self, traded):
        reply = traded.client.get("/api/v2/btc-cny/trades")
        assert reply.data["market"] == "BTC-CNY"
        assert reply.data["hasMore"] is False
        assert [trade["price"] for trade in reply.data["trades"]] == [1405, 1410, 1400]
        assert [trade["isSell"] for trade in reply.data["trades"]] == [True, False, False]
        ids = [int(trade["id"]) for trade in reply.data["trades"]]
        assert ids == sorted(ids, reverse=True)
        assert [int(trade["taker_order_id"]) for trade in reply.data["trades"]] == [one // 1000 for one in ids]

    @pytest.mark.parametrize("newest", ["", "?cursor=", "?cursor=0", "?cursor=1", "?limit=", "?cursor=&limit=200"])
    def test_what_means_newest(self, traded, newest):
        assert len(traded.client.get(f"/api/v2/btc-cny/trades{newest}").data["trades"]) == 3

    def test_pages_follow_each_other_exactly(self, traded):
        seen, cursor = [], "0"
        for more in (True, True, False):
            page = traded.client.get(f"/api/v2/btc-cny/trades?limit=1&cursor={cursor}").data
            assert page["hasMore"] is more
            seen += page["trades"]
            cursor = page["trades"][-1]["id"]
        assert seen == traded.client.get("/api/v2/btc-cny/trades").data["trades"]
        assert traded.client.get(f"/api/v2/btc-cny/trades?cursor={cursor}").data["trades"] == []


class TestKline:
    def test_from_the_first_trade_to_the_running_bucket(self, traded):
        now = traded.client.get("/api/v2/time").data
        (*_, row) = traded.client.get("/api/v2/btc-cny/kline?interval=1d").data["items"]
        assert row[0] == now // 86_400_000 * 86_400_000
        assert row[1:] == [1400, 1410, 1400, 1405, Decimal("3.5")]
        assert traded.client.get("/api/v2/btc-cny/kline").data["items"][-1][5] in {Decimal("3.5"), 0}
        assert "1400.0,1410.0,1400.0,1405.0,3.5]" in traded.client.get("/api/v2/btc-cny/kline?interval=1d").text

    def test_start_is_not_included_and_end_is(self, traded):
        bucket = traded.client.get("/api/v2/btc-cny/kline?interval=1d").data["items"][-1][0]
        url = "/api/v2/BTC-CNY/kline?interval=1d&start={}&end={}"
        assert traded.client.get(url.format(bucket, bucket + 1)).data["items"] == []
        assert len(traded.client.get(url.format(bucket - 1, bucket)).data["items"]) == 1
        assert traded.client.get(url.format(bucket, bucket - 1)).data["items"] == []

    def test_a_market_without_trades(self, client):
        assert client.get("/api/v2/ltc-btc/kline?interval=1h").data == {"items": []}

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ("interval=3m", "interval"),
            ("interval=1D", "interval"),
            ("start=-1", "start"),
            ("end=x", "end"),
            ("x=1", "x"),
        ],
    )
    def test_what_is_no_parameter(self, stranger, query, named):
        reply = stranger.get(f"/api/v2/btc-cny/kline?{query}")
        assert (reply.code, reply.message[-len(named) :]) == (1007, named)

    def test_an_unknown_market(self, stranger):
        assert stranger.get("/api/v2/btc-usd/kline").code == 1010


class TestBadInput:
    @pytest.mark.parametrize("path", ["/api/v2/btc-cny/depth", "/api/v2/btc-cny/trades"])
    @pytest.mark.parametrize("limit", ["0", "-1", "1.0", "1e2", "abc", "+1", "%201", "１", "NaN", "0x10", "9" * 30])
    def test_a_limit_that_is_none(self, stranger, path, limit):
        reply = stranger.get(f"{path}?limit={limit}")
        assert (reply.code, reply.status) == (1007, 200)
        assert reply.message.endswith("limit")

    @pytest.mark.parametrize("cursor", ["-1", "1.5", "abc", "1;drop", "9" * 30])
    def test_a_cursor_that_is_none(self, stranger, cursor):
        reply = stranger.get(f"/api/v2/btc-cny/trades?cursor={cursor}")
        assert reply.code == 1007
        assert reply.message.endswith("cursor")

    @pytest.mark.parametrize(
        "url",
        [
            "/api/v2/time?x=1",
            "/api/v2/tickers?x=1",
            "/api/v2/cny/tickers?x=",
            "/api/v2/btc-cny/ticker?x=1",
            "/api/v2/btc-cny/depth?x=1&limit=3",
            "/api/v2/btc-cny/depth?limit=3&x=1&x=2",
            "/api/v2/btc-cny/trades?x=1",
        ],
    )
    def test_a_superfluous_parameter(self, stranger, url):
        reply = stranger.get(url)
        assert reply.code == 1007
        assert reply.message.endswith("：x")

    def test_a_repeated_parameter(self, stranger):
        reply = stranger.get("/api/v2/btc-cny/depth?limit=1&limit=2")
        assert reply.code == 1007
        assert reply.message.endswith("limit")


class TestHeaders:
    @pytest.mark.parametrize("url", ["tickers", "cny/tickers", "btc-cny/ticker", "btc-cny/depth", "btc-cny/trades"])
    def test_any_page_may_read_it_and_caches_hold_it_a_second(self, client, url):
        reply = client.get(f"/api/v2/{url}")
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.headers["cache-control"] == "public, max-age=1"

    def test_an_error_is_readable_too_but_not_cached(self, stranger):
        reply = stranger.get("/api/v2/no-such/ticker")
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.headers["cache-control"] == PRIVATE

    def test_credentials_do_not_matter(self, client):
        assert client.get("/api/v2/tickers", Authorization="Basic bm9ib2R5OndybQ==").code == 0
