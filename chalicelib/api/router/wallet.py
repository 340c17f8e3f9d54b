"""What one has, and where it goes: balances, and the address bound to each coin."""

import msgspec

from chalicelib import settings
from chalicelib.api.edge.callers import Caller
from chalicelib.api.edge.request import Request
from chalicelib.api.router import words
from chalicelib.api.router.methods import NoArguments, method
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import wallet, withdrawal_addresses


class Coin(msgspec.Struct, forbid_unknown_fields=True):
    """Which coin."""

    coin: str


class CoinAndAddress(msgspec.Struct, forbid_unknown_fields=True):
    """Which coin goes where."""

    coin: str
    address: str


@method(authenticated=True)
def get_user_coin(_request: Request, _none: NoArguments, caller: Caller) -> object:
    """Every coin → what is available of it."""
    balances = wallet.balances(caller.uid)
    return {
        asset: words.number(balances[asset].available if asset in balances else 0)
        for asset in settings.exchange().assets
    }


@method(Coin, authenticated=True)
def get_withdraw_address(_request: Request, arguments: Coin, caller: Caller) -> object:
    """The address bound to a coin."""
    address = withdrawal_addresses.bound(caller.uid, words.coin(arguments.coin))
    if not address:
        raise Refused(Reason.NOT_BOUND, "address")
    return address


@method(CoinAndAddress, authenticated=True, changing=True)
def set_withdraw_address(_request: Request, arguments: CoinAndAddress, caller: Caller) -> object:
    """Bind an address to a coin. One in the place of another is used from a day later on."""
    withdrawal_addresses.bind(caller.uid, words.coin(arguments.coin), arguments.address)
    return ""
