"""OAuth: one table for clients (key ``client:<id>``) and, by fingerprint, for requests for consent, codes and access tokens.

A request becomes a code, and a code a token, in one transaction each: once, or not at all. What a transaction left behind
tells one that was sent twice from another one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.core.identity import DAY_MS
from chalicelib.core.oauth import TOKEN_MS, Client, Wish, is_client_id
from chalicelib.stores.table import Integer, Table, refused

TRIES_MAX = 5


class RequestRow(Table):
    """An application's wish that waits for its person. `became`: the fingerprint of the code that it became."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("oauth")

    key = UnicodeAttribute(hash_key=True)
    client = UnicodeAttribute()
    redirect_uri = UnicodeAttribute()
    state = UnicodeAttribute()
    scope = UnicodeAttribute()
    challenge = UnicodeAttribute(null=True)
    expires = Integer()
    became = UnicodeAttribute(null=True)
    ttl = TTLAttribute()


class GrantRow(Table):
    """A code. `became`: the fingerprint of the token that it was exchanged for."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("oauth")

    key = UnicodeAttribute(hash_key=True)
    client = UnicodeAttribute()
    redirect_uri = UnicodeAttribute()
    scope = UnicodeAttribute()
    challenge = UnicodeAttribute(null=True)
    uid = UnicodeAttribute()
    epoch = NumberAttribute()
    expires = Integer()
    became = UnicodeAttribute(null=True)
    ttl = TTLAttribute()


class TokenRow(Table):
    """An access token."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("oauth")

    key = UnicodeAttribute(hash_key=True)
    client = UnicodeAttribute()
    scope = UnicodeAttribute()
    uid = UnicodeAttribute()
    epoch = NumberAttribute()
    expires = Integer()
    ttl = TTLAttribute()


class ClientRow(Table):
    """A registered application; `secret` is the fingerprint of its secret."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("oauth")

    key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    redirect_uri = UnicodeAttribute()
    secret = UnicodeAttribute()
    created = Integer()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wish that waits, or waited. `became` is empty while nobody has consented; `expires` in ms since epoch."""

    wish: Wish
    expires: int
    became: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for. `epoch` is the person's at the time of consent; `became` is empty while it is unused."""

    client: str
    redirect_uri: str
    scope: tuple[str, ...]
    challenge: str
    uid: str
    epoch: int
    expires: int
    became: str


@dataclass(frozen=True, slots=True)
class Token:
    """What an access token stands for."""

    client: str
    scope: tuple[str, ...]
    uid: str
    epoch: int
    expires: int


def register(client: Client, now: int) -> None:
    """Write a new application down. Its id is random: one that is there was written by this very call, sent twice."""
    row = ClientRow(
        f"client:{client.id}", name=client.name, redirect_uri=client.redirect_uri, secret=client.secret, created=now
    )
    try:
        row.save(ClientRow.key.does_not_exist())
    except PutError as error:
        if not refused(error):
            raise


def client(client_id: str) -> Client | None:
    """An application. What can be no id of one is not looked for: DynamoDB has no answer for keys beyond 2048 bytes."""
    if not is_client_id(client_id):
        return None
    try:
        row = ClientRow.get(f"client:{client_id}", consistent_read=True)
    except ClientRow.DoesNotExist:
        return None
    return Client(client_id, row.name, row.redirect_uri, row.secret)


def ask(request: str, wish: Wish, expires: int) -> None:
    """Keep a wish under the fingerprint of its request id, until `expires` (ms since epoch)."""
    RequestRow(
        f"request:{request}",
        client=wish.client,
        redirect_uri=wish.redirect_uri,
        state=wish.state,
        scope=" ".join(wish.scope),
        challenge=wish.challenge or None,
        expires=expires,
        ttl=_ttl(expires),
    ).save()


def waiting(request: str) -> Waiting | None:
    """What a request id stands for."""
    try:
        row = RequestRow.get(f"request:{request}", consistent_read=True)
    except RequestRow.DoesNotExist:
        return None
    wish = Wish(row.client, row.redirect_uri, row.state, tuple(row.scope.split()), row.challenge or "")
    return Waiting(wish, row.expires, row.became or "")


def grant(request: str, code: str, granted: Grant, now: int) -> bool:
    """Make a wish that waits into a code (both by fingerprint); False if it does not wait (any more)."""
    row = GrantRow(
        f"code:{code}",
        client=granted.client,
        redirect_uri=granted.redirect_uri,
        scope=" ".join(granted.scope),
        challenge=granted.challenge or None,
        uid=granted.uid,
        epoch=granted.epoch,
        expires=granted.expires,
        # As long as its token could live: a code that is shown again must be known again.
        ttl=_ttl(granted.expires + TOKEN_MS),
    )
    return _become(RequestRow(f"request:{request}"), code, row, lambda: waiting(request), now)


def granted(code: str) -> Grant | None:
    """What a code stands for, used and expired ones included."""
    try:
        row = GrantRow.get(f"code:{code}", consistent_read=True)
    except GrantRow.DoesNotExist:
        return None
    return Grant(
        row.client,
        row.redirect_uri,
        tuple(row.scope.split()),
        row.challenge or "",
        row.uid,
        int(row.epoch),
        row.expires,
        row.became or "",
    )


def exchange(code: str, token: str, made: Token, now: int) -> bool:
    """Make an unused code into an access token (both by fingerprint); False if it was used, or ran out, meanwhile."""
    row = TokenRow(
        f"token:{token}",
        client=made.client,
        scope=" ".join(made.scope),
        uid=made.uid,
        epoch=made.epoch,
        expires=made.expires,
        ttl=_ttl(made.expires),
    )
    return _become(GrantRow(f"code:{code}"), token, row, lambda: granted(code), now)


def token(fingerprint: str) -> Token | None:
    """What an access token stands for, expired ones included."""
    try:
        row = TokenRow.get(f"token:{fingerprint}", consistent_read=True)
    except TokenRow.DoesNotExist:
        return None
    return Token(row.client, tuple(row.scope.split()), row.uid, int(row.epoch), row.expires)


def revoke(fingerprint: str) -> None:
    """Take an access token away; one that is not there is gone already."""
    TokenRow(f"token:{fingerprint}").delete()


def _become(
    before: RequestRow | GrantRow,
    name: str,
    after: GrantRow | TokenRow,
    standing: Callable[[], Waiting | Grant | None],
    now: int,
) -> bool:
    """Make a row that is good once into what follows it, known by `name`; False if it was used, or ran out, meanwhile.

    `standing` reads back what the row says now: a transaction whose answer was lost recognises itself by the name.
    """
    model, follower = type(before), type(after)
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=model._get_connection().connection) as transaction:  # noqa: SLF001
                transaction.update(
                    before,
                    actions=[model.became.set(name)],
                    condition=model.became.does_not_exist() & (model.expires > now),
                )
                transaction.save(after, follower.key.does_not_exist())
        except TransactWriteError:
            found = standing()
            if found is None or found.became or found.expires <= now:
                return found is not None and found.became == name
            if not tries_left:
                raise
        else:
            return True
    raise AssertionError("the last try returns or raises")


def _ttl(expires: int) -> datetime:
    return datetime.fromtimestamp((expires + DAY_MS) // 1000, UTC)
