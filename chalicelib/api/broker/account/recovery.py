"""Passwords: a forgotten one is found, one is changed, a first one is set."""

import msgspec

from chalicelib.api.broker import parameters, words
from chalicelib.api.broker.account.routes import routes
from chalicelib.api.broker.account.sending import numbered
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.broker.passwords import agreed
from chalicelib.api.edge.request import Request
from chalicelib.core import passwords
from chalicelib.core.identity import Form
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.steps import Factor
from chalicelib.services import identity

DONE = {"success": True}


class MobileFind(msgspec.Struct):
    """A number, and a code that went to it."""

    national_code: str
    mobile: str
    order_id: str = ""
    verify_code: str = ""


class EmailFind(msgspec.Struct):
    """An address, and a code that went to it."""

    email: str
    order_id: str = ""
    verify_code: str = ""


class OfRequest(msgspec.Struct):
    """A request."""

    request_id: str


class FindStep(msgspec.Struct):
    """A request, and the code that it asks for, or the number of a document."""

    request_id: str
    order_id: str = ""
    verify_code: str = ""


class FindPassword(msgspec.Struct):
    """A request, and the new password."""

    request_id: str
    password1: str = ""
    password2: str = ""


class UpdatePassword(msgspec.Struct):
    """The old and the new password."""

    old_password: str = ""
    password1: str = ""
    password2: str = ""


class SetPassword(msgspec.Struct):
    """A first password, and a code."""

    password1: str = ""
    password2: str = ""
    order_id: str = ""
    verify_code: str = ""


# --- a forgotten password -------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/user/mobile_find_pwd_check")
def mobile_find_pwd_check(_request: Request) -> object:
    """Retired: without a second factor, whoever had the number had the account."""
    raise Refused(Reason.FIND_RETIRED)


@endpoint(routes, "POST", "/api/user/email_find_pwd_check")
def email_find_pwd_check(_request: Request) -> object:
    """Retired likewise."""
    raise Refused(Reason.FIND_RETIRED)


@endpoint(routes, "POST", "/api/user/mobile_find_pwd_check1")
def mobile_find_pwd_check1(request: Request) -> object:
    """The first step: a code that went to the number."""
    body = parameters.read(request, MobileFind)
    name = parameters.number(body.national_code, body.mobile)
    return _find(request, name, parameters.sent(body.order_id, body.verify_code))


@endpoint(routes, "POST", "/api/user/email_find_pwd_check1")
def email_find_pwd_check1(request: Request) -> object:
    """The first step: a code that went to the address."""
    body = parameters.read(request, EmailFind)
    return _find(request, parameters.address(body.email), parameters.sent(body.order_id, body.verify_code))


def _find(request: Request, name: identity.Name, sent: identity.SentCode) -> object:
    found = identity.find_password(name, sent, request.ip)
    needed = found.factor is not Factor.NONE
    return {
        "requestId": found.request_id,
        "need2FA": "true" if needed else "false",  # a text, as in the document
        "authType": words.FACTOR_NAMES[found.factor],
    }


@endpoint(routes, "POST", "/api/user/send_verify_code/find_pwd")
def send_verify_code_to_find_password(request: Request) -> object:
    """Send the code of the second step."""
    request_id = parameters.read(request, OfRequest).request_id
    return numbered(identity.send_find_code(request_id, request.ip))


@endpoint(routes, "POST", "/api/user/find_pwd_check2")
def find_pwd_check2(request: Request) -> object:
    """The second step: the code that the first asked for, or the number of the document."""
    body = parameters.read(request, FindStep)
    identity.check_found(body.request_id, parameters.sent(body.order_id, body.verify_code))
    return DONE


@endpoint(routes, "POST", "/api/user/find_pwd")
def find_pwd(request: Request) -> object:
    """The last step: the new password."""
    body = parameters.read(request, FindPassword)
    identity.set_found_password(body.request_id, Form.MD5_HEX, agreed(body.password1, body.password2))
    return {"success": True, "needFrozenLogin": False}


# --- who is logged in -----------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/user/update_pwd", authenticated=True)
def update_pwd(request: Request, caller: Caller) -> object:
    """Exchange the password for another one."""
    body = parameters.read(request, UpdatePassword)
    if not body.old_password:
        raise Refused(Reason.OLD_PASSWORD_MISSING, "old_password")
    old, new = passwords.md5(body.old_password, "old_password"), agreed(body.password1, body.password2)
    identity.replace_password(caller.uid, caller.session, Form.MD5_HEX, old, new)
    return DONE


@endpoint(routes, "POST", "/api/user/send_verify_code/set_password", authenticated=True)
def send_verify_code_to_set_password(request: Request, caller: Caller) -> object:
    """Send the code with which somebody who logs in by codes sets a password."""
    return numbered(identity.send_first_password_code(caller.user, request.ip))


@endpoint(routes, "POST", "/api/user/set_password", authenticated=True)
def set_password(request: Request, caller: Caller) -> object:
    """Set a first password."""
    body = parameters.read(request, SetPassword)
    sent = parameters.sent(body.order_id, body.verify_code)
    identity.set_first_password(caller.uid, caller.session, Form.MD5_HEX, agreed(body.password1, body.password2), sent)
    return DONE
