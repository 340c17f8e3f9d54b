"""The two exchanges that people of every dialect come to: the app in this process over moto, and the deployed package."""

import http.client
import json
import re
import time
from collections import Counter
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

from chalicelib.services import operations, wallet
from tests import post
from tests.services import world

PATIENCE_S = 20

#: Where everybody trades.
MARKET = "BTC-USDT"


class InProcess:
    """The app as packaging sees it; matchers run when a test says so."""

    def __init__(self, running):
        self.app = running.app

    def match(self):
        """Let the one market of the scenarios work off its queue."""
        world.pump(MARKET)

    def operate(self, verb, **arguments):
        """What an operator does."""
        return operations.run({"verb": verb, **arguments})

    def mailed(self, address, pattern):
        """What a pattern finds in the newest mail to an address."""
        found = [mail for mail in post.mails() if mail.destinations["ToAddresses"] == [address]]
        return re.search(pattern, found[-1].body)[0]

    def held(self, uid):
        """asset → (available, frozen, pending), of what is not nothing: the ledger, whatever a dialect shows of it."""
        return _held({asset: (one.available, one.frozen, one.pending) for asset, one in wallet.balances(uid).items()})

    def agree(self, look, expected):
        """What is seen is as expected."""
        assert look() == expected

    def violations(self):
        """What the audit finds."""
        return world.violations()


class Deployed:
    """The package on the emulator: API Gateway, a Lambda per group in its own role, queues, matchers."""

    def __init__(self, exchange, operator, dynamodb, routes):
        self.app = Http(exchange.url, routes)
        self._operator = operator
        self._dynamodb = dynamodb
        self._read = Counter()

    def match(self):
        """Wait until no order is on its way any more."""

        def waiting():
            rows = self._dynamodb.scan(TableName="exchange-local-accounts", ConsistentRead=True)["Items"]
            return [row["uid"]["S"] for row in rows if row["intents"]["M"]]

        self.agree(waiting, [])

    def operate(self, verb, **arguments):
        return self._operator.run(verb, {name: str(value) for name, value in arguments.items()})

    def mailed(self, address, pattern):
        deadline = time.monotonic() + PATIENCE_S
        while len(found := self._operator.messages(address)) <= self._read[address]:
            assert time.monotonic() < deadline, address
            time.sleep(0.05)
        self._read[address] = len(found)
        return re.search(pattern, found[-1]["text"])[0]

    def held(self, uid):
        row = self._dynamodb.get_item(
            TableName="exchange-local-accounts", Key={"uid": {"S": uid}}, ConsistentRead=True
        )["Item"]
        parts = [
            {asset: int(number["N"]) for asset, number in row[part]["M"].items()}
            for part in ("available", "frozen", "pending")
        ]
        return _held({asset: tuple(part.get(asset, 0) for part in parts) for asset in set().union(*parts)})

    def agree(self, look, expected):
        """What is seen is as expected, soon."""
        deadline = time.monotonic() + PATIENCE_S
        while (seen := look()) != expected:
            assert time.monotonic() < deadline, (seen, expected)
            time.sleep(0.05)

    def violations(self):
        return self.operate("audit")["violations"]


class Http:
    """Stands where clients expect the app: proxy events go over HTTP. Each source address is one of loopback's."""

    def __init__(self, url, routes):
        self.target = urlsplit(url)
        self.routes = routes

    def __call__(self, event, _context):
        connection = http.client.HTTPConnection(
            self.target.hostname,
            self.target.port,
            timeout=30,
            source_address=(event["requestContext"]["identity"]["sourceIp"], 0),
        )
        query = urlencode(event["multiValueQueryStringParameters"] or {}, doseq=True)
        body = event["body"]
        connection.request(
            event["httpMethod"],
            f"{event['path']}?{query}" if query else event["path"],
            body.encode() if isinstance(body, str) else body,
            event["headers"],
        )
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        json.loads(text)
        return {
            "statusCode": answer.status,
            "headers": dict(answer.headers.items()),
            "multiValueHeaders": {"Set-Cookie": answer.headers.get_all("Set-Cookie") or []},
            "body": text,
        }


def _held(parts):
    return {asset: tuple(Decimal(part) / 10**8 for part in row) for asset, row in sorted(parts.items()) if any(row)}
