"""No route without a contract entry, no entry without a route; and what API Gateway and the documents ask of paths."""

import os
import subprocess
import sys

import msgspec
import pytest

from app import GROUPS, app
from chalicelib.api.router.endpoint import METHODS
from tests.contract.document import contract
from tests.house.source import ROOT

ROUTES = {f"{method} {path}": entry for path, methods in app.routes.items() for method, entry in methods.items()}


def test_every_route_has_a_contract_entry():
    missing = set(ROUTES) - set(contract())
    assert not missing, "copy the document's example answer into tests/contract/data/<group>.json"


def test_every_contract_entry_has_a_route_or_is_a_method_of_the_router():
    assert not set(contract()) - set(ROUTES) - set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_the_router_is_what_its_contract_says(name):
    """They share one path, so that the rules for routes cannot see them."""
    method, entry = METHODS[name], contract()[name]
    # By the names on the wire: `pass` is no name in Python.
    assert [field.encode_name for field in msgspec.structs.fields(method.arguments)] == entry["arguments"]
    assert method.authenticated == entry.get("session", False)
    if method.changing:
        assert entry["http"] == "POST"


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_takes_the_parameters_that_its_contract_names(route):
    declared = ROUTES[route].view_function.declared
    assert [field.encode_name for field in msgspec.structs.fields(declared.query)] == contract()[route].get("query", [])


@pytest.mark.parametrize("route", [route for route in ROUTES if " /api/v2/" in route or " /draft/api/v2/" in route])
def test_what_begins_with_user_asks_who_it_is(route):
    declared = ROUTES[route].view_function.declared
    assert declared.authenticated == ("/api/v2/user/" in route)
    assert not (declared.authenticated and declared.public)


@pytest.mark.parametrize("route", ROUTES)
def test_any_content_type_is_taken(route):
    assert ROUTES[route].content_types == [], "register it with `endpoint`: a body is JSON whatever it calls itself"


def test_siblings_share_the_name_of_their_variable():
    """API Gateway refuses `/a/{b}` beside `/a/{c}/d`. Neither Chalice nor the emulators notice."""
    names: dict[str, set[str]] = {}
    for path in app.routes:
        parts = path.split("/")
        for depth, part in enumerate(parts):
            if part.startswith("{"):
                names.setdefault("/".join(parts[:depth]), set()).add(part)
    assert all(len(variables) == 1 for variables in names.values()), names


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_loads_no_more_than_it_serves(group):
    """Imports are cold start: no other group, and none of the libraries that only some requests need."""
    script = "import sys, app; print(*sorted(sys.modules))"
    environment = {**os.environ, "ENDPOINT_GROUP": group}
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    others = {module for name, module in GROUPS.items() if name != group}
    late = {
        "aws_lambda_powertools",
        "argon2",
        "pyotp",
        "PIL",
        "multipart",
        "infra",
        "chalicelib.workers",
        "chalicelib.services.matching",
    }
    assert not set(loaded) & (others | late)
