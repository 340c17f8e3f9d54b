"""Deposits: those that an operator vouches for, and a person's list. What block chains bring is custody's."""

from collections.abc import Sequence
from decimal import Decimal

from chalicelib import clock, settings
from chalicelib.core.orders import Page
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind, Status
from chalicelib.services.wallet.amounts import OPERATOR, asset_and_units, rail_of
from chalicelib.stores import transfers
from chalicelib.stores.transfers import Transfer


def credit(uid: str, currency: str, amount: Decimal, txid: str | None) -> transfers.Transfer:
    """Credit a deposit that an operator vouches for, once per (currency, txid). Gives back the deposit as it stands.

    Raises `Refused` for an unknown currency or account, an amount that is not positive or too precise, or a txid that
    stands for another account or amount, or for a deposit that custody follows and has not credited yet.
    """
    asset, units = asset_and_units(currency, amount)
    if uid in {market.house for market in settings.exchange().markets.values()}:
        raise Refused(Reason.NO_SUCH_USER, "uid")  # houses earn, they do not deposit
    if txid == "":
        raise Refused(Reason.PARAMETER_INVALID, "txid")
    mark = txid or clock.token_bytes(16).hex()
    wanted = transfers.Deposit(f"deposit:{asset.id}:{mark}:0", uid, asset.id, units, clock.now_ms(), rail_of(asset))
    try:
        standing = transfers.credit(wanted, OPERATOR, "credited")
    except transfers.NoAccount as error:
        raise Refused(Reason.NO_SUCH_USER, "uid") from error
    if (standing.uid, standing.amount, standing.status) != (uid, units, Status.SUCCEEDED):
        raise Refused(Reason.PARAMETER_INVALID, "txid")
    return standing


def deposits(uid: str, asset: str | None, cursor: int | None, limit: int, ids: Sequence[int] | None) -> Page[Transfer]:
    """A person's deposits, newest first: with number < `cursor`, or exactly those of `ids` that are his."""
    if ids is not None:
        return Page(transfers.of_person_by_numbers(uid, Kind.DEPOSIT, ids), more=False)
    return transfers.of_person(uid, Kind.DEPOSIT, asset, cursor, limit)
