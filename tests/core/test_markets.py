import tomllib
from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chalicelib
from chalicelib.core.markets import Exchange, Terms, parse
from chalicelib.core.money import SCALE, Imprecise, from_decimal

BLOCK_CHAIN = ("BTC", "LTC", "BTSX", "XRP", "BC", "DRK", "VRC", "ZET", "NXT", "DOGE")
QUOTED_IN_CNY = [f"{base}-CNY" for base in ("BTC", "LTC", "BTSX", "XRP", "GOOC")]
QUOTED_IN_BTC = [f"{base}-BTC" for base in BLOCK_CHAIN[1:]]

DOCUMENT = {
    "assets": {"BTC": {"block_chain": True}, "BC": {"block_chain": True, "aliases": ["BLK"]}, "CNY": {"decimals": 5}},
    "transfers": {
        "BTC": {"fee": "0.0005", "minimum": "0.01", "auto_below": "5", "confirmations": 1},
        "BC": {"fee": "0", "minimum": "0"},
        "CNY": {"fee": "2", "fee_rate": "0.004", "minimum": "2"},
    },
    "minimum_notional": {"CNY": "1", "BTC": "0.001"},
    "markets": {
        "BTC-CNY": {"maker_fee": "0.001", "taker_fee": "0.002", "self_trade_allowed": True},
        "BC-BTC": {},
    },
}


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    return parse(DOCUMENT)


@pytest.fixture(scope="module")
def ours() -> Exchange:
    return parse(tomllib.loads((Path(chalicelib.__file__).parent / "exchange.toml").read_text()))


def with_market(**row) -> dict:
    return {**DOCUMENT, "markets": {"BTC-CNY": row}}


class TestParsing:
    def test_a_market_takes_its_precision_from_its_assets_and_its_minimum_from_its_quote(self, exchange):
        market = exchange.markets["BTC-CNY"]
        assert (market.id, market.base, market.quote) == ("BTC-CNY", "BTC", "CNY")
        assert (market.price_decimals, market.amount_decimals) == (5, 8)
        assert market.notional_min == SCALE
        assert (market.maker_fee, market.taker_fee) == (100_000, 200_000)
        assert market.self_trade_allowed

    def test_what_a_market_does_not_say_is_free_of_fees_and_of_self_trade(self, exchange):
        market = exchange.markets["BC-BTC"]
        assert (market.maker_fee, market.taker_fee, market.notional_min) == (0, 0, 100_000)
        assert not market.self_trade_allowed

    def test_fees_go_to_an_account_of_the_market(self, exchange):
        assert exchange.markets["BC-BTC"].house == "house-BC-BTC"

    def test_an_asset_that_says_nothing_has_eight_decimals_and_no_block_chain(self, exchange):
        assert (exchange.assets["BTC"].decimals, exchange.assets["BTC"].block_chain) == (8, True)
        assert (exchange.assets["CNY"].decimals, exchange.assets["CNY"].block_chain) == (5, False)

    def test_fees_are_exact_to_the_last_of_eight_decimals(self):
        assert parse(with_market(maker_fee="0.00000001")).markets["BTC-CNY"].maker_fee == 1
        with pytest.raises(Imprecise):
            parse(with_market(maker_fee="0.000000001"))

    @pytest.mark.parametrize(
        "document",
        [
            {**DOCUMENT, "markets": {"BTC-EUR": {}}},
            {**DOCUMENT, "markets": {"EUR-CNY": {}}},
            {**DOCUMENT, "markets": {"CNY-BC": {}}},
            {**DOCUMENT, "markets": {"BTCCNY": {}}},
            {**DOCUMENT, "markets": {"BTC-CNY-BC": {}}},
            {"assets": {}},
        ],
        ids=["unknown quote", "unknown base", "quote without minimum", "no dash", "two dashes", "no markets"],
    )
    def test_a_malformed_configuration_is_an_error(self, document):
        with pytest.raises((KeyError, ValueError)):
            parse(document)

    def test_a_market_does_not_change(self, exchange):
        with pytest.raises(FrozenInstanceError):
            exchange.markets["BTC-CNY"].maker_fee = 0


class TestNames:
    @pytest.mark.parametrize("name", ["BTC", "btc", "bTc"])
    def test_an_asset_is_found_in_any_case(self, exchange, name):
        assert exchange.asset(name) is exchange.assets["BTC"]

    @pytest.mark.parametrize("name", ["BLK", "blk", "BC", "bc"])
    def test_an_alias_means_its_asset(self, exchange, name):
        assert exchange.asset(name).id == "BC"

    @pytest.mark.parametrize("name", ["btc-cny", "BTC-CNY", "Btc-cnY"])
    def test_a_market_is_found_in_any_case(self, exchange, name):
        assert exchange.market(name) is exchange.markets["BTC-CNY"]

    def test_a_market_is_found_by_the_alias_of_its_asset(self, exchange):
        assert exchange.market("blk-btc") is exchange.markets["BC-BTC"]

    @pytest.mark.parametrize("name", ["", "EUR", " BTC", "BTC ", "BTC\n", "BTC\x00", "ＢＴＣ", "BTC-CNY"])
    def test_anything_else_is_no_asset(self, exchange, name):
        assert exchange.asset(name) is None

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "-",
            "BTC",
            "BTC-",
            "-CNY",
            "CNY-BTC",
            "BTC/CNY",
            "BTC--CNY",
            "BTC-CNY-",
            "BTC-CNY-BTC",
            " BTC-CNY",
            "BTC-CNY\n",
            "ＢＴＣ-CNY",
            "BTC‐CNY",
            "BTC-EUR",
            "ßtc-cny",
        ],
    )
    def test_anything_else_is_no_market(self, exchange, name):
        assert exchange.market(name) is None

    def test_a_dialect_may_have_a_rate_of_its_own_for_its_orders(self, exchange):
        assert exchange.order_fees == {}
        assert parse({**DOCUMENT, "order_fees": {"router": "0.002"}}).order_fees == {"router": 200_000}

    @pytest.mark.parametrize("rate", ["-0.00000001", "1.00000001"])
    def test_no_rate_takes_more_than_there_is(self, rate):
        with pytest.raises(ValueError, match=rate):
            parse({**DOCUMENT, "order_fees": {"router": rate}})


class TestOurs:
    def test_the_exchange_trades_what_its_document_lists(self, ours):
        assert set(ours.assets) >= {*BLOCK_CHAIN, "CNY", "GOOC"}
        assert set(ours.markets) >= {*QUOTED_IN_CNY, *QUOTED_IN_BTC}
        assert {name for name in BLOCK_CHAIN if not ours.assets[name].block_chain} == set()

    def test_fees_minimums_and_precision_are_the_decided_ones(self, ours):
        for name in (*QUOTED_IN_CNY, *QUOTED_IN_BTC):
            market = ours.markets[name]
            fee = 100_000 if name == "GOOC-CNY" else 0
            assert (market.maker_fee, market.taker_fee) == (fee, fee)
            assert market.notional_min == (SCALE if market.quote == "CNY" else 100_000)
            assert market.price_decimals == (5 if market.quote == "CNY" else 8)
            assert market.amount_decimals == (6 if market.base == "XRP" else 8)
            assert not market.self_trade_allowed

    def test_orders_of_the_router_pay_a_fifth_of_a_per_cent(self, ours):
        assert ours.order_fees == {"router": 200_000}

    def test_no_alias_hides_an_asset(self, ours):
        assert not set(ours.aliases) & set(ours.assets)
        assert ours.asset("blk").id == "BC"

    def test_only_ascii_names_an_asset(self, ours):
        assert "btſx".upper() == "BTSX"
        assert ours.asset("btſx") is None


@pytest.mark.parametrize(
    ("asset", "fee", "minimum", "auto_below", "confirmations"),
    [
        ("BTC", "0.0005", "0.01", "5", 1),
        ("LTC", "0.0005", "0.01", "600", 4),
        ("DOGE", "2", "5", "5000000", 4),
        ("BC", "0.0005", "0.01", "50000", 10),
        ("DRK", "0.0005", "0.01", "500", 4),
        ("VRC", "0.0005", "0.01", "5000", 4),
        ("ZET", "0.0005", "0.01", "10000", 10),
        ("BTSX", "2", "10", "50000", 50),
        ("NXT", "2", "10", "5000", 5),
        ("XRP", "1", "10", "100000", 1),
        ("GOOC", "0", "1000", None, 0),
        ("CNY", "2", "2", None, 0),
        ("USDT", "1", "10", None, 0),
    ],
)
def test_the_terms_on_which_assets_come_and_go(ours, asset, fee, minimum, auto_below, confirmations):
    terms = ours.assets[asset].terms
    assert (terms.fee, terms.minimum) == (from_decimal(Decimal(fee)), from_decimal(Decimal(minimum)))
    assert terms.auto_below == (None if auto_below is None else from_decimal(Decimal(auto_below)))
    assert terms.confirmations == confirmations


@given(st.integers(1, 10**18))
def test_a_fee_leaves_what_the_asset_can_pay(amount):
    terms = Terms(fee=200_000_000, minimum=0, fee_rate=400_000, unit=1000)
    fee = terms.fee_of(amount * 1000)
    assert fee % 1000 == 0
    assert fee >= 200_000_000
    share = Decimal(amount * 1000) * Decimal("0.004")
    assert fee == 200_000_000 or share <= fee < share + 1000
