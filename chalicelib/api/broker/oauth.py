"""OAuth 2.0: an application asks for a person, exchanges the code that a sign-up or login gave it, and asks who it is.

The document has the first of the three; the other two are ours, by RFC 6749 and RFC 6750.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

import msgspec
from chalice.app import Blueprint

from chalicelib.api.broker import parameters, people, words
from chalicelib.api.broker.endpoint import Answer, endpoint
from chalicelib.api.broker.errors import STATUSES, code_of, message
from chalicelib.api.edge.request import Request
from chalicelib.core import oauth as rules
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import oauth

routes = Blueprint(__name__)

#: Who asks people for their consent.
EXCHANGE: Final = "COINPORT"
GRANT: Final = "authorization_code"
#: What RFC 6749, section 5.2, calls a refusal.
ERRORS: Final[Mapping[Reason, str]] = {
    Reason.OAUTH_CLIENT: "invalid_client",
    Reason.OAUTH_CODE: "invalid_grant",
    Reason.OAUTH_CODE_USED: "invalid_grant",
    Reason.REDIRECT_URI: "invalid_grant",
}


class AuthorizeBody(msgspec.Struct):
    """What an application asks for. The last two are PKCE's."""

    response_type: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    state: str = ""
    scope: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""


class TokenBody(msgspec.Struct):
    """A code to be exchanged, and who exchanges it unless the Authorization header says so."""

    grant_type: str = ""
    code: str = ""
    redirect_uri: str = ""
    client_id: str = ""
    client_secret: str = ""
    code_verifier: str = ""


@endpoint(routes, "POST", "/api/oauth2/authorize", from_anywhere=True)
def authorize(request: Request) -> object:
    """Have an application wait for a sign-up or login that names the request, and say what it asks for."""
    # The state comes back as it was sent (RFC 6749, section 4.1.2): an application compares it.
    body = parameters.read(request, AuthorizeBody, untouched={"state"})
    if body.response_type != "code":
        raise Refused(Reason.OAUTH_RESPONSE_TYPE, "response_type")
    client = oauth.find_client(body.client_id)
    wish = rules.wish(
        client, body.redirect_uri, body.state, body.scope, body.code_challenge, body.code_challenge_method
    )
    asked = oauth.authorize(client, wish)
    english = request.language == "en"
    return {
        "requestId": asked.request_id,
        "brokerName": EXCHANGE,
        "appName": client.name,
        "functions": [
            {"id": one.id, "function": one.name, "name": one.en if english else one.zh} for one in asked.functions
        ],
    }


@endpoint(routes, "POST", "/api/oauth2/access_token", from_anywhere=True)
def access_token(request: Request) -> object:
    """Exchange a code for an access token. A refusal is told in RFC 6749's words too."""
    basic = _basic(request)
    try:
        made = _exchanged(request, basic)
    except Refused as refused:
        return _refusal(request, refused, basic=basic is not None)
    answer = {
        "access_token": made.token,
        "token_type": "Bearer",
        "expires_in": made.expires_s,
        "scope": " ".join(made.scope),
    }
    return Answer(answer, headers={"Pragma": "no-cache"})


@endpoint(routes, "GET", "/api/oauth2/user_info")
def user_info(request: Request) -> object:
    """The person whom an access token stands for."""
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    try:
        user = oauth.who(token.strip() if scheme.lower() == "bearer" else "")
    except Refused as refused:
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"' if scheme else "Bearer"}
        return Answer(_spelt(request, refused), STATUSES[code_of(refused)], headers)
    return {
        "userId": user.uid,
        "registerType": words.REGISTERED_BY[user.registered_by],
        **people.contact(user),
        "nickname": user.nickname,
        "registerDate": str(user.created),
    }


def _exchanged(request: Request, basic: tuple[str, str] | None) -> oauth.Exchanged:
    body = parameters.read(request, TokenBody)
    if body.grant_type != GRANT:
        raise Refused(Reason.PARAMETER_INVALID, "grant_type")
    if basic is not None and (body.client_secret or body.client_id not in {"", basic[0]}):
        raise Refused(Reason.PARAMETER_INVALID, "client_id")  # at most one way to say who asks
    client = oauth.prove_client(*(basic or (body.client_id, body.client_secret)))
    code, uri = parameters.given(body.code, "code"), parameters.given(body.redirect_uri, "redirect_uri")
    return oauth.exchange(client, code, uri, body.code_verifier)


def _basic(request: Request) -> tuple[str, str] | None:
    """The id and the secret of HTTP Basic authentication (RFC 6749, section 2.3.1), if the request has some."""
    scheme, _, credentials = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""  # nobody's
    return unquote_plus(name), unquote_plus(secret)


def _refusal(request: Request, refused: Refused, *, basic: bool) -> Answer:
    name = ERRORS.get(refused.reason, "invalid_request")
    if refused.parameter == "grant_type":
        name = "unsupported_grant_type"
    spelt = _spelt(request, refused)
    headers = {"WWW-Authenticate": 'Basic realm="oauth2"'} if basic and name == "invalid_client" else {}
    answer = {**spelt, "error": name, "error_description": message(refused, "en")}
    return Answer(answer, 401 if name == "invalid_client" else 400, headers)


def _spelt(request: Request, refused: Refused) -> dict[str, object]:
    return {"code": code_of(refused), "msg": message(refused, request.language)}
