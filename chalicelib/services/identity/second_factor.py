"""The second factor that a change of the account asks for: the authenticator if one is bound, else a code by mail or SMS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.core.identity import Channel, Purpose, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.codes import WRONG, SentCode, check_code, check_code_to_any
from chalicelib.services.identity.factors import check_totp
from chalicelib.services.identity.names import own
from chalicelib.stores import codes
from chalicelib.stores.table import Step
from chalicelib.stores.users import Amendment

PARAMETER = "verify_code"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A factor as it came; `channel` is None for the authenticator, whose code has no id."""

    channel: Channel | None
    sent: SentCode = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A factor that was right, to be used up by the amendment that it authorises."""

    proofs: Sequence[codes.Proof]
    totp_step: int | None
    #: What is answered when another request used it up at the same moment.
    spent: Refused

    def authorising(self, user: User, changes: Mapping[str, object], steps: Sequence[Step] = ()) -> Amendment:
        """An amendment of `user` that uses the factor up. Raises `Refused` when its step was used meanwhile."""
        if self.totp_step is None:
            return Amendment(changes, self.proofs, steps)
        if user.totp_step >= self.totp_step:
            raise self.spent
        return Amendment({**changes, "totp_step": self.totp_step}, (), steps)


def check_second_factor(user: User, purpose: Purpose, given: SecondFactor) -> Shown:
    """The factor, if it is the one that this person's changes ask for, and right.

    Raises `Refused`: WRONG_FACTOR for another one; EMAIL_CODE, SMS_CODE, TOTP_CODE; TOO_OFTEN after five wrong ones of
    the authenticator.
    """
    if user.totp_enabled is not (given.channel is None):
        raise Refused(Reason.WRONG_FACTOR, "auth_type")
    return check_factor(user, purpose, given.channel, given.sent)


def check_factor(user: User, purpose: Purpose, channel: Channel | None, sent: SentCode) -> Shown:
    """A code of the authenticator (None), or one that went to the person by a channel.

    Raises `Refused`: WRONG_FACTOR for who lacks that channel; EMAIL_CODE, SMS_CODE, TOTP_CODE; TOO_OFTEN after five wrong
    ones of the authenticator.
    """
    if channel is None:
        step = check_totp(user, sent.code, PARAMETER)
        return Shown((), step, Refused(Reason.TOTP_CODE, PARAMETER))
    if not (user.mobile_verified if channel is Channel.SMS else user.email_verified):
        raise Refused(Reason.WRONG_FACTOR, "auth_type")
    proof = check_code(purpose, own(user, channel), sent, PARAMETER)
    return Shown((proof,), None, Refused(WRONG[channel], PARAMETER))


def check_any_channel(user: User, purpose: Purpose, sent: SentCode) -> Shown:
    """A code that went to the person's own address or number, whichever: where the document does not ask which.

    Raises `Refused` (EMAIL_CODE or SMS_CODE; WRONG_FACTOR for who has neither).
    """
    has = {Channel.MAIL: user.email_verified, Channel.SMS: user.mobile_verified}
    # The channel that the account was made with first: its name is the one a wrong code is told by.
    channels = sorted(
        (channel for channel in has if has[channel]), key=lambda channel: channel is not user.registered_by
    )
    if not channels:
        raise Refused(Reason.WRONG_FACTOR, PARAMETER)
    proof = check_code_to_any(purpose, [own(user, channel) for channel in channels], sent, PARAMETER)
    return Shown((proof,), None, Refused(WRONG[channels[0]], PARAMETER))
