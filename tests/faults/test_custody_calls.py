"""Each call of custody, to AWS and to the node, fails once, before and after it took effect; AWS calls are once repeated unseen.

Meanwhile a deposit arrives, its block is replaced, it is mined again, and a withdrawal is paid. Afterwards runs go by as they do
every minute. Then the books balance, the deposit was credited once, and the chain itself shows one payment.
"""

import json
import socket
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest

from chalicelib import settings
from chalicelib.core.transfers import Status
from chalicelib.services import addresses, custody
from chalicelib.stores import chains, transfers
from chalicelib.stores.node import Down, Node
from tests.cloud import empty
from tests.faults.injection import FAULTS, Faults, injected
from tests.regtest.chain import Regtest
from tests.services import world
from tests.services.custody import attach, deposits, withdrawal

ANN = "1000000001"
DEPOSIT, WITHDRAWN, FEE = Decimal("0.01"), Decimal("0.02"), Decimal("0.0005")
people = count(10**9 + 5000)


@pytest.fixture(autouse=True)
def _one_market(cloud, monkeypatch):
    """The audit of the others would only find them empty, a thousand times over."""
    whole = settings.exchange()
    few = replace(whole, markets={"BTC-CNY": whole.markets["BTC-CNY"]})
    monkeypatch.setattr(settings, "exchange", lambda: few)


@pytest.fixture(scope="module")
def regtest():
    with Regtest() as one:
        one.fund(coins=5)
        yield one


def before(_):
    """The node does not answer, and has done nothing."""
    raise Down("no answer")


def after(call):
    """The node does what it was asked to, but nobody hears of it."""
    call()
    raise Down("no answer")


@contextmanager
def node_faults(monkeypatch, faults):
    """All calls of nodes pass through `faults`."""
    post = Node._post
    with monkeypatch.context() as patch:
        patch.setattr(
            Node,
            "_post",
            lambda self, url, path, question: faults(
                lambda *_: post(self, url, path, question), None, question.get("method", path), None
            ),
        )
        yield faults


def run():
    """One run, which may fail as a whole: the next minute brings another."""
    try:
        custody.run()
    except Exception as error:  # noqa: BLE001 - what AWS fails at comes in several wrappings
        return error
    return None


class Story:
    """A deposit and a withdrawal on a fresh exchange that follows the chain from here on. The run that each phase ends with is
    the one that meets the fault."""

    def __init__(self, chain, monkeypatch):
        empty()
        chain.mine()
        self.chain, self.since = chain, chain.call("getblockcount")
        attach(monkeypatch, chain.places)
        assert custody.run() == {"BTC": "up to date"}
        world.person(ANN, BTC="1")
        self.target = addresses.of_person("BTC", str(next(people)))
        self.made = withdrawal(ANN, self.target, str(WITHDRAWN))
        self.txid = chain.pay(addresses.give(ANN, "BTC"), DEPOSIT)
        chain.mine()

    def arrives(self):
        """The deposit is in a block, and the withdrawal approved."""

    def finishes(self):
        """The payout is in a block."""
        custody.run()
        self.chain.arrives(transfers.get(self.made).txid)
        self.chain.mine()

    def is_replaced(self):
        """Both were final, then their blocks were replaced."""
        self.finishes()
        custody.run()
        assert transfers.get(self.made).status is Status.SUCCEEDED
        self.chain.replace(2)

    def returns(self):
        """Both are in other blocks."""
        self.is_replaced()
        custody.run()
        custody.run()
        self.chain.again(self.txid)
        self.chain.arrives(transfers.get(self.made).txid)
        self.chain.mine()

    def settle(self):
        """What happens afterwards by itself."""
        assert run() is None
        assert run() is None
        waits = set(self.chain.pool())
        if self.txid not in waits and not self.chain.paid(addresses.give(ANN, "BTC"), self.since):
            self.chain.again(self.txid)
        if not self.chain.paid(self.target, self.since):
            self.chain.arrives(transfers.get(self.made).txid)
            self.chain.mine()
        assert run() is None

    def check(self, where):
        paid = transfers.get(self.made)
        assert paid.status is Status.SUCCEEDED, where
        assert self.chain.paid(self.target, self.since) == {paid.txid: WITHDRAWN - FEE}, where
        assert deposits(ANN)[-1] == (Status.SUCCEEDED, DEPOSIT), where
        assert world.balances(ANN)["BTC"] == (1 + DEPOSIT - WITHDRAWN, 0), where
        assert chains.get("BTC").spending == {}, where
        assert world.violations() == [], where


def scenario(chain, monkeypatch, phase, faulty, faults):
    """How many calls the run of a phase made, one of which failed."""
    story = Story(chain, monkeypatch)
    phase(story)
    with faulty(monkeypatch, faults):
        run()
    story.settle()
    story.check(f"{phase.__name__}, call {faults.at} of {faults.seen}")
    return len(faults.seen)


PHASES = [Story.arrives, Story.finishes, Story.is_replaced, Story.returns]
each_phase = pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__)


@each_phase
@pytest.mark.parametrize("mode", ["before", "after"])
def test_whatever_call_of_the_node_fails_nothing_is_lost_or_doubled(regtest, monkeypatch, phase, mode):
    fault = {"before": before, "after": after}[mode]
    calls = scenario(regtest, monkeypatch, phase, node_faults, Faults())
    assert calls > 3
    for number in range(calls):
        scenario(regtest, monkeypatch, phase, node_faults, Faults(number, fault))


@each_phase
@pytest.mark.parametrize("mode", ["before", "after", "repeated"])
def test_whatever_call_of_aws_fails_nothing_is_lost_or_doubled(regtest, monkeypatch, phase, mode):
    calls = scenario(regtest, monkeypatch, phase, injected, Faults())
    assert calls > 5
    for number in range(calls):
        scenario(regtest, monkeypatch, phase, injected, Faults(number, FAULTS[mode]))


def test_a_node_that_is_down_for_a_while_is_waited_for(regtest, monkeypatch):
    story = Story(regtest, monkeypatch)
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    attach(monkeypatch, json.dumps({"node": nobody, "wallet": nobody}))
    story.arrives()
    run()
    assert transfers.get(story.made).status is Status.ACCEPTED
    assert deposits(ANN) == [(Status.SUCCEEDED, 1)], "only what an operator had credited"
    attach(monkeypatch, regtest.places)
    story.settle()
    story.check("after it was down")


def test_the_suite_notices_a_payout_that_is_made_anew_instead_of_sent_again(regtest, monkeypatch):
    """With an intent that is forgotten, as without any, a lost answer pays twice: this is what the rest of the file is for."""
    story = Story(regtest, monkeypatch)
    send = Node.send

    def sent_and_lost(self, raw):
        send(self, raw)
        raise Down("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(Node, "send", sent_and_lost)
        custody.run()
        paid = transfers.get(story.made)
        regtest.arrives(paid.txid)
        stopped = transfers.move(paid, Status.ERROR, "test", "forgets", {"payout": "", "txid": ""})
        transfers.move(stopped, Status.ACCEPTED, "test", "forgets")
        custody.run()
    regtest.arrives(transfers.get(story.made).txid)
    regtest.mine()
    assert len(regtest.paid(story.target, story.since)) == 2
