"""Where a withdrawal goes: an address of its coin, or for money of a state a bank card of the person's own."""

import json
import re
from dataclasses import dataclass, field
from typing import Final

from chalicelib.core import nxt
from chalicelib.core.bank_cards import BankCard, card, masked
from chalicelib.core.markets import Asset
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import addresses, identity
from chalicelib.stores import vault

MEMO_CHARACTERS_MAX: Final = 100
#: XRP Ledger: a destination tag is a number of 32 bits.
_TAG: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_TAG_MAX: Final = 2**32 - 1
_PUBLIC_KEY: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
CARD_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Target:
    """An address with its memo; or a card: masked where it may be read, and whole only as sealed for its owner."""

    address: str
    memo: str = ""
    sealed: bytes = field(default=b"", repr=False)


def target(uid: str, asset: Asset, address: str, memo: str) -> Target:
    """Where a person's withdrawal goes. Raises `Refused`: WITHDRAWAL_ADDRESS, or PARAMETER_INVALID for its memo."""
    if asset.fiat:
        return _bank_card(uid, address)
    address = address.strip()
    if not addresses.payable(asset.id, address):
        raise Refused(Reason.WITHDRAWAL_ADDRESS, "address")
    return Target(address, _memo(asset, address, memo.strip()))


def opened(sealed: bytes, uid: str) -> str:
    """A card as operators need it, to pay it: ``owner|account|bank|branch``."""
    owner, number, bank, branch = json.loads(vault.unseal(sealed, uid, remember=False))
    return f"{owner}|{number}|{bank}|{branch}"


def _bank_card(uid: str, address: str) -> Target:
    """coinport v2, submit_withdrawal: the address of money is ``owner|account|bank|branch``, and a card that is bound."""
    parts = address.split("|")
    if len(parts) != CARD_PARTS:
        raise Refused(Reason.WITHDRAWAL_ADDRESS, "address")
    owner, number, bank, branch = parts
    try:
        wanted = card(bank, owner, number, branch)
    except Refused as error:
        raise Refused(Reason.WITHDRAWAL_ADDRESS, "address") from error
    if not identity.has_card(uid, wanted):
        raise Refused(Reason.WITHDRAWAL_ADDRESS, "address")
    return Target(shown(wanted), sealed=_sealed(wanted, uid))


def shown(one: BankCard) -> str:
    """A card in the document's form, with its owner and number masked."""
    return f"{one.owner[:1]}*|{masked(one.number)}|{one.bank}|{one.branch}"


def _sealed(one: BankCard, uid: str) -> bytes:
    return vault.seal(json.dumps([one.owner, one.number, one.bank, one.branch], ensure_ascii=False), uid)


def _memo(asset: Asset, address: str, memo: str) -> str:
    """What goes along with a payment. Coins that have no such thing ignore it, as the document's sample has it everywhere."""
    match asset.addresses:
        case "ripple":
            good = not memo or (_TAG.fullmatch(memo) is not None and int(memo) <= _TAG_MAX)
        case "nxt":
            good = not memo or _is_of_account(memo, address)
        case "bitshares":
            good = memo.isprintable() and len(memo) <= MEMO_CHARACTERS_MAX
        case _:
            return ""
    if not good:
        raise Refused(Reason.PARAMETER_INVALID, "nxt_public_key" if asset.addresses == "nxt" else "memo")
    return memo


def _is_of_account(memo: str, address: str) -> bool:
    """Whether a public key is the account's. The document's sample has the account itself in its place."""
    account = nxt.read(address)
    if _PUBLIC_KEY.fullmatch(memo):
        return nxt.account(bytes.fromhex(memo)) == account
    return nxt.read(memo) == account
