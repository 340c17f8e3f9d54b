"""Registration, login, profile."""

from typing import Final

import msgspec

from chalicelib import settings
from chalicelib.api.draft import auth
from chalicelib.api.draft.account.routes import routes
from chalicelib.api.draft.auth import Caller
from chalicelib.api.draft.endpoint import Answer, endpoint
from chalicelib.api.edge.request import Request
from chalicelib.core import identity as rules
from chalicelib.core import passwords
from chalicelib.core.identity import Form
from chalicelib.services import identity

#: Where the mailed link leads: the draft has no path of its own for it.
_ACTIVATION: Final = "/api/v2/check_activation_code?token="


class RegisterBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new person; `pwdhash` is the password's MD5 in hexadecimal digits."""

    email: str
    pwdhash: str


@endpoint(routes, "POST", "/draft/api/v2/register")
def register(request: Request) -> object:
    """Make an account and mail the link that activates it. Answers the profile."""
    body = request.body_as(RegisterBody)
    address, pwdhash = rules.email(body.email), passwords.md5(body.pwdhash, "pwdhash")
    invitation = identity.Invitation(language=request.language, link=f"{settings.PUBLIC_URL}{_ACTIVATION}")
    return _profile(identity.register(address, Form.MD5_HEX, pwdhash, invitation))


@endpoint(routes, "GET", "/draft/api/v2/login")
def login(request: Request) -> object:
    """Exchange e-mail and password for a session cookie. Only these: an API token must not grow into a session."""
    user = auth.by_password(request, rehash=True)
    cookie = identity.begin_session(user, request.ip, request.user_agent)
    return Answer(_profile(user.uid), cookies=[auth.cookie_set(cookie)])


@endpoint(routes, "GET", "/draft/api/v2/user/profile", authenticated=True)
def profile(_request: Request, caller: Caller) -> object:
    """What the person is known by."""
    return _profile(caller.uid)


def _profile(uid: str) -> dict[str, object]:
    """`apiToken` names the oldest API token; its secret is shown by v2's profile to those who may see it."""
    user = identity.person(uid)
    return {
        "uid": int(user.uid),
        "name": user.nickname,
        "email": user.email,
        "mobile": identity.mobile_of(user),
        "apiToken": identity.oldest_token(user),
        "emailVerified": user.email_verified,
        "mobileVerified": user.mobile_verified,
        "googleAuthEnabled": user.totp_enabled,
    }
