"""How fast the book is: `python bench/matching.py [--n N] [--seed S]` prints one JSON line.

The same operations go through the book, the reference engine of `bench.workload` and the whole of `core.matching`.
Prepared beforehand, outside of the timing: each engine's own form of the operations (the reference's tuples; orders and
commands for ours) and its empty book. Inside: every operation, and keeping every trade. The engines take turns, three
rounds, without garbage collection; the best round of each counts. What they traded and what rests at the end
must be what the workload says, or the run fails.
"""

import argparse
import gc
import json
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a file as well as with -m

from bench.workload import Reference, generate
from chalicelib.core.book import Book
from chalicelib.core.matching import MarketState, Rules, apply
from chalicelib.core.orders import Cancel, Command, Order, OrderFilled, Place, Side

ROUNDS = 3
#: A tick of the workload is 0.01 quote, its unit of amount 0.01 base: a fill is never worth less than 1e-8 quote.
TICK = LOT = 1_000_000
FIRST_ID = 10**15
SIDES = (Side.BUY, Side.SELL)
OWNER = "0000000001"

Trade = tuple[int, int, int, int]  # taker id, maker id, price, amount
Resting = tuple[int, int, int, int]  # side, price, id, amount
Outcome = tuple[float, list[Trade], list[Resting]]  # seconds, trades, the book at the end
Ops = Sequence[tuple[int, int, int, int, int]]  # op, id, side, price, amount


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200_000, help="operations")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    print(json.dumps(measure(options.n, options.seed)))


def measure(n: int, seed: int) -> dict[str, Any]:
    """Run the engines in turn over one workload and compare what they did with it."""
    workload = generate(n=n, seed=seed, scale=TICK)
    ops = [(op, FIRST_ID + number, side, price, qty * LOT) for op, number, side, price, qty in workload["ops"]]
    trades = [(FIRST_ID + t, FIRST_ID + m, price, qty * LOT) for t, m, price, qty in workload["trades"]]
    book = [(side, price, FIRST_ID + number, qty * LOT) for side, price, number, qty in workload["book"]]
    engines: dict[str, Callable[[Ops], Outcome]] = {"book": run_book, "reference": run_reference, "match": run_matching}
    best = dict.fromkeys(engines, float("inf"))
    for _ in range(ROUNDS):
        for name, run in engines.items():
            seconds, traded, resting = run(ops)
            if traded != trades:
                raise SystemExit(f"{name}: its trades are not those of the workload")
            if resting != book:
                raise SystemExit(f"{name}: its book is not that of the workload")
            best[name] = min(best[name], seconds)
    return {
        "ops_per_s": round(n / best["book"]),
        "reference_ops_per_s": round(n / best["reference"]),
        "matching_ops_per_s": round(n / best["match"]),
        "trades": len(trades),
        "traded_amount": sum(amount for *_, amount in trades) // LOT,
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def run_reference(ops: Ops) -> Outcome:
    """The engine that the workload was made with."""
    engine = Reference()
    new, cancel = engine.new, engine.cancel
    started = _start()
    for op, number, side, price, amount in ops:
        if op:
            cancel(number)
        else:
            new(number, side, price, amount)
    seconds = _stop(started)
    return seconds, engine.trades, engine.book()


def run_book(ops: Ops) -> Outcome:
    """The pure book: take, let the rest rest, cancel."""
    book = Book()
    trades: list[Trade] = []
    prepared = [(op, number, None if op else _order(number, side, price, qty)) for op, number, side, price, qty in ops]
    take, place, cancel, append = book.take, book.place, book.cancel, trades.append
    started = _start()
    for _, number, order in prepared:
        if order is None:
            cancel(number)
        else:
            for maker, amount in take(order.side, order.price, order.amount):
                append((number, maker.id, maker.price, amount))
                order.filled += amount
            if order.filled < order.amount:
                place(order)
    seconds = _stop(started)
    return seconds, trades, _resting(book)


def run_matching(ops: Ops) -> Outcome:
    """The whole of `core.matching`, rules and events included."""
    state, rules = MarketState(), Rules(self_trade_allowed=True)
    commands: list[Command] = [
        Cancel(number, OWNER) if op else Place(_order(number, side, price, qty)) for op, number, side, price, qty in ops
    ]
    started = _start()
    happened = [apply(state, command, 0, rules) for command in commands]
    seconds = _stop(started)
    trades = [
        (event.taker_id, event.maker_id, event.price, event.amount)
        for events in happened
        for event in events
        if isinstance(event, OrderFilled)
    ]
    return seconds, trades, _resting(state.book)


def _order(number: int, side: int, price: int, amount: int) -> Order:
    return Order(number, OWNER, "BTC-CNY", SIDES[side], price, amount, created=0, maker_fee=0, taker_fee=0)


def _resting(book: Book) -> list[Resting]:
    return [(SIDES.index(order.side), order.price, order.id, order.remaining) for order in book.orders()]


def _start() -> float:
    gc.collect()
    gc.disable()
    return perf_counter()


def _stop(started: float) -> float:
    seconds = perf_counter() - started
    gc.enable()
    return seconds


if __name__ == "__main__":
    main()
