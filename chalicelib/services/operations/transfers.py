"""Operators and what comes and goes: deposits that wait for a word, withdrawals above a limit or paid by hand."""

from collections.abc import Iterable
from typing import Any

from chalicelib import settings
from chalicelib.core.money import to_decimal
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.transfers import Kind
from chalicelib.services import wallet
from chalicelib.services.operations.arguments import Payload, Verb, count, text
from chalicelib.stores.transfers import Move, Transfer


def deposit(payload: Payload) -> dict[str, Any]:
    """Deposits that are under way: ``action`` is list (currency may be left out), approve (id) or reject (id, reason).

    An approved one is credited whatever its chain says. Of one that was credited and is gone, reject takes the money back.
    `show` (id) tells how one came to be what it is, also a credited one by its key (``deposit:<currency>:<txid>:<output>``).
    """
    match payload.get("action"):
        case "list":
            return {"deposits": [_shown(one) for one in wallet.under_way(Kind.DEPOSIT, _asset(payload))]}
        case "show":
            return _story(*wallet.deposit_with_log(text(payload, "id")))
        case "approve":
            return _shown(wallet.approve_deposit(count(payload, "id")))
        case "reject":
            return _shown(wallet.reject_deposit(count(payload, "id"), text(payload, "reason")))
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "action")


def withdrawal(payload: Payload) -> dict[str, Any]:
    """Withdrawals that are under way: ``action`` is list (currency), approve (id), reject (id, reason), paid (id, txid) or
    doubt (id, reason).

    What is approved is paid by custody where a node of ours pays the coin; else by the operator, who then says `paid`. What
    custody pays an operator stops by `doubt`, and decides then.
    `show` (id) tells how one came to be what it is.
    """
    match payload.get("action"):
        case "list":
            return {"withdrawals": [_payable(one) for one in wallet.under_way(Kind.WITHDRAWAL, _asset(payload))]}
        case "show":
            found, moves = wallet.withdrawal_with_log(count(payload, "id"))
            log = [{"from": move.start, "to": move.to, "by": move.by, "why": move.why, "at": move.at} for move in moves]
            return {**_payable(found), "moves": log}
        case "approve":
            return _payable(wallet.approve_withdrawal(count(payload, "id")))
        case "reject":
            return _shown(wallet.reject_withdrawal(count(payload, "id"), text(payload, "reason")))
        case "doubt":
            return _shown(wallet.doubt_withdrawal(count(payload, "id"), text(payload, "reason")))
        case "paid":
            return _shown(wallet.paid_withdrawal(count(payload, "id"), str(payload.get("txid") or "")))
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "action")


def _asset(payload: Payload) -> str | None:
    name = payload.get("currency")
    if not name:
        return None
    found = settings.exchange().asset(str(name))
    if found is None:
        raise Refused(Reason.NO_SUCH_CURRENCY, "currency")
    return found.id


def _shown(one: Transfer) -> dict[str, Any]:
    return {
        "id": one.number,
        "uid": one.uid,
        "currency": one.asset,
        "amount": str(to_decimal(one.amount)),
        "status": one.status.value,
        "created": one.created,
        "updated": one.updated,
        "address": one.address,
        "txid": one.txid,
    }


def _story(one: Transfer, moves: Iterable[Move]) -> dict[str, Any]:
    log = [{"from": move.start, "to": move.to, "by": move.by, "why": move.why, "at": move.at} for move in moves]
    return {**_shown(one), "moves": log}


def _payable(one: Transfer) -> dict[str, Any]:
    """With all that is needed to pay it: what is left after the fee, and the whole of a bank card."""
    return {
        **_shown(one),
        "address": wallet.full_address(one),
        "memo": one.memo,
        "fee": str(to_decimal(one.fee)),
        "to_pay": str(to_decimal(one.amount - one.fee)),
    }


VERBS: dict[str, Verb] = {
    "deposit": (deposit, {"action", "currency", "id", "reason"}),
    "withdrawal": (withdrawal, {"action", "currency", "id", "reason", "txid"}),
}
