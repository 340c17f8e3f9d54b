"""A person's funds: balances, deposits, withdrawals."""

from decimal import Decimal
from typing import Final

import msgspec
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.api.coinport import words
from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import endpoint
from chalicelib.api.edge import paging
from chalicelib.api.edge.json import Number
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import addresses, wallet
from chalicelib.services.identity import Given, SentCode
from chalicelib.stores.transfers import Transfer

routes = Blueprint(__name__)

#: Coins whose withdrawals need one more field, by the document.
NEEDS: Final = {"NXT": "nxt_public_key", "BTSX": "memo"}


class TransfersQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which of one's deposits or withdrawals; `cursor` is a transfer's id, `ids` makes the rest void."""

    currency: str = ""
    cursor: str = ""
    limit: str = ""
    ids: str = ""


class WithdrawalBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be withdrawn, where it goes, and the factors that the person's settings ask for."""

    currency: str
    address: str
    amount: Number
    emailUuid: str = ""  # noqa: N815 - the document's names
    emailCode: str = ""  # noqa: N815
    phoneUuid: str = ""  # noqa: N815
    phoneCode: str = ""  # noqa: N815
    googleCode: str = ""  # noqa: N815
    nxt_public_key: str = ""
    memo: str = ""


class CancelBody(msgspec.Struct, forbid_unknown_fields=True):
    """A withdrawal to take back; the document misspells the name, and both ways will do."""

    tranfer_id: int | None = None
    transfer_id: int | None = None


@endpoint(routes, "GET", "/api/v2/user/balance", authenticated=True)
def balance(_request: Request, caller: Caller) -> object:
    """``[available, frozen, pending, total]`` of every asset that the account has ever held."""
    return {asset: _funds(funds) for asset, funds in wallet.balances(caller.uid).items()}


@endpoint(routes, "GET", "/api/v2/user/deposits", authenticated=True, query=TransfersQuery)
def deposits(request: Request, caller: Caller) -> object:
    """One's deposits, newest first."""
    page = wallet.deposits(caller.uid, *_which(request))
    return {"hasMore": page.more, "deposits": [_shown(one) for one in page.items]}


@endpoint(routes, "GET", "/api/v2/user/withdrawals", authenticated=True, query=TransfersQuery)
def withdrawals(request: Request, caller: Caller) -> object:
    """One's withdrawals, newest first."""
    page = wallet.withdrawals(caller.uid, *_which(request))
    return {"hasMore": page.more, "withdrawals": [_shown(one) for one in page.items]}


@endpoint(routes, "GET", "/api/v2/user/deposit_addresses", authenticated=True)
def deposit_addresses(_request: Request, caller: Caller) -> object:
    """The address to deposit each coin at; empty where none was asked for yet, or where there is none."""
    given = addresses.given(caller.uid)
    return {asset.id: given.get(asset.id, "") for asset in settings.exchange().assets.values() if not asset.fiat}


@endpoint(routes, "POST", "/api/v2/user/create_deposit_addr/{symbol}", authenticated=True)
def create_deposit_addr(request: Request, caller: Caller) -> object:
    """The caller's address for a coin: always the same one. Empty for coins that this stage does not keep."""
    name = request.params["symbol"]
    asset = words.currency(name)
    if settings.exchange().assets[asset].fiat:
        raise Refused(Reason.NO_SUCH_CURRENCY, name)
    return {asset: addresses.give(caller.uid, asset)}


@endpoint(routes, "POST", "/api/v2/user/submit_withdrawal", authenticated=True)
def submit_withdrawal(request: Request, caller: Caller) -> object:
    """Ask for a withdrawal. Its fee is taken out of the amount."""
    body = request.body_as(WithdrawalBody)
    asset = words.currency(body.currency)
    memo = body.nxt_public_key if asset == "NXT" else body.memo
    if asset in NEEDS and not memo:
        raise Refused(Reason.PARAMETER_MISSING, NEEDS[asset])
    given = Given(
        _sent(body.emailUuid, body.emailCode, "email"),
        _sent(body.phoneUuid, body.phoneCode, "phone"),
        body.googleCode or None,
    )
    opened = wallet.submit_withdrawal(caller.uid, asset, Decimal(body.amount), body.address, given, memo)
    return {"tranfer_id": opened.number, "transfer_id": opened.number, "withdraw_status": opened.status.value}


@endpoint(routes, "POST", "/api/v2/user/cancel_withdrawal", authenticated=True)
def cancel_withdrawal(request: Request, caller: Caller) -> object:
    """Take a withdrawal back that nobody has looked at yet."""
    body = request.body_as(CancelBody)
    named = {number for number in (body.tranfer_id, body.transfer_id) if number is not None}
    if not named:
        raise Refused(Reason.PARAMETER_MISSING, "tranfer_id")
    if len(named) > 1:
        raise Refused(Reason.PARAMETER_INVALID, "transfer_id")
    wallet.cancel_withdrawal(caller.uid, named.pop())
    return {"result": "Ok"}


def _which(request: Request) -> tuple[str | None, int | None, int, list[int] | None]:
    """Asset, cursor, limit and ids, as the wallet's lists take them."""
    query = request.query_as(TransfersQuery)
    if ids := paging.ids(query.ids):
        return None, None, len(ids), ids
    return (
        words.currency(query.currency) if query.currency else None,
        paging.cursor(query.cursor),
        paging.limit(query.limit, default=30, most=200),
        None,
    )


def _sent(code_id: str, code: str, channel: str) -> SentCode | None:
    """A code with the id it was sent under, both or neither. One alone is `Refused`, naming the other."""
    if not code_id and not code:
        return None
    if not code_id or not code:
        raise Refused(Reason.PARAMETER_MISSING, f"{channel}{'Code' if code_id else 'Uuid'}")
    return SentCode(code_id, code)


def _shown(one: Transfer) -> dict[str, object]:
    return {
        "id": str(one.number),
        "currency": one.asset,
        "quantity": words.number(one.amount),
        "status": one.status.value,
        "created": one.created,
        "updated": one.updated,
        "address": one.address,
    }


def _funds(funds: wallet.Balance) -> list[Decimal]:
    return [words.number(units) for units in (funds.available, funds.frozen, funds.pending, funds.total)]
