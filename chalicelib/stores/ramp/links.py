"""Whom a partner means by an account: key ``<source>:<account>`` → the person's uid, for ever."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import settings
from chalicelib.stores.table import Integer, Step, Table, conflicted, refused


class LinkRow(Table):
    """One account at one partner. A source has no colon in it, so that the key has one reading."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("ramp_accounts")

    key = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()
    at = Integer()


def link(source: str, account: str, uid: str, at: int) -> str:
    """Link an account to a person unless it is linked already. The person that it stands for: of several at once one."""
    try:
        LinkRow(_key(source, account), uid=uid, at=at).save(LinkRow.key.does_not_exist())
    except PutError as error:
        standing = of(source, account)
        if standing is None or not (refused(error) or conflicted(error) or standing == uid):
            raise
        return standing
    return uid


def linking(source: str, account: str, uid: str, at: int) -> Step:
    """The same as a part of another store's transaction, which fails if the account is another person's."""
    free = LinkRow.key.does_not_exist() | (LinkRow.uid == uid)
    return lambda transaction: transaction.save(LinkRow(_key(source, account), uid=uid, at=at), free)


def of(source: str, account: str) -> str | None:
    """The uid of the person that an account stands for, read consistently."""
    try:
        return LinkRow.get(_key(source, account), consistent_read=True).uid
    except LinkRow.DoesNotExist:
        return None


def _key(source: str, account: str) -> str:
    return f"{source}:{account}"
