"""What operators can do: one verb per request, invoked by IAM only. Answers are plain values.

A file per noun, each with its `VERBS`: what does a verb, and the fields it takes. A verb about several things has an
``action`` (``ops kyc approve --uid …`` on the command line).
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.operations import addresses, applications, chains, ledger, markets, people, ramp, transfers
from chalicelib.services.operations.arguments import Verb

_VERBS: Mapping[str, Verb] = {
    **ledger.VERBS,
    **transfers.VERBS,
    **markets.VERBS,
    **people.VERBS,
    **addresses.VERBS,
    **chains.VERBS,
    **applications.VERBS,
    **ramp.VERBS,
}


def run(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Do what ``payload["verb"]`` says; the other fields are its arguments. A refusal is an answer: ``{"error": …}``."""
    try:
        return _act(str(payload.get("verb")), payload)
    except Refused as refusal:
        return {"error": refusal.reason.value, "parameter": refusal.parameter}


def _act(verb: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    if verb not in _VERBS:
        raise Refused(Reason.PARAMETER_INVALID, "verb")
    act, fields = _VERBS[verb]
    for name in payload:
        # A field that a verb does not have is refused: ``--tx-id`` must not credit without a ``--txid``.
        if name not in fields and name != "verb":
            raise Refused(Reason.PARAMETER_INVALID, name)
    return act(payload)
