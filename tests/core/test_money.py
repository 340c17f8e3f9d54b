from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.money import (
    DECIMALS,
    SCALE,
    UNITS_MAX,
    Imprecise,
    fee_on,
    from_decimal,
    hold_of_buy,
    quote_of_fill,
    to_decimal,
)

PRICES = st.one_of(st.integers(1, 10 * SCALE), st.integers(1, SCALE * SCALE))
AMOUNTS = st.one_of(st.integers(0, 1000), st.integers(0, UNITS_MAX * SCALE))
RATES = st.integers(0, SCALE)
PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)


class TestQuoteOfAFill:
    @pytest.mark.parametrize(
        ("price", "amount", "quote"),
        [
            (SCALE, 1, 1),
            (SCALE - 1, 1, 0),
            (1, SCALE - 1, 0),
            (1, SCALE, 1),
            (3 * SCALE // 2, 1, 1),
            (3 * SCALE // 2, 3, 4),
            (SCALE * SCALE, UNITS_MAX * SCALE, UNITS_MAX * SCALE * SCALE),
        ],
    )
    def test_is_rounded_down(self, price, amount, quote):
        assert quote_of_fill(price, amount) == quote

    @PROPERTY
    @given(PRICES, AMOUNTS)
    def test_is_within_one_of_the_exact_value_and_never_above_it(self, price, amount):
        assert 0 <= price * amount - quote_of_fill(price, amount) * SCALE < SCALE


class TestHoldOfABuy:
    @pytest.mark.parametrize(
        ("price", "amount", "hold"), [(1, 1, 1), (SCALE, 1, 1), (SCALE + 1, 1, 2), (1, SCALE, 1), (1, SCALE + 1, 2)]
    )
    def test_is_rounded_up(self, price, amount, hold):
        assert hold_of_buy(price, amount) == hold

    def test_of_nothing_is_nothing(self):
        assert hold_of_buy(SCALE, 0) == 0

    @PROPERTY
    @given(PRICES, AMOUNTS, AMOUNTS)
    def test_of_a_part_and_of_the_rest_are_never_less_than_of_the_whole(self, price, part, rest):
        assert hold_of_buy(price, part) + hold_of_buy(price, rest) >= hold_of_buy(price, part + rest)

    @PROPERTY
    @given(PRICES, AMOUNTS, AMOUNTS, st.integers(0, 10))
    def test_falls_by_at_least_what_a_fill_at_its_price_or_better_costs(self, price, part, rest, better):
        cost = quote_of_fill(max(1, price - better), part)
        assert hold_of_buy(price, part + rest) - hold_of_buy(price, rest) >= cost

    @PROPERTY
    @given(PRICES, st.lists(st.integers(1, 10**6), min_size=1, max_size=20))
    def test_pays_any_sequence_of_fills_and_ends_at_nothing(self, price, fills):
        remaining = sum(fills)
        held = hold_of_buy(price, remaining)
        for amount in fills:
            released = hold_of_buy(price, remaining) - hold_of_buy(price, remaining - amount)
            assert released >= quote_of_fill(price, amount)
            remaining -= amount
            held -= released
        assert held == 0


class TestFee:
    @pytest.mark.parametrize(
        ("received", "rate", "fee"),
        [(0, SCALE, 0), (1, 0, 0), (1, 1, 1), (1000, 100_000, 1), (1001, 100_000, 2), (7, SCALE, 7)],
    )
    def test_is_rounded_up_for_the_house(self, received, rate, fee):
        assert fee_on(received, rate) == fee

    @PROPERTY
    @given(AMOUNTS, RATES)
    def test_is_never_more_than_what_is_received(self, received, rate):
        assert 0 <= fee_on(received, rate) <= received


class TestFromDecimal:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0", 0),
            ("-0", 0),
            ("0E-30", 0),
            ("1", SCALE),
            ("-1", -SCALE),
            ("0.00000001", 1),
            ("1E-8", 1),
            ("1.0000000000000", SCALE),
            ("1E+3", 1000 * SCALE),
            ("0.1", SCALE // 10),
            ("12345678.87654321", 1234567887654321),
            ("10000000000", UNITS_MAX * SCALE),
        ],
    )
    def test_reads_exactly(self, text, value):
        assert from_decimal(Decimal(text)) == value

    @pytest.mark.parametrize(
        "text",
        [
            "NaN",
            "sNaN",
            "-NaN",
            "Infinity",
            "-Infinity",
            "1E-9",
            "0.000000001",
            "1.000000001",
            "1E+999999",
            "1E-999999",
            "-1E+21",
            "1E+21",
            "0." + "1" * 61,
            "1." + "0" * 70 + "1",
        ],
    )
    def test_refuses_what_has_no_exact_value(self, text):
        with pytest.raises(Imprecise):
            from_decimal(Decimal(text))

    def test_a_refusal_is_a_value_error(self):
        assert issubclass(Imprecise, ValueError)

    def test_an_integer_is_whole_units(self):
        assert from_decimal(3) == 3 * SCALE

    @pytest.mark.parametrize(("text", "decimals"), [("1.5", 0), ("1.123456", 5), ("0.0000001", 6)])
    def test_refuses_more_decimals_than_the_asset_has(self, text, decimals):
        with pytest.raises(Imprecise):
            from_decimal(Decimal(text), decimals)

    @pytest.mark.parametrize(
        ("text", "decimals", "value"), [("2", 0, 2 * SCALE), ("1.12345", 5, 112345000), ("1.10", 1, 110000000)]
    )
    def test_with_fewer_decimals_the_unit_stays_the_same(self, text, decimals, value):
        assert from_decimal(Decimal(text), decimals) == value

    @PROPERTY
    @given(st.decimals(allow_nan=True, allow_infinity=True))
    def test_any_decimal_is_read_exactly_or_refused(self, number):
        try:
            value = from_decimal(number)
        except Imprecise:
            return
        assert Decimal(value).scaleb(-DECIMALS) == number

    @PROPERTY
    @given(st.integers(-(10**20), 10**20), st.integers(0, DECIMALS))
    def test_is_exact_for_every_number_of_decimals(self, value, decimals):
        assert from_decimal(Decimal(value).scaleb(-decimals), decimals) == value * 10 ** (DECIMALS - decimals)


class TestToDecimal:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0, "0"),
            (1, "0.00000001"),
            (-1, "-0.00000001"),
            (SCALE, "1"),
            (10 * SCALE, "10"),
            (-SCALE // 2, "-0.5"),
            (123450000, "1.2345"),
            (UNITS_MAX * SCALE, "10000000000"),
        ],
    )
    def test_is_plain_and_without_trailing_zeros(self, value, text):
        assert f"{to_decimal(value):f}" == text

    @pytest.mark.parametrize("value", [0, SCALE, 1000 * SCALE, UNITS_MAX * SCALE])
    def test_whole_numbers_have_no_exponent(self, value):
        assert to_decimal(value).as_tuple().exponent == 0

    @PROPERTY
    @given(st.integers(-(10**27), 10**27))
    def test_comes_back_as_it_went(self, value):
        assert from_decimal(to_decimal(value)) == value
