"""Checkpoints: books, and what market readers keep, written to S3 beside the way of an order, so that cold starts are short."""

from collections.abc import Iterable

from chalicelib import settings
from chalicelib.core import matching
from chalicelib.core.market_view import MarketView
from chalicelib.services.matching.engine import restore, snapshot
from chalicelib.stores import archive, heads, journal

#: A market with fewer new entries than this is left alone: a cold start reads as much in one query.
ENTRIES_MIN = 50


def checkpoint(markets: Iterable[str] | None = None) -> dict[str, int]:
    """Write a checkpoint of each of `markets` (None: of all) that has moved on. Gives back market → position.

    Repeats are harmless.
    """
    written = {}
    for market in settings.exchange().markets if markets is None else markets:
        position = _checkpoint(market)
        if position:
            written[market] = position
    return written


def _checkpoint(market: str) -> int | None:
    """Fold the journal after the last checkpoint onto it. The matcher is not asked: its journal says all."""
    state, view = matching.MarketState(), MarketView()
    before = heads.get(market).checkpoint
    if before:
        restore(state, archive.get("book", market, before))
        view = MarketView.from_plain(archive.get("view", market, before))
    held_back = None
    for entry in journal.since(market, before):
        # The newest entry stays outside: a matcher that starts repeats the effects of the last entry it reads.
        if held_back is not None:
            matching.replay(state, held_back)
            view.apply(held_back)
        held_back = entry
    if state.seq - before < ENTRIES_MIN:
        return None
    archive.put("book", market, state.seq, snapshot(state))
    archive.put("view", market, state.seq, view.to_plain())
    heads.note_checkpoint(market, state.seq)
    return state.seq
