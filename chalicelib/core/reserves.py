"""Proof of liabilities: a Merkle sum tree over all balances of one asset, and how anyone checks their part of it.

    leaf  SHA-256(00 ‖ asset, 8 bytes ‖ at, 8 ‖ SHA-256(uid), 32 ‖ balance, 16 ‖ salt, 32)     its sum: the balance
    node  SHA-256(01 ‖ left hash, 32 ‖ left sum, 16 ‖ right hash, 32 ‖ right sum, 16)         its sum: left + right
    pad   SHA-256(02)                                                                         its sum: 0

A level with an odd number of nodes gets a pad at its end. Numbers are unsigned, big-endian, of 1e-8 units. Since a node's
hash binds the sums of both children, and every sum is checked to be in range, no negative balance can hide a debt.
The statement (asset, time, number of leaves, sum, root, and what they were taken from) is signed; a person gets
their own leaf with its salt, and the siblings on the way up: of others they learn the sums of these siblings, no more.

The standard library only: `python -m infra.verify_proof` runs this very file.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.core.curves import P256, verify

Node = tuple[bytes, int]
"""A node of the tree: its hash and its sum."""

#: No asset has so much of anything; so sums of so few never overflow what is hashed.
SUM_LIMIT = 2**96
LEAVES_MAX = 2**31
PAD: Node = (hashlib.sha256(b"\x02").digest(), 0)
#: Leaves are kept in tiles of this many, so that a path is read with two small reads.
TILE_LEVELS = 8
TILE_LEAVES = 2**TILE_LEVELS
#: A public key of P-256 as X.509 has it: these bytes, then x and y.
_PUBLIC_KEY_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


class Invalid(ValueError):  # noqa: N818 - says what is the case
    """A proof that proves nothing; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Tree:
    """All leaves in their order, and the roots of their tiles. `begins`: the first salt of each tile."""

    leaves: Sequence[Node]
    tiles: Sequence[Node]
    begins: Sequence[bytes]
    root: Node


def salt(seed: bytes, uid: str) -> bytes:
    """The salt of a person's leaf, from the secret of one snapshot and asset. Leaves stand in the order of their salts."""
    return hmac.digest(seed, uid.encode(), "sha256")


def leaf(asset: str, at: int, uid: str, balance: int, salted: bytes) -> Node:
    """A person's leaf."""
    _in_range(balance)
    name = asset.encode()
    assert len(name) <= 8
    assert len(salted) == 32
    content = name.ljust(8, b"\0") + at.to_bytes(8, "big") + hashlib.sha256(uid.encode()).digest()
    return hashlib.sha256(b"\x00" + content + balance.to_bytes(16, "big") + salted).digest(), balance


def node(left: Node, right: Node) -> Node:
    """The parent of two nodes."""
    total = _in_range(_in_range(left[1]) + _in_range(right[1]))
    content = left[0] + left[1].to_bytes(16, "big") + right[0] + right[1].to_bytes(16, "big")
    return hashlib.sha256(b"\x01" + content).digest(), total


def build(asset: str, at: int, balances: Mapping[str, int], seed: bytes) -> Tree:
    """The tree over uid → balance (1e-8). Raises `Invalid` for a balance that is negative or beyond any real one."""
    salted = sorted((salt(seed, uid), uid) for uid in balances)
    leaves = [leaf(asset, at, uid, balances[uid], one) for one, uid in salted]
    firsts = range(0, len(leaves), TILE_LEAVES)
    height = levels(len(leaves))
    tiles = [_top(leaves[first : first + TILE_LEAVES], min(height, TILE_LEVELS)) for first in firsts]
    root = _top(tiles, max(height - TILE_LEVELS, 0)) if tiles else PAD
    return Tree(leaves, tiles, [salted[first][0] for first in firsts], root)


def levels(count: int) -> int:
    """How many levels a tree of `count` leaves has above them."""
    return (count - 1).bit_length() if count else 0


def path(count: int, tile: Sequence[Node], tiles: Sequence[Node], index: int) -> list[Node]:
    """The siblings on the way up from leaf `index`, lowest first, from its tile and the roots of all tiles."""
    height = levels(count)
    inside = _siblings(tile, index % TILE_LEAVES, min(height, TILE_LEVELS))
    return inside + _siblings(tiles, index // TILE_LEAVES, max(height - TILE_LEVELS, 0))


def statement(asset: str, at: int, count: int, root: Node, positions: Mapping[str, int], csv: bytes) -> dict[str, Any]:
    """What is signed: which balances (all, at the cut), how many, how much in all, and the file that lists them."""
    return {
        "asset": asset,
        "at": at,
        "count": count,
        "csv": hashlib.sha256(csv).hexdigest(),
        "positions": dict(positions),
        "root": root[0].hex(),
        "sum": str(root[1]),
    }


def canonical(said: Mapping[str, Any]) -> bytes:
    """A statement as the bytes that are signed: JSON without blanks, names in order."""
    return json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


# --- checking -------------------------------------------------------------------------------------------------------


def check(proof: object) -> dict[str, Any]:
    """Check a whole proof: signature, leaf, path, sums. Gives back its statement; raises `Invalid` saying what is wrong.

    Every field is held to one spelling, so that no byte can change unseen. Whether the key is ours, the caller must
    know: compare ``public_key`` with the one that is published.
    """
    fields = _record(proof, {"index", "leaf", "path", "public_key", "signature", "statement"})
    said = _statement(fields["statement"])
    mine = _record(fields["leaf"], {"balance", "salt", "uid"})
    if not isinstance(mine["uid"], str):
        raise Invalid("uid is no text")
    count, index = said["count"], _whole(fields["index"])
    if index >= count:
        raise Invalid("index is beyond the last leaf")
    if not isinstance(fields["path"], list) or len(fields["path"]) != levels(count):
        raise Invalid("the path has not as many steps as the tree has levels")
    here = leaf(said["asset"], said["at"], mine["uid"], _units(mine["balance"]), _hex(mine["salt"], 32))
    for step in fields["path"]:
        pair = _record(step, {"hash", "sum"})
        sibling = _hex(pair["hash"], 32), _units(pair["sum"])
        here = node(sibling, here) if index & 1 else node(here, sibling)
        index >>= 1
    if here != (_hex(said["root"], 32), _units(said["sum"])):
        raise Invalid("leaf and path do not lead to the root")
    return check_statement({name: fields[name] for name in ("public_key", "signature", "statement")})


def check_statement(signed: object) -> dict[str, Any]:
    """Check that a statement has the right form and is signed by the key beside it. Gives it back, or raises `Invalid`."""
    fields = _record(signed, {"public_key", "signature", "statement"})
    said = _statement(fields["statement"])
    key = _hex(fields["public_key"], len(_PUBLIC_KEY_HEAD) + 64)
    if not key.startswith(_PUBLIC_KEY_HEAD):
        raise Invalid("the public key is none of P-256")
    point = int.from_bytes(key[-64:-32], "big"), int.from_bytes(key[-32:], "big")
    r, s = _signature(_hex(fields["signature"]))
    if not verify(P256, point, hashlib.sha256(canonical(said)).digest(), r, s):
        raise Invalid("the signature is not that of the statement")
    return said


def _statement(value: object) -> dict[str, Any]:
    said = _record(value, {"asset", "at", "count", "csv", "positions", "root", "sum"})
    if not isinstance(said["asset"], str) or not re.fullmatch(r"[A-Z0-9]{1,8}", said["asset"]):
        raise Invalid("asset is none")
    if not isinstance(said["positions"], dict):
        raise Invalid("positions are none")
    for number in (said["at"], said["count"], *said["positions"].values()):
        _whole(number)
    _hex(said["csv"], 32)
    _hex(said["root"], 32)
    _units(said["sum"])
    return said


def _signature(der: bytes) -> tuple[int, int]:
    """r and s of an ECDSA signature in DER, in its one valid form."""
    numbers, rest = [], der[2:]
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(rest):
        raise Invalid("the signature has the wrong form")
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 2 or not 0 < rest[1] <= len(rest) - 2:
            raise Invalid("the signature has the wrong form")
        content, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        if content[0] & 0x80 or (content[0] == 0 and (len(content) < 2 or not content[1] & 0x80)):
            raise Invalid("the signature has the wrong form")
        numbers.append(int.from_bytes(content, "big"))
    if rest:
        raise Invalid("the signature has the wrong form")
    return numbers[0], numbers[1]


def _record(value: object, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise Invalid(f"expected exactly the names {', '.join(sorted(names))}")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise Invalid(f"{value!r} is no whole number")
    return value


def _units(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"0|[1-9][0-9]{0,30}", value, re.ASCII):
        raise Invalid(f"{value!r} is no amount in 1e-8 units")
    return _in_range(int(value))


def _hex(value: object, length: int | None = None) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(r"(?:[0-9a-f]{2})+", value):
        raise Invalid(f"{value!r} is no lower-case hex")
    found = bytes.fromhex(value)
    if length is not None and len(found) != length:
        raise Invalid(f"{len(found)} bytes instead of {length}")
    return found


def _in_range(value: int) -> int:
    if not 0 <= value < SUM_LIMIT:
        raise Invalid(f"{value} is out of range")
    return value


# --- levels ---------------------------------------------------------------------------------------------------------


def _up(nodes: Sequence[Node]) -> list[Node]:
    padded = [*nodes, PAD] if len(nodes) % 2 else nodes
    return [node(padded[place], padded[place + 1]) for place in range(0, len(padded), 2)]


def _top(nodes: Sequence[Node], height: int) -> Node:
    for _ in range(height):
        nodes = _up(nodes)
    (top,) = nodes
    return top


def _siblings(nodes: Sequence[Node], index: int, height: int) -> list[Node]:
    found = []
    for _ in range(height):
        beside = index ^ 1
        found.append(nodes[beside] if beside < len(nodes) else PAD)
        nodes, index = _up(nodes), index >> 1
    return found
