"""What a person withdrew lately without an operator's look: key (uid, asset).

It closes the race of two withdrawals that would each stay below the limit: both have to write this row as they saw it, so
the second one sees the first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib import settings
from chalicelib.core.transfers import ALLOWANCE_MS
from chalicelib.stores.table import Integer, Step, Table


class AllowanceRow(Table):
    """`spent`: number of the withdrawal → [when (ms), how much (1e-8)], of 24 hours, as JSON. `version` counts writes."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("allowances")

    uid = UnicodeAttribute(hash_key=True)
    asset = UnicodeAttribute(range_key=True)
    spent = UnicodeAttribute()
    version = Integer()
    expires = TTLAttribute()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What was spent, as read: number of the withdrawal → (when, how much)."""

    uid: str
    asset: str
    spent: Mapping[int, tuple[int, int]]
    version: int


def get(uid: str, asset: str) -> Allowance:
    """What a person spent of an asset, read consistently."""
    try:
        row = AllowanceRow.get(uid, asset, consistent_read=True)
    except AllowanceRow.DoesNotExist:
        return Allowance(uid, asset, {}, 0)
    spent = {int(number): (at, amount) for number, (at, amount) in json.loads(row.spent).items()}
    return Allowance(uid, asset, spent, row.version)


def spending(seen: Allowance, number: int, amount: int, now: int) -> Step:
    """Note a withdrawal, in the transaction that approves it, unless somebody else noted one since `seen`."""
    lately = {key: value for key, value in seen.spent.items() if value[0] > now - ALLOWANCE_MS}
    row = AllowanceRow(
        seen.uid,
        seen.asset,
        spent=json.dumps({**lately, number: (now, amount)}, separators=(",", ":")),
        version=seen.version + 1,
        # What is a day old counts no more: the row may vanish, and its version may begin anew.
        expires=datetime.fromtimestamp((now + 2 * ALLOWANCE_MS) // 1000, UTC),
    )
    as_seen = AllowanceRow.version == seen.version if seen.version else AllowanceRow.uid.does_not_exist()
    return lambda transaction: transaction.save(row, as_seen)
