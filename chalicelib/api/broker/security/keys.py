"""API keys: made, listed, tied to addresses, switched on and off, deleted. Each change asks for the second factor."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.api.broker import parameters
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.broker.factors import Factor, given
from chalicelib.api.broker.security.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.core import api_keys as rules
from chalicelib.core.api_keys import ApiKey, Reach
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity

DONE: Final = {"success": True}
#: A key's type: 0 reads, 1 may trade.
TYPES: Final[Mapping[str, Reach]] = {"0": Reach.READ, "1": Reach.TRADE}
#: The one account that keys are for: the main one.
ACCOUNT_TYPE: Final = 1
ACCOUNT_INDEX: Final = 0


class CreateBody(Factor, kw_only=True):
    """A new key."""

    account_type: str = str(ACCOUNT_TYPE)
    account_index: str = str(ACCOUNT_INDEX)
    type: str = "1"
    tag: str = ""


class KeyBody(Factor, kw_only=True):
    """A key."""

    id: str


class IpsBody(KeyBody, kw_only=True):
    """A key, and the addresses it is to be good from; an empty list, which has to be said, for any."""

    ip_white_list: str


class StatusBody(KeyBody, kw_only=True):
    """A key, and whether it is to be good."""

    status: str


@endpoint(routes, "POST", "/api/user/api_key/create", authenticated=True)
def create(request: Request, caller: Caller) -> object:
    """Make a key. The secret is answered this once."""
    body = parameters.read(request, CreateBody)
    if body.account_type != str(ACCOUNT_TYPE):
        raise Refused(Reason.PARAMETER_INVALID, "account_type")
    if body.account_index != str(ACCOUNT_INDEX):
        raise Refused(Reason.PARAMETER_INVALID, "account_index")
    reach = TYPES.get(body.type)
    if reach is None:
        raise Refused(Reason.PARAMETER_INVALID, "type")
    made = identity.create_key(caller.uid, reach, rules.tag(body.tag), given(body))
    return _shown(made.key, made.secret)


@endpoint(routes, "POST", "/api/user/api_keys", authenticated=True)
def listed(_request: Request, caller: Caller) -> object:
    """The person's keys, the oldest first, without their secrets."""
    return [_shown(key, "") for key in identity.keys_of(caller.uid)]


@endpoint(routes, "POST", "/api/user/api_key/update_ips", authenticated=True)
def update_ips(request: Request, caller: Caller) -> object:
    """Have a key be good from some addresses only."""
    body = parameters.read(request, IpsBody)
    identity.restrict_key(caller.uid, body.id, rules.ips(body.ip_white_list), given(body))
    return DONE


@endpoint(routes, "POST", "/api/user/api_key/change_status", authenticated=True)
def change_status(request: Request, caller: Caller) -> object:
    """Switch a key on (1) or off (0)."""
    body = parameters.read(request, StatusBody)
    if body.status not in {"0", "1"}:
        raise Refused(Reason.PARAMETER_INVALID, "status")
    identity.switch_key(caller.uid, body.id, given(body), on=body.status == "1")
    return DONE


@endpoint(routes, "POST", "/api/user/api_key/delete", authenticated=True)
def delete(request: Request, caller: Caller) -> object:
    """Take a key away, whether it was there or not."""
    body = parameters.read(request, KeyBody)
    identity.delete_key(caller.uid, body.id, given(body))
    return DONE


def _shown(key: ApiKey, secret: str) -> dict[str, Any]:
    return {
        "id": key.number,
        "accountId": key.uid,
        "accountType": ACCOUNT_TYPE,
        "accountIndex": ACCOUNT_INDEX,
        "accountName": "",
        "apiKey": key.token,
        "secretKey": secret,
        "tag": key.tag,
        "type": int(key.reach is Reach.TRADE),
        "ipWhiteList": ",".join(key.ips),
        "status": "1" if key.on else "0",
        "created": str(key.created),
    }
