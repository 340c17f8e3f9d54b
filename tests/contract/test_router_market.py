"""Market data as the router's document has it: rank, price, deals, depth, candles."""

from decimal import Decimal

import pytest

from chalicelib import settings
from chalicelib.services import market_data
from tests.contract.router import RouterClient

MINUTE = 60_000
HALF_HOUR = 30 * MINUTE
DAY = 48 * HALF_HOUR
#: Just after midnight, UTC.
NOW = 1_800_000_000_000 // DAY * DAY + 3


@pytest.fixture
def time(time):
    time[0] = NOW
    return time


@pytest.fixture
def router(exchange):
    return RouterClient(exchange.app)


@pytest.fixture
def traders(exchange, time):
    """Two who trade as often as a test says: ``traders("btc-cny", 1400, 2)``; new ones each time, for sessions end."""

    def trade(market, price, amount):
        ann, bob = (exchange.person(CNY="1000000", BTC="100", LTC="100") for _ in range(2))
        ann.submit((market, "sell", float(price), float(amount)))
        bob.submit((market, "buy", float(price), float(amount)))
        exchange.match()

    return trade


NO_PAIRS = [
    "BTC", "BTCCNY", "BTC/EUR", "BTC//CNY", "BTC/-CNY", "BTC_CNY", "/", "BTC/CNY/", "BTC/CNY-BTC", "比特币/CNY", "ＢＴＣ/CNY",
    "\u0000", "x" * 5000,
]  # fmt: skip
PAIRED = ["get_coin", "get_deal_record", "get_depth", "get_simple_k_line", "get_coin_k_line"]


@pytest.mark.parametrize("method", PAIRED)
class TestAPair:
    @pytest.mark.parametrize("pair", ["BTC/CNY", "BTC-CNY", "btc/cny", "Btc-Cny"])
    def test_is_written_either_way_in_any_case(self, router, method, pair):
        router.done(method, pair=pair)

    @pytest.mark.parametrize("pair", NO_PAIRS)
    def test_that_is_none(self, router, method, pair):
        assert router.refused(method, pair=pair) == "Not Found Symbols"

    def test_that_is_missing(self, router, method):
        assert router.refused(method) == "Lost Argument"
        assert router.refused(method, pair="") == "Lost Argument"

    def test_is_asked_for_by_post_as_well(self, router, method):
        assert router.done(method, http="POST", pair="BTC/CNY") == router.done(method, http="GET", pair="BTC/CNY")


class TestGetCoin:
    def test_before_the_first_trade(self, router):
        assert router.done("get_coin", pair="BTC/CNY") == ["BTC/CNY", "0", "0", "0", "0"]

    def test_the_pair_is_written_as_it_was_asked_for(self, router):
        assert router.done("get_coin", pair="btc-cny")[0] == "BTC-CNY"
        assert router.done("get_coin", pair="blk/btc")[0] == "BC/BTC"

    def test_price_amount_signed_increase_and_open(self, router, traders):
        traders("btc-cny", 1400, "0.5")
        assert router.done("get_coin", pair="BTC/CNY") == ["BTC/CNY", "1400", "0.5", "0", "1400"]
        traders("btc-cny", "1405.25", 1)
        assert router.done("get_coin", pair="BTC/CNY") == ["BTC/CNY", "1405.25", "1.5", "0.00375", "1400"]
        traders("btc-cny", 1399, 1)
        assert router.done("get_coin", pair="BTC/CNY")[3] == "-0.00071428"

    def test_a_day_without_a_trade(self, router, traders, time):
        traders("btc-cny", 1400, 1)
        time[0] += DAY
        assert router.done("get_coin", pair="BTC/CNY") == ["BTC/CNY", "1400", "0", "0", "1400"]


class TestGetRank:
    def test_every_pair_the_highest_increase_first(self, router, traders):
        for price in (1400, 1470):
            traders("btc-cny", price, 1)
        for price in ("0.02", "0.019"):
            traders("ltc-btc", price, 1)
        rows = router.done("get_rank")
        assert len(rows) == len(settings.exchange().markets)
        assert rows[0] == {"name": "BTC/CNY", "price": "1470", "amount": "2", "increase": "0.05"}
        assert rows[-1] == {"name": "LTC/BTC", "price": "0.019", "amount": "2", "increase": "-0.05"}
        increases = [Decimal(row["increase"]) for row in rows]
        assert increases == sorted(increases, reverse=True)
        still = [row["name"] for row in rows[1:-1]]
        assert still == sorted(still)

    def test_takes_nothing(self, router):
        assert router.refused("get_rank", pair="BTC/CNY") == "Invalid Argument"


class TestGetDealRecord:
    def test_nothing_yet(self, router):
        assert router.done("get_deal_record", pair="BTC/CNY") == []

    def test_the_newest_first_with_seconds(self, router, traders, time):
        traders("btc-cny", 1400, "0.5")
        time[0] += 5_999
        traders("btc-cny", "1400.00001", "0.00100001")
        assert router.done("get_deal_record", pair="BTC/CNY") == [
            ["1400.00001", "0.00100001", str((NOW + 5_999) // 1000)],
            ["1400", "0.5", str(NOW // 1000)],
        ]

    def test_sixty_at_most(self, router, exchange, time):
        ann = exchange.person(BTC="1")
        bob = exchange.person(CNY="100000")
        for start in range(0, 70, 10):
            ann.submit(*(("btc-cny", "sell", 1000 + start + number, 0.01) for number in range(10)))
        exchange.match()
        bob.submit(("btc-cny", "buy", 2000, 0.7))
        exchange.match()
        deals = router.done("get_deal_record", pair="BTC/CNY")
        assert [deal[0] for deal in deals] == [str(price) for price in range(1069, 1009, -1)]


class TestGetDepth:
    def test_an_empty_book(self, router, time):
        assert router.done("get_depth", pair="BTC/CNY") == {"timetick": str(NOW // 1000), "bid": [], "ask": []}

    def test_the_best_first_summed_per_price(self, router, exchange, time):
        ann = exchange.person(CNY="100000", BTC="10")
        ann.submit(*(("btc-cny", "buy", price, 1) for price in (1300, 1310, 1310)))
        ann.submit(*(("btc-cny", "sell", price, 0.25) for price in (1400.5, 1390, 1400.5)))
        exchange.match()
        found = router.done("get_depth", pair="BTC/CNY")
        assert found["bid"] == [["1310", "2"], ["1300", "1"]]
        assert found["ask"] == [["1390", "0.25"], ["1400.5", "0.5"]]


class TestCandles:
    def test_nothing_yet(self, router):
        assert router.done("get_simple_k_line", pair="BTC/CNY") == []
        assert router.done("get_coin_k_line", pair="BTC/CNY") == []

    def test_half_hours_are_told_by_their_highest_price(self, router, traders, time):
        for price in (1400, 1410, 1405):
            traders("btc-cny", price, "0.1")
        time[0] += 3 * HALF_HOUR
        traders("btc-cny", 1390, "0.1")
        assert router.done("get_simple_k_line", pair="BTC/CNY") == ["1410", "1405", "1405", "1390"]

    def test_48_half_hours_at_most(self, router, traders, time):
        traders("btc-cny", 1400, "0.1")
        time[0] += 46 * HALF_HOUR
        traders("btc-cny", 1500, "0.1")
        assert len(router.done("get_simple_k_line", pair="BTC/CNY")) == 47
        time[0] += 10 * HALF_HOUR
        market_data.forget()
        assert router.done("get_simple_k_line", pair="BTC/CNY") == ["1400"] * 37 + ["1500"] * 11

    def test_a_candle_and_the_gap_after_it(self, router, traders, time):
        for price in (1400, 1410, 1395, "1405.5"):
            traders("btc-cny", price, "0.1")
        time[0] += MINUTE
        first = {"open": "1400", "close": "1405.5", "max": "1410", "min": "1395", "amount": "0.4"}
        gap = dict.fromkeys(("open", "close", "max", "min"), "1405.5") | {"amount": "0"}
        begin = NOW // MINUTE * 60
        expected = [{**first, "timetick": str(begin)}, {**gap, "timetick": str(begin + 60)}]
        assert router.done("get_coin_k_line", pair="BTC/CNY") == expected
        assert router.done("get_coin_k_line", pair="BTC/CNY", interval="") == expected
        assert router.done("get_coin_k_line", pair="BTC/CNY", interval="1min") == expected

    @pytest.mark.parametrize(
        ("interval", "minutes"), [("1min", 1), ("5min", 5), ("30min", 30), ("4h", 240), ("1d", 1440)]
    )
    def test_1440_of_any_interval_at_most(self, router, traders, time, interval, minutes):
        traders("btc-cny", 1400, "0.1")
        time[0] += 2000 * minutes * MINUTE
        rows = router.done("get_coin_k_line", pair="BTC/CNY", interval=interval)
        assert len(rows) == 1440
        width = minutes * 60
        newest = time[0] // 1000 // width * width
        assert [int(row["timetick"]) for row in rows] == list(range(newest - 1439 * width, newest + 1, width))

    @pytest.mark.parametrize("interval", ["1m", "1MIN", "3min", "1w", "60", "\u0000", "１min"])
    def test_an_interval_that_is_none(self, router, interval):
        assert router.refused("get_coin_k_line", pair="BTC/CNY", interval=interval) == "Invalid Argument"
