"""The document's example answers as a contract: what every response of the suite is checked against.

`data/<group>.json` maps ``METHOD /path`` to the example as printed in the document (`answer`), and to what an example
cannot tell: `keyed_by` (its top-level names are data), `maps` (so are those of these inner objects), `free_lists` (lists of
scalars that may have any length; any other list of scalars is a row with fixed places), `optional` names, `nullable` ones,
`texts` (names whose digits are no id), the names that the `query` may hold. `ours` marks what the document lacks.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

from chalicelib import settings

DATA = Path(__file__).parent / "data"


def exact(text: str | bytes):
    """JSON as it stands: a number with a fraction is a Decimal, one without an int."""
    return json.loads(text, parse_float=Decimal)


@cache
def contract() -> dict:
    """Every entry, by ``METHOD /path``."""
    entries = {}
    for path in sorted(DATA.glob("*.json")):
        for route, entry in exact(path.read_text()).items():
            assert route not in entries, f"{route} has two contract entries"
            entries[route] = entry
    return entries


def deviations(route: str, answer) -> list[str]:
    """In what `answer` (the envelope's data) differs in shape from the document's example."""
    entry = contract()[route]
    example = entry["answer"]
    if keyed_by := entry.get("keyed_by"):
        known = settings.exchange().markets if keyed_by == "market" else settings.exchange().assets
        unknown = [f"{name}: no {keyed_by} id, which are upper case" for name in answer if name not in known]
        row = next(iter(example.values()))
        return unknown + [found for name, value in answer.items() for found in _compare(entry, row, value, name)]
    return list(_compare(entry, example, answer, "data"))


def _compare(entry: dict, example, actual, place: str) -> Iterator[str]:
    match example:
        case dict():
            yield from _compare_records(entry, example, actual, place)
        case list():
            yield from _compare_lists(entry, example, actual, place)
        case None:
            if actual is not None:
                yield f"{place}: {actual!r} is not null"
        case Decimal():
            # A whole amount may be written without its point; a text or a truth value is no number.
            if isinstance(actual, bool) or not isinstance(actual, Decimal | int):
                yield f"{place}: {actual!r} is no number"
        case _:
            if type(actual) is not type(example):
                yield f"{place}: {actual!r} is no {type(example).__name__}"
            elif (
                isinstance(example, str)
                and example.isdigit()
                and not actual.isdigit()
                and place.rpartition(".")[2] not in entry.get("texts", ())
            ):
                yield f"{place}: {actual!r} is no id"


def _compare_records(entry: dict, example: dict, actual, place: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        yield f"{place}: {actual!r} is no object"
        return
    if place.rpartition(".")[2] in entry.get("maps", ()):
        row = next(iter(example.values()))
        for name, value in actual.items():
            yield from _compare(entry, row, value, f"{place}.{name}")
        return
    optional = set(entry.get("optional", ()))
    differing = (set(actual) ^ set(example)) - optional
    if differing:
        yield f"{place}: names differ from the document's: {sorted(differing)}"
    nullable = {name for name in entry.get("nullable", ()) if actual.get(name) is None}
    for name in sorted(set(actual) & set(example) - nullable):
        yield from _compare(entry, example[name], actual[name], f"{place}.{name}")


def _compare_lists(entry: dict, example: list, actual, place: str) -> Iterator[str]:
    if not isinstance(actual, list):
        yield f"{place}: {actual!r} is no array"
        return
    is_row = not any(isinstance(item, dict | list) for item in example)
    if is_row and place.rpartition(".")[2] not in entry.get("free_lists", ()):
        if len(actual) != len(example):
            yield f"{place}: {len(actual)} places instead of {len(example)}"
        for index, (expected, item) in enumerate(zip(example, actual, strict=False)):
            yield from _compare(entry, expected, item, f"{place}[{index}]")
        return
    for index, item in enumerate(actual):
        # A list may show several kinds of rows, such as orders taken and refused: one of them must fit.
        found = [list(_compare(entry, kind, item, f"{place}[{index}]")) for kind in example]
        yield from min(found, key=len)
