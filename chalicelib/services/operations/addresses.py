"""Operators and the exchange's own addresses: register them, say what they hold."""

from typing import Any

from chalicelib.core.money import to_decimal
from chalicelib.services import reserves
from chalicelib.services.operations.arguments import Payload, Verb, decimal, text


def add_address(payload: Payload) -> dict[str, Any]:
    """Register an address of ours: currency, address, kind (hot or cold), signature of "coinport" by its key."""
    added = reserves.add_address(
        text(payload, "currency"), text(payload, "address"), text(payload, "kind"), str(payload.get("signature") or "")
    )
    return {"currency": added.asset, "address": added.address, "kind": added.kind}


def set_address_balance(payload: Payload) -> dict[str, Any]:
    """Say what an address of ours holds: currency, address, amount (a decimal as text). The asset's sums are the answer."""
    amount = decimal(payload, "amount")
    sums = reserves.set_address_balance(text(payload, "currency"), text(payload, "address"), amount)
    return {kind: str(to_decimal(getattr(sums, kind))) for kind in ("hot", "cold", "user", "owed")}


VERBS: dict[str, Verb] = {
    "add-address": (add_address, {"currency", "address", "kind", "signature"}),
    "set-address-balance": (set_address_balance, {"currency", "address", "amount"}),
}
