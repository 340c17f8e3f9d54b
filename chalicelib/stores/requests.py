"""First steps that were right, until the second comes: rows of the table of codes, ``request:<fingerprint>``."""

from datetime import UTC, datetime

from pynamodb.attributes import BooleanAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.core.identity import DAY_MS
from chalicelib.core.steps import ATTEMPTS_MAX, SENDS_MAX, Factor, Kind, Pending
from chalicelib.stores.table import Integer, Step, Table, conflicted, refused

TRIES_MAX = 5


class RequestRow(Table):
    """One request, see `core.steps.Pending`."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("codes")

    key = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute()
    uid = UnicodeAttribute()
    epoch = Integer()
    factor = UnicodeAttribute()
    expires = Integer()
    agent = UnicodeAttribute()
    login = Integer()
    device = UnicodeAttribute()
    trusting = BooleanAttribute()
    attempts = Integer()
    sends = Integer()
    verified = BooleanAttribute()
    used = BooleanAttribute()
    ttl = TTLAttribute()


def creating(pending: Pending) -> Step:
    """Remember a request, in the write that makes it."""
    return lambda transaction: transaction.save(
        RequestRow(
            _key(pending.key),
            kind=pending.kind.value,
            uid=pending.uid,
            epoch=pending.epoch,
            factor=pending.factor.value,
            expires=pending.expires,
            agent=pending.agent,
            login=pending.login,
            device=pending.device,
            trusting=pending.trusting,
            attempts=0,
            sends=0,
            verified=False,
            used=False,
            ttl=datetime.fromtimestamp((pending.expires + DAY_MS) // 1000, UTC),
        )
    )


def get(key: str) -> Pending | None:
    """A request, read consistently."""
    try:
        row = RequestRow.get(_key(key), consistent_read=True)
    except RequestRow.DoesNotExist:
        return None
    return Pending(
        key,
        Kind(row.kind),
        row.uid,
        row.epoch,
        Factor(row.factor),
        row.expires,
        row.agent,
        row.login,
        row.device,
        row.trusting,
        row.attempts,
        row.sends,
        row.verified,
        row.used,
    )


def attempt(key: str, now: int) -> bool:
    """Count a look at a factor before it is taken; False when there may be none (any more)."""
    return _changed(key, RequestRow.attempts.add(1), _open(now) & (RequestRow.attempts < ATTEMPTS_MAX))


def count_send(key: str, now: int) -> bool:
    """Count a code that is sent for a request; False when there were enough."""
    return _changed(key, RequestRow.sends.add(1), _open(now) & (RequestRow.sends < SENDS_MAX))


def using(key: str, now: int) -> Step:
    """Use a request up, in the write that it authorises."""
    return lambda transaction: transaction.update(
        RequestRow(_key(key)), actions=[RequestRow.used.set(True)], condition=_open(now)
    )


def verifying(key: str, now: int) -> Step:
    """Note that the second factor was right, in the write that uses it up."""
    return lambda transaction: transaction.update(
        RequestRow(_key(key)),
        actions=[RequestRow.verified.set(True)],
        condition=_open(now) & (RequestRow.verified == False),  # noqa: E712 - an expression of PynamoDB's
    )


def _open(now: int) -> Condition:
    condition: Condition = (RequestRow.used == False) & (RequestRow.expires > now)  # noqa: E712
    return condition


def _changed(key: str, action: Action, condition: Condition) -> bool:
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            RequestRow(_key(key)).update(actions=[action], condition=condition)
        except UpdateError as error:
            if refused(error):
                return False
            if not (conflicted(error) and tries_left):  # another request is just using it up
                raise
        else:
            return True
    raise AssertionError("the last try returns or raises")


def _key(key: str) -> str:
    return f"request:{key}"
