"""Second factors: codes by mail and SMS, and authenticator apps (TOTP, RFC 6238). pyotp is loaded where it is used."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import Channel, Purpose, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity.amending import amend, credential_changed, withdrawals_frozen
from chalicelib.services.identity.codes import SentCode, check_code, send_codes
from chalicelib.services.identity.login import take
from chalicelib.services.identity.names import own, person
from chalicelib.stores import attempts, codes, users, vault
from chalicelib.stores.table import Step
from chalicelib.stores.users import Amendment

#: What authenticator apps show beside the code.
TOTP_LABEL: Final = "COINPORT"


# --- codes ----------------------------------------------------------------------------------------------------------


def send_verification(uid: str, channels: Sequence[Channel], ip: str) -> dict[Channel, str]:
    """Send a code to a person's own address or number: channel → its id. Raises `Refused` (MOBILE_UNVERIFIED, …)."""
    user = person(uid)
    receivers = [own(user, channel) for channel in channels]
    return send_codes(Purpose.VERIFICATION, receivers, ip, user.language)


def send_bind_code(uid: str, phone: str, ip: str) -> str:
    """Send a code to a number that a person wants to bind, whoever may have it: its id."""
    user = person(uid)
    return send_codes(Purpose.BIND_MOBILE, [Receiver(Channel.SMS, phone, uid)], ip, user.language)[Channel.SMS]


def check_own(user: User, channel: Channel, sent: SentCode, parameter: str) -> codes.Proof:
    """A code that went to a person's own address or number. Raises `Refused`."""
    return check_code(Purpose.VERIFICATION, own(user, channel), sent, parameter)


def set_channel_auth(uid: str, channel: Channel, sent: SentCode, *, on: bool) -> None:
    """Have withdrawals ask for a code of a channel, or not, by a code of that channel. Raises `Refused`."""
    parameter, name = ("emailCode", "email_auth") if channel is Channel.MAIL else ("phoneCode", "phone_auth")
    proof = check_own(person(uid), channel, sent, parameter)
    spent = Refused(Reason.EMAIL_CODE if channel is Channel.MAIL else Reason.SMS_CODE, parameter)
    amend(uid, lambda _user: Amendment({name: on}, [proof]), spent)


# --- authenticator apps ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TotpSecret:
    """A secret to be bound: as it is typed into an app, and as the QR code holds it."""

    secret: str = field(repr=False)
    url: str = field(repr=False)


def issue_totp(uid: str, account: str = "", issuer: str = "") -> TotpSecret:
    """A new secret, which may be bound within two hours and makes any earlier one void. Raises `Refused` (TOTP_BOUND).

    Apps show `account` (else the uid) beside the code; with an `issuer` the QR code names that too.
    """
    secret = base64.b32encode(clock.token_bytes(rules.TOTP_SECRET_BYTES)).decode()
    sealed = vault.seal(secret, uid)

    def decide(user: User) -> Amendment:
        if user.totp_enabled:
            raise Refused(Reason.TOTP_BOUND)
        until = clock.now_ms() + rules.TOTP_PENDING_MS
        return Amendment({"sealed_totp_pending": sealed, "totp_pending_until": until})

    amend(uid, decide)
    label = quote(f"{TOTP_LABEL}:{account or uid}", safe=":*@")
    return TotpSecret(secret, f"otpauth://totp/{label}?secret={secret}" + (f"&issuer={issuer}" if issuer else ""))


def bind_totp(uid: str, secret: str, code: str) -> None:
    """Bind the secret last issued, by a code that it makes. Raises `Refused` (TOTP_BOUND, TOTP_SECRET, TOTP_CODE)."""

    def decide(user: User) -> Amendment:
        pending = pending_totp(user, "googlesecret")
        if not hmac.compare_digest(pending.encode(), secret.strip().upper().encode()):
            raise Refused(Reason.TOTP_SECRET, "googlesecret")
        return Amendment(binding_totp(user, pending, code, "googlecode"))

    amend(uid, decide)


def pending_totp(user: User, parameter: str) -> str:
    """The secret last issued, while it may be bound. Raises `Refused` (TOTP_BOUND, TOTP_SECRET)."""
    if user.totp_enabled:
        raise Refused(Reason.TOTP_BOUND)
    if not user.sealed_totp_pending or clock.now_ms() >= user.totp_pending_until:
        raise Refused(Reason.TOTP_SECRET, parameter)
    return vault.unseal(user.sealed_totp_pending, user.uid)


def binding_totp(user: User, pending: str, code: str, parameter: str) -> dict[str, object]:
    """What binding the pending secret changes about a person, by a code that it makes. Raises `Refused` (TOTP_CODE)."""
    step = _step(pending, code, 0)
    if step is None:
        raise Refused(Reason.TOTP_CODE, parameter)
    return {
        "totp_enabled": True,
        "sealed_totp": user.sealed_totp_pending,
        "totp_step": step,
        "sealed_totp_pending": None,
        "totp_pending_until": None,
    }


def unbind_totp(uid: str, session: str, code: str) -> None:
    """Take an authenticator away, by a code of it. Raises `Refused` (TOTP_UNBOUND, TOTP_CODE, TOO_OFTEN)."""
    step = check_totp(person(uid), code, "googlecode")

    def decide(user: User) -> Amendment:
        if not user.totp_enabled:
            raise Refused(Reason.TOTP_UNBOUND)
        if user.totp_step >= step:
            raise Refused(Reason.TOTP_CODE, "googlecode")
        # The step stays: a secret bound next has its own codes, but a clock that is set back must not revive this one.
        changes = {"totp_enabled": False, "sealed_totp": None, "totp_step": step}
        return credential_changed(user, session, Amendment(changes))

    amend(uid, decide)


def check_totp(user: User, code: str, parameter: str) -> int:
    """The step that a right code is of; the write that it authorises has to use it up. At most five wrong ones in a row.

    Raises `Refused`: TOTP_UNBOUND; TOTP_CODE for a wrong, used or badly spelt one; TOO_OFTEN while locked, 120 minutes.
    """
    if not user.totp_enabled:
        raise Refused(Reason.TOTP_UNBOUND)
    key = f"totp:{user.uid}"
    try:
        take(key, rules.TOTP_LADDER)
    except Refused as error:
        raise Refused(Reason.TOO_OFTEN) from error
    step = _step(vault.unseal(user.sealed_totp, user.uid), code, user.totp_step)
    if step is None:
        attempts.fail(key, clock.now_ms())
        raise Refused(Reason.TOTP_CODE, parameter)
    attempts.clear(key)
    return step


def _step(secret: str, code: str, used: int) -> int | None:
    """The step, one off at most and later than the last `used`, whose code this is."""
    import pyotp

    now = clock.now_ms() // rules.TOTP_STEP_MS
    totp, found = pyotp.TOTP(secret), None
    if rules.is_code(code):
        for step in range(now - rules.TOTP_STEPS_OFF, now + rules.TOTP_STEPS_OFF + 1):
            if hmac.compare_digest(totp.generate_otp(step), code) and step > used:
                found = step
    return found


# --- what a withdrawal asks for -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """The factors that came with a request; None is what did not come."""

    email: SentCode | None = None
    phone: SentCode | None = None
    totp: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proven:
    """Factors that were right, to be used up by the transaction of what they authorise, which fails if the person's
    credentials changed since."""

    user: User = field(repr=False)
    proofs: Sequence[codes.Proof]
    totp_step: int | None

    def steps(self, use: str, now: int) -> list[Step]:
        """What using them up adds to a transaction, which must not touch the person's row itself.

        `use` names the use (see `stores.codes.using`).
        """
        steps = [codes.using(proof, use, now) for proof in self.proofs]
        still = users.as_seen(self.user) if self.totp_step is None else users.using_totp(self.user, self.totp_step)
        return [*steps, still]

    def stands(self) -> bool:
        """Whether the person's credentials are still those that were looked at."""
        now = users.get(self.user.uid)
        return now is not None and (now.auth_epoch, now.frozen_until, now.standing) == (
            self.user.auth_epoch,
            self.user.frozen_until,
            self.user.standing,
        )


def prove(uid: str, given: Given) -> Proven:
    """What a person's settings ask for before money leaves, all of it. Who has no e-mail address is asked for a texted
    code in the place of a mailed one.

    Raises `Refused`: WITHDRAWALS_FROZEN for 24 hours after a credential changed; PARAMETER_MISSING for a factor that did
    not come; EMAIL_CODE, SMS_CODE, TOTP_CODE for a wrong one.
    """
    user = person(uid)
    if withdrawals_frozen(user):
        raise Refused(Reason.WITHDRAWALS_FROZEN)
    mail = user.email_auth and bool(user.email)
    text = user.phone_auth or (user.email_auth and not user.email and user.mobile_verified)
    wanted = [
        (mail, given.email, "emailCode"),
        (text, given.phone, "phoneCode"),
        (user.totp_enabled, given.totp, "googleCode"),
    ]
    for asked, came, parameter in wanted:
        if asked and came is None:
            raise Refused(Reason.PARAMETER_MISSING, parameter)
    proofs = []
    if mail and given.email is not None:
        proofs.append(check_own(user, Channel.MAIL, given.email, "emailCode"))
    if text and given.phone is not None:
        proofs.append(check_own(user, Channel.SMS, given.phone, "phoneCode"))
    step = check_totp(user, given.totp, "googleCode") if user.totp_enabled and given.totp is not None else None
    return Proven(user, proofs, step)
