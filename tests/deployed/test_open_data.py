"""Candles, snapshots, proofs and reserves on the deployed package: schedules and Lambdas in their own roles."""

import json
import urllib.error
import urllib.request
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from chalicelib.core import reserves
from chalicelib.core.addresses import encoded
from tests.deployed.test_trading import eventually, submit

pytestmark = pytest.mark.deployed

#: The key of one of the document's addresses (15WSBo…), as the network of this stage writes it.
HOT = (
    encoded(60, bytes.fromhex("3171971eeb5aff29d1b2d6ce26d6a81fd41f7ab9")),
    "H4FGaDo7P3Hm+HnGMEnb/s8fXEuYJQ2vrlIDqN2H7jlWu2CfmDaC/vSkVtzlvidjgDvDQEeoe3Xovft9pomHpFc=",
)


def test_what_schedules_write_readers_are_shown(exchange, person, ops):
    ann, bob = person("annie", NXT="100"), person("bobby", BTC="2")

    def public(path):
        return ann.call("GET", path, signed=False)

    def volume():
        return sum(row[5] for row in public("/api/v2/nxt-btc/kline?interval=1m")["items"])

    before = volume()  # whatever other tests traded
    submit(ann, "NXT-BTC", "sell", 0.005, 10)
    submit(bob, "NXT-BTC", "buy", 0.005, 10)
    eventually(volume, before + 10)
    assert ops("invoke", "klines")[0] == 0
    assert volume() == before + 10
    assert public("/api/v2/tickers")["NXT-BTC"][0] == Decimal("0.005")
    code, rebuilt = ops("rebuild-klines", "--market", "nxt-btc")
    assert (code, rebuilt["done"]) == (0, True)
    assert volume() == before + 10

    code, added = ops("add-address", "--currency", "BTC", "--address", HOT[0], "--kind", "hot", "--signature", HOT[1])
    assert (code, added["kind"]) == (0, "hot")
    assert ops("set-address-balance", "--currency", "BTC", "--address", HOT[0], "--amount", "7.5")[0] == 0
    assert ops("invoke", "snapshots") == (0, None)

    proof = bob.call("GET", "/api/v2/user/reserve_proof?currency=BTC")
    said = reserves.check(json.loads(json.dumps(proof)))
    assert proof["leaf"]["balance"] == str(int(Decimal("1.95") * 10**8))
    root = public("/api/v2/btc/reserve_root")
    assert root["statement"] == said
    row = public("/api/v2/btc/reserves")
    assert row["stats"][:3] == [Decimal("7.5"), 0, 0]
    assert row["stats"][3] * 10**8 == int(said["sum"])
    assert public("/api/v2/reserve_stats")["BTC"] == row["stats"]
    assert public("/api/v2/btc/transfers")["transfers"][0]["amount"] == 2

    files = public("/api/v2/btc/balance_snapshot_files")
    name, size, _ = files["items"][0]
    with urllib.request.urlopen(f"{exchange.url}{urlsplit(files['path']).path}{name}", timeout=10) as answer:
        body = answer.read()
    assert len(body) == size
    assert f"{bob.uid},1.95" in body.decode().splitlines()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{exchange.url}/download/csv/asset/btc/none.csv", timeout=10)
    assert public("/api/v2/external_tickers") == {}
    assert set(ops("invoke", "external-tickers")) == {0, None}, "nobody answers here, which is no failure of ours"
    assert ops("audit")[1]["violations"] == []
