"""Whom a partner means by an account: key ``<source>:<account>`` → the person's uid."""

from dataclasses import dataclass

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import settings
from chalicelib.stores.table import Integer, Table, conflicted, refused


class LinkRow(Table):
    """One account at one partner. A source has no colon in it, so that the key has one reading.

    `vouched`: an operator said whose it is; nothing where the person showed it.
    """

    class Meta:
        """Name of the table."""

        table_name = settings.table("ramp_accounts")

    key = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    at = Integer()
    vouched = BooleanAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Linked:
    """Whom an account stands for, and whether an operator vouches for it."""

    uid: str
    vouched: bool = False


def link(source: str, account: str, one: Linked, at: int, stale: str = "") -> str:
    """Link an account to a person unless it is linked already: the uid that it stands for, of several at once one.

    `stale`: the uid of a link that holds no more and may be replaced. An operator's word takes the place of the person's own.
    """
    free = LinkRow.key.does_not_exist()
    if stale:
        free |= LinkRow.uid == stale
    if one.vouched:
        free |= LinkRow.uid == one.uid
    try:
        LinkRow(_key(source, account), uid=one.uid, at=at, vouched=one.vouched or None).save(free)
    except PutError as error:
        standing = of(source, account)
        if standing is None or not (refused(error) or conflicted(error) or standing == one):
            raise
        return standing.uid
    return one.uid


def of(source: str, account: str) -> Linked | None:
    """The person that an account stands for, read consistently."""
    try:
        row = LinkRow.get(_key(source, account), consistent_read=True)
    except LinkRow.DoesNotExist:
        return None
    return Linked(row.uid, bool(row.vouched))


def _key(source: str, account: str) -> str:
    return f"{source}:{account}"
