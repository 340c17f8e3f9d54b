"""Placing, cancelling and looking at one's orders. Funds are reserved here; what becomes of orders is the matchers' work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib import clock, settings, telemetry
from chalicelib.core.ids import OrderIds, is_order_id
from chalicelib.core.ledger import held_asset
from chalicelib.core.markets import Market
from chalicelib.core.money import SCALE, UNITS_MAX, Imprecise, from_decimal, hold_of_buy, quote_of_fill
from chalicelib.core.orders import Order, OrderView, Page, Side, Status, TimeInForce, Trade
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import accounts, aws, commands, heads, placements
from chalicelib.stores import orders as order_rows
from chalicelib.stores import trades as trade_rows
from chalicelib.stores.accounts import Account
from chalicelib.stores.leases import LEASE

#: Price out of (0, 1e8] → PRICE_OUT_OF_RANGE. In 1e-8 quote per base.
PRICE_MAX = 100_000_000 * SCALE
#: Other requests may take funds between our reading and our writing: how often to look again what still fits.
RESERVE_TRIES_MAX = 5
#: How long a cancel waits for its market, and how often it looks.
OUTCOME_WAIT_MS = 3_000
OUTCOME_POLL_MS = 40
#: No API function lives longer: after this a request that claimed a client order id is certainly dead.
REQUEST_LIFE_MS = 15_000
#: How long a container may believe what it read of halted markets.
HALTED_FRESH_MS = 5_000


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as asked for. `price` and `amount` in whole units, as the person wrote them."""

    market: str
    side: Side
    price: Decimal
    amount: Decimal
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    client_order_id: str | None = None
    #: What this order pays on either side, in 1e-8 per unit received; None: its market's own rates.
    fee: int | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Which orders were cancelled by a request and which were not. One whose outcome is not yet known is in neither."""

    cancelled: list[int]
    failed: list[int]


def place(uid: str, requests: Sequence[OrderRequest]) -> list[int | Refused]:
    """Place orders: in the requests' order, each one's id or why it was refused.

    Raises `Refused` with nothing placed for a price or an amount that no order can have (naming it). All that is
    affordable together is reserved in one write; else what fits, first come first served. An accepted order is
    reserved: should its message get lost, the sweeper sends it again.
    """
    results: list[int | Refused] = [Refused(Reason.INTERNAL)] * len(requests)
    drafts: dict[int, Order] = {}
    first_of: dict[str, int] = {}  # client order id → the first of these orders that can be placed under it
    checked = [_check(index, request) for index, request in enumerate(requests)]
    ids = LEASE.ids()
    for index, (request, found) in enumerate(zip(requests, checked, strict=True)):
        if isinstance(found, Refused):
            results[index] = found
        elif request.client_order_id is None or first_of.setdefault(request.client_order_id, index) == index:
            drafts[index] = _draft(uid, request, found, ids)
    for index, standing in _claim(uid, drafts).items():
        results[index] = standing
        del drafts[index]
    accepted, refusals = _reserve(uid, drafts)
    for index, order in drafts.items():
        results[index] = refusals.get(index, order.id)
    _send(accepted)
    for index, request in enumerate(requests):
        if request.client_order_id is not None:
            results[index] = _of_first(uid, request.client_order_id, index, results, first_of)
    return results


def cancel(uid: str, order_ids: Sequence[int]) -> Cancellation:
    """Cancel orders, and wait up to three seconds for their markets' word on it."""
    wanted = [order_id for order_id in dict.fromkeys(order_ids) if is_order_id(order_id)]
    failed = [order_id for order_id in dict.fromkeys(order_ids) if not is_order_id(order_id)]
    market_of = {order_id: view.order.market for order_id, view in _find(uid, wanted).items() if _is_open(view)}
    failed += [order_id for order_id in wanted if order_id not in market_of]
    by_market: dict[str, list[int]] = {}
    for order_id, market in market_of.items():
        by_market.setdefault(market, []).append(order_id)
    aws.in_parallel(lambda market: commands.send_cancels(market, uid, by_market[market]), by_market)
    cancelled, filled = _outcomes(uid, list(market_of))
    asked = list(dict.fromkeys(order_ids))
    return Cancellation(
        cancelled=[order_id for order_id in asked if order_id in cancelled],
        failed=[order_id for order_id in asked if order_id in filled or order_id in failed],
    )


def orders(
    uid: str, market: str | None, cursor: int | None, limit: int, status: Status | None, ids: Sequence[int] | None
) -> Page[OrderView]:
    """A person's orders, newest first: with id < `cursor`, or exactly those of `ids` that exist."""
    if ids is not None:
        found = _find(uid, [order_id for order_id in ids if is_order_id(order_id)])
        return Page([found[order_id] for order_id in sorted(found, reverse=True)], more=False)
    # Intents first: an order that leaves them meanwhile already has its row.
    account = accounts.get(uid)
    page = order_rows.of_user(uid, market, cursor, limit, status)
    waiting = [
        _waiting(order)
        for order in (account.intents.values() if account else ())
        if (market is None or order.market == market)
        and (cursor is None or order.id < cursor)
        and status in {None, Status.OPEN}
    ]
    if not waiting:
        return page
    merged = {view.order.id: view for view in (*waiting, *page.items)}
    if status is not None:
        # A row of another status may exist already for what the account still showed as an intent.
        moved = order_rows.get(uid, [view.order.id for view in waiting])
        merged = {order_id: view for order_id, view in merged.items() if moved.get(order_id, view).status is status}
    items = [merged[order_id] for order_id in sorted(merged, reverse=True)]
    return Page(items[:limit], more=page.more or len(items) > limit)


def trades(uid: str, market: str | None, cursor: int | None, limit: int, ids: Sequence[int] | None) -> Page[Trade]:
    """A person's trades on either side, newest first: with id < `cursor`, or exactly those of `ids` that are his."""
    if ids is None:
        return trade_rows.of_user(uid, market, cursor, limit)
    found = trade_rows.get(settings.exchange().markets, ids)
    return Page([trade for trade in found if uid in {trade.taker_uid, trade.maker_uid}], more=False)


def _check(index: int, request: OrderRequest) -> tuple[Market, int, int] | Refused:
    """The market, price and amount (1e-8) of a request; why it cannot be placed; or raise for one that is no order at all."""
    market = settings.exchange().market(request.market)
    if market is None:
        _units(request.price, 8, f"orders[{index}].price")
        _units(request.amount, 8, f"orders[{index}].amount")
        return Refused(Reason.NO_SUCH_MARKET, f"orders[{index}].market")
    price = _units(request.price, market.price_decimals, f"orders[{index}].price")
    amount = _units(request.amount, market.amount_decimals, f"orders[{index}].amount")
    if amount <= 0 or amount > UNITS_MAX * SCALE:
        raise Refused(Reason.PARAMETER_INVALID, f"orders[{index}].amount")
    if not 0 < price <= PRICE_MAX:
        return Refused(Reason.PRICE_OUT_OF_RANGE, f"orders[{index}].price")
    if quote_of_fill(price, amount) < market.notional_min:
        return Refused(Reason.BELOW_MINIMUM, f"orders[{index}].amount")
    if hold_of_buy(price, amount) > UNITS_MAX * SCALE:
        # No account can hold that much; saying so here keeps every number of the ledger below 2**63.
        return Refused(Reason.INSUFFICIENT_FUNDS, f"orders[{index}].amount")
    if market.id in _halted():
        return Refused(Reason.MARKET_HALTED, f"orders[{index}].market")
    return market, price, amount


def _units(value: Decimal, decimals: int, parameter: str) -> int:
    try:
        return from_decimal(value, decimals)
    except Imprecise as error:
        raise Refused(Reason.PARAMETER_INVALID, parameter) from error


_halted_seen: tuple[set[str], int] | None = None


def _halted() -> set[str]:
    """The halted markets, as read in the last seconds. Only a courtesy: a matcher knows for sure, and refuses by itself."""
    global _halted_seen  # noqa: PLW0603 - what a container remembers
    now = clock.monotonic_ms()
    if _halted_seen is None or now - _halted_seen[1] > HALTED_FRESH_MS:
        _halted_seen = heads.halted(settings.exchange().markets), now
    return _halted_seen[0]


def forget() -> None:
    """Make this container cold again."""
    global _halted_seen  # noqa: PLW0603 - what a container remembers
    _halted_seen = None


def _draft(uid: str, request: OrderRequest, found: tuple[Market, int, int], ids: OrderIds) -> Order:
    """The order of a request that `_check` found to be possible, with an id of its own."""
    market, price, amount = found
    now = clock.now_ms()
    return Order(
        id=ids.next(now),
        uid=uid,
        market=market.id,
        side=request.side,
        price=price,
        amount=amount,
        created=now,
        maker_fee=market.maker_fee if request.fee is None else request.fee,
        taker_fee=market.taker_fee if request.fee is None else request.fee,
        tif=request.tif,
        post_only=request.post_only,
        client_order_id=request.client_order_id,
    )


def _of_first(
    uid: str, name: str, index: int, results: Sequence[int | Refused], first_of: Mapping[str, int]
) -> int | Refused:
    """The result of a request under client order id `name`: that of the order placed first under it, now or earlier."""
    own, first = results[index], first_of.get(name)
    if first is not None:
        return results[first]
    standing = placements.find(uid, name, clock.now_ms())  # cannot be placed now, but perhaps it was before
    return standing if standing is not None and _find(uid, [standing]) else own


def _claim(uid: str, drafts: Mapping[int, Order]) -> dict[int, int | Refused]:
    """Claim the client order ids of `drafts`; give back index → first order id for those that are repeats.

    A draft whose claim was left by a request that died takes that claim's order id on, so that it can be placed once
    at most. While another request with the same client order id may still be at work, it is refused (TOO_OFTEN).
    """
    repeats: dict[int, int | Refused] = {}
    for index, order in drafts.items():
        name = order.client_order_id
        if name is None:
            continue
        standing, at = placements.claim(uid, name, order.id, order.created)
        if standing == order.id:
            continue
        if _find(uid, [standing]):
            repeats[index] = standing
        elif order.created >= at + REQUEST_LIFE_MS and placements.take_over(uid, name, standing, at, order.created):
            order.id = standing
        else:
            repeats[index] = Refused(Reason.TOO_OFTEN, f"orders[{index}].client_order_id")
    return repeats


def _reserve(uid: str, drafts: Mapping[int, Order]) -> tuple[list[Order], dict[int, Refused]]:
    """Reserve all of `drafts` in one write, or else those that fit, in order; and why the others were refused."""
    fitting, reasons = dict(drafts), dict.fromkeys(drafts, Reason.TOO_OFTEN)
    for _ in range(RESERVE_TRIES_MAX):
        if not fitting:
            break
        try:
            accounts.reserve(uid, list(fitting.values()), _needs(fitting.values()), clock.now_ms())
            break
        except accounts.Short as short:
            fitting, reasons = _that_fit(short.account, drafts)
        except accounts.Blocked:
            reasons, fitting = dict.fromkeys(drafts, Reason.ACCOUNT_UNUSABLE), {}
            break
    else:  # others were faster each time: what would fit now is not known
        reasons, fitting = reasons | dict.fromkeys(fitting, Reason.TOO_OFTEN), {}
    refusals = {}
    for index, order in drafts.items():
        if index not in fitting:
            refusals[index] = Refused(reasons[index], f"orders[{index}].amount")
            if order.client_order_id is not None:
                placements.release(uid, order.client_order_id, order.id)
    return list(fitting.values()), refusals


def _needs(placed: Iterable[Order]) -> dict[str, int]:
    """asset → what the orders together hold."""
    needs: dict[str, int] = {}
    for order in placed:
        asset = held_asset(settings.exchange().markets[order.market], order.side)
        needs[asset] = needs.get(asset, 0) + order.hold
    return needs


def _that_fit(account: Account | None, drafts: Mapping[int, Order]) -> tuple[dict[int, Order], dict[int, Reason]]:
    """The orders that the account can still afford, taken in order, and why it cannot take the others."""
    room = accounts.INTENTS_MAX - len(account.intents) if account is not None else 0
    left = dict(account.available) if account is not None else {}
    fitting: dict[int, Order] = {}
    reasons: dict[int, Reason] = {}
    for index, order in drafts.items():
        ((asset, need),) = _needs([order]).items()
        if left.get(asset, 0) < need:
            reasons[index] = Reason.INSUFFICIENT_FUNDS
        elif len(fitting) == room:
            reasons[index] = Reason.TOO_MANY_OPEN_ORDERS
        else:
            left[asset] -= need
            fitting[index] = order
    return fitting, reasons


def _send(accepted: Sequence[Order]) -> None:
    """Send orders to their markets. They are reserved already: a lost message delays them, and the sweeper sends it again."""
    by_market: dict[str, list[Order]] = {}
    for order in accepted:
        by_market.setdefault(order.market, []).append(order)
    if not by_market:
        return
    try:
        aws.in_parallel(lambda market: commands.send_orders(market, by_market[market]), by_market)
    except Exception as error:  # noqa: BLE001 - whatever it was, the sweeper makes up for it
        telemetry.alarm("OrdersNotSent", error, orders=len(accepted))


def _find(uid: str, order_ids: Sequence[int]) -> dict[int, OrderView]:
    """A person's orders by id, whether their market has journalled them or not yet."""
    if not order_ids:
        return {}
    account = accounts.get(uid)
    waiting = account.intents if account else {}
    found = {order_id: _waiting(waiting[order_id]) for order_id in order_ids if order_id in waiting}
    return found | order_rows.get(uid, order_ids)


def _waiting(order: Order) -> OrderView:
    """An order that its market has not journalled yet."""
    return OrderView(order, None, order.created)


def _is_open(view: OrderView) -> bool:
    return view.status in {Status.OPEN, Status.PARTIAL}


def _outcomes(uid: str, order_ids: Sequence[int]) -> tuple[set[int], set[int]]:
    """Wait until each order has ended: which were cancelled, which were filled."""
    cancelled: set[int] = set()
    filled: set[int] = set()
    deadline = clock.monotonic_ms() + OUTCOME_WAIT_MS
    open_ids = list(order_ids)
    while open_ids:
        for order_id, view in order_rows.get(uid, open_ids).items():
            if view.status is Status.CANCELLED:
                cancelled.add(order_id)
            elif view.status is Status.FILLED:
                filled.add(order_id)
        open_ids = [order_id for order_id in open_ids if order_id not in cancelled and order_id not in filled]
        if not open_ids or clock.monotonic_ms() >= deadline:
            break
        clock.sleep_ms(OUTCOME_POLL_MS)
    return cancelled, filled
