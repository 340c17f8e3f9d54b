"""Paths that people and faults take seldom, on the deployed package: each uses rights that nothing else uses.

`test_grants.py` fails on rights that no test used; this is where most of the rare ones are.
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from infra import local
from infra.demo import Refused, Setting
from infra.package import ROOT
from tests.deployed.test_identity import Browser, pwdhash

pytestmark = pytest.mark.deployed

PATIENCE_S = 30
#: Commits entries that change nothing in the end (halted, resumed, …), with the code's own store.
COMMIT = """
import sys
from chalicelib import clock
from chalicelib.core.orders import Entry, MarketHalted, MarketResumed
from chalicelib.stores import journal
market, count = sys.argv[1], int(sys.argv[2])
newest = journal.last(market)
seq = 0 if newest is None else newest.seq
for number in range(count):
    event = MarketResumed() if number % 2 else MarketHalted()
    journal.append(Entry(market, seq + number + 1, clock.now_ms(), (event,)))
"""


@pytest.fixture
def commit(exchange):
    """Commit meaningless entries to a market's journal: ``commit("NXT-BTC", 600)``."""

    def run(market, count):
        environment = {
            **os.environ,
            **local.credentials(exchange.endpoint),
            "STACK": "exchange-local",
            "STAGE": "local",
        }
        subprocess.run([sys.executable, "-c", COMMIT, market, str(count)], cwd=ROOT, env=environment, check=True)

    return run


@contextlib.contextmanager
def paused(aws, function):
    """A function that gets nothing from its queue for a while."""
    client = aws("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=f"exchange-local-{function}")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    time.sleep(1)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def queue_of(aws, market):
    return aws("sqs").get_queue_url(QueueName=f"exchange-local-orders-{market}.fifo")["QueueUrl"]


def eventually(look):
    deadline = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return seen


def setting(market):
    return Setting(market, Decimal("0.02"), Decimal("0.0001"), Decimal(1), Decimal(5), wobble=0)


def basic(address, password):
    return "Basic " + base64.b64encode(f"{address}:{pwdhash(password)}".encode()).decode()


def test_each_group_knows_a_caller_by_each_scheme(exchange, operator, aged_sessions, person):
    walker = Browser(exchange, operator, f"schemes-{time.time_ns():x}@example.com")
    uid = walker.did("register", email=walker.address, pwdhash=pwdhash("first"), lang="en")["uid"]
    walker.get(f"check_activation_code?token={walker.token()}")
    operator.run("credit", {"uid": uid, "currency": "BTC", "amount": "1"})
    operator.invoke("snapshots")
    paths = ("user/profile", "user/balance", "user/orders", "user/reserve_proof?currency=BTC")
    for path in paths:
        # Basic: a wrong guess is counted, a right one forgets the count.
        walker.cookie = ""
        assert walker.ask("GET", path, Authorization=basic(walker.address, "wrong"))["code"] == 1014
        assert walker.ask("GET", path, Authorization=basic(walker.address, "first"))["code"] == 0
    assert walker.login("first")["code"] == 0
    for path in paths:
        # A cookie: once its session is half through, it is prolonged.
        aged_sessions()
        assert walker.get(path)["code"] == 0
    # API tokens: made, listed, deleted; and used for what else is about oneself.
    token = walker.did("user/add_api_token")["token"]
    assert token in json.dumps(walker.get("user/profile")["data"])
    walker.did("user/delete_api_token", token=token)
    assert token not in json.dumps(walker.get("user/profile")["data"])
    assert walker.get("logout")["code"] == 0
    assert walker.get("user/profile")["code"] == 1014
    ann = person("token")
    assert ann.call("GET", "/api/v2/user/profile")
    with contextlib.suppress(Refused):
        ann.call("GET", f"/api/v2/{paths[-1]}")
    # Four wrong guesses lock the door, whoever answers it.
    for _ in range(4):
        walker.ask("GET", paths[0], Authorization=basic(walker.address, "wrong"))
    for path in paths:
        locked = walker.ask("GET", path, Authorization=basic(walker.address, "first"))
        assert locked.get("code") != 0, locked


def test_a_client_order_id_counts_once(person):
    ann = person("ann", LTC="100")
    order = {"market": "LTC-BTC", "operation": "sell", "price": 0.03, "amount": 1, "client_order_id": "mine-1"}

    def submit(**changes):
        (result,) = ann.call("POST", "/api/v2/user/submit_orders", {"orders": [order | changes]})["results"]
        return result

    first = submit()
    assert first["order_id"] != "0"
    assert submit() == first
    # What funds do not suffice for frees its name again.
    assert submit(client_order_id="mine-2", amount=1000)["order_id"] == "0"
    assert submit(client_order_id="mine-2")["order_id"] != "0"


def test_a_lost_message_a_long_journal_and_a_cold_start(person, operator, aws, commit, ops):
    market = setting("NXT-BTC")
    ann, bob = person("ann", NXT="1000"), person("bob", BTC="100")
    first = ann.submit(market, [("sell", market.price * 2, market.amount)])
    eventually(lambda: ann.call("GET", f"/api/v2/user/orders?ids={first[0]}")["orders"])
    url = queue_of(aws, market.market)
    with paused(aws, "match-nxt-btc"):
        (lost,) = bob.submit(market, [("buy", market.price, market.amount)])
        sent_at = time.monotonic()
        (message,) = aws("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        aws("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        commit(market.market, 560)
        for _ in range(2):
            operator.invoke("checkpoint")
            commit(market.market, 60)
        operator.invoke("checkpoint")
        head = aws("dynamodb").get_item(TableName="exchange-local-heads", Key={"market": {"S": market.market}})["Item"]
        assert (head["archived"]["N"], int(head["checkpoint"]["N"]) > 600) == ("500", True)
        assert len(ann.call("GET", "/api/v2/NXT-BTC/depth", signed=False)["asks"]) == 1
        # Candles start anew, from the archive on.
        aws("dynamodb").update_item(
            TableName="exchange-local-heads",
            Key={"market": {"S": market.market}},
            UpdateExpression="REMOVE klines_seq, klines_until, klines_first, klines_before",
        )
        operator.invoke("klines")
    # The matcher that works now believes in the journal of before: it loses the fence, reloads, and goes on.
    time.sleep(max(0.0, 31 - (time.monotonic() - sent_at)))
    operator.invoke("sweep")
    eventually(lambda: bob.call("GET", f"/api/v2/user/orders?ids={lost}")["orders"])
    assert operator.run("replay", {"market": market.market})["differences"] == []
    assert ops("rebuild", "--market", market.market)[0] == 0
    assert ops("rebuild-klines", "--market", market.market)[0] == 0
    operator.invoke("audit")
    assert operator.run("audit", {})["violations"] == []


def test_what_a_dead_matcher_owed_is_done_by_the_sweeper(person, operator, aws):
    market = setting("VRC-BTC")
    ann, bob, cat = person("ann", VRC="1000"), person("bob", BTC="100"), person("cat", VRC="1000")
    dynamodb = aws("dynamodb")

    def whole(noun):
        return dynamodb.scan(TableName=f"exchange-local-{noun}", ConsistentRead=True)["Items"]

    (resting,) = ann.submit(market, [("sell", market.price, market.amount)])
    eventually(lambda: ann.call("GET", f"/api/v2/user/orders?ids={resting}")["orders"])
    with paused(aws, "match-vrc-btc"):
        # One batch with one of each: a maker filled in part, a taker filled, an order that comes to rest, a halt.
        bob.submit(market, [("buy", market.price, market.amount / 5)])
        (later,) = cat.submit(market, [("sell", market.price * 2, market.amount)])
        operator.run("halt", {"market": market.market})
        before = {noun: whole(noun) for noun in ("accounts", "orders")}
    eventually(lambda: cat.call("GET", f"/api/v2/user/orders?ids={later}")["orders"])
    time.sleep(1)
    # As if the matcher had died right after its commit: what it wrote afterwards is taken back.
    mine = [row for row in whole("journal") if row["market"]["S"] == market.market]
    assert len(mine) == 2, "one entry for the three messages"
    people = {ann.uid, bob.uid, cat.uid, f"house-{market.market}"}
    kept = {row["uid"]["S"]: row for row in before["accounts"]}
    for uid in people:
        if uid in kept:
            dynamodb.put_item(TableName="exchange-local-accounts", Item=kept[uid])
    known = {(row["uid"]["S"], row["id"]["N"]): row for row in before["orders"]}
    for row in whole("orders"):
        key = (row["uid"]["S"], row["id"]["N"])
        if row["market"]["S"] == market.market and key not in known:
            dynamodb.delete_item(TableName="exchange-local-orders", Key={"uid": row["uid"], "id": row["id"]})
        elif row["market"]["S"] == market.market:
            dynamodb.put_item(TableName="exchange-local-orders", Item=known[key])
    for row in whole("trades"):
        if row["market"]["S"] == market.market:
            dynamodb.delete_item(TableName="exchange-local-trades", Key={"market": row["market"], "id": row["id"]})
    time.sleep(16)
    operator.invoke("sweep")
    assert cat.call("GET", f"/api/v2/user/orders?ids={later}")["orders"]
    assert operator.run("audit", {})["violations"] == []
    operator.run("resume", {"market": market.market})
    assert operator.run("rebuild", {"market": market.market})["done"]


def test_candles_over_some_minutes(person, operator, aws):
    market = setting("ZET-BTC")
    ann, bob = person("ann", ZET="1000"), person("bob", BTC="100")
    dynamodb = aws("dynamodb")
    table = "exchange-local-journal"
    moved = {}
    for minutes_ago in (4 * 24 * 60, 5, 4, 3, 2, 0):
        ann.submit(market, [("sell", market.price, market.amount)])
        (bought,) = bob.submit(market, [("buy", market.price, market.amount)])
        eventually(lambda one=bought: bob.call("GET", f"/api/v2/user/orders?ids={one}")["orders"])
        rows = [
            row
            for row in dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
            if row["market"]["S"] == market.market
        ]
        for row in rows:
            if row["seq"]["N"] not in moved:
                moved[row["seq"]["N"]] = row
                earlier = str(int(row["at"]["N"]) - minutes_ago * 60_000)
                dynamodb.put_item(TableName=table, Item=row | {"at": {"N": earlier}})
        operator.invoke("klines")
    end = time.time_ns() // 1_000_000
    path = f"/api/v2/{market.market}/kline?interval=1m&start={end - 3_600_000}&end={end}"
    assert ann.call("GET", path, signed=False)
    assert ann.call("GET", f"/api/v2/{market.market}/trades", signed=False)
    operator.run("rebuild-klines", {"market": market.market})
    (trade,) = bob.call("GET", f"/api/v2/user/trades?limit=1&market={market.market}")["trades"]
    assert bob.call("GET", f"/api/v2/user/trades?ids={trade['id']}")["trades"]
    for row in moved.values():
        dynamodb.put_item(TableName=table, Item=row)
    operator.run("rebuild-klines", {"market": market.market})
    assert operator.run("audit", {})["violations"] == []


def test_a_mail_comes_once_and_one_that_cannot_go_out_is_tried_again(exchange, operator, aws):
    sqs, url = aws("sqs"), aws("sqs").get_queue_url(QueueName="exchange-local-mail")["QueueUrl"]
    walker = Browser(exchange, operator, f"mail-{time.time_ns():x}@example.com")
    with paused(aws, "mail"):
        walker.did("register", email=walker.address, pwdhash=pwdhash("first"), lang="en")
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": "r",
            "body": message["Body"],
            "attributes": {},
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:exchange-local-mail",
            "awsRegion": "us-east-1",
        }
        payload = json.dumps({"Records": [record]})
        sender = exchange.outputs["MailSender"]
        aws("ses").delete_identity(Identity=sender)
        refused = aws("lambda").invoke(FunctionName="exchange-local-mail", Payload=payload)
        aws("ses").verify_email_identity(EmailAddress=sender)
        assert "FunctionError" in refused
        assert operator.messages(walker.address) == []
        for _ in range(2):
            aws("lambda").invoke(FunctionName="exchange-local-mail", Payload=payload)
    assert len(operator.messages(walker.address)) == 1
