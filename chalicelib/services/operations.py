"""What operators can do: one verb per request, invoked by IAM only. Answers are plain values."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib import settings
from chalicelib.core.kyc import Status
from chalicelib.core.money import to_decimal
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import audit as audits
from chalicelib.services import identity, klines, matching, reserves, wallet
from chalicelib.stores import commands


def run(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Do what ``payload["verb"]`` says; the other fields are its arguments. A refusal is an answer: ``{"error": …}``."""
    try:
        return _VERBS.get(str(payload.get("verb")), _unknown)(payload)
    except Refused as refusal:
        return {"error": refusal.reason.value, "parameter": refusal.parameter}


def credit(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Credit a deposit: uid, currency, amount (a decimal as text), optional txid (then it counts once)."""
    try:
        amount = Decimal(_text(payload, "amount"))
    except InvalidOperation as error:
        raise Refused(Reason.PARAMETER_INVALID, "amount") from error
    txid = payload.get("txid")
    deposit = wallet.credit(
        _text(payload, "uid"), _text(payload, "currency"), amount, None if txid is None else str(txid)
    )
    return {
        "transfer": deposit.id,
        "uid": deposit.uid,
        "currency": deposit.asset,
        "amount": str(to_decimal(deposit.amount)),
        "at": deposit.at,
    }


def audit(_: Mapping[str, Any]) -> dict[str, Any]:
    """Check the invariants of the ledger: what was checked, and each violation."""
    findings = audits.audit()
    return {"checked": dict(findings.checked), "violations": findings.violations}


def halt(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Have a market refuse new orders, from where its queue stands now. Cancels still pass."""
    return _halt(payload, halt=True)


def resume(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Have a halted market take orders again."""
    return _halt(payload, halt=False)


def kyc(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Review real names: ``action`` is list, approve (uid) or refuse (uid, reason, which the person may be shown)."""
    match payload.get("action"):
        case "list":
            return {
                "waiting": [
                    {
                        "uid": found.record.uid,
                        "submitted": found.record.submitted,
                        "realName": found.claim.real_name,
                        "location": found.claim.location,
                        "identiType": found.claim.paper,
                        "idNumber": found.claim.number,
                    }
                    for found in identity.claims_waiting()
                ]
            }
        case "approve":
            uid = _text(payload, "uid")
            identity.review(uid, Status.APPROVED, "")
            return {"uid": uid, "status": Status.APPROVED}
        case "refuse":
            uid, reason = _text(payload, "uid"), _text(payload, "reason")
            identity.review(uid, Status.REFUSED, reason)
            return {"uid": uid, "status": Status.REFUSED, "reason": reason}
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "action")


def _unknown(_: Mapping[str, Any]) -> dict[str, Any]:
    raise Refused(Reason.PARAMETER_INVALID, "verb")


def replay(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Fold a market's archive and journal anew and hold the outcome against what is live: every difference."""
    return matching.replay(_market(payload))


def rebuild(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Write a market's orders and trades anew from its journal: a part of the work, to go on `since` where it ended."""
    since = str(payload.get("since", "0"))
    if not (since.isascii() and since.isdigit()):
        raise Refused(Reason.PARAMETER_INVALID, "since")
    market = _market(payload)
    progress = matching.rebuild(market, int(since))
    return {"market": market, "seq": progress.seq, "last": progress.last, "done": progress.done}


def add_address(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Register an address of ours: currency, address, kind (hot or cold), signature of "coinport" by its key."""
    added = reserves.add_address(
        _text(payload, "currency"),
        _text(payload, "address"),
        _text(payload, "kind"),
        str(payload.get("signature") or ""),
    )
    return {"currency": added.asset, "address": added.address, "kind": added.kind}


def set_address_balance(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Say what an address of ours holds: currency, address, amount (a decimal as text). The asset's sums are the answer."""
    try:
        amount = Decimal(_text(payload, "amount"))
    except InvalidOperation as error:
        raise Refused(Reason.PARAMETER_INVALID, "amount") from error
    sums = reserves.set_address_balance(_text(payload, "currency"), _text(payload, "address"), amount)
    return {kind: str(to_decimal(getattr(sums, kind))) for kind in ("hot", "cold", "user", "owed")}


def rebuild_klines(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Write a market's candles anew from its journal: a part of the work, to be asked for again until it is `done`."""
    progress = klines.rebuild(_text(payload, "market"))
    return {"market": progress.market, "seq": progress.seq, "last": progress.last, "done": progress.done}


def _market(payload: Mapping[str, Any]) -> str:
    market = settings.exchange().market(_text(payload, "market"))
    if market is None:
        raise Refused(Reason.NO_SUCH_MARKET, "market")
    return market.id


def _halt(payload: Mapping[str, Any], *, halt: bool) -> dict[str, Any]:
    market = _market(payload)
    commands.send_halt(market, halt=halt)
    return {"market": market, "halt" if halt else "resume": "sent"}


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if value is None or value == "":
        raise Refused(Reason.PARAMETER_MISSING, name)
    return str(value)


_VERBS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "credit": credit,
    "audit": audit,
    "halt": halt,
    "resume": resume,
    "rebuild": rebuild,
    "rebuild-klines": rebuild_klines,
    "add-address": add_address,
    "set-address-balance": set_address_balance,
    "replay": replay,
    "kyc": kyc,
}
