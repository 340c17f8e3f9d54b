"""The whole app over moto: people with sessions and funds, and matchers that run when a test says so."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from chalicelib import clock, settings
from chalicelib.core import identity as rules
from chalicelib.core.identity import Purpose
from chalicelib.services import identity, market_data, wallet
from chalicelib.stores import codes, users
from tests.contract.client import Client
from tests.services import world


@dataclass
class Person:
    """Somebody with an account, and a client that carries the session."""

    uid: str
    client: Client

    def get(self, url, **headers):
        return self.client.get(url, **headers)

    def post(self, url, body=None, **headers):
        return self.client.post(url, body, **headers)

    def submit(self, *orders):
        """Place orders written ``("btc-cny", "buy", 1400, 0.5)``; their ids, as numbers."""
        keys = ("market", "operation", "price", "amount")
        body = {"orders": [dict(zip(keys, order, strict=True)) for order in orders]}
        return [int(result["order_id"]) for result in self.post("/api/v2/user/submit_orders", body).data["results"]]

    def cancel(self, *order_ids):
        return self.post("/api/v2/user/cancel_orders", {"order_ids": list(order_ids)})


class Exchange:
    """The running exchange, its matchers in the test's hand."""

    def __init__(self, app):
        self.app = app
        self.client = Client(app)
        self._people = 0

    def person(self, **funds):
        """A new person, activated and logged in, with funds: ``BTC="2"``."""
        self._people += 1
        address = rules.email(f"person{self._people}@example.com")
        uid = users.next_uid()
        users.register(uid, address, {}, "zh", clock.now_ms())
        token = rules.mailed_token(clock.token_bytes(rules.TOKEN_BYTES))
        codes.keep(Purpose.ACTIVATION, rules.fingerprint(token), uid, clock.now_ms() + rules.ACTIVATION_MS)
        identity.activate(token)
        for currency, amount in funds.items():
            wallet.credit(uid, currency, Decimal(amount), None)
        cookie = identity.begin_session(users.get(uid), self.client.ip, "tests")
        return Person(uid, Client(self.app, {"Cookie": f"session={cookie}"}))

    def match(self):
        """Let every matcher work off its queue."""
        world.pump(*settings.exchange().markets)
        market_data.forget()  # a view may be half a second old, and so would be what the test sees


@pytest.fixture(scope="session")
def app():
    """The app with every group, as packaging sees it."""
    import app as module

    return module.app


@pytest.fixture
def exchange(cloud, app, monkeypatch):
    """A new exchange. Whoever waits for a matcher lets the matchers run."""
    world.forget()
    running = Exchange(app)
    monkeypatch.setattr(clock, "sleep_ms", lambda _duration: running.match())
    yield running
    assert world.violations() == [], "whatever was asked for, the books balance"


@pytest.fixture
def client(exchange):
    """Somebody whom nobody knows."""
    return exchange.client


@pytest.fixture
def stranger(app):
    """A client where there is no AWS at all: what is refused at once must not need it."""
    return Client(app)
