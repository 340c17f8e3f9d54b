"""Registration, activation, login and API tokens."""

from typing import Final, Literal

import msgspec

from chalicelib import settings
from chalicelib.api.coinport import auth
from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import Answer, endpoint
from chalicelib.api.coinport.identity.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.core import identity as rules
from chalicelib.core.identity import Form
from chalicelib.services import identity

_CHECK_PATH: Final = "/api/v2/check_activation_code"
DONE: Final = {"result": True}


class Mailed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What decides how a mail is written. Without `lang` it is in the language of the request."""

    email: str
    exchangeVersion: Literal["v2"] | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - the document's name
    lang: Literal["zh", "en"] | msgspec.UnsetType = msgspec.UNSET


class RegisterBody(Mailed, forbid_unknown_fields=True, kw_only=True):
    """A new person."""

    pwdhash: str


class TokenOnly(msgspec.Struct, forbid_unknown_fields=True):
    """A token: mailed, or of the API."""

    token: str


class NoBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an endpoint that takes none."""


@endpoint(routes, "POST", "/api/v2/register")
def register(request: Request) -> object:
    """Make an account and mail the link that activates it. Answers the uid."""
    body = request.body_as(RegisterBody)
    address, pwdhash = rules.email(body.email), rules.pwdhash(body.pwdhash)
    uid = identity.register(address, Form.SHA256_BASE64, pwdhash, invitation(request, body, _CHECK_PATH))
    return {"uid": int(uid)}


@endpoint(routes, "POST", "/api/v2/send_activation_code")
def send_activation_code(request: Request) -> object:
    """Mail the link once more. The answer is the same whoever the address belongs to."""
    body = request.body_as(Mailed)
    identity.send_activation(rules.email(body.email), request.ip, invitation(request, body, _CHECK_PATH))
    return DONE


@endpoint(routes, "GET", _CHECK_PATH, query=TokenOnly)
def check_activation_code(request: Request) -> object:
    """Activate an account by the token of its mail: the link that the mail holds."""
    identity.activate(request.query_as(TokenOnly).token)
    return DONE


@endpoint(routes, "POST", _CHECK_PATH)
def check_activation_code_posted(request: Request) -> object:
    """The same, as the document's list of endpoints has it."""
    identity.activate(request.body_as(TokenOnly).token)
    return DONE


@endpoint(routes, "GET", "/api/v2/login")
def login(request: Request) -> object:
    """Exchange e-mail and password for a session cookie. Only these: an API token must not grow into a session."""
    user = auth.by_password(request, rehash=True)
    cookie = identity.begin_session(user, request.ip, request.user_agent)
    return Answer({"uid": int(user.uid), "email": user.email}, cookies=[auth.cookie_set(cookie)])


@endpoint(routes, "GET", "/api/v2/logout")
def logout(request: Request) -> object:
    """End the session, if there is one, and have the browser forget it."""
    identity.end_session(request.cookies.get(auth.COOKIE, ""))
    return Answer(None, cookies=[auth.cookie_cleared()])


@endpoint(routes, "GET", "/api/v2/user/profile", authenticated=True)
def profile(_request: Request, caller: Caller) -> object:
    """What the person is known by, and the API tokens with their secrets."""
    found = identity.profile(caller.uid)
    user = found.user
    return {
        "uid": int(user.uid),
        "email": user.email,
        "mobile": found.mobile,
        "apiTokenPairs": [[pair.token, pair.secret] for pair in found.api_tokens],
        "emailVerified": user.email_verified,
        "mobileVerified": user.mobile_verified,
        "googleAuthEnabled": user.totp_enabled,
    }


@endpoint(routes, "POST", "/api/v2/user/add_api_token", authenticated=True)
def add_api_token(request: Request, caller: Caller) -> object:
    """Make an API token. Ours: the document leaves open where tokens come from."""
    request.body_as(NoBody)
    made = identity.add_api_token(caller.uid)
    return {"token": made.token, "secret": made.secret}


@endpoint(routes, "POST", "/api/v2/user/delete_api_token", authenticated=True)
def delete_api_token(request: Request, caller: Caller) -> object:
    """Take an API token away. Ours, as above."""
    identity.delete_api_token(caller.uid, request.body_as(TokenOnly).token)
    return DONE


def invitation(request: Request, body: Mailed, path: str) -> identity.Invitation:
    """How a mail with a link to `path` is written: in which language, to which of the exchange's hosts it leads."""
    origin = settings.PUBLIC_URL_V2 if body.exchangeVersion == "v2" else settings.PUBLIC_URL
    language = body.lang if isinstance(body.lang, str) else request.language
    return identity.Invitation(language=language, link=f"{origin}{path}?token=")
