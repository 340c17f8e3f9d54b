"""Operators and block chains: how far each is followed, and to follow one again from further back."""

from typing import Any

from chalicelib import settings
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import custody
from chalicelib.services.operations.arguments import Payload, Verb, count, text
from chalicelib.stores import chains


def chain(payload: Payload) -> dict[str, Any]:
    """What ``action`` says: ``list``, how far each chain is followed; ``rescan``, read one (currency) again from a block
    (height) on."""
    match payload.get("action"):
        case "list":
            return {asset: _state(asset) for asset in custody.attached()}
        case "rescan":
            asset = settings.exchange().asset(text(payload, "currency"))
            if asset is None:
                raise Refused(Reason.NO_SUCH_CURRENCY, "currency")
            return {"currency": asset.id, "height": custody.rescan(asset.id, count(payload, "height"))}
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "action")


def _state(asset: str) -> dict[str, Any]:
    found = chains.get(asset)
    if found is None:
        return {"height": None, "block": None, "payouts": []}
    return {"height": found.height, "block": found.hash, "payouts": sorted(found.open_payouts())}


VERBS: dict[str, Verb] = {"chain": (chain, {"action", "currency", "height"})}
