"""The fiat ramp's rules: signatures as the document makes them, amounts that never favour the customer, the life of an order."""

import hashlib
import hmac
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import ramp
from chalicelib.core.money import SCALE
from chalicelib.core.ramp import Effect, Kind, Move, Payer, Purchase, Receiver, Sale, Status, Terms
from chalicelib.core.reasons import Reason, Refused

#: The document's Java and PHP demos: what is signed, with which secret, and what both programs print.
DEMO_TEXT = "timestamp=1566322200000&orderId=E12345XXXXXXXX&apiKey=4565B83XXXXXXXXXXXXF123"
DEMO_SECRET = "XXXXXXXXXXXXXXXXXXXXXXX"
DEMO_SIGN = (
    "f52f47941329887a30f1ed6da773ee9be491192bef5759ac7dcac864cdaf433d"
    "4822443f160d9702d3cc0059fa0c2adc62aba82d02e7e5ec51abdffcc93891d0"
)
DEMO = {"apiKey": "4565B83XXXXXXXXXXXXF123", "orderId": "E12345XXXXXXXX", "timestamp": "1566322200000"}
NOW = 1_566_322_200_000

rates = st.integers(1, 10_000 * SCALE)
fees = st.integers(0, SCALE // 2 - 1)
all_terms = st.builds(Terms, rates, fees, fees)
legals = st.integers(1, 10**12).map(lambda cents: cents * ramp.FIAT_STEP)
coins = st.integers(1, 10**12).map(lambda units: units * ramp.COIN_STEP)


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.reason, caught.value.parameter


class TestSignatures:
    def test_the_documents_order_of_names_is_descending(self):
        assert ramp.signed_text(DEMO) == DEMO_TEXT

    def test_the_documents_get(self):
        text = ramp.signed_text({"apiKey": "4565B83XXXXXXXXXXXXF123", "timestamp": "1566322200000"})
        assert text == "timestamp=1566322200000&apiKey=4565B83XXXXXXXXXXXXF123"

    def test_the_demos_sign_like_this(self):
        assert ramp.signature(DEMO_TEXT, DEMO_SECRET) == DEMO_SIGN
        assert hmac.new(DEMO_SECRET.encode(), DEMO_TEXT.encode(), hashlib.sha512).hexdigest() == DEMO_SIGN
        assert ramp.is_signed(DEMO_TEXT, DEMO_SECRET, DEMO_SIGN)

    @pytest.mark.parametrize("sign", ["", DEMO_SIGN.upper(), DEMO_SIGN[:-1], DEMO_SIGN + " ", "é" * 128, "\ud800"])
    def test_no_other_spelling_passes(self, sign):
        assert not ramp.is_signed(DEMO_TEXT, DEMO_SECRET, sign)

    def test_upper_case_comes_before_lower_case_in_ascii_and_so_after_it_here(self):
        assert ramp.signed_text({"Zeta": "1", "alpha": "2", "_": "3"}) == "alpha=2&_=3&Zeta=1"

    @pytest.mark.parametrize(
        ("off", "good"), [(0, True), (300_000, True), (-300_000, True), (300_001, False), (-300_001, False)]
    )
    def test_five_minutes_either_way(self, off, good):
        assert ramp.is_timely(str(NOW + off), NOW) is good

    @pytest.mark.parametrize("text", ["", " ", "-1", "1e12", "1566322200000.0", "١٥٦٦٣٢٢٢٠٠٠٠٠", "9" * 17, "x"])
    def test_what_is_no_time(self, text):
        assert not ramp.is_timely(text, NOW)


class TestAmounts:
    def test_a_purchase_without_fees(self):
        found = ramp.purchase_amounts(1000 * SCALE, Terms(5_650_000_000))
        assert found == ramp.Amounts(1000 * SCALE, 1769911500, 0, 0)  # 1000 / 56.5 = 17.699115044…

    def test_a_purchase_with_fees(self):
        found = ramp.purchase_amounts(1000 * SCALE, Terms(5_000_000_000, SCALE // 100, SCALE // 200))
        assert found == ramp.Amounts(1000 * SCALE, 1970000000, 20000000, 10000000)  # 20 − 0.2 − 0.1

    def test_a_sale_with_fees(self):
        found = ramp.sale_amounts(20 * SCALE, Terms(5_650_000_000, SCALE // 100, SCALE // 200))
        assert found == ramp.Amounts(111870000000, 20 * SCALE, 20000000, 10000000)  # (20 − 0.2) × 56.5

    @given(legals, all_terms)
    def test_who_buys_never_gets_more_than_is_exact(self, legal, terms):
        try:
            found = ramp.purchase_amounts(legal, terms)
        except Refused:
            return
        gross = Fraction(legal, terms.rate)
        exact = gross * (1 - Fraction(terms.fee + terms.channel_fee, SCALE))
        assert 0 <= exact - Fraction(found.coins, SCALE) < Fraction(ramp.COIN_STEP, SCALE), "rounded once, down"
        assert found.coins % ramp.COIN_STEP == found.fee % ramp.COIN_STEP == found.channel_fee % ramp.COIN_STEP == 0

    @given(legals, all_terms)
    def test_what_a_purchase_shows_adds_up(self, legal, terms):
        try:
            found = ramp.purchase_amounts(legal, terms)
        except Refused:
            return
        shown = found.coins + found.fee + found.channel_fee
        gross, step = Fraction(legal, terms.rate), Fraction(ramp.COIN_STEP, SCALE)
        assert 0 <= gross - Fraction(shown, SCALE) < step
        for fee, rate in ((found.fee, terms.fee), (found.channel_fee, terms.channel_fee)):
            assert fee >= 0
            assert abs(Fraction(fee, SCALE) - gross * Fraction(rate, SCALE)) < 2 * step
            assert rate or not fee, "no fee where there is no rate"

    @given(coins, all_terms)
    def test_who_sells_never_gets_more_than_is_exact(self, sold, terms):
        try:
            found = ramp.sale_amounts(sold, terms)
        except Refused:
            return
        exact = Fraction(sold * terms.rate, SCALE**2) * (1 - Fraction(terms.fee, SCALE))
        assert Fraction(found.legal, SCALE) <= exact
        # A cent for the payment, and a millionth of a coin for the fee.
        bound = Fraction(ramp.FIAT_STEP, SCALE) + Fraction(ramp.COIN_STEP * terms.rate, SCALE**2)
        assert exact - Fraction(found.legal, SCALE) < bound
        assert found.coins == sold
        assert found.legal % ramp.FIAT_STEP == 0

    @given(legals, all_terms)
    def test_buying_and_selling_at_one_rate_earns_nothing(self, legal, terms):
        try:
            bought = ramp.purchase_amounts(legal, terms)
            sold = ramp.sale_amounts(bought.coins, terms)
        except Refused:
            return
        assert sold.legal <= legal

    @given(legals, legals, all_terms)
    def test_splitting_a_purchase_earns_nothing(self, one, other, terms):
        try:
            parts = ramp.purchase_amounts(one, terms).coins + ramp.purchase_amounts(other, terms).coins
            whole = ramp.purchase_amounts(one + other, terms).coins
        except Refused:
            return
        assert parts <= whole

    @pytest.mark.parametrize(("legal", "terms"), [(ramp.FIAT_STEP, Terms(10**15)), (10**18, Terms(1))])
    def test_a_purchase_of_nothing_or_of_all_there_is(self, legal, terms):
        assert refused(ramp.purchase_amounts, legal, terms) == (Reason.AMOUNT, "legalAmount")

    @pytest.mark.parametrize(
        ("sold", "terms"), [(ramp.COIN_STEP, Terms(SCALE)), (10**18, Terms(10**10)), (100, Terms(SCALE, SCALE - 1))]
    )
    def test_a_sale_for_nothing_or_for_all_there_is(self, sold, terms):
        assert refused(ramp.sale_amounts, sold, terms) == (Reason.AMOUNT, "currencyAmount")

    @pytest.mark.parametrize(
        ("text", "units"), [("1", SCALE), ("0.01", 10**6), ("1000.50", 100_050_000_000), ("007", 7 * SCALE)]
    )
    def test_amounts_as_written(self, text, units):
        assert ramp.amount(text, 2, "legalAmount") == units

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "0",
            "0.00",
            "-1",
            "+1",
            "1.001",
            "1e3",
            "NaN",
            "1,000",
            " 1",
            "1_0",
            "١",
            ".5",
            "5.",
            "9" * 21,
            "10000000001",
        ],
    )
    def test_what_is_no_amount(self, text):
        assert refused(ramp.amount, text, 2, "legalAmount") == (Reason.AMOUNT, "legalAmount")

    @pytest.mark.parametrize(
        ("rate", "fee", "channel", "name"),
        [
            ("0", "0", "0", "rate"),
            ("56.5", "1", "0", "fee_rate"),
            ("56.5", "0.5", "0.5", "fee_rate"),
            ("NaN", "0", "0", "rate"),
            ("1", "0.000000001", "0", "fee_rate"),
        ],
    )
    def test_terms_that_no_partner_has(self, rate, fee, channel, name):
        assert refused(ramp.terms, Decimal(rate), Decimal(fee), Decimal(channel)) == (Reason.PARAMETER_INVALID, name)


class TestTheLifeOfAnOrder:
    def ends(self, kind, path):
        """Every order of moves from submission to an end, with what each did to the account."""
        status = path[-1][1] if path else Status.SUBMITTED
        ways = [(move, way) for (of, move), way in ramp.MOVES.items() if of is kind and status in way.sources]
        if not ways:
            yield path
        for move, way in ways:
            yield from self.ends(kind, [*path, (move, way.target, way.effect)])

    def test_a_purchase_is_credited_once_or_never(self):
        for path in self.ends(Kind.PURCHASE, []):
            effects = [effect for _, _, effect in path if effect is not Effect.NONE]
            assert effects == ([Effect.CREDIT] if path[-1][1] is Status.RELEASED else [])

    def test_a_sale_gives_its_coins_back_or_burns_them_once(self):
        for path in self.ends(Kind.SALE, []):
            effects = [effect for _, _, effect in path if effect is not Effect.NONE]
            assert effects == [Effect.BURN if path[-1][1] is Status.RELEASED else Effect.REFUND]

    def test_the_documents_ways(self):
        numbers = {
            kind: sorted({"1" + "".join(status for _, status, _ in path) for path in self.ends(kind, [])})
            for kind in Kind
        }
        assert numbers == {Kind.PURCHASE: ["12", "132", "1345"], Kind.SALE: ["12", "132", "1345"]}

    @pytest.mark.parametrize("kind", Kind)
    def test_what_has_ended_stays(self, kind):
        ended = {Status.REFUSED, Status.RELEASED}
        assert not [way for (of, _), way in ramp.MOVES.items() if of is kind and way.sources & ended]

    def test_only_purchases_expire_and_are_paid_by_banks_and_only_sales_are_paid_out(self):
        assert {kind for kind, move in ramp.MOVES if move in {Move.EXPIRE, Move.BANK_CREDIT}} == {Kind.PURCHASE}
        assert {kind for kind, move in ramp.MOVES if move is Move.PAY} == {Kind.SALE}


class TestWhatAnOrderSays:
    PAYER = Payer("Juan", "Santos", "Cruz", "PH", "1990-01-31")
    RECEIVER = Receiver(
        "0012 3456 789", "Juan Cruz", "Juan", "", "Cruz", "1990-01-31", "PH", "", "", "1 Rizal Ave", "BDO", "2 Ayala Ave",
        "PH", "Metro Manila", "Makati", "Ayala", "BNORPHMM",
    )  # fmt: skip
    NAMES: ClassVar = {name: name for name in (*Payer.__slots__, *Receiver.__slots__)}

    def test_a_payer_and_a_receiver(self):
        assert ramp.checked_payer(self.PAYER, self.NAMES) is self.PAYER
        assert ramp.checked_receiver(self.RECEIVER, self.NAMES) is self.RECEIVER

    @pytest.mark.parametrize("date", ["1990-01-31", "1990/01/31", "19900131", "1990.01.31"])
    def test_birthdays(self, date):
        ramp.checked_payer(Payer("a", "", "b", "CN", date), self.NAMES)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("first_name", ""),
            ("first_name", "  "),
            ("last_name", "a\nb"),
            ("last_name", "x" * 201),
            ("middle_name", "\x1b[2J"),
            ("country", "Philippines"),
            ("country", ""),
            ("birth_date", ""),
            ("birth_date", "31-01-1990"),
            ("birth_date", "1990-02-30"),
            ("birth_date", "1990-1-1"),
        ],
    )
    def test_a_payer_with_a_flaw(self, field, value):
        found = refused(ramp.checked_payer, replace(self.PAYER, **{field: value}), self.NAMES)
        assert found == (Reason.PARAMETER_INVALID, field)

    @pytest.mark.parametrize(
        ("field", "value"), [("account", "no"), ("account", "<script>"), ("bank_name", ""), ("swift", "")]
    )
    def test_a_receiver_with_a_flaw(self, field, value):
        found = refused(ramp.checked_receiver, replace(self.RECEIVER, **{field: value}), self.NAMES)
        assert found == (Reason.PARAMETER_INVALID, field)

    def test_together_they_fit_into_a_seal(self):
        """Each field may have 200 characters, but not all of them of any kind; KMS seals 4096 bytes."""
        payer = replace(self.PAYER, **dict.fromkeys(("first_name", "middle_name", "last_name"), "x" * 200))
        payer = replace(payer, last_name="x" * 199 + "é")
        ramp.checked_payer(payer, self.NAMES)
        for letter in ("名", '"名', "𠮷"):
            full = replace(payer, middle_name=(letter * 200)[:200], last_name=(letter * 150)[:150])
            assert refused(ramp.checked_payer, full, self.NAMES) == (Reason.PARAMETER_INVALID, "middle_name")
        texts = [
            name for name in Receiver.__slots__ if name not in {"account", "birth_date", "country", "bank_country"}
        ]
        usual = replace(self.RECEIVER, **dict.fromkeys(texts, "街道" * 30))
        ramp.checked_receiver(usual, self.NAMES)
        full = replace(self.RECEIVER, **(dict.fromkeys(texts, "é" * 150) | {"bank_address": "é" * 151}))
        assert refused(ramp.checked_receiver, full, self.NAMES) == (Reason.PARAMETER_INVALID, "bank_address")
        assert refused(ramp.our_receiver, full) == (Reason.PARAMETER_INVALID, "receive_bank_address")
        assert ramp.PAYER_BYTES_MAX + ramp.RECEIVER_BYTES_MAX + len("[, ]") <= 4096

    @pytest.mark.parametrize(("rule", "good", "bad"), [
        (ramp.order_no, ["1", "x" * 40, "a b/c:#"], ["", "x" * 41, "编号", "a\n", "\x7f"]),
        (ramp.source, ["binance", "A-1_b.c"], ["", "a:b", "a b", "x" * 33, "币安"]),
        (ramp.account, ["a@b.ph", "用户1", "x" * 128], ["", " a", "a ", "x" * 129, "a\tb", "\ud800"]),
        (ramp.note_code, ["A1B2C3", "a b"], ["", " a", "a ", "x" * 65, "备注"]),
    ])  # fmt: skip
    def test_numbers_and_names(self, rule, good, bad):
        for text in good:
            assert rule(text, "p") == text
        for text in bad:
            assert refused(rule, text, "p") == (Reason.PARAMETER_INVALID, "p")

    @pytest.mark.parametrize("text", ["php", "PHP", "Php"])
    def test_the_fiat_currency_in_any_case(self, text):
        ramp.fiat_currency(text)

    @pytest.mark.parametrize("text", ["", "usd", "php ", "₱"])
    def test_no_other_currency(self, text):
        assert refused(ramp.fiat_currency, text) == (Reason.NO_SUCH_CURRENCY, "fiatCurrency")

    def test_two_wishes_are_the_same_if_all_they_say_is(self):
        one = Purchase("1", "a@b.ph", 100, "N1", self.PAYER)
        assert ramp.content(one) == ramp.content(replace(one))
        others = [
            replace(one, legal=101),
            replace(one, note_code="N2"),
            replace(one, payer=replace(self.PAYER, country="CN")),
        ]
        sale = Sale("1", "a@b.ph", 100, self.RECEIVER)
        assert len({ramp.content(wish) for wish in (one, *others, sale)}) == 5

    def test_nothing_personal_is_shown_by_accident(self):
        shown = f"{Purchase('1', 'a', 1, 'N', self.PAYER)!r} {Sale('1', 'a', 1, self.RECEIVER)!r}"
        assert not [secret for secret in ("Juan", "1990", "3456") if secret in shown]

    @pytest.mark.parametrize(("account", "mask"), [("001234567890", "****7890"), ("12345678", "****"), ("", "****")])
    def test_masks(self, account, mask):
        assert ramp.masked(Receiver(account=account)) == mask
