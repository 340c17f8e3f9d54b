"""What entries do to accounts: worked examples, and what holds for whatever a market does."""

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.ledger import Settlement, held_asset, settlements
from chalicelib.core.matching import MarketState, Rules, apply, reject, seal
from chalicelib.core.orders import Cancel, OrderPlaced, Place, Side
from tests.core.journals import BEGIN, MARKET, STEPS, journal
from tests.core.twin import ONE, an_order


def entry_of(*commands, state=None):
    state = state or MarketState()
    events = [event for one in commands for event in apply(state, one, BEGIN, Rules(self_trade_allowed=True))]
    return seal(state, MARKET.id, BEGIN, events)


def changes(entry):
    return {uid: settled.changes() for uid, settled in settlements(MARKET, entry).items() if settled.changes()}


def test_a_buy_holds_quote_and_a_sell_holds_base():
    assert held_asset(MARKET, Side.BUY) == "CNY"
    assert held_asset(MARKET, Side.SELL) == "BTC"


def test_an_order_that_only_rests_moves_nothing_but_leaves_the_intents():
    order = an_order(1, Side.BUY, ONE, ONE)
    assert settlements(MARKET, entry_of(Place(order))) == {"ann": Settlement(intents=[order.id])}


def test_a_buyer_gets_back_what_the_better_price_saves():
    offer = an_order(1, Side.SELL, 2 * ONE, ONE, uid="bob")
    bid = an_order(2, Side.BUY, 3 * ONE, ONE)
    assert changes(entry_of(Place(offer), Place(bid))) == {
        "ann": {"CNY": (ONE, -3 * ONE), "BTC": (ONE, 0)},
        "bob": {"BTC": (0, -ONE), "CNY": (2 * ONE, 0)},
    }


def test_fees_come_out_of_what_is_received_and_go_to_the_house():
    offer = an_order(1, Side.SELL, 2 * ONE, ONE, uid="bob", maker_fee=ONE // 10)
    bid = an_order(2, Side.BUY, 2 * ONE, ONE, taker_fee=ONE // 4)
    found = changes(entry_of(Place(offer), Place(bid)))
    assert found["ann"]["BTC"] == (3 * ONE // 4, 0)
    assert found["bob"]["CNY"] == (2 * ONE - ONE // 5, 0)
    assert found["house-BTC-CNY"] == {"BTC": (ONE // 4, 0), "CNY": (ONE // 5, 0)}


def test_a_market_without_fees_does_not_touch_its_house():
    entry = entry_of(Place(an_order(1, Side.SELL, ONE, ONE, uid="bob")), Place(an_order(2, Side.BUY, ONE, ONE)))
    assert set(settlements(MARKET, entry)) == {"ann", "bob"}


def test_a_cancel_gives_back_the_hold_of_what_is_left():
    state = MarketState()
    bid = an_order(1, Side.BUY, ONE // 3, 7)
    entry_of(Place(bid), state=state)
    assert changes(entry_of(Cancel(bid.id, "ann"), state=state)) == {"ann": {"CNY": (3, -3)}}, "7/3, rounded up"


def test_who_trades_with_himself_pays_only_fees():
    offer = an_order(1, Side.SELL, ONE, ONE)
    bid = an_order(2, Side.BUY, ONE, ONE, taker_fee=ONE // 100)
    assert changes(entry_of(Place(offer), Place(bid)))["ann"] == {
        "BTC": (ONE - ONE // 100, -ONE),
        "CNY": (ONE, -ONE),
    }


def test_a_rejected_order_gets_its_hold_back():
    order = an_order(1, Side.SELL, ONE, 5)
    entry = seal(MarketState(), MARKET.id, BEGIN, reject(order))
    assert settlements(MARKET, entry)["ann"] == Settlement({"BTC": 5}, {"BTC": -5}, [order.id])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(STEPS, st.booleans())
def test_nothing_is_made_or_lost_and_what_is_frozen_is_what_open_orders_hold(steps, self_trade_allowed):
    """Each order's hold is frozen as it is placed, as a reservation does; nobody ever needs more than that."""
    available, frozen = defaultdict(int), defaultdict(int)
    for entry, state in journal(steps, self_trade_allowed=self_trade_allowed):
        for event in entry.events:
            if isinstance(event, OrderPlaced):
                frozen[event.order.uid, held_asset(MARKET, event.order.side)] += event.order.hold
        total = Counter()
        for uid, settled in settlements(MARKET, entry).items():
            for asset, (free, held) in settled.changes().items():
                total[asset] += free + held
                available[uid, asset] += free
                frozen[uid, asset] += held
        assert not any(total.values()), "over all accounts, the house's among them, an entry sums up to zero"
        assert min(available.values(), default=0) >= 0, "an entry only ever frees what was frozen"
        holds = Counter()
        for order in state.book.orders():
            holds[order.uid, held_asset(MARKET, order.side)] += order.hold
        assert {key: held for key, held in frozen.items() if held} == holds


@settings(max_examples=60, deadline=None, derandomize=True)
@given(STEPS)
def test_each_order_leaves_the_intents_in_the_entry_that_placed_it(steps):
    for entry, _ in journal(steps, self_trade_allowed=False):
        placed = {event.order.id: event.order.uid for event in entry.events if isinstance(event, OrderPlaced)}
        left = {one: uid for uid, settled in settlements(MARKET, entry).items() for one in settled.intents}
        assert left == placed
