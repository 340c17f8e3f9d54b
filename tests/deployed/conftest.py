"""An exchange of the tests' own: the packaged template on the emulator, in a temporary folder, on free ports."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import local, package
from infra.demo import Trader
from infra.ops import Operator
from tests.services.custody import BITCOIN


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what judges the whole suite last, and skip it when a part was chosen."""
    judges = [item for item in items if item.get_closest_marker("whole_suite")]
    items[:] = [item for item in items if item not in judges] + judges
    files = {item.path for item in items}
    partly = config.option.keyword or getattr(config.option, "lf", False) or any("::" in one for one in config.args)
    if partly or not set(Path(__file__).parent.glob("test_*.py")) <= files:
        for item in judges:
            item.add_marker(pytest.mark.skip(reason="only a part of the deployed tests runs"))


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Exchange]:
    """Started once, ended after the last test; what it holds is gone then."""
    folder = tmp_path_factory.mktemp("exchange")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXCHANGE_LOCAL_DIR", str(folder))
        # Bitcoins are those of a network of our own: a node may be attached to it, see test_custody.
        patch.setenv("COINS", json.dumps(BITCOIN))
        with local.Exchange(folder) as running:
            yield running


@pytest.fixture(scope="session")
def operator(exchange: local.Exchange) -> Operator:
    """The operators' verbs, in this process."""
    return Operator("local")


@pytest.fixture(scope="session")
def ops(exchange: local.Exchange) -> Callable[..., tuple[int, object]]:
    """The operators' command line as another shell runs it: (exit code, the JSON document it printed)."""

    def run(*arguments: str) -> tuple[int, object]:
        command = [sys.executable, "-m", "infra.ops", "--stage", "local", "--json", *arguments]
        done = subprocess.run(command, cwd=package.ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout, parse_float=Decimal)

    return run


@pytest.fixture
def aws(exchange: local.Exchange) -> Iterator[Callable[..., Any]]:
    """Clients of the account's root."""
    with local._environment(local.credentials(exchange.endpoint)):
        yield boto3.client


@pytest.fixture
def aged_sessions(aws: Callable[..., Any]) -> Callable[[], None]:
    """Have all sessions end in a minute, so that the next request of each prolongs it."""

    def age() -> None:
        for row in aws("dynamodb").scan(TableName="exchange-local-sessions")["Items"]:
            aws("dynamodb").update_item(
                TableName="exchange-local-sessions",
                Key={"uid": row["uid"], "fingerprint": row["fingerprint"]},
                UpdateExpression="SET #e = :soon",
                ExpressionAttributeNames={"#e": "expires"},
                ExpressionAttributeValues={":soon": {"N": str(time.time_ns() // 1_000_000 + 60_000)}},
            )

    return age


@pytest.fixture
def person(exchange: local.Exchange, operator: Operator) -> Iterator[Callable[..., Trader]]:
    """Somebody who registered over HTTP and opened the link in the mail, with funds: ``person("ann", BTC="1.5")``."""
    people = []

    def enter(name: str, **funds: str) -> Trader:
        trader = Trader(exchange.url, name)
        people.append(trader)
        trader.enter(operator, Nobody())
        for currency, amount in funds.items():
            operator.run("credit", {"uid": trader.uid, "currency": currency, "amount": amount})
        return trader

    yield enter
    for trader in people:
        trader.close()


class Nobody:
    """A memory of traders that remembers nobody."""

    def get(self, _name: str) -> dict[str, object]:
        return {}

    def keep(self, _name: str, _credentials: dict[str, object]) -> None:
        pass
