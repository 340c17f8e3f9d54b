"""The resting orders of one market, in price-time priority. No rules live here: those are `core.matching`'s.

Each side keeps a heap of its prices beside a mapping from price to level, a level being the orders of one price in
order of arrival. The best price is the top of the heap; placing and cancelling cost O(log levels) at most, whatever the
number of orders. A level that empties away from the top stays, empty, until it surfaces or until empty levels are
the majority of the heap, when one sweep, paid for by as many cancels, removes them all.

Levels are `OrderedDict`s, because finding the front of a plain dict steps over every entry deleted before it.
"""

from collections import OrderedDict
from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from chalicelib.core.orders import Order, Side

Level = OrderedDict[int, Order]

#: Sweeping fewer empty levels than this is not worth the walk.
EMPTY_LEVELS_MIN = 32

_BUY = Side.BUY  # a member of an enum is a slow thing to look up on every order


class _Half:
    """One side of the book. A level's key sorts best first: the price of a sell, the negated price of a buy."""

    __slots__ = ("empty", "heap", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.heap: list[int] = []  # the key of each level once; on top a level that is not empty
        self.levels: dict[int, Level] = {}
        self.empty = 0  # levels without orders; none of them on top

    def emptied(self, key: int) -> None:
        """Restore what the fields promise after the last order of a level has left."""
        heap, levels = self.heap, self.levels
        if heap[0] == key:
            del levels[heappop(heap)]
            while heap and not levels[heap[0]]:
                del levels[heappop(heap)]
                self.empty -= 1
            return
        self.empty += 1
        if self.empty > EMPTY_LEVELS_MIN and self.empty * 2 > len(heap):
            self.levels = {key: level for key, level in levels.items() if level}
            heap[:] = self.levels
            heapify(heap)
            self.empty = 0

    def best_first(self) -> Iterator[Level]:
        """The levels that are not empty, best first; k levels cost O(k log k), however many there are."""
        heap, levels = self.heap, self.levels
        if not heap:
            return
        yield levels[heap[0]]
        frontier = sorted((heap[at], at) for at in (1, 2) if at < len(heap))  # a heap: of those next in the heap
        while frontier:
            key, at = heappop(frontier)
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(heap):
                    heappush(frontier, (heap[child], child))
            if level := levels[key]:
                yield level


class Book:
    """The resting orders of one market. It owns the `Order` objects placed in it and counts their `filled` up."""

    __slots__ = ("_asks", "_bids", "_orders")

    def __init__(self) -> None:
        self._bids = _Half(-1)
        self._asks = _Half(1)
        self._orders: dict[int, Order] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def get(self, order_id: int) -> Order | None:
        """The resting order of this id, if it rests here."""
        return self._orders.get(order_id)

    def best(self, side: Side) -> int | None:
        """The best price on `side`: the highest of the buys, the lowest of the sells. O(1)."""
        half = self._bids if side is _BUY else self._asks
        return half.heap[0] * half.sign if half.heap else None

    def place(self, order: Order) -> None:
        """Let `order` rest behind all others of its price. Whether it crosses is the caller's business.

        Raises `ValueError` when its id already rests here, or nothing of it remains.
        """
        orders, order_id = self._orders, order.id
        if order_id in orders or order.filled >= order.amount:
            raise ValueError(order)
        if order.side is _BUY:
            half, key = self._bids, -order.price
        else:
            half, key = self._asks, order.price
        level = half.levels.get(key)
        if level is None:
            level = half.levels[key] = OrderedDict()
            heappush(half.heap, key)
        elif not level:
            half.empty -= 1
        level[order_id] = orders[order_id] = order

    def cancel(self, order_id: int) -> Order | None:
        """Remove the order of this id and return it, or None when it does not rest here."""
        order = self._orders.pop(order_id, None)
        if order is None:
            return None
        if order.side is _BUY:
            half, key = self._bids, -order.price
        else:
            half, key = self._asks, order.price
        level = half.levels[key]
        del level[order_id]
        if not level:
            half.emptied(key)
        return order

    def take(self, side: Side, price: int, amount: int) -> list[tuple[Order, int]]:
        """Fill a taker of `side` against the other side at `price` or better, up to `amount` (1e-8 base).

        Each maker that gave something, in priority order, with what it gave; its `filled` is already counted up, and it
        has left the book if nothing of it remains.
        """
        if side is _BUY:
            half, limit = self._asks, price
        else:
            half, limit = self._bids, -price
        heap = half.heap
        fills: list[tuple[Order, int]] = []
        if not heap or heap[0] > limit:
            return fills  # most orders come to rest
        orders = self._orders
        while amount and heap and heap[0] <= limit:
            key = heap[0]
            level = half.levels[key]
            gone = []
            for order_id, maker in level.items():
                left = maker.amount - maker.filled
                if left > amount:
                    maker.filled += amount
                    fills.append((maker, amount))
                    amount = 0
                    break
                maker.filled = maker.amount
                fills.append((maker, left))
                gone.append(order_id)
                amount -= left
                if not amount:
                    break
            for order_id in gone:
                del level[order_id], orders[order_id]
            if not level:
                half.emptied(key)
        return fills

    def makers(self, side: Side) -> Iterator[Order]:
        """The orders of `side`, best price first, then first come. The book must not change meanwhile."""
        for level in (self._bids if side is _BUY else self._asks).best_first():
            yield from level.values()

    def orders(self) -> Iterator[Order]:
        """All orders, buys then sells, each side in priority order. Placing them in this order rebuilds the book."""
        yield from self.makers(Side.BUY)
        yield from self.makers(Side.SELL)

    def levels(self, side: Side) -> Iterator[tuple[int, int]]:
        """Price and total remaining (1e-8 base) of each level of `side`, best first; take as many as you need."""
        half = self._bids if side is _BUY else self._asks
        for level in half.best_first():
            total = price = 0
            for order in level.values():
                total += order.amount - order.filled
                price = order.price
            yield price, total
