"""The proof that a market can be rebuilt: archive and journal are folded anew and held against what is live."""

import hashlib
import json
from typing import Any

from chalicelib.core import matching
from chalicelib.services.matching.archiving import history
from chalicelib.services.matching.engine import snapshot
from chalicelib.stores import archive, heads, orders

#: Open orders are looked up this many at a time.
ROWS_AT_ONCE = 500


def replay(market: str) -> dict[str, Any]:
    """Fold all that ever happened in `market`; give back what came out, and every difference from what is live.

    Held against: the newest checkpoint, value by value, at its position; and the rows of the orders that are open. Rows may be
    ahead of what was read while trading goes on, never behind.
    """
    state = matching.MarketState()
    differences = []
    position = heads.get(market).checkpoint
    entries = 0
    for entry in history(market):
        matching.replay(state, entry)
        entries += 1
        if entry.seq == position and snapshot(state) != archive.get("book", market, position):
            differences.append(f"checkpoint {position} is not what the journal gives")
    open_orders = list(state.book.orders())
    for start in range(0, len(open_orders), ROWS_AT_ONCE):
        part = open_orders[start : start + ROWS_AT_ONCE]
        rows = orders.rows([(order.uid, order.id) for order in part])
        for order in part:
            view, seq = rows.get((order.uid, order.id), (None, 0))
            if view is None or (seq <= state.seq and view.order != order):
                differences.append(f"order {order.id} of {order.uid} is not what the journal gives")
    content = json.dumps(snapshot(state), separators=(",", ":")).encode()
    return {
        "market": market,
        "entries": entries,
        "orders_open": len(open_orders),
        "digest": hashlib.sha256(content).hexdigest(),
        "differences": differences,
    }
