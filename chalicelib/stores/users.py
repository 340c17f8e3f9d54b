"""People: one table for a person's row (key: the uid), the names that lead to it (see `names`), and the counter that numbers
people (key: ``counter``). A uid is digits only, so the kinds of key cannot meet.

What a person changes about how to be known goes through `amend`: one transaction with the codes that authorise it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.core.identity import UID_BASE, Channel, Email, Form, Purpose, Standing, User
from chalicelib.stores import accounts, codes, names
from chalicelib.stores.codes import CodeRow, code_key
from chalicelib.stores.names import NOBODY, NameRow
from chalicelib.stores.table import Integer, Step, Table, conflicted, error_code, refused

TRIES_MAX = 5


class UserRow(Table):
    """One person."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("users")

    key = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    email_verified = BooleanAttribute()
    sealed_mobile = BinaryAttribute(legacy_encoding=False, null=True)
    mobile_verified = BooleanAttribute(default=False)
    totp_enabled = BooleanAttribute(default=False)
    standing = UnicodeAttribute()
    auth_epoch = NumberAttribute()
    #: form → argon2id hash, see `core.identity.Form`.
    credentials: MapAttribute[str, str] = MapAttribute(default=dict)
    api_tokens = UnicodeSetAttribute(null=True)
    language = UnicodeAttribute()
    created = NumberAttribute()
    nickname = UnicodeAttribute(null=True)
    email_auth = BooleanAttribute(default=True)
    phone_auth = BooleanAttribute(default=False)
    frozen_until = Integer(null=True)
    sealed_totp = BinaryAttribute(legacy_encoding=False, null=True)
    totp_step = Integer(null=True)
    sealed_totp_pending = BinaryAttribute(legacy_encoding=False, null=True)
    totp_pending_until = Integer(null=True)
    invite_code = UnicodeAttribute(null=True)
    inviter = UnicodeAttribute(null=True)
    reading_keys = UnicodeSetAttribute(null=True)
    trading_keys = UnicodeSetAttribute(null=True)
    second_inviter = UnicodeAttribute(null=True)
    #: A `Channel`, or NOBODY for a person without a name; missing where it is mail.
    registered_by = UnicodeAttribute(null=True)
    source = UnicodeAttribute(null=True)
    trade_password = UnicodeAttribute(null=True)
    open_future = BooleanAttribute(null=True)
    open_contract = BooleanAttribute(null=True)
    #: How often `amend` and `using_totp` changed this row, and which use of `amend` did last.
    version = Integer(null=True)
    amended_by = UnicodeAttribute(null=True)


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
    return names.email_owner(address) is not None


class InviteTaken(Exception):  # noqa: N818 - says what is the case
    """Somebody has this invite code already."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person who is about to be. `address` and `mobile_mac` are the names; there may be none.

    `sealed_mobile` is the number behind the HMAC. Who has proved a name is ACTIVE at once.
    """

    uid: str
    credentials: Mapping[Form, str]
    language: str
    created: int
    address: Email | None = None
    sealed_mobile: bytes = b""
    mobile_mac: str = ""
    standing: Standing = Standing.ACTIVE
    registered_by: Channel | None = Channel.MAIL
    invite_code: str = ""
    inviter: str = ""
    second_inviter: str = ""
    source: str = ""


def register(
    uid: str,
    address: Email,
    credentials: Mapping[Form, str],
    language: str,
    created: int,
    invite_code: str = "",
    inviter: str = "",
) -> None:
    """Write a person who has yet to prove the address. Raises `NameTaken` or `InviteTaken`."""
    newcomer = Newcomer(
        uid,
        credentials,
        language,
        created,
        address,
        standing=Standing.PENDING,
        invite_code=invite_code,
        inviter=inviter,
    )
    done = create(newcomer, uid)
    assert done, "no code was to be used up"


def create(newcomer: Newcomer, use: str, proofs: Sequence[codes.Proof] = (), steps: Sequence[Step] = ()) -> bool:
    """Write the person, the names and an empty account, use up the codes and take the steps: all or nothing.

    False if a code was used up, or ran out, meanwhile. Raises `NameTaken` or `InviteTaken`. A transaction whose answer was
    lost is sent again by botocore and then refused by its own work. So a refusal is not believed before the person's row
    has been read back: nobody else has this uid, so if it is there, all was written. `use` names the use of the codes.
    """
    uid, now = newcomer.uid, newcomer.created
    account = accounts.empty(uid)
    keys = [names.email_key(newcomer.address)] if newcomer.address else []
    keys += [names.mobile_key(newcomer.mobile_mac)] if newcomer.mobile_mac else []
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=UserRow._get_connection().connection) as transaction:  # noqa: SLF001
                for key in keys:
                    transaction.save(NameRow(key, uid=uid), NameRow.key.does_not_exist())
                transaction.save(_row(newcomer), UserRow.key.does_not_exist())
                transaction.save(account, type(account).uid.does_not_exist())
                if newcomer.invite_code:
                    invite = NameRow(names.invite_key(newcomer.invite_code), uid=uid)
                    transaction.save(invite, NameRow.key.does_not_exist())
                for step in [*(codes.using(proof, use, now) for proof in proofs), *steps]:
                    step(transaction)
        except TransactWriteError:
            if get(uid) is not None:
                return True
            if any(codes.used_by(proof, now) is not None for proof in proofs):
                return False
            if taken := _taken(keys, newcomer.invite_code):
                raise taken from None
            if not tries_left:
                raise
        else:
            return True
    raise AssertionError("the last try returns or raises")


def _taken(keys: Sequence[str], invite_code: str) -> Exception | None:
    """Which of a newcomer's names somebody else has."""
    if any(names.owner(key) is not None for key in keys):
        return NameTaken()
    return InviteTaken() if invite_code and names.by_invite(invite_code) is not None else None


def _row(newcomer: Newcomer) -> UserRow:
    """A new person's row."""
    active = newcomer.standing is Standing.ACTIVE
    registered_by = newcomer.registered_by
    return UserRow(
        newcomer.uid,
        email=newcomer.address.typed if newcomer.address else "",
        email_verified=active and newcomer.address is not None,
        sealed_mobile=newcomer.sealed_mobile or None,
        mobile_verified=active and bool(newcomer.sealed_mobile),
        standing=newcomer.standing.value,
        auth_epoch=1,
        credentials={form.value: concealed for form, concealed in newcomer.credentials.items()},
        language=newcomer.language,
        created=newcomer.created,
        invite_code=newcomer.invite_code or None,
        inviter=newcomer.inviter or None,
        second_inviter=newcomer.second_inviter or None,
        registered_by=NOBODY if registered_by is None else registered_by.value,
        source=newcomer.source or None,
    )


def find(address: Email | None) -> User | None:
    """The person of a mailbox. Always two reads, whether there is such a person or not, even for no address at all."""
    uid = names.email_owner(address)
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


class Outcome(Enum):
    """What became of an amendment."""

    DONE = auto()
    #: A code that authorises it was used up, or ran out, meanwhile.
    SPENT = auto()
    #: The person, or a row of another step, changed meanwhile: decide again.
    MOVED = auto()


@dataclass(frozen=True, slots=True)
class Amendment:
    """What changes about a person: fields of `User` by name, codes used up for it, and other stores' part of it."""

    changes: Mapping[str, object] = field(default_factory=dict)
    proofs: Sequence[codes.Proof] = ()
    steps: Sequence[Step] = ()


def amend(seen: User, amendment: Amendment, use: str, now: int) -> Outcome:
    """Change a person as last `seen`, use up the codes and take the steps: all in one transaction, or nothing.

    Of several at once one is DONE. `use` names this use: a transaction that was sent twice recognises itself by it.
    """
    actions: list[Action] = [UserRow.version.set(seen.version + 1), UserRow.amended_by.set(use)]
    for name, value in amendment.changes.items():
        attribute: Any = getattr(UserRow, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    condition = UserRow.version == seen.version if seen.version else UserRow.version.does_not_exist()
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=UserRow._get_connection().connection) as transaction:  # noqa: SLF001
                transaction.update(UserRow(seen.uid), actions=actions, condition=UserRow.standing.exists() & condition)
                for proof in amendment.proofs:
                    codes.using(proof, use, now)(transaction)
                for step in amendment.steps:
                    step(transaction)
        except TransactWriteError as error:
            row = UserRow.get(seen.uid, consistent_read=True)
            uses = [codes.used_by(proof, now) for proof in amendment.proofs]
            if row.amended_by == use or use in uses:  # ours, and the answer was lost
                return Outcome.DONE
            if any(taken is not None for taken in uses):
                return Outcome.SPENT
            reasons = getattr(error.cause, "cancellation_reasons", ())  # PynamoDB's own property breaks on a time-out
            conflict = any(reason and reason.code == "TransactionConflict" for reason in reasons)
            if error_code(error) == "TransactionCanceledException" and not conflict:
                return Outcome.MOVED
            if not tries_left:
                raise
        else:
            return Outcome.DONE
    raise AssertionError("the last try returns or raises")


def as_seen(seen: User) -> Step:
    """Have another store's transaction fail if a person's credentials, freeze or standing changed since it was `seen`."""
    return lambda transaction: transaction.condition_check(UserRow, seen.uid, condition=_as_seen(seen))


def _as_seen(seen: User) -> Condition:
    frozen: Condition = UserRow.frozen_until == seen.frozen_until
    if not seen.frozen_until:
        frozen |= UserRow.frozen_until.does_not_exist()
    same: Condition = (UserRow.auth_epoch == seen.auth_epoch) & (UserRow.standing == seen.standing.value) & frozen
    return same


def using_totp(seen: User, step: int) -> Step:
    """Use a step of a person's authenticator up, in a write that it authorises: no step is good twice. It fails too where
    `as_seen` would, for a transaction takes one operation on a row.

    It counts as a version, so that an amendment that the same step authorises is decided again.
    """
    unused = UserRow.totp_step.does_not_exist() | (UserRow.totp_step < step)
    return lambda transaction: transaction.update(
        UserRow(seen.uid),
        actions=[UserRow.totp_step.set(step), UserRow.version.add(1)],
        condition=_as_seen(seen) & unused,
    )


def rehash(uid: str, before: Mapping[str, str], after: Mapping[Form, str]) -> None:
    """Put better hashes of the same password in place, unless the credentials were changed meanwhile.

    Written with the version as it is: nothing about the person has changed.
    """
    try:
        UserRow(uid).update(
            actions=[UserRow.credentials.set({**before, **{form.value: hashed for form, hashed in after.items()}})],
            condition=UserRow.credentials == dict(before),
        )
    except UpdateError as error:
        if not (refused(error) or conflicted(error)):
            raise


def to_user(row: UserRow) -> User:
    """A row as the rules know it."""
    return User(
        uid=row.key,
        email=row.email,
        email_verified=row.email_verified,
        sealed_mobile=bytes(row.sealed_mobile or b""),
        mobile_verified=row.mobile_verified,
        totp_enabled=row.totp_enabled,
        standing=Standing(row.standing),
        auth_epoch=int(row.auth_epoch),
        credentials=row.credentials.as_dict(),
        api_tokens=frozenset(row.api_tokens or ()),
        language=row.language,
        created=int(row.created),
        nickname=row.nickname or "",
        email_auth=row.email_auth,
        phone_auth=row.phone_auth,
        frozen_until=row.frozen_until or 0,
        sealed_totp=bytes(row.sealed_totp or b""),
        totp_step=row.totp_step or 0,
        sealed_totp_pending=bytes(row.sealed_totp_pending or b""),
        totp_pending_until=row.totp_pending_until or 0,
        invite_code=row.invite_code or "",
        inviter=row.inviter or "",
        reading_keys=frozenset(row.reading_keys or ()),
        trading_keys=frozenset(row.trading_keys or ()),
        second_inviter=row.second_inviter or "",
        registered_by=None if row.registered_by == NOBODY else Channel(row.registered_by or Channel.MAIL),
        source=row.source or "",
        trade_password=row.trade_password or "",
        open_future=bool(row.open_future),
        open_contract=bool(row.open_contract),
        version=row.version or 0,
    )
