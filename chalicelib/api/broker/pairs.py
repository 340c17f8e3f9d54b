"""Favourites as this dialect shows them."""

from chalicelib.services import favourites


def shown(uid: str) -> list[dict[str, str]]:
    """A person's favourites, the newest first."""
    return [{"id": one.number, "exchangeId": one.exchange, "symbolId": one.symbol} for one in favourites.newest(uid)]
