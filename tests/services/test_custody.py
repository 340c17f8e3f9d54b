"""Custody against a real full node: deposits, confirmations, re-organisations, payouts, and nodes that are not to be believed."""

import itertools
import json
import socket
import threading
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from bip_utils import Bip32Slip10Secp256k1, P2SHAddrEncoder, P2WPKHAddrEncoder

from chalicelib import clock, settings
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind, Status
from chalicelib.services import addresses, custody, operations, reserves
from chalicelib.services.custody import following, paying
from chalicelib.stores import accounts, chains, holdings, node, transfers
from chalicelib.stores.node import Node
from tests.regtest.chain import Regtest
from tests.services import world
from tests.services.custody import ACCOUNT, attach, confirmations, deposits, kept, private_key, withdrawal

ANN, BOB = "1000000001", "1000000002"


@pytest.fixture(scope="module")
def regtest():
    with Regtest() as one:
        one.fund(coins=6)
        yield one


@pytest.fixture
def chain(small, regtest, monkeypatch):
    """A node that custody follows from now on; what an earlier test left waiting is in a block before."""
    regtest.mine()
    attach(monkeypatch, regtest.places)
    assert custody.run() == {"BTC": "up to date"}
    return regtest


@pytest.fixture
def ann(chain):
    """Somebody with an account and a deposit address."""
    world.person(ANN)
    return addresses.give(ANN, "BTC")


def alarms(capsys):
    """The names of the metrics counted since last asked."""
    lines = (json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"'))
    return [line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"] for line in lines]


people = itertools.count(10**9 + 1000)


def somebody():
    """An address that nobody was ever paid at."""
    return addresses.of_person("BTC", str(next(people)))


def balance(uid=ANN):
    return world.balances(uid).get("BTC", (0, 0))[0]


class TestDeposits:
    def test_a_deposit_is_seen_counted_and_credited_once(self, chain, ann, monkeypatch):
        confirmations(monkeypatch, 3)
        chain.pay(ann, "1.5")
        custody.run()
        assert deposits(ANN) == [], "nothing counts that is in no block"
        chain.mine()
        custody.run()
        assert deposits(ANN) == [(Status.CONFIRMING, Decimal("1.5"))]
        chain.mine()
        custody.run()
        assert balance() == 0
        chain.mine()
        for _ in range(3):
            custody.run()
            assert deposits(ANN) == [(Status.SUCCEEDED, Decimal("1.5"))]
            assert balance() == Decimal("1.5")
        (one,) = transfers.of_person(ANN, Kind.DEPOSIT, "BTC", None, 9).items
        assert [move.to for move in transfers.log(one.id)] == [Status.CONFIRMING, Status.CONFIRMED, Status.SUCCEEDED]
        assert one.address == ann
        assert one.confirmations == 3
        assert world.violations() == []

    def test_several_outputs_and_people_in_one_block(self, chain, ann):
        world.person(BOB)
        bob = addresses.give(BOB, "BTC")
        for address, amount in ((ann, 1), (bob, 2), (ann, 3)):
            chain.pay(address, amount)
        chain.mine()
        custody.run()
        assert (balance(ANN), balance(BOB)) == (4, 2)
        assert world.violations() == []

    def test_dust_is_no_deposit(self, chain, ann, capsys):
        chain.pay(ann, "0.00000999")
        chain.pay(ann, "0.00001")
        chain.mine()
        custody.run()
        assert deposits(ANN) == [(Status.SUCCEEDED, Decimal("0.00001"))]
        assert "DustDeposit" in alarms(capsys)

    def test_what_a_miner_made_counts_once_it_can_be_spent(self, chain, ann):
        chain.mine(1, ann)
        chain.mine(98)
        custody.run()
        assert deposits(ANN)[0][0] is Status.CONFIRMING
        chain.mine()
        custody.run()
        assert deposits(ANN)[0][0] is Status.SUCCEEDED

    def test_whoever_was_away_reads_all_blocks_that_came_meanwhile(self, chain, ann):
        chain.pay(ann, 1)
        chain.mine(200)
        custody.run()
        assert balance() == 1

    def test_a_deposit_to_somebody_without_an_account_calls_people_and_stops_nobody(self, chain, ann, capsys):
        lost = addresses.give(BOB, "BTC")
        chain.pay(lost, 2)
        chain.pay(ann, 1)
        chain.mine()
        custody.run()
        assert balance() == 1
        assert "DepositUnowned" in alarms(capsys)
        world.person(BOB)
        custody.run()
        assert balance(BOB) == 2

    def test_a_replayed_notice_changes_nothing(self, chain, ann):
        chain.pay(ann, 1)
        chain.mine()
        custody.run()
        height = chain.call("getblockcount")
        assert custody.rescan("BTC", height - 1) == height - 1
        for _ in range(2):
            custody.run()
        assert balance() == 1
        assert world.violations() == []

    def test_deposits_from_before_there_was_a_node_are_found_by_a_rescan(self, small, regtest, monkeypatch):
        attach(monkeypatch, regtest.places)
        world.person(ANN)
        regtest.pay(addresses.give(ANN, "BTC"), 1)
        regtest.mine(2)
        custody.run()
        assert deposits(ANN) == []
        custody.rescan("BTC", regtest.call("getblockcount") - 2)
        custody.run()
        assert balance() == 1

    def test_what_is_long_buried_is_forgotten(self, chain, ann, monkeypatch):
        monkeypatch.setattr(following, "BURIED", 5)
        chain.pay(ann, 1)
        chain.mine()
        custody.run()
        assert len(chains.sightings("BTC")) == 1
        chain.mine(5)
        custody.run()
        assert chains.sightings("BTC") == []
        assert deposits(ANN) == [(Status.SUCCEEDED, 1)]


class TestReorganisations:
    def test_before_it_counts_a_deposit_just_waits_for_its_next_block(self, chain, ann, monkeypatch, capsys):
        confirmations(monkeypatch, 3)
        txid = chain.pay(ann, 1)
        chain.mine(2)
        custody.run()
        chain.replace(2)
        custody.run()
        assert deposits(ANN) == [(Status.REORGANIZING, 1)]
        assert "ChainReorganised" in alarms(capsys)
        chain.again(txid)
        chain.mine()
        custody.run()
        assert deposits(ANN) == [(Status.REORGANIZED, 1)]
        chain.mine(2)
        custody.run()
        assert deposits(ANN) == [(Status.SUCCEEDED, 1)]
        assert balance() == 1
        assert world.violations() == []

    def test_a_credited_deposit_that_is_taken_back_blocks_the_account_until_it_is_there_again(self, chain, ann, capsys):
        txid = chain.pay(ann, 1)
        chain.mine()
        custody.run()
        world.person(ANN, CNY="100")
        chain.replace(1)
        custody.run()
        assert deposits(ANN) == [(Status.REORGANIZING, 1)]
        assert "DepositTakenBack" in alarms(capsys)
        assert balance() == 1, "nothing goes negative, and what may be spent already is not taken twice"
        with pytest.raises(Refused) as refused:
            world.place(ANN, "BTC-CNY", "buy", 10, 1)
        assert refused.value.reason is Reason.ACCOUNT_UNUSABLE
        with pytest.raises(accounts.Blocked):
            withdrawal(ANN, chain.elsewhere, "0.5")
        chain.again(txid)
        chain.mine()
        custody.run()
        assert deposits(ANN) == [(Status.SUCCEEDED, 1)]
        assert balance() == 1
        assert world.place(ANN, "BTC-CNY", "buy", 10, 1)
        assert world.violations() == []

    def test_while_it_is_gone_what_was_approved_before_is_not_paid(self, chain, ann):
        txid = chain.pay(ann, 1)
        chain.mine()
        custody.run()
        target = somebody()
        made = withdrawal(ANN, target, "0.5")
        chain.replace(1)
        custody.run()
        assert transfers.get(made).status is Status.ACCEPTED
        chain.again(txid)
        chain.mine()
        custody.run()
        custody.run()
        chain.arrives(transfers.get(made).txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED
        assert list(chain.paid(target).values()) == [Decimal("0.4995")]

    def test_one_that_vanished_for_good_is_taken_back_if_it_is_still_there(self, chain, ann, monkeypatch):
        self.double_spent(chain, ann)
        world.later(monkeypatch, following.GONE_MS + 1)
        custody.run()
        assert deposits(ANN) == [(Status.FAILED, 1)]
        assert balance() == 0
        assert not accounts.get(ANN).blocked
        assert world.violations() == []

    def test_one_that_vanished_and_was_spent_leaves_the_account_blocked(self, chain, ann, monkeypatch, capsys):
        self.double_spent(chain, ann, before=lambda: withdrawal(ANN, chain.elsewhere, "0.5"))
        world.later(monkeypatch, following.GONE_MS + 1)
        alarms(capsys)
        custody.run()
        assert deposits(ANN) == [(Status.REORGANIZING, 1)]
        assert accounts.get(ANN).blocked
        assert "DepositTakenBack" in alarms(capsys)
        world.person(ANN, BTC="0.5")  # they make up for it
        custody.run()
        assert deposits(ANN)[0] == (Status.FAILED, 1)
        assert not accounts.get(ANN).blocked

    @staticmethod
    def double_spent(chain, address, before=lambda: None):
        """A deposit is credited, then its block is replaced by one in which its payer has spent the coins elsewhere."""
        other = chain.signed(chain.elsewhere, 1)
        txid = chain.pay(address, 1)
        chain.mine()
        custody.run()
        assert balance() == 1
        before()
        chain.replace(1, transactions=[other])
        with pytest.raises(AssertionError):
            chain.call("getmempoolentry", txid)
        custody.run()
        assert deposits(ANN) == [(Status.REORGANIZING, 1)]

    def test_one_that_vanished_and_came_back_counts_again_once(self, chain, ann, monkeypatch):
        txid = chain.pay(ann, 1)
        chain.mine()
        custody.run()
        chain.replace(1)
        custody.run()
        with monkeypatch.context() as patch:
            world.later(patch, following.GONE_MS + 1)
            custody.run()
        assert deposits(ANN) == [(Status.FAILED, 1)]
        assert balance() == 0
        chain.again(txid)
        chain.mine()
        custody.run()
        assert deposits(ANN) == [(Status.SUCCEEDED, 1)]
        assert balance() == 1
        assert world.violations() == []

    def test_one_that_still_waits_is_never_given_up(self, chain, ann, monkeypatch):
        txid = chain.pay(ann, 1)
        chain.mine()
        custody.run()
        chain.replace(1)
        chain.again(txid)
        custody.run()
        world.later(monkeypatch, following.GONE_MS + 1)
        custody.run()
        assert deposits(ANN) == [(Status.REORGANIZING, 1)]

    def test_a_block_that_is_replaced_between_reading_and_crediting_credits_nothing(self, chain, ann, monkeypatch):
        confirmations(monkeypatch, 2)
        chain.pay(ann, 1)
        chain.mine()
        custody.run()
        chain.mine()
        ask, read, (stands,) = Node.block_hash, following.read, chains.sightings("BTC")

        def reads_and_then(*args):
            found = read(*args)
            patch.setattr(Node, "block_hash", lambda self, at: "00" * 32 if at == stands.height else ask(self, at))
            return found

        with monkeypatch.context() as patch:
            patch.setattr(following, "read", reads_and_then)
            custody.run()
        assert deposits(ANN) == [(Status.CONFIRMING, 1)]
        assert balance() == 0
        chain.replace(2)
        custody.run()
        assert deposits(ANN) == [(Status.REORGANIZING, 1)]

    def test_a_chain_of_which_nothing_is_known_is_for_people(self, chain, ann, monkeypatch, capsys):
        monkeypatch.setattr(chains, "TRAIL_BLOCKS", 3)
        chain.mine(5)
        custody.run()
        chain.replace(4)
        assert custody.run() == {"BTC": "unfit"}
        assert "NodeUnfit" in alarms(capsys)


class TestHoldings:
    def test_what_people_deposited_is_shown_and_moved_by_whoever_has_the_keys(self, chain, ann):
        chain.pay(ann, 2)
        chain.pay(ann, "0.5")
        chain.mine()
        custody.run()
        assert held() == Decimal("2.5")
        listed = operations.run({"verb": "chain", "action": "holdings", "currency": "btc"})["holdings"]
        assert [
            (one["amount"], one["address"], one["path"]) for one in sorted(listed, key=lambda one: one["amount"])
        ] == [
            ("0.5", ann, "0/1"),
            ("2", ann, "0/1"),
        ]
        (coin,) = [one["coin"] for one in listed if one["amount"] == "2"]
        swept = chain.sweep(coin, private_key("0/1"), chain.hot())
        chain.mine()
        custody.run()
        assert held() == Decimal("0.5")
        assert balance() == Decimal("2.5"), "what is owed stays"
        chain.replace(1)
        custody.run()
        assert held() == Decimal("2.5")
        chain.again(swept)
        chain.mine()
        custody.run()
        assert held() == Decimal("0.5")

    def test_a_deposit_that_lost_its_block_is_held_no_more(self, chain, ann):
        txid = chain.pay(ann, 1)
        chain.mine()
        custody.run()
        assert held() == 1
        chain.replace(1)
        custody.run()
        assert held() == 0
        chain.again(txid)
        chain.mine()
        custody.run()
        assert held() == 1

    def test_what_was_moved_long_ago_is_forgotten_and_stays_moved(self, chain, ann, monkeypatch):
        monkeypatch.setattr(following, "BURIED", 3)
        begun = chain.call("getblockcount")
        chain.pay(ann, 1)
        chain.mine()
        custody.run()
        (coin,) = [one.coin for one in holdings.there("BTC", 9)]
        chain.sweep(coin, private_key("0/1"), chain.elsewhere)
        chain.mine(5)
        custody.run()
        assert list(holdings.HoldingRow.scan()) == []
        custody.rescan("BTC", begun)
        custody.run()
        assert held() == 0
        assert balance() == 1


def held():
    """What reserve_stats says of people's addresses, in whole coins."""
    return Decimal(reserves.stats()["BTC"].user) / 10**8


class TestPayouts:
    def test_a_withdrawal_is_paid_seen_in_a_block_and_done(self, chain, ann, monkeypatch):
        confirmations(monkeypatch, 2)
        world.person(ANN, BTC="3")
        target = somebody()
        made = withdrawal(ANN, target, "1.2")
        custody.run()
        paid = transfers.get(made)
        assert paid.status is Status.CONFIRMING
        chain.arrives(paid.txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.CONFIRMING
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED
        assert chain.paid(target) == {paid.txid: Decimal("1.1995")}
        assert balance() == Decimal("1.8")
        assert chains.get("BTC").spending == {}
        assert [move.to for move in transfers.log(made)] == [0, 1, 2, 2, 3, 4], "the second 2 notes its block"
        assert world.violations() == []

    def test_several_at_once_do_not_share_coins_and_may_use_our_own_change(self, chain, ann):
        world.person(ANN, BTC="9")
        targets = [somebody() for _ in range(8)]
        made = [withdrawal(ANN, target, "1") for target in targets]
        for _ in range(3):
            custody.run()
            for txid in [transfers.get(one).txid for one in made if transfers.get(one).txid]:
                chain.arrives(txid)
        chain.mine()
        custody.run()
        assert {transfers.get(one).status for one in made} == {Status.SUCCEEDED}
        for target in targets:
            assert list(chain.paid(target).values()) == [Decimal("0.9995")]
        assert world.violations() == []

    def test_what_the_hot_wallet_cannot_pay_waits_and_is_paid_once_it_can(self, chain, ann, capsys):
        world.person(ANN, BTC="1000")
        target = somebody()
        made = withdrawal(ANN, target, "100")
        custody.run()
        custody.run()
        assert transfers.get(made).status is Status.HOT_WALLET_SHORT
        assert "HotWalletShort" in alarms(capsys)
        chain.fund(1, 60)
        chain.pay(chain.hot(), 50)
        chain.mine()
        custody.run()
        chain.arrives(transfers.get(made).txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED
        assert list(chain.paid(target).values()) == [Decimal("99.9995")]

    def test_an_address_of_the_hot_wallet_itself_can_be_paid(self, chain, ann):
        world.person(ANN, BTC="1")
        asked = Node("bcoin", node.place("BTC"))
        target = max(asked.coins(), key=lambda one: (one.amount, one.confirmations)).address
        asked.close()
        made = withdrawal(ANN, target, "1")
        custody.run()
        chain.arrives(transfers.get(made).txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED
        assert chain.paid(target)[transfers.get(made).txid] == Decimal("0.9995")

    @pytest.mark.parametrize("kind", ["script", "segwit"])
    def test_every_form_of_address(self, chain, ann, kind):
        key = Bip32Slip10Secp256k1.FromSeed(kind.encode().ljust(32)).PublicKey().KeyObject()
        segwit = P2WPKHAddrEncoder.EncodeKey(key, hrp="rb")
        target = segwit if kind == "segwit" else P2SHAddrEncoder.EncodeKey(key, net_ver=b"\x26")
        world.person(ANN, BTC="1")
        assert addresses.payable("BTC", target)
        made = withdrawal(ANN, target, "1")
        custody.run()
        chain.arrives(transfers.get(made).txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED
        assert list(chain.paid(target).values()) == [Decimal("0.9995")]

    def test_a_payout_whose_block_is_replaced_is_sent_again_and_never_twice(self, chain, ann, monkeypatch):
        confirmations(monkeypatch, 2)
        world.person(ANN, BTC="2")
        target = somebody()
        made = withdrawal(ANN, target, "1")
        custody.run()
        txid = transfers.get(made).txid
        chain.arrives(txid)
        chain.mine()
        custody.run()
        chain.replace(1)
        custody.run()
        assert transfers.get(made).status is Status.REORGANIZING
        chain.arrives(txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.REORGANIZED
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED
        assert chain.paid(target) == {txid: Decimal("0.9995")}

    def test_a_finished_payout_whose_block_is_replaced_gets_into_another(self, chain, ann):
        world.person(ANN, BTC="2")
        target = somebody()
        made = withdrawal(ANN, target, "1")
        custody.run()
        txid = transfers.get(made).txid
        chain.arrives(txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED
        chain.replace(1)
        assert chain.paid(target) == {}
        custody.run()
        custody.run()
        chain.arrives(txid)
        chain.mine()
        custody.run()
        assert chain.paid(target) == {txid: Decimal("0.9995")}
        assert transfers.get(made).status is Status.SUCCEEDED
        assert chains.get("BTC").spending == {}
        assert balance() == 1

    def test_a_payout_that_nobody_was_told_of_is_sent_by_the_next_run(self, chain, ann, monkeypatch, capsys):
        world.person(ANN, BTC="2")
        target = somebody()
        made = withdrawal(ANN, target, "1")
        with monkeypatch.context() as patch:
            patch.setattr(Node, "send", lambda *_: (_ for _ in ()).throw(node.Down("no answer")))
            custody.run()
            world.later(patch, paying.LOST_MS + 1)
            alarms(capsys)
            custody.run()
            assert "PayoutLost" in alarms(capsys)
        txid = transfers.get(made).txid
        assert txid
        custody.run()
        chain.arrives(txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).txid == txid
        assert chain.paid(target) == {txid: Decimal("0.9995")}

    def test_a_wallet_that_signs_something_else_pays_nobody(self, chain, ann, monkeypatch, capsys):
        world.person(ANN, BTC="2")
        made = withdrawal(ANN, somebody(), "1")
        draft = Node.unsigned
        thief = chain.elsewhere
        with monkeypatch.context() as patch:
            patch.setattr(
                Node,
                "unsigned",
                lambda self, coins, pays: draft(
                    self, coins, dict(zip([thief, *list(pays)[1:]], pays.values(), strict=True))
                ),
            )
            custody.run()
        assert transfers.get(made).status is Status.ACCEPTED
        assert "PayoutRefused" in alarms(capsys)
        assert chain.pool() == []

    def test_one_that_an_operator_put_back_is_still_the_same_payment(self, chain, ann):
        world.person(ANN, BTC="2")
        made = withdrawal(ANN, somebody(), "1")
        custody.run()
        first = transfers.get(made)
        stopped = transfers.move(first, Status.ERROR, "operator", "looks odd")
        custody.run()
        transfers.move(stopped, Status.ACCEPTED, "operator", "is fine")
        custody.run()
        again = transfers.get(made)
        assert (again.txid, again.payout, again.status) == (first.txid, first.payout, Status.CONFIRMING)
        chain.arrives(first.txid)
        chain.mine()
        custody.run()
        assert transfers.get(made).status is Status.SUCCEEDED

    def test_one_that_was_refunded_by_hand_and_paid_all_the_same_calls_people(self, chain, ann, capsys):
        world.person(ANN, BTC="2")
        made = withdrawal(ANN, somebody(), "1")
        custody.run()
        paid = transfers.get(made)
        transfers.move(transfers.move(paid, Status.ERROR, "operator", "stop"), Status.REJECTED, "operator", "a mistake")
        chain.arrives(paid.txid)
        chain.mine()
        custody.run()
        assert "PaidAndRefunded" in alarms(capsys)

    def test_two_runs_at_once_pay_once(self, chain, ann, monkeypatch):
        world.person(ANN, BTC="4")
        targets = [somebody() for _ in range(3)]
        made = [withdrawal(ANN, target, "1") for target in targets]
        ask, inside = Node.signed, []

        def meanwhile(self, raw):
            if not inside:
                inside.append(True)
                custody.run()
            return ask(self, raw)

        monkeypatch.setattr(Node, "signed", meanwhile)
        custody.run()
        custody.run()
        for one in made:
            chain.arrives(transfers.get(one).txid)
        chain.mine()
        custody.run()
        for target in targets:
            assert list(chain.paid(target).values()) == [Decimal("0.9995")]
        assert {transfers.get(one).status for one in made} == {Status.SUCCEEDED}
        assert world.violations() == []


class TestOperators:
    def chain(self, action, **more):
        return operations.run({"verb": "chain", "action": action, **more})

    def test_they_see_how_far_each_chain_is_followed(self, chain):
        (asset,) = self.chain("list").items()
        height = chain.call("getblockcount")
        assert asset == ("BTC", {"height": height, "block": chain.call("getbestblockhash"), "payouts": []})

    def test_one_that_nobody_has_followed_yet_is_shown_as_such(self, small, monkeypatch):
        kept(monkeypatch, {"LTC": {"account": ACCOUNT, "node": "core"}})
        assert self.chain("list") == {"LTC": {"height": None, "block": None, "payouts": []}}

    def test_they_have_a_chain_read_again(self, chain):
        height = chain.call("getblockcount") - 3
        assert self.chain("rescan", currency="btc", height=str(height)) == {"currency": "BTC", "height": height}
        assert chains.get("BTC").height == height

    @pytest.mark.parametrize(
        ("action", "more", "error"),
        [
            ("dance", {}, "parameter_invalid"),
            ("rescan", {}, "parameter_missing"),
            ("rescan", {"currency": "EUR", "height": 1}, "no_such_currency"),
            ("rescan", {"currency": "LTC", "height": 1}, "parameter_invalid"),
            ("rescan", {"currency": "BTC", "height": -1}, "parameter_invalid"),
            ("holdings", {"currency": "EUR"}, "no_such_currency"),
        ],
    )
    def test_what_they_mistype_is_said(self, chain, action, more, error):
        assert self.chain(action, **more)["error"] == error

    def test_a_node_that_is_down_cannot_be_read_again(self, chain, monkeypatch):
        with mad("garbage") as url:
            attach(monkeypatch, json.dumps({"node": url, "wallet": url}))
            assert self.chain("rescan", currency="BTC", height=1)["error"] == "internal"


class TestNodes:
    def test_without_a_node_nothing_happens(self, small, monkeypatch):
        assert custody.run() == {}
        kept(monkeypatch, {"LTC": {"account": ACCOUNT, "node": "core"}})
        assert custody.run() == {"LTC": "no node"}

    def test_a_chain_that_lost_its_node_calls_people(self, chain, monkeypatch, capsys):
        monkeypatch.setattr(node, "place", lambda _: None)
        assert custody.run() == {"BTC": "missing"}
        assert "NodeDown" in alarms(capsys)

    def test_one_of_another_network_is_not_believed(self, small, regtest, monkeypatch, capsys):
        attach(monkeypatch, regtest.places, {"BTC": {"network": "main", "account": ACCOUNT, "node": "bcoin"}})
        world.person(ANN, BTC="1")
        made = withdrawal(ANN, regtest.elsewhere, "1")
        assert custody.run() == {"BTC": "unfit"}
        assert "NodeUnfit" in alarms(capsys)
        assert chains.get("BTC") is None
        assert transfers.get(made).status is Status.ACCEPTED

    @pytest.mark.parametrize("behind", ["headers", "syncing", "time", "height"])
    def test_one_that_is_behind_credits_and_pays_nothing(self, chain, ann, monkeypatch, capsys, behind):
        chain.pay(ann, 1)
        chain.mine()
        tip = Node.tip
        changes = {
            "headers": lambda said: replace(said, headers=said.height + 2),
            "syncing": lambda said: replace(said, syncing=True),
            "time": lambda said: replace(said, time=clock.now_ms() - 5 * 3600 * 1000),
            "height": lambda said: replace(said, height=chains.get("BTC").height - 1, headers=0),
        }[behind]
        network = replace(settings.network("BTC"), silent_ms_max=4 * 3600 * 1000)
        with monkeypatch.context() as patch:
            patch.setattr(settings, "network", lambda _: network)
            patch.setattr(Node, "tip", lambda self: changes(tip(self)))
            assert custody.run() == {"BTC": "unfit"}
        assert "NodeUnfit" in alarms(capsys)
        assert deposits(ANN) == []
        custody.run()
        assert balance() == 1

    @pytest.mark.parametrize("answer", ["nothing", "garbage", "html", "too much", "list", "half"])
    def test_one_that_is_down_slow_or_mad_stops_its_own_coin_only(self, chain, monkeypatch, capsys, answer):
        monkeypatch.setattr(node, "TIMEOUT_S", 0.2)
        monkeypatch.setattr(node, "ANSWER_BYTES_MAX", 1000)
        with mad(answer) as url:
            attach(monkeypatch, json.dumps({"node": url, "wallet": url}))
            assert custody.run() == {"BTC": "down"}
        assert "NodeDown" in alarms(capsys)

    def test_a_password_goes_in_a_header_and_never_into_a_log(self, chain, monkeypatch, capsys):
        seen = []
        with mad("garbage", seen) as url:
            secret = url.replace("http://", "http://operator:hunter%402@")
            attach(monkeypatch, json.dumps({"node": secret, "wallet": secret}))
            custody.run()
        assert seen[0] == "Basic b3BlcmF0b3I6aHVudGVyQDI="
        assert "hunter" not in capsys.readouterr().out

    @pytest.mark.parametrize("url", ["http://node.example/", "ftp://127.0.0.1/", "node"])
    def test_a_node_far_away_is_reached_by_https_only(self, small, monkeypatch, url):
        attach(monkeypatch, json.dumps({"node": url, "wallet": url}))
        with pytest.raises(ValueError, match="https"):
            custody.run()

    def test_one_coin_that_fails_does_not_stop_the_others(self, chain, ann, monkeypatch):
        document = {
            "LTC": {"account": ACCOUNT, "node": "core"},
            "BTC": {"network": "regtest-bcoin", "account": ACCOUNT, "node": "bcoin"},
        }
        attach(monkeypatch, chain.places, document)
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        found = {"BTC": node.place("BTC"), "LTC": node.Place(nobody, nobody)}
        monkeypatch.setattr(node, "place", found.get)
        chain.pay(ann, 1)
        chain.mine()
        assert custody.run() == {"LTC": "down", "BTC": "up to date"}
        assert balance() == 1

    @pytest.mark.parametrize(("asset", "height"), [("LTC", 1), ("BTC", 10**9)])
    def test_a_rescan_of_what_is_not_there_is_refused(self, chain, asset, height):
        with pytest.raises(Refused):
            custody.rescan(asset, height)


class mad:  # noqa: N801 - reads as a verb's object
    """A server on loopback that answers as no node would."""

    def __init__(self, answer, seen=None):
        self.answer, self.seen, self.open = answer, [] if seen is None else seen, threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.seen.append(self.headers.get("Authorization"))
                body = {
                    "garbage": b"\xff{",
                    "html": b"<html>",
                    "too much": b" " * 2000,
                    "list": b"[]",
                    "half": b'{"result": null}',
                }.get(outer.answer)
                if body is None:
                    outer.open.wait(5)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *_):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
