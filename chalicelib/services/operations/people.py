"""Operators and people: review real names, ask strangers for a captcha."""

from typing import Any

from chalicelib.core.kyc import Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import captcha, identity
from chalicelib.services.operations.arguments import Payload, Verb, text


def kyc(payload: Payload) -> dict[str, Any]:
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
            uid = text(payload, "uid")
            identity.review(uid, Status.APPROVED, "")
            return {"uid": uid, "status": Status.APPROVED}
        case "refuse":
            uid, reason = text(payload, "uid"), text(payload, "reason")
            identity.review(uid, Status.REFUSED, reason)
            return {"uid": uid, "status": Status.REFUSED, "reason": reason}
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "action")


def ask_captcha(payload: Payload) -> dict[str, Any]:
    """Have anonymous senders of codes ask for a captcha: ``action`` is on (id, key: Geetest's) or off."""
    match payload.get("action"):
        case "on":
            captcha.configure(text(payload, "id"), text(payload, "key"))
            return {"captcha": text(payload, "id")}
        case "off":
            captcha.switch_off()
            return {"captcha": None}
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "action")


VERBS: dict[str, Verb] = {
    "kyc": (kyc, {"action", "uid", "reason"}),
    "captcha": (ask_captcha, {"action", "id", "key"}),
}
