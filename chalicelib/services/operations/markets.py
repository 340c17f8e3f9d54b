"""Operators and the markets: stop and start one, hold it against its journal, write its folds anew."""

from typing import Any

from chalicelib.services import klines, matching
from chalicelib.services.operations.arguments import Payload, Verb, count, market, text
from chalicelib.stores import commands


def halt(payload: Payload) -> dict[str, Any]:
    """Have a market refuse new orders, from where its queue stands now. Cancels still pass."""
    return _halt(payload, halt=True)


def resume(payload: Payload) -> dict[str, Any]:
    """Have a halted market take orders again."""
    return _halt(payload, halt=False)


def replay(payload: Payload) -> dict[str, Any]:
    """Fold a market's archive and journal anew and hold the outcome against what is live: every difference."""
    return matching.replay(market(payload))


def rebuild(payload: Payload) -> dict[str, Any]:
    """Write a market's orders and trades anew from its journal: a part of the work, to go on `since` where it ended."""
    since = count(payload, "since", 0)
    found = market(payload)
    progress = matching.rebuild(found, since)
    return {"market": found, "seq": progress.seq, "last": progress.last, "done": progress.done}


def rebuild_klines(payload: Payload) -> dict[str, Any]:
    """Write a market's candles anew from its journal: a part of the work, to be asked for again until it is `done`."""
    progress = klines.rebuild(text(payload, "market"))
    return {"market": progress.market, "seq": progress.seq, "last": progress.last, "done": progress.done}


def _halt(payload: Payload, *, halt: bool) -> dict[str, Any]:
    found = market(payload)
    commands.send_halt(found, halt=halt)
    return {"market": found, "halt" if halt else "resume": "sent"}


VERBS: dict[str, Verb] = {
    "halt": (halt, {"market"}),
    "resume": (resume, {"market"}),
    "rebuild": (rebuild, {"market", "since"}),
    "rebuild-klines": (rebuild_klines, {"market"}),
    "replay": (replay, {"market"}),
}
