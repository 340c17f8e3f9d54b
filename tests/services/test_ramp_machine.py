"""A partner, operators, banks and time, in any order: every order goes one of its ways, and coins follow it exactly.
The model beside it is the ramp as one would tell it: states as the document numbers them, and two figures a person."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib import clock
from chalicelib.core import ramp
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import wallet
from chalicelib.services.ramp import deadlines, moves, orders
from tests.services import ramp_world, world
from tests.services.ramp_world import SOURCE, purchase, sale
from tests.services.world import run_machine

START = 1_800_000_000_000
HOUR_MS = 3_600_000
PEOPLE = ("ann", "bob")


@dataclass
class Told:
    """An order as the model knows it."""

    wish: object
    buying: bool
    who: str
    coins: int
    state: str = "1"
    deadline: int = 0


class Machine(RuleBasedStateMachine):
    """What the ramp promises."""

    def __init__(self):
        super().__init__()
        from tests.cloud import empty

        empty()
        world.forget()
        self.now = START
        clock.now_ms = lambda: self.now
        self.partner = ramp_world.partner()
        self.uids = {who: ramp_world.person(who, USDT="100") for who in PEOPLE}
        self.free = dict.fromkeys(PEOPLE, 100 * 10**8)
        self.held = dict.fromkeys(PEOPLE, 0)
        self.orders = []

    # --- the partner

    @rule(who=st.sampled_from(PEOPLE), legal=st.integers(1, 10**6))
    def buy(self, who, legal):
        wish = purchase(f"{legal // 100}.{legal % 100:02}", account=who)
        order = orders.buy(self.partner, wish)
        self.orders.append(Told(wish, True, who, order.amounts.coins))

    @rule(who=st.sampled_from(PEOPLE), coins=st.integers(1_000, 90_000_000))
    def sell(self, who, coins):
        wish = replace(sale(account=who), coins=coins * ramp.COIN_STEP)
        if wish.coins > self.free[who]:
            self.refused(Reason.INSUFFICIENT_FUNDS, orders.sell, self.partner, wish)
            return
        orders.sell(self.partner, wish)
        self.free[who] -= wish.coins
        self.held[who] += wish.coins
        self.orders.append(Told(wish, False, who, wish.coins))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def push_again(self, data):
        told = data.draw(st.sampled_from(self.orders))
        push = orders.buy if told.buying else orders.sell
        assert push(self.partner, told.wish).amounts.coins == told.coins
        self.refused(
            Reason.ORDER_NO_TAKEN, push, self.partner, replace(told.wish, account="ann" if told.who == "bob" else "bob")
        )

    # --- operators, banks, time

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), action=st.sampled_from(["approve", "reject", "pay", "release"]), twice=st.booleans())
    def operate(self, data, action, twice):
        told = data.draw(st.sampled_from(self.orders))
        for _ in range(1 + twice):
            self.once(told, action)

    def once(self, told, action):
        act = getattr(moves, action)
        target = self.target(told, action)
        arguments = (SOURCE, told.wish.order_no, "ann", "")
        if target is None and not self.made(told, action):
            self.refused(Reason.ORDER_STATE, act, *arguments)
            return
        act(*arguments)
        if target is None:
            return  # it had been done before, and is answered again
        told.state = target
        if action == "approve" and told.buying:
            told.deadline = self.now + 24 * HOUR_MS
        if target == "2" and not told.buying:
            self.held[told.who] -= told.coins
            self.free[told.who] += told.coins
        if target == "5":
            if told.buying:
                self.free[told.who] += told.coins
            else:
                self.held[told.who] -= told.coins

    def target(self, told, action):
        ways = {
            (True, "approve"): {"1": "3"},
            (True, "reject"): {"1": "2"},
            (True, "release"): {"4": "5"},
            (False, "approve"): {"1": "3"},
            (False, "reject"): {"1": "2", "3": "2"},
            (False, "pay"): {"3": "5"},
        }
        return ways.get((told.buying, action), {}).get(told.state)

    def made(self, told, action):
        order = moves.find(SOURCE, told.wish.order_no)
        return any(moved.move == {"pay": "paid"}.get(action, action) for moved in order.moves)

    @precondition(lambda self: any(told.buying for told in self.orders))
    @rule(data=st.data(), off=st.sampled_from([0, 0, 0, 10**6]))
    def bank(self, data, off):
        told = data.draw(st.sampled_from([told for told in self.orders if told.buying]))
        arguments = (told.wish.note_code, told.wish.legal + off, "bank")
        if told.state != "3":
            self.refused(Reason.NO_SUCH_ORDER, moves.credit, *arguments)
        elif off:
            self.refused(Reason.AMOUNT, moves.credit, *arguments)
        else:
            moves.credit(*arguments)
            told.state = "4"

    @rule(hours=st.sampled_from([1, 23, 25]))
    def wait(self, hours):
        self.now += hours * HOUR_MS

    @rule()
    def schedule(self):
        due = [told for told in self.orders if told.buying and told.state == "3" and told.deadline < self.now]
        assert deadlines.run() == len(due)
        for told in due:
            told.state = "2"

    # --- what always holds

    def refused(self, reason, call, *arguments):
        with pytest.raises(Refused) as caught:
            call(*arguments)
        assert caught.value.reason is reason

    @invariant()
    def coins_follow_orders(self):
        for who, uid in self.uids.items():
            balance = wallet.balances(uid)[ramp.COIN]
            assert (balance.available, balance.pending) == (self.free[who], self.held[who])

    @invariant()
    def orders_are_where_they_are_told_to_be(self):
        for told in self.orders[-3:]:
            assert moves.find(SOURCE, told.wish.order_no).status == told.state

    def teardown(self):
        assert world.violations() == []
        open_still = [told.wish.order_no for told in self.orders if told.state not in {"2", "5"}]
        assert sorted(order.order_no for order in orders.unended()) == sorted(open_still)


def test_the_ramp_in_any_order(small, monkeypatch):
    run_machine(Machine, monkeypatch, examples=12, steps=30)
