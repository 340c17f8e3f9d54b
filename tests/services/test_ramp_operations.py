"""What operators can do about the fiat ramp, and what they are told when it cannot be done."""

import pytest

from chalicelib.services import operations
from chalicelib.services.ramp import orders, partners
from tests.services import ramp_world, world
from tests.services.ramp_world import ACCOUNT, SOURCE, held, path, purchase, sale

OURS = {
    "receive_account": "8888 0001 2222",
    "receive_bank_name": "UNINE Bank",
    "receive_first_name": "GOW",
    "bank_swift_code": "UA125",
}


@pytest.fixture(autouse=True)
def _books(small):
    world.forget()
    yield
    assert world.violations() == []


@pytest.fixture
def partner(_books):
    return ramp_world.partner()


@pytest.fixture
def juan(partner):
    return ramp_world.person(USDT="100")


def ramp(action, **fields):
    return operations.run({"verb": "ramp", "action": action, **fields})


def test_a_partner_gets_its_credentials_and_nothing_else():
    answer = ramp("add-partner", source=SOURCE, rate="56.5", fee_rate="0.01", channel_fee_rate="0.005", **OURS)
    assert set(answer) == {"apiKey", "secretKey"}
    (shown,) = ramp("partners")["partners"]
    assert (shown["source"], shown["apiKey"], shown["rate"]) == (SOURCE, answer["apiKey"], "56.5")
    assert (shown["feeRate"], shown["channelFeeRate"]) == ("0.01", "0.005")
    assert (shown["receiver"]["account"], shown["receiver"]["swift"]) == ("8888 0001 2222", "UA125")
    assert answer["secretKey"] not in str(ramp("partners"))
    assert partners.get(SOURCE).secret == answer["secretKey"]


@pytest.mark.parametrize(
    ("fields", "error", "parameter"),
    [
        ({}, "parameter_missing", "rate"),
        ({"rate": "0"}, "parameter_invalid", "rate"),
        ({"rate": "-1"}, "parameter_invalid", "rate"),
        ({"rate": "56.5", "fee_rate": "1"}, "parameter_invalid", "fee_rate"),
        ({"rate": "56.5", "tariff": "1"}, "parameter_invalid", "tariff"),
        ({"rate": "56.5", "source": "a:b"}, "parameter_invalid", "source"),
        ({"rate": "56.5", "source": ""}, "parameter_missing", "source"),
        ({"rate": "56.5", "receive_account": "1"}, "parameter_missing", "receive_bank_name"),
        ({"rate": "56.5", "receive_city": "Manila"}, "parameter_missing", "receive_account"),
    ],
)
def test_a_partner_that_cannot_be(fields, error, parameter):
    assert ramp("add-partner", **{"source": SOURCE, **fields}) == {"error": error, "parameter": parameter}
    assert ramp("partners") == {"partners": []}


def test_a_name_is_taken_once(partner):
    assert ramp("add-partner", source=SOURCE, rate="1") == {"error": "parameter_invalid", "parameter": "source"}
    assert partners.get(SOURCE) == partner


def test_a_new_rate_leaves_the_fees_as_they_are(partner):
    assert ramp("set-rate", source=SOURCE, rate="57")["feeRate"] == "0.01"
    assert ramp("set-rate", source=SOURCE, rate="57", fee_rate="0")["feeRate"] == "0"
    assert ramp("set-rate", source="nobody", rate="57") == {"error": "parameter_invalid", "parameter": "source"}


def test_another_account_to_pay_into(partner):
    assert ramp("set-receiver", source=SOURCE, **OURS)["receiver"]["bank_name"] == "UNINE Bank"
    assert ramp("set-receiver", source="nobody", **OURS) == {"error": "parameter_invalid", "parameter": "source"}


def test_new_credentials(partner):
    answer = ramp("renew-key", source=SOURCE)
    assert (partners.get(SOURCE).api_key, partners.get(SOURCE).secret) == (answer["apiKey"], answer["secretKey"])
    assert partner.api_key != answer["apiKey"]


def test_an_operator_links_an_account_to_a_person(partner):
    one, other = ramp_world.person("one"), ramp_world.person("other")
    answer = ramp("link", source=SOURCE, account="7", uid=one)
    assert answer == {"source": SOURCE, "account": "7", "uid": one, "cardStatus": "1"}
    assert ramp("link", source=SOURCE, account="7", uid=one) == answer
    assert ramp("link", source=SOURCE, account="7", uid=other) == {"error": "parameter_invalid", "parameter": "account"}
    assert ramp("link", source=SOURCE, account="8", uid="404") == {"error": "no_such_user", "parameter": "uid"}
    assert ramp("link", source="nobody", account="8", uid=one) == {"error": "parameter_invalid", "parameter": "source"}


def test_a_link_to_the_page_of_a_customer(partner):
    assert (
        "/user/userKyc.html?account=juan%40example.ph&source=binance"
        in ramp("kyc-link", source=SOURCE, account=ACCOUNT)["url"]
    )
    assert ramp("kyc-link", source="nobody", account=ACCOUNT) == {"error": "parameter_invalid", "parameter": "source"}
    assert ramp("kyc-link", source=SOURCE) == {"error": "parameter_missing", "parameter": "account"}


def test_a_purchase_from_push_to_coins(partner, juan):
    order = orders.buy(partner, purchase(order_no="IN1", note_code="N1"))
    assert ramp("approve", order_no="IN1")["applyStatus"] == "3"
    assert ramp("bank-credit", note_code="N1", amount="1000.00")["applyStatus"] == "4"
    done = ramp("release", order_no="IN1", source=SOURCE, by="ann", reason="seen")
    assert (done["applyStatus"], done["currencyAmount"], done["account"]) == ("5", "17.433628", ACCOUNT)
    assert path(order) == "1345"
    log = ramp("show", order_no="IN1")["log"]
    assert [(line["move"], line["by"], line["why"]) for line in log] == [
        ("submit", SOURCE, ""), ("approve", "operator", ""), ("bank-credit", "operator", ""), ("release", "ann", "seen"),
    ]  # fmt: skip


def test_a_sale_from_push_to_money(partner, juan):
    orders.sell(partner, sale("20", order_no="OUT1"))
    assert ramp("approve", order_no="OUT1")["applyStatus"] == "3"
    shown = ramp("show", order_no="OUT1")
    assert shown["receiver"]["account"] == ramp_world.THEIRS.account, "whoever pays has to see it"
    assert shown["realName"] == "Juan Cruz", "and whoever approves, as whom the customer was identified"
    assert ramp("paid", order_no="OUT1")["applyStatus"] == "5"
    assert held(juan) == (80, 0)


def test_a_rejected_sale(partner, juan):
    orders.sell(partner, sale("20", order_no="OUT1"))
    assert ramp("reject", order_no="OUT1", reason="unknown bank")["applyStatus"] == "2"
    assert held(juan) == (100, 0)


def test_lists_have_no_people_in_them(partner, juan):
    orders.buy(partner, purchase(order_no="IN1"))
    orders.sell(partner, sale("20", order_no="OUT1"))
    answer = ramp("list")
    assert [order["orderNo"] for order in answer["orders"]] == ["IN1", "OUT1"]
    assert not [word for word in ("Juan", "001234567890") if word in str(answer)]
    assert ramp("list", source="other") == {"orders": []}


@pytest.mark.parametrize(
    ("action", "fields", "error", "parameter"),
    [
        ("approve", {}, "parameter_missing", "order_no"),
        ("approve", {"order_no": "404"}, "no_such_order", "order_no"),
        ("approve", {"order_no": "IN1", "source": "other"}, "no_such_order", "order_no"),
        ("approve", {"order_no": "IN1", "amount": "5"}, "parameter_invalid", "amount"),
        ("approve", {"order_no": "IN1", "reason": "x" * 201}, "parameter_invalid", "reason"),
        ("release", {"order_no": "IN1"}, "order_state", "order_no"),
        ("paid", {"order_no": "IN1"}, "order_state", "order_no"),
        ("bank-credit", {"note_code": "N1"}, "parameter_missing", "amount"),
        ("bank-credit", {"amount": "1000"}, "parameter_missing", "note_code"),
        ("bank-credit", {"note_code": "N1", "amount": "1000"}, "no_such_order", "note_code"),
        ("bank-credit", {"note_code": "N1", "amount": "0"}, "amount", "amount"),
        ("bank-credit", {"note_code": "N1", "amount": "1.001"}, "amount", "amount"),
        ("show", {}, "parameter_missing", "order_no"),
        ("burn", {}, "parameter_invalid", "action"),
        ("", {}, "parameter_missing", "action"),
    ],
)
def test_what_cannot_be_done(partner, juan, action, fields, error, parameter):
    order = orders.buy(partner, purchase(order_no="IN1", note_code="N1"))
    assert ramp(action, **fields) == {"error": error, "parameter": parameter}
    assert path(order) == "1"


def test_money_of_another_amount(partner, juan):
    orders.buy(partner, purchase(order_no="IN1", note_code="N1"))
    ramp("approve", order_no="IN1")
    assert ramp("bank-credit", note_code="N1", amount="999.99") == {"error": "amount", "parameter": "amount"}
