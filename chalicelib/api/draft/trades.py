"""A trade as this dialect writes it, in a market's list and in a person's."""

from chalicelib.api.draft import words
from chalicelib.api.edge.orders import SIDE
from chalicelib.core.orders import Trade


def rendered_trade(trade: Trade, order_id: int) -> dict[str, object]:
    """A trade as lists show it; `taker` tells what the taker did, `order_id` is the order it is shown for."""
    return {
        "trade_id": trade.id,
        "order_id": order_id,
        "taker": SIDE.say(trade.taker_side),
        "price": words.number(trade.price),
        "amount": words.number(trade.amount),
        "timestamp": trade.at,
    }
