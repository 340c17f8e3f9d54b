"""Every reason for a refusal can be said in every dialect."""

from importlib import import_module

import pytest

from chalicelib.core.reasons import Reason, Refused
from tests.house.source import ROOT

DIALECTS = sorted(path.parent.name for path in (ROOT / "chalicelib/api").glob("*/errors.py"))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_spells_every_reason(dialect):
    errors = import_module(f"chalicelib.api.{dialect}.errors")
    missing = set(Reason) - set(errors.SPELLINGS)
    assert not missing, f"{dialect} has no word for {missing}: add a row to its errors.py"


@pytest.mark.parametrize("reason", Reason)
def test_coinport_tells_it_in_two_languages(reason):
    errors = import_module("chalicelib.api.coinport.errors")
    zh, en = (errors.message(Refused(reason, "limit"), language) for language in ("zh", "en"))
    assert not zh.isascii()
    assert en.isascii()
    assert zh.endswith("：limit")
    assert en.endswith(": limit")
