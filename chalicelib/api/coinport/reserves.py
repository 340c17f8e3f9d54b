"""Open data: what the exchange owes and holds, who was owed what, and the proof of it. All but one's own proof is public."""

from decimal import Decimal
from typing import Final

import msgspec
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.api.coinport import words
from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import Answer, endpoint
from chalicelib.api.edge import paging
from chalicelib.api.edge.paging import PageQuery
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind
from chalicelib.services import external, snapshots
from chalicelib.services import reserves as holdings
from chalicelib.stores.addresses import Reserve

routes = Blueprint(__name__)

OPERATION: Final = words.Words("kind of transfer", {Kind.DEPOSIT: 0, Kind.WITHDRAWAL: 1})


class ProofQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The proof for which currency."""

    currency: str


@endpoint(routes, "GET", "/api/v2/external_tickers", public=True)
def external_tickers(_request: Request) -> object:
    """``[last, high, low, volume, change]`` of the last 24 hours at other exchanges, by market and exchange."""
    return {
        market: {source: words.ticker(ticker) for source, ticker in found.items()}
        for market, found in external.tickers().items()
    }


@endpoint(routes, "GET", "/api/v2/external_btc_tickers", public=True)
def external_btc_tickers(request: Request) -> object:
    """The same by the name that the document's list of contents has for it."""
    return external_tickers(request)


@endpoint(routes, "GET", "/api/v2/reserve_stats", public=True)
def reserve_stats(_request: Request) -> object:
    """``[hot, cold, user addresses, owed]`` of every currency that lives on a block chain."""
    return {asset: _sums(sums) for asset, sums in holdings.stats().items()}


@endpoint(routes, "GET", "/api/v2/{symbol}/reserves", public=True)
def reserves(request: Request) -> object:
    """The same of one currency, and where it is: ``[address, amount, kind, message, signature]``."""
    asset = words.currency(request.params["symbol"])
    sums, addresses = holdings.of_asset(asset)
    return {
        "timestamp": sums.at,
        "currency": asset,
        "stats": _sums(sums),
        "distribution": [
            [one.address, words.number(one.amount), one.kind, one.message, one.signature] for one in addresses
        ],
    }


@endpoint(routes, "GET", "/api/v2/{symbol}/transfers", public=True, query=PageQuery)
def transfers(request: Request) -> object:
    """A currency's succeeded deposits and withdrawals, newest first."""
    asset = words.currency(request.params["symbol"])
    query = request.query_as(PageQuery)
    page = holdings.transfers_of(asset, paging.cursor(query.cursor), paging.limit(query.limit, default=50, most=100))
    return {
        "hasMore": page.more,
        "currency": asset,
        "transfers": [
            {
                "id": str(one.number),
                "uid": one.uid,
                "amount": words.number(one.amount),
                "status": one.status.value,
                "created": one.created,
                "updated": one.updated,
                "operation": OPERATION.say(one.kind),
                "address": one.address,
                "txid": one.txid,
            }
            for one in page.items
        ],
    }


@endpoint(routes, "GET", "/api/v2/{symbol}/balance_snapshot_files", public=True, query=PageQuery)
def balance_snapshot_files(request: Request) -> object:
    """``[name, bytes, ms]`` of each file that lists all balances of a currency, newest first."""
    asset = words.currency(request.params["symbol"])
    query = request.query_as(PageQuery)
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


def _sums(sums: Reserve) -> list[Decimal]:
    return [words.number(units) for units in (sums.hot, sums.cold, sums.user, sums.owed)]
