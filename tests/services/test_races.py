"""Requests, matchers and operators at the same time: what fits wins, nothing is counted twice, nothing goes negative.

Each thread plays a container of its own. moto's calls run one at a time, so what races is what matters: whole calls.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from chalicelib import settings
from chalicelib.core.orders import Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import matching, trading, wallet
from chalicelib.stores import accounts, aws, orders, placements
from chalicelib.stores.leases import Lease
from tests.services import world

MARKET = "BTC-CNY"
ANN, BOB = "1000000001", "1000000002"


class LeasePerThread(threading.local):
    """A container has one lease; here a thread is a container."""

    def __init__(self):
        self.lease = Lease()

    def ids(self):
        return self.lease.ids()


@pytest.fixture(autouse=True)
def _many_containers(small, monkeypatch):
    world.forget()
    monkeypatch.setattr(trading, "LEASE", LeasePerThread())
    yield
    world.pump(*settings.exchange().markets)
    world.check()


def race(*acts):
    """Do all of `acts` at the same time; what each returned, or why it was refused."""
    together = threading.Barrier(len(acts))

    def one(act):
        together.wait(timeout=10)
        try:
            return act()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def reasons(results):
    return {result.reason for result in results if isinstance(result, Refused)}


def test_of_twelve_requests_for_funds_that_cover_five_exactly_five_succeed():
    world.person(ANN, CNY="5")
    results = race(*[lambda: world.place(ANN, MARKET, "buy", 1, 1)] * 12)
    placed = [result for result in results if isinstance(result, int)]
    assert len(set(placed)) == len(placed) == 5
    assert reasons(results) == {Reason.INSUFFICIENT_FUNDS}
    assert world.balances(ANN) == {"CNY": (0, 5)}
    world.pump(MARKET)
    assert {view.order.id for view in trading.orders(ANN, None, None, 20, None, None).items} == set(placed)


def test_of_requests_with_several_orders_each_takes_what_fits():
    world.person(ANN, CNY="10")
    six = [world.request(MARKET, "buy", 1, amount) for amount in (3, 2, 1)]
    results = [result for request in race(*[lambda: trading.place(ANN, six)] * 4) for result in request]
    assert world.balances(ANN) == {"CNY": (0, 10)}
    assert reasons(results) == {Reason.INSUFFICIENT_FUNDS}
    world.pump(MARKET)
    held = [view.order.amount for view in trading.orders(ANN, None, None, 20, None, None).items]
    assert sum(held) == 10 * 10**8
    assert len(held) == sum(isinstance(result, int) for result in results)


def test_requests_on_several_markets_race_for_the_same_asset():
    world.person(ANN, CNY="5")
    acts = [lambda market=market: world.place(ANN, market, "buy", 1, 1) for market in (MARKET, "GOOC-CNY")] * 5
    assert sum(isinstance(result, int) for result in race(*acts)) == 5
    assert world.balances(ANN) == {"CNY": (0, 5)}


def test_a_client_order_id_that_six_requests_bear_at_once_places_one_order():
    world.person(ANN, CNY="100")
    results = race(*[lambda: world.place(ANN, MARKET, "buy", 1, 1, client_order_id="one")] * 6)
    assert len({result for result in results if isinstance(result, int)}) == 1
    assert reasons(results) <= {Reason.TOO_OFTEN}
    world.pump(MARKET)
    (only,) = trading.orders(ANN, None, None, 20, None, None).items
    assert world.place(ANN, MARKET, "buy", 1, 1, client_order_id="one") == only.order.id
    assert world.balances(ANN) == {"CNY": (99, 1)}


def test_a_claim_left_by_a_dead_request_is_taken_over_once(monkeypatch):
    world.person(ANN, CNY="100")
    world.place(ANN, MARKET, "buy", 1, 1)  # the account has a past
    first = trading.LEASE.ids().next(trading.clock.now_ms())
    placements.claim(ANN, "one", first, trading.clock.now_ms())
    act = [lambda: world.place(ANN, MARKET, "buy", 2, 1, client_order_id="one")]
    (refused,) = race(*act)
    assert refused.reason is Reason.TOO_OFTEN, "the request that claimed it may still be at work"
    world.later(monkeypatch, trading.REQUEST_LIFE_MS + 1)
    results = race(*act * 6)
    assert {result for result in results if isinstance(result, int)} == {first}
    assert reasons(results) <= {Reason.TOO_OFTEN}
    assert world.balances(ANN) == {"CNY": (97, 3)}


def test_a_claim_without_an_order_is_no_answer_to_a_request_that_cannot_be_placed():
    world.person(ANN, CNY="100")
    placements.claim(ANN, "one", 10**15, 0)
    with pytest.raises(Refused) as refused:
        world.place(ANN, MARKET, "buy", 1, "0.1", client_order_id="one")
    assert refused.value.reason is Reason.BELOW_MINIMUM


def test_an_order_named_twice_in_a_request_that_is_refused_is_refused_twice():
    world.person(ANN, CNY="1")
    two = [world.request(MARKET, "buy", 1, 2, client_order_id="one")] * 2
    assert [result.reason for result in trading.place(ANN, two)] == [Reason.INSUFFICIENT_FUNDS] * 2
    assert placements.find(ANN, "one", 0) is None


def test_of_two_orders_under_one_name_the_first_that_can_be_placed_is():
    world.person(ANN, CNY="1")
    amounts = ("0.5", 1, "0.5")
    requests = [world.request(MARKET, "buy", 1, amount, client_order_id="one") for amount in amounts]
    first, second, third = trading.place(ANN, requests)
    assert isinstance(second, int)
    assert first == second == third, "whoever bears the name gets the order that stands under it"


def test_a_deposit_that_six_operators_credit_at_once_counts_once():
    world.person(ANN)
    results = race(*[lambda: wallet.credit(ANN, "BTC", Decimal(1), "txid")] * 6)
    assert {result.id for result in results} == {"deposit:BTC:txid:0"}
    assert world.balances(ANN) == {"BTC": (1, 0)}


def test_different_deposits_at_once_count_each():
    world.person(ANN)
    race(*[lambda txid=txid: wallet.credit(ANN, "BTC", Decimal(1), txid) for txid in "abcdef"])
    assert world.balances(ANN) == {"BTC": (6, 0)}


def test_an_order_that_is_cancelled_while_it_fills_ends_once():
    world.person(ANN, CNY="100")
    world.person(BOB, BTC="100")
    offers = [world.place(BOB, MARKET, "sell", 1, 2) for _ in range(6)]
    world.pump(MARKET)
    results = race(
        lambda: trading.cancel(BOB, offers[:3]),
        lambda: [world.place(ANN, MARKET, "buy", 1, 1) for _ in range(5)],
        lambda: trading.cancel(BOB, offers[3:]),
        lambda: world.pump(MARKET),
    )
    assert not any(isinstance(result, Refused) for result in results)
    world.pump(MARKET)
    ended = [world.order(BOB, offer) for offer in offers]
    assert all(view.status in {Status.FILLED, Status.CANCELLED} for view in ended)
    sold = sum(view.order.filled for view in ended)
    assert accounts.get(BOB).available["BTC"] == 100 * 10**8 - sold
    assert not accounts.get(BOB).frozen["BTC"]


def test_two_containers_never_make_the_same_order_id(monkeypatch):
    """Even though all of them think that it is the same millisecond."""
    monkeypatch.setattr(trading.clock, "now_ms", lambda: 1_800_000_000_000)
    ids = race(*[lambda: [trading.LEASE.ids().next(1_800_000_000_000) for _ in range(20)]] * 8)
    made = [order_id for some in ids for order_id in some]
    assert len(set(made)) == len(made) == 160


def test_many_people_place_while_a_matcher_works():
    people = [world.person(f"10000000{number:02d}", CNY="20", BTC="20") for number in range(8)]
    done = threading.Event()

    def trade(uid, number):
        side = ("buy", "sell")[number % 2]
        return [world.place(uid, MARKET, side, 1 + step % 2, 1) for step in range(4)]

    def match():
        while not done.wait(0.001):  # lets the others have moto's lock in between
            world.pump(MARKET)

    with ThreadPoolExecutor(1) as pool:
        matcher = pool.submit(match)
        try:
            results = race(*[lambda uid=uid, n=n: trade(uid, n) for n, uid in enumerate(people)])
        finally:
            done.set()
        matcher.result()
    world.pump(MARKET)
    placed = [order_id for some in results for order_id in some]
    assert len(set(placed)) == 32
    assert {row.id for row in orders.OrderRow.scan()} == set(placed)
    total = sum(a.available.get("CNY", 0) + a.frozen.get("CNY", 0) for a in accounts.scan())
    assert total == 8 * 20 * 10**8


def test_the_sweeper_and_the_matcher_may_meet(monkeypatch):
    world.person(ANN, CNY="20")
    ids = [world.place(ANN, MARKET, "buy", 1, 1) for _ in range(5)]
    world.later(monkeypatch, 31_000)
    race(matching.sweep, lambda: world.pump(MARKET), matching.sweep)
    world.pump(MARKET)
    assert {row.id for row in orders.OrderRow.scan()} == set(ids)
    assert world.balances(ANN) == {"CNY": (15, 5)}


def test_two_matchers_of_one_market_share_its_orders_without_doing_one_twice():
    world.person(ANN, CNY="100")
    world.person(BOB, BTC="100")
    for _ in range(5):
        trading.place(BOB, [world.request(MARKET, "sell", 1, 1)] * 2)
        trading.place(ANN, [world.request(MARKET, "buy", 1, 1)] * 2)
    bodies = [message["Body"] for message in world.receive(MARKET)]
    aws.client("sqs").purge_queue(QueueUrl=settings.queue_url(MARKET))
    first, second = {}, {}
    race(
        lambda: [matching.run(MARKET, [body], first) for body in bodies],
        lambda: [matching.run(MARKET, [body], second) for body in bodies],
    )
    assert world.balances(ANN) == {"CNY": (90, 0), "BTC": (10, 0)}
    assert world.balances(BOB) == {"CNY": (10, 0), "BTC": (90, 0)}
