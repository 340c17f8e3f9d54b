"""A trade as this dialect writes it, in a market's list and in a person's."""

from chalicelib.api.coinport import words
from chalicelib.core.orders import Side, Trade


def rendered_trade(trade: Trade) -> dict[str, object]:
    """A trade as lists show it; `isSell` tells what the taker did."""
    return {
        "id": str(trade.id),
        "timestamp": trade.at,
        "price": words.number(trade.price),
        "amount": words.number(trade.amount),
        "maker": trade.maker_uid,
        "taker": trade.taker_uid,
        "isSell": trade.taker_side is Side.SELL,
        "taker_order_id": str(trade.taker_id),
        "maker_order_id": str(trade.maker_id),
    }
