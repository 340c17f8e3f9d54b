"""Lambda workers are killed (SIGKILL) in the middle of trading; nothing is lost, doubled or left hanging."""

import os
import random
import signal
import threading
import time
from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from chalicelib import settings
from infra import local
from infra.demo import Refused, Setting

pytestmark = pytest.mark.deployed

TRADING_S = 12
KILL_PAUSE_S = 0.5
QUIET_S = 90
#: A market that no other test here trades on.
MARKET = Setting("XRP-CNY", Decimal("0.083"), Decimal("0.0001"), Decimal(1), Decimal(50), wobble=0)
MATCHER = "match-xrp-cny"


def workers(emulator):
    """The processes of the emulator that run functions of ours, by function name."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == emulator:
                command = (entry / "cmdline").read_bytes().decode()
                found[int(entry.name)] = command
        except (OSError, ValueError, IndexError):
            continue
    return {pid: command for pid, command in found.items() if "ministack-lambda-" in command}


def trade(trader, ending, placed):
    """Orders around one price, some of them cancelled, as fast as they are answered."""
    dice = random.Random(trader.uid)
    while not ending.is_set():
        try:
            side = dice.choice(("buy", "sell"))
            price = MARKET.price * (100 + dice.randint(-2, 2)) / 100
            mine = trader.submit(MARKET, [(side, price, MARKET.amount), (side, price * 2, MARKET.amount)])
            placed.extend(mine)
            if dice.random() < 0.3:
                trader.cancel(mine[:1])
        except Refused:
            pass  # the function was killed; whether the order was placed is for the audit to say


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in /proc")
def test_the_books_balance_after_random_kills(exchange, operator, person, ops):
    sqs = boto3.client("sqs", endpoint_url=exchange.endpoint, **client_settings())
    url = sqs.get_queue_url(QueueName=f"exchange-local-orders-{MARKET.market}.fifo")["QueueUrl"]
    # A batch whose matcher was killed comes back after this; the minutes of production would only make the test long.
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "3"})
    traders = [person(f"kill{number}", XRP="1000000", CNY="1000000") for number in range(3)]
    ending, placed = threading.Event(), []
    threads = [threading.Thread(target=trade, args=(trader, ending, placed)) for trader in traders]
    for thread in threads:
        thread.start()
    dice, killed = random.Random(1), []
    deadline = time.monotonic() + TRADING_S
    while time.monotonic() < deadline:
        time.sleep(KILL_PAUSE_S)
        alive = {
            pid: command
            for pid, command in workers(exchange.emulator.pid).items()
            if MATCHER in command or "api-trading" in command
        }
        if alive:
            pid = dice.choice(sorted(alive))
            os.kill(pid, signal.SIGKILL)
            killed.append(alive[pid])
    ending.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert any(MATCHER in command for command in killed)
    assert any("api-trading" in command for command in killed)
    quiet(sqs, url, operator, traders)
    sqs.set_queue_attributes(QueueUrl=url, Attributes=kept)
    code, report = ops("audit")
    assert (code, report["violations"]) == (0, [])
    assert report["checked"]["orders"] >= len(placed) > 20


def quiet(sqs, url, operator, traders):
    """Wait until the queue is empty and no order is on its way any more; the sweeper helps where a message was lost."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline = time.monotonic() + QUIET_S
    while time.monotonic() < deadline:
        time.sleep(1)
        operator.invoke("sweep")
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if all(counts[name] == "0" for name in names) and not waiting(traders):
            return
    pytest.fail(f"not quiet after {QUIET_S} s: {counts}")


def waiting(traders):
    """Whether any account still holds an intent."""
    dynamodb = boto3.client("dynamodb", endpoint_url=local.running()["endpoint"], **client_settings())
    for trader in traders:
        row = dynamodb.get_item(TableName="exchange-local-accounts", Key={"uid": {"S": trader.uid}})["Item"]
        if row.get("intents", {}).get("M"):
            return True
    return False


def client_settings():
    return {
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "aws_session_token": "",
        "region_name": "us-east-1",
    }


def test_the_queues_are_named_as_the_code_names_them(exchange):
    sqs = boto3.client("sqs", endpoint_url=exchange.endpoint, **client_settings())
    names = {url.rpartition("/")[2] for url in sqs.list_queues(QueueNamePrefix="exchange-local-orders")["QueueUrls"]}
    assert names == {f"exchange-local-orders-{market}.fifo" for market in settings.exchange().markets}
