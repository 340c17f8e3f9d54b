"""What reading market data costs: `python -m bench.market_data` prints one JSON line per GET and length of history.

Every AWS call passes a hook on botocore: calls are counted, and the DynamoDB read units that they consume by AWS's rules.
Once for a history of a day, once for a hundred times as many trades over as much more time; warm readers, and cold ones
where a bound holds for them too. moto plays AWS.

Reached for: ticker, tickers and depth ≤ 1 call, kline ≤ 3, and not more after a hundred times the history.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a file as well as with -m
os.environ.update(  # before settings are read
    AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_DEFAULT_REGION="us-east-1", STAGE="bench"
)

from botocore.client import BaseClient

from chalicelib import clock, settings, telemetry
from chalicelib.core.candles import Tail
from chalicelib.core.orders import Entry, Order, OrderFilled, OrderPlaced, Side
from chalicelib.services import klines, market_data
from chalicelib.stores import heads, journal
from tests.cloud import deployment, empty

MARKET = "BTC-CNY"
MARKETS = tuple(settings.exchange().markets)
MINUTE = 60_000
DAY = 1440 * MINUTE
BEGIN = 1_800_000_000_000
TRADES = 30
TIMES = 100

#: What is asked for → the most calls.
ASKED = {
    "ticker": (lambda: market_data.tickers([MARKET]), 1),
    "tickers": (lambda: market_data.tickers(MARKETS), 1),
    "depth": (lambda: market_data.depth(MARKET, 100), 1),
    "kline 5m": (lambda: market_data.kline(MARKET, "5m", None, None), 3),
    "kline 1m, 1000 rows": (lambda: market_data.kline(MARKET, "1m", 0, None), 3),
    "kline 1d, 1000 rows": (lambda: market_data.kline(MARKET, "1d", 0, None), 3),
}


def main():
    """Measure after a short and after a long history; fail if something is too dear or has grown."""
    telemetry._emit = lambda *_: None  # metrics are log lines, and stdout is for the figures  # noqa: SLF001
    missed, before = [], {}
    for times in (1, TIMES):
        with deployment():
            empty()
            now = [BEGIN]
            clock.now_ms = lambda: now[0]  # noqa: B023 - called within the round
            write_history(now, TRADES * times)
            for name, (ask, most) in ASKED.items():
                for reader in ("warm", "cold"):
                    if reader == "cold" and not name.startswith("kline"):
                        continue
                    market_data.FRESH_MS = 0
                    market_data.forget()
                    if reader == "warm":
                        ask()
                    calls, units = measure(ask)
                    print(
                        json.dumps(
                            {
                                "get": name,
                                "reader": reader,
                                "trades": TRADES * times,
                                "calls": calls,
                                "read_units": units,
                            }
                        )
                    )
                    if len(calls) > most:
                        missed.append(f"{name}, {reader}: {len(calls)} calls > {most}")
                    if times > 1 and any(
                        new > old for new, old in zip((len(calls), units), before[name, reader], strict=True)
                    ):
                        missed.append(f"{name}, {reader}: grew from {before[name, reader]} to {(len(calls), units)}")
                    before[name, reader] = len(calls), units
    if missed:
        sys.exit("too dear: " + "; ".join(missed))


def write_history(now, trades):
    """Trades an hour apart, as matchers, checkpoints and writers of candles leave them behind."""
    tail = Tail()
    for number in range(1, trades + 1):
        now[0] += 60 * MINUTE
        order = Order(number, "1", MARKET, Side.BUY, 10**8 + number, 10**8, now[0], 0, 0)
        maker = Order(10**6 + number, "2", MARKET, Side.SELL, 10**8 + number, 10**8, now[0], 0, 0)
        fill = OrderFilled(
            number, order.id, "1", Side.BUY, maker.id, "2", order.price, 10**8, 1, 0, 0,
            order.price, 10**8, 10**8, 10**8, 10**8,
        )  # fmt: skip
        entry = Entry(MARKET, number, now[0], (OrderPlaced(maker), OrderPlaced(order), fill))
        journal.append(entry)
        tail.apply(entry)
        if number % 1000 == 0 or number == trades:
            heads.note_tail(MARKET, tail)
            klines.run([MARKET])
    view = market_data.MarketView()
    for entry in journal.since(MARKET, 0):
        if entry.seq < trades:
            view.apply(entry)
    market_data.archive.put("view", MARKET, view.seq, view.to_plain())
    heads.note_checkpoint(MARKET, view.seq)


def measure(work):
    """The calls that `work` makes, and DynamoDB's read units."""
    call, calls, units = BaseClient._make_api_call, [], []  # noqa: SLF001

    def hooked(client, operation, kwargs):
        answer = call(client, operation, kwargs)
        calls.append(operation)
        units.append(_units(operation, kwargs, answer))
        return answer

    BaseClient._make_api_call = hooked  # noqa: SLF001
    try:
        work()
    finally:
        BaseClient._make_api_call = call  # noqa: SLF001
    return calls, sum(units)


def _units(operation, kwargs, answer):
    """Read units by AWS's rule: 4 KB each, half of one if eventually consistent. Every item here is smaller."""
    if operation == "BatchGetItem":
        return sum(len(request["Keys"]) for request in kwargs["RequestItems"].values())
    if operation == "GetItem":
        return 1
    if operation == "Query":
        size = sum(len(json.dumps(item, default=str)) for item in answer["Items"])
        return max(1, -(-size // 4096)) * (1 if kwargs.get("ConsistentRead") else 0.5)
    return 0


if __name__ == "__main__":
    main()
