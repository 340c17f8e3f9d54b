"""Procedures of docs/operations.md that an emulator can run: a market's rows are lost, and come back."""

import re
from decimal import Decimal

import boto3
import pytest

from infra import local, restore
from infra.demo import Setting
from infra.package import ROOT
from tests.deployed.test_kills import quiet

pytestmark = pytest.mark.deployed

MARKET = Setting("LTC-BTC", Decimal("0.02"), Decimal("0.0001"), Decimal(1), Decimal(5), wobble=0)


@pytest.fixture
def aws(exchange):
    """Clients of the account's root."""
    with local._environment(local.credentials(exchange.endpoint)):
        yield boto3.client


def rows(dynamodb, noun):
    pages = dynamodb.get_paginator("scan").paginate(TableName=f"exchange-local-{noun}", ConsistentRead=True)
    return [row for page in pages for row in page["Items"]]


def lose(dynamodb, noun, keys, which):
    """Delete the rows of a table for which `which` holds; how many there were."""
    lost = [row for row in rows(dynamodb, noun) if which(row)]
    for row in lost:
        dynamodb.delete_item(TableName=f"exchange-local-{noun}", Key={key: row[key] for key in keys})
    return len(lost)


@pytest.fixture
def market(exchange, operator, person, aws):
    """A market on which something has happened: orders that rest, that are filled, that are cancelled; trades."""
    ann, bob = person("ann", LTC="1000"), person("bob", BTC="100")
    asks = ann.submit(MARKET, [("sell", MARKET.price, MARKET.amount), ("sell", MARKET.price * 2, MARKET.amount)])
    bob.submit(MARKET, [("buy", MARKET.price, MARKET.amount * 2), ("buy", MARKET.price / 2, MARKET.amount)])
    ann.cancel(asks[1:])
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=f"exchange-local-orders-{MARKET.market}.fifo")["QueueUrl"]
    quiet(sqs, url, operator, [ann, bob])
    return MARKET.market


def test_a_market_is_rebuilt_from_its_journal(market, operator, aws, ops):
    dynamodb = aws("dynamodb")
    before = {noun: rows(dynamodb, noun) for noun in ("orders", "trades")}
    assert lose(dynamodb, "orders", ("uid", "id"), lambda row: row["market"]["S"] == market) >= 4
    assert lose(dynamodb, "trades", ("market", "id"), lambda row: row["market"]["S"] == market) >= 1
    assert operator.run("replay", {"market": market})["differences"]
    assert operator.run("audit", {"owed_ms": "0"})["violations"]
    code, answer = ops("rebuild", "--market", market)
    assert (code, answer["done"]) == (0, True)
    assert operator.run("replay", {"market": market})["differences"] == []
    assert operator.run("audit", {"owed_ms": "0"})["violations"] == []
    for noun, whole in before.items():
        assert sorted(map(str, rows(dynamodb, noun))) == sorted(map(str, whole)), noun


def test_lost_rows_come_back_from_a_point_in_time(market, operator, aws):
    dynamodb = aws("dynamodb")
    # The emulator restores what the table holds now: so it forgets one row between restoring and copying back.
    plain, lost = restore._rows, []

    def forgetful(client, table):
        found = list(plain(client, table))
        lost.append(found[0])
        client.delete_item(TableName="exchange-local-transfers", Key={"id": found[0]["id"]})
        return iter(found)

    restore._rows = forgetful
    try:
        seen, brought = restore.restore("local", "transfers", poll_s=0.1)
    finally:
        restore._rows = plain
    assert (brought, len(lost)) == (1, 1)
    assert seen == len(rows(dynamodb, "transfers"))
    assert operator.run("audit", {})["violations"] == []
    assert not [name for name in dynamodb.list_tables()["TableNames"] if "restored" in name]


def test_only_what_is_never_deleted_is_brought_back():
    with pytest.raises(ValueError, match="on purpose"):
        restore.restore("local", "sessions")


def test_the_key_rotates_by_itself(aws):
    kms = aws("kms")
    key = kms.describe_key(KeyId="alias/exchange-local")["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def test_each_procedure_names_a_test_that_there_is():
    text = (ROOT / "docs/operations.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) >= 5
    for file, function in named:
        assert (ROOT / file).exists(), file
        assert not function or re.search(rf"^(def|class) {function}\b", (ROOT / file).read_text(), re.MULTILINE), (
            function
        )
