"""What other exchanges say of their markets: each source's own JSON, read by a table of where its figures stand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib.core.candles import Ticker
from chalicelib.core.money import SCALE

FIGURES = ("last", "high", "low", "volume")
#: Nothing that is traded costs more, or moves more in a day.
FIGURE_MAX = 10**15


class Unreadable(ValueError):  # noqa: N818 - says what is the case
    """An answer that is not in the source's format, or whose figures cannot be."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source. `fields`: figure → the names that lead to it in the answer; without ``open`` there is no change to tell."""

    name: str
    market: str
    url: str
    fields: Mapping[str, tuple[str, ...]]


def sources(document: Mapping[str, Any]) -> tuple[Source, ...]:
    """The sources of the parsed `exchange.toml`. Raises `KeyError` or `ValueError` for a malformed one."""
    found = []
    for name, entry in document.get("external_tickers", {}).items():
        if not entry["url"].startswith("https://"):
            raise ValueError(f"{name}: what is not fetched over HTTPS is not worth showing")
        fields = {figure: tuple(path.split(".")) for figure, path in entry["fields"].items()}
        if not set(FIGURES) <= set(fields) <= {*FIGURES, "open"}:
            raise ValueError(f"{name}: fields must be {', '.join(FIGURES)}, and open if there is one")
        found.append(Source(name, entry["market"], entry["url"], fields))
    return tuple(found)


def read(source: Source, body: bytes) -> Ticker:
    """The ticker in a source's answer, in 1e-8 (what is finer is cut off). Raises `Unreadable`."""
    try:
        content = json.loads(body, parse_float=Decimal)
        figures = {figure: _figure(content, path) for figure, path in source.fields.items()}
    except (ValueError, TypeError, KeyError, InvalidOperation, RecursionError) as error:
        raise Unreadable(source.name) from error
    if not (0 < figures["low"] <= figures["last"] <= figures["high"] or figures["volume"] == 0):
        raise Unreadable(source.name)
    return Ticker(
        last=figures["last"],
        high=figures["high"],
        low=figures["low"],
        volume=figures["volume"],
        first=figures.get("open", 0),
    )


def _figure(content: Any, path: tuple[str, ...]) -> int:  # noqa: ANN401 - somebody else's JSON
    for name in path:
        content = content[name]
    if isinstance(content, bool) or not isinstance(content, str | int | Decimal):
        raise Unreadable(path)
    number = Decimal(content)
    if not number.is_finite() or not 0 <= number < FIGURE_MAX:
        raise Unreadable(path)
    return int(number * SCALE)
