"""Codes, passwords, mobile numbers and second factors."""

from typing import Final, Literal

import msgspec

from chalicelib.api.coinport.auth import Caller
from chalicelib.api.coinport.endpoint import endpoint
from chalicelib.api.coinport.identity.access import DONE, Mailed, TokenOnly, invitation
from chalicelib.api.coinport.identity.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.core import identity as rules
from chalicelib.core.identity import Channel, Form
from chalicelib.core.phones import phone
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity

_VERIFY_PATH: Final = "/api/v2/verify_password_reset_token"


class ResetBody(msgspec.Struct, forbid_unknown_fields=True):
    """A mailed token and the new password."""

    token: str
    pwdHash: str  # noqa: N815 - the document's name


class SendBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where codes are to go: one of them at least."""

    toPhone: bool = False  # noqa: N815
    toEmail: bool = False  # noqa: N815


class PhoneBody(msgspec.Struct, forbid_unknown_fields=True):
    """A number that is to be bound."""

    phone: str


class ChangePasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    """The old and the new password, and whose they are."""

    email: str
    oldPassword: str  # noqa: N815
    newPassword: str  # noqa: N815


class NicknameBody(msgspec.Struct, forbid_unknown_fields=True):
    """A nickname."""

    nickname: str


class EmailAuthBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether withdrawals ask for a mailed code, and one that allows the change."""

    uuid: str
    emailCode: str  # noqa: N815
    emailPrefer: Literal["0", "1"]  # noqa: N815


class PhoneAuthBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether withdrawals ask for a texted code, and one that allows the change."""

    uuid: str
    phoneCode: str  # noqa: N815
    phonePrefer: Literal["0", "1"]  # noqa: N815


class BindMobileBody(msgspec.Struct, forbid_unknown_fields=True):
    """A number with the code that went to it; with a number bound before, also the code that went to that."""

    mobile: str
    verifyCodeUuid: str  # noqa: N815
    verifyCode: str  # noqa: N815
    verifyCodeUuidOld: str = ""  # noqa: N815
    verifyCodeOld: str = ""  # noqa: N815


class BindTotpBody(msgspec.Struct, forbid_unknown_fields=True):
    """The secret that was issued, and a code that it makes."""

    googlesecret: str
    googlecode: str


class TotpBody(msgspec.Struct, forbid_unknown_fields=True):
    """A code of the authenticator app."""

    googlecode: str


# --- passwords ------------------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/v2/request_password_reset")
def request_password_reset(request: Request) -> object:
    """Mail a link that lets a person choose a new password. The answer is the same whoever the address belongs to, and
    whether a mail went there a moment ago.
    """
    body = request.body_as(Mailed)
    try:
        identity.request_reset(rules.email(body.email), request.ip, invitation(request, body, _VERIFY_PATH))
    except Refused as refused:
        if refused.reason is not Reason.CODE_TOO_OFTEN:
            raise
    return DONE


@endpoint(routes, "GET", _VERIFY_PATH, query=TokenOnly)
def verify_password_reset_token(request: Request) -> object:
    """Whether the token of such a link can be used. Looking does not use it up."""
    identity.verify_reset(request.query_as(TokenOnly).token)
    return DONE


@endpoint(routes, "POST", "/api/v2/reset_password")
def reset_password(request: Request) -> object:
    """Choose a new password by the token of the mail."""
    body = request.body_as(ResetBody)
    identity.reset_password(body.token, Form.SHA256_BASE64, rules.pwdhash(body.pwdHash, "pwdHash"))
    return DONE


@endpoint(routes, "POST", "/api/v2/user/change_pwd", authenticated=True)
def change_pwd(request: Request, caller: Caller) -> object:
    """Exchange the old password for a new one."""
    body = request.body_as(ChangePasswordBody)
    old, new = rules.pwdhash(body.oldPassword, "oldPassword"), rules.pwdhash(body.newPassword, "newPassword")
    proof = identity.Proof(body.email, Form.SHA256_BASE64, old, request.ip, request.user_agent)
    identity.change_password(caller.uid, caller.session, proof, new)
    return DONE


# --- codes ----------------------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/v2/user/send_verification_code", authenticated=True)
def send_verification_code(request: Request, caller: Caller) -> object:
    """Send a code to the person's own address, number, or both; its id comes back with the code later."""
    body = request.body_as(SendBody)
    if not body.toPhone and not body.toEmail:
        raise Refused(Reason.PARAMETER_MISSING, "toPhone")
    channels = [Channel.SMS] * body.toPhone + [Channel.MAIL] * body.toEmail
    sent = identity.send_verification(caller.uid, channels, request.ip)
    answer: dict[str, object] = {"sentToPhone": Channel.SMS in sent, "sentToEmail": Channel.MAIL in sent}
    if Channel.SMS in sent:
        answer["phoneUuid"] = sent[Channel.SMS]
    if Channel.MAIL in sent:
        answer["emailUuid"] = sent[Channel.MAIL]
    return answer


@endpoint(routes, "POST", "/api/v2/user/send_mobile_bind_verify_code", authenticated=True)
def send_mobile_bind_verify_code(request: Request, caller: Caller) -> object:
    """Send a code to a number that is to be bound."""
    number = phone(request.body_as(PhoneBody).phone)
    return {"phoneUuid": identity.send_bind_code(caller.uid, number, request.ip)}


@endpoint(routes, "POST", "/api/v2/user/set_email_auth", authenticated=True)
def set_email_auth(request: Request, caller: Caller) -> object:
    """Have withdrawals ask for a mailed code, or not."""
    body = request.body_as(EmailAuthBody)
    on = body.emailPrefer == "1"
    identity.set_channel_auth(caller.uid, Channel.MAIL, identity.SentCode(body.uuid, body.emailCode), on=on)
    return DONE


@endpoint(routes, "POST", "/api/v2/user/set_phone_auth", authenticated=True)
def set_phone_auth(request: Request, caller: Caller) -> object:
    """Have withdrawals ask for a texted code, or not."""
    body = request.body_as(PhoneAuthBody)
    on = body.phonePrefer == "1"
    identity.set_channel_auth(caller.uid, Channel.SMS, identity.SentCode(body.uuid, body.phoneCode), on=on)
    return DONE


@endpoint(routes, "POST", "/api/v2/user/bind_or_update_mobile", authenticated=True)
def bind_or_update_mobile(request: Request, caller: Caller) -> object:
    """Bind a mobile number, or another in its place."""
    body = request.body_as(BindMobileBody)
    new = identity.SentCode(body.verifyCodeUuid, body.verifyCode)
    old = identity.SentCode(body.verifyCodeUuidOld, body.verifyCodeOld) if body.verifyCodeOld else None
    identity.bind_mobile(caller.uid, caller.session, phone(body.mobile, "mobile"), new, old)
    return DONE


# --- authenticator apps ---------------------------------------------------------------------------------------------


@endpoint(routes, "GET", "/api/v2/user/get_google_auth", authenticated=True)
def get_google_auth(_request: Request, caller: Caller) -> object:
    """A new secret for an authenticator app, and what its QR code says."""
    issued = identity.issue_totp(caller.uid)
    return {"authUrl": issued.url, "secret": issued.secret}


@endpoint(routes, "POST", "/api/v2/user/bind_google_auth", authenticated=True)
def bind_google_auth(request: Request, caller: Caller) -> object:
    """Bind the secret last issued."""
    body = request.body_as(BindTotpBody)
    identity.bind_totp(caller.uid, body.googlesecret, body.googlecode)
    return DONE


@endpoint(routes, "POST", "/api/v2/user/unbind_google_auth", authenticated=True)
def unbind_google_auth(request: Request, caller: Caller) -> object:
    """Take the authenticator away."""
    identity.unbind_totp(caller.uid, caller.session, request.body_as(TotpBody).googlecode)
    return DONE


# --- nickname -------------------------------------------------------------------------------------------------------


@endpoint(routes, "POST", "/api/v2/user/update_nickname", authenticated=True)
def update_nickname(request: Request, caller: Caller) -> object:
    """Give oneself a nickname."""
    identity.rename(caller.uid, request.body_as(NicknameBody).nickname)
    return DONE
