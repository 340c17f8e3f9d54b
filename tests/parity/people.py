"""One kind of person per dialect. All of them can do the same; what a document has no word for, its person does in coinport
v2, with the same session or key. `BORROWED` lists what, and why; `FEES` what a dialect takes from a trade.
"""

import base64
import hashlib
import itertools
import json
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from chalicelib.services.operations.ramp import RECEIVER
from tests.contract import broker, test_ramp_partner
from tests.contract.client import Client
from tests.contract.draft import DraftClient
from tests.contract.ramp import PartnerClient
from tests.contract.router import RouterClient
from tests.planted import plant
from tests.services.ramp_world import OURS

PASSWORD = plant("one password for all of them")
#: Where withdrawn coins go: an address of their own chain, which nobody here follows and operators read.
ADDRESS = "TXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf"
CODE = r"(?<!\d)\d{6}(?!\d)"
TOKEN = r"(?<=token=)[A-Z2-7]{40}"
_numbers = itertools.count(1)


SHA256 = plant(base64.b64encode(hashlib.sha256(PASSWORD.encode()).digest()).decode())
MD5 = plant(hashlib.md5(PASSWORD.encode()).hexdigest())
#: How a dialect spells a password.
FORMS = {"coinport": SHA256, "draft": MD5, "router": PASSWORD, "broker": MD5}


def basic(name, password):
    """The header of HTTP's Basic scheme."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@dataclass(frozen=True)
class Seen:
    """An order as its person sees it, in words of no dialect."""

    id: str
    side: str
    price: Decimal
    amount: Decimal
    filled: Decimal
    status: str


@dataclass(frozen=True)
class Deal:
    """A trade as its person sees it."""

    price: Decimal
    amount: Decimal


#: Dialect → what its document cannot say, and why.
BORROWED = {
    "coinport": {},
    "draft": {
        "fund": "deposits come by a block chain or an operator",
    },
    "router": {
        "fund": "as above",
        "cancel": "has no method to cancel",
        "orders": "has no method to look at one's orders",
        "deals": "shows everybody's deals only",
        "withdrawals": "has no method to look at one's withdrawals",
    },
    "broker": {
        "fund": "as above",
        "place": "has no path for orders: its API keys sign coinport's",
        "cancel": "as above",
        "orders": "as above",
        "deals": "as above",
        "balances": "has no path for balances",
        "withdraw": "has no path for withdrawals, and its keys do not reach them: the session does",
        "withdrawals": "as above",
    },
    "ramp": {
        "register": "partners' customers come from elsewhere, or by its page",
        "place": "changes money, and trades nothing",
        "cancel": "as above",
        "orders": "as above",
        "deals": "as above",
        "balances": "is asked by partners, who do not see them",
        "withdrawals": "shows a sale to its partner; its person sees it as any withdrawal",
    },
}
#: Dialect → what its orders pay, of what they receive. The market of the scenarios takes nothing itself.
FEES = {"router": Decimal("0.002")}


class Coinport:
    """Somebody who speaks coinport v2."""

    dialect = "coinport"

    def __init__(self, exchange):
        self.exchange = exchange
        self.number = next(_numbers)
        self.address = f"{self.dialect}{self.number}@example.com"
        self.ip = f"127.0.1.{self.number % 250 + 1}"
        self.uid = ""
        self.client = Client(exchange.app, ip=self.ip)

    # --- who they are ---

    def register(self):
        """Come to have an account, and be logged in."""
        stranger = Client(self.exchange.app, ip=self.ip)
        self.uid = str(stranger.post("/api/v2/register", {"email": self.address, "pwdhash": SHA256}).data["uid"])
        stranger.get(f"/api/v2/check_activation_code?token={self.mailed(TOKEN)}")
        (cookie,) = stranger.get("/api/v2/login", Authorization=basic(self.address, SHA256)).cookies
        self.client.headers = {"Cookie": cookie.partition(";")[0]}
        self.introduce()

    def lets_in(self, address):
        """Whether this dialect takes the one password for that of an address, as it spells it."""
        return (
            Client(self.exchange.app, ip=self.ip).get("/api/v2/login", Authorization=basic(address, SHA256)).code == 0
        )

    def introduce(self):
        """What it takes besides, before this dialect knows who is meant."""

    def fund(self, coin, amount):
        """Come to have so much of a coin."""
        self.exchange.operate("credit", uid=self.uid, currency=coin, amount=str(amount))

    # --- what they do ---

    def place(self, market, side, price, amount):
        """Place an order; its id."""
        order = {"market": market, "operation": side, "price": float(price), "amount": float(amount)}
        (result,) = self._post("/api/v2/user/submit_orders", {"orders": [order]}).data["results"]
        return result["order_id"]

    def cancel(self, order_id):
        """Cancel an order; whether that was done."""
        return (
            int(order_id) in self._post("/api/v2/user/cancel_orders", {"order_ids": [int(order_id)]}).data["cancelled"]
        )

    def orders(self):
        """One's orders, newest first."""
        words = ("open", "partial", "filled", "cancelled")
        return [
            Seen(one["id"], one["operation"], one["price"], one["amount"], one["dealed_amount"], words[one["status"]])
            for one in self._get("/api/v2/user/orders").data["orders"]
        ]

    def deals(self):
        """One's trades, newest first."""
        return [Deal(one["price"], one["amount"]) for one in self._get("/api/v2/user/trades").data["trades"]]

    def balances(self):
        """asset → what is available, where that is anything."""
        found = self._get("/api/v2/user/balance").data
        return {asset: Decimal(row[0]) for asset, row in found.items() if row[0]}

    def withdraw(self, coin, amount):
        """Ask for a withdrawal, with the factors that are asked for."""
        body = {"currency": coin, "address": ADDRESS, "amount": float(amount), **self._factor()}
        reply = self._session().post("/api/v2/user/submit_withdrawal", body)
        assert reply.code == 0, reply.body

    def settled(self):
        """Operators pay what the person withdrew."""
        for action in ("approve", "paid"):
            for one in self.exchange.operate("withdrawal", action="list")["withdrawals"]:
                if one["uid"] == self.uid:
                    self.exchange.operate("withdrawal", action=action, id=one["id"])

    def withdrawals(self, coin):
        """What one withdrew of a coin: amounts, and what became of them."""
        found = self._session().get(f"/api/v2/user/withdrawals?currency={coin}").data["withdrawals"]
        return [(one["quantity"], {4: "Succeeded"}.get(one["status"])) for one in found]

    # --- how ---

    def mailed(self, pattern):
        """What a pattern finds in the newest mail."""
        return self.exchange.mailed(self.address, pattern)

    def _get(self, url):
        return self.client.get(url)

    def _post(self, url, body):
        return self.client.post(url, body)

    def _session(self):
        """A client of coinport's with the person's session."""
        return self.client

    def _factor(self):
        sent = self._session().post("/api/v2/user/send_verification_code", {"toEmail": True}).data
        return {"emailUuid": sent["emailUuid"], "emailCode": self.mailed(CODE)}


class Draft(Coinport):
    """Somebody who speaks the draft of coinport v2."""

    dialect = "draft"

    def __init__(self, exchange):
        super().__init__(exchange)
        self.draft = DraftClient(exchange.app, ip=self.ip)

    def register(self):
        fields = {"email": self.address, "pwdhash": MD5}
        self.uid = str(self.draft.post("/draft/api/v2/register", fields).data["uid"])
        # The draft has no path for the link in the mail, which leads to v2's.
        self.client.get(f"/api/v2/check_activation_code?token={self.mailed(TOKEN)}")
        (cookie,) = self.draft.get("/draft/api/v2/login", Authorization=basic(self.address, MD5)).cookies
        self.draft.headers = self.client.headers = {"Cookie": cookie.partition(";")[0]}

    def lets_in(self, address):
        return self.draft.get("/draft/api/v2/login", Authorization=basic(address, MD5)).code == 0

    def place(self, market, side, price, amount):
        order = {"market": market, "type": side, "price": float(price), "amount": float(amount)}
        (result,) = self.draft.post("/draft/api/v2/user/submit_orders", {"orders": [order]}).data["results"]
        return str(result["order_id"])

    def cancel(self, order_id):
        body = {"order_ids": [int(order_id)]}
        return int(order_id) in self.draft.post("/draft/api/v2/user/cancel_orders", body).data["cancelled"]

    def orders(self):
        words = ("open", "filled", "partial", "cancelled")
        return [
            Seen(one["order_id"], one["type"], one["price"], one["amount"], one["value"], words[one["status"]])
            for one in self.draft.get("/draft/api/v2/user/orders").data["orders"]
        ]

    def deals(self):
        return [Deal(one["price"], one["amount"]) for one in self.draft.get("/draft/api/v2/user/trades").data["trades"]]

    def balances(self):
        found = self.draft.get("/draft/api/v2/user/balance").data
        return {asset: Decimal(row[0]) for asset, row in found.items() if row[0]}

    def withdraw(self, coin, amount):
        body = {"currency": coin, "address": ADDRESS, "amount": float(amount), **self._factor()}
        reply = self.draft.post("/draft/api/v2/user/submit_withdrawal", body)
        assert reply.code == 0, reply.body

    def withdrawals(self, coin):
        found = self.draft.get(f"/draft/api/v2/user/withdrawals?currency={coin}").data["withdrawals"]
        return [(one["quantity"], one["status"]) for one in found]


class Router(Coinport):
    """Somebody who speaks the router's dialect."""

    dialect = "router"

    def __init__(self, exchange):
        super().__init__(exchange)
        self.router = RouterClient(exchange.app, ip=self.ip)

    def register(self):
        self.router.done("make_valid_code", user=self.address)
        self.router.done("regeist_user", user=self.address, pass_=PASSWORD, valid_code=self.mailed(CODE))
        (cookie,) = self.router.call("login", user=self.address, pass_=PASSWORD).cookies
        session = cookie.partition(";")[0]
        self.uid = session.removeprefix("session=").partition(".")[0]
        self.router.headers = self.client.headers = {"Cookie": session}

    def lets_in(self, address):
        return self.router.call("login", user=address, pass_=PASSWORD).body["status"]

    def place(self, market, side, price, amount):
        return self.router.done(side, pair=market.replace("-", "/"), price=str(price), amount=str(amount))

    def balances(self):
        found = self.router.done("get_user_coin")
        return {asset: Decimal(amount) for asset, amount in found.items() if amount != "0"}

    def withdraw(self, coin, amount):
        self.router.done("set_withdraw_address", coin=coin, address=ADDRESS)
        self.router.done("withdraw", coin=coin, amount=str(amount), **self._factor())


class Broker(Coinport):
    """Somebody who speaks the broker's dialect, and trades by an API key that was made there."""

    dialect = "broker"

    def __init__(self, exchange):
        super().__init__(exchange)
        self.browser = broker.Browser(exchange.app, ip=self.ip)

    def register(self):
        sent = self.browser.post("/api/common/send_email_verify_code", {"type": "1", "email": self.address}).body
        fields = {"email": self.address, "password1": MD5, "password2": MD5}
        proof = {"order_id": sent["orderId"], "verify_code": self.mailed(CODE)}
        self.uid = self.browser.post("/api/user/email_sign_up", {**fields, **proof}).body["userId"]
        sent = self.browser.post("/api/user/send_email_verify_code", {"type": "11"}).body
        factor = {"auth_type": "2", "order_id": sent["orderId"], "verify_code": self.mailed(CODE)}
        self.key = self.browser.post("/api/user/api_key/create", {"tag": "parity", "type": "1", **factor}).body
        plant(self.key["secretKey"])

    def lets_in(self, address):
        """It asks for a code then, which is another matter."""
        return self.browser.post("/api/user/email_authorize", {"email": address, "password": MD5}).status == 200

    def _get(self, url):
        return self.client.get(url, Authorization=self._signed(url.partition("?")[2]))

    def _post(self, url, body):
        text = json.dumps(body)
        return self.client.post(url, text, Authorization=self._signed(text))

    def _signed(self, text):
        md5 = hashlib.md5(f"{text}&secret={self.key['secretKey']}".encode()).hexdigest()
        return "Token " + base64.b64encode(f"{self.key['apiKey']}:{md5}".encode()).decode()

    def _session(self):
        return Client(self.exchange.app, {"Cookie": f"session={self.browser.jar['au_token']}"}, self.ip)


class Ramp(Coinport):
    """Somebody who has an account here already, and buys and sells coins through a partner, who means them by their e-mail."""

    dialect = "ramp"

    def introduce(self):
        self.source = f"partner{self.number}"
        receiver = {name: getattr(OURS, field) for name, field in RECEIVER.items() if getattr(OURS, field)}
        made = self.operate("add-partner", rate="50", **receiver)
        self.partner = PartnerClient(self.exchange.app, made["apiKey"], plant(made["secretKey"]))
        self.partner.ip = self.ip
        self.operate("link", account=self.address, uid=self.uid)
        paper = {"realName": "Juan Cruz", "location": "other", "identiType": "passport", "idNumber": f"P{self.uid}"}
        assert self.client.post("/api/v2/user/verify_realname", paper).code == 0
        self.exchange.operate("kyc", action="approve", uid=self.uid)
        status = self.partner.ask(f"/user/findUserAuthStatus?account={quote(self.address)}&source={self.source}")
        assert status.data == {"cardStatus": "1"}

    def operate(self, action, **more):
        return self.exchange.operate("ramp", action=action, source=self.source, **more)

    def fund(self, coin, amount):
        """USDT against pesos, 50 for one; what else there is comes as it does to everybody."""
        if coin != "USDT":
            return super().fund(coin, amount)
        number, pesos = f"IN{next(_numbers)}", str(amount * 50)
        changes = {**self._mine(number), "noteCode": f"NOTE{number}", "legalAmount": pesos}
        reply = self.partner.push("/transaction/addChangeApplyOrder", {**test_ramp_partner.PURCHASE, **changes})
        assert reply.code == "000000", reply.body
        self.operate("approve", order_no=number)
        self.operate("bank-credit", note_code=f"NOTE{number}", amount=pesos)
        self.operate("release", order_no=number)
        return None

    def withdraw(self, coin, amount):
        """Cash out."""
        assert coin == "USDT"
        self.sale = f"OUT{next(_numbers)}"
        changes = {**self._mine(self.sale), "currencyAmount": str(amount)}
        reply = self.partner.push("/transaction/addChangeApplySale", {**test_ramp_partner.SALE, **changes})
        assert reply.code == "000000", reply.body

    def settled(self):
        self.operate("approve", order_no=self.sale)
        self.operate("paid", order_no=self.sale)

    def _mine(self, number):
        return {"orderNo": number, "account": self.address, "source": self.source}


SPEAKERS = {kind.dialect: kind for kind in (Coinport, Draft, Router, Broker, Ramp)}
#: What a scenario asks of people.
VERBS = ("register", "fund", "place", "cancel", "orders", "deals", "balances", "withdraw", "withdrawals")
