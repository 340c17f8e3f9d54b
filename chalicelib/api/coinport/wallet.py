"""A person's funds."""

from decimal import Decimal

from chalice.app import Blueprint

from chalicelib.api.coinport import words
from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import endpoint
from chalicelib.api.edge.request import Request
from chalicelib.services import wallet

routes = Blueprint(__name__)


@endpoint(routes, "GET", "/api/v2/user/balance", authenticated=True)
def balance(_request: Request, caller: Caller) -> object:
    """``[available, frozen, pending, total]`` of every asset that the account has ever held."""
    return {asset: _funds(funds) for asset, funds in wallet.balances(caller.uid).items()}


def _funds(funds: wallet.Balance) -> list[Decimal]:
    return [words.number(units) for units in (funds.available, funds.frozen, funds.pending, funds.total)]
