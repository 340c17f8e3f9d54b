"""A package that loads what it offers when it is asked for: its table and its stub say the same, and nothing is in the way."""

import ast

import pytest

from chalicelib.services import identity
from tests.house.source import ROOT

PACKAGE = ROOT / "chalicelib/services/identity"


def stub():
    """Module → what the stub imports from it."""
    found = {}
    for node in ast.parse((PACKAGE / "__init__.pyi").read_text()).body:
        if isinstance(node, ast.ImportFrom):
            home = node.module.removeprefix("chalicelib.services.identity.")
            found.setdefault(home, set()).update(alias.name for alias in node.names)
    return found


def test_the_table_and_the_stub_say_the_same():
    assert {home: set(names) for home, names in identity.OFFERS.items()} == stub(), "add what is new to both"


def test_no_offer_has_the_name_of_a_module():
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    assert not modules & {name for names in identity.OFFERS.values() for name in names}


@pytest.mark.parametrize("name", sorted(name for names in identity.OFFERS.values() for name in names))
def test_what_is_offered_is_there(name):
    assert getattr(identity, name) is not None


def test_what_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        identity.nothing_of_ours  # noqa: B018 - asking is the test
