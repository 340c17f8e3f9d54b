"""The audit finds each kind of wrong, by the number of the invariant it breaks, and nothing in a sound exchange."""

from dataclasses import replace

import pytest

from chalicelib.core import ledger
from chalicelib.core.orders import MarketResumed, OrderCancelled, OrderFilled, OrderPlaced, Side
from chalicelib.services import audit, matching, operations
from chalicelib.services.matching import batch
from chalicelib.stores import accounts, journal, transfers
from chalicelib.stores.accounts import AccountRow
from chalicelib.stores.journal import JournalRow
from chalicelib.stores.orders import OrderRow
from chalicelib.stores.trades import TradeRow
from chalicelib.stores.transfers import TransferRow
from tests.faults.injection import injected
from tests.services import world

MARKET = "GOOC-CNY"
ANN, BOB = "1000000001", "1000000002"


@pytest.fixture(autouse=True)
def sold(small, monkeypatch):
    """Bob offers twice at 2 and once at 3; Ann takes the first offer and a part of the second, and cancels a bid of hers.

    Entry 1 holds the offers, entry 2 Ann's orders, entry 3 the cancel; one order of Ann's is still on its way.
    """
    world.forget()
    world.person(ANN, CNY="1000")
    world.person(BOB, GOOC="1000")
    sells = [world.place(BOB, MARKET, "sell", price, amount) for price, amount in ((2, 10), (2, 20), (3, 5))]
    world.pump(MARKET)
    buys = [world.place(ANN, MARKET, "buy", price, amount) for price, amount in ((2, 15), (1, 7))]
    world.pump(MARKET)
    matching.run(MARKET, [f'{{"cancel": [[{buys[1]}, "{ANN}"]]}}'])
    buys.append(world.place(ANN, MARKET, "buy", 1, 1))
    world.check()
    monkeypatch.setattr(audit, "READINGS", 1)  # nothing moves: the first reading says it all
    return sells, buys


def numbers():
    """The invariants that the audit says are broken."""
    return {violation[:2] for violation in world.violations()}


def change(uid, balances, asset, delta):
    old = accounts.get(uid)
    values = {"available": old.available, "frozen": old.frozen, "pending": old.pending}[balances.attr_name]
    AccountRow(uid).update(actions=[balances[asset].set(values.get(asset, 0) + delta)])


def entries():
    return list(journal.since(MARKET, 0))


def rewrite(entry):
    JournalRow(entry.market, entry.seq, at=entry.at, events=journal.encode(entry.events)).save()


def forge(seq, kind, **values):
    """Change the first event of a kind in an entry. The sides of a fill that its order tells are not stored twice."""
    entry = entries()[seq - 1]
    index = next(index for index, event in enumerate(entry.events) if isinstance(event, kind))
    event = replace(entry.events[index], **values)
    rewrite(replace(entry, events=(*entry.events[:index], event, *entry.events[index + 1 :])))


def test_a_sound_exchange_has_no_violations_and_all_of_it_was_checked():
    findings = audit.audit()
    assert findings.violations == []
    # Ann, Bob and the market's house; two deposits.
    assert dict(findings.checked) == {
        "accounts": 3, "entries": 3, "orders": 5, "trades": 2, "fills": 2, "cancels": 1, "deposits": 2,
    }  # fmt: skip


@pytest.mark.parametrize("number", [1, 2])
def test_an_audit_by_small_parts_and_windows_finds_the_same(number, monkeypatch):
    from chalicelib.services.audit import balances, records

    whole = audit.audit()
    monkeypatch.setattr(balances, "ACCOUNTS_AT_ONCE", number)
    monkeypatch.setattr(records, "WINDOW", number)
    by_parts = audit.audit()
    assert by_parts.violations == []
    assert dict(by_parts.checked) == dict(whole.checked)
    change(ANN, AccountRow.available, "CNY", 1)
    change(f"house-{MARKET}", AccountRow.frozen, "CNY", 1)
    AccountRow(BOB).delete()
    assert numbers() == {"1:", "2:", "5:"}


def test_an_account_whose_intents_the_sweeper_cannot_find():
    AccountRow(ANN).update(actions=[AccountRow.waiting_shard.remove(), AccountRow.waiting_since.remove()])
    assert world.violations() == [f"2: {ANN} has intents that the sweeper cannot find"]


def test_a_scheduled_audit_alarms_for_what_it_finds(monkeypatch):
    from chalicelib import telemetry

    counted = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1, **_: counted.append((name, value)))
    audit.watch()
    change(ANN, AccountRow.available, "CNY", 1)
    audit.watch()
    assert counted == [("AuditViolations", 0), ("AuditViolations", 1)]


def test_an_empty_exchange_has_no_violations(cloud):
    assert audit.audit().violations == []


# --- 1: nothing is made or lost


@pytest.mark.parametrize("delta", [1, -1])
@pytest.mark.parametrize("asset", ["CNY", "GOOC", "BTC", "NOSUCH"])
def test_money_that_nobody_deposited_or_that_is_gone(asset, delta):
    change(ANN, AccountRow.available, asset, delta)
    assert "1:" in numbers()


def test_money_of_a_house():
    change(f"house-{MARKET}", AccountRow.available, "CNY", 1)
    assert numbers() == {"1:"}


def test_money_that_a_withdrawal_holds_without_having_taken_it():
    change(ANN, AccountRow.pending, "CNY", 1)
    assert numbers() == {"1:", "2:"}


def test_money_held_by_no_withdrawal():
    change(ANN, AccountRow.pending, "CNY", 1)
    change(ANN, AccountRow.available, "CNY", -1)
    assert numbers() == {"2:"}


def test_a_deposit_that_was_credited_twice():
    (deposit,) = [deposit for deposit in transfers.scan() if deposit.uid == ANN]
    change(ANN, AccountRow.available, "CNY", deposit.amount)
    assert numbers() == {"1:"}


def test_a_deposit_that_is_forgotten():
    (deposit,) = [deposit for deposit in transfers.scan() if deposit.uid == ANN]
    TransferRow(deposit.id).delete()
    assert numbers() == {"1:"}


def test_a_deposit_to_an_account_that_does_not_exist():
    TransferRow("deposit:BTC:x:0", uid="5", asset="BTC", amount=1, kind="deposit", status="succeeded", at=0).save()
    assert world.violations() == ["1: deposit:BTC:x:0 is of 5, who has no account"]


# --- 2: what is frozen is what is held


@pytest.mark.parametrize("delta", [1, -1])
def test_money_that_is_frozen_for_nothing_or_free_though_it_is_held(delta):
    change(BOB, AccountRow.frozen, "GOOC", delta)
    change(BOB, AccountRow.available, "GOOC", -delta)
    assert numbers() == {"2:"}


def test_an_intent_that_holds_nothing(sold):
    account = accounts.get(ANN)
    (order,) = account.intents.values()
    change(ANN, AccountRow.frozen, "CNY", -order.hold)
    change(ANN, AccountRow.available, "CNY", order.hold)
    assert numbers() == {"2:"}


def test_an_intent_that_is_lost_with_its_funds_still_held(sold):
    _, buys = sold
    AccountRow(ANN).update(actions=[AccountRow.intents[str(buys[-1])].remove()])
    assert numbers() == {"2:"}


@pytest.mark.parametrize("balances", [AccountRow.available, AccountRow.frozen, AccountRow.pending])
def test_a_negative_balance(balances):
    change(ANN, balances, "BTC", -1)
    change(ANN, AccountRow.pending if balances is not AccountRow.pending else AccountRow.available, "BTC", 1)
    assert f"2: {ANN} has a negative BTC" in "\n".join(world.violations())


# --- 3: journal, orders and trades tell the same


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_an_entry_that_is_missing(seq):
    JournalRow(MARKET, seq).delete()
    assert "3:" in numbers()


def test_an_order_without_a_row(sold):
    for order_id, uid in ((sold[0][2], BOB), (sold[1][0], ANN)):
        row = OrderRow.get(uid, order_id)
        row.delete()
        assert world.violations() == [f"3: order {order_id} of {uid} has no row"]
        row.save()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filled", 1),
        ("amount", 1),
        ("price", 1),
        ("side", "buy"),
        ("ending", "dust"),
        ("created", 1),
        ("maker_fee", 1),
        ("tif", "IOC"),
        ("post_only", True),
        ("client_order_id", "x"),
        ("seq", 3),
        ("seq", 1),
    ],
)
def test_an_order_that_differs(sold, name, value):
    OrderRow(BOB, sold[0][1]).update(actions=[getattr(OrderRow, name).set(value)])
    assert numbers() == {"3:"}


def test_an_order_that_no_journal_has(sold):
    row = OrderRow.get(BOB, sold[0][0])
    row.id += 1
    row.save()
    assert world.violations() == ["3: 1 orders stand in no journal"]


@pytest.mark.parametrize("name", ["price", "amount", "quote", "at", "taker_id", "maker_id", "taker_uid", "taker_side"])
def test_a_trade_that_differs(name):
    row = next(iter(TradeRow.query(MARKET)))
    row.update(actions=[getattr(TradeRow, name).set({"taker_uid": "7", "taker_side": "sell"}.get(name, 7))])
    assert world.violations() == [f"3: trade {row.id} differs from its journal, or has no row"]


def test_a_trade_without_a_row_and_one_that_no_journal_has():
    row = next(iter(TradeRow.query(MARKET)))
    row.delete()
    assert world.violations() == [f"3: trade {row.id} differs from its journal, or has no row"]
    row.save()
    row.id += 500
    row.save()
    assert world.violations() == [f"3: 1 trades of {MARKET} stand in no journal"]


# --- 4: an order ends once, is not overfilled, and waits its turn


def test_a_fill_out_of_turn(sold):
    """The fill says that the second offer was met before the first, which has waited longer."""
    first, second, _ = sold[0]
    assert [event.maker_id for event in entries()[1].events if isinstance(event, OrderFilled)] == [first, second]
    forge(2, OrderFilled, maker_id=second)
    assert "4:" in numbers()


def test_a_fill_at_a_worse_price(sold):
    forge(2, OrderFilled, maker_id=sold[0][2], price=3 * 10**8, quote=30 * 10**8)
    assert "4:" in numbers()


@pytest.mark.parametrize("name", ["quote", "amount", "buyer_fee", "seller_fee", "maker_filled"])
@pytest.mark.parametrize("delta", [1, -1])
def test_a_fill_with_a_wrong_figure(name, delta):
    fill = next(event for event in entries()[1].events if isinstance(event, OrderFilled))
    forge(2, OrderFilled, **{name: getattr(fill, name) + delta})
    assert "4:" in numbers()


def test_an_order_that_ends_twice(sold):
    cancelled = entries()[2].events[0]
    assert isinstance(cancelled, OrderCancelled)
    rewrite(replace(entries()[2], seq=4))
    assert {"3:", "4:"} <= numbers()


def test_an_order_that_is_placed_twice():
    (placed, *_) = entries()[0].events
    assert isinstance(placed, OrderPlaced)
    rewrite(replace(entries()[2], seq=4, events=(placed,)))
    assert {"3:", "4:"} <= numbers()


def test_an_order_that_was_smuggled_into_the_journal():
    forge(1, OrderPlaced, order=replace(entries()[0].events[0].order, uid="1000000009", side=Side.BUY))
    assert {"3:", "5:"} <= numbers()


def test_a_market_that_resumes_without_a_halt():
    rewrite(replace(entries()[2], seq=4, events=(MarketResumed(),)))
    assert numbers() == {"3:"}


# --- 5: settled once on each side


@pytest.mark.parametrize("uid", [ANN, BOB, f"house-{MARKET}"])
def test_an_account_that_is_behind_its_market(uid):
    """Whatever it was given for the entries that it does not count as settled, it would be given again."""
    AccountRow(uid).update(actions=[AccountRow.applied[MARKET].set(1)])
    assert {"1:", "5:"} <= numbers()


def test_an_account_that_would_refuse_to_be_settled_for_what_is_to_come():
    AccountRow(BOB).update(actions=[AccountRow.applied[MARKET].set(99)])
    assert world.violations() == [f"5: {BOB} is settled for {MARKET} to 99 of 2"]


def test_an_account_that_is_gone():
    AccountRow(BOB).delete()
    assert {"1:", "5:"} <= numbers()


def test_an_entry_that_was_settled_twice_on_one_side():
    """What the watermark prevents."""
    settled = ledger.settlements(batch._engines[MARKET].market, entries()[1])
    AccountRow(BOB).update(actions=[AccountRow.applied[MARKET].remove()])
    accounts.settle(BOB, MARKET, 2, settled[BOB])
    assert {"1:", "2:"} <= numbers()


# --- while the exchange is at work


LATE = ("has no row", "is behind", "is settled for")


def test_what_is_merely_not_yet_applied_is_late_but_not_wrong_and_is_nothing_when_the_market_rests(sold, monkeypatch):
    """An audit at each AWS call of a batch. At rest its readings are one like the other; at work it may find lateness."""
    world.place(BOB, MARKET, "sell", 1, 30)
    world.place(ANN, MARKET, "buy", 1, 5)
    bodies = [message["Body"] for message in world.receive(MARKET)]
    late = []

    def audited(call, client, operation, kwargs):
        if not busy:
            busy.append(operation)
            for violation in audit.audit(owed_ms=0).violations:
                late.append(violation)
                assert any(word in violation for word in LATE), violation
            busy.clear()
        return call(client, operation, kwargs)

    busy = []
    monkeypatch.setattr("chalicelib.stores.aws.in_parallel", lambda call, items: [call(item) for item in items])
    with injected(monkeypatch, audited):
        matching.run(MARKET, bodies)
    assert late, "between commit and effects there is something to be late with"
    world.check()


def test_what_a_second_reading_finds_in_order_was_no_violation(monkeypatch):
    world.place(BOB, MARKET, "sell", 1, 30)
    bodies = [message["Body"] for message in world.receive(MARKET)]
    effects = batch.apply_effects
    found = []
    monkeypatch.setattr(audit, "READINGS", 3)

    def audited_meanwhile(market, entry):
        read_once = audit._read_once

        def catching_up(owed_ms):
            found.append(read_once(owed_ms))
            effects(market, entry)
            return found[-1]

        monkeypatch.setattr(audit, "_read_once", catching_up)
        assert audit.audit(owed_ms=0).violations == []
        monkeypatch.setattr(audit, "_read_once", read_once)

    monkeypatch.setattr(batch, "apply_effects", audited_meanwhile)
    matching.run(MARKET, bodies)
    assert [bool(findings.violations) for findings in found] == [True, False]


def test_a_matcher_that_died_after_its_commit_is_made_good_by_the_next(monkeypatch):
    def dying(market, entry):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(batch, "apply_effects", dying)
        with pytest.raises(SystemExit):
            world.pump(MARKET)
    assert numbers() == {"3:", "5:"}
    world.forget()
    world.pump(MARKET)
    world.check()


def test_what_a_dead_matcher_still_owes_is_counted_and_becomes_a_violation_when_nobody_makes_it_good(monkeypatch):
    def dying(market, entry):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(batch, "apply_effects", dying)
        with pytest.raises(SystemExit):
            world.pump(MARKET)
    findings = audit.audit()
    assert findings.violations == []
    assert findings.checked["owed"] > 0
    with monkeypatch.context() as patch:
        world.later(patch, 200_000)
        assert {violation[:2] for violation in audit.audit().violations} == {"3:", "5:"}
    world.forget()
    world.pump(MARKET)
    assert "owed" not in audit.audit().checked
    world.check()


def test_operators_are_told_what_was_checked_and_what_was_found():
    AccountRow(BOB).delete()
    answer = operations.run({"verb": "audit"})
    assert answer["checked"]["accounts"] == 2
    assert answer["violations"] == world.violations()
