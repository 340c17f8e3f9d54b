"""Open data: what the exchange owes and holds, who was owed what, and the proof of it. All but one's own proof is public."""

import msgspec
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.api.coinport import words
from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import Answer, endpoint
from chalicelib.api.edge import paging
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import snapshots

routes = Blueprint(__name__)


class FilesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which page of a list of files; `cursor` is a file's moment in ms."""

    cursor: str = ""
    limit: str = ""


class ProofQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The proof for which currency."""

    currency: str


@endpoint(routes, "GET", "/api/v2/{symbol}/balance_snapshot_files", public=True, query=FilesQuery)
def balance_snapshot_files(request: Request) -> object:
    """``[name, bytes, ms]`` of each file that lists all balances of a currency, newest first."""
    asset = words.currency(request.params["symbol"])
    query = request.query_as(FilesQuery)
    page = snapshots.listed(asset, paging.cursor(query.cursor), paging.limit(query.limit, default=50, most=100))
    return {
        "hasMore": page.more,
        "currency": asset,
        "path": f"{settings.PUBLIC_URL}/download/csv/asset/{asset.lower()}/",
        "items": [[one.name, one.size, one.at] for one in page.items],
    }


@endpoint(routes, "GET", "/download/csv/asset/{coin}/{name}", public=True)
def download(request: Request) -> Answer:
    """A file of balances: the way to it, good for some minutes."""
    asset = settings.exchange().asset(request.params["coin"])
    if asset is None:
        raise Refused(Reason.NO_SUCH_URL)
    link = snapshots.link(asset.id, request.params["name"])
    return Answer(None, status=302, headers={"Location": link, "Cache-Control": "no-store"})


@endpoint(routes, "GET", "/api/v2/{symbol}/reserve_root", public=True)
def reserve_root(request: Request) -> object:
    """The newest snapshot's statement: how much is owed to how many, the root of the tree over them, and its signature."""
    found = snapshots.root(words.currency(request.params["symbol"]))
    if found is None:
        raise Refused(Reason.PARAMETER_INVALID, "currency")
    return {"file": found.name, **found.signed}


@endpoint(routes, "GET", "/api/v2/user/reserve_proof", authenticated=True, query=ProofQuery)
def reserve_proof(request: Request, caller: Caller) -> object:
    """The caller's leaf in the newest snapshot and the path from it to the root, as ``infra.verify_proof`` takes it."""
    return snapshots.proof(caller.uid, words.currency(request.query_as(ProofQuery).currency))
