"""Balances, deposits, withdrawals and addresses against the document, and what bad input gets."""

from decimal import Decimal

import pyotp
import pytest

from chalicelib import clock
from chalicelib.core.bank_cards import card
from chalicelib.core.transfers import Status
from chalicelib.services import identity, wallet
from chalicelib.services.identity import SentCode
from chalicelib.stores import transfers, users
from tests.post import mailed_code
from tests.services.custody import ACCOUNT, kept

BALANCE = "/api/v2/user/balance"
DEPOSITS = "/api/v2/user/deposits"
WITHDRAWALS = "/api/v2/user/withdrawals"
ADDRESSES = "/api/v2/user/deposit_addresses"
CREATE = "/api/v2/user/create_deposit_addr/"
SUBMIT = "/api/v2/user/submit_withdrawal"
CANCEL = "/api/v2/user/cancel_withdrawal"
ADDRESS = "17ZFHKXPqoxeHcCTiJ5CZrKLrUJN1TD7Uj"
NXT = "NXT-2Z5K-53Q4-WKWM-6X3TF"
NXT_KEY = "4eb53cf353efb667e103fe9bb332737ce52bf2a7816cb9240145078dde78e106"
BTC = {"currency": "BTC", "address": ADDRESS, "amount": 0.1}


def amend(person, **changes):
    actions = [getattr(users.UserRow, name).set(value) for name, value in changes.items()]
    users.UserRow(person.uid).update(actions=actions)


@pytest.fixture
def ann(exchange):
    """Somebody with funds whose withdrawals ask for no factor."""
    person = exchange.person(BTC="10", CNY="1000", XRP="100", NXT="100", BTSX="100", GOOC="5000")
    amend(person, email_auth=False)
    return person


def mailed(person):
    sent = person.post("/api/v2/user/send_verification_code", {"toEmail": True}).data
    return {"emailUuid": sent["emailUuid"], "emailCode": mailed_code()}


def submitted(person, **changes):
    return person.post(SUBMIT, {**BTC, **changes})


def test_nothing_yet(exchange):
    assert exchange.person().get(BALANCE).data == {}


def test_available_frozen_pending_total(exchange):
    person = exchange.person(BTC="2.5", CNY="10000.00001")
    person.submit(("btc-cny", "buy", 1400.5, 0.5), ("btc-cny", "sell", 1500, 0.25))
    reply = person.get(BALANCE)
    assert reply.data == {
        "BTC": [Decimal("2.25"), Decimal("0.25"), 0, Decimal("2.5")],
        "CNY": [Decimal("9299.75001"), Decimal("700.25"), 0, Decimal("10000.00001")],
    }
    assert '"BTC":[2.25,0.25,0.0,2.5]' in reply.text


def test_numbers_are_exact_where_floats_are_not(exchange):
    person = exchange.person(BTC="90071992.54740993", DOGE="0.00000001")
    text = person.get(BALANCE).text
    assert '"BTC":[90071992.54740993,0.0,0.0,90071992.54740993]' in text
    assert '"DOGE":[1E-8,0.0,0.0,1E-8]' in text


def test_after_a_trade(exchange):
    buyer, seller = exchange.person(CNY="3000"), exchange.person(BTC="2")
    seller.submit(("btc-cny", "sell", 1400, 1))
    exchange.match()
    buyer.submit(("btc-cny", "buy", 1500, 1.5))
    exchange.match()
    assert buyer.get(BALANCE).data == {"BTC": [1, 0, 0, 1], "CNY": [850, 750, 0, 1600]}
    assert seller.get(BALANCE).data == {"BTC": [1, 0, 0, 1], "CNY": [1400, 0, 0, 1400]}


def test_only_ones_own(exchange, client):
    exchange.person(BTC="1")
    assert exchange.person().get(BALANCE).data == {}
    assert (client.get(BALANCE).code, client.get(BALANCE).status) == (1014, 401)


def test_a_superfluous_parameter(exchange):
    reply = exchange.person().get(f"{BALANCE}?currency=BTC")
    assert (reply.code, reply.message) == (1007, "不正确或多余的参数：currency")


class TestSubmitWithdrawal:
    def test_the_documents_own_with_a_mailed_code(self, exchange):
        person = exchange.person(BTC="1")
        reply = submitted(person, **mailed(person))
        assert reply.data["tranfer_id"] == reply.data["transfer_id"]
        assert reply.data["withdraw_status"] == 1
        assert person.get(BALANCE).data["BTC"] == [Decimal("0.9"), 0, Decimal("0.1"), 1]

    def test_above_the_limit_it_waits(self, ann):
        assert submitted(ann, amount=6).data["withdraw_status"] == 0

    def test_every_factor_that_is_switched_on_is_asked_for(self, ann):
        issued = identity.issue_totp(ann.uid)
        identity.bind_totp(ann.uid, issued.secret, pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000 - 30))
        amend(ann, frozen_until=0, email_auth=True)
        cookie = identity.begin_session(users.get(ann.uid), "203.0.113.7", "tests")
        ann.client.headers["Cookie"] = f"session={cookie}"
        reply = submitted(ann)
        assert (reply.code, reply.message) == (1001, "缺少参数：emailCode")
        codes = mailed(ann)
        reply = submitted(ann, **codes)
        assert (reply.code, reply.message) == (1001, "缺少参数：googleCode")
        right = pyotp.TOTP(issued.secret).at(clock.now_ms() // 1000)
        reply = submitted(ann, **codes, googleCode=f"{(int(right) + 1) % 10**6:06}")
        assert reply.code == 9010
        reply = submitted(ann, **{**codes, "emailCode": "x"}, googleCode=right)
        assert (reply.code, reply.message) == (9012, "邮箱验证码错误或已过期：emailCode")
        assert submitted(ann, **codes, googleCode=right).code == 0
        assert submitted(ann, **codes, googleCode=right).code in {9010, 9012}
        amend(ann, email_auth=False, phone_auth=True, mobile_verified=False, totp_enabled=False)
        assert submitted(ann, phoneUuid="x", phoneCode="1").code == 9006

    def test_a_wrong_texted_code(self, ann):
        amend(ann, phone_auth=True, mobile_verified=True)
        users.UserRow(ann.uid).update(
            actions=[users.UserRow.sealed_mobile.set(identity.factors.vault.seal("+8613873647282", ann.uid))]
        )
        assert submitted(ann).message == "缺少参数：phoneCode"
        reply = submitted(ann, phoneUuid="09f1317a-2e57-44ad-a561-2c225ea6f32f", phoneCode="123456")
        assert (reply.code, reply.message) == (9005, "短信验证码错误或已过期：phoneCode")

    @pytest.mark.parametrize(
        ("changes", "code", "parameter"),
        [
            ({"currency": "EUR"}, 1013, "EUR"),
            ({"amount": 0.000000001}, 1007, "amount"),
            ({"amount": 0}, 1007, "amount"),
            ({"amount": -1}, 1007, "amount"),
            ({"amount": "1"}, 1007, "amount"),
            ({"amount": 0.009}, 2003, "amount"),
            ({"currency": "CNY", "amount": 2}, 1007, "amount"),
            ({"currency": "CNY", "amount": 3}, 8005, "address"),
            ({"currency": "CNY", "amount": 3, "address": "吴小露|cny1@coinport.com|支付宝|"}, 8005, "address"),
            ({"address": ADDRESS[:-1] + "k"}, 8005, "address"),
            ({"address": "LNpsrBnWhL7hmzyQgMsGhVJb87NzeE2kWn"}, 8005, "address"),
            ({"address": ""}, 8005, "address"),
            ({"amount": 10.00000001}, 2002, "amount"),
            ({"amount": 1e300}, 1007, "amount"),
            ({"emailUuid": "x"}, 1001, "emailCode"),
            ({"emailCode": "123456"}, 1001, "emailUuid"),
            ({"phoneUuid": "x"}, 1001, "phoneCode"),
            ({"currency": "NXT", "address": NXT, "amount": 10}, 1001, "nxt_public_key"),
            ({"currency": "NXT", "address": NXT, "amount": 10, "nxt_public_key": "x"}, 1007, "nxt_public_key"),
            ({"currency": "BTSX", "address": "coinport", "amount": 10}, 1001, "memo"),
            ({"currency": "XRP", "address": ADDRESS, "amount": 10}, 8005, "address"),
            ({"fee": 1}, 1007, "fee"),
        ],
        ids=str,
    )
    def test_bad_input(self, ann, changes, code, parameter):
        before = ann.get(BALANCE).data
        reply = submitted(ann, **changes)
        assert (reply.code, reply.status) == (code, 200)
        assert reply.message.endswith(f"：{parameter}")
        assert ann.get(BALANCE).data == before
        assert ann.get(WITHDRAWALS).data["withdrawals"] == []

    @pytest.mark.parametrize("name", BTC)
    def test_a_missing_field(self, ann, name):
        reply = ann.post(SUBMIT, {key: value for key, value in BTC.items() if key != name})
        assert (reply.code, reply.message) == (1001, f"缺少参数：{name}")

    def test_frozen_for_a_day_after_a_credential_changed(self, ann):
        amend(ann, frozen_until=2**50)
        reply = submitted(ann)
        assert (reply.code, reply.message) == (1005, "安全设置变更后24小时内不能提现")

    def test_coins_with_a_memo_and_money_to_a_bound_card(self, ann):
        amend(ann, email_auth=True)
        sent = mailed(ann)
        bound = card("支付宝", "吴小露", "cny1@coinport.com", "")
        identity.add_card(ann.uid, bound, SentCode(sent["emailUuid"], sent["emailCode"]))
        amend(ann, email_auth=False)
        for body in (
            {"currency": "nxt", "address": NXT, "amount": 10, "nxt_public_key": NXT_KEY, "memo": "ignored"},
            {"currency": "BTSX", "address": "coinport", "amount": 10, "memo": "btc38-btsx-octo-72722"},
            {"currency": "XRP", "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "amount": 10},
            {"currency": "GOOC", "address": "where", "amount": 1000},
            {"currency": "CNY", "address": "吴小露|cny1@coinport.com|支付宝|", "amount": 3},
        ):
            assert ann.post(SUBMIT, body).code == 0, body
        shown = ann.get(WITHDRAWALS).data["withdrawals"]
        assert [one["status"] for one in shown] == [0, 0, 1, 1, 1]
        assert shown[0]["address"] == "吴*|cny1@c*******.com|支付宝|"

    def test_nobody_known_gets_nothing(self, client):
        for method, url in (
            ("POST", SUBMIT),
            ("POST", CANCEL),
            ("POST", f"{CREATE}btc"),
            ("GET", DEPOSITS),
            ("GET", WITHDRAWALS),
            ("GET", ADDRESSES),
        ):
            reply = client.request(method, url, body="{}")
            assert (reply.code, reply.status) == (1014, 401)


class TestCancelWithdrawal:
    @pytest.mark.parametrize("name", ["tranfer_id", "transfer_id"])
    def test_either_spelling_cancels_once(self, ann, name):
        number = submitted(ann, amount=6).data["tranfer_id"]
        assert ann.post(CANCEL, {name: number}).data == {"result": "Ok"}
        assert ann.get(BALANCE).data["BTC"] == [10, 0, 0, 10]
        reply = ann.post(CANCEL, {name: number})
        assert (reply.code, reply.message) == (6001, "该充值提现已不能取消")
        assert ann.get(BALANCE).data["BTC"] == [10, 0, 0, 10]

    def test_an_approved_one_anothers_and_none(self, exchange, ann):
        approved = submitted(ann, amount=1).data["tranfer_id"]
        waiting = submitted(ann, amount=6).data["tranfer_id"]
        assert ann.post(CANCEL, {"tranfer_id": approved}).code == 6001
        assert exchange.person().post(CANCEL, {"tranfer_id": waiting}).code == 6004
        for unknown in (1000000051918, 0, -1, 10**30):
            assert ann.post(CANCEL, {"tranfer_id": unknown}).code == 6002
        assert ann.post(CANCEL, {"tranfer_id": waiting, "transfer_id": waiting}).code == 0

    @pytest.mark.parametrize(
        ("body", "code", "parameter"),
        [
            ({}, 1001, "tranfer_id"),
            ({"tranfer_id": None}, 1001, "tranfer_id"),
            ({"tranfer_id": "x"}, 1007, "tranfer_id"),
            ({"tranfer_id": 1.5}, 1007, "tranfer_id"),
            ({"tranfer_id": 1, "transfer_id": 2}, 1007, "transfer_id"),
            ({"id": 1}, 1007, "id"),
        ],
    )
    def test_bad_input(self, ann, body, code, parameter):
        reply = ann.post(CANCEL, body)
        assert (reply.code, reply.message.endswith(f"：{parameter}")) == (code, True)


class TestLists:
    def test_deposits_newest_first_with_their_status(self, ann):
        noticed = transfers.Deposit("deposit:BTC:t:0", ann.uid, "BTC", 5 * 10**7, clock.now_ms() + 5, address="1mine")
        transfers.notice_deposit(noticed, "custody", "seen")
        data = ann.get(DEPOSITS).data
        assert (data["hasMore"], len(data["deposits"])) == (False, 7)
        first = data["deposits"][0]
        assert (first["currency"], first["quantity"], first["status"], first["address"]) == (
            "BTC", Decimal("0.5"), 2, "1mine"
        )  # fmt: skip
        assert {one["status"] for one in data["deposits"][1:]} == {4}
        only = ann.get(f"{DEPOSITS}?currency=btc").data["deposits"]
        assert [one["currency"] for one in only] == ["BTC", "BTC"]
        assert ann.get(f"{DEPOSITS}?ids={first['id']}&currency=no&cursor=x&limit=0").data["deposits"] == [first]

    def test_withdrawals_page_by_page(self, ann):
        ids = [str(submitted(ann, amount=amount).data["tranfer_id"]) for amount in (1, 2, 3)]
        whole = ann.get(WITHDRAWALS).data["withdrawals"]
        assert [one["id"] for one in whole] == ids[::-1]
        assert [one["quantity"] for one in whole] == [3, 2, 1]
        seen, cursor, more = [], "0", True
        while more:
            page = ann.get(f"{WITHDRAWALS}?limit=1&cursor={cursor}&currency=").data
            seen, more, cursor = seen + page["withdrawals"], page["hasMore"], page["withdrawals"][-1]["id"]
        assert seen == whole
        assert ann.get(f"{WITHDRAWALS}?currency=cny").data == {"hasMore": False, "withdrawals": []}

    def test_nobody_sees_anothers(self, exchange, ann):
        number = submitted(ann).data["tranfer_id"]
        other = exchange.person()
        assert other.get(f"{WITHDRAWALS}?ids={number}").data == {"hasMore": False, "withdrawals": []}
        assert other.get(DEPOSITS).data == {"hasMore": False, "deposits": []}

    @pytest.mark.parametrize("url", [DEPOSITS, WITHDRAWALS])
    @pytest.mark.parametrize(
        ("query", "code", "parameter"),
        [
            ("currency=EUR", 1013, "EUR"),
            ("limit=0", 1007, "limit"),
            ("limit=x", 1007, "limit"),
            ("cursor=-5", 1007, "cursor"),
            ("ids=1,x", 1007, "ids"),
            ("ids=" + ",".join(["1"] * 201), 1007, "ids"),
            ("market=btc-cny", 1007, "market"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_bad_input(self, ann, url, query, code, parameter):
        reply = ann.get(f"{url}?{query}")
        assert (reply.code, reply.message.endswith(f"：{parameter}")) == (code, True)

    def test_what_succeeded_is_everyones_to_see_and_a_card_nobodys(self, client, ann):
        number = submitted(ann).data["tranfer_id"]
        gooc = ann.post(SUBMIT, {"currency": "GOOC", "address": "mine", "amount": 1000}).data["tranfer_id"]
        assert [one["operation"] for one in client.get("/api/v2/btc/transfers").data["transfers"]] == [0]
        wallet.paid_withdrawal(number, "t1")
        wallet.approve_withdrawal(gooc)
        wallet.paid_withdrawal(gooc, "t2")
        paid, credited = client.get("/api/v2/btc/transfers").data["transfers"]
        assert (paid["id"], paid["operation"], paid["status"]) == (str(number), 1, Status.SUCCEEDED)
        assert (paid["amount"], paid["address"], paid["txid"]) == (Decimal("0.1"), ADDRESS, "t1")
        assert credited["operation"] == 0
        assert client.get("/api/v2/gooc/transfers").data["transfers"][0]["address"] == ""
        assert ann.get(f"{WITHDRAWALS}?ids={gooc}").data["withdrawals"][0]["address"] == "mine"


class TestAddresses:
    def test_the_same_person_always_gets_the_same(self, exchange, monkeypatch):
        kept(
            monkeypatch,
            {
                "BTC": {"account": ACCOUNT, "network": "regtest"},
                "XRP": {"account": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"},
            },
        )
        ann, bob = exchange.person(), exchange.person()
        nothing = ann.get(ADDRESSES).data
        assert set(nothing.values()) == {""}
        assert {"BTC", "XRP", "GOOC", "NXT"} <= set(nothing)
        assert "CNY" not in nothing
        made = ann.post(f"{CREATE}btc").data
        assert ann.post(f"{CREATE}BTC").data == made
        assert ann.get(ADDRESSES).data["BTC"] == made["BTC"] != ""
        assert bob.post(f"{CREATE}btc").data != made
        assert ann.post(f"{CREATE}xrp").data == {"XRP": f"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh//{ann.uid}"}

    @pytest.mark.parametrize("name", ["gooc", "ltc", "btsx", "USDT"])
    def test_what_this_stage_does_not_keep_has_none(self, exchange, name):
        assert exchange.person().post(f"{CREATE}{name}").data == {name.upper(): ""}

    @pytest.mark.parametrize("name", ["cny", "eur", "bt\u017fx"])
    def test_money_and_what_is_unknown_have_none_at_all(self, exchange, name):
        assert exchange.person().post(f"{CREATE}{name}").code == 1013

    def test_an_alias(self, exchange):
        assert exchange.person().post(f"{CREATE}blk").data == {"BC": ""}
