"""One small item per market, for those who only read: its newest checkpoint, how far its candles are in S3, its newest
minutes of trading, and whether it is halted. It stays below 1 KB, so each change is one write unit.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.core.candles import Tail
from chalicelib.stores.table import Integer, Table, updated


class HeadRow(Table):
    """A market's head. `checkpoint` is the journal position of the newest checkpoint in S3, 0 for none; `archived` that of
    the last entry in the journal's archive, and `archive_digest` the digest of its newest manifest. `tail` is written by the
    market's matcher after each entry with trades, `tail_seq` being that entry; `klines_…` by the writer of candles: see `Klines`.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("heads")

    market = UnicodeAttribute(hash_key=True)
    checkpoint = Integer(default=0)
    archived = Integer(default=0)
    archive_digest = UnicodeAttribute(default="")
    halted = BooleanAttribute(default=False)
    seq = Integer(default=0)
    tail = BinaryAttribute(legacy_encoding=False, null=True)
    tail_seq = Integer(null=True)
    klines_seq = Integer(null=True)
    klines_until = Integer(null=True)
    klines_first = Integer(null=True)
    klines_before = Integer(null=True)


@dataclass(frozen=True, slots=True)
class Klines:
    """How far a market's candles are in S3.

    All entries up to `seq` are in, which are all trades before minute `until`; `first` is the minute of the market's first
    trade (None: none yet), `before` the `until` of the chunks that these replaced.
    """

    seq: int = 0
    until: int = 0
    first: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What is noted of a market: see `HeadRow`."""

    checkpoint: int = 0
    halted: bool = False
    tail: Tail | None = None
    klines: Klines = Klines()
    archived: int = 0
    archive_digest: str = ""


def get(market: str) -> Head:
    """The head of a market, read consistently."""
    try:
        row = HeadRow.get(market, consistent_read=True)
    except HeadRow.DoesNotExist:
        return Head()
    return _head(row)


def get_many(markets: Iterable[str]) -> dict[str, Head]:
    """market → head, read consistently: one call for all."""
    wanted = list(markets)
    rows = {row.market: _head(row) for row in HeadRow.batch_get(wanted, consistent_read=True)}
    return {market: rows.get(market, Head()) for market in wanted}


def halted(markets: Iterable[str]) -> set[str]:
    """Which of `markets` are noted as halted: one call for all."""
    return {row.market for row in HeadRow.batch_get(list(markets)) if row.halted}


def note_checkpoint(market: str, seq: int) -> None:
    """Point to a newer checkpoint; an older one changes nothing."""
    _advance(market, [HeadRow.checkpoint.set(seq)], HeadRow.checkpoint, seq)


def note_archived(market: str, seq: int, digest: str) -> None:
    """Note that the archive reaches to `seq`; an older position changes nothing."""
    actions: list[Action] = [HeadRow.archived.set(seq), HeadRow.archive_digest.set(digest)]
    _advance(market, actions, HeadRow.archived, seq)


def note_halted(market: str, seq: int, *, halted: bool) -> None:
    """Note that entry `seq` halted or resumed the market; an older entry changes nothing."""
    _advance(market, [HeadRow.halted.set(halted), HeadRow.seq.set(seq)], HeadRow.seq, seq)


def note_tail(market: str, tail: Tail) -> None:
    """Note a market's newest minutes; an older tail changes nothing."""
    body = zlib.compress(json.dumps(tail.to_plain(), separators=(",", ":")).encode())
    _advance(market, [HeadRow.tail.set(body), HeadRow.tail_seq.set(tail.seq)], HeadRow.tail_seq, tail.seq)


def note_klines(market: str, klines: Klines, *, replace: bool = False) -> None:
    """Note how far a market's candles are; an older position changes nothing, the same one only if it is to be replaced."""
    actions: list[Action] = [HeadRow.klines_seq.set(klines.seq), HeadRow.klines_until.set(klines.until)]
    if klines.first is not None:
        actions.append(HeadRow.klines_first.set(klines.first))
    if klines.before is not None:
        actions.append(HeadRow.klines_before.set(klines.before))
    _advance(market, actions, HeadRow.klines_seq, klines.seq + replace)


def forget(name: str) -> None:
    """Remove an item that stands for no market, such as the progress of a rebuild."""
    assert "/" in name, "a market's head is kept for ever"
    HeadRow(name).delete()


def _head(row: HeadRow) -> Head:
    return Head(
        checkpoint=row.checkpoint or 0,
        halted=bool(row.halted),
        tail=None if row.tail is None else Tail.from_plain(json.loads(zlib.decompress(row.tail))),
        klines=Klines(row.klines_seq or 0, row.klines_until or 0, row.klines_first, row.klines_before),
        archived=row.archived or 0,
        archive_digest=row.archive_digest or "",
    )


def _advance(market: str, actions: list[Action], position: Integer, seq: int) -> None:
    updated(HeadRow(market), actions, position.does_not_exist() | (position < seq))
