"""What people logged in from: rows of the table of sessions, ``device:<fingerprint>``, and tokens with which a device logs
in again, ``token:<fingerprint>``."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib import settings
from chalicelib.core.identity import DAY_MS
from chalicelib.core.steps import DEVICE_MS
from chalicelib.stores.table import Integer, Step, Table


class DeviceRow(Table):
    """A device, and where it logged in from last (`at`: ms since epoch)."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("sessions")

    uid = UnicodeAttribute(hash_key=True)
    fingerprint = UnicodeAttribute(range_key=True)
    ip = UnicodeAttribute()
    at = Integer()
    ttl = TTLAttribute()


class DeviceTokenRow(Table):
    """A device's token: good until `expires` (ms since epoch), and as long as the person's `auth_epoch` is `epoch`."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("sessions")

    uid = UnicodeAttribute(hash_key=True)
    fingerprint = UnicodeAttribute(range_key=True)
    device = UnicodeAttribute()
    epoch = Integer()
    expires = Integer()
    ttl = TTLAttribute()


@dataclass(frozen=True, slots=True)
class DeviceToken:
    """A token as it is kept: for which device."""

    device: str
    epoch: int
    expires: int


def known(uid: str, device: str, ip: str, now: int) -> bool:
    """Whether a device logged in from this address within a day."""
    if not device:
        return False
    try:
        row = DeviceRow.get(uid, f"device:{device}", consistent_read=True)
    except DeviceRow.DoesNotExist:
        return False
    return bool(row.ip == ip and now < row.at + DEVICE_MS)


def noting(uid: str, device: str, ip: str, now: int) -> Step:
    """Note a login from a device, in the write that begins the session."""
    row = DeviceRow(uid, f"device:{device}", ip=ip, at=now, ttl=_ttl(now + DEVICE_MS))
    return lambda transaction: transaction.save(row)


def trusting(uid: str, token: str, kept: DeviceToken) -> Step:
    """Keep a token, by its fingerprint, in the same write."""
    row = DeviceTokenRow(
        uid, f"token:{token}", device=kept.device, epoch=kept.epoch, expires=kept.expires, ttl=_ttl(kept.expires)
    )
    return lambda transaction: transaction.save(row)


def token(uid: str, fingerprint: str) -> DeviceToken | None:
    """A token, by its fingerprint."""
    try:
        row = DeviceTokenRow.get(uid, f"token:{fingerprint}", consistent_read=True)
    except DeviceTokenRow.DoesNotExist:
        return None
    return DeviceToken(row.device, row.epoch, row.expires)


def _ttl(until: int) -> datetime:
    return datetime.fromtimestamp((until + DAY_MS) // 1000, UTC)
