"""A round of trading on AWS's own DynamoDB Local, run by `test_dynamodb_local.py` in a process of its own.

The real thing where moto only plays it: conditions on sizes of maps, on items that do not exist, updates of nested
paths, transactions, sparse indexes, binary values. Queues are lists here; everything else is the exchange.
"""

import json
from decimal import Decimal

from chalicelib import clock, settings
from chalicelib.core.orders import Entry, Order, Side, Status
from chalicelib.core.reasons import Reason
from chalicelib.services import audit, matching, trading, wallet
from chalicelib.services.matching.engine import apply_effects
from chalicelib.stores import accounts, commands, journal, orders
from tests.cloud import tables

MARKET = "GOOC-CNY"
ANN, BOB = "1000000001", "1000000002"
sent = []


def pump():
    while sent:
        bodies, sent[:] = sent[:10], sent[10:]
        matching.run(MARKET, bodies)


def rows():
    return sorted(json.dumps(row.serialize(), default=str) for row in orders.OrderRow.scan(consistent_read=True))


def ask(side, price, amount, **more):
    return trading.OrderRequest(MARKET, side, Decimal(price), Decimal(amount), **more)


def main():
    for table in tables():
        table.create_table(billing_mode="PAY_PER_REQUEST")
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
