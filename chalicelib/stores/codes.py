"""What was mailed to prove an address: tokens, kept as fingerprints, each for one purpose and one use.

Using one up is part of the write that it authorises (see `users.activate`), so that it cannot happen without the other.
"""

from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute

from chalicelib import settings
from chalicelib.core.identity import DAY_MS, Purpose
from chalicelib.stores.table import Table

#: Whose a token is that was made for nobody, so that asking for an unknown address costs the same writes.
NOBODY = "nobody"


class CodeRow(Table):
    """One token. `expires`: ms since epoch; `used_by`: which request used it up; `ttl`: when the row may vanish."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("codes")

    key = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    expires = NumberAttribute()
    used_by = UnicodeAttribute(null=True)
    ttl = TTLAttribute()


def code_key(purpose: Purpose, fingerprint: str) -> str:
    """The key of a token of a purpose."""
    return f"{purpose}:{fingerprint}"


def keep(purpose: Purpose, fingerprint: str, uid: str | None, expires: int) -> None:
    """Remember a token made for a person (or for nobody), good until `expires` (ms since epoch)."""
    ttl = datetime.fromtimestamp((expires + DAY_MS) // 1000, UTC)
    CodeRow(code_key(purpose, fingerprint), uid=uid or NOBODY, expires=expires, ttl=ttl).save()


def owner(purpose: Purpose, fingerprint: str) -> str | None:
    """Whose a token is, used up and expired ones included."""
    try:
        return CodeRow.get(code_key(purpose, fingerprint), consistent_read=True).uid
    except CodeRow.DoesNotExist:
        return None
