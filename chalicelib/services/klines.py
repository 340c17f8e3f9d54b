"""The writer of candles: folds what each journal has gained into chunks in S3. Readers are in `services.market_data`.

A run takes whole minutes only: those before the minute of the newest entry it has read, for later entries are never dated
earlier. Chunks are a pure function of the journal and of the minute they reach to, so it does not matter who writes them
or how often; the market's head, advanced by a condition, is what makes them the ones that are read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from chalicelib import clock, settings
from chalicelib.core.candles import INTERVALS, MINUTE_MS, Chunk, Minutes, advance, chunk_of, fold
from chalicelib.core.orders import Entry
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import matching
from chalicelib.stores import heads, journal, klines

#: One step takes at most this many entries (and the rest of the minute they end in): it bounds memory.
ENTRIES_PER_STEP_MAX = 20_000
#: After this time no step is begun: a function lives 60 s, and a rebuild reports how far it is.
STEPS_MS = 20_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is: `seq` of `last` entries are in."""

    market: str
    seq: int
    last: int
    done: bool


def run(markets: Iterable[str] | None = None) -> dict[str, int]:
    """Bring the candles of `markets` (None: of all) up to date. Gives back market → journal position, of those that moved."""
    begun, moved = clock.monotonic_ms(), {}
    for market in settings.exchange().markets if markets is None else markets:
        while clock.monotonic_ms() - begun < STEPS_MS:
            position = _step(market, market)
            if position is None:
                break
            moved[market] = position.seq
    return moved


def rebuild(market: str) -> Progress:
    """Write a market's candles anew from its journal: a part of the work, as long as the answer is not `done`.

    Readers see the candles that stand until the new ones have come as far. Raises `Refused` for an unknown market.
    """
    found = settings.exchange().market(market)
    if found is None:
        raise Refused(Reason.NO_SUCH_MARKET, "market")
    progress, begun = f"rebuild/{found.id}", clock.monotonic_ms()
    position = None
    while clock.monotonic_ms() - begun < STEPS_MS:
        position = _step(found.id, progress)
        if position is None:
            break
    built, live = heads.get(progress).klines, heads.get(found.id).klines
    done = position is None and built.seq >= live.seq
    if done:
        replaced = built.before if live.until == built.until else live.until
        heads.note_klines(found.id, heads.Klines(built.seq, built.until, built.first, replaced), replace=True)
        heads.forget(progress)
    newest = journal.last(found.id)
    return Progress(found.id, built.seq, built.seq if newest is None else newest.seq, done)


def _step(market: str, name: str) -> heads.Klines | None:
    """Fold the next entries of `market` onto the position noted under `name`; the new position, None if nothing is due."""
    before = heads.get(name).klines
    minutes, seq, until = _read(_entries(market, before.seq))
    if seq <= before.seq:
        return None
    if not minutes:
        # Entries without trades: only the position moves, and the chunks that stand still tell all.
        position = heads.Klines(seq, before.until, before.first, before.before)
        heads.note_klines(name, position)
        return position
    first = next(iter(minutes)) if before.first is None else before.first
    chunks = _begin(market, first) if before.first is None else klines.get_open(market, before.until)
    steps = [advance(chunk, minutes, until) for chunk in chunks]
    klines.put_closed(list(chain.from_iterable(closed for closed, _ in steps)))
    klines.put_open(market, until, [chunk for _, chunk in steps])
    position = heads.Klines(seq, until, first, None if before.first is None else before.until)
    heads.note_klines(name, position)
    if before.before is not None and before.before not in _in_use(market, name):
        # Not yet those that were just replaced: a reader may be on the way to them.
        klines.drop_open(market, before.before)
    return position


def _entries(market: str, seq: int) -> Iterator[Entry]:
    """The entries after `seq`, wherever they are by now."""
    if seq < heads.get(market).archived:
        return (entry for entry in matching.history(market) if entry.seq > seq)
    return journal.since(market, seq)


def _read(entries: Iterator[Entry]) -> tuple[Minutes, int, int]:
    """The minutes that are complete, the last entry in them, and the first minute that may not be complete yet."""
    minutes: Minutes = {}
    seq = done = until = 0
    for count, entry in enumerate(entries):
        minute = entry.at // MINUTE_MS
        if minute > until:
            # A new minute begins: all before it is complete.
            until, done = minute, seq
            if count >= ENTRIES_PER_STEP_MAX:
                break
        seq = entry.seq
        fold(minutes, entry)
    minutes.pop(until, None)
    return minutes, done, until


def _begin(market: str, first: int) -> Sequence[Chunk]:
    """The open chunks of a market whose first trade is in minute `first`."""
    return [Chunk(market, interval, chunk_of(interval, first), first) for interval in INTERVALS]


def _in_use(market: str, name: str) -> set[int | None]:
    """What a rebuild must leave alone: the open chunks that readers are shown, and those before."""
    if name == market:
        return set()
    live = heads.get(market).klines
    return {live.until, live.before}
