"""The pairs that a person wants to see first."""

from typing import Final

import msgspec

from chalicelib.api.broker import pairs, parameters
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.broker.security.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.services import favourites

DONE: Final = {"success": True}


class PairBody(msgspec.Struct):
    """A pair."""

    exchange_id: str
    symbol_id: str


@endpoint(routes, "POST", "/api/user/favorite/create", authenticated=True)
def create(request: Request, caller: Caller) -> object:
    """Make a pair a favourite, whether it was one or not."""
    body = parameters.read(request, PairBody)
    favourites.create(caller.uid, body.exchange_id, body.symbol_id)
    return DONE


@endpoint(routes, "POST", "/api/user/favorite/cancel", authenticated=True)
def cancel(request: Request, caller: Caller) -> object:
    """Have a pair be no favourite, whether it was one or not."""
    body = parameters.read(request, PairBody)
    favourites.cancel(caller.uid, body.exchange_id, body.symbol_id)
    return DONE


@endpoint(routes, "POST", "/api/user/favorite/list", authenticated=True)
def listed(_request: Request, caller: Caller) -> object:
    """The person's favourites, the newest first."""
    return pairs.shown(caller.uid)
