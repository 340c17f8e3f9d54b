"""One small item per market: where its newest checkpoint is, and whether it is halted, for those who only read."""

from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.stores.table import Integer, Table, refused


class HeadRow(Table):
    """A market's head. `checkpoint` is the journal position of the newest checkpoint in S3, 0 for none."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("heads")

    market = UnicodeAttribute(hash_key=True)
    checkpoint = Integer(default=0)
    halted = BooleanAttribute(default=False)
    seq = Integer(default=0)


@dataclass(frozen=True, slots=True)
class Head:
    """What is noted of a market: see `HeadRow`."""

    checkpoint: int = 0
    halted: bool = False


def get(market: str) -> Head:
    """The head of a market, read consistently."""
    try:
        row = HeadRow.get(market, consistent_read=True)
    except HeadRow.DoesNotExist:
        return Head()
    return Head(row.checkpoint or 0, bool(row.halted))


def halted(markets: Iterable[str]) -> set[str]:
    """Which of `markets` are noted as halted: one call for all."""
    return {row.market for row in HeadRow.batch_get(list(markets)) if row.halted}


def note_checkpoint(market: str, seq: int) -> None:
    """Point to a newer checkpoint; an older one changes nothing."""
    _advance(market, [HeadRow.checkpoint.set(seq)], HeadRow.checkpoint, seq)


def note_halted(market: str, seq: int, *, halted: bool) -> None:
    """Note that entry `seq` halted or resumed the market; an older entry changes nothing."""
    _advance(market, [HeadRow.halted.set(halted), HeadRow.seq.set(seq)], HeadRow.seq, seq)


def _advance(market: str, actions: list[Action], position: Integer, seq: int) -> None:
    try:
        HeadRow(market).update(actions, position.does_not_exist() | (position < seq))
    except UpdateError as error:
        if not refused(error):
            raise
