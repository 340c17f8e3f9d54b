"""Blocks made by hand, for chains that go another way than the node's own miner would."""

import hashlib
import itertools
import struct

#: The easiest target there is: every second number will do.
BITS = 0x207FFFFF
TARGET = 0x7FFFFF << 8 * (0x20 - 3)
counter = itertools.count()


def double(content):
    return hashlib.sha256(hashlib.sha256(content).digest()).digest()


def hash_of(raw):
    """A block's hash as it is written."""
    return double(raw[:80])[::-1].hex()


def block(previous, height, at, transactions):
    """A block after `previous` with `transactions` (in hexadecimal digits, without witnesses), mined to nobody; `at` in s."""
    contents = [_coinbase(height), *(bytes.fromhex(one) for one in transactions)]
    root = _merkle([double(one) for one in contents])
    for nonce in itertools.count():
        head = (
            struct.pack("<I", 0x20000000) + bytes.fromhex(previous)[::-1] + root + struct.pack("<III", at, BITS, nonce)
        )
        if int.from_bytes(double(head), "little") <= TARGET:
            return head + bytes([len(contents)]) + b"".join(contents)
    raise AssertionError


def _coinbase(height):
    """What the miner gets: nothing, by a script that anybody can spend. The counter makes each one different."""
    script = _pushed(struct.pack("<I", height)[:2] + b"\x00") + _pushed(struct.pack("<Q", next(counter)))
    return (
        struct.pack("<I", 1)
        + b"\x01" + bytes(32) + b"\xff" * 4 + bytes([len(script)]) + script + b"\xff" * 4
        + b"\x01" + bytes(8) + b"\x01\x51"
        + bytes(4)
    )  # fmt: skip


def _pushed(content):
    return bytes([len(content)]) + content


def _merkle(hashes):
    while len(hashes) > 1:
        hashes += hashes[-1:] * (len(hashes) % 2)
        hashes = [double(one + other) for one, other in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
