"""The way back for a market whose rows were lost: its journal, archive included, is applied anew, entry by entry."""

from dataclasses import dataclass

from chalicelib import clock, settings
from chalicelib.services.matching.archiving import history
from chalicelib.services.matching.engine import apply_effects
from chalicelib.stores import journal

#: A part of the work takes at most this long: less than the function that does it may live.
PART_MS = 30_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to which entry the consequences stand again, and whether that is all."""

    seq: int
    last: int
    done: bool


def rebuild(market: str, since: int) -> Progress:
    """Apply the entries of `market` after `since` once more. Orders and trades that are missing are written; what is there
    stays, for effects refuse to go back: trading may go on meanwhile."""
    ending = clock.monotonic_ms() + PART_MS
    seq, newest = since, journal.last(market)
    last = newest.seq if newest is not None else 0
    for entry in history(market):
        if entry.seq > since:
            if clock.monotonic_ms() > ending:
                return Progress(seq, last, done=False)
            apply_effects(settings.exchange().markets[market], entry)
            seq = entry.seq
    return Progress(seq, max(seq, last), done=True)
