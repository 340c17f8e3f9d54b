"""Money is integers, and one file writes it."""

import ast
import re

import pytest

from tests.house.source import ROOT, docstrings, files, nodes, tree

ROOMS = ("chalicelib/core", "chalicelib/stores", "chalicelib/services")
ACCOUNTS = ROOT / "chalicelib/stores/accounts.py"
#: The one file that moves money by what happens to transfers; with the actions that `stores.accounts` makes.
TRANSFERS = ROOT / "chalicelib/stores/transfers.py"
BALANCES = {"available", "frozen", "pending"}
#: A balance as the path of an update or a condition: ``available.#a``, ``SET frozen``, ``#p.BTC = pending…``.
EXPRESSION = re.compile(r"\b(available|frozen|pending)\s*[.#=\[]|(SET|ADD|REMOVE)\s+(available|frozen|pending)\b")


def joins_paths(node):
    """Whether a chain of slashes joins the parts of a path: one of them is a text."""
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return joins_paths(left) or joins_paths(right)
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
    return False


def floats(tree_nodes):
    """What would bring a float near money, and where."""
    for place, node in tree_nodes:
        match node:
            case ast.Constant(value=float()):
                yield f"{place} the literal {node.value}: write an integer with its unit, or Decimal('…')"
            case ast.Name(id="float"):
                yield f"{place} float: amounts and prices are int (1e-8); text becomes one through core.money"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()) if not joins_paths(node):
                yield f"{place} true division: use // and say who the rounding favours, as core.money does"
            case ast.Attribute(attr="truediv" | "fsum" | "sqrt"):
                yield f"{place} {node.attr}: it makes floats"


def writers(path):
    """What would change a balance behind the back of `stores.accounts`, and where."""
    module = tree(path)
    prose = docstrings(module)
    for node in ast.walk(module):
        place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
        match node:
            case ast.Attribute(attr=attr, value=ast.Name(id="AccountRow") | ast.Attribute(attr="AccountRow")) if (
                attr in BALANCES
            ):
                yield f"{place} AccountRow.{attr}: write a verb in stores.accounts that makes this change"
            case ast.Constant(value=str(text)) if id(node) not in prose and EXPRESSION.search(text):
                yield f"{place} {text!r}: updates of balances are built in stores.accounts only"
            case ast.Attribute(attr="transfer_write") | ast.Name(id="transfer_write") if path != TRANSFERS:
                yield f"{place} transfer_write: money moves with its transfer, by stores.transfers; use its verbs"
            case ast.Call(
                func=ast.Attribute(attr="table") | ast.Name(id="table"), args=[ast.Constant(value="accounts")]
            ):
                yield f"{place} the accounts table: only stores.accounts names it"


def test_no_float_comes_near_money():
    assert not list(floats(nodes(*ROOMS)))


@pytest.mark.parametrize("code", ["1.5", "float(x)", "x: float", "a / b", "a /= b", "operator.truediv", "math.sqrt(x)"])
def test_the_rule_about_floats_sees_them(code):
    assert list(floats(("here", node) for node in ast.walk(ast.parse(code))))


def test_one_file_writes_balances():
    others = [path for path in files("chalicelib", "infra") if path != ACCOUNTS]
    assert not [finding for path in others for finding in writers(path)]


@pytest.mark.parametrize(
    "code",
    [
        "AccountRow.available['BTC'].set(1)",
        "accounts.AccountRow.frozen",
        "client.update_item(UpdateExpression='SET available.#a = :v')",
        "update = 'ADD pending :x'",
        "settings.table('accounts')",
        "actions, condition = accounts.transfer_write(Effect.CREDIT, 'x', 'BTC', 1)",
    ],
)
def test_the_rule_about_balances_sees_a_second_writer(code, tmp_path, monkeypatch):
    path = tmp_path / "second.py"
    path.write_text(code)
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert list(writers(path))
