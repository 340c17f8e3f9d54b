"""An update over a live stack: new code and a new market arrive while people trade. Nothing is lost, nothing doubled.

Also the procedures "add a market", "roll back" and "take a stage away" of docs/operations.md.
"""

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from decimal import Decimal

import boto3
import pytest

from infra import deploy, local, package
from infra.demo import Refused, Setting, Trader
from infra.ops import Operator
from tests.deployed.conftest import Nobody
from tests.deployed.test_kills import client_settings, quiet

pytestmark = pytest.mark.deployed

OLD = Setting("XRP-CNY", Decimal("0.083"), Decimal("0.0001"), Decimal(1), Decimal(50), wobble=0)
NEW = Setting("DOGE-CNY", Decimal("0.5"), Decimal("0.01"), Decimal(1), Decimal(50), wobble=0)
TRADING_S = 2


@pytest.fixture
def live(tmp_path, monkeypatch):
    """An exchange that this test may change."""
    monkeypatch.setenv("EXCHANGE_LOCAL_DIR", str(tmp_path / "exchange"))
    with local.Exchange(tmp_path / "exchange") as running:
        yield running


@pytest.fixture
def checkout(tmp_path):
    """Another version of the sources."""
    copy = tmp_path / "checkout"
    for name in ("chalicelib", "infra", ".chalice"):
        shutil.copytree(package.ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "requirements.txt", "requirements-emulator.txt"):
        shutil.copyfile(package.ROOT / name, copy / name)
    (copy / "build").mkdir()
    (copy / "build/dependencies").symlink_to(package.BUILD / "dependencies")
    return copy


def redeploy(checkout, **environment):
    """`make redeploy` in another checkout; a redeployment that went through gives back nothing."""
    clean = {name: value for name, value in os.environ.items() if name not in {"STAGE", "STACK"}}
    command = [sys.executable, "-m", "infra.deploy", "--stage", "local"]
    done = subprocess.run(
        command, cwd=checkout, env=clean | environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stderr if done.returncode else None


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def trade(trader, ending, placed, failed):
    """Orders around one price, some of them cancelled, as fast as they are answered."""
    dice = random.Random(trader.uid)
    while not ending.is_set():
        try:
            side = dice.choice(("buy", "sell"))
            price = OLD.price * (100 + dice.randint(-2, 2)) / 100
            mine = trader.submit(OLD, [(side, price, OLD.amount), (side, price * 2, OLD.amount)])
            placed.extend(mine)
            if dice.random() < 0.3:
                trader.cancel(mine[:1])
        except Refused as refused:
            failed.append(str(refused))


@pytest.fixture
def traders(live):
    people = [Trader(live.url, f"up{number}") for number in range(3)]
    yield people
    for trader in people:
        trader.close()


def test_an_update_under_way_loses_and_doubles_nothing(live, checkout, traders):
    operator = Operator("local")
    for trader in traders:
        trader.enter(operator, Nobody())
        for currency in ("XRP", "CNY", "DOGE"):
            operator.run("credit", {"uid": trader.uid, "currency": currency, "amount": "1000000"})
    ending, placed, failed = threading.Event(), [], []
    threads = [threading.Thread(target=trade, args=(trader, ending, placed, failed)) for trader in traders]
    for thread in threads:
        thread.start()
    time.sleep(TRADING_S)
    before = len(placed)

    edit(checkout / "chalicelib/exchange.toml", "XRP-CNY = {}", "XRP-CNY = {}\nDOGE-CNY = {}")
    edit(checkout / "chalicelib/settings.py", '"""The only reader', '"""The second edition of the only reader')
    assert redeploy(checkout) is None
    during = len(placed)
    time.sleep(TRADING_S)
    ending.set()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert 0 < before < during < len(placed), "people trade before, during and after the update"
    assert len(traders[0].call("GET", "/api/v2/tickers", signed=False)) == 16

    ann, bob, _ = traders
    offers = ann.submit(NEW, [("sell", NEW.price, NEW.amount)])
    bob.submit(NEW, [("buy", NEW.price, NEW.amount)])
    eventually(lambda: [one["status"] for one in orders(ann, offers)], [2])

    settle(live, operator, traders)
    report = operator.run("audit", {})
    assert report["violations"] == []
    # What the API accepted is there, once; a request that failed may have placed orders that nobody was told of.
    known = {one for trader in traders for one in everything(trader)}
    assert set(placed) <= known
    assert report["checked"]["orders"] == len(known)
    if not failed:
        assert len(known) == len(placed) + 2

    # Back to the code of before. The market stays: to give up its queue, somebody has to agree.
    refusal = redeploy(package.ROOT)
    assert refusal is not None
    assert "orders-DOGE-CNY.fifo" in refusal
    assert "refused" in refusal
    edit(checkout / "chalicelib/settings.py", '"""The second edition of the only reader', '"""The only reader')
    assert redeploy(checkout) is None
    assert ann.submit(OLD, [("sell", OLD.price * 3, OLD.amount)])
    settle(live, operator, traders)
    assert operator.run("audit", {})["violations"] == []

    # And away with it all.
    with local._environment(local.credentials(live.endpoint)):
        with pytest.raises(deploy.DeploymentFailed, match="refused"):
            deploy.destroy("local", quiet=True, poll_s=0.1, consent=lambda _: False)
        assert "exchange-local-accounts" in boto3.client("dynamodb").list_tables()["TableNames"]
        deploy.destroy("local", quiet=True, poll_s=0.1, consent=lambda _: True)
        assert boto3.client("dynamodb").list_tables()["TableNames"] == []
        assert boto3.client("s3").list_buckets()["Buckets"] == []


def test_production_is_not_destroyed():
    with pytest.raises(deploy.DeploymentFailed, match="not destroyed"):
        deploy.destroy("prod", consent=lambda _: True)


def orders(trader, ids):
    return trader.call("GET", f"/api/v2/user/orders?ids={','.join(map(str, ids))}")["orders"]


def everything(trader):
    """The ids of all orders that somebody ever placed."""
    found, more, cursor = [], True, ""
    while more:
        page = trader.call("GET", f"/api/v2/user/orders?limit=200{cursor}")
        found += [int(one["id"]) for one in page["orders"]]
        more, cursor = page["hasMore"], f"&cursor={found[-1]}" if found else ""
    return found


def settle(live, operator, traders):
    sqs = boto3.client("sqs", endpoint_url=live.endpoint, **client_settings())
    url = sqs.get_queue_url(QueueName=f"exchange-local-orders-{OLD.market}.fifo")["QueueUrl"]
    quiet(sqs, url, operator, traders)


def eventually(look, expected):
    deadline = time.monotonic() + 20
    while (seen := look()) != expected:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
