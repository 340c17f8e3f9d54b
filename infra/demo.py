"""Demo traders: a market maker around a random walk and a few takers on each of two markets, so that prices move.

    python -m infra.demo

They register, activate and trade over HTTP like anybody else; what only the house can do for them (reading their mail
on the emulator, crediting funds) goes through `infra.ops`. Their credentials are kept in `.local/demo.json`, so that
they come back as the same people. `make run` starts them unless DEMO=0.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra import local
from infra.ops import Failed, Operator

#: The makers renew their quotes this often; takers come at random, on average every …
MAKER_PAUSE_S = 3.0
TAKER_PAUSE_S = 3.0
#: After an error a trader waits, longer each time.
PATIENCE_S, PATIENCE_S_MAX = 2.0, 60.0
LEVELS = 5
TAKERS = 2
REQUEST_TIMEOUT_S = 20
STALE_ORDERS_MAX = 100
FUNDS_BELOW = Decimal("0.2")  # of what they began with: then the house tops them up
LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Setting:
    """How a market is played: where its price begins, how it moves, in which steps, how much is traded."""

    market: str
    price: Decimal
    tick: Decimal
    lot: Decimal
    amount: Decimal
    wobble: float

    @property
    def funds(self) -> dict[str, Decimal]:
        """What a trader is given."""
        base, quote = self.market.split("-")
        return {base: self.amount * 2000, quote: self.amount * 2000 * self.price}


SETTINGS = (
    Setting("BTC-CNY", Decimal("1427.26"), Decimal("0.01"), Decimal("0.0001"), Decimal("0.05"), wobble=0.0015),
    Setting("LTC-CNY", Decimal("11.91"), Decimal("0.01"), Decimal("0.001"), Decimal(2), wobble=0.0025),
)


class Refused(Exception):  # noqa: N818 - says what is the case
    """The exchange answered with a code; or not at all."""


class NotLetIn(Refused):
    """The exchange does not know us."""


#: No such user, unusable account, wrong signature, no authentication.
NOT_LET_IN = {"1004", "1005", "1006", "1014"}


class Trader:
    """One person with an API token, and a connection that is kept."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.uid = ""
        self._token = self._secret = ""
        self._target = urlsplit(url)
        self._connection: http.client.HTTPConnection | None = None

    def enter(self, operator: Operator, known: "Known") -> None:
        """Come in as who is `known` under this name, or register; each step is remembered."""
        mine = known.get(self.name)
        if "secret" in mine:
            self.uid, self._token, self._secret = mine["uid"], mine["token"], mine["secret"]
            with contextlib.suppress(NotLetIn):
                self.call("GET", "/api/v2/user/balance")
                return
            mine = {}
        if not mine:
            # An address that nobody has: what is left of an earlier life under this name cannot be entered any more.
            address = f"{self.name}-{time.time_ns() // 1_000_000:x}@example.com"
            password = base64.b64encode(hashlib.sha256(os.urandom(16)).digest()).decode()
            answer = self.call("POST", "/api/v2/register", {"email": address, "pwdhash": password}, signed=False)
            mine = {"uid": str(answer["uid"]), "address": address, "password": password}
            known.keep(self.name, mine)
        self.uid = mine["uid"]
        if "active" not in mine:
            self._activate(operator, mine["address"])
            mine = {**mine, "active": True}
            known.keep(self.name, mine)
        basic = "Basic " + base64.b64encode(f"{mine['address']}:{mine['password']}".encode()).decode()
        pair = self.call("POST", "/api/v2/user/add_api_token", {}, authorization=basic)
        self._token, self._secret = pair["token"], pair["secret"]
        known.keep(self.name, {**mine, "token": self._token, "secret": self._secret})

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        signed: bool = True,
        authorization: str = "",
    ) -> Any:  # noqa: ANN401 - JSON
        """One request; the answer's data. Raises `Refused`."""
        text = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if text else {}
        if authorization:
            headers["Authorization"] = authorization
        elif signed:
            part = urlsplit(path).query.encode() if method == "GET" else text
            signature = hashlib.md5(part + b"&secret=" + self._secret.encode(), usedforsecurity=False).hexdigest()
            headers["Authorization"] = "Token " + base64.b64encode(f"{self._token}:{signature}".encode()).decode()
        try:
            if self._connection is None:
                host, port = str(self._target.hostname), self._target.port
                self._connection = http.client.HTTPConnection(host, port, timeout=REQUEST_TIMEOUT_S)
            self._connection.request(method, path, text or None, headers)
            answer = json.loads(self._connection.getresponse().read(), parse_float=Decimal)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Refused(f"{method} {path}: {error!r}") from error
        if str(answer["code"]) in NOT_LET_IN:
            raise NotLetIn(f"{method} {path}: {answer}")
        if str(answer["code"]) != "0":
            raise Refused(f"{method} {path}: {answer}")
        return answer["data"]

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def submit(self, setting: Setting, orders: list[tuple[str, Decimal, Decimal]], **more: str) -> list[int]:
        """Place orders (side, price, amount); the ids of those that were accepted."""
        rows = [
            {
                "market": setting.market,
                "operation": side,
                "price": float(_step(price, setting.tick)),
                "amount": float(_step(amount, setting.lot)),
                **more,
            }
            for side, price, amount in orders
        ]
        results = self.call("POST", "/api/v2/user/submit_orders", {"orders": rows})["results"]
        return [int(result["order_id"]) for result in results if result["order_id"] != "0"]

    def cancel(self, order_ids: list[int]) -> None:
        """Cancel orders; some may be gone."""
        if order_ids:
            self.call("POST", "/api/v2/user/cancel_orders", {"order_ids": order_ids[:STALE_ORDERS_MAX]})

    def open_orders(self, setting: Setting) -> list[int]:
        """The ids of one's open orders."""
        found: list[int] = []
        for status in ("0", "1"):
            path = f"/api/v2/user/orders?limit=200&market={setting.market}&order_status={status}"
            found += [int(order["id"]) for order in self.call("GET", path)["orders"]]
        return found

    def fund(self, operator: Operator, setting: Setting) -> None:
        """Have the house top up what has run low."""
        balance = self.call("GET", "/api/v2/user/balance")
        for currency, wanted in setting.funds.items():
            held = sum((Decimal(number) for number in _row(balance, currency)[:2]), Decimal())
            if held < wanted * FUNDS_BELOW:
                operator.run("credit", {"uid": self.uid, "currency": currency, "amount": str(wanted - held)})

    def _activate(self, operator: Operator, address: str) -> None:
        deadline = time.monotonic() + REQUEST_TIMEOUT_S
        while time.monotonic() < deadline:
            for message in reversed(operator.messages(address)):
                link = LINK.search(message["text"])
                if link:
                    parts = urlsplit(link[0])
                    self.call("GET", f"{parts.path}?{parts.query}", signed=False)
                    return
            time.sleep(0.2)
        raise Refused(f"no activation mail for {address}")


class Walk:
    """A price that wanders at random and is drawn back to where it began."""

    def __init__(self, setting: Setting, at: Decimal) -> None:
        self._setting = setting
        self._at = float(at)
        self._lock = threading.Lock()

    def step(self) -> Decimal:
        """The next price."""
        with self._lock:
            home = float(self._setting.price)
            self._at *= 1 + random.gauss(0, self._setting.wobble) + 0.01 * (home - self._at) / home
            return Decimal(repr(self._at))

    @property
    def price(self) -> Decimal:
        """The price now."""
        return Decimal(repr(self._at))


def make(trader: Trader, setting: Setting, walk: Walk) -> Iterator[float]:
    """A market maker: a ladder on both sides of the walk, put anew when the walk has moved on. Yields pauses."""
    stale = trader.open_orders(setting)
    while True:
        middle = walk.step()
        orders = []
        for level in range(1, LEVELS + 1):
            away = Decimal(repr(setting.wobble * level * random.uniform(0.4, 0.9)))  # noqa: S311
            amount = setting.amount * Decimal(repr(random.uniform(0.5, 2)))  # noqa: S311
            orders += [("buy", middle * (1 - away), amount), ("sell", middle * (1 + away), amount)]
        trader.cancel(stale)
        stale = stale[STALE_ORDERS_MAX:] + trader.submit(setting, orders)
        yield MAKER_PAUSE_S


def take(trader: Trader, setting: Setting, walk: Walk) -> Iterator[float]:
    """A taker: now and then an order that crosses the book and does not stay. Yields pauses."""
    trader.cancel(trader.open_orders(setting))
    while True:
        yield random.expovariate(1 / TAKER_PAUSE_S)
        side = random.choice(("buy", "sell"))  # noqa: S311
        far = Decimal(repr(1 + (4 if side == "buy" else -4) * setting.wobble))
        amount = setting.amount * Decimal(repr(random.uniform(0.2, 3)))  # noqa: S311
        trader.submit(setting, [(side, walk.price * far, amount)], time_in_force="IOC")


def live(trader: Trader, setting: Setting, walk: Walk, play: Any, known: "Known") -> None:  # noqa: ANN401 - make or take
    """Come in, be funded, play; and again from the beginning after an error."""
    patience = PATIENCE_S
    while True:
        try:
            operator = Operator("local")
            with known.one_at_a_time:
                trader.enter(operator, known)
                trader.fund(operator, setting)
            for rounds, pause in enumerate(play(trader, setting, walk), 1):
                patience = PATIENCE_S
                time.sleep(pause)
                if rounds % 200 == 0:
                    trader.fund(operator, setting)
        except (Refused, Failed, local.NotRunning) as error:
            print(f"{trader.name}: {error}", flush=True)
        except Exception as error:  # noqa: BLE001 - a demo goes on
            print(f"{trader.name}: {error!r}", flush=True)
        time.sleep(patience)
        patience = min(2 * patience, PATIENCE_S_MAX)


class Known:
    """The traders' credentials, in a file that only we may read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        #: Six newcomers at once would have six containers started for them.
        self.one_at_a_time = threading.Lock()
        self._people: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(OSError, ValueError):
            self._people = json.loads(path.read_text())

    def get(self, name: str) -> dict[str, Any]:
        """What is known of somebody; empty for a stranger."""
        return self._people.get(name, {})

    def keep(self, name: str, credentials: dict[str, Any]) -> None:
        """Remember somebody."""
        if self._people.get(name) != credentials:
            self._people[name] = credentials
            fresh = self._path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(self._people))
            fresh.replace(self._path)


def _step(value: Decimal, step: Decimal) -> Decimal:
    return max(step, (value / step).to_integral_value(ROUND_DOWN) * step)


def _row(balance: dict[str, Any], currency: str) -> list[Any]:
    row: list[Any] = balance.get(currency) or [0, 0, 0, 0]
    return row


def main() -> int:
    """Play until the standard input closes: then whoever started us is gone."""
    found = local.running()
    known = Known(local.folder() / "demo.json")
    for setting in SETTINGS:
        walk = Walk(setting, setting.price)
        players = [("maker", make), *((f"taker{number}", take) for number in range(1, TAKERS + 1))]
        for role, play in players:
            trader = Trader(found["url"], f"demo-{role}-{setting.market.lower()}")
            threading.Thread(target=live, args=(trader, setting, walk, play, known), daemon=True).start()
    while os.read(0, 1024):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
