"""Bound addresses and withdrawals as the router's document has them."""

from decimal import Decimal

import pyotp
import pytest

from chalicelib import clock
from chalicelib.core.identity import DAY_MS
from chalicelib.core.transfers import Kind
from chalicelib.services import identity
from chalicelib.stores import transfers, users
from tests.contract.test_router_trading import routed
from tests.post import mailed_code, mails, queued
from tests.services import world

ONE = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
OTHER = "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"
NXT_KEY = "4eb53cf353efb667e103fe9bb332737ce52bf2a7816cb9240145078dde78e106"
#: A wrong check digit, another coin's, and what is none at all.
NO_ADDRESSES = [
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", "somewhere", ONE + "\n", "x" * 5000, "名",
]  # fmt: skip


@pytest.fixture
def ann(exchange):
    return exchange.person(BTC="4", DOGE="100", LTC="1", USDT="20")


def bound(person, coin="BTC", address=ONE):
    """The person's client, with an address bound to a coin."""
    client = routed(person)
    client.done("set_withdraw_address", coin=coin, address=address)
    return client


def codes(person):
    """A code mailed to the person, asked for in the dialect that has a way to, by the same session."""
    sent = person.post("/api/v2/user/send_verification_code", {"toEmail": True}).data
    return {"emailUuid": sent["emailUuid"], "emailCode": mailed_code()}


def balance(person, coin="BTC"):
    """``[available, frozen, pending, total]``."""
    return person.get("/api/v2/user/balance").data[coin]


class TestGetWithdrawAddress:
    def test_what_was_bound_per_coin(self, exchange, ann):
        client = routed(ann)
        assert client.refused("get_withdraw_address", coin="BTC") == "No Bind"
        client.done("set_withdraw_address", coin="btc", address=ONE)
        assert client.done("get_withdraw_address", coin="BTC") == ONE
        assert client.refused("get_withdraw_address", coin="LTC") == "No Bind"
        assert routed(exchange.person()).refused("get_withdraw_address", coin="BTC") == "No Bind"

    def test_a_coin_that_is_none(self, exchange, ann):
        for coin in ("EUR", "比特币", "BTſX", "x" * 5000, "\u0000"):
            assert routed(ann).refused("get_withdraw_address", coin=coin) == "UnSupport Coin"

    def test_money_of_a_state_goes_to_bank_cards(self, exchange, ann):
        assert routed(ann).refused("get_withdraw_address", coin="CNY") == "UnSupport Coin"

    def test_a_lost_argument(self, exchange, ann):
        assert routed(ann).refused("get_withdraw_address") == "Invalid Argument"


class TestSetWithdrawAddress:
    def test_its_person_is_told(self, exchange, ann):
        routed(ann).done("set_withdraw_address", coin="BTC", address=ONE)
        (mail,) = mails()
        assert ONE in mail.body
        assert "BTC" in mail.body

    def test_the_same_again_changes_nothing_and_tells_nobody(self, exchange, ann):
        routed(ann).done("set_withdraw_address", coin="BTC", address=ONE)
        queued()
        routed(ann).done("set_withdraw_address", coin="BTC", address=ONE)
        assert queued() == []

    def test_another_takes_its_place(self, exchange, ann):
        client = routed(ann)
        client.done("set_withdraw_address", coin="BTC", address=ONE)
        client.done("set_withdraw_address", coin="BTC", address=OTHER)
        assert client.done("get_withdraw_address", coin="BTC") == OTHER

    @pytest.mark.parametrize("address", NO_ADDRESSES)
    def test_an_address_that_fails_its_coins_check(self, exchange, ann, address):
        assert routed(ann).refused("set_withdraw_address", coin="BTC", address=address) == "Invalid Argument"
        assert routed(ann).refused("get_withdraw_address", coin="BTC") == "No Bind"
        assert queued() == []

    def test_a_coin_that_is_none(self, exchange, ann):
        assert routed(ann).refused("set_withdraw_address", coin="EUR", address=ONE) == "UnSupport Coin"

    @pytest.mark.parametrize("lost", ["coin", "address"])
    def test_a_lost_argument(self, exchange, ann, lost):
        arguments = {"coin": "BTC", "address": ONE}
        del arguments[lost]
        assert routed(ann).refused("set_withdraw_address", **arguments) == "Invalid Argument"


class TestWithdraw:
    def test_all_that_is_available(self, exchange, ann):
        ann.submit(("btc-cny", "sell", 2000, 1))
        number = bound(ann).done("withdraw", coin="btc", **codes(ann))
        (shown,) = ann.get("/api/v2/user/withdrawals").data["withdrawals"]
        assert (shown["id"], shown["address"], shown["quantity"]) == (number, ONE, 3)
        assert balance(ann) == [0, 1, 3, 4]

    def test_an_amount(self, exchange, ann):
        bound(ann).done("withdraw", coin="BTC", amount="0.5", **codes(ann))
        assert balance(ann) == [Decimal("3.5"), 0, Decimal("0.5"), 4]

    def test_all_down_to_the_last_decimal_that_can_be_paid(self, exchange, ann):
        """A fee of a trade leaves more decimals in the ledger than a payment in USDT can have."""
        bob = exchange.person(BTC="1")
        routed(bob).done("sell", pair="BTC/USDT", amount="0.00990001", price="1111.111111")
        exchange.match()
        routed(ann).done("buy", pair="BTC/USDT", amount="0.00990001", price="1111.111111")
        exchange.match()
        available = balance(bob, "USDT")[0]
        assert available % Decimal("0.000001")
        bound(bob, "USDT", "TXYZ").done("withdraw", coin="USDT", **codes(bob))
        left = balance(bob, "USDT")[0]
        assert 0 < left < Decimal("0.000001")

    @pytest.mark.parametrize(
        ("coin", "address", "memo"),
        [
            ("NXT", "NXT-2Z5K-53Q4-WKWM-6X3TF", {"nxt_public_key": NXT_KEY}),
            ("BTSX", "coinport", {"memo": "btc38-btsx-octo-72722"}),
        ],
        ids=["NXT", "BTSX"],
    )  # fmt: skip
    def test_what_a_coin_needs_besides_its_address(self, exchange, coin, address, memo):
        """Coins that arrive at an exchange's account without a memo are nobody's there."""
        person = exchange.person(**{coin: "100"})
        client, sent = bound(person, coin, address), codes(person)
        assert client.refused("withdraw", coin=coin, **sent) == "Invalid Argument"
        client.done("withdraw", coin=coin, **memo, **sent)
        assert transfers.since(person.uid, Kind.WITHDRAWAL, coin, 0)[0].memo in memo.values()

    def test_under_the_same_second_factors_as_elsewhere(self, exchange, ann):
        client = bound(ann)
        assert client.refused("withdraw", coin="BTC") == "Valid Code Error"
        sent = codes(ann)
        wrong = f"{(int(sent['emailCode']) + 1) % 10**6:06}"
        assert client.refused("withdraw", coin="BTC", **{**sent, "emailCode": wrong}) == "Valid Code Error"
        assert client.refused("withdraw", coin="BTC", emailCode=sent["emailCode"]) == "Valid Code Error"
        assert client.refused("withdraw", coin="BTC", emailUuid=sent["emailUuid"]) == "Valid Code Error"
        assert client.refused("withdraw", coin="BTC", phoneUuid="x", **sent) == "Valid Code Error"
        client.done("withdraw", coin="BTC", amount="1", **sent)
        assert client.refused("withdraw", coin="BTC", **sent) == "Valid Code Error", "a code is good once"
        assert balance(ann) == [3, 0, 1, 4]

    def test_a_code_of_an_authenticator(self, exchange, ann):
        client = bound(ann)
        issued = identity.issue_totp(ann.uid)
        identity.bind_totp(ann.uid, issued.secret, pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000 - 30))
        users.UserRow(ann.uid).update(actions=[users.UserRow.frozen_until.set(0), users.UserRow.email_auth.set(False)])
        right = pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000)
        assert client.refused("withdraw", coin="BTC") == "Valid Code Error"
        wrong = f"{(int(right) + 1) % 10**6:06}"
        assert client.refused("withdraw", coin="BTC", googleCode=wrong) == "Valid Code Error"
        client.done("withdraw", coin="BTC", googleCode=right)

    def test_without_a_bound_address(self, exchange, ann):
        assert routed(ann).refused("withdraw", coin="BTC", **codes(ann)) == "User not Bind Withdraw Address"

    def test_a_changed_address_waits_for_a_day_and_coinports_withdrawals_go_on(self, exchange, ann, monkeypatch):
        bound(ann)
        client = bound(ann, address=OTHER)
        sent = codes(ann)
        assert client.refused("withdraw", coin="BTC", **sent) == "Withdraw Except"
        body = {"currency": "BTC", "address": ONE, "amount": 1}
        assert ann.post("/api/v2/user/submit_withdrawal", {**body, **sent}).code == 0
        world.later(monkeypatch, DAY_MS)
        cookie = identity.begin_session(users.get(ann.uid), "203.0.113.7", "tests")
        ann.client.headers["Cookie"] = f"session={cookie}"
        client.done("withdraw", coin="BTC", **codes(ann))

    def test_after_a_change_of_a_credential(self, exchange, ann):
        client = bound(ann)
        users.UserRow(ann.uid).update(actions=[users.UserRow.frozen_until.set(clock.now_ms() + 1000)])
        assert client.refused("withdraw", coin="BTC", **codes(ann)) == "Withdraw Except"

    @pytest.mark.parametrize(
        ("amount", "said"),
        [
            ("4.00000001", "User Coin Amount Less"),
            ("10000000000", "User Coin Amount Less"),
            ("0.00999999", "Withdraw Except"),
            ("0", "Invalid Argument"),
            ("-1", "Invalid Argument"),
            ("NaN", "Invalid Argument"),
            ("1e400", "Invalid Argument"),
            ("0.000000001", "Invalid Argument"),
            ("99999999999999999999", "Invalid Argument"),
        ],
    )
    def test_an_amount_that_cannot_be(self, exchange, ann, amount, said):
        client = bound(ann)
        assert client.refused("withdraw", coin="BTC", amount=amount, **codes(ann)) == said
        assert balance(ann) == [4, 0, 0, 4]

    def test_less_than_the_minimum_is_all_there_is(self, exchange):
        poor = exchange.person(BTC="0.009")
        assert bound(poor).refused("withdraw", coin="BTC", **codes(poor)) == "Withdraw Except"
        nobody = exchange.person()
        assert bound(nobody).refused("withdraw", coin="BTC", **codes(nobody)) == "User Coin Amount Less"

    def test_a_slip_in_a_name_takes_nothing(self, exchange, ann):
        assert bound(ann).refused("withdraw", coin="BTC", ammount="0.5", **codes(ann)) == "Invalid Argument"
        assert balance(ann) == [4, 0, 0, 4]

    def test_a_coin_that_is_none(self, exchange, ann):
        for coin in ("EUR", "CNY", "\u0000"):
            assert routed(ann).refused("withdraw", coin=coin) == "UnSupport Coin"

    def test_a_lost_argument(self, exchange, ann):
        assert routed(ann).refused("withdraw") == "Invalid Argument"
