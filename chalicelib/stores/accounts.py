"""Accounts: one item per account, and the one write path for money: every change is one conditional write here.

`available`, `frozen`, `pending` map asset → 1e-8 units. `applied` maps market → the last journal entry settled here;
`intents` maps order id → the order, while it is reserved but not yet in its market's journal. An account with intents
also stands in the sparse index `waiting`, where the sweeper finds those whose message was lost. `blocked` names the
deposits that a block chain took back after they were credited: while there are any, nothing may be reserved or held.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib import settings
from chalicelib.core.ledger import Settlement
from chalicelib.core.orders import Order
from chalicelib.core.transfers import Effect
from chalicelib.stores import orders
from chalicelib.stores.table import Integer, IntegerMap, Table, TextMap, refused, update, updated

#: The sparse index is spread over this many keys, so that no one partition takes every exchange-wide write.
WAITING_SHARDS = 8
#: More orders than this on their way to the markets at once, and an account has to wait: it bounds the item's size.
INTENTS_MAX = 300


class Waiting(GlobalSecondaryIndex["AccountRow"]):
    """Accounts with intents, by the time of the first of them."""

    class Meta:
        """Name and shape of the index."""

        index_name = "waiting"
        projection = KeysOnlyProjection()

    waiting_shard = Integer(hash_key=True)
    waiting_since = Integer(range_key=True)


class AccountRow(Table):
    """One account."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("accounts")

    uid = UnicodeAttribute(hash_key=True)
    available = IntegerMap(default=dict)
    frozen = IntegerMap(default=dict)
    pending = IntegerMap(default=dict)
    applied = IntegerMap(default=dict)
    intents = TextMap(default=dict)
    blocked = UnicodeSetAttribute(null=True)
    waiting_shard = Integer(null=True)
    waiting_since = Integer(null=True)
    waiting = Waiting()


@dataclass(frozen=True, slots=True)
class Account:
    """An account as read: balances by asset (1e-8), positions by market, intents by order id, what blocks it."""

    uid: str
    available: Mapping[str, int]
    frozen: Mapping[str, int]
    pending: Mapping[str, int]
    applied: Mapping[str, int]
    intents: Mapping[int, Order]
    waiting_since: int | None
    blocked: frozenset[str] = frozenset()


class Blocked(Exception):  # noqa: N818 - says what is the case
    """Nothing leaves this account: a deposit of it was credited and then taken back by its block chain."""


class Short(Exception):  # noqa: N818 - says what is the case
    """The account as it stands does not cover what was to be reserved. `account` is what was read."""

    def __init__(self, account: Account | None) -> None:
        super().__init__()
        self.account = account


def empty(uid: str) -> AccountRow:
    """The row of a new account, to be put on condition that there is none."""
    return AccountRow(uid)


def ensure(uid: str) -> None:
    """Create the account if there is none."""
    try:
        empty(uid).save(AccountRow.uid.does_not_exist())
    except PutError as error:
        if not refused(error):
            raise


def get(uid: str) -> Account | None:
    """The account, read consistently."""
    try:
        return _account(AccountRow.get(uid, consistent_read=True))
    except AccountRow.DoesNotExist:
        return None


def scan(part: int = 0, parts: int = 1) -> Iterator[Account]:
    """Every account of one of `parts` equal parts, each read consistently but not all at one moment."""
    found = AccountRow.scan(consistent_read=True, segment=part, total_segments=parts)
    return (_account(row) for row in found)


def number() -> int:
    """How many accounts there are, about: DynamoDB counts every six hours."""
    count: int = AccountRow.describe_table()["ItemCount"]
    return count


def missing(uids: Iterable[str]) -> list[str]:
    """Which of `uids` have no account. Consistent."""
    wanted = list(uids)
    found = AccountRow.batch_get(wanted, consistent_read=True, attributes_to_get=["uid"]) if wanted else ()
    there = {row.uid for row in found}
    return [uid for uid in wanted if uid not in there]


def reserve(uid: str, placed: Sequence[Order], needs: Mapping[str, int], at: int) -> None:
    """Freeze `needs` (asset → 1e-8) and note the intents of `placed`, all in one write or nothing at all.

    Raises `Blocked`, or `Short` with the account as it is, when it does not cover the needs (or has too many intents). Any
    other error means: not known. A write whose answer was lost is recognised by its intents, and is no error.
    """
    condition: Condition = (size(AccountRow.intents) <= INTENTS_MAX - len(placed)) & AccountRow.blocked.does_not_exist()
    actions: list[Action] = []
    for asset, need in needs.items():
        condition &= AccountRow.available[asset] >= need
        actions += [_add(AccountRow.available, asset, -need), _add(AccountRow.frozen, asset, need)]
    for order in placed:
        condition &= AccountRow.intents[str(order.id)].does_not_exist()
        actions.append(AccountRow.intents[str(order.id)].set(json.dumps(orders.to_list(order), separators=(",", ":"))))
    actions += [
        AccountRow.waiting_shard.set(AccountRow.waiting_shard | zlib.crc32(uid.encode()) % WAITING_SHARDS),
        AccountRow.waiting_since.set(AccountRow.waiting_since | at),
    ]
    try:
        update(AccountRow(uid), actions, condition)
    except UpdateError as error:
        account = get(uid)
        if account is not None and all(order.id in account.intents for order in placed):
            return
        if not refused(error):
            raise
        if account is not None and account.blocked:
            raise Blocked from error
        raise Short(account) from error


def settle(uid: str, market: str, seq: int, change: Settlement) -> None:
    """Apply what entry `seq` of `market` does to this account. A repeat is refused by the watermark, and is harmless."""
    mark = AccountRow.applied[market]
    fresh = mark.does_not_exist() | (mark < seq)
    actions: list[Action] = [mark.set(seq)]
    for asset, (available, frozen) in change.changes().items():
        if available:
            actions.append(_add(AccountRow.available, asset, available))
        if frozen:
            actions.append(_add(AccountRow.frozen, asset, frozen))
    actions += [AccountRow.intents[str(order_id)].remove() for order_id in change.intents]
    if change.intents:
        # Usually these are all the account's intents: then it leaves the sweeper's index in the same write.
        last: list[Action] = [AccountRow.waiting_shard.remove(), AccountRow.waiting_since.remove()]
        if updated(AccountRow(uid), actions + last, fresh & (size(AccountRow.intents) == len(change.intents))):
            return
    updated(AccountRow(uid), actions, fresh)


def release_ghost(uid: str, order: Order, seq: int, asset: str) -> None:
    """Give back what a late repeat of a reservation froze for an order that had already left its intents.

    `seq` is an entry that knows the order. Once it is settled here the intent was gone; one that stands is a ghost.
    """
    intent = AccountRow.intents[str(order.id)]
    actions = [
        _add(AccountRow.available, asset, order.hold),
        _add(AccountRow.frozen, asset, -order.hold),
        intent.remove(),
    ]
    updated(AccountRow(uid), actions, intent.exists() & (AccountRow.applied[order.market] >= seq))


def waiting(before: int) -> Iterator[Account]:
    """Accounts that have, or seem to have, intents older than `before` (ms since epoch)."""
    for shard in range(WAITING_SHARDS):
        for row in AccountRow.waiting.query(shard, Waiting.waiting_since < before):
            account = get(row.uid)
            if account is not None:
                yield account


def rest_waiting(account: Account) -> None:
    """Take an account without intents out of the sweeper's index, or note the age of those it still has."""
    seen = AccountRow.waiting_since == account.waiting_since
    if account.intents:
        oldest = min(order.created for order in account.intents.values())
        updated(AccountRow(account.uid), [AccountRow.waiting_since.set(oldest)], seen)
    else:
        leave = [AccountRow.waiting_shard.remove(), AccountRow.waiting_since.remove()]
        updated(AccountRow(account.uid), leave, seen & (size(AccountRow.intents) == 0))


def transfer_write(effect: Effect, transfer_id: str, asset: str, amount: int) -> tuple[list[Action], Condition]:
    """The update that a transfer's move makes to its account, and on which condition, for the transaction of that move."""
    assert amount > 0
    available, pending, blocked = AccountRow.available, AccountRow.pending, AccountRow.blocked
    grow, shrink = _add(available, asset, amount), _add(available, asset, -amount)
    covered: Condition = pending[asset] >= amount
    there: Condition = AccountRow.uid.exists()
    writes: dict[Effect, tuple[list[Action], Condition]] = {
        Effect.CREDIT: ([grow], there),
        Effect.HOLD: (
            [shrink, _add(pending, asset, amount)],
            (available[asset] >= amount) & blocked.does_not_exist(),
        ),
        Effect.REFUND: ([_add(pending, asset, -amount), grow], covered),
        Effect.PAY: ([_add(pending, asset, -amount)], covered),
        Effect.BLOCK: ([blocked.add({transfer_id})], there),
        Effect.UNBLOCK: ([blocked.delete({transfer_id})], there),
        Effect.TAKE: ([shrink, blocked.delete({transfer_id})], available[asset] >= amount),
    }
    return writes[effect]


def _add(balances: IntegerMap, asset: str, delta: int) -> Action:
    return balances[asset].set((balances[asset] | 0) + delta)


def _account(row: AccountRow) -> Account:
    return Account(
        uid=row.uid,
        available=row.available,
        frozen=row.frozen,
        pending=row.pending,
        applied=row.applied,
        intents={int(key): orders.from_list(json.loads(text)) for key, text in row.intents.items()},
        waiting_since=row.waiting_since,
        blocked=frozenset(row.blocked or ()),
    )
