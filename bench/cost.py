"""What orders cost: `python -m bench.cost` prints one JSON line per scenario.

Every AWS call passes a hook on botocore. For each it notes: which stage it belongs to (calls made side by side are one stage, and
one sequential round trip as long as they are not more than the container's threads), and the DynamoDB write units that
it consumes, reckoned from the items before and after it by AWS's published rules (1 KB per unit, rounded up, per table
and per index whose entry changes; a refused conditional write costs what a write would). moto plays AWS.

Reached for (per order): one resting order ≤ 6 write units and ≤ 2 sequential calls in the API; ten orders in one
request ≤ 2.5; a batch of 100 orders of 10 users, half of them crossing, ≤ 4 with ≤ 4 stages in the matcher.
The run fails when one of them is missed.
"""

import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a file as well as with -m
os.environ.update(  # before settings are read
    AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_DEFAULT_REGION="us-east-1", STAGE="bench"
)

from botocore.client import BaseClient

from chalicelib import telemetry
from chalicelib.services import matching, trading
from chalicelib.stores import aws
from tests.cloud import deployment
from tests.services import world

MARKET = "BTC-CNY"
KB = 1024
READS = {"GetItem", "BatchGetItem", "Query", "Scan"}


@dataclass
class Meter:
    """What a part of a scenario did."""

    calls: Counter[str] = field(default_factory=Counter)
    stages: int = 0
    write_units: int = 0
    read_calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_state = threading.local()
_meter: Meter | None = None


def main() -> None:
    """Run the scenarios, print their figures, fail if one is too dear."""
    telemetry._emit = lambda *_: None  # noqa: SLF001 - metrics are log lines, and stdout is for the figures
    missed = []
    with deployment(), metered():
        for scenario in (resting_order, ten_orders, batch_of_a_hundred):
            figures, limits = scenario()
            missed += [
                f"{scenario.__name__}: {name} {figures[name]} > {most}"
                for name, most in limits.items()
                if figures[name] > most
            ]
            print(json.dumps({"scenario": scenario.__name__, **figures}))
    if missed:
        sys.exit("too dear: " + "; ".join(missed))


def resting_order() -> tuple[dict[str, Any], dict[str, float]]:
    """One order that rests, from the request to the account's settlement, in warm containers."""
    ann = world.person("1000000001", CNY="1000000")
    warm_up(ann)
    api = measure(lambda: world.place(ann, MARKET, "buy", 1000, 1))
    matcher = measure(run_matcher)
    units = api.write_units + matcher.write_units
    return report(1, api, matcher), {"write_units_per_order": 6, "api_sequential_calls": 2} if units else {}


def ten_orders() -> tuple[dict[str, Any], dict[str, float]]:
    """Ten resting orders in one request."""
    bob = world.person("1000000002", CNY="1000000")
    warm_up(bob)
    api = measure(lambda: trading.place(bob, [world.request(MARKET, "buy", 1000 + n, 1) for n in range(10)]))
    matcher = measure(run_matcher)
    return report(10, api, matcher), {"write_units_per_order": 2.5, "api_sequential_calls": 2}


def batch_of_a_hundred() -> tuple[dict[str, Any], dict[str, float]]:
    """Ten users send ten orders each; half of the orders rest, the other half cross them, one trade each. One SQS batch."""
    makers = [world.person(f"20000000{n:02d}", BTC="1000") for n in range(5)]
    takers = [world.person(f"30000000{n:02d}", CNY="100000000") for n in range(5)]
    for uid in makers + takers:
        warm_up(uid, side="sell" if uid in makers else "buy")
    api = Meter()
    for number, uid in enumerate(makers):
        requests = [world.request(MARKET, "sell", 5000 + number * 10 + n, 1) for n in range(10)]
        measure(lambda: trading.place(uid, requests), api)  # noqa: B023 - called at once
    for uid in takers:
        requests = [world.request(MARKET, "buy", 6000, 1) for n in range(10)]
        measure(lambda: trading.place(uid, requests), api)  # noqa: B023 - called at once
    matcher = measure(run_matcher)
    figures = report(100, api, matcher)
    figures["trades"] = 50
    return figures, {"write_units_per_order": 4, "matcher_stages": 4}


def warm_up(uid: str, side: str = "buy") -> None:
    """One order beforehand: containers are warm, the account has its assets and its watermark, nothing waits."""
    world.place(uid, MARKET, side, 1000 if side == "buy" else 9000, 1)
    run_matcher()


def run_matcher() -> None:
    """One invocation: the batch that the event source would hand over (its own calls are AWS's, not ours)."""
    global _meter  # noqa: PLW0603 - the hook's
    held, _meter = _meter, None
    messages = world.receive(MARKET)
    _meter = held
    matching.run(MARKET, [message["Body"] for message in messages])
    held, _meter = _meter, None
    world.delete(MARKET, messages)
    _meter = held


def report(count: int, api: Meter, matcher: Meter) -> dict[str, Any]:
    """The figures of a scenario, per order where that is what one pays for."""
    return {
        "orders": count,
        "write_units_per_order": round((api.write_units + matcher.write_units) / count, 2),
        "api_write_units": api.write_units,
        "api_sequential_calls": api.stages,
        "api_calls": dict(api.calls),
        "matcher_write_units": matcher.write_units,
        "matcher_stages": matcher.stages,
        "matcher_calls": dict(matcher.calls),
        "read_calls": api.read_calls + matcher.read_calls,
    }


def measure(work: Callable[[], Any], meter: Meter | None = None) -> Meter:
    """Do `work` and note its calls."""
    global _meter  # noqa: PLW0603 - the hook's
    _meter = meter or Meter()
    work()
    done, _meter = _meter, None
    return done


@contextmanager
def metered():
    """Put the hook in place, on every client, and on the door through which calls go side by side."""
    call, in_parallel = BaseClient._make_api_call, aws.in_parallel  # noqa: SLF001

    def hooked(client: BaseClient, operation: str, kwargs: dict[str, Any]) -> Any:
        meter = _meter
        if meter is None:
            return call(client, operation, kwargs)

        def raw(name: str, arguments: dict[str, Any]) -> Any:
            return call(aws.client("dynamodb"), name, arguments)

        with meter.lock:
            meter.calls[operation] += 1
            meter.read_calls += operation in READS
            meter.stages += not getattr(_state, "inside", False)
        images = _before(raw, operation, kwargs)
        try:
            return call(client, operation, kwargs)
        finally:
            with meter.lock:
                meter.write_units += _units(raw, images)

    def one_stage(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        found = list(items)
        if _meter is not None and found and not getattr(_state, "inside", False):
            with _meter.lock:
                _meter.stages += 1

        def inside(item: Any) -> Any:
            before, _state.inside = getattr(_state, "inside", False), True
            try:
                return work(item)
            finally:
                _state.inside = before

        return in_parallel(inside, found)

    BaseClient._make_api_call, aws.in_parallel = hooked, one_stage  # noqa: SLF001
    try:
        yield
    finally:
        BaseClient._make_api_call, aws.in_parallel = call, in_parallel  # noqa: SLF001


# --- write units ----------------------------------------------------------------------------------------------------

Image = tuple[str, dict[str, Any], dict[str, Any] | None, int]  # table, key, item before, factor
_schemas: dict[str, dict[str, Any]] = {}


def _before(raw: Callable[..., Any], operation: str, kwargs: dict[str, Any]) -> list[Image]:
    """The items that a call is about to write, as they stand."""
    if operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        return [_image(raw, kwargs["TableName"], kwargs.get("Key") or kwargs["Item"], 1)]
    if operation == "BatchWriteItem":
        return [
            _image(raw, table, request["PutRequest"]["Item"], 1)
            for table, requests in kwargs["RequestItems"].items()
            for request in requests
        ]
    if operation == "TransactWriteItems":
        return [
            _image(raw, write["TableName"], write.get("Key") or write["Item"], 2)
            for item in kwargs["TransactItems"]
            for write in item.values()
        ]
    return []


def _image(raw: Callable[..., Any], table: str, item: dict[str, Any], factor: int) -> Image:
    if table not in _schemas:
        _schemas[table] = raw("DescribeTable", {"TableName": table})["Table"]
    key = {part["AttributeName"]: item[part["AttributeName"]] for part in _schemas[table]["KeySchema"]}
    return table, key, raw("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item"), factor


def _units(raw: Callable[..., Any], images: list[Image]) -> int:
    units = 0
    for table, key, before, factor in images:
        after = raw("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item")
        units += factor * max(_kilobytes(before), _kilobytes(after), 1)
        for index in _schemas[table].get("GlobalSecondaryIndexes") or ():
            old, new = (_entry(_schemas[table], index, item) for item in (before, after))
            if old != new:
                keys = [part["AttributeName"] for part in index["KeySchema"]]
                moved = old is not None and new is not None and any(old[name] != new[name] for name in keys)
                units += factor * (max(_kilobytes(old), _kilobytes(new)) + (_kilobytes(old) if moved else 0))
    return units


def _entry(schema: dict[str, Any], index: dict[str, Any], item: dict[str, Any] | None) -> dict[str, Any] | None:
    """What an index holds of an item: nothing when it lacks one of the index's keys."""
    keys = [part["AttributeName"] for part in (*index["KeySchema"], *schema["KeySchema"])]
    if item is None or any(name not in item for name in keys):
        return None
    return item if index["Projection"]["ProjectionType"] == "ALL" else {name: item[name] for name in keys}


def _kilobytes(item: dict[str, Any] | None) -> int:
    if item is None:
        return 0
    return -(-sum(len(name.encode()) + _bytes(value) for name, value in item.items()) // KB)


def _bytes(typed: dict[str, Any]) -> int:
    """The size of an attribute value by AWS's rules ("DynamoDB item sizes and formats")."""
    ((kind, value),) = typed.items()
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return (len(value.lstrip("-").replace(".", "").strip("0")) + 1) // 2 + 1 + value.startswith("-")
    if kind == "B":
        return len(value)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _bytes(entry) for name, entry in value.items())
    return 1


if __name__ == "__main__":
    main()
