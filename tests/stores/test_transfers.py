"""Transfers: money and its transfer are written together or not at all, once, and every move is on the log."""

from dataclasses import replace

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from chalicelib import clock
from chalicelib.core.orders import Order, Side
from chalicelib.core.transfers import Effect, Impossible, Kind, Rail, Status
from chalicelib.stores import accounts, transfers
from chalicelib.stores.transfers import Deposit, Withdrawal
from tests.faults.injection import FAULTS, Faults, injected, lost

ANN, BOB = "1000000001", "1000000002"
AT = 1_800_000_000_000
DEPOSIT = Deposit("deposit:BTC:x:0", ANN, "BTC", 10**18, AT, address="1x")
WITHDRAWAL = Withdrawal(ANN, "BTC", 3, 1, AT, address="1y", memo="m")
UNHEARD = (type(lost()), PynamoDBException)


@pytest.fixture(autouse=True)
def _accounts(cloud):
    accounts.ensure(ANN)
    accounts.ensure(BOB)


def funds(uid=ANN, asset="BTC"):
    """(available, pending)."""
    account = accounts.get(uid)
    return account.available.get(asset, 0), account.pending.get(asset, 0)


def _no_more(_transaction):
    """A step that has nothing to add."""


def give(amount, uid=ANN, asset="BTC"):
    key = f"deposit:{asset}:{clock.token_bytes(8).hex()}:0"
    return transfers.credit(Deposit(key, uid, asset, amount, AT), "operator", "given")


def held(amount=3, **changes):
    """A withdrawal of Ann's, who has `amount`."""
    give(amount)
    return transfers.open_withdrawal(replace(WITHDRAWAL, **changes), ANN, "asked")


class TestDeposits:
    def test_one_is_credited_and_kept(self):
        credited = transfers.credit(DEPOSIT)
        assert (credited.id, credited.uid, credited.asset, credited.amount) == (DEPOSIT.id, ANN, "BTC", 10**18)
        assert (credited.status, credited.txid, credited.address) == (Status.SUCCEEDED, "x", "1x")
        assert accounts.get(ANN).available == {"BTC": 10**18}
        assert transfers.get(DEPOSIT.id) == credited
        assert list(transfers.scan()) == [credited]

    def test_a_repeat_is_told_of_the_deposit_that_stands(self):
        credited = transfers.credit(DEPOSIT)
        for other in (DEPOSIT, Deposit(DEPOSIT.id, BOB, "BTC", 7, AT)):
            assert transfers.credit(other) == credited
            assert transfers.notice_deposit(other, "custody", "again") == credited
        assert accounts.get(ANN).available == {"BTC": 10**18}
        assert accounts.get(BOB).available == {}

    def test_nobody_is_credited_who_has_no_account(self):
        with pytest.raises(transfers.NoAccount):
            transfers.credit(Deposit(DEPOSIT.id, "1000000009", "BTC", 7, AT))
        assert transfers.get(DEPOSIT.id) is None
        assert accounts.get("1000000009") is None
        assert transfers.credit(DEPOSIT).uid == ANN, "the failure left no trace"

    def test_one_who_comes_between_look_and_write_is_found(self, monkeypatch):
        def other_first(call):
            transfers.credit(DEPOSIT)
            return call()

        with injected(monkeypatch, Faults(1, other_first)):
            assert transfers.credit(Deposit(DEPOSIT.id, BOB, "BTC", 7, AT)).uid == ANN
        assert accounts.get(BOB).available == {}

    def test_a_noticed_one_is_followed_and_credited_at_its_end(self):
        seen = transfers.notice_deposit(DEPOSIT, "custody", "block 7", {"block": "b", "height": 7, "confirmations": 1})
        assert (seen.status, seen.credited, seen.block, seen.height, seen.confirmations) == (2, False, "b", 7, 1)
        assert funds() == (0, 0)
        seen = transfers.move(seen, Status.CONFIRMING, "custody", "block 8", {"confirmations": 2})
        assert transfers.get(DEPOSIT.id) == seen
        assert list(transfers.opened(Rail.CHAIN, Kind.DEPOSIT, "BTC", Status.CONFIRMING)) == [seen]
        seen = transfers.move(seen, Status.CONFIRMED, "custody", "deep enough")
        assert list(transfers.opened(Rail.CHAIN, Kind.DEPOSIT, "BTC")) == [seen]
        seen = transfers.move(seen, Status.SUCCEEDED, "custody", "deep enough")
        assert funds() == (10**18, 0)
        assert seen.credited
        assert list(transfers.opened(Rail.CHAIN, Kind.DEPOSIT, "BTC")) == []
        assert transfers.succeeded("BTC", None, 9).items == [seen]
        assert [(move.start, move.to, move.by, move.why) for move in transfers.log(DEPOSIT.id)] == [
            (None, 2, "custody", "block 7"),
            (2, 2, "custody", "block 8"),
            (2, 3, "custody", "deep enough"),
            (3, 4, "custody", "deep enough"),
        ]

    def test_one_that_its_chain_took_back_blocks_the_account_until_it_is_there_again(self):
        seen = transfers.move(transfers.credit(DEPOSIT), Status.REORGANIZING, "custody", "block gone")
        give(5, BOB)
        assert funds() == (10**18, 0)
        assert accounts.get(ANN).blocked == {DEPOSIT.id}
        with pytest.raises(accounts.Blocked):
            transfers.open_withdrawal(WITHDRAWAL, ANN, "asked")
        with pytest.raises(accounts.Blocked):
            accounts.reserve(ANN, [Order(10**15, ANN, "BTC-CNY", Side.SELL, 10**8, 1, AT, 0, 0)], {"BTC": 1}, AT)
        assert transfers.succeeded("BTC", None, 9).items[0].uid == BOB, "nobody is shown it as succeeded"
        seen = transfers.move(seen, Status.REORGANIZED, "custody", "in block 9")
        assert accounts.get(ANN).blocked
        transfers.move(seen, Status.SUCCEEDED, "custody", "deep enough")
        assert funds() == (10**18, 0), "not credited twice"
        assert accounts.get(ANN).blocked == frozenset()
        transfers.open_withdrawal(WITHDRAWAL, ANN, "asked")

    def test_what_is_gone_for_good_is_taken_but_nobody_gets_below_zero(self):
        give(2)
        seen = transfers.credit(Deposit("deposit:BTC:y:0", ANN, "BTC", 10, AT))
        transfers.open_withdrawal(Withdrawal(ANN, "BTC", 5, 0, AT), ANN, "asked")
        seen = transfers.move(seen, Status.REORGANIZING, "custody", "block gone")
        with pytest.raises(accounts.Short):
            transfers.move(seen, Status.FAILED, "operator", "double spent")
        assert transfers.get(seen.id) == seen
        give(3)
        seen = transfers.move(seen, Status.FAILED, "operator", "double spent")
        assert (seen.credited, funds(), accounts.get(ANN).blocked) == (False, (0, 5), frozenset())

    def test_two_blocks_are_lifted_one_by_one(self):
        first, second = give(1), give(2)
        first = transfers.move(first, Status.REORGANIZING, "custody", "")
        second = transfers.move(second, Status.REORGANIZING, "custody", "")
        transfers.move(first, Status.SUCCEEDED, "custody", "")
        assert accounts.get(ANN).blocked == {second.id}

    def test_rows_from_before_the_log_of_moves_are_deposits_that_were_credited(self):
        transfers.TransferRow(
            "deposit:BTC:old:0", uid=ANN, asset="BTC", amount=7, kind="deposit", status="succeeded", at=AT
        ).save()
        old = transfers.get("deposit:BTC:old:0")
        assert (old.status, old.credited, old.rail, old.txid) == (4, True, Rail.CHAIN, "old")
        assert transfers.move(old, Status.REORGANIZING, "custody", "late").status is Status.REORGANIZING


class TestWithdrawals:
    def test_one_is_held_and_paid(self):
        opened = held(5)
        assert funds() == (2, 3)
        assert transfers.get_withdrawal(opened.number) == opened
        assert (opened.status, opened.fee, opened.address, opened.memo) == (0, 1, "1y", "m")
        seen = transfers.move(opened, Status.ACCEPTED, "auto", "below the limit")
        assert list(transfers.opened(Rail.CHAIN, Kind.WITHDRAWAL, "BTC", Status.ACCEPTED)) == [seen]
        assert list(transfers.opened(Rail.CHAIN, Kind.WITHDRAWAL, "BTC", Status.PENDING)) == []
        seen = transfers.move(seen, Status.CONFIRMING, "custody", "sent", {"txid": "t", "payout": "p"})
        seen = transfers.move(seen, Status.CONFIRMED, "custody", "deep")
        seen = transfers.move(seen, Status.SUCCEEDED, "custody", "deep")
        assert (funds(), seen.txid, seen.payout) == ((2, 0), "t", "p")
        assert seen == transfers.get(seen.id)
        assert seen in transfers.succeeded("BTC", None, 9).items

    @pytest.mark.parametrize("to", [Status.CANCELLED, Status.REJECTED])
    def test_one_that_will_not_be_is_given_back_once(self, to):
        opened = held()
        transfers.move(opened, to, ANN, "")
        assert funds() == (3, 0)
        for again in (Status.CANCELLED, Status.REJECTED, Status.ACCEPTED):
            with pytest.raises(transfers.Moved) as moved:
                transfers.move(opened, again, ANN, "")
            assert moved.value.standing.status is to
        assert funds() == (3, 0)

    def test_more_than_there_is_holds_nothing(self):
        give(2)
        with pytest.raises(accounts.Short):
            transfers.open_withdrawal(WITHDRAWAL, ANN, "asked")
        with pytest.raises(accounts.Short):
            transfers.open_withdrawal(replace(WITHDRAWAL, asset="LTC"), ANN, "asked")
        with pytest.raises(transfers.NoAccount):
            transfers.open_withdrawal(replace(WITHDRAWAL, uid="1000000009"), ANN, "asked")
        assert funds() == (2, 0)
        assert len(list(transfers.scan())) == 1

    def test_a_number_that_is_taken_is_not_used_again(self, monkeypatch):
        numbers = iter([7, 7, 8])
        monkeypatch.setattr(clock, "random_below", lambda _: next(numbers))
        give(9)
        first, second = (transfers.open_withdrawal(WITHDRAWAL, ANN, "") for _ in range(2))
        assert first.number + 1 == second.number
        assert funds() == (3, 6)

    def test_a_move_that_the_table_does_not_have_writes_nothing(self):
        opened = held()
        with pytest.raises(Impossible):
            transfers.move(opened, Status.SUCCEEDED, ANN, "")
        assert transfers.get(opened.id) == opened


class TestSteps:
    """Other stores' rows join the transaction."""

    @staticmethod
    def step(condition=None):
        return lambda transaction: transaction.save(accounts.AccountRow("step"), condition)

    def test_they_are_written_with_it(self):
        give(3)
        opened = transfers.open_withdrawal(WITHDRAWAL, ANN, "", [self.step()])
        assert accounts.get("step") is not None
        accounts.AccountRow("step").delete()
        transfers.move(opened, Status.CANCELLED, ANN, "", steps=[self.step()])
        assert accounts.get("step") is not None

    def test_one_that_does_not_hold_stops_all(self):
        give(3)
        refusing = [self.step(accounts.AccountRow.uid.exists())]
        with pytest.raises(transfers.StepRefused):
            transfers.open_withdrawal(WITHDRAWAL, ANN, "", refusing)
        with pytest.raises(transfers.StepRefused):
            transfers.credit(DEPOSIT, steps=refusing)
        with pytest.raises(transfers.StepRefused):
            transfers.notice_deposit(DEPOSIT, "custody", "", steps=refusing)
        assert (funds(), transfers.get(DEPOSIT.id)) == ((3, 0), None)
        opened = transfers.open_withdrawal(WITHDRAWAL, ANN, "")
        with pytest.raises(transfers.StepRefused):
            transfers.move(opened, Status.CANCELLED, ANN, "", steps=refusing)
        assert transfers.get(opened.id) == opened


class TestFaults:
    """Each AWS call fails before or after it took effect, or is repeated unseen."""

    @staticmethod
    def each(monkeypatch, fault, prepare, act):
        """Yields what was prepared, and what `act` returned, or None for an error that tells nothing."""
        for number in range(20):
            prepared = prepare()
            with injected(monkeypatch, Faults(number, fault)) as faults:
                try:
                    outcome = act(prepared)
                except UNHEARD:
                    outcome = None
            yield prepared, outcome
            if len(faults.seen) <= number:
                assert number
                return
        raise AssertionError("too many calls")

    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    @pytest.mark.parametrize("open_one", ["credit", "notice"])
    def test_opening_a_deposit_again_counts_it_once(self, monkeypatch, fault, open_one):
        def new():
            return replace(DEPOSIT, id=f"deposit:BTC:{clock.token_bytes(8).hex()}:0", amount=1)

        def act(deposit):
            if open_one == "credit":
                return transfers.credit(deposit)
            return transfers.notice_deposit(deposit, "custody", "")

        for expected, (deposit, outcome) in enumerate(self.each(monkeypatch, fault, new, act)):
            standing = transfers.get(deposit.id)
            assert outcome in {None, standing}
            before = expected if open_one == "credit" else 0
            assert funds()[0] == before + (standing is not None and standing.credited), "both or neither"
            again = act(deposit)
            assert (again.number, again.moves, len(transfers.log(deposit.id))) == (
                transfers.number_of(deposit.id, AT), 1, 1
            )  # fmt: skip
            assert funds()[0] == (expected + 1 if open_one == "credit" else 0)

    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_opening_a_withdrawal_holds_what_its_row_says(self, monkeypatch, fault):
        give(1000)

        def act(_):
            return transfers.open_withdrawal(WITHDRAWAL, ANN, "")

        for _, outcome in self.each(monkeypatch, fault, lambda: None, act):
            rows = [one for one in transfers.scan() if one.kind is Kind.WITHDRAWAL]
            assert funds() == (1000 - 3 * len(rows), 3 * len(rows))
            assert outcome is None or outcome in rows

    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    @pytest.mark.parametrize("to", [Status.CANCELLED, Status.REJECTED, Status.ACCEPTED])
    def test_a_move_is_made_once_and_known_to_be_made(self, monkeypatch, fault, to):
        for opened, outcome in self.each(
            monkeypatch, fault, held, lambda opened: transfers.move(opened, to, "operator", "why")
        ):
            standing = transfers.get(opened.id)
            assert outcome in {None, standing}
            if standing == opened:
                standing = transfers.move(opened, to, "operator", "why")
            assert (standing.status, standing.moves, len(transfers.log(opened.id))) == (to, 2, 2)
        count = len([one for one in transfers.scan() if one.kind is Kind.WITHDRAWAL])
        assert funds() == ((0, 3 * count) if to is Status.ACCEPTED else (3 * count, 0))

    @pytest.fixture(params=["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
    def cancelled(self, request, monkeypatch):
        """Have the next transactions cancelled, for what passes."""
        monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
        call = BaseClient._make_api_call

        def cancel(times):
            def cancelling(client, operation, kwargs):
                if operation == "TransactWriteItems" and len(seen) < times:
                    seen.append(operation)
                    raise ClientError(
                        {
                            "Error": {"Code": "TransactionCanceledException", "Message": "x"},
                            "CancellationReasons": [{"Code": "None"}, {"Code": request.param}],
                        },
                        operation,
                    )
                return call(client, operation, kwargs)

            seen = []
            monkeypatch.setattr(BaseClient, "_make_api_call", cancelling)
            return seen

        return cancel

    def test_a_conflict_or_a_throttled_table_is_tried_again(self, cancelled):
        opened = held()
        seen = cancelled(3)
        assert transfers.move(opened, Status.CANCELLED, ANN, "", steps=[_no_more]).status is Status.CANCELLED
        assert (len(seen), funds()) == (3, (3, 0))

    def test_one_that_does_not_pass_is_not_known_and_nobodys_refusal(self, cancelled):
        opened = held()
        cancelled(99)
        with pytest.raises(TransactWriteError):
            transfers.move(opened, Status.CANCELLED, ANN, "", steps=[_no_more])
        assert transfers.get(opened.id) == opened


class TestLists:
    def test_a_persons_transfers_of_a_kind_page_by_page(self):
        for number in range(5):
            transfers.credit(Deposit(f"deposit:BTC:{number}:0", ANN, "BTC", 10, AT + number))
            transfers.credit(Deposit(f"deposit:LTC:{number}:0", ANN, "LTC", 10, AT + number))
        transfers.credit(Deposit("deposit:BTC:b:0", BOB, "BTC", 10, AT))
        withdrawals = [transfers.open_withdrawal(replace(WITHDRAWAL, at=AT + n), ANN, "") for n in range(3)]
        page = transfers.of_person(ANN, Kind.DEPOSIT, "BTC", None, 3)
        assert ([one.txid for one in page.items], page.more) == (["4", "3", "2"], True)
        page = transfers.of_person(ANN, Kind.DEPOSIT, "BTC", page.items[-1].number, 3)
        assert ([one.txid for one in page.items], page.more) == (["1", "0"], False)
        assert len(transfers.of_person(ANN, Kind.DEPOSIT, None, None, 50).items) == 10
        assert transfers.of_person(ANN, Kind.WITHDRAWAL, None, None, 50).items == withdrawals[::-1]
        assert transfers.of_person(ANN, Kind.WITHDRAWAL, "LTC", None, 50).items == []
        numbers = [withdrawals[0].number, 7, withdrawals[2].number, withdrawals[0].number]
        assert transfers.of_person_by_numbers(ANN, Kind.WITHDRAWAL, numbers) == [withdrawals[2], withdrawals[0]]
        assert transfers.of_person_by_numbers(BOB, Kind.WITHDRAWAL, numbers) == []
        assert transfers.of_person_by_numbers(ANN, Kind.DEPOSIT, numbers) == []
        assert transfers.since(ANN, Kind.WITHDRAWAL, "BTC", AT + 1) == withdrawals[1:]

    def test_every_effect_has_its_write(self):
        for effect in Effect:
            if effect is not Effect.NONE:
                actions, condition = accounts.transfer_write(effect, "x", "BTC", 1)
                assert actions
                assert condition is not None
