"""What people are known by, once in the whole exchange: rows of the table of people that lead to a uid (keys:
``email:<mailbox>``, ``mobile:<HMAC>``, ``invite:<code>``)."""

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from chalicelib import settings
from chalicelib.core.identity import Email
from chalicelib.stores.table import Step, Table

#: A key that no row has: looking it up costs what looking up a person costs.
NOBODY = "nobody"


class NameRow(Table):
    """What a person is known by, once in the whole exchange."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("users")

    key = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()


def email_owner(address: Email | None) -> str | None:
    """Whose a mailbox is."""
    return owner(email_key(address))


def claiming_email(address: Email, uid: str) -> Step:
    """Make a mailbox a person's, if it is nobody else's."""
    free = NameRow.key.does_not_exist() | (NameRow.uid == uid)
    return lambda transaction: transaction.save(NameRow(email_key(address), uid=uid), free)


def releasing_email(address: Email, uid: str) -> Step:
    """Give a person's mailbox back."""
    return lambda transaction: transaction.delete(NameRow(email_key(address)), NameRow.uid == uid)


def mobile_owner(mac: str) -> str | None:
    """Whose a mobile number is, by its HMAC."""
    return owner(mobile_key(mac))


def mobile_owners(macs: Sequence[str]) -> list[str]:
    """Whose the numbers are that somebody has, in the order of the numbers."""
    keys = {mobile_key(mac): place for place, mac in enumerate(macs)}
    found = {row.key: row.uid for row in NameRow.batch_get(list(keys), consistent_read=True)} if keys else {}
    return [found[key] for key in keys if key in found]


def claiming_mobile(mac: str, uid: str) -> Step:
    """Make a number a person's, if it is nobody else's."""
    free = NameRow.key.does_not_exist() | (NameRow.uid == uid)
    return lambda transaction: transaction.save(NameRow(mobile_key(mac), uid=uid), free)


def releasing_mobile(mac: str, uid: str) -> Step:
    """Give a person's number back."""
    return lambda transaction: transaction.delete(NameRow(mobile_key(mac)), NameRow.uid == uid)


def by_invite(code: str) -> str | None:
    """Whose an invite code is."""
    return owner(invite_key(code))


def email_key(address: Email | None) -> str:
    """The key of a mailbox; of none, a key that no row has."""
    return f"email:{address.mailbox}" if address else NOBODY


def mobile_key(mac: str) -> str:
    """The key of a mobile number, by its HMAC."""
    return f"mobile:{mac}"


def invite_key(code: str) -> str:
    """The key of an invite code."""
    return f"invite:{code}"


def owner(key: str) -> str | None:
    """Whose a key is."""
    try:
        return NameRow.get(key, consistent_read=True).uid
    except NameRow.DoesNotExist:
        return None
