"""The journal's archive in S3: chunks of 500 entries, immutable, each with a manifest that names its digest.

A chunk is gzipped JSON lines, ``{"seq": …, "at": …, "events": [[…], …]}``; a manifest is JSON with the chunk's first and last
entry, its SHA-256 and the digest of the manifest before it: a chain whose newest digest stands in the market's head, so
that nothing archived can change unnoticed. The same entries give the same bytes, so that a repeat changes nothing.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence

from chalicelib import settings
from chalicelib.core.orders import Entry
from chalicelib.stores import aws, journal

CHUNK_ENTRIES = 500


class Damaged(Exception):  # noqa: N818 - says what is the case
    """What stands in the archive is not what was put there."""


def put(entries: Sequence[Entry], before: str) -> str:
    """Store one chunk of entries and its manifest; `before` is the digest of the manifest before it ("" for none).

    Gives back the digest of the new manifest. Both are read back before they count as stored. Raises `Damaged`.
    """
    market, first, last = entries[0].market, entries[0].seq, entries[-1].seq
    assert [one.seq for one in entries] == list(range(first, first + CHUNK_ENTRIES)), "a chunk is whole, without a gap"
    lines = [
        json.dumps({"seq": one.seq, "at": one.at, "events": journal.to_plain(one.events)}, separators=(",", ":"))
        for one in entries
    ]
    body = gzip.compress("\n".join(lines).encode(), 9, mtime=0)
    manifest = json.dumps(
        {
            "market": market,
            "first": first,
            "last": last,
            "at_first": entries[0].at,
            "at_last": entries[-1].at,
            "bytes": len(body),
            "sha256": _digest(body),
            "before": before,
        }
    ).encode()
    for key, content in ((_key(market, first, "jsonl.gz"), body), (_key(market, first, "manifest.json"), manifest)):
        aws.client("s3").put_object(Bucket=settings.BUCKET, Key=key, Body=content)
        if _read(key) != content:
            raise Damaged(key)
    return _digest(manifest)


def entries(market: str, upto: int, digest: str) -> Iterator[Entry]:
    """All archived entries of a market up to `upto`, in order; `digest` is that of the newest manifest.

    Raises `Damaged` as soon as a chunk or a manifest is not what the chain of digests says.
    """
    before = ""
    for first in range(1, upto, CHUNK_ENTRIES):
        manifest = _read(_key(market, first, "manifest.json"))
        said = json.loads(manifest)
        body = _read(_key(market, first, "jsonl.gz"))
        if said["before"] != before or said["sha256"] != _digest(body):
            raise Damaged(market, first)
        for line in gzip.decompress(body).splitlines():
            row = json.loads(line)
            yield Entry(market, row["seq"], row["at"], journal.from_plain(market, row["events"]))
        before = _digest(manifest)
    if before != digest:
        raise Damaged(market, upto)


def _read(key: str) -> bytes:
    body: bytes = aws.client("s3").get_object(Bucket=settings.BUCKET, Key=key)["Body"].read()
    return body


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _key(market: str, first: int, kind: str) -> str:
    return f"journal/{market}/{first:016d}.{kind}"
