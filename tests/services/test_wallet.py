"""Balances, and deposits that operators credit once."""

from decimal import Decimal

import pytest

from chalicelib import clock, settings
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Status
from chalicelib.services import wallet
from chalicelib.services.wallet import Balance
from chalicelib.stores import accounts, transfers
from tests.faults.injection import Faults, after, injected, lost
from tests.services import world
from tests.services.custody import BITCOIN, kept

ANN, BOB = "1000000001", "1000000002"


@pytest.fixture(autouse=True)
def _people(small):
    world.forget()
    world.person(ANN)
    world.person(BOB)
    yield
    world.check()


def test_who_never_had_anything_has_no_balances():
    assert wallet.balances(ANN) == {}
    assert wallet.balances("1000000009") == {}


def test_balances_come_in_the_exchanges_order_and_add_up():
    for asset in ("LTC", "BTC", "CNY"):
        wallet.credit(ANN, asset, Decimal(2), None)
    world.place(ANN, "BTC-CNY", "buy", 1, "1.5")
    found = wallet.balances(ANN)
    assert list(found) == [asset for asset in settings.exchange().assets if asset in {"LTC", "BTC", "CNY"}]
    assert found["CNY"] == Balance(50_000_000, 150_000_000, 0)
    assert found["CNY"].total == 2 * 10**8


def test_what_is_pending_belongs_to_its_owner():
    wallet.credit(ANN, "BTC", Decimal(2), None)
    transfers.open_withdrawal(transfers.Withdrawal(ANN, "BTC", 10**8, 0, clock.now_ms()), ANN, "asked")
    assert wallet.balances(ANN)["BTC"] == Balance(10**8, 0, 10**8)


@pytest.mark.parametrize(("currency", "asset"), [("btc", "BTC"), ("blk", "BC"), ("BC", "BC")])
def test_a_currency_is_meant_in_any_case_and_by_alias(currency, asset):
    assert wallet.credit(ANN, currency, Decimal("0.00000001"), None).asset == asset
    assert wallet.balances(ANN)[asset].available == 1


def test_a_transaction_counts_once_per_currency():
    first = wallet.credit(ANN, "BTC", Decimal(1), "t:1")
    assert wallet.credit(ANN, "BTC", Decimal("1.0"), "t:1") == first
    wallet.credit(ANN, "LTC", Decimal(1), "t:1")
    wallet.credit(ANN, "BTC", Decimal(1), "t")
    assert world.balances(ANN) == {"BTC": (2, 0), "LTC": (1, 0)}


TXID = "d1" * 32


@pytest.mark.parametrize("first", ["custody", "operator"])
def test_an_output_counts_once_whether_custody_or_an_operator_sees_it_first(monkeypatch, first):
    kept(monkeypatch, BITCOIN)
    seen = transfers.Deposit(f"deposit:BTC:{TXID}:1", ANN, "BTC", 10**8, clock.now_ms())
    if first == "custody":
        transfers.move(transfers.notice_deposit(seen, "custody", ""), Status.SUCCEEDED, "custody", "")
    assert wallet.credit(ANN, "BTC", Decimal(1), f"{TXID.upper()}:1").id == seen.id
    assert transfers.notice_deposit(seen, "custody", "").status is Status.SUCCEEDED
    assert world.balances(ANN) == {"BTC": (1, 0)}


@pytest.mark.parametrize(
    ("followed", "txid"),
    [
        *[(followed, f"{TXID}{end}") for followed in (True, False) for end in (":", ":01", ":-1", ":1 ", ":x", ":1:0")],
        *[(True, text) for text in ("t", "t:1", TXID, TXID[:-1] + ":0", "")],
    ],
)
def test_a_transaction_without_its_output_is_refused(monkeypatch, followed, txid):
    kept(monkeypatch, BITCOIN if followed else {})
    with pytest.raises(Refused) as refused:
        wallet.credit(ANN, "BTC", Decimal(1), txid)
    assert (refused.value.reason, refused.value.parameter) == (Reason.PARAMETER_INVALID, "txid")
    assert world.balances(ANN) == {}


def test_a_transaction_of_a_coin_that_nobody_follows_is_its_first_output(monkeypatch):
    kept(monkeypatch, {})
    for name in (TXID, TXID.upper(), f"{TXID}:0"):
        assert wallet.credit(ANN, "BTC", Decimal(1), name).id == f"deposit:BTC:{TXID}:0"
    assert world.balances(ANN) == {"BTC": (1, 0)}


def test_transactions_of_coins_that_have_no_outputs_are_named_alone():
    for _ in range(2):
        assert wallet.credit(ANN, "XRP", Decimal(1), TXID).id == f"deposit:XRP:{TXID}:0"
    assert world.balances(ANN) == {"XRP": (1, 0)}


def test_credits_without_a_transaction_count_each():
    for _ in range(3):
        wallet.credit(ANN, "BTC", Decimal(1), None)
    assert world.balances(ANN) == {"BTC": (3, 0)}


@pytest.mark.parametrize(("uid", "amount"), [(BOB, 1), (ANN, 2)])
def test_a_transaction_that_stands_for_something_else_is_refused(uid, amount):
    wallet.credit(ANN, "BTC", Decimal(1), "t")
    with pytest.raises(Refused) as refused:
        wallet.credit(uid, "BTC", Decimal(amount), "t")
    assert (refused.value.reason, refused.value.parameter) == (Reason.PARAMETER_INVALID, "txid")
    assert world.balances(BOB) == {}


@pytest.mark.parametrize(
    ("uid", "currency", "amount", "txid", "reason", "parameter"),
    [
        (ANN, "EUR", "1", None, Reason.NO_SUCH_CURRENCY, "currency"),
        (ANN, "", "1", None, Reason.NO_SUCH_CURRENCY, "currency"),
        (ANN, "ßTC", "1", None, Reason.NO_SUCH_CURRENCY, "currency"),
        ("1000000009", "BTC", "1", None, Reason.NO_SUCH_USER, "uid"),
        *[
            (ANN, "BTC", amount, None, Reason.PARAMETER_INVALID, "amount")
            for amount in ("0", "-1", "1E-9", "NaN", "sNaN", "Infinity", "10000000000.00000001", "1E+999999")
        ],
        (ANN, "BTC", "1", "", Reason.PARAMETER_INVALID, "txid"),
    ],
)
def test_what_cannot_be_credited_is_refused_by_name(uid, currency, amount, txid, reason, parameter):
    with pytest.raises(Refused) as refused:
        wallet.credit(uid, currency, Decimal(amount), txid)
    assert (refused.value.reason, refused.value.parameter) == (reason, parameter)
    assert list(transfers.scan()) == []
    assert accounts.get("1000000009") is None


def test_the_largest_amount_is_exact():
    wallet.credit(ANN, "DOGE", Decimal(10000000000), None)
    wallet.credit(ANN, "DOGE", Decimal("9999999999.99999999"), None)
    assert wallet.balances(ANN)["DOGE"].available == 2 * 10**18 - 1


def test_a_credit_whose_answer_was_lost_is_found_to_have_happened(monkeypatch):
    with injected(monkeypatch, Faults(1, after)):
        wallet.credit(ANN, "BTC", Decimal(1), None)
    assert world.balances(ANN) == {"BTC": (1, 0)}


def test_an_error_that_is_not_understood_is_not_a_refusal(monkeypatch):
    def failing(*_):
        raise lost()

    monkeypatch.setattr(transfers, "credit", failing)
    with pytest.raises(type(lost())):
        wallet.credit(ANN, "BTC", Decimal(1), None)
