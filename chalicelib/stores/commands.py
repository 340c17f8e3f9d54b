"""Commands on their way to a market: one SQS FIFO queue per market, one message group, so that they stay in order.

Wire form, JSON: ``{"place": [order, …]}``, ``{"cancel": [[order id, uid], …]}``, ``{"halt": true}`` or ``{"resume": true}``.
"""

import json
from collections.abc import Sequence
from typing import Any

from chalicelib import clock, settings
from chalicelib.core.orders import Cancel, Command, Halt, Order, Place, Resume
from chalicelib.stores import aws, orders


class Unreadable(ValueError):  # noqa: N818 - says what is the case
    """A message that no part of this exchange can have written."""


def send_orders(market: str, placed: Sequence[Order]) -> None:
    """Send orders to their market as one message."""
    _send(market, {"place": [orders.to_list(order) for order in placed]})


def send_cancels(market: str, uid: str, order_ids: Sequence[int]) -> None:
    """Ask a market to cancel a person's orders, as one message."""
    _send(market, {"cancel": [[order_id, uid] for order_id in order_ids]})


def send_halt(market: str, *, halt: bool) -> None:
    """Halt a market, or resume it, at this point of its queue."""
    _send(market, {"halt" if halt else "resume": True})


def read(market: str, body: str) -> list[Command]:
    """The commands of a message that `market` got. Raises `Unreadable`, also for an order of another market."""
    try:
        message = json.loads(body)
        ((kind, content),) = message.items()
        if kind == "place":
            placed = [orders.from_list(row) for row in content]
            if any(order.market != market for order in placed):
                raise Unreadable(market)
            return [Place(order) for order in placed]
        if kind == "cancel":
            return [Cancel(int(order_id), str(uid)) for order_id, uid in content]
        return [Halt()] if {"halt": True, "resume": False}[kind] else [Resume()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unreadable(body[:200]) from error


def _send(market: str, message: dict[str, Any]) -> None:
    aws.client("sqs").send_message(
        QueueUrl=settings.queue_url(market),
        MessageBody=json.dumps(message, separators=(",", ":")),
        MessageGroupId=market,
        # Never the order's id: SQS would silently drop what the sweeper sends again within five minutes. The matcher
        # knows repeats by order id; this only lets SQS drop what botocore repeats.
        MessageDeduplicationId=clock.token_bytes(16).hex(),
    )
