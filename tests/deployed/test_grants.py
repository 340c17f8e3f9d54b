"""Least privilege, proved: what the whole suite did on the emulator is held against what the roles allow.

A grant that nothing used is one too many, or lacks the test that needs it. `conftest.py` has these tests run last, and
only when all deployed tests ran.
"""

import json
from fnmatch import fnmatchcase

import boto3
import pytest

from infra import local, roles
from infra.grants import pascal

#: What no test can bring about with reasonable effort, and why it is needed all the same: (function, action, resource).
UNPROVED = {
    ("api-trading", "dynamodb:GetItem", "workers"): "two containers draw the same one of 4096 numbers",
    ("api-router", "dynamodb:GetItem", "workers"): "as above",
    ("api-draft", "dynamodb:GetItem", "workers"): "as above",
    ("audit", "dynamodb:BatchGetItem", "accounts"): "an account is opened while the audit reads",
    ("ops", "dynamodb:BatchGetItem", "accounts"): "as above: operators run the same audit",
    ("klines", "s3:PutObject", "klines/*"): "a chunk of candles closes at midnight",
    ("ops", "s3:PutObject", "klines/*"): "as above",
    ("ops", "s3:DeleteObject", "klines-open/*"): "a rebuild of candles from more than 20 000 entries",
    ("ops", "s3:GetObject", "klines-open/*"): "as above",
    (
        "api-wallet",
        "dynamodb:GetItem",
        "deposit_addresses",
    ): "a person asks for a first address twice at the same moment",
    ("api-draft", "dynamodb:GetItem", "deposit_addresses"): "as above",
    ("snapshots", "dynamodb:Scan", "transfers"): "somebody buys, withdraws and is paid while a snapshot reads",
    ("api-ramp", "dynamodb:PutItem", "codes"): "the first link of a stage makes its HMAC key, if nobody has yet",
    ("ramp-deadlines", "dynamodb:GetItem", "transfer_moves"): "the answer to a transaction is lost",
    (
        "ramp-deadlines",
        "dynamodb:GetItem",
        "accounts",
    ): "an operator ends a sale that was left lying at the same moment",
    ("custody", "kms:Decrypt", ""): "SSM opens a parameter in its reader's name; the emulator asks no key",
    ("custody", "dynamodb:GetItem", "accounts"): "what a chain took back for good is spent",
    ("custody", "dynamodb:GetItem", "transfer_moves"): "the answer to a transaction is lost",
    (
        "external-tickers",
        "dynamodb:PutItem",
        "external",
    ): "other exchanges are out of reach of tests; tests/services/test_external.py has it",
}

pytestmark = [pytest.mark.deployed, pytest.mark.whole_suite]


@pytest.fixture(scope="module")
def calls(tmp_path_factory, exchange):
    """What functions asked for, on every exchange of this session: {(function, action, resource, decision)}."""
    lines = [
        json.loads(line)
        for file in tmp_path_factory.getbasetemp().glob("*/calls.jsonl")
        for line in file.read_text().splitlines()
    ]
    functions = {f"exchange-local-{pascal(name)}Role-": name for name in roles.GRANTS}
    found = set()
    for role, action, resource, decision in lines:
        name = next(name for prefix, name in functions.items() if role.startswith(prefix))
        found.add((family(name), action, resource, decision))
    return found


@pytest.fixture(scope="module")
def granted(exchange):
    """What the table of grants became in IAM: [(function, actions, resources)]; None for "all but": these match anything."""
    with local._environment(local.credentials(exchange.endpoint)):
        iam = boto3.client("iam")
        names = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
        found = {}
        for name, grants in roles.GRANTS.items():
            (role,) = [one for one in names if one.startswith(f"exchange-local-{pascal(name)}Role-")]
            document = iam.get_role_policy(RoleName=role, PolicyName="grants")["PolicyDocument"]
            # The first statements are the table's, in its order; what Lambda itself does follows (`roles.platform`).
            for place, (grant, statement) in enumerate(zip(grants, document["Statement"], strict=False)):
                assert tuple(statement["Action"]) == grant.actions
                one = found.setdefault((family(name), place), (set(grant.actions), set()))
                one[1].update(statement.get("Resource", ["*"]))
    return [(name, actions, resources) for (name, _), (actions, resources) in found.items()]


def family(name):
    """Matchers have one row in the table and one code; what one of them uses, they use."""
    return "match-*" if name in roles.MATCHERS else name


def test_every_grant_is_made_use_of(calls, granted):
    allowed = {call[:3] for call in calls if call[3] == "Allow"}

    def used(function, action, resources):
        return any(
            (who, what) == (function, action) and any(fnmatchcase(where, resource) for resource in resources)
            for who, what, where in allowed
        )

    unused = {
        (name, action, min(resources))
        for name, actions, resources in granted
        for action in actions
        if not used(name, action, resources)
    }
    excused = {one for one in unused for key in UNPROVED if one[:2] == key[:2] and one[2].endswith(key[2])}
    assert sorted(unused - excused) == [], "take these out of infra/roles.py, or write the test that needs them"


def test_no_function_was_refused_anything(calls):
    assert sorted(call for call in calls if call[3] != "Allow") == []
