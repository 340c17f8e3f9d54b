"""Operators and the ledger: credit a deposit, have the invariants checked."""

from typing import Any

from chalicelib.core.money import to_decimal
from chalicelib.services import audit as audits
from chalicelib.services import wallet
from chalicelib.services.operations.arguments import Payload, Verb, count, decimal, text


def credit(payload: Payload) -> dict[str, Any]:
    """Credit a deposit: uid, currency, amount (a decimal as text), optional txid (then it counts once).

    Of Bitcoin's family the txid has its output behind it: ``txid:output``.
    """
    amount = decimal(payload, "amount")
    txid = payload.get("txid")
    deposit = wallet.credit(
        text(payload, "uid"), text(payload, "currency"), amount, None if txid is None else str(txid)
    )
    return {
        "transfer": deposit.id,
        "uid": deposit.uid,
        "currency": deposit.asset,
        "amount": str(to_decimal(deposit.amount)),
        "at": deposit.created,
    }


def audit(payload: Payload) -> dict[str, Any]:
    """Check the invariants of the ledger: what was checked, and each violation.

    Effects of a market's last entry may be missing for three minutes, or for ``owed_ms`` (0: not at all).
    """
    findings = audits.audit(count(payload, "owed_ms", audits.OWED_MS))
    return {"checked": dict(findings.checked), "violations": findings.violations}


VERBS: dict[str, Verb] = {
    "credit": (credit, {"uid", "currency", "amount", "txid"}),
    "audit": (audit, {"owed_ms"}),
}
