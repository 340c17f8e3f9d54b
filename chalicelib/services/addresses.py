"""Addresses: where a person deposits, and whether one that they name for a withdrawal can be paid.

Deposit addresses are derived from an extended public key (BIP-32, ``<account>/0/<number of the person>``): the same person
always gets the same one, and no key that could spend from it is anywhere near. A fresh start, or another exchange with
the same account key, finds them all again.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from chalicelib import settings
from chalicelib.core import nxt
from chalicelib.core.addresses import ADDRESS_CHARACTERS_MAX, RIPPLE_ALPHABET, decoded, encoded, version
from chalicelib.core.identity import UID_BASE
from chalicelib.stores import addresses

if TYPE_CHECKING:
    from embit.bip32 import HDKey

#: Receiving addresses stand on this chain of an account (BIP-44).
RECEIVING = 0
#: BitShares' account names: parts of lower-case letters, digits and dashes between full stops, each beginning with a letter.
_BITSHARES_NAME = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z](?:[a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_BITSHARES_CHARACTERS_MAX = 63
#: The lengths in bytes that a program of a version of SegWit may have; later versions are spendable by anybody today.
_SEGWIT_BYTES = {0: (20, 32), 1: (32,)}


def of_person(asset_id: str, uid: str) -> str:
    """Where `uid` deposits an asset: an address of their own, or a common account with their uid as the memo after ``//``.

    NXT is ``account//NXT-RS//public key``, as its wallets want it (coinport v2, deposit_addresses); there too the uid is
    the message to send along. "" when the stage keeps no such asset.
    """
    asset, kept = settings.exchange().assets[asset_id], settings.custody().get(asset_id)
    if kept is None:
        return ""
    match asset.addresses:
        case "bitcoin":
            from embit import hashes

            key = _receiving(kept.account).derive([int(uid) - UID_BASE])
            return encoded(settings.network(asset_id).p2pkh, hashes.hash160(key.sec()))
        case "nxt":
            account = nxt.account(bytes.fromhex(kept.account))
            return f"{account}//{nxt.written(account)}//{kept.account}"
        case _:
            return f"{kept.account}//{uid}"


def payable(asset_id: str, address: str) -> bool:
    """Whether `address` is one of this asset, on the network of this stage: check digits, network, form.

    What lives on no block chain has no addresses that could be checked: then any short printable text will do, which an
    operator reads.
    """
    match settings.exchange().assets[asset_id].addresses:
        case "bitcoin":
            network = settings.network(asset_id)
            return version(address) in {network.p2pkh, network.p2sh} or _in_bech32(network.bech32, address)
        case "ripple":
            return version(address, RIPPLE_ALPHABET) == 0
        case "nxt":
            return nxt.read(address) is not None
        case "bitshares":
            return len(address) <= _BITSHARES_CHARACTERS_MAX and _BITSHARES_NAME.fullmatch(address) is not None
        case _:
            return address.isascii() and address.isprintable() and 0 < len(address.strip()) <= ADDRESS_CHARACTERS_MAX


def script_of(asset_id: str, address: str) -> str:
    """What an output holds that pays `address`, in hexadecimal digits: to check what a wallet has signed.

    Only for addresses of Bitcoin's family that are `payable`.
    """
    network = settings.network(asset_id)
    first, hashed = decoded(address) or (None, b"")
    if first == network.p2pkh:
        return f"76a914{hashed.hex()}88ac"
    if first == network.p2sh:
        return f"a914{hashed.hex()}87"
    from embit import bech32

    witness, program = bech32.decode(network.bech32, address)
    opcode = 0x50 + witness if witness else 0
    return bytes([opcode, len(program), *program]).hex()


def give(uid: str, asset_id: str) -> str:
    """The deposit address of `uid`, from now on watched. Once given out it stays, whatever the stage's keys become.

    "" when the stage keeps no such asset.
    """
    standing = addresses.given(uid).get(asset_id)
    if standing is not None:
        return standing
    address = of_person(asset_id, uid)
    return addresses.give(uid, asset_id, address) if address else ""


def given(uid: str) -> dict[str, str]:
    """asset → deposit address, of the assets that `uid` has asked for one of."""
    return addresses.given(uid)


@cache
def _receiving(account: str) -> "HDKey":
    """The key that all receiving addresses of an account are derived from. A private one here is our mistake."""
    from embit.bip32 import HDKey

    key = HDKey.from_base58(account)
    assert not key.is_private
    return key.derive([RECEIVING])


def _in_bech32(beginning: str, address: str) -> bool:
    if not beginning or not address.isascii():
        return False
    from embit import bech32

    witness, program = bech32.decode(beginning, address)
    return witness in _SEGWIT_BYTES and len(program) in _SEGWIT_BYTES[witness]
