"""Codes of broker clients: asked for by a person, for the own address or number, or by somebody who is nobody yet."""

from typing import Final

from chalicelib import clock
from chalicelib.core.identity import Channel, Email, Purpose, Standing, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity.codes import count_send, post_code, send_codes
from chalicelib.services.identity.names import Name, channel_of, find, own, receiver_of, spelling_of
from chalicelib.services.identity.signing_up import send_sign_up_code

#: What is sent to a receiver whether or not somebody has it, since it is to become somebody's.
_TO_BIND: Final = {Purpose.BIND_MOBILE: Channel.SMS, Purpose.BIND_EMAIL: Channel.MAIL}


def send_own_code(user: User, channel: Channel, purpose: Purpose, ip: str) -> str:
    """Send a code to a person's own address or number: its id.

    Raises `Refused`: EMAIL_UNVERIFIED, MOBILE_UNVERIFIED, CODE_TOO_OFTEN, NOT_SENT.
    """
    return send_codes(purpose, [own(user, channel)], ip, user.language, numbered=True)[channel]


def send_code(name: Name, purpose: Purpose, ip: str, language: str) -> str:
    """Send a code to a receiver who may be anybody: its id. The answer and the work do not tell who it is.

    Who registers and is registered already gets a notice, who logs in or finds a password and is not, nothing.
    Raises `Refused`: PARAMETER_INVALID for what is sent by another channel, CODE_TOO_OFTEN, NOT_SENT.
    """
    if purpose in {Purpose.SIGN_UP, Purpose.QUICK_SIGN_UP}:
        return send_sign_up_code(name, ip, language, purpose=purpose)
    if _TO_BIND.get(purpose, channel_of(name)) is not channel_of(name):
        raise Refused(Reason.PARAMETER_INVALID, "type")
    count_send(purpose, [spelling_of(name)], ip, clock.now_ms())
    if purpose in _TO_BIND:
        return post_code(purpose, receiver_of(name), language, numbered=True)
    user = find(name)
    unknown = user is None or user.standing is Standing.DISABLED
    return post_code(purpose, known_receiver(name, user), language, numbered=True, quiet=unknown)


def known_receiver(name: Name, user: User | None) -> Receiver:
    """A name as the receiver of a code that is bound to its person, if it has one. No call, whoever it is."""
    if user is None:
        return receiver_of(name)
    return Receiver(channel_of(name), user.email if isinstance(name, Email) else name.full, user.uid)
