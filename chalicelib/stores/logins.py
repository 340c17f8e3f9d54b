"""The log of logins: key (uid, time and a random rest). Failures at names that nobody has are kept under the name's
fingerprint, so that they cost the same write."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib import settings
from chalicelib.core.identity import DAY_MS
from chalicelib.stores.table import Integer, Step, Table

KEPT_DAYS = 180
USER_AGENT_CHARACTERS_MAX = 200
ROWS_MAX = 100
#: How many logins of one ms can be told apart.
RESTS = 10**6
#: The last ms that a number has room for.
AT_MAX = 10**15 - 1


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
    """A login as its person may see it; `at` in ms since epoch, `rest` below 10^6 tells two of one ms apart."""

    at: int
    result: Result
    ip: str
    user_agent: str
    rest: int = 0

    @property
    def id(self) -> int:
        """A number that orders a person's logins by their time."""
        return self.at * RESTS + self.rest


def row(uid: str, login: Login) -> LoginRow:
    """A login as it is written."""
    return LoginRow(
        uid,
        _number(login.id),
        at=login.at,
        result=login.result.value,
        ip=login.ip,
        user_agent=login.user_agent[:USER_AGENT_CHARACTERS_MAX],
        ttl=datetime.fromtimestamp((login.at + KEPT_DAYS * DAY_MS) // 1000, UTC),
    )


def renumbered(login: Login, login_id: int) -> Login:
    """A login in the place of an earlier one: its time and number."""
    at, rest = divmod(login_id, RESTS)
    return Login(at, login.result, login.ip, login.user_agent, rest)


def note(login: LoginRow) -> None:
    """Write a login down."""
    login.save()


def noting(uid: str, login: Login) -> Step:
    """Write a login down in another store's transaction, in the place of what stands under its number."""
    return lambda transaction: transaction.save(row(uid, login))


def newest(uid: str, limit: int, before: int | None = None, since: int = 0, until: int = AT_MAX) -> list[Login]:
    """A person's logins from `since` until `until` (ms since epoch), those with ids below `before`, the newest first."""
    last = min(until, AT_MAX) * RESTS + RESTS - 1
    if before is not None:
        last = min(last, before - 1)
    first = since * RESTS
    if first > last:
        return []
    rows = LoginRow.query(
        uid,
        LoginRow.number.between(_number(first), _number(last)),
        scan_index_forward=False,
        limit=min(limit, ROWS_MAX),
        consistent_read=True,
    )
    return [
        Login(found.at, Result(found.result), found.ip, found.user_agent, int(found.number.rpartition("-")[2]))
        for found in rows
    ]


def _number(login_id: int) -> str:
    at, rest = divmod(login_id, RESTS)
    return f"{at:015d}-{rest:06d}"
