"""The journal's archive: entries older than the newest checkpoint move to S3, and leave the table some days later."""

from collections.abc import Iterable, Iterator

from chalicelib import clock, settings
from chalicelib.core.orders import Entry
from chalicelib.stores import heads, journal, journal_archive
from chalicelib.stores.journal_archive import CHUNK_ENTRIES

#: How long archived entries stay in the table all the same: readers and people may still look at them there.
KEPT_MS = 7 * 86_400_000


def archive(markets: Iterable[str] | None = None) -> dict[str, int]:
    """Archive what each of `markets` (None: all) has below its newest checkpoint, in whole chunks. Market → new position.

    Restartable at any point: a chunk is the same whenever it is made, entries expire only once their chunk has been
    read back, and only then is the position noted.
    """
    moved = {}
    for market in settings.exchange().markets if markets is None else markets:
        head = heads.get(market)
        position, digest = head.archived, head.archive_digest
        while position + CHUNK_ENTRIES <= head.checkpoint:
            chunk = journal.between(market, position + 1, position + CHUNK_ENTRIES)
            digest = journal_archive.put(chunk, digest)
            position += CHUNK_ENTRIES
            journal.expire(chunk, clock.now_ms() + KEPT_MS)
            heads.note_archived(market, position, digest)
            moved[market] = position
    return moved


def history(market: str) -> Iterator[Entry]:
    """Every entry of a market from the first: those archived from S3, the others from the table."""
    head = heads.get(market)
    if head.archived:
        yield from journal_archive.entries(market, head.archived, head.archive_digest)
    yield from journal.since(market, head.archived)
