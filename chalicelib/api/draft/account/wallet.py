"""A person's funds: balances, deposits, withdrawals."""

from chalicelib.api.draft import words
from chalicelib.api.draft.account.routes import routes
from chalicelib.api.draft.auth import Caller
from chalicelib.api.draft.endpoint import endpoint
from chalicelib.api.edge import funds
from chalicelib.api.edge.funds import CancelBody, TransfersQuery, WithdrawalBody
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import wallet
from chalicelib.stores.transfers import Transfer


@endpoint(routes, "GET", "/draft/api/v2/user/balance", authenticated=True)
def balance(_request: Request, caller: Caller) -> object:
    """``[available, frozen, pending, total]`` of every asset that the account has ever held."""
    return funds.balances(caller.uid)


@endpoint(routes, "GET", "/draft/api/v2/user/deposits", authenticated=True, query=TransfersQuery)
def deposits(request: Request, caller: Caller) -> object:
    """One's deposits, newest first."""
    page = wallet.deposits(caller.uid, *funds.page(request.query_as(TransfersQuery), words.NEWEST))
    return {"hasMore": page.more, "deposits": [_shown(one) for one in page.items]}


@endpoint(routes, "GET", "/draft/api/v2/user/withdrawals", authenticated=True, query=TransfersQuery)
def withdrawals(request: Request, caller: Caller) -> object:
    """One's withdrawals, newest first."""
    page = wallet.withdrawals(caller.uid, *funds.page(request.query_as(TransfersQuery), words.NEWEST))
    return {"hasMore": page.more, "withdrawals": [_shown(one) for one in page.items]}


@endpoint(routes, "GET", "/draft/api/v2/user/deposit_addresses", authenticated=True)
def deposit_addresses(_request: Request, caller: Caller) -> object:
    """The address to deposit each coin at; empty where none was asked for yet, or where there is none."""
    return funds.deposit_addresses(caller.uid)


@endpoint(routes, "POST", "/draft/api/v2/user/create_deposit_addr/{symbol}", authenticated=True)
def create_deposit_addr(request: Request, caller: Caller) -> object:
    """The caller's address for a coin: always the same one. Empty for coins that this stage does not keep."""
    return funds.deposit_address(caller.uid, request.params["symbol"])


@endpoint(routes, "POST", "/draft/api/v2/user/submit_withdrawal", authenticated=True)
def submit_withdrawal(request: Request, caller: Caller) -> object:
    """Ask for a withdrawal. Its fee is taken out of the amount."""
    opened = funds.submit(caller.uid, request.body_as(WithdrawalBody))
    return {
        "tranfer_id": opened.number,
        "transfer_id": opened.number,
        "withdraw_status": words.WITHDRAW_STATUS[opened.status],
    }


@endpoint(routes, "POST", "/draft/api/v2/user/cancel_withdrawal", authenticated=True)
def cancel_withdrawal(request: Request, caller: Caller) -> object:
    """Take a withdrawal back that nobody has looked at yet; it is the answer, and beside the code when it is too late."""
    number = funds.named(request.body_as(CancelBody))
    try:
        return _shown(wallet.cancel_withdrawal(caller.uid, number))
    except Refused as refused:
        if refused.reason is not Reason.TRANSFER_NOT_CANCELLABLE:
            raise
        standing = wallet.withdrawals(caller.uid, None, None, 1, [number]).items
        raise Refused(refused.reason, None, **(_shown(standing[0]) if standing else {})) from refused


def _shown(one: Transfer) -> dict[str, object]:
    return {
        "id": one.number,
        "created": one.created,
        "updated": one.updated,
        "quantity": words.number(one.amount),
        "status": words.TRANSFER_STATUS.say(one.status),
        "address": one.address,
    }
