"""The journal: key (market, seq), one item per commit. Putting an item is the commit and the fence of a market.

An item holds its events as JSON arrays, compressed: a batch of a hundred orders takes a few write units instead of
thirty, and a thousand fills stay far below the 400 KB that an item may have.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import BinaryAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import settings
from chalicelib.core.orders import (
    Ending,
    Entry,
    Event,
    MarketHalted,
    MarketResumed,
    Order,
    OrderCancelled,
    OrderFilled,
    OrderPlaced,
    Side,
)
from chalicelib.stores import orders
from chalicelib.stores.table import Integer, Table, put_all, refused


class Fenced(Exception):  # noqa: N818 - says what happened
    """Another writer has committed this sequence number: what this one believes of the market is outdated."""


class JournalRow(Table):
    """One committed entry."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("journal")

    market = UnicodeAttribute(hash_key=True)
    seq = Integer(range_key=True)
    at = Integer()
    events = BinaryAttribute(legacy_encoding=False)
    expires = TTLAttribute(null=True)


def append(entry: Entry) -> None:
    """Commit `entry`. Raises `Fenced` if another entry stands there; a repeat of the same entry is no news.

    Any other error leaves it open whether the entry was committed: the caller must forget what it believed and reload.
    """
    row = JournalRow(entry.market, entry.seq, at=entry.at, events=encode(entry.events))
    try:
        row.save(JournalRow.market.does_not_exist())
    except PutError as error:
        if not refused(error):
            raise
        # botocore repeats a put whose answer was lost: what stands there may be our own.
        standing = JournalRow.get(entry.market, entry.seq, consistent_read=True)
        if (standing.at, standing.events) != (row.at, row.events):
            raise Fenced(entry.market, entry.seq) from error


def since(market: str, seq: int, *, consistent: bool = True) -> Iterator[Entry]:
    """The entries after `seq`, in order."""
    for row in JournalRow.query(market, JournalRow.seq > seq, consistent_read=consistent):
        yield Entry(row.market, row.seq, row.at, decode(row.market, row.events))


def last(market: str) -> Entry | None:
    """The newest entry, read consistently."""
    for row in JournalRow.query(market, scan_index_forward=False, limit=1, consistent_read=True):
        return Entry(row.market, row.seq, row.at, decode(row.market, row.events))
    return None


def between(market: str, first: int, last: int) -> list[Entry]:
    """The entries `first` to `last`, both included, read consistently."""
    rows = JournalRow.query(market, JournalRow.seq.between(first, last), consistent_read=True)
    return [Entry(row.market, row.seq, row.at, decode(row.market, row.events)) for row in rows]


def expire(entries: Sequence[Entry], at: int) -> None:
    """Let DynamoDB delete these entries some time after `at` (ms since epoch). Only for entries that are archived."""
    expires = datetime.fromtimestamp(at // 1000, UTC)
    put_all([JournalRow(one.market, one.seq, at=one.at, events=encode(one.events), expires=expires) for one in entries])


def encode(events: tuple[Event, ...]) -> bytes:
    """Events as compressed JSON. The same events give the same bytes."""
    return zlib.compress(json.dumps(to_plain(events), separators=(",", ":")).encode(), 6)


def decode(market: str, data: bytes) -> tuple[Event, ...]:
    """The events that `encode` wrote."""
    return from_plain(market, json.loads(zlib.decompress(data)))


def to_plain(events: tuple[Event, ...]) -> list[list[Any]]:
    """Events as plain values, one list each, its kind first."""
    return [_encode(event) for event in events]


def from_plain(market: str, rows: Iterable[Sequence[Any]]) -> tuple[Event, ...]:
    """The events that `to_plain` gave."""
    events: list[Event] = []
    taker: Order | None = None
    taken = 0
    for kind, *values in rows:
        if kind == "P":
            taker, taken = orders.from_list(values), 0
            assert taker.market == market
            events.append(OrderPlaced(taker))
        elif kind == "F":
            # A fill is always of the order placed last: its side of the fill is not written a second time.
            assert taker is not None
            taken += values[4]
            events.append(_decode_fill(taker, taken, values))
        else:
            events.append(_DECODERS[kind](values))
    return tuple(events)


def _encode(event: Event) -> list[Any]:
    if isinstance(event, OrderPlaced):
        return ["P", *orders.to_list(event.order)]
    if isinstance(event, OrderFilled):
        return [
            "F", event.trade_id, event.maker_id, event.maker_uid, event.price, event.amount, event.quote,
            event.buyer_fee, event.seller_fee, event.maker_amount, event.maker_filled,
        ]  # fmt: skip
    if isinstance(event, OrderCancelled):
        return [
            "C", event.order_id, event.uid, event.side, event.price, event.amount, event.filled, event.ending,
        ]  # fmt: skip
    return ["H"] if isinstance(event, MarketHalted) else ["R"]


def _decode_fill(taker: Order, taken: int, values: list[Any]) -> OrderFilled:
    trade_id, maker_id, maker_uid, price, amount, quote, buyer_fee, seller_fee, maker_amount, maker_filled = values
    return OrderFilled(
        trade_id=trade_id,
        taker_id=taker.id,
        taker_uid=taker.uid,
        taker_side=taker.side,
        maker_id=maker_id,
        maker_uid=maker_uid,
        price=price,
        amount=amount,
        quote=quote,
        buyer_fee=buyer_fee,
        seller_fee=seller_fee,
        taker_price=taker.price,
        taker_amount=taker.amount,
        taker_filled=taken,
        maker_amount=maker_amount,
        maker_filled=maker_filled,
    )


def _decode_cancel(values: list[Any]) -> OrderCancelled:
    order_id, uid, side, price, amount, filled, ending = values
    return OrderCancelled(order_id, uid, Side(side), price, amount, filled, Ending(ending))


_DECODERS: Mapping[str, Callable[[list[Any]], Event]] = {
    "C": _decode_cancel,
    "H": lambda _: MarketHalted(),
    "R": lambda _: MarketResumed(),
}
