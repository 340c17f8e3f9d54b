"""What deposits and withdrawals read in the same way."""

from decimal import Decimal
from typing import Final

from chalicelib import settings
from chalicelib.core.markets import Asset
from chalicelib.core.money import SCALE, UNITS_MAX, Imprecise, from_decimal
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Rail

#: Who an operator is on the log of moves: their requests come by IAM, which has its own log of who they were.
OPERATOR: Final = "operator"


def asset_and_units(currency: str, amount: Decimal) -> tuple[Asset, int]:
    """The asset that a person means and a positive amount of it in 1e-8.

    Raises `Refused`: NO_SUCH_CURRENCY; PARAMETER_INVALID for an amount that is too precise, not positive or beyond any account.
    """
    asset = settings.exchange().asset(currency)
    if asset is None:
        raise Refused(Reason.NO_SUCH_CURRENCY, "currency")
    try:
        units = from_decimal(amount, asset.decimals)
    except Imprecise as error:
        raise Refused(Reason.PARAMETER_INVALID, "amount") from error
    if not 0 < units <= UNITS_MAX * SCALE:
        raise Refused(Reason.PARAMETER_INVALID, "amount")
    return asset, units


def rail_of(asset: Asset) -> Rail:
    """Who carries an asset's transfers out."""
    return Rail.CHAIN if asset.block_chain else Rail.OPERATOR
