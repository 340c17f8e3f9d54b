"""What has to happen when its time has come: purchases that nobody paid end, coins of paid sales are burnt."""

from chalicelib import clock
from chalicelib.core.ramp import Kind
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.ramp import moves
from chalicelib.stores.ramp import orders
from chalicelib.stores.ramp.orders import Order

#: A sale's coins are burnt with its payment; only what is older than this was left lying.
BURN_AFTER_MS = 60_000


def run() -> int:
    """End what is due; how many orders. All are tried; then the first error, if any, is raised: it comes again."""
    now = clock.now_ms()
    done = 0
    errors: list[Exception] = []
    for source, order_no in orders.due(now):
        try:
            done += _end(orders.get(source, order_no), now)
        except Refused as refused:
            if refused.reason is not Reason.ORDER_STATE:  # else somebody was faster
                errors.append(refused)
        except Exception as error:  # noqa: BLE001 - one order's trouble must not keep the others waiting
            errors.append(error)
    if errors:
        raise errors[0]
    return done


def _end(order: Order | None, now: int) -> bool:
    """Whether an order's time had come, as it is now; the index may be a moment late."""
    if order is None:
        return False
    match order.kind:
        case Kind.PURCHASE if order.deadline is not None and order.deadline < now:
            moves.expire(order)
        case Kind.SALE if order.paid is not None and order.paid < now - BURN_AFTER_MS:
            moves.release(order.source, order.order_no, "schedule", "left lying")
        case _:
            return False
    return True
