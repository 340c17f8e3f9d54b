"""What partners call: fiat-ramp, 出入金、KYC."""

import msgspec
from chalice.app import Blueprint

from chalicelib import clock
from chalicelib.api.edge import json
from chalicelib.api.edge.request import Request
from chalicelib.api.ramp import words
from chalicelib.api.ramp.auth import own
from chalicelib.api.ramp.endpoint import endpoint
from chalicelib.core import ramp as rules
from chalicelib.core.ramp import Payer, Purchase, Receiver, Sale
from chalicelib.services import kyc_links
from chalicelib.services.ramp import accounts, orders
from chalicelib.stores.ramp.partners import Partner

routes = Blueprint(__name__)


class AccountQuery(msgspec.Struct, forbid_unknown_fields=True):
    """One of a partner's customers."""

    account: str
    source: str


class SourceQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A partner itself."""

    source: str


class OrderQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """One of a partner's orders."""

    order_no: str
    source: str


class PurchaseBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """入金订单."""

    order_no: str
    account: str
    source: str
    legal_amount: str
    fiat_currency: str
    country_code: str
    first_name: str
    middle_name: str
    last_name: str
    birth_date: str
    note_code: str


class SaleBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """出金订单."""

    order_no: str
    account: str
    source: str
    currency_amount: str
    fiat_currency: str
    receive_account: str
    receive_name: str
    receive_first_name: str
    receive_middle_name: str
    receive_last_name: str
    receive_birth_date: str
    receive_country: str
    receive_addr: str
    receive_bank_name: str
    receive_bank_address: str
    bank_country_code: str
    bank_province: str
    bank_city: str
    branch_name: str
    bank_swift_code: str
    receive_province: str = ""
    receive_city: str = ""


@endpoint(routes, "GET", "/user/findUserAuthStatus", authenticated=True, query=AccountQuery)
def find_user_auth_status(request: Request, caller: Partner) -> object:
    """How far a customer's identification is."""
    query = request.query_as(AccountQuery)
    return {"cardStatus": accounts.card_status(own(caller, query.source), rules.account(query.account)).value}


@endpoint(routes, "GET", "/user/kycLink", authenticated=True, query=AccountQuery)
def kyc_link(request: Request, caller: Partner) -> object:
    """A link to the page where a customer is identified: a browser cannot sign headers. Ours."""
    query = request.query_as(AccountQuery)
    return {"url": kyc_links.mint(own(caller, query.source), rules.account(query.account), clock.now_ms())}


@endpoint(routes, "GET", "/transaction/getReceiveAccountInfo", authenticated=True, query=SourceQuery)
def get_receive_account_info(request: Request, caller: Partner) -> object:
    """The bank account that a partner's customers pay into."""
    own(caller, request.query_as(SourceQuery).source)
    return words.received_at(caller.receiver)


@endpoint(routes, "POST", "/transaction/addChangeApplyOrder", authenticated=True)
def add_change_apply_order(request: Request, caller: Partner) -> object:
    """Push a purchase: coins for fiat money."""
    body = json.convert(json.texts(request.body), PurchaseBody)
    own(caller, body.source)
    rules.fiat_currency(body.fiat_currency)
    payer = Payer(body.first_name, body.middle_name, body.last_name, body.country_code, body.birth_date)
    wish = Purchase(
        order_no=rules.order_no(body.order_no),
        account=rules.account(body.account),
        legal=rules.amount(body.legal_amount, rules.FIAT_DECIMALS, "legalAmount"),
        note_code=rules.note_code(body.note_code),
        payer=rules.checked_payer(payer, words.PAYER),
    )
    orders.buy(caller, wish)
    return {}


@endpoint(routes, "POST", "/transaction/addChangeApplySale", authenticated=True)
def add_change_apply_sale(request: Request, caller: Partner) -> object:
    """Push a sale: fiat money for coins, which are held from now on."""
    body = json.convert(json.texts(request.body), SaleBody)
    own(caller, body.source)
    rules.fiat_currency(body.fiat_currency)
    said = msgspec.to_builtins(body)
    receiver = Receiver(**{name: said[wire] for name, wire in words.RECEIVER.items()})
    wish = Sale(
        order_no=rules.order_no(body.order_no),
        account=rules.account(body.account),
        coins=rules.amount(body.currency_amount, rules.COIN_DECIMALS, "currencyAmount"),
        receiver=rules.checked_receiver(receiver, words.RECEIVER),
    )
    orders.sell(caller, wish)
    return {}


@endpoint(routes, "GET", "/transaction/getOrderDetail", authenticated=True, query=OrderQuery)
def get_order_detail(request: Request, caller: Partner) -> object:
    """An order with all that is known of it."""
    query = request.query_as(OrderQuery)
    own(caller, query.source)
    order = orders.get(caller, rules.order_no(query.order_no))
    return words.detail(order, *orders.people(order))
