"""The draft dialect on the deployed package: two people's way through all its paths, and the files of what was transferred."""

import base64
import hashlib
import json
import time
import urllib.request
from decimal import Decimal

import pytest

from tests.contract.document import DATA
from tests.deployed.test_identity import Browser
from tests.deployed.test_rare_paths import commit
from tests.deployed.test_router import _aged
from tests.deployed.test_trading import eventually, submit

pytestmark = pytest.mark.deployed
__all__ = ["commit"]

HOUR_MS = 3_600_000
#: The stage `local` is on bcoin's network of tests.
ADDRESS = "RCaqy43ywUj2Vb1b5L9e7SkZhqmUhaZ6Mg"
CARD = {"bankName": "招商银行", "U_RN": "吴三", "cardNumber": "2934723894572398749", "branchBankName": "海淀支行"}
CNY = "吴三|2934723894572398749|招商银行|海淀支行"
PASSWORD = "as one types it"


class Drafted(Browser):
    """Somebody who speaks the draft; `used` are the paths that have succeeded."""

    base = "/draft/api/v2"

    def __init__(self, exchange, operator, address):
        super().__init__(exchange, operator, address)
        self.used = set()

    def had(self, method, path, body=None, *, route=None, **headers):
        envelope = self.ask(method, path, body, **headers)
        assert envelope["code"] == 0, (path, envelope)
        self.used.add(f"{method} {self.base}/{route or path.partition('?')[0]}")
        return envelope["data"]

    def public(self, noun, symbol="btc-usdt", query=""):
        return self.had("GET", f"{symbol}/{noun}{query}", route=f"{{symbol}}/{noun}")

    def place(self, market, side, price, amount, **more):
        order = {"market": market, "type": side, "price": price, "amount": amount, **more}
        (result,) = self.had("POST", "user/submit_orders", {"orders": [order]})["results"]
        return result


def basic(address, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{address}:{password}".encode()).decode()}


def signed(pair, text):
    md5 = hashlib.md5(f"{text}&secret={pair['secret']}".encode()).hexdigest()
    return {"Authorization": "Token " + base64.b64encode(f"{pair['token']}:{md5}".encode()).decode()}


@pytest.fixture
def ann(exchange, operator):
    """Somebody who registered here, with funds, logged in; `coinport` is the same person in v2."""
    found = Drafted(exchange, operator, f"draft-{time.time_ns():x}@example.com")
    body = {"email": found.address, "pwdhash": hashlib.md5(PASSWORD.encode()).hexdigest()}
    found.uid = str(found.had("POST", "register", body)["uid"])
    found.coinport = Browser(exchange, operator, found.address)
    found.coinport.read = found.read
    assert found.coinport.get(f"check_activation_code?token={found.token()}")["code"] == 0
    assert found.ask("GET", "login", **basic(found.address, "wrong"))["code"] == 1014
    assert found.had("GET", "login", **basic(found.address, PASSWORD))["emailVerified"] is True
    found.coinport.cookie = found.cookie
    for currency, amount in (("USDT", "1000"), ("BTC", "1"), ("CNY", "100")):
        operator.run("credit", {"uid": found.uid, "currency": currency, "amount": amount})
    return found


def switch_off_factors(aws, uid):
    """A code may be sent once a minute only, and tests are impatient."""
    aws("dynamodb").update_item(
        TableName="exchange-local-users",
        Key={"key": {"S": uid}},
        UpdateExpression="SET email_auth = :off",
        ExpressionAttributeValues={":off": {"BOOL": False}},
    )


def test_a_way_through_all_of_its_paths(exchange, ann, person, operator, ops, aws, aged_sessions, commit):
    # Each scheme; a session that slides is prolonged here too.
    aged_sessions()
    assert ann.had("GET", "user/profile")["apiToken"] == ""
    pair = ann.coinport.did("user/add_api_token")
    cookie, ann.cookie = ann.cookie, ""
    assert ann.had("GET", "user/profile", **signed(pair, ""))["apiToken"] == pair["token"]
    assert ann.ask("GET", "user/profile", **signed(pair, "x"))["code"] == 1006
    assert ann.had("GET", "user/profile", **basic(ann.address, PASSWORD))
    ann.cookie = cookie

    # Orders and trades, against somebody who speaks v2.
    bob = person("bob", BTC="5")
    submit(bob, "BTC-USDT", "sell", 400, 0.5)
    full = ann.place("btc-usdt", "buy", 410, 0.5)["order_id"]
    eventually(lambda: ann.had("GET", f"user/orders?ids={full}")["orders"][0]["status"], 1)
    order = {"market": "btc-usdt", "side": "buy", "price": 300, "amount": 1, "client_order_id": "mine"}
    resting = ann.place(**order)
    assert ann.place(**order) == resting
    assert ann.place(**order | {"amount": 1000, "client_order_id": "more"})["code"] == 1008
    assert ann.place(**order | {"amount": 0.0001, "client_order_id": "mine"}) == resting, "it was placed before"
    eventually(lambda: len(ann.public("depth")["bids"]), 1)
    (trade,) = ann.had("GET", "user/trades?market=btc-usdt")["trades"]
    assert (trade["order_id"], Decimal(str(trade["price"])), trade["taker"]) == (full, 400, "buy")
    assert ann.had("GET", f"user/trades?ids={trade['trade_id']}")["trades"] == [trade]
    cancelled = ann.had("POST", "user/cancel_orders", {"order_ids": [resting["order_id"], full]})
    assert cancelled == {"cancelled": [resting["order_id"]], "failed": {str(full): {"code": 1011}}}
    assert ann.had("GET", "user/orders?order_status=1")["orders"][0]["order_id"] == str(full)

    # Market data; a reader that begins now starts from the checkpoint, and from the candles in the archive.
    commit("BC-BTC", 60)
    operator.invoke("checkpoint")
    ann.public("depth", "bc-btc")
    assert ann.had("GET", "tickers")["BTC-USDT"][4] == 400
    assert "BTC-USDT" in ann.public("tickers", "usdt")
    assert list(ann.public("ticker")) == ["BTC-USDT"]
    assert ann.public("trades")["trades"][0]["trade_id"] == trade["trade_id"]
    with _aged(aws("dynamodb"), "BTC-USDT"):
        commit("BTC-USDT", 2)
        operator.invoke("klines")
        assert ann.public("kline", query="?interval=1d")["items"]
    operator.run("rebuild-klines", {"market": "BTC-USDT"})
    assert ann.public("kline")["items"]

    # Withdrawals.
    sent = ann.coinport.did("user/send_verification_code", toEmail=True)
    code = {"emailUuid": sent["emailUuid"], "emailCode": ann.coinport.code()}
    assert (
        ann.ask("POST", "user/submit_withdrawal", {"currency": "BTC", "address": ADDRESS, "amount": 0.1})["code"]
        == 1001
    )
    small = {"currency": "BTC", "address": ADDRESS, "amount": 0.1, **code}
    asked = ann.had("POST", "user/submit_withdrawal", small)
    assert asked["withdraw_status"] == 1
    too_late = ann.ask("POST", "user/cancel_withdrawal", {"tranfer_id": asked["tranfer_id"]})
    assert (too_late["code"], too_late["data"]["status"]) == (6001, "Accepted")
    switch_off_factors(aws, ann.uid)
    more = {"currency": "BTC", "address": ADDRESS, "amount": 4.9}
    assert ann.ask("POST", "user/submit_withdrawal", more)["code"] == 1008
    listed = ann.had("GET", "user/withdrawals?currency=btc")["withdrawals"]
    assert [one["id"] for one in listed] == [asked["tranfer_id"]]
    assert {one["status"] for one in ann.had("GET", "user/deposits")["deposits"]} == {"Succeeded"}
    assert ann.had("POST", "user/create_deposit_addr/btc", {}, route="user/create_deposit_addr/{symbol}")["BTC"]
    assert ann.had("GET", "user/deposit_addresses")["BTC"]
    balance = [Decimal(str(one)) for one in ann.had("GET", "user/balance")["BTC"]]
    assert balance[2:] == [Decimal("0.1"), Decimal("1.5")]
    assert ops("audit")[1]["violations"] == []

    # Open data.
    operator.invoke("snapshots")
    assert ann.had("GET", "reserve_stats")["stats"]["BTC"]
    assert ann.public("reserves", "btc")["currency"] == "BTC"
    for noun in ("balance_snapshots_files", "balance_snapshot_files"):
        assert ann.public(noun, "btc")["snapshots"]
    files_of_deposits(exchange, ann, operator, aws)
    # What the next test does: taking a withdrawal back that waits.
    listed = set((DATA / "paths" / "draft.txt").read_text().splitlines())
    assert ann.used == listed - {"POST /draft/api/v2/user/cancel_withdrawal"}


def files_of_deposits(exchange, ann, operator, aws):
    """Ann's deposits as if they had succeeded hours ago: each is in a file, which anyone can fetch."""
    rows = [
        row for row in aws("dynamodb").scan(TableName="exchange-local-transfers")["Items"] if row["uid"]["S"] == ann.uid
    ]
    mine = {row["number"]["N"]: row for row in rows if row["kind"]["S"] == "deposit"}
    assert len(mine) == 3
    for row in mine.values():
        aws("dynamodb").update_item(
            TableName="exchange-local-transfers",
            Key={"id": row["id"]},
            UpdateExpression="SET succeeded = :then",
            ExpressionAttributeValues={":then": {"N": str(int(row["succeeded"]["N"]) - 3 * HOUR_MS)}},
        )
    operator.invoke("transfer-files")
    found = set()
    for currency in ("btc", "usdt", "cny"):
        for noun in ("transfer_files", "transfers_files"):
            (file,) = ann.public(noun, currency)["transfers"]
        _, _, name, size = file
        with urllib.request.urlopen(f"{exchange.url}/download/json/transfer/{currency}/{name}", timeout=10) as answer:
            body = answer.read()
        assert len(body) == size
        found |= {one["id"] for one in json.loads(body)["transfers"] if one["uid"] == ann.uid}
    assert found == set(mine)
    operator.invoke("transfer-files")  # there is nothing left to do


def test_money_to_a_bank_card_and_back(ann, aws):
    switch_off_factors(aws, ann.uid)
    sent = ann.coinport.did("user/send_verification_code", toEmail=True)
    ann.coinport.did("user/add_bankcard", **CARD, emailUuid=sent["emailUuid"], emailCode=ann.coinport.code())
    asked = ann.had("POST", "user/submit_withdrawal", {"currency": "CNY", "address": CNY, "amount": 50})
    assert asked["withdraw_status"] == 0
    record = ann.had("POST", "user/cancel_withdrawal", {"tranfer_id": asked["tranfer_id"]})
    assert (record["id"], record["status"]) == (asked["tranfer_id"], "Cancelled")
    assert "2934723894572398749" not in json.dumps(record)
