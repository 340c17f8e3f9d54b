"""Operators and the fiat ramp: partners, and what becomes of their orders."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from chalicelib import clock
from chalicelib.core import ramp as rules
from chalicelib.core.money import to_decimal
from chalicelib.core.ramp import Receiver, Terms
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, kyc_links
from chalicelib.services.operations.arguments import Payload, Verb, decimal, text
from chalicelib.services.ramp import accounts, moves, orders, partners
from chalicelib.stores import users
from chalicelib.stores.ramp.orders import Order
from chalicelib.stores.ramp.partners import Partner

#: Who did it, if nobody says: IAM knows who may.
SOMEBODY: Final = "operator"
#: Our bank account, as its fields are named on the command line (``--receive-bank-name``) → as `core.ramp.Receiver` does.
RECEIVER: Final[Mapping[str, str]] = {
    "receive_account": "account",
    "receive_first_name": "first_name",
    "receive_middle_name": "middle_name",
    "receive_last_name": "last_name",
    "receive_country": "country",
    "receive_province": "province",
    "receive_city": "city",
    "receive_addr": "address",
    "receive_bank_name": "bank_name",
    "receive_bank_address": "bank_address",
    "bank_country_code": "bank_country",
    "bank_province": "bank_province",
    "bank_city": "bank_city",
    "bank_swift_code": "swift",
}


def ramp(payload: Payload) -> dict[str, Any]:
    """Partners and orders of the fiat ramp: see `_ACTIONS` for what each ``action`` takes."""
    action = text(payload, "action")
    if action not in _ACTIONS:
        raise Refused(Reason.PARAMETER_INVALID, "action")
    act, fields = _ACTIONS[action]
    for name in payload:
        if name not in {*fields, "verb", "action"}:
            raise Refused(Reason.PARAMETER_INVALID, name)
    return act(payload)


def _add_partner(payload: Payload) -> dict[str, Any]:
    return _shown(partners.add(text(payload, "source"), _terms(payload), _receiver(payload)))


def _renew_key(payload: Payload) -> dict[str, Any]:
    return _shown(partners.renew(text(payload, "source")))


def _set_rate(payload: Payload) -> dict[str, Any]:
    """Another rate; fees stay as they are where none are named."""
    standing = partners.get(text(payload, "source"))
    partners.set_terms(standing.source, _terms(payload, standing.terms))
    return _partner(partners.get(standing.source))


def _set_receiver(payload: Payload) -> dict[str, Any]:
    source = text(payload, "source")
    partners.set_receiver(source, _receiver(payload))
    return _partner(partners.get(source))


def _partners(_: Payload) -> dict[str, Any]:
    return {"partners": [_partner(found) for found in partners.every()]}


def _link(payload: Payload) -> dict[str, Any]:
    """Let a partner's account stand for somebody who has one with us: an operator who knows that they are the same."""
    source, account, uid = (text(payload, name) for name in ("source", "account", "uid"))
    if users.get(uid) is None:
        raise Refused(Reason.NO_SUCH_USER, "uid")
    if accounts.link(partners.get(source).source, account, uid, vouched=True) != uid:
        raise Refused(Reason.PARAMETER_INVALID, "account")
    return {"source": source, "account": account, "uid": uid, "cardStatus": accounts.status_of(uid)}


def _kyc_link(payload: Payload) -> dict[str, Any]:
    """A link to the identification page for one of a partner's customers, good for a day."""
    source = partners.get(text(payload, "source")).source
    return {"url": kyc_links.mint(source, text(payload, "account"), clock.now_ms())}


def _approve(payload: Payload) -> dict[str, Any]:
    return _order(moves.approve(*_named(payload), _by(payload), _why(payload)))


def _reject(payload: Payload) -> dict[str, Any]:
    return _order(moves.reject(*_named(payload), _by(payload), _why(payload)))


def _paid(payload: Payload) -> dict[str, Any]:
    return _order(moves.pay(*_named(payload), _by(payload), _why(payload)))


def _release(payload: Payload) -> dict[str, Any]:
    return _order(moves.release(*_named(payload), _by(payload), _why(payload)))


def _bank_credit(payload: Payload) -> dict[str, Any]:
    """Money has come in: ``note_code`` and ``amount`` (of fiat money) find the order that it pays for."""
    legal = rules.amount(str(decimal(payload, "amount")), rules.FIAT_DECIMALS, "amount")
    named = {name: str(payload[name]) for name in ("source", "order_no") if payload.get(name)}
    return _order(moves.credit(text(payload, "note_code"), legal, _by(payload), _why(payload), **named))


def _list(payload: Payload) -> dict[str, Any]:
    """Orders that have not ended, the oldest first; at most a hundred."""
    return {"orders": [_order(order) for order in orders.unended(payload.get("source") or None)]}


def _show(payload: Payload) -> dict[str, Any]:
    """All there is to know of an order: who pays, where the money goes, what has been done to it; and as whom its customer
    was identified, for whoever approves has to compare the names."""
    order = moves.find(payload.get("source") or None, text(payload, "order_no"))
    payer, receiver = orders.people(order)
    return {
        **_order(order),
        "realName": identity.approved_name(order.uid) or "",
        "payer": asdict(payer),
        "receiver": asdict(receiver),
        "log": [
            {"move": moved.move, "status": moved.status, "at": moved.at, "by": moved.by, "why": moved.why}
            for moved in order.moves
        ],
    }


def _named(payload: Payload) -> tuple[str, str]:
    """(source, order number) of the order that a payload names."""
    found = moves.find(payload.get("source") or None, text(payload, "order_no"))
    return found.source, found.order_no


def _by(payload: Payload) -> str:
    return str(payload.get("by") or SOMEBODY)[: rules.REASON_CHARACTERS_MAX]


def _why(payload: Payload) -> str:
    why = str(payload.get("reason") or "")
    if len(why) > rules.REASON_CHARACTERS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "reason")
    return why


def _terms(payload: Payload, standing: Terms | None = None) -> Terms:
    def fee(name: str, before: int) -> Decimal:
        return decimal(payload, name) if name in payload else to_decimal(before)

    return rules.terms(
        decimal(payload, "rate"),
        fee("fee_rate", standing.fee if standing else 0),
        fee("channel_fee_rate", standing.channel_fee if standing else 0),
    )


def _receiver(payload: Payload) -> Receiver:
    """Our bank account: empty, or with all that an account needs."""
    given = {RECEIVER[name]: text(payload, name) for name in RECEIVER if name in payload}
    if given and not {"account", "bank_name"} <= set(given):
        raise Refused(Reason.PARAMETER_MISSING, "receive_bank_name" if "account" in given else "receive_account")
    return rules.our_receiver(Receiver(**given))


def _shown(made: partners.Credentials) -> dict[str, Any]:
    return {"apiKey": made.api_key, "secretKey": made.secret}


def _partner(partner: Partner) -> dict[str, Any]:
    return {
        "source": partner.source,
        "apiKey": partner.api_key,
        "rate": _number(partner.terms.rate),
        "feeRate": _number(partner.terms.fee),
        "channelFeeRate": _number(partner.terms.channel_fee),
        "receiver": asdict(partner.receiver),
    }


def _order(order: Order) -> dict[str, Any]:
    """An order in short, as lists and moves answer it: without people and their accounts."""
    return {
        "source": order.source,
        "orderNo": order.order_no,
        "account": order.account,
        "uid": order.uid,
        "applyType": order.kind,
        "applyStatus": order.status,
        "legalAmount": _number(order.amounts.legal),
        "currencyAmount": _number(order.amounts.coins),
        "noteCode": order.note_code,
        "dateCreate": order.created,
        "deadlinePay": order.deadline,
    }


def _number(units: int) -> str:
    return format(to_decimal(units), "f")


_RATES: Final = frozenset({"source", "rate", "fee_rate", "channel_fee_rate"})
_ORDER: Final = frozenset({"source", "order_no", "reason", "by"})
#: Action → what does it, and the fields it takes. `source` may be left out where an order's number says enough.
_ACTIONS: Final[Mapping[str, tuple[Callable[[Payload], dict[str, Any]], frozenset[str]]]] = {
    "add-partner": (_add_partner, _RATES | RECEIVER.keys()),
    "renew-key": (_renew_key, frozenset({"source"})),
    "set-rate": (_set_rate, _RATES),
    "set-receiver": (_set_receiver, frozenset({"source"}) | RECEIVER.keys()),
    "partners": (_partners, frozenset()),
    "kyc-link": (_kyc_link, frozenset({"source", "account"})),
    "link": (_link, frozenset({"source", "account", "uid"})),
    "approve": (_approve, _ORDER),
    "reject": (_reject, _ORDER),
    "bank-credit": (_bank_credit, _ORDER | {"note_code", "amount"}),
    "paid": (_paid, _ORDER),
    "release": (_release, _ORDER),
    "list": (_list, frozenset({"source"})),
    "show": (_show, frozenset({"source", "order_no"})),
}

VERBS: dict[str, Verb] = {"ramp": (ramp, {"action", *(name for _, fields in _ACTIONS.values() for name in fields)})}
