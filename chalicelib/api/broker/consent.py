"""An application that waits for a sign-up or a login: what these answer it with."""

from typing import Any

from chalicelib.core.identity import User
from chalicelib.core.reasons import Reason, Refused


def wished(is_oauth: str, request_id: str) -> str:
    """The request that a sign-up or login names, "" for none; to be asked before anything is done.

    Raises `Refused`: PARAMETER_MISSING, OAUTH_REQUEST.
    """
    if is_oauth.lower() != "true":
        return ""
    if not request_id:
        raise Refused(Reason.PARAMETER_MISSING, "oauth_request_id")
    from chalicelib.services import oauth  # most logins are for nobody else

    oauth.check_request(request_id)
    return request_id


def given(request_id: str, user: User) -> dict[str, Any]:
    """The field with which the answer of a sign-up or login carries the code; none if no application waits.

    Raises `Refused` (OAUTH_REQUEST) when another login was quicker.
    """
    if not request_id:
        return {}
    from chalicelib.services import oauth

    consent = oauth.consent(request_id, user)
    return {
        "oAuthCodeResult": {
            "code": consent.code,
            "expired": str(consent.expires),
            "state": consent.wish.state,
            "redirectUrl": consent.wish.redirect_uri,
        }
    }
