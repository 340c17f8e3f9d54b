"""Addresses of Bitcoin and its kin, and the messages that their owners sign: who signed owns the address."""

import base64
import binascii
import hashlib

from chalicelib.core.curves import SECP256K1, recover
from chalicelib.core.ripemd import ripemd160

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
#: Ripple counts with the same digits in another order.
RIPPLE_ALPHABET = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
ADDRESS_CHARACTERS_MAX = 100


def version(address: str, alphabet: str = _ALPHABET) -> int | None:
    """The version byte of an address (which coin it is of), or None for what is no address."""
    found = decoded(address, alphabet)
    return None if found is None else found[0]


def signed_by(address: str, message: str, signature: str, magic: str) -> bool:
    """Whether `signature` (base64) is that of `message` by the key of `address`, as wallets' signmessage makes it.

    `magic` is what the coin's wallets put before a message: ``Bitcoin Signed Message:`` and a line's end.
    """
    owner = decoded(address)
    try:
        content = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    if owner is None or len(content) != 65 or not 27 <= content[0] < 35:
        return False
    which, compressed = (content[0] - 27) & 3, content[0] >= 31
    text = _counted(magic.encode()) + _counted(message.encode())
    digest = hashlib.sha256(hashlib.sha256(text).digest()).digest()
    r, s = int.from_bytes(content[1:33], "big"), int.from_bytes(content[33:], "big")
    public = recover(SECP256K1, digest, r, s, which)
    if public is None:
        return False
    x, y = public[0].to_bytes(32, "big"), public[1].to_bytes(32, "big")
    key = bytes([2 + (public[1] & 1)]) + x if compressed else b"\x04" + x + y
    return ripemd160(hashlib.sha256(key).digest()) == owner[1]


def encoded(version_byte: int, hashed: bytes, alphabet: str = _ALPHABET) -> str:
    """The address of a key's hash (20 bytes)."""
    content = bytes([version_byte]) + hashed
    content += _checksum(content)
    number, letters = int.from_bytes(content, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        letters = alphabet[rest] + letters
    return alphabet[0] * (len(content) - len(content.lstrip(b"\0"))) + letters


def decoded(address: str, alphabet: str = _ALPHABET) -> tuple[int, bytes] | None:
    """The version byte and the hash (20 bytes) of an address in Base58Check; None for what is none."""
    if not 0 < len(address) <= ADDRESS_CHARACTERS_MAX or any(letter not in alphabet for letter in address):
        return None
    number = 0
    for letter in address:
        number = number * 58 + alphabet.index(letter)
    if number >= 2**200:
        return None
    content = number.to_bytes(25, "big")
    if _checksum(content[:21]) != content[21:] or encoded(content[0], content[1:21], alphabet) != address:
        return None
    return content[0], content[1:21]


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(content).digest()).digest()[:4]


def _counted(content: bytes) -> bytes:
    """A text with its length before it."""
    assert len(content) < 253
    return bytes([len(content)]) + content
