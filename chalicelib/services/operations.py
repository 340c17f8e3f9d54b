"""What operators can do: one verb per request, invoked by IAM only. Answers are plain values."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
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
        verb = str(payload.get("verb"))
        act, fields = _VERBS.get(verb, (_unknown, frozenset(payload)))
        for name in payload:
            _known(name, fields | {"verb"})
        return act(payload)
    except Refused as refusal:
        return {"error": refusal.reason.value, "parameter": refusal.parameter}


def credit(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Credit a deposit: uid, currency, amount (a decimal as text), optional txid (then it counts once)."""
    amount = _amount(payload)
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


def audit(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Check the invariants of the ledger: what was checked, and each violation.

    Effects of a market's last entry may be missing for three minutes, or for ``owed_ms`` (0: not at all).
    """
    findings = audits.audit(_count(payload, "owed_ms", audits.OWED_MS))
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
    since = _count(payload, "since", 0)
    market = _market(payload)
    progress = matching.rebuild(market, since)
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
    amount = _amount(payload)
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


def _known(name: str, fields: AbstractSet[str]) -> None:
    """A field that a verb does not have is refused: ``--tx-id`` must not credit without a ``--txid``."""
    if name not in fields:
        raise Refused(Reason.PARAMETER_INVALID, name)


def _amount(payload: Mapping[str, Any]) -> Decimal:
    """The amount, written plainly: Decimal itself would also read ``1_0`` and digits of other scripts."""
    text = _text(payload, "amount")
    if not _PLAIN.fullmatch(text):
        raise Refused(Reason.PARAMETER_INVALID, "amount")
    return Decimal(text)


_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


def _count(payload: Mapping[str, Any], name: str, default: int) -> int:
    """A whole number that may be left out."""
    text = str(payload.get(name, default))
    if not (text.isascii() and text.isdigit()):
        raise Refused(Reason.PARAMETER_INVALID, name)
    return int(text)


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if value is None or value == "":
        raise Refused(Reason.PARAMETER_MISSING, name)
    return str(value)


#: Verb → what does it, and the fields it takes.
_VERBS: Mapping[str, tuple[Callable[[Mapping[str, Any]], dict[str, Any]], frozenset[str]]] = {
    "credit": (credit, frozenset({"uid", "currency", "amount", "txid"})),
    "audit": (audit, frozenset({"owed_ms"})),
    "halt": (halt, frozenset({"market"})),
    "resume": (resume, frozenset({"market"})),
    "rebuild": (rebuild, frozenset({"market", "since"})),
    "rebuild-klines": (rebuild_klines, frozenset({"market"})),
    "add-address": (add_address, frozenset({"currency", "address", "kind", "signature"})),
    "set-address-balance": (set_address_balance, frozenset({"currency", "address", "amount"})),
    "replay": (replay, frozenset({"market"})),
    "kyc": (kyc, frozenset({"action", "uid", "reason"})),
}
