"""One step of a matcher: a batch of messages becomes journal entries and their effects, exactly once."""

from collections.abc import Sequence

from chalicelib import clock, settings, telemetry
from chalicelib.core import history, matching
from chalicelib.core.orders import Cancel, Command, Event, OrderFilled, Place
from chalicelib.services.matching.engine import Engine, apply_effects, load
from chalicelib.stores import commands, heads, journal, orders

#: An entry takes no further command once it holds this many fills or events. An order has at most 1000 fills, so an
#: entry has fewer than 1500: some 270 KB before compression, well below the 400 KB of an item.
FILLS_PER_ENTRY_MAX = 500
EVENTS_PER_ENTRY_MAX = 1_000
#: How often a batch starts anew after another matcher was faster. Twice is a hand-over; more is an alarm.
FENCED_TRIES_MAX = 5
#: How often a batch is tried while AWS calls fail, and the pause in between. botocore has repeated each call by then.
FAILED_TRIES_MAX = 3
FAILED_PAUSE_MS = 100

#: market → the engine that this container keeps warm. A matcher Lambda has one market.
_engines: dict[str, Engine] = {}


def run(market: str, bodies: Sequence[str], engines: dict[str, Engine] = _engines) -> None:
    """Process the messages of one SQS batch, in order. When it returns, all of it is journalled and applied.

    `engines` is what the container remembers. Raises only when AWS calls keep failing or other matchers keep being
    faster: then SQS brings the same batch again, but only after its visibility time-out, which is why a passing fault is
    sat out here.
    """
    batch = [command for body in bodies for command in _commands(market, body)]
    poison: set[int] = set()
    fenced = failed = 0
    while True:
        try:
            # Taken out while it works: if anything raises, what it believes is forgotten.
            engine = engines.pop(market, None) or load(settings.exchange().markets[market])
            _process(engine, batch, poison)
        except journal.Fenced:
            telemetry.count("FenceConflicts", market=market)
            fenced += 1
            if fenced == FENCED_TRIES_MAX:
                raise
        except _Raised as raised:
            telemetry.alarm("CommandRaised", raised.cause, market=market, order=raised.order_id)
            poison.add(raised.order_id)
        except Exception as error:
            failed += 1
            if failed == FAILED_TRIES_MAX:
                raise
            telemetry.logger().warning("batch failed, starting anew", exc_info=error, extra={"market": market})
            clock.sleep_ms(FAILED_PAUSE_MS)
        else:
            engines[market] = engine
            return


def forget(market: str | None = None) -> None:
    """Make this container cold again, for one market or for all."""
    _engines.clear() if market is None else _engines.pop(market, None)


class _Raised(Exception):  # noqa: N818 - says what happened
    """The pure core raised on a command: an error of ours, which must not block the market."""

    def __init__(self, order_id: int, cause: Exception) -> None:
        super().__init__(order_id)
        self.order_id = order_id
        self.cause = cause


def _commands(market: str, body: str) -> list[Command]:
    """The commands of a message. One that nobody here can have written is dropped, with an alarm: it holds no funds."""
    try:
        return commands.read(market, body)
    except commands.Unreadable as error:
        telemetry.alarm("UnreadableMessage", error, market=market)
        return []


def _process(engine: Engine, batch: Sequence[Command], poison: set[int]) -> None:
    """Fold the batch into entries; commit each, then apply its effects before the next is begun."""
    fresh = _without_repeats(engine, batch)
    events: list[Event] = []
    fills = 0
    for command in fresh:
        if isinstance(command, Place) and command.order.id in engine.window.ids:
            continue  # the same order twice in this batch
        at = clock.now_ms()
        found = _decide(engine, command, at, poison)
        if isinstance(command, Place):
            engine.window.ids.add(command.order.id)
        events += found
        fills += sum(isinstance(event, OrderFilled) for event in found)
        if fills >= FILLS_PER_ENTRY_MAX or len(events) >= EVENTS_PER_ENTRY_MAX:
            _commit(engine, events)
            events, fills = [], 0
    if events:
        _commit(engine, events)


def _decide(engine: Engine, command: Command, at: int, poison: set[int]) -> list[Event]:
    if isinstance(command, Place) and command.order.id in poison:
        return matching.reject(command.order)
    if isinstance(command, Cancel) and command.order_id in poison:
        return []
    try:
        return matching.apply(engine.state, command, at, engine.rules)
    except Exception as error:
        if isinstance(command, Place):
            raise _Raised(command.order.id, error) from error
        if isinstance(command, Cancel):
            raise _Raised(command.order_id, error) from error
        raise


def _commit(engine: Engine, events: list[Event]) -> None:
    """Put the entry: from then on it has happened. Its effects follow; if they fail, the next `load` repeats them."""
    entry = matching.seal(engine.state, engine.market.id, clock.now_ms(), events)
    journal.append(entry)
    engine.window.add(entry)
    apply_effects(engine.market, entry)
    if engine.tail.apply(entry):
        heads.note_tail(engine.market.id, engine.tail)  # the last price, for all who only read
    telemetry.count("Fills", len(history.trades(entry)), market=engine.market.id)


def _without_repeats(engine: Engine, batch: Sequence[Command]) -> list[Command]:
    """The batch without orders that have been journalled before: SQS may redeliver, the sweeper may have resent."""
    old = [c.order for c in batch if isinstance(c, Place) and engine.window.may_predate(c.order)]
    known = orders.known([order for order in old if order.id not in engine.window.ids])
    known |= engine.window.ids
    return [c for c in batch if not isinstance(c, Place) or c.order.id not in known]
