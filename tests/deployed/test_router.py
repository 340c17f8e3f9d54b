"""The router dialect on the deployed package: one person's way through all 17 methods, against somebody who speaks coinport."""

import contextlib
import http.client
import json
import time
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

import pytest

from tests.contract.document import DATA
from tests.deployed.test_identity import Browser
from tests.deployed.test_rare_paths import commit
from tests.deployed.test_trading import eventually, submit

pytestmark = pytest.mark.deployed
__all__ = ["commit"]

ADDRESS = "some-account"


class Routed:
    """Somebody who speaks this dialect, with a cookie jar; `used` are the methods that have succeeded."""

    def __init__(self, exchange):
        self.target = urlsplit(exchange.url)
        self.cookie = ""
        self.used = set()

    def call(self, method, http_method="POST", **arguments):
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=30)
        form = urlencode({name.rstrip("_"): value for name, value in arguments.items()})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if http_method == "GET":
            connection.request("GET", f"/router?router={method}&{form}", headers=headers)
        else:
            connection.request("POST", f"/router?router={method}", form, headers)
        answer = connection.getresponse()
        assert answer.status == 200
        envelope = json.loads(answer.read())
        assert set(envelope) == {"status", "data", "description"}
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = cookie.partition(";")[0]
        connection.close()
        return envelope

    def did(self, method, http_method="POST", **arguments):
        envelope = self.call(method, http_method, **arguments)
        assert envelope["status"], (method, envelope)
        self.used.add(method)
        return envelope["data"]


def test_from_registration_to_withdrawal(exchange, operator, person, ops, aws, commit):
    ann = Routed(exchange)
    mailbox = Browser(exchange, operator, f"router-{time.time_ns():x}@example.com")
    name, password = mailbox.address, "a long password"
    assert ann.call("check_exist_name", user=name)["description"] == "User has not Regedit"
    ann.did("make_valid_code", user=name)
    ann.did("regeist_user", user=name, pass_=password, valid_code=mailbox.code())
    ann.did("check_exist_name", user=name)
    assert ann.call("login", user=name, pass_="a wrong password")["description"] == "User or Password incorrect"
    ann.did("login", user=name, pass_=password)
    uid = ann.cookie.removeprefix("session=").partition(".")[0]
    ann.did("logout")
    assert ann.call("get_user_coin")["description"] == "Please Login"
    ann.did("login", user=name, pass_=password)

    operator.run("credit", {"uid": uid, "currency": "CNY", "amount": "1000"})
    bob = person("bob", BTSX="1000")
    submit(bob, "BTSX-CNY", "sell", 0.5, 800)
    ann.did("buy", pair="BTSX/CNY", amount="500", price="0.51")
    eventually(lambda: ann.did("get_user_coin")["BTSX"], "499")
    assert ann.did("get_user_coin")["CNY"] == "750"
    ann.did("sell", pair="BTSX-CNY", amount="100", price="0.6")
    eventually(lambda: len(ann.did("get_depth", "GET", pair="BTSX/CNY")["ask"]), 2)
    assert ann.did("get_depth", "GET", pair="BTSX/CNY")["ask"][0] == ["0.5", "300"]
    assert ann.did("get_coin", "GET", pair="BTSX/CNY")[:3] == ["BTSX/CNY", "0.5", "500"]
    assert ann.did("get_rank", "GET")
    assert ann.did("get_deal_record", "GET", pair="BTSX/CNY")[0][:2] == ["0.5", "500"]
    assert ann.did("get_simple_k_line", "GET", pair="BTSX/CNY")[-1] == "0.5"
    assert ann.did("get_coin_k_line", "GET", pair="BTSX/CNY")
    # A reader that begins now starts from the checkpoint, and from the candles in the archive.
    commit("DRK-BTC", 60)
    operator.invoke("checkpoint")
    ann.did("get_depth", "GET", pair="DRK/BTC")
    with _aged(aws("dynamodb"), "BTSX-CNY"):
        commit("BTSX-CNY", 2)
        operator.invoke("klines")
        assert ann.did("get_coin_k_line", "GET", pair="BTSX/CNY", interval="1d")
    operator.run("rebuild-klines", {"market": "BTSX-CNY"})

    ann.did("set_withdraw_address", coin="BTSX", address=ADDRESS)
    assert ann.did("get_withdraw_address", coin="BTSX") == ADDRESS
    # The factor comes from the dialect that has a way to ask for one: its session and ours are one.
    mailbox.cookie = ann.cookie
    mailbox.message(name, "BTSX")
    sent = mailbox.did("user/send_verification_code", toEmail=True)
    factor = {"emailUuid": sent["emailUuid"], "emailCode": mailbox.message(name, r"(?<!\d)\d{6}(?!\d)")}
    wish = {"coin": "BTSX", "memo": "octo-72722", **factor}
    assert ann.call("withdraw", amount="400", **wish)["description"] == "User Coin Amount Less"
    ann.did("withdraw", **wish)
    balance = mailbox.get("user/balance")["data"]["BTSX"]
    assert [Decimal(str(one)) for one in balance] == [0, 100, 399, 499]
    # A session that slides is prolonged here too, once it is half through.
    _shorten_sessions(aws("dynamodb"), uid)
    ann.did("get_user_coin")
    assert ann.used == set((DATA / "paths" / "router.txt").read_text().split())
    code, report = ops("audit")
    assert (code, report["violations"]) == (0, [])


@contextlib.contextmanager
def _aged(dynamodb, market):
    """All that a market's journal has so far, for a while as if it were three minutes older: its candles are over."""
    rows = dynamodb.scan(TableName="exchange-local-journal", ConsistentRead=True)["Items"]
    rows = [row for row in rows if row["market"]["S"] == market]
    for row in rows:
        earlier = str(int(row["at"]["N"]) - 180_000)
        dynamodb.put_item(TableName="exchange-local-journal", Item=row | {"at": {"N": earlier}})
    yield
    for row in rows:
        dynamodb.put_item(TableName="exchange-local-journal", Item=row)


def _shorten_sessions(dynamodb, uid):
    """Make a person's sessions such that slide, and half through."""
    for row in dynamodb.scan(TableName="exchange-local-sessions")["Items"]:
        if row["uid"]["S"] == uid:
            dynamodb.update_item(
                TableName="exchange-local-sessions",
                Key={"uid": row["uid"], "fingerprint": row["fingerprint"]},
                UpdateExpression="SET #e = :soon, slides = :hour",
                ExpressionAttributeNames={"#e": "expires"},
                ExpressionAttributeValues={
                    ":soon": {"N": str(time.time_ns() // 1_000_000 + 60_000)},
                    ":hour": {"N": "3600000"},
                },
            )
