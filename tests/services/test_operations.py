"""What operators can do, and what they are told when they ask for what cannot be done."""

import json

import pytest

from chalicelib import clock
from chalicelib.core.orders import Ending
from chalicelib.core.transfers import Rail
from chalicelib.services import operations, trading
from chalicelib.stores import heads, transfers
from tests.services import world

ANN = "1000000001"


@pytest.fixture(autouse=True)
def _ann(small):
    world.forget()
    world.person(ANN, CNY="10")
    yield
    world.check()


def credit(**more):
    return operations.run({"verb": "credit", "uid": ANN, "currency": "BTC", "amount": "1.50", **more})


def test_a_credit_tells_what_stands():
    answer = credit(txid="t")
    assert answer.pop("at") > 0
    assert answer == {"transfer": "deposit:BTC:t:0", "uid": ANN, "currency": "BTC", "amount": "1.5"}
    assert credit(txid="t")["transfer"] == answer["transfer"]
    assert world.balances(ANN)["BTC"] == (1.5, 0)


@pytest.mark.parametrize(
    ("wrong", "error", "parameter"),
    [
        ({"uid": None}, "parameter_missing", "uid"),
        ({"uid": ""}, "parameter_missing", "uid"),
        ({"uid": "5"}, "no_such_user", "uid"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"currency": "EUR"}, "no_such_currency", "currency"),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"amount": "much"}, "parameter_invalid", "amount"),
        ({"amount": "NaN"}, "parameter_invalid", "amount"),
        ({"amount": "-1"}, "parameter_invalid", "amount"),
        ({"amount": "0.123456789"}, "parameter_invalid", "amount"),
        ({"amount": [1]}, "parameter_invalid", "amount"),
        ({"txid": ""}, "parameter_invalid", "txid"),
    ],
)
def test_a_credit_that_cannot_be_is_an_answer_that_names_the_parameter(wrong, error, parameter):
    assert credit(**wrong) == {"error": error, "parameter": parameter}
    assert world.balances(ANN) == {"CNY": (10, 0)}


@pytest.mark.parametrize("verb", [None, "", "drop", "run", "_halt", 5, ["credit"]])
def test_an_unknown_verb_is_told(verb):
    assert operations.run({"verb": verb}) == {"error": "parameter_invalid", "parameter": "verb"}
    assert operations.run({}) == {"error": "parameter_invalid", "parameter": "verb"}


@pytest.mark.parametrize("verb", ["halt", "resume"])
@pytest.mark.parametrize(
    ("market", "error"), [(None, "parameter_missing"), ("BTC", "no_such_market"), (5, "no_such_market")]
)
def test_a_market_that_is_none_is_told(verb, market, error):
    assert operations.run({"verb": verb, "market": market}) == {"error": error, "parameter": "market"}


def test_a_halt_takes_its_place_in_the_queue():
    """Orders that were sent before are taken; those sent after are ended and their funds freed."""
    before = world.place(ANN, "BTC-CNY", "buy", 1, 1)
    assert operations.run({"verb": "halt", "market": "btc-cny"}) == {"market": "BTC-CNY", "halt": "sent"}
    after = world.place(ANN, "BTC-CNY", "buy", 1, 1)
    world.pump("BTC-CNY")
    assert world.order(ANN, before).ending is None
    assert world.order(ANN, after).ending is Ending.HALTED
    assert heads.get("BTC-CNY").halted
    assert operations.run({"verb": "resume", "market": "BTC-CNY"}) == {"market": "BTC-CNY", "resume": "sent"}
    world.pump("BTC-CNY")
    assert not heads.get("BTC-CNY").halted


def test_halting_what_is_halted_and_resuming_what_is_not_changes_nothing():
    for verb in ("resume", "halt", "halt", "resume", "resume"):
        operations.run({"verb": verb, "market": "BTC-CNY"})
    world.pump("BTC-CNY")
    assert not heads.get("BTC-CNY").halted
    world.place(ANN, "BTC-CNY", "buy", 1, 1)
    world.pump("BTC-CNY")


def test_a_halt_of_one_market_leaves_the_others_alone():
    operations.run({"verb": "halt", "market": "BTC-CNY"})
    world.pump("BTC-CNY")
    trading.forget()
    world.place(ANN, "GOOC-CNY", "buy", 1, 1)
    world.pump("GOOC-CNY")


def test_answers_are_plain_values():
    for payload in ({"verb": "audit"}, {"verb": "halt", "market": "BTC-CNY"}, {}):
        assert json.loads(json.dumps(operations.run(payload))) == operations.run(payload)
    world.pump("BTC-CNY")


@pytest.mark.parametrize(
    "fields",
    [
        {"tx-id": "1"},
        {"amount": "1_0"},
        {"amount": "١"},
        {"amount": " 1"},
        {"amount": "1e2"},
        {"amount": "-1"},
        {"amount": "0.000001"},
    ],
)
def test_a_credit_that_is_not_written_plainly_is_refused(cloud, fields):
    world.person("1000000009")
    payload = {"verb": "credit", "uid": "1000000009", "currency": "CNY", "amount": "1"} | fields
    answer = operations.run(payload)
    assert answer == {"error": "parameter_invalid", "parameter": next(iter(fields))}
    assert world.balances("1000000009") == {}


def test_a_house_gets_no_deposits(cloud):
    world.person("house-GOOC-CNY")
    answer = operations.run({"verb": "credit", "uid": "house-GOOC-CNY", "currency": "CNY", "amount": "1"})
    assert answer == {"error": "no_such_user", "parameter": "uid"}


def test_a_verb_has_its_own_fields_and_no_others(cloud):
    assert operations.run({"verb": "audit", "bogus": "x"}) == {"error": "parameter_invalid", "parameter": "bogus"}


class TestTransfers:
    """Deposits and withdrawals, as operators decide on them."""

    @staticmethod
    def opened(amount=5, asset="CNY"):
        wanted = transfers.Withdrawal(ANN, asset, amount * 10**8, 10**8, clock.now_ms(), Rail.OPERATOR, "whither", "m")
        return transfers.open_withdrawal(wanted, ANN, "submitted").number

    @staticmethod
    def noticed():
        deposit = transfers.Deposit("deposit:BTC:t:0", ANN, "BTC", 10**8, clock.now_ms(), address="1mine")
        return transfers.notice_deposit(deposit, "custody", "seen").number

    def test_a_withdrawal_is_listed_approved_paid_and_its_story_told(self):
        number = self.opened()
        run = operations.run
        (listed,) = run({"verb": "withdrawal", "action": "list"})["withdrawals"]
        assert run({"verb": "withdrawal", "action": "list", "currency": "btc"}) == {"withdrawals": []}
        assert (listed["id"], listed["uid"], listed["amount"], listed["fee"], listed["to_pay"]) == (
            number, ANN, "5", "1", "4"
        )  # fmt: skip
        assert (listed["address"], listed["memo"], listed["status"]) == ("whither", "m", 0)
        assert run({"verb": "withdrawal", "action": "approve", "id": str(number)})["status"] == 11
        paid = run({"verb": "withdrawal", "action": "paid", "id": str(number), "txid": "ref"})
        assert (paid["status"], paid["txid"]) == (4, "ref")
        story = run({"verb": "withdrawal", "action": "show", "id": str(number)})["moves"]
        assert [(move["from"], move["to"], move["by"]) for move in story] == [
            (None, 0, ANN), (0, 11, "operator"), (11, 4, "operator")
        ]  # fmt: skip
        json.dumps(story)
        assert run({"verb": "withdrawal", "action": "list"}) == {"withdrawals": []}

    def test_a_rejected_withdrawal_says_why(self):
        number = str(self.opened())
        answer = operations.run({"verb": "withdrawal", "action": "reject", "id": number})
        assert answer == {"error": "parameter_missing", "parameter": "reason"}
        assert operations.run({"verb": "withdrawal", "action": "reject", "id": number, "reason": "no"})["status"] == 9
        assert operations.run({"verb": "withdrawal", "action": "show", "id": number})["moves"][-1]["why"] == "no"
        assert world.balances(ANN)["CNY"] == (10, 0)

    def test_deposits(self):
        number = self.noticed()
        (listed,) = operations.run({"verb": "deposit", "action": "list"})["deposits"]
        assert (listed["id"], listed["status"], listed["txid"], listed["address"]) == (number, 2, "t", "1mine")
        assert operations.run({"verb": "deposit", "action": "approve", "id": number})["status"] == 4
        assert operations.run({"verb": "deposit", "action": "list", "currency": "BTC"}) == {"deposits": []}
        assert world.balances(ANN)["BTC"] == (1, 0)
        story = operations.run({"verb": "deposit", "action": "show", "id": "deposit:BTC:t:0"})
        assert [(move["from"], move["to"], move["by"]) for move in story["moves"]] == [
            (None, 2, "custody"), (2, 4, "operator")
        ]  # fmt: skip

    @pytest.mark.parametrize("key", ["7", "deposit:BTC:u:0", "withdrawal:1"])
    def test_a_deposit_that_is_not_there_has_no_story(self, key):
        answer = operations.run({"verb": "deposit", "action": "show", "id": key})
        assert answer == {"error": "no_such_transfer", "parameter": "id"}

    def test_a_rejected_deposit(self):
        number = self.noticed()
        assert operations.run({"verb": "deposit", "action": "reject", "id": number, "reason": "x"})["status"] == 9
        assert "BTC" not in world.balances(ANN)

    @pytest.mark.parametrize("verb", ["deposit", "withdrawal"])
    @pytest.mark.parametrize(
        ("payload", "error", "parameter"),
        [
            ({}, "parameter_invalid", "action"),
            ({"action": "drop"}, "parameter_invalid", "action"),
            ({"action": "approve"}, "parameter_missing", "id"),
            ({"action": "approve", "id": "x"}, "parameter_invalid", "id"),
            ({"action": "approve", "id": "7"}, "no_such_transfer", "id"),
            ({"action": "reject", "id": "7", "reason": "x"}, "no_such_transfer", "id"),
            ({"action": "list", "currency": "EUR"}, "no_such_currency", "currency"),
            ({"action": "list", "uid": "1"}, "parameter_invalid", "uid"),
        ],
    )
    def test_what_cannot_be(self, verb, payload, error, parameter):
        assert operations.run({"verb": verb, **payload}) == {"error": error, "parameter": parameter}
