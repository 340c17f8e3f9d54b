"""What an entry of a market's journal does to accounts: pure arithmetic over its events.

An account has three balances per asset: available, frozen (held by open orders and intents) and pending (held by
withdrawals). An entry never changes their sum over all accounts: what one side pays, the other side and the house get.
"""

from dataclasses import dataclass, field

from chalicelib.core.markets import Market
from chalicelib.core.orders import Entry, OrderCancelled, OrderFilled, OrderPlaced, Side, hold_of


@dataclass(slots=True)
class Settlement:
    """The net change that one entry makes to one account (1e-8 per asset), and the intents that it fulfils."""

    available: dict[str, int] = field(default_factory=dict)
    frozen: dict[str, int] = field(default_factory=dict)
    intents: list[int] = field(default_factory=list)

    def add(self, asset: str, available: int, frozen: int) -> None:
        """Add a movement of `asset`."""
        self.available[asset] = self.available.get(asset, 0) + available
        self.frozen[asset] = self.frozen.get(asset, 0) + frozen

    def changes(self) -> dict[str, tuple[int, int]]:
        """asset → (available, frozen) deltas, those that are not both zero."""
        return {a: (d, self.frozen[a]) for a, d in sorted(self.available.items()) if d or self.frozen[a]}


def held_asset(market: Market, side: Side) -> str:
    """The asset that an order of `side` holds: quote for a buy, base for a sell."""
    return market.quote if side is Side.BUY else market.base


def settlements(market: Market, entry: Entry) -> dict[str, Settlement]:
    """uid → what `entry` does to that account. Depends on the entry alone, so that any replay gives the same."""
    accounts: dict[str, Settlement] = {}

    def account(uid: str) -> Settlement:
        return accounts.setdefault(uid, Settlement())

    for event in entry.events:
        if isinstance(event, OrderPlaced):
            account(event.order.uid).intents.append(event.order.id)
        elif isinstance(event, OrderFilled):
            _fill(market, event, account(event.taker_uid), account(event.maker_uid))
            if event.buyer_fee or event.seller_fee:
                house = account(market.house)
                house.add(market.base, event.buyer_fee, 0)
                house.add(market.quote, event.seller_fee, 0)
        elif isinstance(event, OrderCancelled):
            hold = hold_of(event.side, event.price, event.amount - event.filled)
            account(event.uid).add(held_asset(market, event.side), hold, -hold)
    return accounts


def _fill(market: Market, fill: OrderFilled, taker: Settlement, maker: Settlement) -> None:
    """Move one fill between its two sides. Each side's hold shrinks to what its remaining amount still needs."""
    taker_rest, maker_rest = fill.taker_amount - fill.taker_filled, fill.maker_amount - fill.maker_filled
    buyer, seller, limit, rest = (
        (taker, maker, fill.taker_price, taker_rest)
        if fill.taker_side is Side.BUY
        else (maker, taker, fill.price, maker_rest)
    )
    released = hold_of(Side.BUY, limit, rest + fill.amount) - hold_of(Side.BUY, limit, rest)
    assert released >= fill.quote, "a buy's hold must cover each of its fills"  # proved in core.money
    buyer.add(market.quote, released - fill.quote, -released)
    buyer.add(market.base, fill.amount - fill.buyer_fee, 0)
    seller.add(market.base, 0, -fill.amount)
    seller.add(market.quote, fill.quote - fill.seller_fee, 0)
