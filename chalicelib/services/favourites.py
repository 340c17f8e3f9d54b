"""The pairs that a person wants to see first."""

from chalicelib import clock
from chalicelib.core import favourites as rules
from chalicelib.core.favourites import Favourite
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import favourites


def create(uid: str, exchange: str, symbol: str) -> None:
    """Make a pair a favourite; one that is stays where it is. Raises `Refused` (PARAMETER_INVALID), also beyond 200."""
    exchange, symbol = rules.named(exchange, symbol)
    there = newest(uid)
    if any((one.exchange, one.symbol) == (exchange, symbol) for one in there):
        return
    if len(there) >= rules.FAVOURITES_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "symbol_id")
    favourites.add(uid, Favourite(exchange, symbol, clock.now_ms()))


def cancel(uid: str, exchange: str, symbol: str) -> None:
    """Have a pair be no favourite, whether it was one or not. Raises `Refused` (PARAMETER_INVALID)."""
    favourites.remove(uid, *rules.named(exchange, symbol))


def newest(uid: str) -> list[Favourite]:
    """A person's favourites, the newest first."""
    there = favourites.get_all(uid, rules.FAVOURITES_MAX)
    return sorted(there, key=lambda one: (-one.at, one.exchange, one.symbol))
