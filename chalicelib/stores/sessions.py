"""Sessions: key (uid, fingerprint of the cookie's secret)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, UpdateError

from chalicelib import settings
from chalicelib.core.identity import DAY_MS, SESSION_MS, Session, User
from chalicelib.stores import aws
from chalicelib.stores.logins import LoginRow
from chalicelib.stores.table import Integer, Step, Table, conflicted, put_all, refused
from chalicelib.stores.users import UserRow, to_user

USER_AGENT_CHARACTERS_MAX = 200
BATCH_TRIES_MAX = 5
END_TRIES_MAX = 5


class SessionRow(Table):
    """One session. `expires` decides, to the ms; `ttl` only says when DynamoDB may take the row away.

    `slides` is missing in rows from before sessions had different lives: those slide by an hour.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("sessions")

    uid = UnicodeAttribute(hash_key=True)
    fingerprint = UnicodeAttribute(range_key=True)
    epoch = NumberAttribute()
    expires = NumberAttribute()
    slides = Integer(null=True)
    created = NumberAttribute()
    ip = UnicodeAttribute()
    user_agent = UnicodeAttribute()
    ttl = TTLAttribute()


class Unread(Exception):  # noqa: N818 - says what is the case
    """DynamoDB left part of a batch unread, time after time (throttled)."""


def begin(session: Session, fingerprint: str, created: int, ip: str, user_agent: str, login: LoginRow) -> None:
    """Write a new session down, and the login that it began with into the person's log, in one call."""
    put_all([_row(session, fingerprint, created, ip, user_agent), login])


def beginning(session: Session, fingerprint: str, created: int, ip: str, user_agent: str) -> Step:
    """Write a new session down in the write that authorises it."""
    return lambda transaction: transaction.save(_row(session, fingerprint, created, ip, user_agent))


def _row(session: Session, fingerprint: str, created: int, ip: str, user_agent: str) -> SessionRow:
    return SessionRow(
        session.uid,
        fingerprint,
        epoch=session.epoch,
        expires=session.expires,
        slides=session.slides_ms,
        created=created,
        ip=ip,
        user_agent=user_agent[:USER_AGENT_CHARACTERS_MAX],
        ttl=_ttl(session.expires),
    )


def with_user(uid: str, fingerprint: str) -> tuple[Session | None, User | None]:
    """A session and its person, read consistently in one call."""
    sessions, users = SessionRow.Meta.table_name, UserRow.Meta.table_name
    pending: Mapping[str, Any] = {
        sessions: {"Keys": [{"uid": {"S": uid}, "fingerprint": {"S": fingerprint}}], "ConsistentRead": True},
        users: {"Keys": [{"key": {"S": uid}}], "ConsistentRead": True},
    }
    found: dict[str, Any] = {}
    for _ in range(BATCH_TRIES_MAX):
        answer = aws.client("dynamodb").batch_get_item(RequestItems=pending)
        found.update({table: rows[0] for table, rows in answer["Responses"].items() if rows})
        pending = answer.get("UnprocessedKeys") or {}
        if not pending:
            break
    else:
        raise Unread(sorted(pending))
    session = SessionRow.from_raw_data(found[sessions]) if sessions in found else None
    user = UserRow.from_raw_data(found[users]) if users in found else None
    return (
        _session(session) if session else None,
        to_user(user) if user else None,
    )


def extend(uid: str, fingerprint: str, expires: int) -> None:
    """Let a session go on until `expires`, if it has not ended: a logout at the same moment wins."""
    try:
        SessionRow(uid, fingerprint).update(
            actions=[SessionRow.expires.set(expires), SessionRow.ttl.set(_ttl(expires))],
            condition=SessionRow.expires < expires,
        )
    except UpdateError as error:
        if not (refused(error) or conflicted(error)):  # the next request will do as well
            raise


def holds(uid: str, fingerprint: str, epoch: int) -> bool:
    """Whether a session of this epoch stands."""
    try:
        return bool(SessionRow.get(uid, fingerprint, consistent_read=True).epoch == epoch)
    except SessionRow.DoesNotExist:
        return False


def carrying(uid: str, fingerprint: str, epoch: int) -> Step:
    """Let one session go on into the epoch after `epoch`, which ends all others."""
    return lambda transaction: transaction.update(
        SessionRow(uid, fingerprint),
        actions=[SessionRow.epoch.set(epoch + 1)],
        condition=SessionRow.epoch == epoch,
    )


def end(uid: str, fingerprint: str) -> None:
    """Forget a session; one that is not there is forgotten already."""
    for tries_left in reversed(range(END_TRIES_MAX)):
        try:
            SessionRow(uid, fingerprint).delete()
        except DeleteError as error:
            if not (conflicted(error) and tries_left):
                raise
        else:
            return


def _session(row: SessionRow) -> Session:
    slides_ms = SESSION_MS if row.slides is None else row.slides
    return Session(uid=row.uid, epoch=int(row.epoch), expires=int(row.expires), slides_ms=slides_ms)


def _ttl(expires: int) -> datetime:
    return datetime.fromtimestamp((expires + DAY_MS) // 1000, UTC)
