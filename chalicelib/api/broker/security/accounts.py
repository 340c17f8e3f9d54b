"""Accounts besides the main one."""

from typing import Final

from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.broker.security.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.services import identity

DONE: Final = {"success": True}


@endpoint(routes, "POST", "/api/user/open/futures", authenticated=True)
def open_futures(_request: Request, caller: Caller) -> object:
    """Open the account for futures, which the person may have already."""
    identity.open_account(caller.uid, "open_future")
    return DONE


@endpoint(routes, "POST", "/api/user/open/contract", authenticated=True)
def open_contract(_request: Request, caller: Caller) -> object:
    """Open it for contracts."""
    identity.open_account(caller.uid, "open_contract")
    return DONE
