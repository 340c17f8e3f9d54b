"""Repairs: what a matcher committed and did not live to apply becomes visible without waiting for the next order."""

from collections.abc import Iterable

from chalicelib import clock, settings, telemetry
from chalicelib.core.ledger import settlements
from chalicelib.core.markets import Market
from chalicelib.core.orders import Entry
from chalicelib.services.matching.engine import apply_effects
from chalicelib.stores import accounts, aws, journal

#: A matcher applies effects within seconds; after this it is not at work on them any more.
BEHIND_MS = 15_000

#: market → the last entry that this container found applied.
_applied: dict[str, int] = {}


def repair(markets: Iterable[str] | None = None) -> dict[str, int]:
    """Apply the last entry of each of `markets` (None: all) where that is still owed. Market → the entry repaired.

    Only the last entry can be owed: a matcher commits none before the effects of the one before are applied.
    """
    repaired = {}
    for market in settings.exchange().markets.values():
        if markets is not None and market.id not in markets:
            continue
        entry = journal.last(market.id)
        if entry is None or entry.at > clock.now_ms() - BEHIND_MS or _applied.get(market.id) == entry.seq:
            continue
        if _owed(market, entry):
            apply_effects(market, entry)
            telemetry.count("EffectsBehind", market=market.id)
            repaired[market.id] = entry.seq
        _applied[market.id] = entry.seq
    return repaired


def forget() -> None:
    """Make this container cold again."""
    _applied.clear()


def _owed(market: Market, entry: Entry) -> bool:
    """Whether an account that the entry touches is not settled for it. Accounts come last: then all else is applied."""
    touched = settlements(market, entry)
    found = aws.in_parallel(accounts.get, touched) if touched else []
    return not touched or any(one is not None and one.applied.get(market.id, 0) < entry.seq for one in found)
