"""Trades: key (market, trade id); a person's own come from one index for each side. Rows never change."""

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib import settings
from chalicelib.core.orders import Page, Side, Trade
from chalicelib.stores import aws
from chalicelib.stores.table import Integer, Table

#: Rows that one call looks at for a filtered list: about the megabyte that a call reads at most.
FILTERED_PAGE = 3_000


class ByTaker(GlobalSecondaryIndex["TradeRow"]):
    """A person's trades as taker."""

    class Meta:
        """Name and shape of the index."""

        index_name = "taker"
        projection = AllProjection()

    taker_uid = UnicodeAttribute(hash_key=True)
    id = Integer(range_key=True)


class ByMaker(GlobalSecondaryIndex["TradeRow"]):
    """A person's trades as maker."""

    class Meta:
        """Name and shape of the index."""

        index_name = "maker"
        projection = AllProjection()

    maker_uid = UnicodeAttribute(hash_key=True)
    id = Integer(range_key=True)


class TradeRow(Table):
    """One trade."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("trades")

    market = UnicodeAttribute(hash_key=True)
    id = Integer(range_key=True)
    at = Integer()
    price = Integer()
    amount = Integer()
    quote = Integer()
    taker_side = UnicodeAttribute()
    taker_id = Integer()
    taker_uid = UnicodeAttribute()
    maker_id = Integer()
    maker_uid = UnicodeAttribute()
    by_taker = ByTaker()
    by_maker = ByMaker()


def row(trade: Trade) -> TradeRow:
    """The row of a trade."""
    return TradeRow(
        trade.market,
        trade.id,
        at=trade.at,
        price=trade.price,
        amount=trade.amount,
        quote=trade.quote,
        taker_side=trade.taker_side,
        taker_id=trade.taker_id,
        taker_uid=trade.taker_uid,
        maker_id=trade.maker_id,
        maker_uid=trade.maker_uid,
    )


def of_market(market: str, before: int | None, limit: int) -> Page[Trade]:
    """A market's trades with id < `before` (None: from the newest), newest first."""
    found = TradeRow.query(
        market, None if before is None else TradeRow.id < before, scan_index_forward=False, limit=limit + 1
    )
    return _page(found, limit)


def of_user(uid: str, market: str | None, before: int | None, limit: int) -> Page[Trade]:
    """A person's trades on either side with id < `before`, newest first, optionally of one market."""
    condition = None if market is None else TradeRow.market == market

    def side(index: GlobalSecondaryIndex[TradeRow]) -> list[TradeRow]:
        key = None if before is None else TradeRow.id < before
        found = index.query(
            uid,
            key,
            filter_condition=condition,
            scan_index_forward=False,
            limit=limit + 1,
            page_size=None if condition is None else FILTERED_PAGE,
        )
        return list(found)

    taken, made = aws.in_parallel(side, [TradeRow.by_taker, TradeRow.by_maker])
    rows = {one.id: one for one in (*taken, *made)}  # a trade with oneself stands in both
    return _page((rows[trade_id] for trade_id in sorted(rows, reverse=True)), limit)


def get(market_of: Iterable[str], trade_ids: Iterable[int], *, consistent: bool = False) -> list[Trade]:
    """The trades among `trade_ids`, newest first; their market is not part of the id, so each of `market_of` is asked."""
    keys = [(market, trade_id) for market in market_of for trade_id in dict.fromkeys(trade_ids)]
    found = TradeRow.batch_get(keys, consistent_read=consistent) if keys else ()
    return sorted((_trade(one) for one in found), key=lambda trade: -trade.id)


def count(market: str) -> int:
    """How many trades of a market have a row. Consistent."""
    return TradeRow.count(market, consistent_read=True)


def _page(rows: Iterable[TradeRow], limit: int) -> Page[Trade]:
    trades = [_trade(one) for one in rows]
    return Page(trades[:limit], more=len(trades) > limit)


def _trade(one: TradeRow) -> Trade:
    return Trade(
        id=one.id,
        market=one.market,
        at=one.at,
        price=one.price,
        amount=one.amount,
        quote=one.quote,
        taker_side=Side(one.taker_side),
        taker_id=one.taker_id,
        taker_uid=one.taker_uid,
        maker_id=one.maker_id,
        maker_uid=one.maker_uid,
    )
