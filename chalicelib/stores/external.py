"""Other exchanges: fetching what they say, and keeping it. One row per source, all under one key."""

import urllib.request
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import settings
from chalicelib.core.candles import Ticker
from chalicelib.stores.table import Integer, Table, refused

TIMEOUT_S = 5
ANSWER_BYTES_MAX = 64 * 1024
#: All rows stand under this key, so that one query reads them.
KEY = "tickers"


class ExternalRow(Table):
    """A source's last answer: figures in 1e-8, `at`: when it was fetched, ms since epoch."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("external")

    key = UnicodeAttribute(hash_key=True)
    source = UnicodeAttribute(range_key=True)
    market = UnicodeAttribute()
    last = Integer()
    high = Integer()
    low = Integer()
    volume = Integer()
    first = Integer()
    at = Integer()


@dataclass(frozen=True, slots=True)
class External:
    """What a source said of a market, and when."""

    source: str
    market: str
    ticker: Ticker
    at: int


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A source that moves is mended in the configuration: nobody leads us elsewhere."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def fetch(url: str) -> bytes:
    """What a source answers. Raises `OSError` when it does not, does not in time, or says too much."""
    opener = urllib.request.build_opener(_NoRedirects)
    request = urllib.request.Request(url, headers={"User-Agent": "coinport", "Accept": "application/json"})  # noqa: S310
    with opener.open(request, timeout=TIMEOUT_S) as answer:  # configured, and checked to be HTTPS: see core.external
        body: bytes = answer.read(ANSWER_BYTES_MAX + 1)
    if len(body) > ANSWER_BYTES_MAX:
        raise OSError("too long an answer")
    return body


def put(one: External) -> None:
    """Keep a source's answer, unless a newer one stands."""
    ticker = one.ticker
    row = ExternalRow(
        KEY, one.source, market=one.market, last=ticker.last, high=ticker.high, low=ticker.low,
        volume=ticker.volume, first=ticker.first, at=one.at,
    )  # fmt: skip
    try:
        row.save(ExternalRow.key.does_not_exist() | (ExternalRow.at < one.at))
    except PutError as error:
        if not refused(error):
            raise


def get_all() -> list[External]:
    """Every source's last answer: one call."""
    return [
        External(row.source, row.market, Ticker(row.last, row.high, row.low, row.volume, row.first), row.at)
        for row in ExternalRow.query(KEY)
    ]
