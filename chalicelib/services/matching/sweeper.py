"""The sweeper: orders that are reserved but whose message was lost are sent again."""

from chalicelib import clock, settings, telemetry
from chalicelib.core.ledger import held_asset
from chalicelib.core.orders import Order
from chalicelib.stores import accounts, commands, orders
from chalicelib.stores.accounts import Account

#: How old an intent must be. Longer than an API function can live (10 s), so that none is still at work on it.
PATIENCE_MS = 30_000


def sweep() -> dict[str, int]:
    """Send old intents to their markets again. Gives back how many orders were resent and how many ghosts were released.

    Sending too much is harmless: a matcher knows an order that it has seen.
    """
    before = clock.now_ms() - PATIENCE_MS
    resent = ghosts = 0
    for account in accounts.waiting(before):
        old = [order for order in account.intents.values() if order.created < before]
        journalled = orders.positions(account.uid, [order.id for order in old]) if old else {}
        lost: dict[str, list[Order]] = {}
        for order in old:
            if order.id in journalled and _is_ghost(account, order, journalled[order.id]):
                market = settings.exchange().markets[order.market]
                accounts.release_ghost(account.uid, order, journalled[order.id], held_asset(market, order.side))
                ghosts += 1
            else:
                lost.setdefault(order.market, []).append(order)
        for market_id, intents in lost.items():
            commands.send_orders(market_id, sorted(intents, key=lambda order: order.id))
            resent += len(intents)
        if not old:
            accounts.rest_waiting(account)
    if resent:
        telemetry.count("SweeperResends", resent)
    if ghosts:
        telemetry.count("GhostsReleased", ghosts)
    return {"resent": resent, "ghosts": ghosts}


def _is_ghost(account: Account, order: Order, seq: int) -> bool:
    """Whether the account has settled an entry that knows the order, and still has an intent for it.

    Settling removes the intent; so a late repeat of the reservation has brought it back, with a second hold.
    """
    return account.applied.get(order.market, 0) >= seq
