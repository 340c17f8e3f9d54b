"""Withdrawals on the deployed package, as people and operators walk them: factors, approval, payment, cancelling."""

import time
from decimal import Decimal

import boto3
import pyotp
import pytest

from infra import local
from tests.deployed.test_identity import Browser, pwdhash

pytestmark = pytest.mark.deployed

ADDRESS = "LNpsrBnWhL7hmzyQgMsGhVJb87NzeE2kWn"
CARD = {"bankName": "招商银行", "U_RN": "吴三", "cardNumber": "2934723894572398749", "branchBankName": "海淀支行"}
CNY = "吴三|2934723894572398749|招商银行|海淀支行"


@pytest.fixture
def ann(exchange, operator):
    """Somebody with funds, logged in."""
    found = Browser(exchange, operator, f"wallet-{time.time_ns():x}@example.com")
    uid = found.did("register", email=found.address, pwdhash=pwdhash("first"), lang="en")["uid"]
    assert found.get(f"check_activation_code?token={found.token()}")["data"] == {"result": True}
    found.login("first")
    found.uid = str(uid)
    for currency, amount in (("LTC", "1000"), ("GOOC", "3000"), ("CNY", "100")):
        operator.run("credit", {"uid": found.uid, "currency": currency, "amount": amount})
    return found


@pytest.fixture
def without_factors(exchange):
    """Have a person's withdrawals ask for nothing: a code may be sent once a minute only, and tests are impatient."""

    def switch_off(uid):
        with local._environment(local.credentials(exchange.endpoint)):
            boto3.client("dynamodb").update_item(
                TableName="exchange-local-users",
                Key={"key": {"S": uid}},
                UpdateExpression="SET email_auth = :off, totp_enabled = :off",
                ExpressionAttributeValues={":off": {"BOOL": False}},
            )

    return switch_off


def funds(person, asset):
    """[available, frozen, pending, total]."""
    return [Decimal(str(amount)) for amount in person.get("user/balance")["data"][asset]]


def test_a_withdrawal_with_all_factors_is_approved_and_paid_by_operators(ann, ops, operator):
    secret = ann.get("user/get_google_auth")["data"]["secret"]
    totp = pyotp.TOTP(secret)
    ann.did("user/bind_google_auth", googlesecret=secret, googlecode=totp.at(int(time.time()) - 30))
    sent = ann.did("user/send_verification_code", toEmail=True)
    body = {
        "currency": "GOOC",
        "address": "over there",
        "emailUuid": sent["emailUuid"],
        "emailCode": ann.code(),
        "googleCode": totp.now(),
    }
    assert ann.post("user/submit_withdrawal", amount=3001, **body)["code"] == 2002
    made = ann.did("user/submit_withdrawal", amount=1000, **body)
    number = str(made["tranfer_id"])
    assert made["withdraw_status"] == 0
    assert funds(ann, "GOOC") == [2000, 0, 1000, 3000]
    assert ann.post("user/submit_withdrawal", amount=1000, **body)["code"] in {9010, 9012}, "factors are good once"

    code, listed = ops("withdrawal", "list", "--currency", "GOOC")
    assert code == 0
    assert [one for one in listed["withdrawals"] if str(one["id"]) == number and one["address"] == "over there"]
    assert ops("withdrawal", "paid", "--id", number)[0] == 1, "it is not approved"
    assert ops("withdrawal", "approve", "--id", number)[1]["status"] == 11
    assert ann.post("user/cancel_withdrawal", tranfer_id=int(number))["code"] == 6001
    assert ops("withdrawal", "paid", "--id", number, "--txid", "reference")[1]["status"] == 4
    assert funds(ann, "GOOC") == [2000, 0, 0, 2000]
    story = ops("withdrawal", "show", "--id", number)[1]["moves"]
    assert [(move["to"], move["by"]) for move in story] == [(0, ann.uid), (11, "operator"), (4, "operator")]
    assert number in {one["id"] for one in ann.get("gooc/transfers")["data"]["transfers"]}
    # A credit to nobody is refused in the transaction itself.
    assert ops("credit", "--uid", "1", "--currency", "BTC", "--amount", "1")[0] == 1


def test_withdrawals_are_approved_at_once_below_the_limit_and_cancelled_above(ann, without_factors):
    made = ann.did("user/create_deposit_addr/btc")
    assert ann.did("user/create_deposit_addr/btc") == made
    assert ann.get("user/deposit_addresses")["data"]["BTC"] == made["BTC"]
    without_factors(ann.uid)
    small = ann.did("user/submit_withdrawal", currency="LTC", address=ADDRESS, amount=100)
    large = ann.did("user/submit_withdrawal", currency="LTC", address=ADDRESS, amount=600)
    assert (small["withdraw_status"], large["withdraw_status"]) == (1, 0)
    assert funds(ann, "LTC") == [300, 0, 700, 1000]
    assert ann.did("user/cancel_withdrawal", tranfer_id=large["tranfer_id"]) == {"result": "Ok"}
    assert funds(ann, "LTC") == [900, 0, 100, 1000]
    shown = ann.get("user/withdrawals?currency=ltc")["data"]["withdrawals"]
    assert [one["id"] for one in shown] == [str(large["tranfer_id"]), str(small["tranfer_id"])]
    assert [one["status"] for one in shown] == [8, 1]
    assert ann.get("user/deposits?currency=ltc")["data"]["deposits"][0]["quantity"] == 1000


def test_money_goes_to_a_bound_card_and_the_operator_reads_it_whole(ann, ops, without_factors):
    sent = ann.did("user/send_verification_code", toEmail=True)
    ann.did("user/add_bankcard", **CARD, emailUuid=sent["emailUuid"], emailCode=ann.code())
    without_factors(ann.uid)
    other = "吴三|2934723894572398748|招商银行|海淀支行"
    assert ann.post("user/submit_withdrawal", currency="CNY", address=other, amount=50)["code"] == 8005
    number = str(ann.did("user/submit_withdrawal", currency="CNY", address=CNY, amount=50)["tranfer_id"])
    shown = ann.get(f"user/withdrawals?ids={number}")["data"]["withdrawals"][0]
    assert shown["address"] == "吴*|293472*********8749|招商银行|海淀支行"
    (listed,) = [one for one in ops("withdrawal", "list")[1]["withdrawals"] if str(one["id"]) == number]
    assert (listed["address"], listed["to_pay"]) == (CNY, "48")
    assert ops("withdrawal", "reject", "--id", number, "--reason", "closed today")[1]["status"] == 9
    assert funds(ann, "CNY") == [100, 0, 0, 100]
