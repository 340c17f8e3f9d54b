"""Operators and block chains: how far each is followed, and to follow one again from further back."""

from typing import Any

from chalicelib import settings
from chalicelib.core.identity import UID_BASE
from chalicelib.core.money import to_decimal
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import addresses, custody
from chalicelib.services.operations.arguments import Payload, Verb, count, text
from chalicelib.stores import chains, holdings

#: A Lambda's answer is at most 6 MB.
HOLDINGS_MAX = 10_000


def chain(payload: Payload) -> dict[str, Any]:
    """What ``action`` says: ``list``, how far each chain is followed; ``rescan``, read one (currency) again from a block
    (height) on; ``holdings``, the coins on people's deposit addresses, with the ends of their keys' paths."""
    match payload.get("action"):
        case "list":
            return {asset: _state(asset) for asset in custody.attached()}
        case "rescan":
            asset = _asset(payload)
            return {"currency": asset, "height": custody.rescan(asset, count(payload, "height"))}
        case "holdings":
            return {
                "holdings": [
                    {
                        "coin": one.coin,
                        "amount": str(to_decimal(one.amount)),
                        "address": one.address,
                        "path": f"{addresses.RECEIVING}/{int(one.uid) - UID_BASE}",
                    }
                    for one in holdings.there(_asset(payload), HOLDINGS_MAX)
                ]
            }
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "action")


def _asset(payload: Payload) -> str:
    asset = settings.exchange().asset(text(payload, "currency"))
    if asset is None:
        raise Refused(Reason.NO_SUCH_CURRENCY, "currency")
    return asset.id


def _state(asset: str) -> dict[str, Any]:
    found = chains.get(asset)
    if found is None:
        return {"height": None, "block": None, "payouts": []}
    return {"height": found.height, "block": found.hash, "payouts": sorted(found.open_payouts())}


VERBS: dict[str, Verb] = {"chain": (chain, {"action", "currency", "height"})}
