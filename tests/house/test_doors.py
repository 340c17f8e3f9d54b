"""The environment enters by `settings`, time and randomness by `clock`, and nowhere else."""

import ast

import pytest

from tests.house.source import nodes

CLOCKS = {"time", "random", "secrets", "uuid"}


def breaches(tree_nodes):
    """What opens a second door, and where."""
    for place, node in tree_nodes:
        at = place.rsplit(":", 1)[0]
        imported = set()
        match node:
            case ast.Import():
                imported = {alias.name.split(".")[0] for alias in node.names}
            case ast.ImportFrom(level=0):
                imported = {str(node.module).split(".")[0]}
            case ast.Attribute(attr="environ" | "getenv" | "putenv") if at != "chalicelib/settings.py":
                yield f"{place} reads the environment: add it to chalicelib.settings"
            case ast.Attribute(attr="now" | "utcnow" | "today", value=ast.Name(id="datetime" | "date")):
                yield f"{place} reads the clock: use chalicelib.clock.now_ms"
            case ast.Attribute(attr="urandom"):
                yield f"{place} draws randomness: use chalicelib.clock.token_bytes"
        if imported & CLOCKS and at != "chalicelib/clock.py":
            yield f"{place} imports {imported & CLOCKS}: use chalicelib.clock"


def test_each_thing_enters_by_one_door():
    assert not list(breaches(nodes("chalicelib")))


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "from random import choice",
        "os.environ['X']",
        "os.getenv('X')",
        "datetime.now()",
        "os.urandom(8)",
    ],
)
def test_the_rule_sees_a_second_door(code):
    assert list(breaches(("chalicelib/here.py:1", node) for node in ast.walk(ast.parse(code))))
