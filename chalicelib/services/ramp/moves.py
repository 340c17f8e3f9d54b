"""What operators and the schedule do to orders: each move one write, on the order's log, with the coins it moves.

A move that has been made already is answered like the first time, for an operator may not have heard that it was: it names
the order, and of each kind an order has one. A bank credit is another thing: a second one is other money.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core import ramp as rules
from chalicelib.core import transfers as states
from chalicelib.core.ramp import Effect, Kind, Move, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Rail
from chalicelib.stores import transfers, vault
from chalicelib.stores.ramp import orders, partners
from chalicelib.stores.ramp.orders import Moved, Order, Outcome

TRIES_MAX: Final = 5
#: What becomes of the withdrawal that holds a sale's coins.
_TO: Final = {Effect.REFUND: states.Status.REJECTED, Effect.BURN: states.Status.SUCCEEDED}


def approve(source: str, order_no: str, by: str, why: str = "") -> Order:
    """Approve an order: its customer has 24 hours to pay, or waits for our money. Raises `Refused`."""
    return _moved(source, order_no, Move.APPROVE, by, why)


def reject(source: str, order_no: str, by: str, why: str) -> Order:
    """Refuse an order; a sale's coins go back, in the same transaction. Raises `Refused`."""
    return _moved(source, order_no, Move.REJECT, by, why)


def pay(source: str, order_no: str, by: str, why: str = "") -> Order:
    """Note that a sale's fiat money was paid out, and burn its coins. Raises `Refused`.

    Two writes: should the second not come, the schedule makes it. What was paid out is never given back.
    """
    paid = _moved(source, order_no, Move.PAY, by, why)
    return paid if paid.status is Status.RELEASED else release(source, order_no, by)


def release(source: str, order_no: str, by: str, why: str = "") -> Order:
    """Credit a purchase's coins, or burn a sale's, in one transaction with the order. Raises `Refused`."""
    return _moved(source, order_no, Move.RELEASE, by, why)


def expire(order: Order) -> Order:
    """End a purchase that nobody paid in time. Raises `Refused` (ORDER_STATE) if it was paid after all."""
    return _moved(order.source, order.order_no, Move.EXPIRE, "schedule", "deadline")


def credit(
    note_code: str, legal: int, by: str, why: str = "", *, source: str | None = None, order_no: str | None = None
) -> Order:
    """Money has come into our bank account with a note code: it pays for the one purchase that waits for just that.

    Raises `Refused`: NO_SUCH_ORDER when none waits with this code (at this source, of this number), AMOUNT when the money is not
    what it waits for, PARAMETER_MISSING (order_no) when several wait for the same.
    """
    code = rules.note_code(note_code, "note_code")
    # An order that is named is read as it is; the index of note codes may be a moment late.
    named = orders.by_note(code) if order_no is None else [find(source, order_no)]
    waiting = [
        order
        for order in named
        if source in {None, order.source} and order.note_code == code and order.status is Status.APPROVED
    ]
    if not waiting:
        raise Refused(Reason.NO_SUCH_ORDER, "note_code")
    exact = [order for order in waiting if order.amounts.legal == legal]
    if not exact:
        raise Refused(Reason.AMOUNT, "amount")
    if len(exact) > 1:
        raise Refused(Reason.PARAMETER_MISSING, "order_no" if len({one.source for one in exact}) == 1 else "source")
    (order,) = exact
    return _moved(order.source, order.order_no, Move.BANK_CREDIT, by, why, once=True)


def find(source: str | None, order_no: str) -> Order:
    """The order of a number; without a source, of the one partner that has it.

    Raises `Refused`: NO_SUCH_ORDER, or PARAMETER_MISSING (source) when several have.
    """
    sources = [partner.source for partner in partners.every()] if source is None else [rules.source(source)]
    found = [order for one in sources if (order := orders.get(one, order_no)) is not None]
    if not found:
        raise Refused(Reason.NO_SUCH_ORDER, "order_no")
    if len(found) > 1:
        raise Refused(Reason.PARAMETER_MISSING, "source")
    return found[0]


def _moved(source: str, order_no: str, move: Move, by: str, why: str, *, once: bool = False) -> Order:
    """Make a move, decided on what is read and written if that still stands, else decided again.

    With `once` one that has been made already is refused too. Raises `Refused`: NO_SUCH_ORDER, ORDER_STATE.
    """
    use = clock.token_bytes(16).hex()
    for _ in range(TRIES_MAX):
        seen = orders.get(source, order_no)
        if seen is None:
            raise Refused(Reason.NO_SUCH_ORDER, "order_no")
        way = rules.MOVES.get((seen.kind, move))
        made = any(moved.move == move for moved in seen.moves)
        ours = any(moved.use == use for moved in seen.moves)
        if ours or (made and not once):
            return seen
        if way is None or seen.status not in way.sources:
            raise Refused(Reason.ORDER_STATE, "order_no")
        then = _after(seen, move, way.target, Moved(move, way.target, clock.now_ms(), by, why, use))
        if _WRITES[way.effect](seen, then) is Outcome.DONE:
            _tell(then)
            return then
    raise Refused(Reason.TOO_OFTEN)


def _after(seen: Order, move: Move, target: Status, moved: Moved) -> Order:
    """What an order becomes by a move."""
    then = replace(seen, status=target, version=seen.version + 1, moves=(*seen.moves, moved))
    match move:
        case Move.APPROVE if seen.kind is Kind.PURCHASE:
            return replace(then, audited=moved.at, deadline=moved.at + rules.PAY_MS)
        case Move.APPROVE:
            return replace(then, audited=moved.at)
        case Move.REJECT:
            return replace(then, audited=seen.audited or moved.at)
        case Move.BANK_CREDIT | Move.PAY:
            return replace(then, paid=moved.at)
        case Move.RELEASE:
            return replace(then, issued=moved.at, transfer=seen.transfer or _deposit_id(seen))
    return then


def _credit(seen: Order, then: Order) -> Outcome:
    """A purchase ends well: a deposit that succeeded, and the order. The deposit's number is the order's, so it is one."""
    deposit = transfers.Deposit(
        id=then.transfer,
        uid=seen.uid,
        asset=rules.COIN,
        amount=seen.amounts.coins,
        at=then.moves[-1].at,
        rail=Rail.RAMP,
    )
    moved = then.moves[-1]
    try:
        transfers.credit(deposit, moved.by, moved.why or moved.move, [orders.moving(seen, then)])
    except transfers.StepRefused:
        return Outcome.MOVED
    # A deposit that stood there before came with the order's move, by another hand.
    standing = orders.get(seen.source, seen.order_no)
    ours = standing is not None and any(one.use == moved.use for one in standing.moves)
    return Outcome.DONE if ours else Outcome.MOVED


def _settle(seen: Order, then: Order) -> Outcome:
    """A sale ends: its withdrawal is rejected (the coins go back) or succeeds (they are gone), and the order with it."""
    held = transfers.get(seen.transfer)
    assert held is not None, seen.transfer
    to = _TO[rules.MOVES[seen.kind, Move(then.moves[-1].move)].effect]
    if held.status == to:
        return Outcome.MOVED  # the order has ended likewise, in the same transaction, since it was read
    moved = then.moves[-1]
    try:
        transfers.move(held, to, moved.by, moved.why or moved.move, steps=[orders.moving(seen, then)])
    except (transfers.StepRefused, transfers.Moved):
        return Outcome.MOVED
    return Outcome.DONE


_WRITES: Final[dict[Effect, Callable[[Order, Order], Outcome]]] = {
    Effect.NONE: orders.move,
    Effect.CREDIT: _credit,
    Effect.REFUND: _settle,
    Effect.BURN: _settle,
}


def _deposit_id(order: Order) -> str:
    """The id of a purchase's deposit. It is public, and partner and number are not: so it is what stands for them."""
    mark = vault.mac(f"ramp deposit\n{order.source}\n{order.order_no}".encode()).hex()[:40]
    return f"deposit:{rules.COIN}:ramp-{mark}:0"


def _tell(order: Order) -> None:
    """A line in the log. The receiving account of a sale stays out of it, but for its end; names do too."""
    moved = order.moves[-1]
    telemetry.logger().info(
        "ramp_move",
        extra={
            "source": order.source,
            "order_no": order.order_no,
            "move": moved.move,
            "status": moved.status,
            "by": moved.by,
        },
    )
