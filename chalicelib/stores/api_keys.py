"""API keys: key the token; the secret is sealed for its owner (see `vault`). The person's row lists them all: coinport's
tokens in one set, the broker's keys in a set for each reach, so that their number is decided where they are written."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import size
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.core.api_keys import ApiKey, Reach
from chalicelib.core.identity import API_TOKENS_MAX
from chalicelib.stores import users
from chalicelib.stores.table import Step, Table
from chalicelib.stores.users import UserRow

TRIES_MAX = 5


class ApiKeyRow(Table):
    """One API key. What coinport's tokens lack is absent: they reach everything from everywhere."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("api_keys")

    token = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)
    created = NumberAttribute()
    reach = UnicodeAttribute(null=True)
    number = UnicodeAttribute(null=True)
    tag = UnicodeAttribute(null=True)
    on = BooleanAttribute(null=True)
    #: Separated by commas.
    ips = UnicodeAttribute(null=True)


class TooMany(Exception):  # noqa: N818 - says what is the case
    """The person has as many API tokens as one may have."""


def add(key: ApiKey) -> None:
    """Write a new token and enter it in the person's list, both or neither. Raises `TooMany`."""
    row = _row(key)
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


# --- parts of an amendment of the person (see `users.amend`), whose row lists the key ---------------------------------


def adding(key: ApiKey) -> Step:
    """Write a new key."""
    return lambda transaction: transaction.save(_row(key), ApiKeyRow.token.does_not_exist())


def changing(key: ApiKey) -> Step:
    """Write down from where a key is good, and whether it is, if it is still there."""
    actions: list[Action] = [
        ApiKeyRow.on.set(key.on),
        ApiKeyRow.ips.set(",".join(key.ips)) if key.ips else ApiKeyRow.ips.remove(),
    ]
    return lambda transaction: transaction.update(
        ApiKeyRow(key.token), actions=actions, condition=ApiKeyRow.uid == key.uid
    )


def removing(key: ApiKey) -> Step:
    """Take a key away."""
    return lambda transaction: transaction.delete(ApiKeyRow(key.token), ApiKeyRow.uid == key.uid)


# --- reading ----------------------------------------------------------------------------------------------------------


def get(token: str) -> ApiKey | None:
    """A key, read consistently."""
    try:
        return _key(ApiKeyRow.get(token, consistent_read=True))
    except ApiKeyRow.DoesNotExist:
        return None


def get_all(tokens: AbstractSet[str]) -> list[ApiKey]:
    """Several keys, the oldest first."""
    rows = ApiKeyRow.batch_get(sorted(tokens), consistent_read=True) if tokens else ()
    return sorted((_key(row) for row in rows), key=lambda key: (key.created, key.token))


def _listed(uid: str) -> frozenset[str]:
    user = users.get(uid)
    return user.api_tokens if user else frozenset()


def _row(key: ApiKey) -> ApiKeyRow:
    row = ApiKeyRow(key.token, uid=key.uid, sealed=key.sealed, created=key.created)
    if key.reach is not Reach.ALL:
        row.reach, row.number, row.tag, row.on = key.reach.value, key.number, key.tag, key.on
        row.ips = ",".join(key.ips) or None
    return row


def _key(row: ApiKeyRow) -> ApiKey:
    found = ApiKey(token=row.token, uid=row.uid, sealed=bytes(row.sealed), created=int(row.created))
    if row.reach is None:
        return found
    return replace(
        found,
        reach=Reach(row.reach),
        number=row.number or "",
        tag=row.tag or "",
        on=bool(row.on),
        ips=tuple(row.ips.split(",")) if row.ips else (),
    )
