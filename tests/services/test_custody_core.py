"""The same through a node that speaks as Bitcoin Core does, see `tests.regtest.core`."""

import re
from decimal import Decimal

import pytest

from chalicelib.core.transfers import Status
from chalicelib.services import addresses, custody
from chalicelib.stores import transfers
from infra.package import ROOT
from tests.regtest.chain import Regtest
from tests.regtest.core import Core
from tests.services import world
from tests.services.custody import ACCOUNT, attach, confirmations, deposits, withdrawal

ANN = "1000000001"
DOCUMENT = {"BTC": {"network": "regtest-bcoin", "account": ACCOUNT, "node": "core"}}


@pytest.fixture(scope="module")
def regtest():
    with Regtest() as one:
        one.fund(coins=4)
        yield one


def follow(core, monkeypatch):
    core.chain.mine()
    attach(monkeypatch, core.places, DOCUMENT)
    assert custody.run() == {"BTC": "up to date"}
    world.person(ANN, BTC="5")
    return addresses.give(ANN, "BTC")


def test_a_deposit_and_a_payout_by_cores_calls_and_no_other_than_the_documented_ones(small, regtest, monkeypatch):
    confirmations(monkeypatch, 2)
    with Core(regtest) as core:
        mine = follow(core, monkeypatch)
        target = addresses.of_person("BTC", "1000000777")
        txid = regtest.pay(mine, "0.5")
        # The first goes to where its change would go, which therefore needs another address.
        coin = max(regtest.call("listunspent", 1, wallet=True), key=lambda one: (one["amount"], one["confirmations"]))
        back = withdrawal(ANN, coin["address"], "1")
        made = withdrawal(ANN, target, "1")
        regtest.mine()
        custody.run()
        regtest.replace(1)
        custody.run()
        regtest.again(txid)
        regtest.mine(2)
        custody.run()
        assert deposits(ANN)[-1] == (Status.SUCCEEDED, Decimal("0.5"))
        assert {transfers.get(one).status for one in (made, back)} == {Status.SUCCEEDED}
        assert regtest.paid(target) == {transfers.get(made).txid: Decimal("0.9995")}
        assert world.violations() == []
    documented = re.search(r"lets through these calls only: ([^.]*)\.", (ROOT / "docs/operations.md").read_text())
    assert core.asked == set(re.findall(r"[a-z]+", documented[1]))


@pytest.mark.parametrize(
    ("feerate", "per_kb"), [(None, "0.00005"), (0.00001, "0.00005"), (0.0003, "0.0003"), (9, "0.0005")]
)
def test_miners_are_offered_what_the_node_thinks_within_limits(small, regtest, monkeypatch, feerate, per_kb):
    with Core(regtest, feerate) as core:
        follow(core, monkeypatch)
        made = withdrawal(ANN, addresses.of_person("BTC", "1000000778"), "0.1")
        custody.run()
        raw = transfers.get(made).payout.split(" ")[0]
        said = regtest.call("decoderawtransaction", raw)
        entry = regtest.call("getmempoolentry", said["txid"])
        size = Decimal(12 + 149 * len(said["vin"]) + 86)
        assert Decimal(str(entry["fee"])) == (size * Decimal(per_kb) / 1000).quantize(Decimal("0.00000001"), "ROUND_UP")
        assert said["size"] <= size


def test_a_wrong_password_is_a_node_that_is_down(small, regtest, monkeypatch):
    with Core(regtest) as core:
        attach(monkeypatch, core.places.replace("s3cret", "wrong"), DOCUMENT)
        assert custody.run() == {"BTC": "down"}


def test_a_wallet_that_lacks_keys_pays_nobody(small, regtest, monkeypatch, capsys):
    with Core(regtest) as core:
        follow(core, monkeypatch)
        core._signrawtransactionwithwallet = lambda *_: {"hex": "00", "complete": False}
        made = withdrawal(ANN, addresses.of_person("BTC", "1000000779"), "0.1")
        custody.run()
        assert transfers.get(made).status is Status.ACCEPTED
        assert "PayoutRefused" in capsys.readouterr().out
