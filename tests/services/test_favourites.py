"""Favourites over moto: idempotent both ways, the newest first."""

import pytest

from chalicelib.core.favourites import FAVOURITES_MAX, Favourite
from chalicelib.core.reasons import Reason
from chalicelib.services import favourites
from chalicelib.stores import favourites as store
from tests.faults.injection import FAULTS
from tests.faults.test_identity_calls import each_call
from tests.services.test_identity import at_once, refusal

ANN, BOB = "1000000001", "1000000002"

pytestmark = pytest.mark.usefixtures("cloud")


def names(uid=ANN):
    return [(one.exchange, one.symbol) for one in favourites.newest(uid)]


def test_the_newest_comes_first(watch):
    for symbol in ("BTCUSDT", "ethusdt", "LTC/BTC"):
        favourites.create(ANN, "301", symbol)
    assert names() == [("301", "LTC/BTC"), ("301", "ETHUSDT"), ("301", "BTCUSDT")]
    assert names(BOB) == []


def test_one_that_is_there_stays_where_it_is(watch):
    favourites.create(ANN, "301", "BTCUSDT")
    favourites.create(ANN, "301", "LTCBTC")
    at_once(*[lambda: favourites.create(ANN, "301", "btcusdt")] * 3)
    store.add(ANN, Favourite("301", "BTCUSDT", 2**50))
    assert names() == [("301", "LTCBTC"), ("301", "BTCUSDT")]


def test_cancelling_what_is_none_does_nothing(watch):
    favourites.create(ANN, "301", "BTCUSDT")
    for _ in range(2):
        favourites.cancel(ANN, "301", "LTCBTC")
        favourites.cancel(ANN, "302", "BTCUSDT")
    assert names() == [("301", "BTCUSDT")]
    for _ in range(2):
        favourites.cancel(ANN, "301", "btcusdt")
        assert names() == []


@pytest.mark.parametrize(
    ("exchange", "symbol", "parameter"),
    [
        ("", "BTCUSDT", "exchange_id"),
        ("-1", "BTCUSDT", "exchange_id"),
        ("３０１", "BTCUSDT", "exchange_id"),
        ("301", "", "symbol_id"),
        ("301", "BTC USDT", "symbol_id"),
        ("301", "比特币", "symbol_id"),
        ("301", "B" * 33, "symbol_id"),
    ],
)
def test_what_names_no_pair_is_told(exchange, symbol, parameter):
    for call in (favourites.create, favourites.cancel):
        refused = refusal(call, ANN, exchange, symbol)
        assert (refused.reason, refused.parameter) == (Reason.PARAMETER_INVALID, parameter)


def test_two_hundred_are_enough():
    for number in range(FAVOURITES_MAX):
        store.add(ANN, Favourite("301", f"A{number}", number))
    assert refusal(favourites.create, ANN, "301", "B").reason is Reason.PARAMETER_INVALID
    favourites.create(ANN, "301", "A1")
    assert len(names()) == FAVOURITES_MAX


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_every_call_fails_once(monkeypatch, fault):
    def step(uid):
        favourites.create(uid, "301", "BTCUSDT")
        favourites.create(uid, "301", "LTCBTC")
        favourites.cancel(uid, "301", "BTCUSDT")

    for uid, outcome in each_call(monkeypatch, fault, lambda number: str(1000000001 + number), step):
        if outcome is None:
            assert names(uid) == [("301", "LTCBTC")]
        step(uid)
        assert names(uid) == [("301", "LTCBTC")]
