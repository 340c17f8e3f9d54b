"""Balance snapshots: key (asset, moment); the files they name are in S3, immutable, and there before their row is.

snapshots/<asset>/<moment>/<name>     every account's balance, for anyone
proofs/<asset>/<moment>.leaves        the leaves of the tree, 48 bytes each, in the order of their salts
proofs/<asset>/<moment>.json          the seed of the salts, the tiles' first salts and their roots: never given out
"""

import json
from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import settings
from chalicelib.core.orders import Page
from chalicelib.core.reserves import TILE_LEAVES, Node, Tree
from chalicelib.stores import archive, aws
from chalicelib.stores.table import Integer, Table, put_all

LEAF_BYTES = 48


class SnapshotRow(Table):
    """One snapshot of one asset. `signed`: the statement, its signature and the key, as JSON."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("snapshots")

    asset = UnicodeAttribute(hash_key=True)
    at = Integer(range_key=True)
    name = UnicodeAttribute()
    size = Integer()
    total = Integer()
    leaves = Integer()
    signed = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as listed. `size` in bytes; `total` in 1e-8; `count`: the leaves of its tree."""

    asset: str
    at: int
    name: str
    size: int
    total: int
    count: int
    signed: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Index:
    """What finds a leaf: the seed of the salts, each tile's first salt and root."""

    seed: bytes
    begins: list[str]
    tiles: list[Node]


def put(snapshots: list[Snapshot], csvs: dict[str, bytes], trees: dict[str, tuple[bytes, Tree]]) -> None:
    """Store the files of all assets, then list them. `trees`: asset → (seed, tree)."""
    objects: list[tuple[str, bytes, str]] = []
    for one in snapshots:
        seed, tree = trees[one.asset]
        index = {
            "seed": seed.hex(),
            "begins": [begin.hex() for begin in tree.begins],
            "tiles": [[digest.hex(), str(total)] for digest, total in tree.tiles],
        }
        leaves = b"".join(digest + balance.to_bytes(16, "big") for digest, balance in tree.leaves)
        objects += [
            (_file_key(one), csvs[one.asset], "text/csv"),
            (_proof_key(one, "leaves"), leaves, "application/octet-stream"),
            (_proof_key(one, "json"), json.dumps(index).encode(), "application/json"),
        ]
    aws.in_parallel(_put, objects)
    put_all(
        [
            SnapshotRow(
                one.asset, one.at, name=one.name, size=one.size, total=one.total, leaves=one.count,
                signed=json.dumps(one.signed),
            )
            for one in snapshots
        ]
    )  # fmt: skip


def newest(asset: str) -> Snapshot | None:
    """The newest snapshot of an asset."""
    return next(iter(listed(asset, None, 1).items), None)


def listed(asset: str, before: int | None, limit: int) -> Page[Snapshot]:
    """An asset's snapshots from before a moment (None: the newest), newest first."""
    condition = None if before is None else SnapshotRow.at < before
    rows = [_snapshot(row) for row in SnapshotRow.query(asset, condition, scan_index_forward=False, limit=limit + 1)]
    return Page(rows[:limit], more=len(rows) > limit)


def between(asset: str, first: int, last: int) -> list[Snapshot]:
    """An asset's snapshots of the moments `first` to `last`, both included."""
    return [_snapshot(row) for row in SnapshotRow.query(asset, SnapshotRow.at.between(first, last))]


def link(snapshot: Snapshot) -> str:
    """A URL that gives anyone the file, for some minutes."""
    return archive.link(_file_key(snapshot))


def file(snapshot: Snapshot) -> bytes:
    """The file itself."""
    body: bytes = aws.client("s3").get_object(Bucket=settings.BUCKET, Key=_file_key(snapshot))["Body"].read()
    return body


def index(snapshot: Snapshot) -> Index:
    """What finds a leaf of a snapshot's tree."""
    content = json.loads(
        aws.client("s3").get_object(Bucket=settings.BUCKET, Key=_proof_key(snapshot, "json"))["Body"].read()
    )
    tiles = [(bytes.fromhex(digest), int(total)) for digest, total in content["tiles"]]
    return Index(bytes.fromhex(content["seed"]), content["begins"], tiles)


def tile(snapshot: Snapshot, number: int) -> list[Node]:
    """The leaves of one tile."""
    first = number * TILE_LEAVES * LEAF_BYTES
    wanted = f"bytes={first}-{first + TILE_LEAVES * LEAF_BYTES - 1}"
    found = aws.client("s3").get_object(Bucket=settings.BUCKET, Key=_proof_key(snapshot, "leaves"), Range=wanted)
    body: bytes = found["Body"].read()
    parts = (body[start : start + LEAF_BYTES] for start in range(0, len(body), LEAF_BYTES))
    return [(part[:32], int.from_bytes(part[32:], "big")) for part in parts]


def _put(one: tuple[str, bytes, str]) -> None:
    key, body, kind = one
    aws.client("s3").put_object(Bucket=settings.BUCKET, Key=key, Body=body, ContentType=kind)


def _file_key(snapshot: Snapshot) -> str:
    return f"snapshots/{snapshot.asset}/{snapshot.at}/{snapshot.name}"


def _proof_key(snapshot: Snapshot, kind: str) -> str:
    return f"proofs/{snapshot.asset}/{snapshot.at}.{kind}"


def _snapshot(row: SnapshotRow) -> Snapshot:
    return Snapshot(row.asset, row.at, row.name, row.size, row.total, row.leaves, json.loads(row.signed))
