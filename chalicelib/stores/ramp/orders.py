"""Orders of the fiat ramp: key (source, order number). One write moves an order and puts the move on its audit log.

The log is a list in the order itself: an order has a handful of moves, and one that is not logged cannot have happened.
Who pays and where money goes is sealed for the customer. Three sparse indexes: `open` (orders that have not ended), `due`
(those that something happens to when a time has come) and `noted` (purchases that wait for money, by note code).
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import Enum, auto

from pynamodb.attributes import BinaryAttribute, ListAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib import settings
from chalicelib.core.ramp import Amounts, Kind, Payer, Receiver, Status, Terms
from chalicelib.stores import vault
from chalicelib.stores.table import Integer, Step, Table, conflicted, refused

OPEN = "open"
DUE = "due"


class Open(GlobalSecondaryIndex["OrderRow"]):
    """Orders that have not ended, by the time of their submission."""

    class Meta:
        """Name and shape of the index."""

        index_name = "open"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    created = Integer(range_key=True)


class Due(GlobalSecondaryIndex["OrderRow"]):
    """Orders that the schedule has something to do for, by when."""

    class Meta:
        """Name and shape of the index."""

        index_name = "due"
        projection = KeysOnlyProjection()

    due = UnicodeAttribute(hash_key=True)
    due_at = Integer(range_key=True)


class Noted(GlobalSecondaryIndex["OrderRow"]):
    """Purchases that wait for money, by what the payer writes on the bank's form."""

    class Meta:
        """Name and shape of the index."""

        index_name = "noted"
        projection = KeysOnlyProjection()

    noted = UnicodeAttribute(hash_key=True)
    created = Integer(range_key=True)


class OrderRow(Table):
    """One order. Amounts and rates in 1e-8, times in ms since epoch. `moves`: the log, one JSON text each."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("ramp_orders")

    source = UnicodeAttribute(hash_key=True)
    order_no = UnicodeAttribute(range_key=True)
    uid = UnicodeAttribute()
    account = UnicodeAttribute()
    kind = UnicodeAttribute()
    status = UnicodeAttribute()
    legal = Integer()
    coins = Integer()
    fee = Integer()
    channel_fee = Integer()
    rate = Integer()
    fee_rate = Integer()
    channel_fee_rate = Integer()
    note_code = UnicodeAttribute(null=True)
    sealed = BinaryAttribute(legacy_encoding=False)
    fingerprint = UnicodeAttribute()
    transfer = UnicodeAttribute(null=True)
    created = Integer()
    audited = Integer(null=True)
    deadline = Integer(null=True)
    paid = Integer(null=True)
    issued = Integer(null=True)
    version = Integer()
    moves: ListAttribute[str] = ListAttribute()
    open = UnicodeAttribute(null=True)
    due = UnicodeAttribute(null=True)
    due_at = Integer(null=True)
    noted = UnicodeAttribute(null=True)
    by_open = Open()
    by_due = Due()
    by_noted = Noted()


@dataclass(frozen=True, slots=True)
class Moved:
    """A line of the audit log: who moved an order where, and why. `use`: the request that did it."""

    move: str
    status: Status
    at: int
    by: str
    why: str
    use: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `audited`, `deadline`, `paid`, `issued` are None until they happen; `transfer`: the transfer that moved, or
    holds, its coins; `sealed`: payer and receiver, see `opened`."""

    source: str
    order_no: str
    uid: str
    account: str
    kind: Kind
    status: Status
    amounts: Amounts
    terms: Terms
    note_code: str
    sealed: bytes = field(repr=False)
    fingerprint: str
    transfer: str
    created: int
    audited: int | None = None
    deadline: int | None = None
    paid: int | None = None
    issued: int | None = None
    version: int = 1
    moves: tuple[Moved, ...] = ()


class Outcome(Enum):
    """What became of a move."""

    DONE = auto()
    #: The order changed meanwhile, or was busy: decide again.
    MOVED = auto()


def sealed(payer: Payer, receiver: Receiver, uid: str) -> bytes:
    """What an order keeps of people and their bank accounts."""
    return vault.seal(json.dumps([asdict(payer), asdict(receiver)], ensure_ascii=False), uid)


def opened(order: Order) -> tuple[Payer, Receiver]:
    """Who pays for an order, and where the money goes."""
    payer, receiver = json.loads(vault.unseal(order.sealed, order.uid, remember=False))
    return Payer(**payer), Receiver(**receiver)


def fingerprint(content: bytes) -> str:
    """What stands for all that an order says: it holds names and birthdays, so that a plain hash would tell them."""
    return vault.mac(b"ramp\n" + content).hex()


def create(order: Order) -> Order:
    """Write a new order. The order that stands under its number: this one, or one that was there before."""
    try:
        _row(order).save(OrderRow.source.does_not_exist())
    except PutError as error:
        standing = get(order.source, order.order_no)
        if standing is None or not (refused(error) or conflicted(error) or _is_by(standing, order.moves[0].use)):
            raise
        return standing
    return order


def creating(order: Order) -> Step:
    """The same as a part of a transaction with the account that pays, which fails if the number is taken."""
    row = _row(order)
    return lambda transaction: transaction.save(row, OrderRow.source.does_not_exist())


def move(seen: Order, then: Order) -> Outcome:
    """Write what an order becomes, with the last of `then.moves` on its log, if it is still as last `seen`."""
    actions, condition = _change(seen, then)
    try:
        OrderRow._get_connection().update_item(  # noqa: SLF001 - Model.update would have the whole row sent back
            seen.source, seen.order_no, actions=actions, condition=condition
        )
    except UpdateError as error:
        standing = get(seen.source, seen.order_no)
        if standing is not None and _is_by(standing, then.moves[-1].use):  # ours, and the answer was lost
            return Outcome.DONE
        if not (refused(error) or conflicted(error)):
            raise
        return Outcome.MOVED
    return Outcome.DONE


def moving(seen: Order, then: Order) -> Step:
    """The same as a part of the transaction that moves the order's coins."""
    actions, condition = _change(seen, then)
    row = OrderRow(seen.source, seen.order_no)
    return lambda transaction: transaction.update(row, actions=actions, condition=condition)


def get(source: str, order_no: str) -> Order | None:
    """An order, read consistently."""
    try:
        return _order(OrderRow.get(source, order_no, consistent_read=True))
    except OrderRow.DoesNotExist:
        return None


def by_note(note_code: str) -> list[Order]:
    """Purchases that wait for money with this note code."""
    found = [get(row.source, row.order_no) for row in OrderRow.by_noted.query(note_code)]
    # The index may be a moment late.
    return [order for order in found if order is not None and order.status is Status.APPROVED]


def due(before: int) -> Iterator[tuple[str, str]]:
    """(source, order number) of orders whose time came before `before` (ms since epoch), the longest due first; as the index
    knows them."""
    return ((row.source, row.order_no) for row in OrderRow.by_due.query(DUE, Due.due_at < before))


def unended(source: str | None, limit: int) -> list[Order]:
    """Orders that have not ended, the oldest first; of one partner if `source` says so."""
    only = None if source is None else OrderRow.source == source
    rows = OrderRow.by_open.query(OPEN, filter_condition=only, limit=limit)
    found = [get(row.source, row.order_no) for row in rows]
    return [order for order in found if order is not None]


def scan() -> Iterator[Order]:
    """Every order: for audits."""
    return (_order(row) for row in OrderRow.scan(consistent_read=True))


def _is_by(order: Order, use: str) -> bool:
    """Whether a request had its way with an order."""
    return any(moved.use == use for moved in order.moves)


def _change(seen: Order, then: Order) -> tuple[list[Action], Condition]:
    assert then == replace(then, version=seen.version + 1, moves=(*seen.moves, then.moves[-1]))
    row, before = _row(then), _row(seen)
    actions: list[Action] = [
        OrderRow.version.set(then.version),
        OrderRow.moves.set(OrderRow.moves.append([_text(then.moves[-1])])),
    ]
    for name in ("status", "transfer", "audited", "deadline", "paid", "issued", "open", "due", "due_at", "noted"):
        attribute, value = getattr(OrderRow, name), getattr(row, name)
        if value != getattr(before, name):
            actions.append(attribute.remove() if value is None else attribute.set(value))
    return actions, OrderRow.version == seen.version


def _due_at(order: Order) -> int | None:
    """When the schedule has to look: a deadline that passes unpaid, or coins of a paid sale that have not been burnt."""
    match order.kind, order.status:
        case Kind.PURCHASE, Status.APPROVED:
            return order.deadline
        case Kind.SALE, Status.PAID:
            return order.paid
    return None


def _row(order: Order) -> OrderRow:
    due_at = _due_at(order)
    waiting = order.kind is Kind.PURCHASE and order.status is Status.APPROVED
    return OrderRow(
        order.source,
        order.order_no,
        uid=order.uid,
        account=order.account,
        kind=order.kind.value,
        status=order.status.value,
        legal=order.amounts.legal,
        coins=order.amounts.coins,
        fee=order.amounts.fee,
        channel_fee=order.amounts.channel_fee,
        rate=order.terms.rate,
        fee_rate=order.terms.fee,
        channel_fee_rate=order.terms.channel_fee,
        note_code=order.note_code or None,
        sealed=order.sealed,
        fingerprint=order.fingerprint,
        transfer=order.transfer or None,
        created=order.created,
        audited=order.audited,
        deadline=order.deadline,
        paid=order.paid,
        issued=order.issued,
        version=order.version,
        moves=[_text(moved) for moved in order.moves],
        open=None if order.status in {Status.REFUSED, Status.RELEASED} else OPEN,
        due=None if due_at is None else DUE,
        due_at=due_at,
        noted=order.note_code if waiting else None,
    )


def _order(row: OrderRow) -> Order:
    return Order(
        source=row.source,
        order_no=row.order_no,
        uid=row.uid,
        account=row.account,
        kind=Kind(row.kind),
        status=Status(row.status),
        amounts=Amounts(row.legal, row.coins, row.fee, row.channel_fee),
        terms=Terms(row.rate, row.fee_rate, row.channel_fee_rate),
        note_code=row.note_code or "",
        sealed=bytes(row.sealed),
        fingerprint=row.fingerprint,
        transfer=row.transfer or "",
        created=row.created,
        audited=row.audited,
        deadline=row.deadline,
        paid=row.paid,
        issued=row.issued,
        version=row.version,
        moves=tuple(_moved(text) for text in row.moves),
    )


def _text(moved: Moved) -> str:
    return json.dumps(asdict(moved), ensure_ascii=False)


def _moved(text: str) -> Moved:
    said = json.loads(text)
    return Moved(**{**said, "status": Status(said["status"])})
