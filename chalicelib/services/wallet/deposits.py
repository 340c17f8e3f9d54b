"""Deposits: those that an operator vouches for, and a person's list. What block chains bring is custody's."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from chalicelib import clock, settings
from chalicelib.core.markets import Asset
from chalicelib.core.orders import Page
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind, Status
from chalicelib.services.wallet.amounts import OPERATOR, asset_and_units, rail_of
from chalicelib.stores import transfers
from chalicelib.stores.transfers import Transfer

#: What custody calls a deposit: an output of a transaction. And what is meant to be one.
_OUTPUT: Final = re.compile(r"[0-9a-f]{64}:(0|[1-9][0-9]{0,8})", re.ASCII)
_TRANSACTION: Final = re.compile(r"[0-9a-f]{64}(:.*)?", re.ASCII)


def credit(uid: str, currency: str, amount: Decimal, txid: str | None) -> transfers.Transfer:
    """Credit a deposit that an operator vouches for, once per (currency, txid). Gives back the deposit as it stands.

    Of a coin whose transactions have outputs it is named ``txid:output``, as custody names it, so that nothing counts twice,
    whoever comes first. Raises `Refused` for an unknown currency or account, an amount that is not positive or too precise,
    or a txid that stands for another account or amount, that lacks its output, or that is a deposit which custody follows and
    has not credited yet.
    """
    asset, units = asset_and_units(currency, amount)
    if uid in {market.house for market in settings.exchange().markets.values()}:
        raise Refused(Reason.NO_SUCH_USER, "uid")  # houses earn, they do not deposit
    mark = f"{clock.token_bytes(16).hex()}:0" if txid is None else _mark(asset, txid)
    wanted = transfers.Deposit(f"deposit:{asset.id}:{mark}", uid, asset.id, units, clock.now_ms(), rail_of(asset))
    try:
        standing = transfers.credit(wanted, OPERATOR, "credited")
    except transfers.NoAccount as error:
        raise Refused(Reason.NO_SUCH_USER, "uid") from error
    if (standing.uid, standing.amount, standing.status) != (uid, units, Status.SUCCEEDED):
        raise Refused(Reason.PARAMETER_INVALID, "txid")
    return standing


def _mark(asset: Asset, txid: str) -> str:
    """What stands for a deposit in its key: a transaction's first output where none is named. Raises `Refused` for that of a
    coin which a node of ours follows: custody may have another output of it, and both would count."""
    kept = settings.custody().get(asset.id)
    followed = kept is not None and kept.node != ""
    hexadecimal = bool(asset.networks) and _TRANSACTION.fullmatch(txid.lower()) is not None
    if hexadecimal and _OUTPUT.fullmatch(txid.lower()):
        return txid.lower()
    if not txid or followed or (hexadecimal and ":" in txid):
        raise Refused(Reason.PARAMETER_INVALID, "txid")
    return f"{txid.lower() if hexadecimal else txid}:0"


def deposits(uid: str, asset: str | None, cursor: int | None, limit: int, ids: Sequence[int] | None) -> Page[Transfer]:
    """A person's deposits, newest first: with number < `cursor`, or exactly those of `ids` that are his."""
    if ids is not None:
        return Page(transfers.of_person_by_numbers(uid, Kind.DEPOSIT, ids), more=False)
    return transfers.of_person(uid, Kind.DEPOSIT, asset, cursor, limit)
