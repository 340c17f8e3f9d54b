"""Favourites: key (uid, exchange and symbol)."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import settings
from chalicelib.core.favourites import Favourite
from chalicelib.stores.table import Integer, Table, refused


class FavouriteRow(Table):
    """One favourite of a person."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("favourites")

    uid = UnicodeAttribute(hash_key=True)
    #: ``301:BTCUSDT``.
    pair = UnicodeAttribute(range_key=True)
    at = Integer()


def add(uid: str, favourite: Favourite) -> None:
    """Add a favourite; one that is there stays as it is."""
    row = FavouriteRow(uid, _key(favourite.exchange, favourite.symbol), at=favourite.at)
    try:
        row.save(FavouriteRow.uid.does_not_exist())
    except PutError as error:
        if not refused(error):
            raise


def remove(uid: str, exchange: str, symbol: str) -> None:
    """Take a favourite away; one that is not there is away already."""
    FavouriteRow(uid, _key(exchange, symbol)).delete()


def get_all(uid: str, limit: int) -> list[Favourite]:
    """A person's favourites, in the order of their names."""
    rows = FavouriteRow.query(uid, consistent_read=True, limit=limit)
    return [_favourite(row) for row in rows]


def _favourite(row: FavouriteRow) -> Favourite:
    exchange, _, symbol = row.pair.partition(":")
    return Favourite(exchange, symbol, row.at)


def _key(exchange: str, symbol: str) -> str:
    return f"{exchange}:{symbol}"
