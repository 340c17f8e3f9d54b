"""Where code may live: import directions, names of files, their length, and that what is public is explained."""

import ast

import pytest
from importlinter.cli import lint_imports

from tests.house.source import ROOT, files, tree

LINES_MAX = 450
NAMELESS = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}


def test_imports_go_one_way():
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("path", files("chalicelib", "infra", "app.py"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_a_name_and_fits_in_one_reading(path):
    assert path.stem not in NAMELESS, f"{path.name} says nothing: name the file after the noun it is about"
    lines = len(path.read_text().splitlines())
    assert lines <= LINES_MAX, f"{path.name} has {lines} lines: make it a package of its name"


def test_no_folder_is_a_drawer():
    folders = {folder.name for folder in (ROOT / "chalicelib").rglob("*") if folder.is_dir()}
    assert not folders & NAMELESS


@pytest.mark.parametrize("path", files("chalicelib"), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_public_is_explained(path):
    unexplained = [
        f"{path.name}:{node.lineno} {node.name}"
        for node in _public(tree(path))
        if not ast.get_docstring(node) and node.name != "__init__"
    ]
    assert not unexplained, "say what it is for, in a sentence"


def _public(scope):
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)
