"""Balance snapshots: one cut, though accounts are read one after another while people trade and deposit."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from decimal import Decimal
from hashlib import sha256

import pytest
from botocore.client import BaseClient

from chalicelib import clock, settings
from chalicelib.core import reserves
from chalicelib.core.ledger import settlements
from chalicelib.core.money import from_decimal
from chalicelib.core.reasons import Refused
from chalicelib.core.transfers import Status
from chalicelib.services import snapshots, wallet
from chalicelib.stores import accounts, journal, transfers
from chalicelib.stores import snapshots as rows
from chalicelib.stores.accounts import AccountRow
from tests.faults.injection import Faults, injected, lost
from tests.house.source import ROOT
from tests.services import world

PEOPLE = [f"10000000{number:02d}" for number in range(8)]
MARKETS = ("GOOC-CNY", "BTC-CNY")


@pytest.fixture
def busy(small, monkeypatch):
    """People who have traded, with orders open; accounts are read two at a time."""
    world.forget()
    for uid in PEOPLE:
        world.person(uid, CNY="100000", GOOC="1000", BTC="10")
    trade(0)
    scan = AccountRow.scan
    monkeypatch.setattr(AccountRow, "scan", lambda **more: scan(**more, page_size=2))


def trade(number):
    """Some people trade; one order stays open."""
    maker, taker = PEOPLE[number % 8], PEOPLE[(number * 3 + 1) % 8]
    for market, price in (("GOOC-CNY", 2), ("BTC-CNY", 1400)):
        world.place(maker, market, "sell", price + number % 2, "0.7")
        world.place(taker, market, "buy", price + 1, "0.5")
    world.pump(*MARKETS)


def folded(positions, deposits):
    """Balances by folding everything: the deposits given, and each journal up to its position."""
    found = defaultdict(lambda: defaultdict(int))
    for uid, asset, amount in deposits:
        found[asset][uid] += amount
    for market, position in positions.items():
        for entry in journal.since(market, 0):
            if entry.seq <= position:
                for uid, change in settlements(settings.exchange().markets[market], entry).items():
                    for asset, (available, frozen) in change.changes().items():
                        found[asset][uid] += available + frozen
    return found


def listed(csv):
    """A file's lines, its sum and its date."""
    head, *lines, total, date, rest = csv.decode().split("\n")
    assert (head, rest) == ('"User Id",Amount', "")
    assert re.fullmatch(r"Date,\d{14}", date)
    pairs = [line.split(",") for line in lines]
    assert pairs == sorted(pairs)
    return {uid: from_decimal(Decimal(amount)) for uid, amount in pairs}, from_decimal(
        Decimal(total.removeprefix("Sum,"))
    )


def nonzero(balances):
    return {uid: units for uid, units in balances.items() if units}


def test_at_rest_it_is_what_everyone_has(busy):
    taken = snapshots.take()
    assert len(taken) == len(settings.exchange().assets)
    for one in taken:
        balances, total = listed(rows.file(one))
        assert total == one.total == sum(balances.values())
        for uid in [*PEOPLE, "house-GOOC-CNY"]:
            account = wallet.balances(uid).get(one.asset)
            assert balances.get(uid, 0) == (account.total if account else 0)
    assert next(one for one in taken if one.asset == "GOOC").total == 8000 * 10**8


@pytest.mark.parametrize("behind", [False, True], ids=["settled", "the last entry not settled"])
def test_trades_and_deposits_during_the_scan_do_not_show(busy, monkeypatch, behind):
    """At every AWS call of the snapshot people trade and deposit. What is read is the cut, to the last 1e-8."""
    if behind:
        from chalicelib.services.matching import batch

        with monkeypatch.context() as patch:
            patch.setattr(batch, "apply_effects", lambda *_: (_ for _ in ()).throw(SystemExit))
            world.place(PEOPLE[0], "GOOC-CNY", "sell", 3, 5)
            world.place(PEOPLE[1], "GOOC-CNY", "buy", 3, 5)
            with pytest.raises(SystemExit):
                world.pump("GOOC-CNY")
        batch.forget()
    begun = [(deposit.uid, deposit.asset, deposit.amount) for deposit in transfers.scan()]
    arrived, moments, within = [], {}, []
    call = BaseClient._make_api_call

    def meanwhile(client, operation, kwargs):
        answer = call(client, operation, kwargs)
        if within:
            return answer
        if operation == "Scan":
            for item in answer["Items"]:
                moments[item["uid"]["S"]] = len(arrived)
        within.append(1)
        number = len(arrived)
        trade(number)
        uid = PEOPLE[number % 8]
        wallet.credit(uid, "BTC", Decimal(number + 1), None)
        arrived.append((uid, "BTC", (number + 1) * 10**8))
        accounts.ensure(f"20000000{number:02d}")
        within.clear()
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", meanwhile)
        positions, balances = snapshots.cut()
    assert len(moments) >= 10
    assert len(arrived) > 10
    seen = [one for number, one in enumerate(arrived) if number < moments[one[0]]]
    expected = folded(positions, [*begun, *seen])
    for asset in settings.exchange().assets:
        assert nonzero(balances[asset]) == nonzero(expected[asset])
    for asset in ("GOOC", "CNY"):
        assert sum(balances[asset].values()) == sum(amount for _, other, amount in begun if other == asset)
    assert sum(balances["BTC"].values()) == sum(amount for _, other, amount in [*begun, *seen] if other == "BTC")
    assert any(journal.last(market).seq > position for market, position in positions.items())
    world.pump(*MARKETS)
    world.check()


def test_what_is_bought_and_withdrawn_during_the_scan_makes_nobody_owe(busy, monkeypatch):
    """At every AWS call somebody who had nothing of it at the cut buys, withdraws all and is paid."""
    uid = world.person("1999999999", CNY="100000", LTC="50")
    begun = [(one.uid, one.asset, one.amount) for one in transfers.scan()]
    paid, within = [], []
    call = BaseClient._make_api_call

    def withdraw(asset, amount):
        """Ask for a withdrawal and be paid at once."""
        wanted = transfers.Withdrawal(uid, asset, amount, 0, clock.now_ms())
        opened = transfers.open_withdrawal(wanted, uid, "submitted")
        paying = transfers.move(opened, Status.ACCEPTED, "auto", "")
        transfers.move(paying, Status.SUCCEEDED, "operator", "paid")
        paid.append((asset, amount))

    def meanwhile(client, operation, kwargs):
        answer = call(client, operation, kwargs)
        if not within:
            within.append(1)
            world.place(PEOPLE[0], "GOOC-CNY", "sell", 5, 2)
            world.place(uid, "GOOC-CNY", "buy", 5, 2)
            world.pump("GOOC-CNY")
            if funds := accounts.get(uid).available.get("GOOC", 0):
                withdraw("GOOC", funds)
            withdraw("LTC", 10**8)
            within.clear()
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", meanwhile)
        positions, balances = snapshots.cut()
    assert len(paid) > 10
    assert all(units >= 0 for held in balances.values() for units in held.values())
    expected = folded(positions, begun)
    for asset, held in balances.items():
        for other, units in expected[asset].items():
            assert other == uid or held.get(other, 0) == units
        mine = [amount for what, amount in paid if what == asset]
        counted = [sum(mine[:number]) for number in range(len(mine) + 1)]
        assert expected[asset][uid] - held.get(uid, 0) in counted, "those paid first count as paid, the others not yet"
    assert balances["GOOC"].get(uid, 0) == 0
    assert 0 < balances["LTC"][uid] < 50 * 10**8, "what was there at the cut and paid since counts as paid"
    world.pump(*MARKETS)
    world.check()


def test_a_deposit_that_is_taken_back_during_the_scan_makes_nobody_owe(busy, monkeypatch):
    """Who has sold it buys as much again during the scan, and then it is gone for good."""
    ann, bob = world.person("1999999999", CNY="1000"), PEOPLE[2]
    wanted = transfers.Deposit("deposit:BTC:dd:0", ann, "BTC", 10**8, clock.now_ms())
    deposit = transfers.credit(wanted, "custody")
    world.place(bob, "BTC-CNY", "buy", 100, 1)
    world.place(ann, "BTC-CNY", "sell", 100, 1)
    world.pump(*MARKETS)
    world.place(ann, "BTC-CNY", "buy", 100, 1)
    assert "BTC" not in world.balances(ann)
    gone = transfers.move(deposit, Status.REORGANIZING, "custody", "its block was replaced")
    scan = accounts.scan

    def meanwhile():
        world.place(bob, "BTC-CNY", "sell", 100, 1)
        world.pump(*MARKETS)
        transfers.move(gone, Status.FAILED, "custody", "gone for good")
        return scan()

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "scan", meanwhile)
        _, balances = snapshots.cut()
    assert "BTC" not in world.balances(ann)
    assert balances["BTC"][ann] == 0
    world.check()


def test_a_run_that_dies_lists_nothing_that_is_not_there(busy, monkeypatch):
    with injected(monkeypatch, Faults()) as calls:
        snapshots.take()
    for number in range(0, len(calls.seen), 3):

        def dying(_):
            raise lost()

        with injected(monkeypatch, Faults(number, dying)), suppress(Exception):  # whatever it dies of
            snapshots.take()
    for asset in settings.exchange().assets:
        for one in snapshots.listed(asset, None, 100).items:
            assert reserves.check_statement(one.signed)["csv"] == sha256(rows.file(one)).hexdigest()
            assert len(rows.file(one)) == one.size


def test_everyone_can_prove_their_part(busy, tmp_path):
    taken = {one.asset: one for one in snapshots.take()}
    for uid in PEOPLE:
        for asset in ("BTC", "GOOC"):
            proof = snapshots.proof(uid, asset)
            said = reserves.check(json.loads(json.dumps(proof)))
            assert int(proof["leaf"]["balance"]) == wallet.balances(uid)[asset].total
            assert int(said["sum"]) == taken[asset].total
            assert set(said["positions"]) == set(settings.exchange().markets)
    with pytest.raises(Refused):
        snapshots.proof("1999999999", "BTC")
    with pytest.raises(Refused):
        snapshots.proof(PEOPLE[0], "DOGE")
    file = tmp_path / "proof.json"
    file.write_text(json.dumps({"code": 0, "time": 1, "data": proof}))
    command = [sys.executable, "-S", "-m", "infra.verify_proof", str(file)]  # -S: nothing but the standard library
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "valid: 1000000007 is owed" in done.stdout
    assert subprocess.run([*command, "--public-key", "00"], cwd=ROOT, capture_output=True, check=False).returncode == 1
    file.write_text(json.dumps(proof).replace('"index": ', '"index": 1'))
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 1


def test_a_proof_of_many_is_read_in_two_small_parts(small, monkeypatch):
    monkeypatch.setattr(snapshots, "cut", lambda: ({"BTC-CNY": 1}, {
        asset: {str(number): number for number in range(1, 1500)} if asset == "BTC" else {}
        for asset in settings.exchange().assets
    }))  # fmt: skip
    snapshots.take()
    for uid in ("1", "777", "1499"):
        with injected(monkeypatch, Faults()) as calls:
            proof = snapshots.proof(uid, "BTC")
        assert calls.seen == ["Query", "GetObject", "GetObject"]
        assert reserves.check(proof)["count"] == 1499
        assert proof["leaf"]["balance"] == uid
