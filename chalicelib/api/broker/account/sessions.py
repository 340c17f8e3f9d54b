"""Who one is, how one leaves, and the log of one's logins."""

import msgspec

from chalicelib.api.broker import auth, parameters, people
from chalicelib.api.broker.account.routes import routes
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import Answer, endpoint
from chalicelib.api.edge import paging
from chalicelib.api.edge.request import Request
from chalicelib.services import identity
from chalicelib.services.identity import Result

LOG_DEFAULT = 20
LOG_MOST = 100
#: Later than any login, in ms since epoch.
FOR_EVER = 10**15 - 1
#: 1 is a login that was right, 2 one that was wrong, 3 one whose second step has not come.
STATUSES = {Result.SUCCESS: 1, Result.FAILED: 2, Result.UNFINISHED: 3}


class Page(msgspec.Struct):
    """Which part of the log; times in ms since epoch, both included."""

    log_id: str = ""
    start_time: str = ""
    end_time: str = ""
    limit: str = ""


@endpoint(routes, ["GET", "POST"], "/api/user/get_base_info", authenticated=True)
def get_base_info(_request: Request, caller: Caller) -> object:
    """What the person is known by, and what is bound."""
    return people.shown(caller.user, people.BASE_INFO)


@endpoint(routes, ["GET", "POST"], "/api/user/authorize_cancel")
def authorize_cancel(request: Request) -> object:
    """End the session, if there is one, and have the browser forget it. Raises `Refused` (CROSS_SITE)."""
    request.check_site()  # also by GET: a link brings the cookies along, as forms do not
    token = auth.token_of(request)
    if token:
        auth.check_origin(request, token)
        identity.end_session(token)
    return Answer({"success": True}, cookies=auth.cleared())


@endpoint(routes, ["GET", "POST"], "/api/user/authorize_log", authenticated=True)
def authorize_log(request: Request, caller: Caller) -> object:
    """The person's logins, wrong ones too, the newest first."""
    page = parameters.read(request, Page)
    found = identity.logins(
        caller.uid,
        paging.limit(page.limit, default=LOG_DEFAULT, most=LOG_MOST),
        before=paging.whole("log_id", page.log_id) if page.log_id else None,
        since=paging.whole("start_time", page.start_time or "0"),
        until=paging.whole("end_time", page.end_time or str(FOR_EVER)),
    )
    return [
        {
            "id": str(login.id),
            "userId": caller.uid,
            "ip": login.ip,
            "status": STATUSES[login.result],
            "created": str(login.at),
        }
        for login in found
    ]
