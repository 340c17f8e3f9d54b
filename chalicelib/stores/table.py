"""What all DynamoDB tables share: one client, and writes of many items at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.connection import TableConnection
from pynamodb.exceptions import PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib import clock
from chalicelib.stores import aws

#: One store's part of a transaction that another store makes: it adds its writes.
Step = Callable[[TransactWrite], None]

#: DynamoDB takes at most 25 puts in one BatchWriteItem, over any number of tables.
BATCH_PUTS_MAX = 25
BATCH_TRIES_MAX = 8
#: How often a write that meets a transaction on the same item is repeated, and the first pause in between; it doubles.
CONFLICT_TRIES_MAX = 5
CONFLICT_PAUSE_MS = 10


class Table(Model):
    """Base of every table. PynamoDB would make a client per table; a container needs one, for that costs a cold start."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        connection = super()._get_connection()
        connection.connection._client = aws.client("dynamodb")  # noqa: SLF001 - PynamoDB has no public way to share one
        return connection


class Integer(Attribute[int]):
    """A whole number of any size, exact both ways. PynamoDB's own NumberAttribute makes a float of a fraction."""

    attr_type = "N"

    def serialize(self, value: int) -> str:
        """The number as DynamoDB takes it. A fraction here is our mistake."""
        assert isinstance(value, int), value
        return str(int(value))

    def deserialize(self, value: str) -> int:
        """The number, or ValueError for a fraction: nobody of ours can have written it."""
        return int(value)


class IntegerMap(Attribute[Mapping[str, int]]):
    """A map of whole numbers, whose entries can be read, set and removed one by one: ``Row.balances["BTC"]``."""

    attr_type = "M"

    def serialize(self, value: Mapping[str, int]) -> dict[str, dict[str, str]]:
        """The map as DynamoDB takes it."""
        return {key: {"N": str(int(number))} for key, number in value.items()}

    def deserialize(self, value: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
        """The map as read."""
        return {key: int(entry["N"]) for key, entry in value.items()}


class TextMap(Attribute[Mapping[str, str]]):
    """A map of texts, whose entries can be read, set and removed one by one."""

    attr_type = "M"

    def serialize(self, value: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """The map as DynamoDB takes it."""
        return {key: {"S": text} for key, text in value.items()}

    def deserialize(self, value: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """The map as read."""
        return {key: entry["S"] for key, entry in value.items()}


class Unwritten(Exception):  # noqa: N818 - says what is the case
    """DynamoDB left some puts of a batch undone, time after time. The caller's step has to be repeated whole."""


def error_code(error: PynamoDBException) -> str | None:
    """DynamoDB's code of an error that it answered; None when no answer came.

    Not PynamoDB's `cause_response_code`, which breaks on a time-out: botocore's time-outs have a `response` of None.
    """
    response = getattr(error.cause, "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code


def refused(error: PynamoDBException) -> bool:
    """Whether a write failed because its condition did not hold, and so surely changed nothing."""
    return error_code(error) == "ConditionalCheckFailedException"


def conflicted(error: PynamoDBException) -> bool:
    """Whether a write was refused because a transaction had the item at that moment: nothing changed, it may be tried again."""
    return error_code(error) == "TransactionConflictException"


def update(row: Table, actions: Iterable[Action], condition: Condition) -> None:
    """One conditional write of the item that `row` names.

    DynamoDB refuses it while a transaction holds the item (for milliseconds), and botocore does not repeat that: we do, for
    it surely changed nothing. Raises `UpdateError`, see `refused`.
    """
    hash_key, range_key = row._get_hash_range_key_serialized_values()  # noqa: SLF001 - as below
    for attempt in range(CONFLICT_TRIES_MAX):
        try:
            # Not Model.update: it would have DynamoDB send the whole item back.
            row._get_connection().update_item(hash_key, range_key, actions=list(actions), condition=condition)  # noqa: SLF001
        except UpdateError as error:
            if not conflicted(error) or attempt == CONFLICT_TRIES_MAX - 1:
                raise
            clock.sleep_ms(CONFLICT_PAUSE_MS << attempt)
        else:
            return


def updated(row: Table, actions: Iterable[Action], condition: Condition) -> bool:
    """The same; False when the condition did not hold, and so nothing was changed."""
    try:
        update(row, actions, condition)
    except UpdateError as error:
        if refused(error):
            return False
        raise
    return True


def put_all(rows: Sequence[Model]) -> None:
    """Put rows of any tables, 25 a call, calls side by side. Puts have no conditions: only for rows that never change after.

    Raises `Unwritten` when DynamoDB keeps leaving some of them out (throttled).
    """
    requests = [(row.Meta.table_name, {"PutRequest": {"Item": row.serialize()}}) for row in rows]
    chunks = [requests[start : start + BATCH_PUTS_MAX] for start in range(0, len(requests), BATCH_PUTS_MAX)]
    if chunks:
        aws.in_parallel(_put_chunk, chunks)


def _put_chunk(requests: list[tuple[str, Any]]) -> None:
    pending: dict[str, list[Any]] = {}
    for table, request in requests:
        pending.setdefault(table, []).append(request)
    for _ in range(BATCH_TRIES_MAX):
        pending = aws.client("dynamodb").batch_write_item(RequestItems=pending).get("UnprocessedItems") or {}
        if not pending:
            return
    raise Unwritten(sorted(pending))
