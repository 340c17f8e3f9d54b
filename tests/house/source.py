"""The sources, parsed once, for the rules of the house to walk."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


def files(*rooms: str) -> list[Path]:
    """Every Python file of the given rooms (folders or files, from the root)."""
    found: list[Path] = []
    for room in rooms:
        place = ROOT / room
        found += [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert found, rooms
    return found


def nodes(*rooms: str) -> Iterator[tuple[str, ast.AST]]:
    """Every syntax node of the given rooms, with the place to look: ``chalicelib/core/money.py:12``."""
    for path in files(*rooms):
        for node in ast.walk(tree(path)):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", node


def docstrings(module: ast.Module) -> set[int]:
    """The ids of the nodes that are documentation, so that a rule about texts can leave prose alone."""
    return {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None
    }
