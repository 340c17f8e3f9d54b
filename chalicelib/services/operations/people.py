"""Operators and people: review real names, ask strangers for a captcha."""

from typing import Any

from chalicelib import settings
from chalicelib.core.kyc import Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import Upload
from chalicelib.services import captcha, identity, uploads
from chalicelib.services.operations.arguments import Payload, Verb, text
from chalicelib.stores.kyc import Opened


def kyc(payload: Payload) -> dict[str, Any]:
    """Review real names: ``action`` is list, approve (uid) or refuse (uid, reason, which the person may be shown)."""
    match payload.get("action"):
        case "list":
            return {"waiting": [_shown(found) for found in identity.claims_waiting()]}
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


def _shown(found: Opened) -> dict[str, Any]:
    """A claim as an operator looks at it. What it does not tell is left out; links to photos are good for ten minutes."""
    claim = found.claim
    more = {name: getattr(claim, name) for name in _MORE}
    photos = {name: getattr(claim, name) for name in ("front", "hand")}
    return {
        "uid": found.record.uid,
        "submitted": found.record.submitted,
        "realName": claim.real_name,
        "location": claim.location,
        "identiType": claim.paper,
        "idNumber": claim.number,
        **{name: value for name, value in more.items() if value},
        **{name: settings.PUBLIC_URL + uploads.url(Upload(photo)) for name, photo in photos.items() if photo},
    }


_MORE = ("surname", "given", "middle", "gender", "nationality", "born", "address", "occupation", "income")

VERBS: dict[str, Verb] = {
    "kyc": (kyc, {"action", "uid", "reason"}),
    "captcha": (ask_captcha, {"action", "id", "key"}),
}
