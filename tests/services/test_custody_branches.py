"""Custody on a chain that tests can bend as no real node lets them: branches that come and go between two calls, and coins that
somebody else spends."""

import sys
from contextlib import contextmanager
from decimal import Decimal

import pytest

import chalicelib.services.custody.run  # noqa: F401 - the package's `run` is a function: the module is looked up below
from chalicelib import clock
from chalicelib.core.addresses import decoded
from chalicelib.core.transfers import Status
from chalicelib.services import addresses, custody, operations
from chalicelib.services.custody import following, paying
from chalicelib.stores import accounts, chains, transfers
from chalicelib.stores.node import Block, Coin, Output, Said, Tip, Transaction
from tests.services import world
from tests.services.custody import BITCOIN, confirmations, deposits, kept, withdrawal

runner = sys.modules["chalicelib.services.custody.run"]
ANN, BOB = "1000000001", "1000000002"
COIN = "aa" * 32 + ":0"
DEPOSITED = "d1" * 32
GONE = following.GONE_MS + 100_000


class Fake:
    """A node with a chain of its own: `mine` adds a block, of a branch's own name; `chain` may be cut and put back."""

    def __init__(self):
        self.chain = [("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", ())]
        self.pool, self.sent, self.hot, self.drafts = set(), [], [], {}
        self.made = 0
        self.change = ""

    def mine(self, *transactions, branch="a", blocks=1):
        for _ in range(blocks):
            self.made += 1
            self.chain.append((f"{self.made:048x}{branch * 16}", transactions))
            transactions = ()

    def tip(self):
        height = len(self.chain) - 1
        return Tip(height, self.chain[height][0], height, syncing=False, time=clock.now_ms())

    def block_hash(self, height):
        return self.chain[height][0] if height < len(self.chain) else None

    def block(self, wanted):
        for height, (name, transactions) in enumerate(self.chain):
            if name == wanted:
                return Block(name, self.chain[height - 1][0] if height else "", height, transactions)
        raise Said(-5, "no block")

    def waits(self, txid):
        return txid in self.pool

    def coins(self):
        return self.hot

    def fee_per_kb(self, _):
        return None

    def change_address(self):
        return self.change

    def unsigned(self, spends, pays):
        self.made += 1
        txid = f"{self.made:064x}"
        outputs = [
            Output(number, amount, addresses.script_of("BTC", address), None)
            for number, (address, amount) in enumerate(pays.items())
        ]
        self.drafts[txid] = Transaction(txid, tuple(spends), tuple(outputs))
        return txid

    def signed(self, raw):
        return raw

    def decoded(self, raw):
        return self.drafts[raw]

    def send(self, raw):
        self.sent.append(raw)

    def funded(self, *amounts):
        self.hot = [
            Coin("aa" * 32 + f":{number}", int(Decimal(one) * 10**8), self.change, 5)
            for number, one in enumerate(amounts)
        ]


def pays(address, amount=10**8, txid=DEPOSITED):
    """A transaction of somebody else's that pays an address."""
    return Transaction(txid, ("ff" * 32 + ":0",), (Output(0, amount, "", decoded(address)[1]),))


@pytest.fixture
def node(small, watch, monkeypatch):
    fake = Fake()
    kept(monkeypatch, BITCOIN)

    @contextmanager
    def opened(_):
        yield fake

    monkeypatch.setattr(runner, "_node", opened)
    fake.mine()
    assert custody.run() == {"BTC": "up to date"}
    world.person(ANN)
    fake.ann = addresses.give(ANN, "BTC")
    fake.change = addresses.of_person("BTC", "1000000999")
    return fake


def somebody():
    return addresses.of_person("BTC", "1000000500")


def balance(uid=ANN):
    return world.balances(uid).get("BTC", (0, 0))[0]


def stands(uid=ANN):
    """Its status is 4, its money is in the account, and that is free."""
    return deposits(uid)[0][0] is Status.SUCCEEDED and balance(uid) == 1 and not accounts.get(uid).blocked


class TestWhatStandsInTheChainIsNobodys:
    """A credited deposit that the chain has is never taken from its owner, whatever the chain showed meanwhile."""

    def test_a_branch_that_came_while_a_call_failed_and_went(self, node, watch, monkeypatch):
        node.mine(pays(node.ann))
        custody.run()
        assert stands()
        first = list(node.chain)
        node.chain = node.chain[:-1]
        node.mine(branch="b", blocks=2)
        with monkeypatch.context() as patch:
            patch.setattr(chains, "rewind", fails)
            with pytest.raises(RuntimeError):
                custody.run()
        node.chain = first
        node.mine(blocks=2)
        assert custody.run() == {"BTC": "up to date"}
        watch.wind(GONE)
        custody.run()
        assert stands()

    @pytest.mark.parametrize("where", ["claim", "write", "advance"])
    def test_a_branch_that_was_half_read_when_a_call_failed_and_went(self, node, watch, monkeypatch, where):
        node.mine(pays(node.ann))
        custody.run()
        first = list(node.chain)
        node.chain = node.chain[:-1]
        node.mine(pays(node.ann, txid="d2" * 32), branch="b", blocks=2)
        target = following if where == "write" else chains
        with monkeypatch.context() as patch:
            patch.setattr(target, "_payouts" if where == "write" else where, fails)
            with pytest.raises(RuntimeError):
                custody.run()
        node.chain = first
        node.mine(blocks=2)
        custody.run()
        watch.wind(GONE)
        custody.run()
        assert stands() or deposits(ANN)[0] == (Status.FAILED, 1)
        assert [one[0] for one in deposits(ANN)].count(Status.SUCCEEDED) == 1
        assert balance() == 1
        assert not accounts.get(ANN).blocked

    def test_a_branch_that_showed_while_deposits_were_concluded(self, node, watch, monkeypatch):
        confirmations(monkeypatch, 2)
        node.mine(pays(node.ann))
        custody.run()
        node.mine()
        first, conclude = list(node.chain), following.conclude

        def on_another_branch(asked, chain):
            node.chain = [*first[:-2], ("b" * 64, ()), ("c" * 64, ()), ("d" * 64, ())]
            try:
                conclude(asked, chain)
            finally:
                node.chain = first

        with monkeypatch.context() as patch:
            patch.setattr(following, "conclude", on_another_branch)
            custody.run()
        for _ in range(3):
            node.mine()
            custody.run()
            watch.wind(GONE)
        assert stands()

    def test_two_runs_that_overlap(self, node, watch, monkeypatch):
        node.mine(pays(node.ann))
        custody.run()
        node.chain = node.chain[:-1]
        node.mine(pays(node.ann), branch="b")
        node.mine(branch="b")
        seen = chains.sightings

        def slow(asset):
            found = seen(asset)
            monkeypatch.setattr(chains, "sightings", seen)
            custody.run()
            assert stands()
            return found

        monkeypatch.setattr(chains, "sightings", slow)
        assert custody.run() == {"BTC": "overtaken"}
        watch.wind(GONE)
        node.mine()
        custody.run()
        assert stands()

    def test_two_runs_that_were_shown_different_branches(self, node, watch, monkeypatch):
        node.mine(pays(node.ann))
        node.mine()
        below, first = node.chain[:2], list(node.chain)
        write = following._write_down

        def slow(asked, chain, block):
            monkeypatch.setattr(following, "_write_down", write)
            write(asked, chain, block)
            node.chain = list(below)
            node.mine(branch="b")
            custody.run()
            node.chain = first

        monkeypatch.setattr(following, "_write_down", slow)
        assert custody.run() == {"BTC": "overtaken"}
        assert deposits(ANN)[0][0] is Status.REORGANIZING
        node.mine()
        custody.run()
        watch.wind(GONE)
        custody.run()
        assert stands()

    def test_two_runs_at_different_blocks_of_one_height_of_which_the_second_fails(self, node, watch, monkeypatch):
        below = list(node.chain)
        node.mine(pays(node.ann))
        first, write = list(node.chain), following._write_down

        def slow(asked, chain, block):
            monkeypatch.setattr(following, "_write_down", write)
            write(asked, chain, block)
            node.chain = list(below)
            node.mine(branch="b")
            with monkeypatch.context() as patch:
                patch.setattr(chains, "advance", fails)
                with pytest.raises(RuntimeError):
                    custody.run()
            node.chain = first

        monkeypatch.setattr(following, "_write_down", slow)
        assert custody.run() == {"BTC": "overtaken"}, "the second has taken back what the first had written"
        custody.run()
        watch.wind(GONE)
        custody.run()
        assert stands()

    @pytest.mark.parametrize("later", [1, 2, 3])
    def test_a_branch_that_has_it_sooner_later_or_at_the_same_height(self, node, watch, later):
        node.mine()
        node.mine(pays(node.ann))
        custody.run()
        node.chain = node.chain[:2]
        for number in range(1, 5):
            node.mine(*([pays(node.ann)] if number == later else []), branch="b")
        custody.run()
        watch.wind(GONE)
        custody.run()
        assert stands()
        assert [one.block for one in chains.sightings("BTC")] == [node.chain[1 + later][0]]

    def test_a_shorter_branch_that_is_followed_takes_back_what_stood_above_once_it_is_as_long(self, node, watch):
        node.mine(blocks=2)
        node.mine(pays(node.ann))
        custody.run()
        node.chain = node.chain[:2]
        node.mine(branch="b")
        assert custody.run() == {"BTC": "unfit"}
        node.mine(branch="b", blocks=2)
        custody.run()
        assert deposits(ANN)[0][0] is Status.REORGANIZING
        assert accounts.get(ANN).blocked


class TestRescans:
    def test_what_was_replaced_is_taken_back_wherever_one_begins(self, node, watch):
        node.mine(pays(node.ann))
        custody.run()
        node.chain = node.chain[:-1]
        node.mine(branch="b", blocks=2)
        custody.rescan("BTC", 1)
        node.mine(branch="b", blocks=200)
        custody.run()
        assert accounts.get(ANN).blocked
        watch.wind(GONE)
        custody.run()
        assert deposits(ANN)[0][0] is Status.FAILED
        assert balance() == 0

    def test_one_that_would_begin_above_the_fork_begins_there(self, node):
        node.mine(pays(node.ann))
        node.mine(blocks=5)
        custody.run()
        node.chain = node.chain[:2]
        node.mine(branch="b", blocks=10)
        assert custody.rescan("BTC", 5) == 1
        custody.run()
        assert accounts.get(ANN).blocked

    def test_a_chain_replaced_deeper_than_we_remember(self, node, watch):
        node.mine(pays(node.ann))
        node.mine(blocks=150)
        custody.run()
        node.chain = node.chain[:2]
        node.mine(branch="b", blocks=200)
        assert custody.run() == {"BTC": "unfit"}
        assert custody.rescan("BTC", 100) == 1
        assert custody.run() == {"BTC": "up to date"}
        assert accounts.get(ANN).blocked

    def test_what_was_not_replaced_is_left_alone(self, node):
        node.mine(pays(node.ann))
        node.mine(blocks=5)
        custody.run()
        assert custody.rescan("BTC", 1) == 1
        custody.run()
        key = f"deposit:BTC:{DEPOSITED}:0"
        assert [move.to for move in transfers.log(key)] == [2, 3, 4]
        assert stands()


class TestTurns:
    """Payouts that cannot be made keep nobody from being paid."""

    def test_those_of_a_blocked_account(self, node, watch):
        world.person(BOB, BTC="5")
        world.person(ANN, BTC="5")
        for _ in range(paying.PAYOUTS_MAX):
            withdrawal(ANN, somebody(), "0.01")
        bobs = withdrawal(BOB, somebody(), "0.02")
        accounts.AccountRow(ANN).update([accounts.AccountRow.blocked.add({"deposit:x"})])
        node.funded(1)
        custody.run()
        assert transfers.get(bobs).status is Status.CONFIRMING

    def test_those_that_are_more_than_the_hot_wallet_has(self, node, watch):
        world.person(BOB, BTC="5")
        world.person(ANN, BTC="100")
        large = [withdrawal(ANN, somebody(), "4") for _ in range(paying.PAYOUTS_MAX)]
        bobs = withdrawal(BOB, somebody(), "0.02")
        node.funded(1)
        custody.run()
        assert transfers.get(bobs).status is Status.CONFIRMING
        assert {transfers.get(one).status for one in large} == {Status.HOT_WALLET_SHORT}

    def test_those_that_the_wallet_refuses(self, node, watch, monkeypatch):
        world.person(ANN, BTC="5")
        for _ in range(paying.PAYOUTS_MAX):
            withdrawal(ANN, somebody(), "0.01")
        last = withdrawal(ANN, addresses.of_person("BTC", "1000000501"), "0.02")
        node.funded(1)
        draft = node.unsigned

        def refuses(spends, pays):
            if somebody() in pays:
                raise Said(-1, "no")
            return draft(spends, pays)

        monkeypatch.setattr(node, "unsigned", refuses)
        custody.run()
        assert transfers.get(last).status is Status.CONFIRMING

    def test_as_many_are_made_as_a_run_may_make(self, node, monkeypatch):
        monkeypatch.setattr(paying, "PAYOUTS_MAX", 2)
        world.person(ANN, BTC="5")
        made = [withdrawal(ANN, somebody(), "0.01") for _ in range(3)]
        node.funded(1, 1, 1)
        custody.run()
        assert [transfers.get(one).status for one in made] == [Status.CONFIRMING, Status.CONFIRMING, Status.ACCEPTED]

    def test_when_as_many_are_unfinished_as_may_be_the_others_wait(self, node, monkeypatch):
        monkeypatch.setattr(paying, "OPEN_MAX", 1)
        world.person(ANN, BTC="5")
        made = [withdrawal(ANN, somebody(), "0.01") for _ in range(2)]
        node.funded(1, 1)
        custody.run()
        assert [transfers.get(one).status for one in made] == [Status.CONFIRMING, Status.ACCEPTED]

    def test_when_time_is_up_nothing_more_is_sent_or_given_up(self, node, watch):
        node.mine(pays(node.ann))
        custody.run()
        world.person(BOB, BTC="5")
        withdrawal(BOB, somebody(), "0.02")
        node.funded(1)
        custody.run()
        node.chain = node.chain[:-1]
        node.mine(branch="b", blocks=2)
        custody.run()
        watch.wind(GONE)
        node.sent.clear()
        chain = chains.get("BTC")
        paying.resend(node, chain, lambda: False)
        following.give_up(node, chain, lambda: False)
        assert node.sent == []
        assert deposits(ANN)[0][0] is Status.REORGANIZING


class TestDoubt:
    """A payout that went wrong is an operator's to decide."""

    @pytest.fixture
    def paid(self, node):
        world.person(BOB, BTC="5")
        made = withdrawal(BOB, somebody(), "0.02")
        node.funded(1)
        custody.run()
        return transfers.get(made)

    @staticmethod
    def ops(action, paid, **more):
        return operations.run({"verb": "withdrawal", "action": action, "id": paid.number, **more})

    def test_one_whose_coins_are_spent_otherwise_calls_people_who_give_it_back(self, node, paid, capsys):
        assert "error" in self.ops("reject", paid, reason="lost"), "it may be on its way"
        capsys.readouterr()
        node.mine(Transaction("ee" * 32, (COIN,), ()))
        custody.run()
        assert "PayoutLost" in capsys.readouterr().out
        assert self.ops("doubt", paid, reason="its coins are gone")["status"] == Status.ERROR
        assert COIN in chains.get("BTC").spending
        assert self.ops("reject", paid, reason="it can never arrive")["status"] == Status.REJECTED
        assert COIN not in chains.get("BTC").spending
        assert world.balances(BOB)["BTC"] == (5, 0)
        assert world.violations() == []

    def test_one_that_is_given_back_and_mined_all_the_same_calls_people(self, node, paid, capsys):
        self.ops("doubt", paid, reason="?")
        self.ops("reject", paid, reason="?")
        custody.run()
        capsys.readouterr()
        node.mine(node.decoded(paid.payout.split(" ")[0]))
        custody.run()
        assert "PaidAndRefunded" in capsys.readouterr().out
        assert chains.get("BTC").spending == {}

    def test_one_that_is_given_back_is_looked_out_for_for_a_while(self, node, paid, watch):
        self.ops("doubt", paid, reason="?")
        self.ops("reject", paid, reason="?")
        custody.run()
        assert chains.get("BTC").open_payouts() == {paid.txid: paid.id}
        watch.wind(paying.WATCHED_MS + 1000)
        custody.run()
        assert chains.get("BTC").spending == {}

    def test_one_that_was_paid_by_hand_leaves_its_coins(self, node, paid):
        self.ops("doubt", paid, reason="stuck")
        assert self.ops("paid", paid, txid="ee" * 32)["status"] == Status.SUCCEEDED
        assert chains.get("BTC").spending == {}
        assert world.balances(BOB)["BTC"] == (Decimal("4.98"), 0)

    def test_one_in_doubt_is_not_sent_until_it_is_put_back(self, node, paid):
        self.ops("doubt", paid, reason="?")
        node.sent.clear()
        custody.run()
        assert node.sent == []
        self.ops("approve", paid)
        custody.run()
        assert node.sent == [paid.payout.split(" ")[0]]

    def test_one_that_waits_its_turn_can_be_stopped_and_what_is_over_cannot(self, node, watch):
        world.person(ANN, BTC="5")
        waits = transfers.get(withdrawal(ANN, somebody(), "4"))
        assert self.ops("doubt", waits, reason="?")["status"] == Status.ERROR
        assert "error" in self.ops("doubt", waits, reason="?")
        self.ops("reject", waits, reason="?")
        assert "error" in self.ops("doubt", waits, reason="?")
        assert balance() == 5

    @pytest.mark.parametrize("first", ["approve", "mine"])
    def test_one_that_is_mined_while_in_doubt_is_finished_once_it_is_put_back(self, node, paid, first):
        self.ops("doubt", paid, reason="?")
        if first == "approve":
            self.ops("approve", paid)
        node.mine(node.decoded(paid.payout.split(" ")[0]))
        custody.run()
        if first == "mine":
            custody.run()
            assert "error" in self.ops("reject", paid, reason="no"), "it stands in a block"
            self.ops("approve", paid)
        custody.run()
        custody.run()
        assert transfers.get(paid.id).status is Status.SUCCEEDED
        assert chains.get("BTC").spending == {}

    @pytest.mark.parametrize("then", ["approve", "reject", "wait"])
    def test_one_whose_block_is_replaced_while_in_doubt(self, node, paid, then):
        self.ops("doubt", paid, reason="?")
        node.mine(node.decoded(paid.payout.split(" ")[0]))
        custody.run()
        if then == "approve":
            self.ops("approve", paid)
            accounts.AccountRow(BOB).update([accounts.AccountRow.blocked.add({"deposit:x"})])
        node.chain = node.chain[:-1]
        node.mine(branch="b", blocks=2)
        assert custody.run() == {"BTC": "up to date"}
        if then == "reject":
            assert self.ops("reject", paid, reason="gone")["status"] == Status.REJECTED
        elif then == "wait":
            assert transfers.get(paid.id).status is Status.ERROR
            self.ops("approve", paid)
            node.mine(node.decoded(paid.payout.split(" ")[0]))
            custody.run()
            assert transfers.get(paid.id).status is Status.SUCCEEDED

    def test_one_that_is_mined_under_another_name_is_the_payout(self, node, paid):
        same = node.decoded(paid.payout.split(" ")[0])
        node.mine(Transaction("ee" * 32, same.spends, same.outputs))
        custody.run()
        done = transfers.get(paid.id)
        assert (done.status, done.txid) == (Status.SUCCEEDED, "ee" * 32)
        assert chains.get("BTC").spending == {}

    def test_a_finished_one_whose_block_is_replaced_is_found_at_the_same_height(self, node, paid):
        mined = node.decoded(paid.payout.split(" ")[0])
        node.mine(mined)
        custody.run()
        assert transfers.get(paid.id).status is Status.SUCCEEDED
        node.chain = node.chain[:-1]
        node.mine(mined, branch="b")
        node.mine(branch="b")
        custody.run()
        custody.run()
        assert chains.get("BTC").spending == {}
        assert [one.done for one in chains.sightings("BTC")] == [True]

    def test_money_cannot_be_doubted(self, small):
        assert "error" in operations.run({"verb": "withdrawal", "action": "doubt", "id": 7, "reason": "?"})


def fails(*_):
    raise RuntimeError("AWS did not answer")
