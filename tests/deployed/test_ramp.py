"""The fiat ramp on the deployed package: a partner over API Gateway, operators at their command line, from push to coins."""

import hashlib
import hmac
import http.client
import json
import time
from decimal import Decimal
from urllib.parse import urlsplit

import boto3
import pytest

from infra import local

pytestmark = pytest.mark.deployed

SOURCE = "binance"
STATUS = "/user/findUserAuthStatus"
BUY = "/transaction/addChangeApplyOrder"
SELL = "/transaction/addChangeApplySale"
DETAIL = "/transaction/getOrderDetail"


class Partner:
    """A partner, written from the document alone."""

    def __init__(self, url, api_key, secret):
        self.target = urlsplit(url)
        self.api_key = api_key
        self.secret = secret

    def ask(self, path, **query):
        return self.call("GET", path + "?" + "&".join(f"{name}={value}" for name, value in query.items()), {})

    def push(self, path, body, timestamp=None):
        return self.call("POST", path, body, timestamp)

    def call(self, method, path, body, timestamp=None):
        stamp = str(timestamp or time.time_ns() // 1_000_000)
        fields = {**body, "apiKey": self.api_key, "timestamp": stamp}
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields, reverse=True))
        sign = hmac.new(self.secret.encode(), text.encode(), hashlib.sha512).hexdigest()
        headers = {"content-type": "application/json", "timestamp": stamp, "apiKey": self.api_key, "sign": sign}
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=30)
        connection.request(method, path, json.dumps(body) if method == "POST" else None, headers)
        answer = connection.getresponse()
        envelope = json.loads(answer.read())
        connection.close()
        assert set(envelope) == {"code", "data", "description"}
        return answer.status, envelope["code"], envelope["data"]


def purchase(account, number, legal):
    return {
        "orderNo": number, "account": account, "source": SOURCE, "legalAmount": legal, "fiatCurrency": "php",
        "countryCode": "PH", "firstName": "Juan", "middleName": "Santos", "lastName": "Cruz", "birthDate": "1990-01-31",
        "noteCode": f"NOTE-{number}",
    }  # fmt: skip


def sale(account, number, coins):
    return {
        "orderNo": number, "account": account, "source": SOURCE, "currencyAmount": coins, "fiatCurrency": "php",
        "receiveAccount": "001234567890", "receiveName": "Juan Cruz", "receiveFirstName": "Juan",
        "receiveMiddleName": "Santos", "receiveLastName": "Cruz", "receiveBirthDate": "1990-01-31", "receiveCountry": "PH",
        "receiveProvince": "NCR", "receiveCity": "Makati", "receiveAddr": "1 Rizal Ave", "receiveBankName": "BDO",
        "receiveBankAddress": "2 Ayala Ave", "bankCountryCode": "PH", "bankProvince": "Metro Manila", "bankCity": "Makati",
        "branchName": "Ayala", "bankSwiftCode": "BNORPHMM",
    }  # fmt: skip


@pytest.fixture
def ramp(ops):
    """An operator's action, which has to go well: its answer."""

    def run(action, **named):
        words = [word for name, value in named.items() for word in (f"--{name.replace('_', '-')}", value)]
        code, answer = ops("ramp", action, *words)
        assert code == 0, answer
        return answer

    return run


@pytest.fixture
def table(exchange):
    """A table of the running stage, as its owner may touch it: for what only time would bring about."""
    with local._environment(local.credentials(exchange.endpoint)):
        dynamodb = boto3.resource("dynamodb")
        yield lambda noun: dynamodb.Table(f"exchange-local-{noun}")


def test_coins_are_bought_and_sold(exchange, person, ops, ramp, table):
    credentials = ramp(
        "add-partner", source=SOURCE, rate="55", fee_rate="0.01", receive_account="8888 0001", receive_bank_name="BDO"
    )
    partner = Partner(exchange.url, credentials["apiKey"], credentials["secretKey"])
    ramp("set-rate", source=SOURCE, rate="56.5")
    juan = person("juan")
    account = "juan@example.ph"
    asked = {"account": account, "source": SOURCE}
    assert partner.ask(STATUS, **asked) == (200, "000000", {"cardStatus": "4"})
    assert partner.push(BUY, purchase(account, "IN1", "5650"))[:2] == (200, "200003")

    # Identification, and whom the partner means.
    claim = {"realName": "Juan Cruz", "location": "other", "identiType": "passport", "idNumber": "P7654321A"}
    juan.call("POST", "/api/v2/user/verify_realname", claim)
    ramp("link", source=SOURCE, account=account, uid=juan.uid)
    ramp("link", source=SOURCE, account=account, uid=juan.uid)
    assert partner.ask(STATUS, **asked)[2] == {"cardStatus": "3"}
    assert ops("kyc", "approve", "--uid", juan.uid)[0] == 0
    assert partner.ask(STATUS, **asked)[2] == {"cardStatus": "1"}
    assert partner.ask("/transaction/getReceiveAccountInfo", source=SOURCE)[2]["receiveAccount"] == "8888 0001"

    # A purchase.
    now = time.time_ns() // 1_000_000
    assert partner.push(BUY, purchase(account, "IN1", "5650"), now) == (200, "000000", {})
    assert partner.push(BUY, purchase(account, "IN1", "5650"), now)[:2] == (401, "100006")
    assert partner.push(BUY, purchase(account, "IN1", "5650")) == (200, "000000", {})
    assert partner.push(BUY, purchase(account, "IN1", "5651"))[:2] == (200, "200001")
    assert [order["orderNo"] for order in ramp("list", source=SOURCE)["orders"]] == ["IN1"]
    assert ramp("approve", order_no="IN1")["applyStatus"] == "3"
    assert ops("ramp", "bank-credit", "--note-code", "NOTE-IN1", "--amount", "5650.01") == (
        1,
        {"error": "amount", "parameter": "amount"},
    )
    assert ramp("bank-credit", note_code="NOTE-IN1", amount="5650.00")["applyStatus"] == "4"
    assert ramp("release", order_no="IN1", source=SOURCE, reason="seen")["applyStatus"] == "5"
    told = partner.ask(DETAIL, orderNo="IN1", source=SOURCE)[2]
    assert (told["applyStatus"], told["currencyAmount"], told["payDirthDate"]) == ("5", "99", "1990-01-31")
    assert told["dateCreate"] <= told["dateAudit"] <= told["timePay"] <= told["timeIssue"]

    def coins():
        return juan.call("GET", "/api/v2/user/balance")["USDT"]

    assert coins() == [99, 0, 0, 99]

    # Sales: one that is paid, one that is refused, one that there are no coins for.
    assert partner.push(SELL, sale(account, "OUT1", "40")) == (200, "000000", {})
    assert partner.push(SELL, sale(account, "OUT2", "20")) == (200, "000000", {})
    assert partner.push(SELL, sale(account, "OUT3", "40"))[:2] == (200, "200006")
    assert coins() == [39, 0, 60, 99]
    ramp("approve", order_no="OUT1")
    assert ramp("paid", order_no="OUT1")["applyStatus"] == "5"
    assert ramp("reject", order_no="OUT2", reason="unknown bank")["applyStatus"] == "2"
    assert coins() == [59, 0, 0, 59]
    assert ramp("show", order_no="OUT1")["receiver"]["account"] == "001234567890"
    assert partner.ask(DETAIL, orderNo="OUT1", source=SOURCE)[2]["legalAmount"] == "2237.4"  # (40 − 0.4) × 56.5

    # What time brings about: a purchase that nobody paid, and a paid sale whose coins were left lying.
    assert partner.push(BUY, purchase(account, "IN2", "1000"))[1] == "000000"
    assert partner.push(SELL, sale(account, "OUT4", "9"))[1] == "000000"
    for number in ("IN2", "OUT4"):
        ramp("approve", order_no=number)
    past = {":past": now - 100_000_000, ":due": "due", ":paid": "4"}
    for number, change in (
        ("IN2", "SET deadline = :past, due_at = :past, due = :due"),
        ("OUT4", "SET #status = :paid, paid = :past, due_at = :past, due = :due"),
    ):
        named = {"ExpressionAttributeNames": {"#status": "status"}} if "#status" in change else {}
        values = {name: value for name, value in past.items() if name in change}
        table("ramp_orders").update_item(
            Key={"source": SOURCE, "order_no": number},
            UpdateExpression=change,
            ExpressionAttributeValues=values,
            **named,
        )
    assert ops("invoke", "ramp-deadlines")[0] == 0
    assert partner.ask(DETAIL, orderNo="IN2", source=SOURCE)[2]["applyStatus"] == "2"
    assert partner.ask(DETAIL, orderNo="OUT4", source=SOURCE)[2]["applyStatus"] == "5"
    assert coins() == [50, 0, 0, 50]
    assert ops("audit")[1]["violations"] == []

    # New credentials: the old ones are dead at once.
    renewed = ramp("renew-key", source=SOURCE)
    assert partner.ask(STATUS, **asked)[:2] == (401, "100004")
    assert Partner(exchange.url, renewed["apiKey"], renewed["secretKey"]).ask(STATUS, **asked)[1] == "000000"
    ramp("set-receiver", source=SOURCE, receive_account="8888 0002", receive_bank_name="BPI")
    (mine,) = [found for found in ramp("partners")["partners"] if found["source"] == SOURCE]
    assert mine["receiver"]["account"] == "8888 0002"


def test_a_link_of_a_partner_or_an_operator_opens_the_page(exchange, ramp):
    credentials = ramp("add-partner", source="linker", rate="56.5")
    partner = Partner(exchange.url, credentials["apiKey"], credentials["secretKey"])
    signed = partner.ask("/user/kycLink", account="customer-7", source="linker")[2]["url"]
    for url in (signed, ramp("kyc-link", source="linker", account="customer-7")["url"]):
        place = urlsplit(url)
        connection = http.client.HTTPConnection(partner.target.hostname, partner.target.port, timeout=30)
        connection.request("GET", f"{place.path}?{place.query}")
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "text/html; charset=utf-8"
        assert "<form" in page
    assert partner.ask(STATUS, account="customer-7", source="linker")[2] == {"cardStatus": "4"}


def test_who_is_no_partner_hears_so_in_its_dialect(exchange):
    stranger = Partner(exchange.url, "4565B83XXXXXXXXXXXXF123", "X")
    assert stranger.ask(STATUS, account="a", source=SOURCE)[:2] == (401, "100004")
    assert stranger.push(BUY, {}, 1_566_322_200_000)[:2] == (401, "100003")


def test_amounts_are_exact(ramp):
    answer = ramp("add-partner", source="exact", rate="56.50000001")
    assert set(answer) == {"apiKey", "secretKey"}
    (found,) = [partner for partner in ramp("partners")["partners"] if partner["source"] == "exact"]
    assert Decimal(found["rate"]) == Decimal("56.50000001")
