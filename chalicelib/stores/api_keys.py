"""API tokens: key the token; the secret is sealed for its owner (see `vault`). The person's row lists them all."""

from dataclasses import dataclass

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import size
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.core.identity import API_TOKENS_MAX
from chalicelib.stores import users
from chalicelib.stores.table import Table
from chalicelib.stores.users import UserRow

TRIES_MAX = 5


class ApiKeyRow(Table):
    """One API token."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("api_keys")

    token = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)
    created = NumberAttribute()


@dataclass(frozen=True, slots=True)
class SealedToken:
    """An API token whose secret has not been opened."""

    token: str
    uid: str
    sealed: bytes
    created: int


class TooMany(Exception):  # noqa: N818 - says what is the case
    """The person has as many API tokens as one may have."""


def add(key: SealedToken) -> None:
    """Write a new token and enter it in the person's list, both or neither. Raises `TooMany`."""
    row = ApiKeyRow(key.token, uid=key.uid, sealed=key.sealed, created=key.created)
    room = UserRow.api_tokens.does_not_exist() | (size(UserRow.api_tokens) < API_TOKENS_MAX)
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=UserRow._get_connection().connection) as transaction:  # noqa: SLF001
                transaction.save(row, ApiKeyRow.token.does_not_exist())
                transaction.update(
                    UserRow(key.uid),
                    actions=[UserRow.api_tokens.add({key.token})],
                    condition=UserRow.standing.exists() & room,
                )
        except TransactWriteError:
            listed = _listed(key.uid)
            if key.token in listed:  # ours, and the answer was lost
                return
            if len(listed) >= API_TOKENS_MAX:
                raise TooMany from None
            if not tries_left:
                raise
        else:
            return


def remove(uid: str, token: str) -> bool:
    """Take a token away; False if the person has no such token."""
    if token not in _listed(uid):
        return False
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=UserRow._get_connection().connection) as transaction:  # noqa: SLF001
                transaction.delete(ApiKeyRow(token), ApiKeyRow.uid == uid)
                transaction.update(
                    UserRow(uid),
                    actions=[UserRow.api_tokens.delete({token})],
                    condition=UserRow.api_tokens.contains(token),
                )
        except TransactWriteError:
            if token not in _listed(uid):  # gone, by this request or by one at the same moment
                return True
            if not tries_left:
                raise
        else:
            return True
    raise AssertionError("the last try returns or raises")


def get(token: str) -> SealedToken | None:
    """A token, read consistently."""
    try:
        return _sealed(ApiKeyRow.get(token, consistent_read=True))
    except ApiKeyRow.DoesNotExist:
        return None


def get_all(tokens: frozenset[str]) -> list[SealedToken]:
    """Several tokens, the oldest first."""
    rows = ApiKeyRow.batch_get(sorted(tokens), consistent_read=True) if tokens else ()
    return sorted((_sealed(row) for row in rows), key=lambda key: (key.created, key.token))


def _listed(uid: str) -> frozenset[str]:
    user = users.get(uid)
    return user.api_tokens if user else frozenset()


def _sealed(row: ApiKeyRow) -> SealedToken:
    return SealedToken(token=row.token, uid=row.uid, sealed=bytes(row.sealed), created=int(row.created))
