"""The reference of each dialect is whole: every path of its document has a route, a contract, a row in docs/api and a test.

`data/paths/<dialect>.txt` is the document's own list, one ``METHOD /path`` (router: one method's name) a line.
"""

import ast
import re
from pathlib import Path

import pytest

from app import app
from tests.contract.document import DATA, contract
from tests.house.source import ROOT

LISTED = [
    (path.stem, line.strip())
    for path in sorted((DATA / "paths").glob("*.txt"))
    for line in path.read_text().splitlines()
    if line.strip()
]
ROUTES = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}
#: A row of a table in docs/api: the path, what it does, and its test.
ROW = re.compile(r"^\| `(?P<path>[^`]+)` \|.*\| `(?P<test>tests/[^`]+)` \|$", re.MULTILINE)


def rows(dialect: str) -> dict[str, str]:
    """Path → test, as the dialect's page says."""
    return {found["path"]: found["test"] for found in ROW.finditer((ROOT / f"docs/api/{dialect}.md").read_text())}


def defined_in(file: Path) -> set[str]:
    """Every test of a file, a class's as ``TestClass::test_name``."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return found


@pytest.mark.parametrize(("dialect", "path"), LISTED)
def test_a_path_of_the_document_has_a_route_and_a_contract(dialect, path):
    if dialect != "router":  # its methods share one path; its own contract tests hold them against its table
        assert path in ROUTES
    assert path in contract()


@pytest.mark.parametrize(("dialect", "path"), LISTED)
def test_a_path_of_the_document_has_a_row_with_a_test_that_exists(dialect, path):
    test = rows(dialect).get(path)
    assert test, f"add | `{path}` | what it does | `tests/…::test_…` | to docs/api/{dialect}.md"
    file, _, name = test.partition("::")
    assert name in defined_in(ROOT / file)


@pytest.mark.parametrize("dialect", sorted({dialect for dialect, _ in LISTED}))
def test_every_row_of_a_page_names_something_that_is_there(dialect):
    listed = {path for name, path in LISTED if name == dialect}
    for path in rows(dialect):
        assert path in listed or path in ROUTES
