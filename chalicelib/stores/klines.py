"""Candles in S3. Every object is immutable: an open chunk is named by how far it reaches, and its successors replace it.

    klines/<market>/<interval>/<chunk>.json                closed chunks
    klines-open/<market>/<until>/<interval>.json           the open chunk of each interval, complete before minute `until`
    klines-open/<market>/<until>/manifest.json             name, size and SHA-256 of each of these

Each chunk holds the SHA-256 of the chunk before it, so that a manifest vouches for all of a market's history.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import partial

from chalicelib import settings
from chalicelib.core.candles import INTERVALS, Chunk, chunk_of
from chalicelib.stores import aws


def put_closed(chunks: Sequence[Chunk]) -> None:
    """Store closed chunks. A repeat writes the same bytes again."""
    assert all(chunk.until == chunk.ends for chunk in chunks)
    aws.in_parallel(
        lambda chunk: _put(_closed_key(chunk.market, chunk.interval, chunk.number), chunk.to_bytes()), chunks
    )


def put_open(market: str, until: int, chunks: Sequence[Chunk]) -> None:
    """Store the open chunks of all intervals, and their manifest."""
    bodies = {_open_key(market, until, chunk.interval): chunk.to_bytes() for chunk in chunks}
    manifest = {
        "market": market,
        "until": until * 60_000,
        "objects": [
            {"name": key, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for key, body in bodies.items()
        ],
    }
    bodies[_manifest_key(market, until)] = json.dumps(manifest, indent=1).encode()
    aws.in_parallel(lambda write: write(), [partial(_put, key, body) for key, body in bodies.items()])


def get(market: str, interval: str, numbers: Sequence[int], until: int) -> list[Chunk]:
    """Chunks by number, as of the open ones of `until`. One that is missing is an error: heads point to what is there."""

    def one(number: int) -> Chunk:
        is_open = number == chunk_of(interval, until)
        key = _open_key(market, until, interval) if is_open else _closed_key(market, interval, number)
        found = aws.client("s3").get_object(Bucket=settings.BUCKET, Key=key)
        return Chunk.from_bytes(found["Body"].read())

    return aws.in_parallel(one, numbers)


def get_open(market: str, until: int) -> list[Chunk]:
    """The open chunks of all intervals, as of `until`."""
    return aws.in_parallel(lambda interval: get(market, interval, [chunk_of(interval, until)], until)[0], INTERVALS)


def drop_open(market: str, until: int) -> None:
    """Remove open chunks that have long been replaced."""
    keys = [*(_open_key(market, until, interval) for interval in INTERVALS), _manifest_key(market, until)]
    aws.client("s3").delete_objects(
        Bucket=settings.BUCKET, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
    )


def _put(key: str, body: bytes) -> None:
    aws.client("s3").put_object(Bucket=settings.BUCKET, Key=key, Body=body, ContentType="application/json")


def _closed_key(market: str, interval: str, number: int) -> str:
    return f"klines/{market}/{interval}/{number:08d}.json"


def _open_key(market: str, until: int, interval: str) -> str:
    return f"klines-open/{market}/{until:012d}/{interval}.json"


def _manifest_key(market: str, until: int) -> str:
    return f"klines-open/{market}/{until:012d}/manifest.json"
