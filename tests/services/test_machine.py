"""The exchange as a state machine: whatever people, matchers, the sweeper and a forgetful AWS do, in whatever order, the
invariants hold after every step; and when all is cancelled, nothing is left but what was deposited."""

import contextlib
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pynamodb.exceptions import PynamoDBException

from chalicelib import settings as configuration
from chalicelib.core.identity import Email
from chalicelib.core.orders import Status, TimeInForce
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import FINAL, MOVES, From, Kind
from chalicelib.core.transfers import Status as Ended
from chalicelib.services import identity, matching, operations, trading, wallet
from chalicelib.services.matching import batch, checkpoints, engine
from chalicelib.stores import accounts, journal, transfers, users
from chalicelib.stores.leases import Lease
from tests.cloud import empty
from tests.faults.injection import Faults, after, before, injected, lost, repeated
from tests.services import world
from tests.services.conftest import SMALL

#: What a person may be refused here, and nothing else.
EXPECTED = {Reason.INSUFFICIENT_FUNDS, Reason.MARKET_HALTED, Reason.BELOW_MINIMUM, Reason.ACCOUNT_UNUSABLE}
#: Where withdrawals go.
TARGETS = {
    "BTC": "17ZFHKXPqoxeHcCTiJ5CZrKLrUJN1TD7Uj",
    "LTC": "LNpsrBnWhL7hmzyQgMsGhVJb87NzeE2kWn",
    "GOOC": "somewhere",
}
ASSETS = ("CNY", "BTC", "GOOC", "LTC")

MARKETS = st.sampled_from(SMALL)
PEOPLE = st.integers(0, 3)
DRAFTS = st.lists(
    st.fixed_dictionaries(
        {
            "side": st.sampled_from(["buy", "sell"]),
            "price": st.sampled_from(["1", "1.5", "2", "2", "3"]),
            "amount": st.sampled_from(["0.5", "1", "2", "3.33333333", "7", "1000000"]),
            "tif": st.sampled_from([*TimeInForce, TimeInForce.GTC, TimeInForce.GTC]),
            "post_only": st.sampled_from([False, False, False, True]),
            "client_order_id": st.sampled_from([None, None, None, "a", "b", "c"]),
            "fee": st.sampled_from([None, None, 200_000, 33_333_333]),  # its own, or its market's
        }
    ),
    min_size=1,
    max_size=4,
)


class Exchange(RuleBasedStateMachine):
    """Four people on three markets. `patch` and `watch` come from the test that runs this."""

    patch: pytest.MonkeyPatch
    watch = None

    @initialize()
    def open(self):
        empty()
        world.forget()
        self.patch.setattr(trading, "LEASE", Lease())
        self.people = []
        self.deposited = defaultdict(Decimal)
        self.claimed = {}
        self.accepted = set()
        self.delivered = []
        for _ in range(2):
            self.somebody_registers()
        for number, asset in enumerate(("CNY", "BTC", "GOOC", "LTC", "BTC", "GOOC")):
            self.funds_arrive(number % 2, asset, "50", str(number))

    # --- people

    @precondition(lambda self: len(self.people) < 4)
    @rule()
    def somebody_registers(self):
        uid = f"{1_000_000_001 + len(self.people)}"
        users.register(uid, Email(f"{uid}@example.com", f"{uid}@example.com"), {}, "en", 0)
        users.UserRow(uid).update(actions=[users.UserRow.email_auth.set(False)])
        self.people.append(world.person(uid))

    def person(self, number):
        return self.people[number % len(self.people)]

    @rule(
        who=PEOPLE,
        asset=st.sampled_from(ASSETS),
        amount=st.sampled_from(["50", "0.00001"]),
        txid=st.sampled_from("abcdefgh"),
    )
    def funds_arrive(self, who, asset, amount, txid):
        """A transaction is credited once, to whoever came with it first."""
        try:
            deposit = wallet.credit(self.person(who), asset, Decimal(amount), txid)
        except Refused as refused:
            self.only_because(refused, Reason.PARAMETER_INVALID)
            assert deposit_id(asset, txid) in self.deposited
        else:
            self.deposited[deposit.id] = Decimal(amount)

    # --- transfers

    @rule(
        who=PEOPLE,
        asset=st.sampled_from(sorted(TARGETS)),
        amount=st.sampled_from(["0.001", "0.5", "3", "20", "1000"]),
        number=st.none() | st.integers(0, 8),
        fault=st.sampled_from([before, after, repeated]),
    )
    def somebody_withdraws(self, who, asset, amount, number, fault):
        with injected(self.patch, Faults(number, fault)):
            try:
                wallet.submit_withdrawal(self.person(who), asset, Decimal(amount), TARGETS[asset], identity.Given())
            except Refused as refused:
                self.only_because(refused, Reason.INSUFFICIENT_FUNDS, Reason.BELOW_MINIMUM, Reason.ACCOUNT_UNUSABLE)
            except (type(lost()), PynamoDBException):
                pass  # not known

    @rule(
        pick=st.integers(0, 30),
        verb=st.sampled_from(["cancel", "approve", "reject", "paid", "paid"]),
        number=st.none() | st.integers(0, 5),
        fault=st.sampled_from([before, after, repeated]),
    )
    def somebody_decides_on_a_withdrawal(self, pick, verb, number, fault):
        found = self.transfers(Kind.WITHDRAWAL)
        if not found:
            return
        chosen = found[pick % len(found)]
        verbs = {
            "cancel": lambda: wallet.cancel_withdrawal(chosen.uid, chosen.number),
            "approve": lambda: wallet.approve_withdrawal(chosen.number),
            "reject": lambda: wallet.reject_withdrawal(chosen.number, "no"),
            "paid": lambda: wallet.paid_withdrawal(chosen.number, "t"),
        }
        with injected(self.patch, Faults(number, fault)):
            try:
                verbs[verb]()
            except Refused as refused:
                self.only_because(
                    refused, Reason.PARAMETER_INVALID, Reason.TRANSFER_NOT_CANCELLABLE, Reason.ACCOUNT_UNUSABLE
                )
            except (type(lost()), PynamoDBException):
                pass  # not known

    @rule(who=PEOPLE, txid=st.sampled_from("ijkl"))
    def a_chain_shows_a_deposit(self, who, txid):
        deposit = transfers.Deposit(deposit_id("LTC", txid), self.person(who), "LTC", 10**8, self.watch())
        transfers.notice_deposit(deposit, "custody", "seen")

    @rule(pick=st.integers(0, 30), choice=st.integers(0, 30))
    def a_chain_goes_on_or_back(self, pick, choice):
        """Any move that the table has, of any deposit: confirmations, re-organisations, before and after it was credited."""
        found = self.transfers(Kind.DEPOSIT)
        chosen = found[pick % len(found)]
        moves = sorted(MOVES.get(From(chosen.kind, chosen.rail, chosen.status, chosen.credited), {}))
        if moves:
            with contextlib.suppress(accounts.Short):  # what is to be taken back is spent
                transfers.move(chosen, moves[choice % len(moves)], "custody", "the chain")

    @staticmethod
    def transfers(kind):
        return sorted((one for one in transfers.scan() if one.kind is kind), key=lambda one: one.id)

    # --- trading

    @rule(who=PEOPLE, market=MARKETS, second=MARKETS, drafts=DRAFTS, sent=st.sampled_from([True, True, True, False]))
    def somebody_places_orders(self, who, market, second, drafts, sent):
        uid = self.person(who)
        requests = [world.request((market, second)[index // 2], **draft) for index, draft in enumerate(drafts)]
        with self.patch.context() as patch:
            if not sent:  # the messages are lost; only the sweeper can find these orders
                patch.setattr(trading, "_send", lambda accepted: None)
            results = trading.place(uid, requests)
        for draft, result in zip(drafts, results, strict=True):
            name = draft["client_order_id"]
            if isinstance(result, Refused):
                self.only_because(result, *EXPECTED)
                assert (uid, name) not in self.claimed, "a client order id stands for its order, whatever comes"
                continue
            self.accepted.add((uid, result))
            if name is not None:
                assert self.claimed.setdefault((uid, name), result) == result

    @rule(who=PEOPLE, whose=PEOPLE, pick=st.integers(0, 30), unknown=st.booleans())
    def somebody_cancels(self, who, whose, pick, unknown):
        uid = self.person(who)
        theirs = sorted(order_id for owner, order_id in self.accepted if owner == self.person(whose))
        wanted = theirs[pick % len(theirs) :][:3] if theirs else []
        found = trading.cancel(uid, [*wanted, *([pick, 10**15 + pick] if unknown else [])])
        assert not unknown or {pick, 10**15 + pick} <= set(found.failed)
        if self.person(whose) != uid:
            assert not found.cancelled
            assert set(wanted) <= set(found.failed)

    # --- the machinery

    @rule(market=MARKETS)
    def a_matcher_works_off_its_queue(self, market):
        world.pump(market)

    @rule(market=MARKETS, count=st.integers(1, 3), times=st.sampled_from([1, 2]), cold=st.booleans())
    def a_matcher_gets_some_messages(self, market, count, times, cold):
        messages = world.receive(market)[:count]
        bodies = [message["Body"] for message in messages]
        self.delivered.append((market, bodies))
        for _ in range(times):
            matching.run(market, bodies)
            if cold:
                batch.forget(market)
        world.delete(market, messages)

    @precondition(lambda self: self.delivered)
    @rule(pick=st.integers(0, 30))
    def old_messages_come_once_more(self, pick):
        matching.run(*self.delivered[pick % len(self.delivered)])

    @rule(market=MARKETS, number=st.integers(0, 12), fault=st.sampled_from([before, after, repeated]))
    def a_matchers_call_fails_and_the_batch_comes_back(self, market, number, fault):
        messages = world.receive(market)
        bodies = [message["Body"] for message in messages]
        with injected(self.patch, Faults(number, fault)):
            try:
                matching.run(market, bodies)
            except (type(lost()), PynamoDBException):
                batch.forget(market)
        matching.run(market, bodies)
        world.delete(market, messages)

    @rule()
    def containers_come_and_go(self):
        world.forget()
        self.patch.setattr(trading, "LEASE", Lease())

    @rule()
    def checkpoints_are_written(self):
        matching.checkpoint()

    @rule(wait=st.sampled_from([31_000, 400_000]))
    def the_sweeper_comes_by(self, wait):
        self.watch.wind(wait)
        matching.sweep()

    @rule(market=MARKETS, verb=st.sampled_from(["halt", "resume", "resume"]))
    def an_operator_halts_or_resumes(self, market, verb):
        operations.run({"verb": verb, "market": market})

    # --- what must hold

    @staticmethod
    def only_because(refused, *reasons):
        assert refused.reason in reasons

    @invariant()
    def the_books_balance(self):
        world.check()

    def teardown(self):
        for market in SMALL:
            operations.run({"verb": "resume", "market": market})
        self.watch.wind(31_000)
        matching.sweep()
        world.pump(*SMALL)
        for uid in self.people:
            found = [view for view in trading.orders(uid, None, None, 1000, None, None).items if view.ending is None]
            trading.cancel(uid, [view.order.id for view in found])
        world.pump(*SMALL)
        world.check()
        assert matching.sweep() == {"resent": 0, "ghosts": 0}
        self.nothing_is_withdrawn_any_more()
        world.check()
        held = defaultdict(int)
        for account in accounts.scan():
            assert not account.intents
            assert not any(account.pending.values())
            assert account.waiting_since is None
            assert not any(account.frozen.values())
            for asset, amount in account.available.items():
                held[asset] += amount
        assert {asset: amount for asset, amount in held.items() if amount} == self.transferred()
        for uid, order_id in self.accepted:
            assert world.order(uid, order_id).status in {Status.FILLED, Status.CANCELLED}
        for market in configuration.exchange().markets.values():
            cold = engine.load(market)
            assert len(cold.state.book) == 0
            assert cold.state.seq == sum(1 for _ in journal.since(market.id, 0))

    def nothing_is_withdrawn_any_more(self):
        for one in self.transfers(Kind.WITHDRAWAL):
            if one.status not in FINAL:
                wallet.reject_withdrawal(one.number, "the end")

    def transferred(self):
        """asset → what was deposited and not withdrawn."""
        expected = defaultdict(int)
        for one in transfers.scan():
            if one.credited:
                expected[one.asset] += one.amount
            if (one.kind, one.status) == (Kind.WITHDRAWAL, Ended.SUCCEEDED):
                expected[one.asset] -= one.amount
        for transfer, amount in self.deposited.items():
            assert transfers.get(transfer).amount == int(amount * 10**8)
        return {asset: amount for asset, amount in expected.items() if amount}


def deposit_id(asset, txid):
    return f"deposit:{asset}:{txid}:0"


def test_whatever_happens_the_books_balance(small, watch, monkeypatch):
    monkeypatch.setattr(checkpoints, "ENTRIES_MIN", 1)
    monkeypatch.setattr(trading, "HALTED_FRESH_MS", -1)
    monkeypatch.setattr(Exchange, "patch", monkeypatch, raising=False)
    monkeypatch.setattr(Exchange, "watch", watch)
    run_state_machine_as_test(
        Exchange,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # each step costs AWS calls: shrinking a failure would take minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
