"""What takes more than one call: a login whose second factor has yet to come, a password that is being found."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.core.identity import DAY_MS, MINUTE_MS, Channel, User

REQUEST_CHARACTERS: Final = 32
REQUEST_MS: Final = 30 * MINUTE_MS
#: Wrong factors until a request is dead, and codes sent for it.
ATTEMPTS_MAX: Final = 5
SENDS_MAX: Final = 5
#: A device that logged in so lately, from the same address, is asked for no second factor.
DEVICE_MS: Final = DAY_MS
#: How long a device may log in with the token that a login gave it.
DEVICE_TOKEN_MS: Final = 30 * DAY_MS


class Kind(StrEnum):
    """What a request goes on with."""

    LOGIN = "login"
    QUICK_LOGIN = "quick_login"
    FIND_PASSWORD = "find_password"  # noqa: S105


class Factor(StrEnum):
    """What a second step asks for. `NONE`: nothing, the first was enough; `PASSWORD`: after a code."""

    SMS = "sms"
    MAIL = "mail"
    TOTP = "totp"
    ID_CARD = "id_card"
    PASSWORD = "password"  # noqa: S105
    NONE = "none"


OF_CHANNEL: Final = {Channel.SMS: Factor.SMS, Channel.MAIL: Factor.MAIL}
CHANNELS: Final = {factor: channel for channel, factor in OF_CHANNEL.items()}


@dataclass(frozen=True, slots=True)
class Pending:
    """A first step that was right. `key` is its fingerprint; `agent` that of the program it is bound to, "" for any.

    It is good until `expires` (ms since epoch), and as long as the person's `auth_epoch` is `epoch`. `login` is the number
    of its row in the log, `device` the fingerprint of what it came from, `trusting` whether that wants a token.
    """

    key: str
    kind: Kind
    uid: str
    epoch: int
    factor: Factor
    expires: int
    agent: str = ""
    login: int = 0
    device: str = ""
    trusting: bool = False
    attempts: int = 0
    sends: int = 0
    verified: bool = False
    used: bool = False


def usable(pending: Pending | None, kind: Kind, agent: str, now: int) -> bool:
    """Whether a request can go on: of this kind and program, unused, young, and verified or not tried too often."""
    return (
        pending is not None
        and pending.kind is kind
        and pending.agent in {"", agent}
        and not pending.used
        and now < pending.expires
        and (pending.verified or pending.attempts < ATTEMPTS_MAX)
    )


def login_factor(user: User, channel: Channel, *, known_device: bool) -> Factor:
    """What a login asks for after the password: the authenticator, else a code by the channel of the name that was used."""
    if user.totp_enabled:
        return Factor.TOTP
    return Factor.NONE if known_device else OF_CHANNEL[channel]


def find_factor(user: User, channel: Channel, *, has_document: bool) -> Factor:
    """What finding a password asks for after the code of `channel`: the strongest other thing that the person has."""
    if user.totp_enabled:
        return Factor.TOTP
    if channel is Channel.MAIL and user.mobile_verified:
        return Factor.SMS
    if channel is Channel.SMS and user.email_verified:
        return Factor.MAIL
    return Factor.ID_CARD if has_document else Factor.NONE
