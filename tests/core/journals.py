"""Journals to test folds on: random commands, put through the real matching, sealed into entries of a few commands each."""

from hypothesis import strategies as st

from chalicelib.core.ids import ORDER_BASE
from chalicelib.core.markets import Market
from chalicelib.core.matching import MarketState, Rules, apply, seal
from chalicelib.core.orders import Cancel, Halt, Place, Resume, Side, TimeInForce
from tests.core.twin import ONE, an_order

MARKET = Market("BTC-CNY", "BTC", "CNY", 8, 8, 1, 0, 0, self_trade_allowed=True)
MINUTE = 60_000
BEGIN = 1_800_000_000_000

#: Prices and amounts with remainders, so that rounding and dust occur.
PRICES = st.sampled_from([ONE // 10, ONE // 3, ONE // 2, ONE, 2 * ONE + 1, 3 * ONE])
AMOUNTS = st.sampled_from([1, 7, 33, 1_000_003, ONE, 3 * ONE + 7])
PLACE = st.tuples(
    st.sampled_from(Side),
    PRICES,
    AMOUNTS,
    st.sampled_from(["ann", "bob", "cat"]),
    st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([0, 100_000, 33_333_333]),
)
CANCEL = st.tuples(st.integers(0, 40), st.sampled_from(["ann", "bob", "cat"]))
#: How long until the next entry: within a minute, on its border, over a gap, over more than a day.
GAPS = st.sampled_from([0, 1, 59_999, MINUTE, 7 * MINUTE, 700 * MINUTE, 1_440 * MINUTE, 1_441 * MINUTE])
STEPS = st.lists(
    st.tuples(st.lists(st.one_of(PLACE, PLACE, PLACE, CANCEL, st.booleans()), min_size=1, max_size=6), GAPS),
    max_size=14,
)


def journal(steps, *, self_trade_allowed):
    """The entries, and the state after each of them as (entry, state); the state goes on changing with the next."""
    state = MarketState()
    rules = Rules(self_trade_allowed=self_trade_allowed)
    at, number = BEGIN, 0
    for step, gap in steps:
        at += gap
        events = []
        for values in step:
            match values:
                case (side, price, amount, uid, tif, post_only, fee):
                    number += 1
                    command = Place(
                        an_order(
                            number, side, price, amount,
                            uid=uid, tif=tif, post_only=post_only, maker_fee=fee, taker_fee=fee // 2,
                        )
                    )  # fmt: skip
                case (of, uid):
                    command = Cancel(ORDER_BASE + of, uid)
                case _:
                    command = Resume() if values or state.halted else Halt()
            events += apply(state, command, at, rules)
        if events:
            yield seal(state, MARKET.id, at, events), state
