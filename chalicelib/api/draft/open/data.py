"""Open data: what the exchange owes and holds, and the files of balances and of transfers."""

from datetime import UTC, datetime
from decimal import Decimal

from chalicelib import clock, settings
from chalicelib.api.draft import words
from chalicelib.api.draft.endpoint import Answer, endpoint
from chalicelib.api.draft.open.routes import routes
from chalicelib.api.edge import paging
from chalicelib.api.edge.paging import PageQuery
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import reserves as holdings
from chalicelib.services import snapshots
from chalicelib.services import transfer_files as files
from chalicelib.stores.addresses import Reserve


@endpoint(routes, "GET", "/draft/api/v2/reserve_stats", public=True)
def reserve_stats(_request: Request) -> object:
    """``[hot, cold, user addresses, owed]`` of every currency that lives on a block chain."""
    stats = holdings.stats()
    return {
        "timestamp": max((sums.at for sums in stats.values()), default=0),
        "stats": {asset: _sums(sums) for asset, sums in stats.items()},
    }


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/reserves", public=True)
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


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/balance_snapshots_files", public=True, query=PageQuery)
def balance_snapshots_files(request: Request) -> object:
    """``[id, time, name, bytes]`` of each file that lists all balances of a currency, newest first: v2's files."""
    asset, cursor, limit = _page(request)
    page = snapshots.listed(asset, cursor, limit)
    rows = [_row(one.at, one.name, one.size) for one in page.items]
    return {"hasMore": page.more, "currency": asset, "snapshots": rows}


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/balance_snapshot_files", public=True, query=PageQuery)
def balance_snapshot_files(request: Request) -> object:
    """The same by the name that the draft's list of contents has for it."""
    return balance_snapshots_files(request)


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/transfer_files", public=True, query=PageQuery)
def transfer_files(request: Request) -> object:
    """``[id, time, name, bytes]`` of each file of succeeded deposits and withdrawals of a currency, newest first."""
    asset, cursor, limit = _page(request)
    page = files.listed(asset, cursor, limit)
    return {
        "timestamp": page.items[0].id if page.items else clock.now_ms(),
        "hasMore": page.more,
        "currency": asset,
        "transfers": [_row(one.id, one.name, one.size) for one in page.items],
    }


@endpoint(routes, "GET", "/draft/api/v2/{symbol}/transfers_files", public=True, query=PageQuery)
def transfers_files(request: Request) -> object:
    """The same by the name that the draft's list of contents has for it."""
    return transfer_files(request)


@endpoint(routes, "GET", "/download/json/transfer/{coin}/{name}", public=True)
def download(request: Request) -> Answer:
    """A file of transfers: the way to it, good for some minutes."""
    asset = settings.exchange().asset(request.params["coin"])
    if asset is None:
        raise Refused(Reason.NO_SUCH_URL)
    link = files.link(asset.id, request.params["name"])
    return Answer(None, status=302, headers={"Location": link, "Cache-Control": "no-store"})


def _page(request: Request) -> tuple[str, int | None, int]:
    asset = words.currency(request.params["symbol"])
    query = request.query_as(PageQuery)
    cursor = paging.cursor(query.cursor, words.NEWEST)
    return asset, cursor, paging.limit(query.limit, default=50, most=100)


def _row(at: int, name: str, size: int) -> list[object]:
    return [at, datetime.fromtimestamp(at // 1000, UTC).strftime("%m-%d %H:%M:%S"), name, size]


def _sums(sums: Reserve) -> list[Decimal]:
    return [words.number(units) for units in (sums.hot, sums.cold, sums.user, sums.owed)]
