"""Phone numbers, documents, bank cards, names, codes: what they look like."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import bank_cards, identity, kyc, phones
from chalicelib.core.identity import Channel, Form, Purpose
from chalicelib.core.kyc import Location, Paper, Record, Status
from chalicelib.core.phones import MOBILES, candidates, mobile, parts, phone
from chalicelib.core.reasons import Reason, Refused

TODAY = date(2026, 11, 21)


def refusal(call, *arguments, **named):
    with pytest.raises(Refused) as refused:
        call(*arguments, **named)
    return refused.value.reason, refused.value.parameter


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13873647282", "+8613873647282"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("0044 07700 900123", "+447700900123"),
        ("+63 0917 123 4567", "+639171234567"),
        ("+886912345678", "+886912345678"),
        ("+853 6612 3456", "+85366123456"),
        ("+81 90-1234-5678", "+819012345678"),
        ("+39 347 1234567", "+393471234567"),
        ("+7 912 345 67 89", "+79123456789"),
    ],
)
def test_phone_numbers_per_country(text, number):
    assert phones.phone(text) == number
    assert phones.phone(number) == number, "its own spelling is the number's"


@pytest.mark.parametrize(
    "text",
    [
        "", "+", "+86", "12873647282", "1387364728", "138736472820", "+1 112 555 0123", "+44 2079460000", "+999123456789",
        "13873647282;rm", "1387364728x", "١٣٨٧٣٦٤٧٢٨٢", "+86\n13873647282", "tel:13873647282", "1" * 100,
    ],
)  # fmt: skip
def test_what_is_no_phone_number(text):
    assert refusal(phones.phone, text) == (Reason.PHONE_FORMAT, "phone")


def test_no_country_code_is_the_beginning_of_another():
    codes = sorted(phones.MOBILES)
    assert not [(one, other) for one in codes for other in codes if one != other and other.startswith(one)]


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_refused(text):
    try:
        number = phones.phone(text)
    except Refused:
        return
    assert number.startswith("+")
    assert number[1:].isascii()
    assert number[1:].isdigit()


def check_digit(seventeen):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(seventeen, weights, strict=True)) % 11]


@given(st.dates(date(1900, 1, 1), date(2008, 11, 21)), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_a_chinese_number_is_known_by_its_check_digit_and_no_slip_of_one_digit_passes(born, serial, place, by):
    first = f"440305{born:%Y%m%d}{serial:03}"
    number = first + check_digit(first)
    assert kyc.is_chinese_id(number, TODAY)
    slipped = first[:place] + str((int(first[place]) + by) % 10) + first[place + 1 :]
    assert not kyc.is_chinese_id(slipped + number[17], TODAY)
    assert kyc.is_chinese_id(first + "10X98765432"[(serial + by) % 11], TODAY, check_digit=False)


@pytest.mark.parametrize(("today", "grown"), [(date(2026, 11, 20), False), (TODAY, True), (date(2026, 11, 22), True)])
def test_of_age_on_the_birthday(today, grown):
    first = "44030520081121001"
    assert kyc.is_chinese_id(first + check_digit(first), today) is grown


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("吴小野", "吴小野", True),
        ("吴小野", "吴小也", False),
        ("Ann  Lee", "ann lee", True),
        ("买买提·艾力", "买买提艾力", True),
    ],
)
def test_names_are_compared_as_people_would(one, other, same):
    assert kyc.same_name(one, other) is same


@pytest.mark.parametrize(
    ("status", "may"), [(None, True), (Status.SUBMITTED, False), (Status.APPROVED, False), (Status.REFUSED, True)]
)
def test_when_a_claim_may_be_handed_in(status, may):
    assert kyc.may_submit(status and Record("1", status, 0, 0, "")) is may


def test_a_claim_is_kept_in_one_spelling():
    claim = kyc.claim(" 吴小野 ", Location.CHINA, Paper.ID_CARD, " 11010519491231002x ", TODAY)
    assert (claim.real_name, claim.number) == ("吴小野", "11010519491231002X")


@pytest.mark.parametrize(
    ("bank", "number", "kept"),
    [
        ("招商银行", "6222 0202 0011 2233 445", "6222020200112233445"),
        ("招商银行", "6222-0202-0011", "622202020011"),
        ("支付宝", "CNY1@coinport.com", "cny1@coinport.com"),
        ("Alipay", "13873647282", "+8613873647282"),
    ],
)
def test_cards_and_wallets(bank, number, kept):
    assert bank_cards.card(bank, "吴三", number, "").number == kept
    assert bank_cards.card_number(number) == kept or bank == "Alipay"


@pytest.mark.parametrize(
    ("bank", "number"), [("招商银行", "a@b.cc"), ("支付宝", "x"), ("招商银行", "1" * 11), ("支付宝", "")]
)
def test_what_is_none(bank, number):
    assert refusal(bank_cards.card, bank, "吴三", number, "") == (Reason.PARAMETER_INVALID, "cardNumber")


def test_masks_show_little():
    assert phones.masked("+8613873647282") == "+86138****7282"
    assert phones.masked("+85291234567") == "****4567"
    assert kyc.masked("11010519491231002X") == "110***********002X"
    assert bank_cards.masked("6222020200112233445") == "622202*********3445"
    assert identity.masked_email("example@coinport.com") == "e*****e@coinport.com"
    assert identity.masked_email("a@coinport.com") == "a*@coinport.com"


@given(st.text(max_size=30))
def test_masks_never_show_a_short_number_whole(text):
    for mask in (kyc.masked, bank_cards.masked):
        assert not text or mask(text) != text or set(text) == {"*"}


@given(st.text(max_size=40))
def test_plain_text_gives_every_form(secret):
    forms = identity.spellings(Form.PLAIN, secret)
    assert set(forms) == set(Form)
    for form in (Form.SHA256_BASE64, Form.MD5_HEX):
        assert identity.spellings(form, forms[form]) == {form: forms[form]}
    assert identity.spellings(Form.MD5_HEX, forms[Form.MD5_HEX].upper()) == {Form.MD5_HEX: forms[Form.MD5_HEX]}


def test_what_a_code_is_bound_to():
    base = ("id", Purpose.VERIFICATION, Channel.MAIL, "1", "a@b.cc", "123456")
    changed = [("id2",), (Purpose.RESET,), (Channel.SMS,), ("2",), ("c@b.cc",), ("123457",)]
    messages = {identity.code_message(*base)} | {
        identity.code_message(*base[:place], *new, *base[place + 1 :]) for place, new in enumerate(changed)
    }
    assert len(messages) == 7


@given(st.binary(min_size=6, max_size=6))
def test_invite_codes_are_of_letters_that_nobody_mistakes(random):
    code = identity.invite_code(random)
    assert len(code) == 6
    assert not set(code) & set("01IO")


class TestMobile:
    @pytest.mark.parametrize("country", ["86", "+86", "0086", " 86 "])
    def test_a_country_and_a_number_apart_are_the_number(self, country):
        assert mobile(country, "138 7364-7282").full == phone("+8613873647282")

    @pytest.mark.parametrize(
        ("country", "number"), [("", "13873647282"), ("999", "1"), ("86", "+13873647282"), ("1", "")]
    )
    def test_what_is_none_is_refused(self, country, number):
        with pytest.raises(Refused) as refused:
            mobile(country, number)
        assert refused.value.reason is Reason.PHONE_FORMAT

    @pytest.mark.parametrize(("country", "number"), [("86", "13873647282"), ("852", "61234567"), ("1", "2125550123")])
    def test_parts_undo_it(self, country, number):
        made = mobile(country, number)
        assert (made.country, made.number) == (country, number)
        assert parts(made.full) == made

    def test_no_countrys_code_begins_anothers(self):
        assert not [(one, other) for one in MOBILES for other in MOBILES if one != other and other.startswith(one)]

    def test_a_number_without_a_country_may_be_several(self):
        assert candidates("13873647282")[0].country == "86"
        assert {"65", "852"} <= {found.country for found in candidates("91234567")}
        assert candidates("not a number") == []
