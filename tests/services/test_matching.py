"""The matcher's memory and its batches: what it knows, what it looks up, how it begins anew."""

import pytest

from chalicelib import settings
from chalicelib.core import matching as rules
from chalicelib.core.orders import Entry, OrderPlaced, Side
from chalicelib.services import matching, trading
from chalicelib.services.matching import batch, checkpoints, engine
from chalicelib.services.matching.engine import CLOCK_MARGIN_MS, WINDOW_MS, Window
from chalicelib.stores import accounts, archive, commands, heads, journal
from chalicelib.stores.leases import Lease
from tests.core.twin import ONE, an_order
from tests.faults.injection import Faults, before, injected
from tests.services import world

MARKET = "BTC-CNY"
ANN, BOB = "1000000001", "1000000002"
NOW = 1_800_000_000_000


@pytest.fixture
def people(small, monkeypatch):
    # Ids never go back: those of a container whose clock other tests have wound would be of tomorrow.
    monkeypatch.setattr(trading, "LEASE", Lease())
    world.forget()
    world.person(ANN, CNY="1000")
    world.person(BOB, BTC="1000")
    yield
    world.pump(MARKET)
    world.check()


def bodies():
    messages = world.receive(MARKET)
    world.delete(MARKET, messages)
    return [message["Body"] for message in messages]


def seqs():
    return [entry.seq for entry in journal.since(MARKET, 0)]


class TestWindow:
    def entry(self, seq, at):
        return Entry(MARKET, seq, at, (OrderPlaced(an_order(seq, Side.BUY, ONE, ONE)),))

    def test_a_new_one_knows_all_there_is(self):
        window = Window()
        window.add(self.entry(1, NOW))
        assert window.ids == {an_order(1, Side.BUY, ONE, ONE).id}
        assert not window.may_predate(an_order(0, Side.BUY, ONE, ONE)), "there was nothing before it"

    def test_forgets_what_is_older_than_its_time_and_knows_that_it_did(self):
        window = Window()
        window.add(self.entry(1, NOW))
        window.add(self.entry(2, NOW + WINDOW_MS))
        assert len(window.ids) == 2
        window.add(self.entry(3, NOW + WINDOW_MS + 1))
        assert len(window.ids) == 2
        assert window.begins == NOW + 1

    def test_an_order_much_younger_than_its_beginning_needs_no_look(self):
        from chalicelib.core.ids import order_id

        window = Window(begins=NOW)
        for late, expected in ((-1, True), (CLOCK_MARGIN_MS - 1, True), (CLOCK_MARGIN_MS, False)):
            order = an_order(1, Side.BUY, ONE, ONE)
            order.id = order_id(NOW + late, 5)
            assert window.may_predate(order) is expected

    def test_keeps_no_more_orders_than_it_may(self, monkeypatch):
        monkeypatch.setattr(engine, "WINDOW_ORDERS_MAX", 3)
        window = Window()
        for seq in range(1, 8):
            window.add(self.entry(seq, NOW))
        assert len(window.ids) == len(window.entries) == 3
        assert window.begins == NOW + 1


@pytest.mark.usefixtures("people")
class TestBatch:
    def test_a_batch_is_one_entry(self):
        for _ in range(3):
            world.place(ANN, MARKET, "buy", 1, 1)
            world.place(BOB, MARKET, "sell", 1, 1)
        world.pump(MARKET)
        assert seqs() == [1]
        assert world.balances(ANN) == {"CNY": (997, 0), "BTC": (3, 0)}

    def test_a_batch_that_changes_nothing_is_no_entry(self):
        matching.run(MARKET, [])
        matching.run(MARKET, ['{"cancel": [[5, "x"]]}', '{"resume": true}', '{"place": []}'])
        assert seqs() == []

    def test_a_batch_is_cut_where_it_gets_too_long(self, monkeypatch):
        monkeypatch.setattr(batch, "EVENTS_PER_ENTRY_MAX", 2)
        for _ in range(5):
            world.place(ANN, MARKET, "buy", 1, 1)
        world.pump(MARKET)
        assert [len(entry.events) for entry in journal.since(MARKET, 0)] == [2, 2, 1]

    def test_the_same_order_twice_in_a_batch_and_in_a_later_one_is_one_order(self):
        world.place(ANN, MARKET, "buy", 1, 1)
        (body,) = bodies()
        matching.run(MARKET, [body, body])
        matching.run(MARKET, [body])
        batch.forget()
        matching.run(MARKET, [body])
        assert seqs() == [1]
        assert world.balances(ANN) == {"CNY": (999, 1)}

    def test_an_order_that_ended_is_not_placed_again(self, monkeypatch):
        monkeypatch.setattr(engine, "WINDOW_ORDERS_MAX", 0)
        world.place(ANN, MARKET, "buy", 1, 1, tif="IOC")
        (body,) = bodies()
        for _ in range(3):
            matching.run(MARKET, [body])
        assert seqs() == [1]

    def test_entries_are_never_older_than_the_one_before(self, monkeypatch):
        world.place(ANN, MARKET, "buy", 1, 1)
        world.pump(MARKET)
        world.place(ANN, MARKET, "buy", 1, 1)
        with monkeypatch.context() as patch:
            world.later(patch, -5_000)
            world.pump(MARKET)
        first, second = journal.since(MARKET, 0)
        assert first.at == second.at

    def test_a_warm_matcher_starts_without_a_read(self, monkeypatch):
        world.place(ANN, MARKET, "buy", 1, 1)
        world.pump(MARKET)
        world.place(ANN, MARKET, "buy", 1, 1)
        waiting = bodies()
        with injected(monkeypatch, Faults()) as counted:
            matching.run(MARKET, waiting)
        assert sorted(counted.seen) == ["PutItem", "PutItem", "UpdateItem"], "the entry, the order, the account"

    def test_a_passing_fault_is_sat_out_and_a_lasting_one_is_told(self, monkeypatch):
        monkeypatch.setattr(batch, "FAILED_TRIES_MAX", 2)
        monkeypatch.setattr(batch, "FAILED_PAUSE_MS", 0)
        world.place(ANN, MARKET, "buy", 1, 1)
        waiting = bodies()
        with injected(monkeypatch, Faults(0, before)):
            matching.run(MARKET, waiting)
        assert seqs() == [1]

        def failing(call, client, operation, kwargs):
            return before(call)

        batch.forget()
        with injected(monkeypatch, failing), pytest.raises(Exception, match=r"aws\.test"):
            matching.run(MARKET, waiting)
        assert MARKET not in batch._engines, "what it believed is forgotten"

    def test_a_matcher_that_keeps_losing_gives_the_batch_back(self, monkeypatch):
        def rival(entry):
            raise journal.Fenced(entry.market, entry.seq)

        world.place(ANN, MARKET, "buy", 1, 1)
        waiting = bodies()
        with monkeypatch.context() as patch:
            patch.setattr(journal, "append", rival)
            with pytest.raises(journal.Fenced):
                matching.run(MARKET, waiting)
        matching.run(MARKET, waiting)

    def test_a_cancel_on_which_the_core_raises_does_not_stop_the_market(self, monkeypatch):
        order_id = world.place(ANN, MARKET, "buy", 1, 1)
        world.pump(MARKET)
        commands.send_cancels(MARKET, ANN, [order_id])
        other = world.place(ANN, MARKET, "buy", 2, 1)
        apply = rules.apply

        def raising(state, command, at, settings):
            if getattr(command, "order_id", None) == order_id:
                raise ZeroDivisionError
            return apply(state, command, at, settings)

        with monkeypatch.context() as patch:
            patch.setattr(rules, "apply", raising)
            world.pump(MARKET)
        assert world.order(ANN, order_id).ending is None
        assert world.order(ANN, other).ending is None


@pytest.mark.usefixtures("people")
class TestCheckpoints:
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch):
        monkeypatch.setattr(checkpoints, "ENTRIES_MIN", 2)

    def entries(self, count):
        for _ in range(count):
            world.place(ANN, MARKET, "buy", 1, 1)
            world.pump(MARKET)

    def test_a_market_with_little_news_is_left_alone(self):
        self.entries(2)
        assert matching.checkpoint() == {}, "the newest entry stays outside"
        self.entries(1)
        assert matching.checkpoint() == {MARKET: 2}
        assert matching.checkpoint() == {}
        self.entries(2)
        assert matching.checkpoint([MARKET]) == {MARKET: 4}
        assert heads.get(MARKET).checkpoint == 4

    def test_a_state_comes_back_from_its_snapshot_with_priority_fills_and_halt(self):
        for price in (1, 2, 1):
            world.place(ANN, MARKET, "buy", price, 4)
        world.place(BOB, MARKET, "sell", 2, 1)
        commands.send_halt(MARKET, halt=True)
        world.pump(MARKET)
        state, found = batch._engines[MARKET].state, rules.MarketState()
        archive.put("book", MARKET, 1, engine.snapshot(state))
        engine.restore(found, archive.get("book", MARKET, 1))
        assert engine.snapshot(found) == engine.snapshot(state)
        assert list(found.book.orders()) == list(state.book.orders())
        assert found.halted

    def test_a_cold_matcher_knows_the_orders_from_before_its_checkpoint(self):
        world.place(ANN, MARKET, "buy", 1, 1)
        first = bodies()
        matching.run(MARKET, first)
        self.entries(2)
        matching.checkpoint()
        batch.forget()
        matching.run(MARKET, first)
        assert seqs() == [1, 2, 3]

    def test_a_cold_matcher_reads_only_what_came_after(self, monkeypatch):
        self.entries(5)
        matching.checkpoint()
        with injected(monkeypatch, Faults()) as counted:
            cold = engine.load(settings.exchange().markets[MARKET])
        assert counted.seen[:3] == ["GetItem", "GetObject", "Query"]
        assert cold.state.seq == 5
        assert len(cold.window.entries) == 1


@pytest.mark.usefixtures("people")
class TestSweeper:
    def lost_order(self, monkeypatch, price=1):
        with monkeypatch.context() as patch:
            patch.setattr(trading, "_send", lambda accepted: None)
            return world.place(ANN, MARKET, "buy", price, 1)

    def test_an_order_is_resent_until_its_market_has_it(self, monkeypatch):
        order_id = self.lost_order(monkeypatch)
        with monkeypatch.context() as patch:
            world.later(patch, 31_000)
            assert matching.sweep() == {"resent": 1, "ghosts": 0}
            assert matching.sweep() == {"resent": 1, "ghosts": 0}
            world.pump(MARKET)
            assert matching.sweep() == {"resent": 0, "ghosts": 0}
        assert [entry.events[0].order.id for entry in journal.since(MARKET, 0)] == [order_id]

    def test_a_person_who_keeps_trading_is_still_found(self, monkeypatch):
        """The lost order is old, though the account took new ones since."""
        old = self.lost_order(monkeypatch)
        with monkeypatch.context() as patch:
            world.later(patch, 29_000)
            world.place(ANN, MARKET, "buy", 2, 1)
            world.pump(MARKET)
            world.place(ANN, MARKET, "buy", 2, 1)
            world.later(patch, 2_000)
            assert matching.sweep() == {"resent": 1, "ghosts": 0}
            world.pump(MARKET)
        assert world.order(ANN, old).ending is None
        assert accounts.get(ANN).intents == {}
        assert accounts.get(ANN).waiting_since is None

    def test_an_account_that_only_seems_to_wait_is_put_to_rest(self, monkeypatch):
        self.lost_order(monkeypatch)
        first = next(iter(accounts.get(ANN).intents.values()))
        world.place(ANN, MARKET, "buy", 2, 1)
        world.pump(MARKET)
        commands.send_orders(MARKET, [first])
        world.pump(MARKET)
        with monkeypatch.context() as patch:
            world.later(patch, 31_000)
            assert matching.sweep() == {"resent": 0, "ghosts": 0}
        assert list(accounts.waiting(10**15)) == []
