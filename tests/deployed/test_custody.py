"""The whole story over HTTP with a real full node: deposit, trade, withdraw, and what the chain itself says of it."""

import json
import time
from decimal import Decimal

import pytest

from chalicelib.core.addresses import encoded
from tests.deployed.test_identity import Browser, pwdhash
from tests.deployed.test_trading import eventually
from tests.deployed.test_wallet import funds, without_factors
from tests.regtest.chain import Regtest
from tests.services.custody import private_key

pytestmark = pytest.mark.deployed

PARAMETER = "/exchange-local/nodes/BTC"
__all__ = ["without_factors"]


@pytest.fixture
def chain(exchange, aws):
    """A node, attached as docs/operations.md says; taken away again."""
    with Regtest() as one:
        one.fund(coins=2)
        aws("ssm").put_parameter(
            Name=PARAMETER, Type="SecureString", KeyId="alias/exchange-local", Value=one.places, Overwrite=True
        )
        try:
            yield one
        finally:
            aws("ssm").delete_parameter(Name=PARAMETER)


@pytest.fixture
def somebody(exchange, operator):
    """Somebody who registered and is logged in, with what an operator credited."""

    def enter(**credited):
        found = Browser(exchange, operator, f"custody-{time.time_ns():x}@example.com")
        found.uid = str(found.did("register", email=found.address, pwdhash=pwdhash("first"), lang="en")["uid"])
        assert found.get(f"check_activation_code?token={found.token()}")["data"] == {"result": True}
        found.login("first")
        for currency, amount in credited.items():
            operator.run("credit", {"uid": found.uid, "currency": currency, "amount": amount})
        return found

    return enter


def test_a_deposit_is_traded_withdrawn_and_seen_on_the_chain(chain, somebody, ops, without_factors):
    def custody():
        code, answer = ops("invoke", "custody")
        assert code == 0, answer

    def comes_to(look, expected):
        """Runs until it is so: the schedule's own runs are under way, too, and one of two that meet gives way."""
        for _ in range(5):
            custody()
            if look() == expected:
                return
        assert look() == expected

    def deposits(person):
        shown = person.get("user/deposits?currency=btc")["data"]["deposits"]
        return [(one["status"], Decimal(str(one["quantity"]))) for one in shown]

    def order(person, side, amount):
        body = {"orders": [{"market": "btc-cny", "operation": side, "price": 700, "amount": amount}]}
        (result,) = person.post("user/submit_orders", **body)["data"]["results"]
        assert result["order_id"] != "0", result

    custody()
    begun = ops("chain", "list")[1]["BTC"]
    assert begun["height"] == chain.call("getblockcount")

    ann, bob = somebody(), somebody(CNY="1000")
    address = ann.did("user/create_deposit_addr/btc")["BTC"]
    txid = chain.pay(address, 2)
    chain.mine()
    comes_to(lambda: deposits(ann), [(4, 2)])
    assert funds(ann, "BTC") == [2, 0, 0, 2]

    order(ann, "sell", 0.5)
    order(bob, "buy", 0.5)
    eventually(lambda: bob.get("user/balance")["data"].get("BTC", [0])[0], 0.5)

    for person in (ann, bob):
        without_factors(person.uid)
    assert (
        bob.post("user/submit_withdrawal", currency="BTC", address="147vEoThzNZSrrFi9r38s8pPapwzBr8VEF", amount=0.2)[
            "code"
        ]
        == 8005
    ), "an address of another network"
    targets = {bob.uid: encoded(60, bob.uid.encode().ljust(20)), ann.uid: encoded(60, ann.uid.encode().ljust(20))}
    numbers = {
        person.uid: str(
            person.did("user/submit_withdrawal", currency="BTC", address=targets[person.uid], amount=amount)[
                "tranfer_id"
            ]
        )
        for person, amount in ((bob, 0.2), (ann, 1.5))
    }

    def withdrawn(person):
        (one,) = person.get(f"user/withdrawals?ids={numbers[person.uid]}")["data"]["withdrawals"]
        return one["status"]

    assert (withdrawn(bob), withdrawn(ann)) == (1, 1)
    comes_to(lambda: (withdrawn(bob), withdrawn(ann)), (2, 2))
    payouts = ops("chain", "list")[1]["BTC"]["payouts"]
    assert len(payouts) == 2
    for payout in payouts:
        chain.arrives(payout)
    chain.mine()
    comes_to(lambda: (withdrawn(bob), withdrawn(ann)), (4, 4))
    assert list(chain.paid(targets[bob.uid]).values()) == [Decimal("0.1995")]
    assert list(chain.paid(targets[ann.uid]).values()) == [Decimal("1.4995")]
    assert (funds(bob, "BTC")[3], funds(ann, "BTC")[3]) == (Decimal("0.3"), 0)

    # What she deposited lies on her address until whoever has the keys moves it.
    def held():
        return ann.get("btc/reserves")["data"]["stats"][2]

    (coin,) = [one for one in ops("chain", "holdings", "--currency", "BTC")[1]["holdings"] if one["address"] == address]
    assert held() == 2
    swept = chain.sweep(coin["coin"], private_key(coin["path"]), chain.hot())
    chain.mine()
    comes_to(held, 0)

    # The chain goes another way: the deposit that was credited, and spent, lost its block.
    chain.replace(3)
    comes_to(lambda: deposits(ann), [(6, 2)])
    sold = ann.post("user/submit_orders", orders=[{"market": "btc-cny", "operation": "buy", "price": 1, "amount": 5}])
    assert "1005" in json.dumps(sold), "her account waits"
    custody()
    chain.again(txid)
    chain.again(swept)
    for payout in payouts:
        chain.arrives(payout)
    chain.mine()
    comes_to(lambda: deposits(ann), [(4, 2)])
    assert list(chain.paid(targets[ann.uid]).values()) == [Decimal("1.4995")]

    code, again = ops("chain", "rescan", "--currency", "BTC", "--height", str(begun["height"]))
    assert code == 0, again
    assert again["height"] == begun["height"]
    chain.mine(150)
    comes_to(lambda: ops("chain", "list")[1]["BTC"]["height"], chain.call("getblockcount"))
    custody()
    assert (funds(bob, "BTC")[3], funds(ann, "BTC")[3]) == (Decimal("0.3"), 0)
    assert ops("audit")[1]["violations"] == []
