"""Real names and bank cards."""

import msgspec

from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import endpoint
from chalicelib.api.coinport.identity.access import DONE
from chalicelib.api.coinport.identity.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.core.bank_cards import card, card_number
from chalicelib.core.kyc import Location, Paper
from chalicelib.services import identity


class RealNameBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who a person is, and the document that says so."""

    realName: str  # noqa: N815 - the document's names, here and below
    location: Location
    identiType: Paper  # noqa: N815
    idNumber: str  # noqa: N815


class BankCardBody(msgspec.Struct, forbid_unknown_fields=True):
    """A card or an Alipay account, and the mailed code that allows to bind it."""

    bankName: str  # noqa: N815
    U_RN: str
    cardNumber: str  # noqa: N815
    emailUuid: str  # noqa: N815
    emailCode: str  # noqa: N815
    branchBankName: str = ""  # noqa: N815


class CardNumberBody(msgspec.Struct, forbid_unknown_fields=True):
    """A card's number."""

    cardNumber: str  # noqa: N815


@endpoint(routes, "POST", "/api/v2/user/verify_realname", authenticated=True)
def verify_realname(request: Request, caller: Caller) -> object:
    """Hand a real name in; an operator reviews it."""
    body = request.body_as(RealNameBody)
    identity.hand_in(caller.uid, body.realName, body.location, body.identiType, body.idNumber)
    return DONE


@endpoint(routes, "POST", "/api/v2/user/add_bankcard", authenticated=True)
def add_bankcard(request: Request, caller: Caller) -> object:
    """Bind a card or an Alipay account."""
    body = request.body_as(BankCardBody)
    wanted = card(body.bankName, body.U_RN, body.cardNumber, body.branchBankName)
    identity.add_card(caller.uid, wanted, identity.SentCode(body.emailUuid, body.emailCode))
    return DONE


@endpoint(routes, "POST", "/api/v2/user/delete_bankcard", authenticated=True)
def delete_bankcard(request: Request, caller: Caller) -> object:
    """Take a card or an Alipay account away."""
    identity.delete_card(caller.uid, card_number(request.body_as(CardNumberBody).cardNumber))
    return DONE


@endpoint(routes, "GET", "/api/v2/user/query_bankcards", authenticated=True)
def query_bankcards(_request: Request, caller: Caller) -> object:
    """The person's cards and accounts, whole: withdrawals name them so."""
    return [
        {
            "bankName": found.bank,
            "ownerName": found.owner,
            "cardNumber": found.number,
            "branchBankName": found.branch,
        }
        for found in identity.list_cards(caller.uid)
    ]
