"""The log of logins: key (uid, time and a random rest). Failures at names that nobody has are kept under the name's
fingerprint, so that they cost the same write."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib import settings
from chalicelib.core.identity import DAY_MS
from chalicelib.stores.table import Integer, Table

KEPT_DAYS = 180
USER_AGENT_CHARACTERS_MAX = 200
ROWS_MAX = 100


class Result(StrEnum):
    """How a login ended."""

    SUCCESS = "success"
    FAILED = "failed"
    UNFINISHED = "unfinished"  # the first step was right, the second did not come


class LoginRow(Table):
    """One login, or an attempt at one."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("logins")

    uid = UnicodeAttribute(hash_key=True)
    #: The time, so that rows are in its order, and a rest that tells two of one ms apart.
    number = UnicodeAttribute(range_key=True)
    at = Integer()
    result = UnicodeAttribute()
    ip = UnicodeAttribute()
    user_agent = UnicodeAttribute()
    ttl = TTLAttribute()


@dataclass(frozen=True, slots=True)
class Login:
    """A login as its person may see it; `at` in ms since epoch."""

    at: int
    result: Result
    ip: str
    user_agent: str


def row(uid: str, login: Login, rest: str) -> LoginRow:
    """A login as it is written; `rest` is random."""
    return LoginRow(
        uid,
        f"{login.at:015d}-{rest}",
        at=login.at,
        result=login.result.value,
        ip=login.ip,
        user_agent=login.user_agent[:USER_AGENT_CHARACTERS_MAX],
        ttl=datetime.fromtimestamp((login.at + KEPT_DAYS * DAY_MS) // 1000, UTC),
    )


def note(login: LoginRow) -> None:
    """Write a login down."""
    login.save()


def newest(uid: str, limit: int) -> list[Login]:
    """A person's logins, the newest first."""
    rows = LoginRow.query(uid, scan_index_forward=False, limit=min(limit, ROWS_MAX), consistent_read=True)
    return [Login(found.at, Result(found.result), found.ip, found.user_agent) for found in rows]
