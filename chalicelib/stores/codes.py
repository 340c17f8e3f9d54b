"""What was sent to prove an address or a number: tokens of links, kept as fingerprints, and codes of six digits, kept as
HMACs; each for one purpose and one use.

Using one up is part of the write that it authorises (see `users.amend`), so that it cannot happen without the other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from pynamodb.attributes import BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition

from chalicelib import settings
from chalicelib.core.identity import CODE_ATTEMPTS_MAX, DAY_MS, Purpose
from chalicelib.stores.table import Integer, Step, Table, conflicted, refused

#: Whose a token is that was made for nobody, so that asking for an unknown address costs the same writes.
NOBODY = "nobody"
TRIES_MAX = 5


class CodeRow(Table):
    """One token or code. `expires`: ms since epoch; `used_by`: which request used it up; `ttl`: when the row may vanish.

    `mac` and `attempts` are a code's: what the right one gives, and how often one was compared with it. `epoch` is that of the
    person's credentials when a token was made.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("codes")

    key = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    expires = NumberAttribute()
    used_by = UnicodeAttribute(null=True)
    mac = BinaryAttribute(legacy_encoding=False, null=True)
    attempts = Integer(null=True)
    epoch = Integer(null=True)
    ttl = TTLAttribute()


class NamedRow(Table):
    """Which code was sent to a name last, for a dialect whose codes come back without an id. `expires`: ms since epoch."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("codes")

    key = UnicodeAttribute(hash_key=True)
    code_id = UnicodeAttribute()
    expires = Integer()
    ttl = TTLAttribute()


@dataclass(frozen=True, slots=True)
class Proof:
    """A token or code that was right, and that the write which it authorises will use up. `epoch`: of a token, see `CodeRow`."""

    key: str
    uid: str
    epoch: int = 0


def code_key(purpose: Purpose, fingerprint: str) -> str:
    """The key of a token of a purpose."""
    return f"{purpose}:{fingerprint}"


def keep(purpose: Purpose, fingerprint: str, uid: str | None, expires: int, epoch: int = 0) -> None:
    """Remember a token made for a person (or for nobody), good until `expires` (ms since epoch). `epoch`: see `CodeRow`."""
    key = code_key(purpose, fingerprint)
    CodeRow(key, uid=uid or NOBODY, expires=expires, epoch=epoch, ttl=_ttl(expires)).save()


def owner(purpose: Purpose, fingerprint: str) -> str | None:
    """Whose a token is, used up and expired ones included."""
    try:
        return CodeRow.get(code_key(purpose, fingerprint), consistent_read=True).uid
    except CodeRow.DoesNotExist:
        return None


def valid(purpose: Purpose, fingerprint: str, now: int) -> Proof | None:
    """A person's token that can still be used up."""
    try:
        row = CodeRow.get(code_key(purpose, fingerprint), consistent_read=True)
    except CodeRow.DoesNotExist:
        return None
    good = row.uid != NOBODY and row.used_by is None and row.expires > now
    return Proof(row.key, row.uid, row.epoch or 0) if good else None


def keep_code(code_id: str, uid: str | None, mac: bytes, expires: int) -> None:
    """Remember a code sent to a person (or to nobody)."""
    CodeRow(_key(code_id), uid=uid or NOBODY, mac=mac, attempts=0, expires=expires, ttl=_ttl(expires)).save()


def name(purpose: Purpose, fingerprint: str, code_id: str, expires: int) -> None:
    """Note that a code is the one sent last to a name, whose fingerprint this is."""
    NamedRow(_name_key(purpose, fingerprint), code_id=code_id, expires=expires, ttl=_ttl(expires)).save()


def named(purpose: Purpose, fingerprint: str, now: int) -> str | None:
    """The id of the code sent last to a name; None when there was none, or it has expired."""
    try:
        row = NamedRow.get(_name_key(purpose, fingerprint), consistent_read=True)
    except NamedRow.DoesNotExist:
        return None
    return row.code_id if row.expires > now else None


def attempt(code_id: str, uid: str | None, now: int) -> tuple[Proof, bytes] | None:
    """Count an attempt at a code of a person before it is made: the HMAC to compare with.

    None when there is no such code of this person, or it was used, has expired, or was tried five times.
    """
    row = CodeRow(_key(code_id))
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            row.update(
                actions=[CodeRow.attempts.add(1)],
                condition=_open(uid or NOBODY, now) & (CodeRow.attempts < CODE_ATTEMPTS_MAX),
            )
        except UpdateError as error:
            if refused(error):
                return None
            if not (conflicted(error) and tries_left):  # another request is just using it up
                raise
        else:
            break
    return Proof(row.key, row.uid), bytes(row.mac)


def using(proof: Proof, use: str, now: int) -> Step:
    """Use a token or code up, in the write that it authorises. `use` names this use, which recognises itself by it."""
    return lambda transaction: transaction.update(
        CodeRow(proof.key), actions=[CodeRow.used_by.set(use)], condition=_open(proof.uid, now)
    )


def used_by(proof: Proof, now: int) -> str | None:
    """Which use took a token or code; "" when it is gone or has expired, None while it is open."""
    try:
        row = CodeRow.get(proof.key, consistent_read=True)
    except CodeRow.DoesNotExist:
        return ""
    return row.used_by or (None if row.expires > now else "")


def _open(uid: str, now: int) -> Condition:
    condition: Condition = (CodeRow.uid == uid) & CodeRow.used_by.does_not_exist() & (CodeRow.expires > now)
    return condition


def _key(code_id: str) -> str:
    return f"code:{code_id}"


def _name_key(purpose: Purpose, fingerprint: str) -> str:
    return f"last:{purpose}:{fingerprint}"


def _ttl(expires: int) -> datetime:
    return datetime.fromtimestamp((expires + DAY_MS) // 1000, UTC)
