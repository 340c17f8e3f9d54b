"""Logging in: a password or a code, then what else is asked for; and again by a device's token."""

from typing import Any

import msgspec

from chalicelib.api.broker import auth, consent, pairs, parameters, people, words
from chalicelib.api.broker.account.routes import routes
from chalicelib.api.broker.account.signing_up import named
from chalicelib.api.broker.endpoint import Answer, endpoint
from chalicelib.api.edge.request import Request
from chalicelib.core import passwords
from chalicelib.core.identity import Channel, Form, User
from chalicelib.core.reasons import Refused
from chalicelib.core.steps import Factor
from chalicelib.services import identity
from chalicelib.services.identity import Asked, Entered


class Consenting(msgspec.Struct, kw_only=True):
    """Whether an application waits for the person's consent, and what tells a native client's device from others."""

    is_oauth: str = ""
    oauth_request_id: str = ""
    device_id: str = ""


class MobileLogin(Consenting, kw_only=True):
    """A mobile number and a password."""

    national_code: str
    mobile: str
    password: str


class EmailLogin(Consenting, kw_only=True):
    """An e-mail address and a password."""

    email: str
    password: str


class NameLogin(Consenting, kw_only=True):
    """An address, or a number without its country (which may be given: ours), and a password."""

    username: str
    password: str
    national_code: str = ""


class QuickLogin(Consenting, kw_only=True):
    """A name and a code that went to it."""

    login_type: str
    national_code: str = ""
    mobile: str = ""
    email: str = ""
    order_id: str = ""
    verify_code: str = ""


class SecondStep(Consenting, kw_only=True):
    """A request, and the code that it asks for."""

    request_id: str
    auth_type: str
    order_id: str = ""
    verify_code: str = ""


class PasswordStep(Consenting, kw_only=True):
    """A request, and the password that it asks for."""

    request_id: str
    password: str


class OfRequest(msgspec.Struct):
    """A request."""

    request_id: str


class ToOfRequest(msgspec.Struct):
    """A request, and by which channel its code is to come."""

    receiver_type: str
    request_id: str


class DeviceLogin(msgspec.Struct):
    """A device's token. The device has to be the one that it was given to."""

    token: str
    device_id: str = ""


# --- a password first -----------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/user/mobile_authorize")
def mobile_authorize(request: Request) -> object:
    """Log in by mobile number and password."""
    body = parameters.read(request, MobileLogin)
    return _by_password(request, body, parameters.number(body.national_code, body.mobile), body.password)


@endpoint(routes, "POST", "/api/user/email_authorize")
def email_authorize(request: Request) -> object:
    """Log in by e-mail address and password."""
    body = parameters.read(request, EmailLogin)
    return _by_password(request, body, parameters.address(body.email), body.password)


@endpoint(routes, "POST", "/api/user/authorize")
def authorize(request: Request) -> object:
    """Log in by either and a password. What is neither is a name that nobody has."""
    body = parameters.read(request, NameLogin)
    return _by_password(
        request, body, _name(parameters.given(body.username, "username"), body.national_code), body.password
    )


def _name(username: str, national_code: str) -> identity.Name | identity.Number | None:
    try:
        if "@" in username:
            return parameters.address(username)
        return parameters.number(national_code, username) if national_code else identity.Number(username)
    except Refused:
        return None


def _by_password(
    request: Request, body: Consenting, name: identity.Name | identity.Number | None, password: str
) -> Answer:
    spelt = passwords.md5(password, "password")
    wish = consent.wished(body.is_oauth, body.oauth_request_id)
    device, cookies = auth.device(request, body.device_id)
    done = identity.log_in(name, Form.MD5_HEX, spelt, device)
    user = done.user
    answer = {
        "bindMobile": user.mobile_verified,
        "bindEmail": user.email_verified,
        "bindGA": user.totp_enabled,
        "need2FA": isinstance(done, Asked),
        "authType": words.FACTOR_NAMES[done.factor] if isinstance(done, Asked) else "",
        "requestId": done.request_id if isinstance(done, Asked) else "",
        **_known(user),
    }
    return _answer(done, {**answer, **_entered(done, wish)}, cookies)


# --- the second step ------------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/user/send_sms_verify_code/authorize_advance")
def send_sms_verify_code_to_log_in(request: Request) -> object:
    """Send the code of the second step to the person's number."""
    return _send(request, parameters.read(request, OfRequest).request_id, Channel.SMS)


@endpoint(routes, "POST", "/api/user/send_email_verify_code/authorize_advance")
def send_email_verify_code_to_log_in(request: Request) -> object:
    """Send the code of the second step to the person's address."""
    return _send(request, parameters.read(request, OfRequest).request_id, Channel.MAIL)


@endpoint(routes, "POST", "/api/user/send_verify_code/authorize_advance")
def send_verify_code_to_log_in(request: Request) -> object:
    """Send the code of the second step."""
    body = parameters.read(request, ToOfRequest)
    return _send(request, body.request_id, parameters.channel(body.receiver_type))


def _send(request: Request, request_id: str, channel: Channel) -> object:
    return {"orderId": identity.send_login_code(request_id, channel, request.ip, request.user_agent)}


@endpoint(routes, "POST", "/api/user/authorize_advance")
def authorize_advance(request: Request) -> object:
    """Finish a login by the second factor that its first step asked for."""
    body = parameters.read(request, SecondStep)
    channel = words.factor(body.auth_type)
    sent = parameters.sent(body.order_id, body.verify_code)
    wish = consent.wished(body.is_oauth, body.oauth_request_id)
    device, cookies = auth.device(request, body.device_id)
    done = identity.finish_login(body.request_id, channel, sent, device)
    answer = {**people.shown(done.user, people.STEPPED), "favorites": pairs.shown(done.user.uid)}
    return _answer(done, {**answer, **_trusted(done), **consent.given(wish, done.user)}, cookies)


# --- a code first ---------------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/user/quick_authorize")
def quick_authorize(request: Request) -> object:
    """Log in by a code. Who has a password is asked for it next, who has an authenticator for that instead (ours)."""
    body = parameters.read(request, QuickLogin)
    sent = parameters.sent(body.order_id, body.verify_code)
    name = named(body.login_type, "login_type", body.national_code, body.mobile, body.email)
    wish = consent.wished(body.is_oauth, body.oauth_request_id)
    device, cookies = auth.device(request, body.device_id)
    done = identity.log_in_by_code(name, sent, device)
    by_password = isinstance(done, Asked) and done.factor is Factor.PASSWORD
    answer: dict[str, Any] = {
        "needCheckPassword": by_password,
        "requestId": done.request_id if isinstance(done, Asked) else "",
        **_known(done.user),
    }
    if isinstance(done, Asked) and not by_password:
        answer |= {"need2FA": True, "authType": words.FACTOR_NAMES[done.factor]}
    return _answer(done, {**answer, **_entered(done, wish)}, cookies)


@endpoint(routes, "POST", "/api/user/quick_authorize_advance")
def quick_authorize_advance(request: Request) -> object:
    """Finish a login that a code began by the password."""
    body = parameters.read(request, PasswordStep)
    spelt = passwords.md5(body.password, "password")
    wish = consent.wished(body.is_oauth, body.oauth_request_id)
    device, cookies = auth.device(request, body.device_id)
    done = identity.finish_login_by_password(body.request_id, Form.MD5_HEX, spelt, device)
    answer = {**people.shown(done.user, people.PROFILE), **_trusted(done), **consent.given(wish, done.user)}
    return _answer(done, answer, cookies)


# --- a device's token -----------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/user/finger_print_authorize")
def finger_print_authorize(request: Request) -> object:
    """Log in again by the token that an earlier login gave this device, which its owner's finger or face unlocked."""
    body = parameters.read(request, DeviceLogin)
    device, _ = auth.device(request, body.device_id)
    done = identity.log_in_by_device(parameters.given(body.token, "token"), device)
    return _answer(done, {"success": True}, [])


# --- answers --------------------------------------------------------------------------------------------------------


def _known(user: User) -> dict[str, Any]:
    """What the first step's answers tell of the person, who knew the password or has the code."""
    return {
        **people.contact(user),
        "userId": user.uid,
        "defaultAccountId": user.uid,
        "registerType": words.REGISTERED_BY[user.registered_by],
    }


def _entered(done: Entered | Asked, wish: str) -> dict[str, Any]:
    """What a login that is done adds to a first step's answer."""
    if isinstance(done, Asked):
        return {}
    return {"user": people.shown(done.user, people.LOGGED_IN), **_trusted(done), **consent.given(wish, done.user)}


def _trusted(done: Entered) -> dict[str, str]:
    return {"token": done.device_token} if done.device_token else {}


def _answer(done: Entered | Asked, answer: dict[str, Any], cookies: list[str]) -> Answer:
    if isinstance(done, Entered):
        cookies = [*auth.cookies(done.user.uid, done.cookie), *cookies]
    return Answer(answer, cookies=cookies)
