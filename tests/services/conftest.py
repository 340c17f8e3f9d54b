"""What tests of the services may ask for besides AWS itself."""

from dataclasses import replace

import pytest

from chalicelib import clock, settings
from chalicelib.services import market_data, trading
from chalicelib.services.matching import batch
from chalicelib.stores import accounts
from chalicelib.stores.leases import Lease

SMALL = ("BTC-CNY", "GOOC-CNY", "LTC-BTC")


@pytest.fixture
def small(cloud, monkeypatch):
    """An exchange of three markets: the other eleven would only be asked, thousands of times, whether they are empty."""
    whole = settings.exchange()
    few = replace(whole, markets={market: whole.markets[market] for market in SMALL})
    monkeypatch.setattr(settings, "exchange", lambda: few)
    monkeypatch.setattr(accounts, "WAITING_SHARDS", 1)
    monkeypatch.setattr(market_data, "FRESH_MS", 0)
    monkeypatch.setattr(batch, "FAILED_TRIES_MAX", 1)
    monkeypatch.setattr(trading, "OUTCOME_WAIT_MS", 0)


class Watch:
    """A clock that tests wind: every look at it is a millisecond later than the one before."""

    def __init__(self, now=1_800_000_000_000):
        self.now = now

    def __call__(self):
        self.now += 1
        return self.now

    def wind(self, ms):
        self.now += ms


@pytest.fixture
def watch(monkeypatch):
    """All of our code reads this clock; the lease on order ids starts with it."""
    found = Watch()
    monkeypatch.setattr(clock, "now_ms", found)
    monkeypatch.setattr(trading, "LEASE", Lease())
    return found
