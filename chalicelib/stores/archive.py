"""The S3 bucket: checkpoints of books and of what market readers keep, immutable and named by position; links to public files."""

import json
import zlib
from typing import Any

from chalicelib import settings
from chalicelib.stores import aws

#: How long a link to a file is good for.
LINK_S = 300


def put(kind: str, market: str, seq: int, content: dict[str, Any]) -> None:
    """Store `content` (plain values) as the checkpoint of `kind` of a market at journal position `seq`."""
    body = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 6)
    aws.client("s3").put_object(Bucket=settings.BUCKET, Key=_key(kind, market, seq), Body=body)


def get(kind: str, market: str, seq: int) -> dict[str, Any]:
    """The checkpoint that `put` stored. A missing one is an error: heads point only to what was stored before."""
    found = aws.client("s3").get_object(Bucket=settings.BUCKET, Key=_key(kind, market, seq))
    content: dict[str, Any] = json.loads(zlib.decompress(found["Body"].read()))
    return content


def link(key: str) -> str:
    """A URL that gives anyone an object of the bucket, for some minutes."""
    url: str = aws.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": settings.BUCKET, "Key": key}, ExpiresIn=LINK_S
    )
    return url


def _key(kind: str, market: str, seq: int) -> str:
    return f"checkpoints/{kind}/{market}/{seq:016d}.json.z"
