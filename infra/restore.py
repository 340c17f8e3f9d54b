"""Bring back rows that a table has lost: from a point in time, into the table as it lives.

    python -m infra.restore --stage prod --table orders [--at 2026-11-21T03:00:00Z]

DynamoDB restores into a table of its own. From there every row that the live table lacks is copied; a row that is there
is never touched, so this can run while people trade, and again if it was interrupted. The restored table goes afterwards.
Only for tables from which rows are never deleted on purpose: see TABLES.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3

from infra import local
from infra.package import STAGES

#: Rows of the others come and go (sessions, codes, attempts, …): what is missing there is missing rightly.
TABLES = ("accounts", "journal", "kyc", "orders", "trades", "transfers", "users")
POLL_S = 5.0
RESTORE_TIMEOUT_S = 6 * 3600


def restore(stage: str, noun: str, at: datetime | None = None, *, poll_s: float = POLL_S) -> tuple[int, int]:
    """Copy what table `noun` lacks of what it had at that time (None: a moment ago); (rows seen, rows brought back)."""
    if noun not in TABLES:
        raise ValueError(f"rows of {noun} are deleted on purpose: they must not come back")
    dynamodb = boto3.client("dynamodb")
    live = f"exchange-{stage}-{noun}"
    restored = f"{live}-restored-{int(time.time())}"
    when = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
    dynamodb.restore_table_to_point_in_time(SourceTableName=live, TargetTableName=restored, **when)
    deadline = time.monotonic() + RESTORE_TIMEOUT_S
    while dynamodb.describe_table(TableName=restored)["Table"]["TableStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{restored} is not ready; go on by hand")
        time.sleep(poll_s)
    keys = [one["AttributeName"] for one in dynamodb.describe_table(TableName=live)["Table"]["KeySchema"]]
    seen = brought = 0
    for row in _rows(dynamodb, restored):
        seen += 1
        brought += _put_if_missing(dynamodb, live, keys[0], row)
    dynamodb.delete_table(TableName=restored)
    return seen, brought


def _rows(dynamodb: Any, table: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - boto3 makes its classes at run time
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _put_if_missing(dynamodb: Any, table: str, key: str, row: dict[str, Any]) -> bool:  # noqa: ANN401 - as above
    try:
        dynamodb.put_item(
            TableName=table,
            Item=row,
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": key},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def main() -> int:
    """``python -m infra.restore --stage prod --table orders``."""
    parser = argparse.ArgumentParser(description="Bring back rows that a table has lost.")
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--table", choices=TABLES, required=True)
    parser.add_argument(
        "--at", type=datetime.fromisoformat, help="a time with its zone; the last possible one if not given"
    )
    chosen = parser.parse_args()
    if chosen.stage == "local":
        os.environ.update(local.credentials(local.running()["endpoint"]))
    seen, brought = restore(chosen.stage, chosen.table, chosen.at)
    print(f"{brought} of {seen} rows brought back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
