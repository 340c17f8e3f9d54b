"""What is counted to stop guessing and pestering: failed logins, and sends to a receiver or from an address.

A guess is taken before it is checked and counted as a failure after, so that guesses racing each other cannot be more
than are allowed: `taken` is all of them, `failures` those that turned out wrong, the difference those under way.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum, auto

from pynamodb.attributes import ListAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.core.identity import DAY_MS, LOGIN_LADDER, Ladder, Window, after_send
from chalicelib.stores.table import Table, updated

#: A guess is decided within the life of a request (10 s). One still open after this was cut off by a crash.
UNDER_WAY_MS_MAX = 30_000
TRIES_MAX = 10


class LadderRow(Table):
    """Wrong guesses at one thing. `until`: when they are forgotten; `failed`: when the last was; ms since epoch."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("attempts")

    key = UnicodeAttribute(hash_key=True)
    taken = NumberAttribute()
    failures = NumberAttribute()
    until = NumberAttribute()
    failed = NumberAttribute(null=True)
    ttl = TTLAttribute()


class SendsRow(Table):
    """When something was sent, ms since epoch, as far back as it matters. `version` counts the writes."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("attempts")

    key = UnicodeAttribute(hash_key=True)
    times: ListAttribute[int] = ListAttribute()
    version = NumberAttribute()
    ttl = TTLAttribute()


class Admission(Enum):
    """What becomes of a guess before it is looked at."""

    TAKEN = auto()
    LOCKED = auto()
    BUSY = auto()  # as many as are allowed are under way at this moment; it may be admitted later


class Contended(Exception):  # noqa: N818 - says what is the case
    """Others wrote the same row, time after time."""


def take(key: str, now: int, ladder: Ladder = LOGIN_LADDER) -> Admission:
    """Ask to check one guess at `key`. One that is TAKEN has to be followed by `fail` or `clear`."""
    row, most = LadderRow(key), ladder.failures_max
    fresh = (LadderRow.taken < most) & (LadderRow.until > now)
    for _ in range(TRIES_MAX):
        actions = [
            LadderRow.taken.set((LadderRow.taken | 0) + 1),
            LadderRow.failures.set(LadderRow.failures | 0),
            *_forgotten_at(now, ladder),
        ]
        if updated(row, actions, LadderRow.key.does_not_exist() | fresh):
            return Admission.TAKEN
        try:
            seen = LadderRow.get(key, consistent_read=True)
        except LadderRow.DoesNotExist:
            continue
        same = (LadderRow.until == seen.until) & (LadderRow.taken == seen.taken) & (LadderRow.failures == seen.failures)
        thawed = seen.failures >= most and now >= (seen.failed or seen.until - ladder.memory_ms) + ladder.freeze_ms
        if seen.until <= now:
            start = [LadderRow.taken.set(1), LadderRow.failures.set(0), *_forgotten_at(now, ladder)]
            if updated(row, start, same):
                return Admission.TAKEN
        elif seen.failures >= most and not thawed:
            return Admission.LOCKED
        elif seen.until - ladder.memory_ms + UNDER_WAY_MS_MAX < now and seen.taken > seen.failures:
            updated(row, [LadderRow.taken.set(seen.failures)], same)
        elif thawed and seen.taken <= seen.failures:  # one at a time
            if updated(row, [LadderRow.taken.set(seen.failures + 1), *_forgotten_at(now, ladder)], same):
                return Admission.TAKEN
        elif seen.taken >= most:
            return Admission.BUSY
    raise Contended(key)


def failures(key: str, now: int) -> int:
    """How many guesses at `key` were wrong and are not forgotten."""
    try:
        row = LadderRow.get(key, consistent_read=True)
    except LadderRow.DoesNotExist:
        return 0
    return int(row.failures) if now < row.until else 0


def fail(key: str, now: int, ladder: Ladder = LOGIN_LADDER) -> int:
    """Count a guess that was taken as wrong: how many were so far."""
    row = LadderRow(key)
    # `taken` is missing where a right guess cleared the row while this one was under way.
    row.update(
        actions=[
            LadderRow.failures.set((LadderRow.failures | 0) + 1),
            LadderRow.taken.set(LadderRow.taken | 1),
            LadderRow.failed.set(now),
            *_forgotten_at(now, ladder),
        ]
    )
    return int(row.failures)


def clear(key: str) -> None:
    """A guess was right: forget what was counted."""
    LadderRow(key).delete()


def spend(windows: Mapping[str, Sequence[Window]], now: int) -> bool:
    """Count one send at `now` against every key of `windows`, or against none and return False when one is full."""
    for _ in range(TRIES_MAX):
        seen = {row.key: row for row in SendsRow.batch_get(sorted(windows), consistent_read=True)}
        rows: list[tuple[SendsRow, Condition]] = []
        for key, spans in windows.items():
            before = seen.get(key)
            times = after_send([int(time) for time in before.times] if before else [], now, spans)
            if times is None:
                return False
            version = before.version if before else 0
            ttl = datetime.fromtimestamp((now + 2 * DAY_MS) // 1000, UTC)
            row = SendsRow(key, times=times, version=version + 1, ttl=ttl)
            rows.append((row, SendsRow.version == version if before else SendsRow.key.does_not_exist()))
        try:
            with TransactWrite(connection=SendsRow._get_connection().connection) as transaction:  # noqa: SLF001
                for row, condition in rows:
                    transaction.save(row, condition)
        except TransactWriteError as error:
            if error.cause_response_code != "TransactionCanceledException":
                raise
        else:
            return True
    return False


def spent(key: str, now: int, windows: Sequence[Window]) -> bool:
    """Whether `spend` would be refused for `key` alone."""
    try:
        row = SendsRow.get(key, consistent_read=True)
    except SendsRow.DoesNotExist:
        return False
    return after_send([int(time) for time in row.times], now, windows) is None


def _forgotten_at(now: int, ladder: Ladder) -> list[Action]:
    until = now + ladder.memory_ms
    return [
        LadderRow.until.set(until),
        LadderRow.ttl.set(datetime.fromtimestamp((until + DAY_MS) // 1000, UTC)),
    ]
