"""Each endpoint group in a process of its own, as its Lambda has it: with only ENDPOINT_GROUP set."""

import json
import subprocess
import sys

import pytest

from app import GROUPS, app
from infra import resources
from infra.package import ROOT

#: Asks the app for every route, each view replaced by one that only says that it was reached.
ASK_ALL = r"""
import json, re, sys
from app import app
for methods in app.routes.values():
    for entry in methods.values():
        entry.view_function = lambda **_: "reached"
answers = {}
for method, path in json.load(sys.stdin):
    context = {"httpMethod": method, "resourcePath": path, "path": "/api" + path, "identity": {"sourceIp": "127.0.0.1"},
               "requestId": "1", "stage": "api"}
    event = {"requestContext": context, "resource": path, "path": path, "httpMethod": method, "headers": {},
             "multiValueQueryStringParameters": None, "stageVariables": None,
             "pathParameters": dict.fromkeys(re.findall(r"{(\w+)}", path), "x"),
             "body": None, "isBase64Encoded": False}
    answer = app(event, None)
    answers[method + " " + path] = [answer["statusCode"], answer["body"]]
print(json.dumps(answers))
"""
ROUTES = sorted((method, path) for path, methods in app.routes.items() for method in methods)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_serves_its_routes_and_no_others(group):
    done = subprocess.run(
        [sys.executable, "-c", ASK_ALL],
        cwd=ROOT,
        env={"ENDPOINT_GROUP": group},
        input=json.dumps(ROUTES),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    owners = resources.owners()
    assert group in owners.values()
    for method, path in ROUTES:
        status, body = answers[f"{method} {path}"]
        if owners[path, method] == group:
            assert (status, body) == (200, "reached"), (method, path)
        else:
            # The router's document knows no status but 200.
            assert status == (200 if path == "/router" else 404), (method, path)
            assert "reached" not in body


def test_every_route_belongs_to_exactly_one_group():
    owners = resources.owners()
    assert sorted((method, path) for path, method in owners) == ROUTES
    assert set(owners.values()) == set(GROUPS)
