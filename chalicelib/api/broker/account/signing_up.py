"""Registration, by mobile number or e-mail address, with a password or by a code alone. Whoever registered is logged in."""

from typing import Any

import msgspec

from chalicelib.api.broker import auth, consent, parameters, people
from chalicelib.api.broker.account.routes import routes
from chalicelib.api.broker.endpoint import Answer, endpoint
from chalicelib.api.broker.passwords import agreed
from chalicelib.api.edge.request import Request
from chalicelib.core.identity import Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity


class Proved(msgspec.Struct, kw_only=True):
    """A code, who brought the person along, and whether an application waits for the person's consent."""

    order_id: str = ""
    verify_code: str = ""
    invite_code: str = ""
    is_oauth: str = ""
    oauth_request_id: str = ""


class MobileSignUp(Proved, kw_only=True):
    """Registration by mobile number."""

    national_code: str
    mobile: str
    password1: str = ""
    password2: str = ""


class EmailSignUp(Proved, kw_only=True):
    """Registration by e-mail address."""

    email: str
    password1: str = ""
    password2: str = ""


class QuickSignUp(Proved, kw_only=True):
    """Registration without a password."""

    register_type: str
    national_code: str = ""
    mobile: str = ""
    email: str = ""


@endpoint(routes, "POST", "/api/user/mobile_sign_up")
def mobile_sign_up(request: Request) -> object:
    """Register with a mobile number and a password."""
    body = parameters.read(request, MobileSignUp)
    sent = parameters.sent(body.order_id, body.verify_code)
    name = parameters.number(body.national_code, body.mobile)
    return _registered(request, body, name, agreed(body.password1, body.password2), sent, Purpose.SIGN_UP)


@endpoint(routes, "POST", "/api/user/email_sign_up")
def email_sign_up(request: Request) -> object:
    """Register with an e-mail address and a password."""
    body = parameters.read(request, EmailSignUp)
    sent = parameters.sent(body.order_id, body.verify_code)
    name = parameters.address(body.email)
    return _registered(request, body, name, agreed(body.password1, body.password2), sent, Purpose.SIGN_UP)


@endpoint(routes, "POST", "/api/user/quick_sign_up")
def quick_sign_up(request: Request) -> object:
    """Register by a code alone."""
    body = parameters.read(request, QuickSignUp)
    sent = parameters.sent(body.order_id, body.verify_code)
    name = named(body.register_type, "register_type", body.national_code, body.mobile, body.email)
    return _registered(request, body, name, None, sent, Purpose.QUICK_SIGN_UP)


def named(kind: str, parameter: str, national_code: str, mobile: str, email: str) -> identity.Name:
    """A name of the kind that a call says it has. Raises `Refused`."""
    match kind:
        case "mobile":
            return parameters.number(national_code, mobile)
        case "email":
            return parameters.address(email)
        case _:
            raise Refused(Reason.PARAMETER_INVALID, parameter)


def _registered(
    request: Request,
    body: Proved,
    name: identity.Name,
    password: str | None,
    sent: identity.SentCode,
    purpose: Purpose,
) -> Answer:
    """The person, made and logged in."""
    wish = consent.wished(body.is_oauth, body.oauth_request_id)
    entry = identity.Entry(name, request.language, secret=password, invite_code=body.invite_code)
    user = identity.person(identity.sign_up(entry, sent, purpose=purpose))
    answer: dict[str, Any] = {**people.shown(user, people.SIGNED_UP), **consent.given(wish, user)}
    return Answer(answer, cookies=auth.begin(request, user))
