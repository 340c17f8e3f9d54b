"""What one has, and where it goes: balances, the address bound to each coin, withdrawals to it."""

from decimal import Decimal

import msgspec

from chalicelib import settings
from chalicelib.api.edge.callers import Caller
from chalicelib.api.edge.funds import memo_of
from chalicelib.api.edge.request import Request
from chalicelib.api.router import words
from chalicelib.api.router.methods import NoArguments, method
from chalicelib.core.markets import Asset
from chalicelib.core.money import DECIMALS, to_decimal
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import wallet, withdrawal_addresses
from chalicelib.services.identity import Given, SentCode


class Coin(msgspec.Struct, forbid_unknown_fields=True):
    """Which coin."""

    coin: str


class CoinAndAddress(msgspec.Struct, forbid_unknown_fields=True):
    """Which coin goes where."""

    coin: str
    address: str


class Withdrawal(msgspec.Struct, forbid_unknown_fields=True):
    """Which coin is to be withdrawn, how much of it, and the factors that the person's settings ask for, as in coinport v2.

    All but the coin are ours: the document has the whole balance withdrawn, and knows neither factors nor what some coins need
    besides an address.
    """

    coin: str
    amount: str = ""
    memo: str = ""
    nxt_public_key: str = ""
    emailUuid: str = ""  # noqa: N815 - names on the wire
    emailCode: str = ""  # noqa: N815
    phoneUuid: str = ""  # noqa: N815
    phoneCode: str = ""  # noqa: N815
    googleCode: str = ""  # noqa: N815


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
    address = withdrawal_addresses.bound(caller.uid, words.coin(arguments.coin).id)
    if not address:
        raise Refused(Reason.NOT_BOUND, "address")
    return address


@method(CoinAndAddress, authenticated=True, changing=True)
def set_withdraw_address(_request: Request, arguments: CoinAndAddress, caller: Caller) -> object:
    """Bind an address to a coin. One in the place of another is used from a day later on."""
    withdrawal_addresses.bind(caller.uid, words.coin(arguments.coin).id, arguments.address)
    return ""


@method(Withdrawal, authenticated=True, changing=True)
def withdraw(_request: Request, arguments: Withdrawal, caller: Caller) -> object:
    """Withdraw all that is available of a coin, or an amount, to the address bound to it. The answer is the withdrawal's id."""
    asset = words.coin(arguments.coin)
    address = withdrawal_addresses.destination(caller.uid, asset.id)
    if not address:
        raise Refused(Reason.NOT_BOUND, "address")
    memo = memo_of(asset.id, arguments.memo, arguments.nxt_public_key)
    amount = words.units(arguments.amount, "amount") if arguments.amount else _all_of(caller.uid, asset)
    given = Given(
        _sent(arguments.emailUuid, arguments.emailCode, Reason.EMAIL_CODE),
        _sent(arguments.phoneUuid, arguments.phoneCode, Reason.SMS_CODE),
        arguments.googleCode or None,
    )
    try:
        return str(wallet.submit_withdrawal(caller.uid, asset.id, amount, address, given, memo).number)
    except Refused as refused:
        if (
            refused.reason is Reason.PARAMETER_MISSING
        ):  # a factor that did not come is a wrong one: no text of the document's fits
            raise Refused(Reason.EMAIL_CODE, refused.parameter) from refused
        raise


def _all_of(uid: str, asset: Asset) -> Decimal:
    """What is available of an asset, down to the last decimal that it can be paid in. Raises `Refused` where that is nothing."""
    balance = wallet.balances(uid).get(asset.id)
    unit = 10 ** (DECIMALS - asset.decimals)
    units = balance.available // unit * unit if balance else 0
    if not units:
        raise Refused(Reason.INSUFFICIENT_FUNDS, "coin")
    return to_decimal(units)


def _sent(code_id: str, code: str, wrong: Reason) -> SentCode | None:
    """A code with the id it was sent under; None when neither came. One alone proves nothing."""
    if not code_id and not code:
        return None
    if not code_id or not code:
        raise Refused(wrong)
    return SentCode(code_id, code)
