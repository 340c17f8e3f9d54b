"""What sends codes: to people who are logged in, and to receivers who may be anybody."""

import msgspec

from chalicelib.api.broker import parameters, words
from chalicelib.api.broker.account.routes import routes
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.edge.request import Request
from chalicelib.core.identity import Channel, Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import captcha, identity


class Type(msgspec.Struct):
    """What a code is for."""

    type: str


class ToOwn(msgspec.Struct):
    """What a code is for, and which of the person's channels it takes."""

    receiver_type: str
    type: str


class Captcha(msgspec.Struct, kw_only=True):
    """What a captcha's widget gave, where the exchange asks for one."""

    captcha_id: str = ""
    captcha_response: str = ""


class ToMobile(Captcha, kw_only=True):
    """A number, and what the code is for."""

    type: str
    national_code: str
    mobile: str


class ToEmail(Captcha, kw_only=True):
    """An address, and what the code is for."""

    type: str
    email: str


class ToAny(Captcha, kw_only=True):
    """A number or an address, and what the code is for."""

    receiver_type: str
    type: str
    national_code: str = ""
    mobile: str = ""
    email: str = ""


# --- to people who are logged in ------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/user/send_sms_verify_code", authenticated=True)
def send_sms_verify_code(request: Request, caller: Caller) -> object:
    """Send a code to the person's own number."""
    return _own(request, caller, Channel.SMS, parameters.read(request, Type).type)


@endpoint(routes, "POST", "/api/user/send_email_verify_code", authenticated=True)
def send_email_verify_code(request: Request, caller: Caller) -> object:
    """Send a code to the person's own address."""
    return _own(request, caller, Channel.MAIL, parameters.read(request, Type).type)


@endpoint(routes, "POST", "/api/user/send_verify_code", authenticated=True)
def send_verify_code(request: Request, caller: Caller) -> object:
    """Send a code to the person's own number or address."""
    body = parameters.read(request, ToOwn)
    return _own(request, caller, parameters.channel(body.receiver_type), body.type)


def _own(request: Request, caller: Caller, channel: Channel, kind: str) -> object:
    purpose = _one_of(words.OWN, kind)
    return {"orderId": identity.send_own_code(caller.user, channel, purpose, request.ip)}


# --- to anybody -----------------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/common/send_sms_verify_code")
def send_sms_verify_code_to_anybody(request: Request) -> object:
    """Send a code to a number: to sign up, log in, find a password, or bind it. Ours: the document lacks it and needs it."""
    body = parameters.read(request, ToMobile)
    return _anybody(request, parameters.number(body.national_code, body.mobile), body.type, body)


@endpoint(routes, "POST", "/api/common/send_email_verify_code")
def send_email_verify_code_to_anybody(request: Request) -> object:
    """The same to an address. Ours."""
    body = parameters.read(request, ToEmail)
    return _anybody(request, parameters.address(body.email), body.type, body)


@endpoint(routes, "POST", "/api/common/send_verify_code")
def send_verify_code_to_anybody(request: Request) -> object:
    """The same to either. Ours."""
    body = parameters.read(request, ToAny)
    name: identity.Name
    if parameters.channel(body.receiver_type) is Channel.SMS:
        name = parameters.number(body.national_code, body.mobile)
    else:
        name = parameters.address(body.email)
    return _anybody(request, name, body.type, body)


def _anybody(request: Request, name: identity.Name, kind: str, solved: Captcha) -> object:
    purpose = _one_of(words.ANONYMOUS, kind)
    captcha.check(solved.captcha_id, solved.captcha_response)
    order_id = identity.send_code(name, purpose, request.ip, request.language)
    return numbered(order_id)


def numbered(order_id: str) -> dict[str, str]:
    """A code's id, and the number by which people tell messages apart."""
    return {"orderId": order_id, "index": identity.index_of(order_id)}


def _one_of(purposes: frozenset[Purpose], kind: str) -> Purpose:
    purpose = words.purpose(kind)
    if purpose not in purposes:
        raise Refused(Reason.PARAMETER_INVALID, "type")
    return purpose
