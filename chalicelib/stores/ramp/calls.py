"""Calls that partners made lately, so that none is taken twice and none comes too often. Rows go by themselves."""

from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import settings
from chalicelib.stores.table import Integer, Table, refused, updated

MINUTE_MS = 60_000


class CallRow(Table):
    """One signed call: key ``call:<API key>:<signature>``; `use` is the request that made it."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("ramp_calls")

    key = UnicodeAttribute(hash_key=True)
    use = UnicodeAttribute()
    ttl = TTLAttribute()


class MinuteRow(Table):
    """How many calls a partner made in a minute: key ``minute:<API key>:<minute>``."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("ramp_calls")

    key = UnicodeAttribute(hash_key=True)
    made = Integer()
    ttl = TTLAttribute()


def note(api_key: str, sign: str, use: str, until: int) -> bool:
    """Note a call; False if it was noted before. `until` (ms since epoch): from when on its timestamp is too old anyway.

    `use` is the request's own name: a write that botocore sent twice recognises itself by it.
    """
    key = f"call:{api_key}:{sign}"
    try:
        CallRow(key, use=use, ttl=_after(until)).save(CallRow.key.does_not_exist())
    except PutError as error:
        try:
            if CallRow.get(key, consistent_read=True).use == use:
                return True
        except CallRow.DoesNotExist:
            pass
        if not refused(error):
            raise
        return False
    return True


def count(api_key: str, most: int, now: int) -> bool:
    """Count a call in this minute; False when there were `most` already. A repeat may count twice, which does no harm."""
    minute = now // MINUTE_MS
    row = MinuteRow(f"minute:{api_key}:{minute}")
    actions = [MinuteRow.made.add(1), MinuteRow.ttl.set(_after((minute + 1) * MINUTE_MS))]
    return updated(row, actions, MinuteRow.key.does_not_exist() | (MinuteRow.made < most))


def _after(moment: int) -> datetime:
    """When a row may go: an hour later, for clocks differ and DynamoDB is in no hurry either."""
    return datetime.fromtimestamp(moment // 1000 + 3600, UTC)
