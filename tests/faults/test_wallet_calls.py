"""Every AWS call of withdrawals, and of what operators decide, fails once, before or after it took effect, or is repeated
unseen; and at every call of one of two that want the same transfer or the same money the other one comes between.

What was answered is so; what was not is wholly done or not at all, and the books balance.
"""

import itertools
import threading
from decimal import Decimal

import pytest

from chalicelib import clock
from chalicelib.core.identity import Channel, Email, Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind, Status
from chalicelib.services import identity, wallet
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import Given, SentCode
from chalicelib.stores import allowances, codes, transfers, users
from chalicelib.stores.transfers import Transfer
from tests.faults.injection import FAULTS, Faults, injected
from tests.faults.test_identity_calls import each_call
from tests.services import world

BTC = "17ZFHKXPqoxeHcCTiJ5CZrKLrUJN1TD7Uj"
CODE = "123456"
GIVEN_BACK = {Status.CANCELLED, Status.REJECTED}

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture(autouse=True)
def _world(cloud, monkeypatch):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)
    monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
    world.forget()
    yield
    assert world.violations() == []


def person(btc="10", *, mails=False):
    uid = users.next_uid()
    users.register(uid, Email(f"{uid}@example.com", f"{uid}@example.com"), {}, "en", 0)
    users.UserRow(uid).update(actions=[users.UserRow.email_auth.set(mails)])
    return world.person(uid, BTC=btc)


def mailed(uid):
    """A code as if it had been mailed."""
    receiver = Receiver(Channel.MAIL, users.get(uid).email, uid)
    code_id = identity.codes._new_id()
    mac = identity.codes._mac(code_id, Purpose.VERIFICATION, receiver, CODE)
    codes.keep_code(code_id, uid, mac, clock.now_ms() + 600_000)
    return SentCode(code_id, CODE)


def submit(uid, amount="6", given=None):
    return wallet.submit_withdrawal(uid, "BTC", Decimal(amount), BTC, given or Given())


def of(uid):
    return [one for one in transfers.scan() if one.uid == uid and one.kind is Kind.WITHDRAWAL]


def funds(uid):
    """(available, pending) in whole units."""
    found = wallet.balances(uid).get("BTC", wallet.Balance(0, 0, 0))
    return found.available / 10**8, found.pending / 10**8


@fault
@pytest.mark.parametrize("amount", ["1", "6"])
def test_submit(monkeypatch, fault, amount):
    def prepare(_number):
        uid = person(mails=True)
        return uid, mailed(uid)

    for (uid, code), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: submit(ready[0], amount, Given(ready[1]))
    ):
        found = of(uid)
        assert not isinstance(outcome, Refused)
        assert len(found) <= 1
        assert (codes.CodeRow.get(f"code:{code.id}").used_by is not None) == bool(found), "the code goes with it"
        assert funds(uid) == ((10 - int(amount), int(amount)) if found else (10, 0))
        if isinstance(outcome, Transfer):
            assert found[0].id == outcome.id
            assert found[0].status in {Status.PENDING, Status.ACCEPTED}
        spent = allowances.get(uid, "BTC").spent
        assert bool(spent) == (bool(found) and found[0].status is Status.ACCEPTED), "counted with its approval"


def moved(monkeypatch, fault, verb, to, money, prepare=None):
    """A verb on a withdrawal: asked for again until it is answered, it has happened once."""
    ready = prepare or (lambda _number: submit(person()))
    for opened, outcome in each_call(monkeypatch, fault, ready, verb):
        assert not isinstance(outcome, Refused), "nobody else wanted anything: not known, or done"
        if not isinstance(outcome, Transfer):
            try:
                verb(opened)
            except Refused:  # it had been done
                assert transfers.get(opened.id).status is to
        standing = transfers.get(opened.id)
        assert standing.status is to
        assert funds(opened.uid) == money
        statuses = [line.to for line in transfers.log(opened.id)]
        assert statuses.count(to) == 1
        assert len(statuses) == standing.moves


@fault
def test_cancel(monkeypatch, fault):
    moved(
        monkeypatch,
        fault,
        lambda opened: wallet.cancel_withdrawal(opened.uid, opened.number),
        Status.CANCELLED,
        (10, 0),
    )


@fault
def test_approve(monkeypatch, fault):
    moved(monkeypatch, fault, lambda opened: wallet.approve_withdrawal(opened.number), Status.ACCEPTED, (4, 6))


@fault
def test_reject(monkeypatch, fault):
    moved(monkeypatch, fault, lambda opened: wallet.reject_withdrawal(opened.number, "no"), Status.REJECTED, (10, 0))


@fault
def test_paid(monkeypatch, fault):
    moved(
        monkeypatch,
        fault,
        lambda opened: wallet.paid_withdrawal(opened.number, "t"),
        Status.SUCCEEDED,
        (4, 0),
        lambda _number: wallet.approve_withdrawal(submit(person()).number),
    )


def noticed(_number):
    key = f"deposit:BTC:{clock.token_bytes(8).hex()}:0"
    return transfers.notice_deposit(
        transfers.Deposit(key, person("1"), "BTC", 10**8, clock.now_ms()), "custody", "seen"
    )


@fault
@pytest.mark.parametrize(("approve", "money"), [(True, (2, 0)), (False, (1, 0))])
def test_deposits_that_operators_decide_on(monkeypatch, fault, approve, money):
    def verb(deposit):
        return wallet.approve_deposit(deposit.number) if approve else wallet.reject_deposit(deposit.number, "no")

    to = Status.SUCCEEDED if approve else Status.REJECTED
    moved(monkeypatch, fault, verb, to, money, noticed)


@fault
def test_credit(monkeypatch, fault):
    def prepare(number):
        return person("1"), f"tx{number}"

    for (uid, txid), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: wallet.credit(ready[0], "BTC", Decimal(1), ready[1])
    ):
        assert not isinstance(outcome, Refused)
        if not isinstance(outcome, Transfer):
            wallet.credit(uid, "BTC", Decimal(1), txid)
        assert funds(uid) == (2, 0)


def each_moment(monkeypatch, prepare, first, second):
    """At the first AWS call of `first`, then its second, …, `second` comes between. Yields what was prepared and what both
    returned or raised."""

    def outcome_of(call, ready):
        try:
            return call(ready)
        except Refused as refused:
            return refused

    for number in itertools.count():
        ready = prepare(number)
        others = []

        def between(call, ready=ready, others=others):
            others.append(outcome_of(second, ready))
            return call()

        with injected(monkeypatch, Faults(number, between)) as faults:
            one = outcome_of(first, ready)
        if len(faults.seen) <= number:
            assert number > 1
            return
        yield ready, one, others[0]


def cancelling(opened):
    return wallet.cancel_withdrawal(opened.uid, opened.number)


def approving(opened):
    return wallet.approve_withdrawal(opened.number)


def rejecting(opened):
    return wallet.reject_withdrawal(opened.number, "no")


@pytest.mark.parametrize(
    ("first", "second"),
    [(cancelling, approving), (approving, cancelling), (cancelling, rejecting), (approving, rejecting)],
)
def test_of_two_who_move_a_withdrawal_at_once_one_wins_and_money_is_counted_once(monkeypatch, first, second):
    for opened, one, other in each_moment(monkeypatch, lambda _: submit(person()), first, second):
        won = [outcome for outcome in (one, other) if isinstance(outcome, Transfer)]
        standing = transfers.get(opened.id)
        if (first, second) == (approving, rejecting) and len(won) == 2:
            assert standing.status is Status.REJECTED, "what was approved can still be refused until custody has begun"
        else:
            assert len(won) == 1
            assert standing == won[0]
        assert funds(opened.uid) == ((10, 0) if standing.status in GIVEN_BACK else (4, 6))


def test_two_submits_for_the_same_money_at_every_moment_of_each_other(monkeypatch):
    for uid, one, other in each_moment(monkeypatch, lambda _: person(), submit, submit):
        won = [outcome for outcome in (one, other) if isinstance(outcome, Transfer)]
        lost = [outcome for outcome in (one, other) if isinstance(outcome, Refused)]
        assert (len(won), [refused.reason for refused in lost]) == (1, [Reason.INSUFFICIENT_FUNDS])
        assert funds(uid) == (4, 6)


def together(*calls):
    """Run calls in threads of their own, begun at the same moment; what they returned or raised."""
    start, outcomes = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place, call):
        start.wait()
        try:
            outcomes[place] = call()
        except Refused as refused:
            outcomes[place] = refused

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_threads_that_cancel_approve_and_reject(monkeypatch):
    for _ in range(8):
        opened = submit(person())
        outcomes = together(
            lambda opened=opened: cancelling(opened),
            lambda opened=opened: cancelling(opened),
            lambda opened=opened: approving(opened),
        )
        assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 1
        standing = transfers.get(opened.id)
        assert funds(opened.uid) == ((10, 0) if standing.status in GIVEN_BACK else (4, 6))


def test_threads_that_withdraw_the_same_money_and_codes():
    for _ in range(5):
        uid = person("10", mails=True)
        code = mailed(uid)
        outcomes = together(*[lambda uid=uid, code=code: submit(uid, "2", Given(code))] * 4)
        assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 1
        assert funds(uid) == (8, 2)


def test_a_deposit_noticed_by_two_at_once_is_one():
    uid = person("1")
    deposit = transfers.Deposit("deposit:BTC:t:0", uid, "BTC", 10**8, clock.now_ms())
    found = together(*[lambda: transfers.notice_deposit(deposit, "custody", "seen")] * 3)
    assert len({one.id for one in found}) == 1
    assert len(transfers.log(deposit.id)) == 1
    outcomes = together(*[lambda: wallet.approve_deposit(found[0].number)] * 3)
    assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 1
    assert funds(uid) == (2, 0)
