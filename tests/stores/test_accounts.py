"""The account item: what each conditional write accepts, what it refuses, and what it makes of an answer that got lost."""

from dataclasses import replace

import pytest
from pynamodb.exceptions import UpdateError

from chalicelib.core.ledger import Settlement
from chalicelib.core.orders import Side
from chalicelib.core.transfers import Effect
from chalicelib.stores import accounts
from chalicelib.stores.accounts import AccountRow, Short
from tests.core.twin import ONE, an_order
from tests.faults.injection import Faults, after, before, injected, repeated

ANN, MARKET = "1000000001", "BTC-CNY"
NOW = 1_800_000_000_000


def bid(number, amount=ONE):
    return an_order(number, Side.BUY, ONE, amount, uid=ANN, client_order_id="ü" if number % 2 else None)


@pytest.fixture(autouse=True)
def _ann(cloud):
    accounts.ensure(ANN)
    AccountRow(ANN).update(actions=accounts.transfer_write(Effect.CREDIT, "deposit:1", "CNY", 10 * ONE)[0])


def money(asset="CNY"):
    account = accounts.get(ANN)
    return account.available.get(asset, 0), account.frozen.get(asset, 0)


def reserve(*placed):
    accounts.reserve(ANN, placed, {"CNY": sum(order.hold for order in placed)}, NOW)


def test_there_is_no_account_until_somebody_makes_it():
    assert accounts.get("1000000009") is None
    accounts.ensure("1000000009")
    assert accounts.get("1000000009") == accounts.Account("1000000009", {}, {}, {}, {}, {}, None)


def test_making_an_account_anew_leaves_it_as_it_is():
    accounts.ensure(ANN)
    assert money() == (10 * ONE, 0)


@pytest.mark.parametrize("uid", ["1000000009", ANN])
def test_making_an_account_may_be_repeated_unseen(uid, monkeypatch):
    with injected(monkeypatch, Faults(0, repeated)):
        accounts.ensure(uid)
    assert accounts.get(uid) is not None


class TestReserve:
    def test_moves_what_is_needed_and_keeps_the_orders_whole(self):
        orders = [bid(1), bid(2, 3)]
        reserve(*orders)
        account = accounts.get(ANN)
        assert money() == (9 * ONE - 3, ONE + 3)
        assert account.intents == {order.id: order for order in orders}
        assert account.waiting_since == NOW

    def test_takes_everything_there_is_but_not_a_unit_more(self):
        reserve(bid(1, 10 * ONE))
        assert money() == (0, 10 * ONE)
        with pytest.raises(Short) as short:
            reserve(bid(2, 1))
        assert short.value.account == accounts.get(ANN)
        assert money() == (0, 10 * ONE)

    def test_takes_all_or_nothing(self):
        with pytest.raises(Short):
            accounts.reserve(ANN, [bid(1), bid(2)], {"CNY": ONE, "BTC": 1}, NOW)
        assert money() == (10 * ONE, 0)
        assert accounts.get(ANN).intents == {}

    def test_keeps_the_time_of_the_first_that_waits(self):
        reserve(bid(1))
        accounts.reserve(ANN, [bid(2)], {"CNY": ONE}, NOW + 5)
        assert accounts.get(ANN).waiting_since == NOW

    def test_bounds_the_number_of_intents(self, monkeypatch):
        monkeypatch.setattr(accounts, "INTENTS_MAX", 3)
        reserve(bid(1), bid(2))
        with pytest.raises(Short):
            reserve(bid(3), bid(4))
        reserve(bid(3))
        with pytest.raises(Short):
            reserve(bid(4))

    @pytest.mark.parametrize("fault", [repeated, after])
    def test_knows_by_its_intents_that_it_had_succeeded(self, fault, monkeypatch):
        with injected(monkeypatch, Faults(0, fault)):
            reserve(bid(1))
        assert money() == (9 * ONE, ONE)

    def test_that_did_not_happen_for_an_unknown_reason_is_no_refusal(self, monkeypatch):
        with injected(monkeypatch, Faults(0, before)), pytest.raises(UpdateError):
            reserve(bid(1))
        assert money() == (10 * ONE, 0)

    def test_is_not_fooled_by_another_request_that_took_the_last_funds(self):
        reserve(bid(1, 10 * ONE))
        with pytest.raises(Short):
            reserve(bid(2))
        assert set(accounts.get(ANN).intents) == {bid(1).id}


class TestSettle:
    def test_moves_removes_intents_and_marks_where_it_is(self):
        reserve(bid(1))
        accounts.settle(ANN, MARKET, 7, Settlement({"BTC": 5, "CNY": 1}, {"BTC": 0, "CNY": -ONE}, [bid(1).id]))
        account = accounts.get(ANN)
        assert account.available == {"CNY": 9 * ONE + 1, "BTC": 5}
        assert account.frozen == {"CNY": 0}
        assert (account.applied, account.intents, account.waiting_since) == ({MARKET: 7}, {}, None)

    @pytest.mark.parametrize("seq", [7, 6, 1])
    def test_once_only_and_never_back(self, seq):
        change = Settlement({"CNY": 1}, {"CNY": 0})
        accounts.settle(ANN, MARKET, 7, change)
        accounts.settle(ANN, MARKET, seq, change)
        assert money() == (10 * ONE + 1, 0)
        assert accounts.get(ANN).applied == {MARKET: 7}

    def test_per_market(self):
        for market in (MARKET, "GOOC-CNY"):
            accounts.settle(ANN, market, 1, Settlement({"CNY": 1}, {"CNY": 0}))
        assert money() == (10 * ONE + 2, 0)
        assert accounts.get(ANN).applied == {MARKET: 1, "GOOC-CNY": 1}

    def test_with_no_money_in_it_still_fulfils_intents(self):
        reserve(bid(1), bid(2))
        accounts.settle(ANN, MARKET, 1, Settlement(intents=[bid(1).id]))
        account = accounts.get(ANN)
        assert set(account.intents) == {bid(2).id}
        assert account.waiting_since == NOW, "one of its orders still waits"
        accounts.settle(ANN, MARKET, 2, Settlement(intents=[bid(2).id]))
        assert accounts.get(ANN).waiting_since is None

    @pytest.mark.parametrize("left", [0, 1])
    @pytest.mark.parametrize("fault", [repeated, after, before])
    @pytest.mark.parametrize("number", [0, 1])
    def test_repeated_until_it_is_heard_counts_once(self, fault, number, left, monkeypatch):
        reserve(bid(1), *[bid(2)][:left])
        change = Settlement({"CNY": 1}, {"CNY": -1}, [bid(1).id])
        with injected(monkeypatch, Faults(number, fault)):
            try:
                accounts.settle(ANN, MARKET, 1, change)
            except UpdateError:
                accounts.settle(ANN, MARKET, 1, change)
        assert money() == ((9 - left) * ONE + 1, (1 + left) * ONE - 1)
        account = accounts.get(ANN)
        assert len(account.intents) == left
        assert (account.waiting_since is None) == (not left)

    def test_of_an_account_that_does_not_exist_makes_no_account_of_nothing(self):
        with pytest.raises(UpdateError):
            accounts.settle("1000000009", MARKET, 1, Settlement({"CNY": 1}, {"CNY": 0}))
        assert accounts.get("1000000009") is None


class TestGhosts:
    def test_a_ghost_gives_back_its_hold_once(self):
        order = replace(bid(1), market=MARKET)
        reserve(order)
        accounts.settle(ANN, MARKET, 3, Settlement(intents=[order.id]))
        reserve(order)  # the late repeat
        assert money() == (8 * ONE, 2 * ONE)
        for _ in range(2):
            accounts.release_ghost(ANN, order, 3, "CNY")
        assert money() == (9 * ONE, ONE)
        assert accounts.get(ANN).intents == {}

    def test_an_intent_whose_entry_is_not_settled_is_no_ghost(self):
        reserve(bid(1))
        accounts.release_ghost(ANN, bid(1), 1, "CNY")
        accounts.settle(ANN, MARKET, 2, Settlement())
        accounts.release_ghost(ANN, bid(1), 3, "CNY")
        assert money() == (9 * ONE, ONE)
        assert set(accounts.get(ANN).intents) == {bid(1).id}


class TestWaiting:
    def uids(self, before):
        return [account.uid for account in accounts.waiting(before)]

    def test_only_accounts_with_old_intents_are_found(self):
        assert self.uids(NOW + 1) == []
        reserve(bid(1))
        assert self.uids(NOW) == []
        assert self.uids(NOW + 1) == [ANN]
        accounts.settle(ANN, MARKET, 1, Settlement(intents=[bid(1).id]))
        assert self.uids(NOW + 1) == []

    def test_accounts_of_every_shard_are_found(self):
        uids = {str(2_000_000_000 + number) for number in range(30)}
        for uid in uids:
            AccountRow(uid, available={"CNY": ONE}).save()
            accounts.reserve(uid, [replace(bid(1), uid=uid)], {"CNY": ONE}, NOW)
        assert len({row.waiting_shard for row in AccountRow.scan() if row.waiting_shard is not None}) > 1
        assert sorted(self.uids(NOW + 1)) == sorted(uids)

    def test_an_account_is_as_old_as_the_oldest_of_the_intents_it_still_has(self):
        first, second = bid(1), bid(2)
        reserve(first, second)
        accounts.settle(ANN, MARKET, 1, Settlement(intents=[first.id]))
        accounts.rest_waiting(accounts.get(ANN))
        assert accounts.get(ANN).waiting_since == second.created

    def test_an_account_without_intents_leaves(self):
        AccountRow(ANN).update(actions=[AccountRow.waiting_shard.set(0), AccountRow.waiting_since.set(NOW)])
        accounts.rest_waiting(accounts.get(ANN))
        assert self.uids(NOW + 1) == []

    def test_an_account_that_took_an_order_meanwhile_stays(self):
        AccountRow(ANN).update(actions=[AccountRow.waiting_shard.set(0), AccountRow.waiting_since.set(NOW)])
        seen = accounts.get(ANN)
        reserve(bid(1))
        accounts.rest_waiting(seen)
        assert self.uids(NOW + 1) == [ANN]


def test_amounts_of_any_size_are_exact():
    large = {"BTC": 10**30 + 1, "CNY": 0}
    AccountRow(ANN, available=large).save()
    assert accounts.get(ANN).available == large


def test_a_credit_of_nothing_is_our_mistake():
    with pytest.raises(AssertionError):
        accounts.transfer_write(Effect.CREDIT, "deposit:1", "CNY", 0)


def test_a_write_that_meets_a_transaction_is_repeated(monkeypatch):
    from botocore.exceptions import ClientError

    from tests.faults.injection import Faults, injected

    def conflict(_):
        raise ClientError({"Error": {"Code": "TransactionConflictException", "Message": "busy"}}, "UpdateItem")

    accounts.ensure("1")
    change = Settlement()
    change.add("BTC", 5, 0)
    with injected(monkeypatch, Faults(0, conflict)):
        accounts.settle("1", "BTC-CNY", 1, change)
    assert accounts.get("1").available == {"BTC": 5}
