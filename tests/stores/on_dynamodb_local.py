"""A round of trading on AWS's own DynamoDB Local, run by `test_dynamodb_local.py` in a process of its own.

The real thing where moto only plays it: conditions on sizes of maps, on items that do not exist, updates of nested
paths, transactions, sparse indexes, binary values. Queues are lists here; everything else is the exchange.
"""

import json
import threading
from contextlib import suppress
from decimal import Decimal
from functools import partial

from pynamodb.exceptions import TableError

from chalicelib import clock, settings
from chalicelib.core.identity import Email
from chalicelib.core.orders import Entry, Order, Side, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind
from chalicelib.core.transfers import Status as Transfer
from chalicelib.services import audit, identity, matching, trading, wallet
from chalicelib.services.matching.engine import apply_effects
from chalicelib.stores import accounts, commands, journal, orders, transfers, users
from tests.cloud import tables
from tests.services import world
from tests.stores import identity_on_dynamodb_local, ramp_on_dynamodb_local

MARKET = "GOOC-CNY"
ADDRESS = "17ZFHKXPqoxeHcCTiJ5CZrKLrUJN1TD7Uj"
DOGE = "DCXhmCU3tnNEh5kBEHoMkLfeU1Sw47R2XA"
ANN, BOB, CAROL = "1000000001", "1000000002", "1000000003"
sent = []


def pump():
    while sent:
        bodies, sent[:] = sent[:10], sent[10:]
        matching.run(MARKET, bodies)


def rows():
    return sorted(json.dumps(row.serialize(), default=str) for row in orders.OrderRow.scan(consistent_read=True))


def ask(side, price, amount, **more):
    return trading.OrderRequest(MARKET, side, Decimal(price), Decimal(amount), **more)


def withdraw():
    """Transactions of transfers: held, cancelled, paid, refused, repeated; blocked and freed."""
    users.register(CAROL, Email("c@example.com", "c@example.com"), {}, "en", 0)
    users.UserRow(CAROL).update(actions=[users.UserRow.email_auth.set(False)])
    world.person(CAROL, BTC="20")
    opened = [wallet.submit_withdrawal(CAROL, "BTC", Decimal(n), ADDRESS, identity.Given()) for n in (4, 2, 5)]
    assert [one.status for one in opened] == [1, 0, 0]
    assert wallet.balances(CAROL)["BTC"] == wallet.Balance(9 * 10**8, 0, 11 * 10**8)
    wallet.cancel_withdrawal(CAROL, opened[1].number)
    for seen, to in ((opened[1], Transfer.REJECTED), (opened[2], Transfer.ACCEPTED)):
        try:
            transfers.move(seen, to, "operator", "")
        except transfers.Moved as moved:
            assert moved.standing.status is Transfer.CANCELLED  # noqa: PT017 - a script, not a test
    assert wallet.paid_withdrawal(opened[0].number, "t").status is Transfer.SUCCEEDED
    try:
        transfers.open_withdrawal(transfers.Withdrawal(CAROL, "BTC", 12 * 10**8, 0, clock.now_ms()), CAROL, "")
    except accounts.Short as short:
        assert short.account.available["BTC"] == 11 * 10**8  # noqa: PT017
    else:
        raise AssertionError("more than there is")
    deposit = wallet.credit(CAROL, "LTC", Decimal(3), "t")
    gone = transfers.move(deposit, Transfer.REORGANIZING, "custody", "block gone")
    assert accounts.get(CAROL).blocked == {deposit.id}
    transfers.move(gone, Transfer.FAILED, "operator", "gone for good")
    assert (accounts.get(CAROL).blocked, accounts.get(CAROL).available["LTC"]) == (frozenset(), 0)
    assert [one.number for one in wallet.withdrawals(CAROL, "BTC", None, 2, None).items] == [
        one.number for one in (opened[2], opened[1])
    ]
    assert [one.number for one in wallet.under_way(Kind.WITHDRAWAL, "BTC")] == [opened[2].number]
    assert [move.to for move in transfers.log(opened[0].id)] == [0, 1, 4]
    assert audit.audit(owed_ms=0).violations == []


def together(*calls):
    """Run calls in threads of their own; how many were not refused."""
    won = []

    def run(call):
        with suppress(Refused):
            won.append(call())

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)


def race():
    """At the same moment, really: withdrawals of the same money, and those who want the same withdrawal."""
    world.person(CAROL, DOGE="100")

    def submit(amount):
        return wallet.submit_withdrawal(CAROL, "DOGE", Decimal(amount), DOGE, identity.Given())

    for _ in range(5):
        assert together(*[lambda: submit(60)] * 4) == 1
        (made,) = wallet.under_way(Kind.WITHDRAWAL, "DOGE")
        reject = partial(wallet.reject_withdrawal, made.number, "")
        pay = partial(wallet.paid_withdrawal, made.number, "t")
        assert together(reject, pay, reject, pay) == 1
        held = wallet.balances(CAROL)["DOGE"]
        if transfers.get(made.id).status is Transfer.SUCCEEDED:
            assert (held.available, held.pending) == (40 * 10**8, 0)
            world.person(CAROL, DOGE="60")
        else:
            assert (held.available, held.pending) == (100 * 10**8, 0)
    assert audit.audit(owed_ms=0).violations == []


def main():
    for table in tables():
        # The engine takes its time over the first table, on a busy machine so long that botocore asks twice.
        with suppress(TableError):
            table.create_table(billing_mode="PAY_PER_REQUEST")
        assert table.exists()
    commands._send = lambda _, message: sent.append(json.dumps(message))
    clock.sleep_ms = lambda _: pump()
    for uid, asset in ((ANN, "CNY"), (BOB, "GOOC")):
        accounts.ensure(uid)
        first = wallet.credit(uid, asset, Decimal(10000), "txid")
        assert wallet.credit(uid, asset, Decimal(10000), "txid") == first
    try:
        accounts.reserve("404", [Order(1, "404", MARKET, Side.BUY, 5, 6, 1, 0, 0)], {"CNY": 60}, 1)
    except accounts.Short as short:
        assert short.account is None  # noqa: PT017 - a script, not a test
    else:
        raise AssertionError("nobody has no funds")

    trading.place(BOB, [ask(Side.SELL, 2, 100)] * 5)
    assert [account.uid for account in accounts.waiting(2**60)] == [BOB]
    pump()
    assert not list(accounts.waiting(2**60))
    bought, refused = trading.place(ANN, [ask(Side.BUY, 2, 130, client_order_id="a"), ask(Side.BUY, 1, 100000)])
    assert refused.reason is Reason.INSUFFICIENT_FUNDS
    pump()
    assert trading.place(ANN, [ask(Side.BUY, 2, 130, client_order_id="a")]) == [bought]
    assert wallet.balances(ANN)["GOOC"].available == 12987 * 10**6  # 130 less 0.1 %
    assert len(trading.trades(BOB, MARKET, None, 50, None).items) == 2
    open_ids = [view.order.id for view in trading.orders(BOB, MARKET, None, 50, Status.OPEN, None).items]
    assert sorted(trading.cancel(BOB, open_ids).cancelled) == sorted(open_ids)
    assert audit.audit(owed_ms=0).violations == []

    withdraw()
    ramp_on_dynamodb_local.main()
    identity_on_dynamodb_local.main()
    assert audit.audit(owed_ms=0).violations == []
    before = accounts.get(ANN), accounts.get(BOB), rows()
    for entry in list(journal.since(MARKET, 0)):
        apply_effects(settings.exchange().markets[MARKET], entry)
        journal.append(entry)
    assert before == (accounts.get(ANN), accounts.get(BOB), rows())
    try:
        journal.append(Entry(MARKET, 1, 6, ()))
    except journal.Fenced:
        print("all is as it should be")  # noqa: T201 - what the test looks for


if __name__ == "__main__":
    main()
