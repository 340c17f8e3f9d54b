"""People: one table for a person's row (key: the uid), the names that lead to it (key: ``email:<mailbox>``), and the
counter that numbers people (key: ``counter``). A uid is digits only, so the three kinds of key cannot meet.
"""

from pynamodb.attributes import (
    BooleanAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.core.identity import UID_BASE, Email, Form, Purpose, Standing, User
from chalicelib.stores import accounts
from chalicelib.stores.codes import CodeRow, code_key
from chalicelib.stores.table import Table

TRIES_MAX = 5
#: A key that no row has: looking it up costs what looking up a person costs.
NOBODY = "nobody"


class UserRow(Table):
    """One person."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("users")

    key = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    email_verified = BooleanAttribute()
    mobile = UnicodeAttribute(null=True)
    mobile_verified = BooleanAttribute(default=False)
    totp_enabled = BooleanAttribute(default=False)
    standing = UnicodeAttribute()
    auth_epoch = NumberAttribute()
    #: form → argon2id hash, see `core.identity.Form`.
    credentials: MapAttribute[str, str] = MapAttribute(default=dict)
    api_tokens = UnicodeSetAttribute(null=True)
    language = UnicodeAttribute()
    created = NumberAttribute()


class NameRow(Table):
    """What a person is known by, once in the whole exchange."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("users")

    key = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()


class CounterRow(Table):
    """How many people there have been."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("users")

    key = UnicodeAttribute(hash_key=True)
    people = NumberAttribute()


class NameTaken(Exception):  # noqa: N818 - says what is the case
    """Somebody is known by this name already."""


def next_uid() -> str:
    """A uid that nobody had or will have. One that is not used in the end leaves a gap, which does no harm."""
    row = CounterRow("counter")
    row.update(actions=[CounterRow.people.add(1)])
    return str(UID_BASE + int(row.people))


def email_taken(address: Email) -> bool:
    """Whether somebody is registered with this mailbox."""
    return _uid_of(address) is not None


def register(uid: str, address: Email, credentials: dict[Form, str], language: str, created: int) -> None:
    """Write the person, the name and an empty account, all or nothing. Raises `NameTaken`.

    A transaction whose answer was lost is sent again by botocore and then refused by its own work. So a refusal is
    not believed before the name has been read back: if it leads to `uid`, which nobody else has, all was written.
    """
    user = UserRow(
        uid,
        email=address.typed,
        email_verified=False,
        standing=Standing.PENDING.value,
        auth_epoch=1,
        credentials={form.value: concealed for form, concealed in credentials.items()},
        language=language,
        created=created,
    )
    account = accounts.empty(uid)
    name = NameRow(_email_key(address), uid=uid)
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=UserRow._get_connection().connection) as transaction:  # noqa: SLF001
                transaction.save(name, NameRow.key.does_not_exist())
                transaction.save(user, UserRow.key.does_not_exist())
                transaction.save(account, type(account).uid.does_not_exist())
        except TransactWriteError:
            owner = _uid_of(address)
            if owner == uid:
                return
            if owner is not None:
                raise NameTaken from None
            if not tries_left:
                raise
        else:
            return


def find(address: Email | None) -> User | None:
    """The person of a mailbox. Always two reads, whether there is such a person or not, even for no address at all."""
    uid = _uid_of(address)
    user = get(uid or NOBODY)
    return user if uid else None


def get(uid: str) -> User | None:
    """A person, read consistently."""
    try:
        return to_user(UserRow.get(uid, consistent_read=True))
    except UserRow.DoesNotExist:
        return None


def activate(uid: str, fingerprint: str, use: str, now: int) -> bool:
    """Let a pending person in and use up the mailed token, in one transaction; False if it cannot be done (any more).

    Of several at once one succeeds. `use` names this use: a transaction that was sent twice recognises itself by it.
    """
    code = CodeRow(code_key(Purpose.ACTIVATION, fingerprint))
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=UserRow._get_connection().connection) as transaction:  # noqa: SLF001
                transaction.update(
                    code,
                    actions=[CodeRow.used_by.set(use)],
                    condition=(CodeRow.uid == uid) & CodeRow.used_by.does_not_exist() & (CodeRow.expires > now),
                )
                transaction.update(
                    UserRow(uid),
                    actions=[UserRow.email_verified.set(True), UserRow.standing.set(Standing.ACTIVE.value)],
                    condition=UserRow.standing == Standing.PENDING.value,
                )
        except TransactWriteError:
            user = get(uid)
            try:
                code = CodeRow.get(code.key, consistent_read=True)
            except CodeRow.DoesNotExist:
                return False
            open_still = code.uid == uid and code.used_by is None and code.expires > now
            if not open_still or user is None or user.standing is not Standing.PENDING:
                return bool(code.used_by == use)
            if not tries_left:
                raise
        else:
            return True
    raise AssertionError("the last try returns or raises")


def to_user(row: UserRow) -> User:
    """A row as the rules know it."""
    return User(
        uid=row.key,
        email=row.email,
        email_verified=row.email_verified,
        mobile=row.mobile or "",
        mobile_verified=row.mobile_verified,
        totp_enabled=row.totp_enabled,
        standing=Standing(row.standing),
        auth_epoch=int(row.auth_epoch),
        credentials=row.credentials.as_dict(),
        api_tokens=frozenset(row.api_tokens or ()),
        language=row.language,
        created=int(row.created),
    )


def _email_key(address: Email | None) -> str:
    return f"email:{address.mailbox}" if address else NOBODY


def _uid_of(address: Email | None) -> str | None:
    try:
        return NameRow.get(_email_key(address), consistent_read=True).uid
    except NameRow.DoesNotExist:
        return None
