"""Logging in as broker clients do: a name and a password, or a code, then a second factor unless the device is known.

A first step that was right is a request that the second names; what it proves, it and the session that begins are one
write. An unknown name takes the same steps and the same work as a known one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core import steps
from chalicelib.core.identity import DAY_MS, Channel, Email, Form, Purpose, Session, User, fingerprint
from chalicelib.core.phones import Mobile, candidates
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.steps import Factor, Kind, Pending
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.asking import known_receiver
from chalicelib.services.identity.codes import WRONG, SentCode, check_code, send_codes
from chalicelib.services.identity.login import bettered, login_of, take, usable
from chalicelib.services.identity.names import (
    Name,
    channel_of,
    find,
    mobile_mac,
    own,
    spelling_of,
)
from chalicelib.services.identity.requests import attempted, new_id, opened, still_open
from chalicelib.services.identity.second_factor import Shown, check_factor
from chalicelib.stores import attempts, devices, logins, names, requests, sessions, users
from chalicelib.stores.devices import DeviceToken
from chalicelib.stores.logins import Result
from chalicelib.stores.table import Step
from chalicelib.stores.users import Amendment

#: How long a session goes on after each request.
SESSION_MS = DAY_MS
PARAMETER = "verify_code"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a login comes from. `device`: what tells the device from others, "" for none; `trusting`: it asks for a token."""

    ip: str
    user_agent: str
    device: str = field(default="", repr=False)
    trusting: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A mobile number written without its country."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entered:
    """A login that is done: what the session's cookie says, and the device's token, "" where none was asked for."""

    user: User
    cookie: str = field(repr=False)
    device_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A login whose first step was right, and what the second asks for."""

    user: User
    request_id: str = field(repr=False)
    factor: Factor


def log_in(name: Name | Number | None, form: Form, secret: str, origin: Origin) -> Entered | Asked:
    """The first step by a password; None is a name that nobody can have.

    Raises `Refused`: LOGIN_FAILED with the `failures` of the account in 24 hours; LOGIN_LOCKED for two hours after the
    fifth; TOO_OFTEN; ACCOUNT_UNUSABLE, but only to those who know the password.
    """
    _count(origin)
    found = _found(name)
    user, spelt = found.user, rules.spellings(form, secret)
    _check_password(found, spelt, form, origin)
    assert user is not None, "nobody has no password"
    channel = Channel.SMS if name is None or isinstance(name, Number) else channel_of(name)
    known = devices.known(user.uid, _device(user, origin), origin.ip, clock.now_ms())
    factor = steps.login_factor(usable(user), channel, known_device=known)
    if factor is Factor.NONE:
        return _enter(user, origin)
    return _ask(user, Kind.LOGIN, factor, origin)


def log_in_by_code(name: Name, sent: SentCode, origin: Origin) -> Entered | Asked:
    """The first step by a code (type 22). Who has an authenticator is asked for that, else who has a password for that.

    Raises `Refused`: EMAIL_CODE or SMS_CODE; TOO_OFTEN; ACCOUNT_UNUSABLE.
    """
    _count(origin)
    user = find(name)
    proof = check_code(Purpose.QUICK_LOGIN, known_receiver(name, user), sent, PARAMETER)
    spent = Refused(WRONG[channel_of(name)], PARAMETER)
    if user is None:
        raise spent
    usable(user)
    shown = Shown((proof,), None, spent)
    if user.totp_enabled:
        return _ask(user, Kind.LOGIN, Factor.TOTP, origin, shown)
    if user.credentials:
        return _ask(user, Kind.QUICK_LOGIN, Factor.PASSWORD, origin, shown)
    return _enter(user, origin, shown)


def send_login_code(request_id: str, channel: Channel, ip: str, user_agent: str) -> str:
    """Send the code that a login's second step asks for: its id.

    Raises `Refused`: NO_SUCH_REQUEST; WRONG_FACTOR for another channel than is asked for; CODE_TOO_OFTEN, NOT_SENT.
    """
    pending, user = opened(request_id, Kind.LOGIN, user_agent)
    if pending.factor is not steps.OF_CHANNEL[channel]:
        raise Refused(Reason.WRONG_FACTOR, "receiver_type")
    return send_codes(Purpose.LOGIN, [own(user, channel)], ip, user.language, numbered=True)[channel]


def finish_login(request_id: str, channel: Channel | None, sent: SentCode, origin: Origin) -> Entered:
    """The second step: a code of the channel that was asked for, or of the authenticator (None).

    Raises `Refused`: NO_SUCH_REQUEST for a request that is unknown, used, expired, another program's or tried five times;
    WRONG_FACTOR; EMAIL_CODE, SMS_CODE, TOTP_CODE; TOO_OFTEN; ACCOUNT_UNUSABLE.
    """
    pending, user = opened(request_id, Kind.LOGIN, origin.user_agent)
    asked = Factor.TOTP if channel is None else steps.OF_CHANNEL[channel]
    if pending.factor is not asked:
        raise Refused(Reason.WRONG_FACTOR, "auth_type")
    attempted(pending)
    shown = check_factor(user, Purpose.LOGIN, channel, sent)
    return _enter(user, origin, shown, pending)


def finish_login_by_password(request_id: str, form: Form, secret: str, origin: Origin) -> Entered:
    """The second step after a code: the password, on the account's ladder. Raises `Refused` as the two above."""
    pending, user = opened(request_id, Kind.QUICK_LOGIN, origin.user_agent)
    attempted(pending)
    _check_password(_Found(user, user.uid), rules.spellings(form, secret), form, origin)
    return _enter(user, origin, None, pending)


def log_in_by_device(token: str, origin: Origin) -> Entered:
    """A login by the token that an earlier one gave this device. Raises `Refused` (UNAUTHENTICATED, ACCOUNT_UNUSABLE)."""
    _count(origin)
    parts = rules.session_parts(token)
    if parts is None:
        raise Refused(Reason.UNAUTHENTICATED)
    kept, user = devices.token(parts[0], fingerprint(token)), users.get(parts[0])
    if (
        kept is None
        or user is None
        or clock.now_ms() >= kept.expires
        or user.auth_epoch != kept.epoch
        or not origin.device
        or kept.device != _device(user, origin)
    ):
        raise Refused(Reason.UNAUTHENTICATED)
    return _enter(usable(user), origin)


# --- the first step -------------------------------------------------------------------------------------------------


def _count(origin: Origin) -> None:
    if not attempts.spend({f"logins-from:{origin.ip}": rules.LOGIN_WINDOWS}, clock.now_ms()):
        raise Refused(Reason.TOO_OFTEN)


@dataclass(frozen=True, slots=True)
class _Found:
    """Who a name may be, and where what goes wrong with it is counted and logged."""

    user: User | None
    whose: str


def _found(name: Name | Number | None) -> _Found:
    """The person of a name. A number that two countries have is nobody's without its country.

    What goes wrong with a number is counted alike however it is written: on whoever has it in any country, else on the
    number without its country. Two spellings counted apart for nobody alone would tell who is known.
    """
    if name is None:
        return _Found(users.find(None), _nobody(""))
    if isinstance(name, Email):
        user = find(name)
        return _Found(user, user.uid if user else _nobody(spelling_of(name)))
    text = name.text if isinstance(name, Number) else name.number
    meant = candidates(text)
    national = meant[0].number if meant else text
    owners = _owners(candidates(national))
    if isinstance(name, Number):
        mine = _owners(meant)
        user = users.get(mine[0] if len(mine) == 1 else names.NOBODY)
    else:
        user = find(name)
    return _Found(user, user.uid if user else owners[0] if owners else _nobody(national))


def _owners(numbers: Sequence[Mobile]) -> list[str]:
    return names.mobile_owners([mobile_mac(number.full) for number in numbers])


def _nobody(spelling: str) -> str:
    return f"nobody:{fingerprint(spelling)}"


def account_key(whose: str) -> str:
    """Where the wrong passwords of an account, by its uid, are counted; those of a name that nobody has, alike."""
    return f"account:{whose}"


def _check_password(found: _Found, spelt: Mapping[Form, str], form: Form, origin: Origin) -> None:
    """Raises `Refused` (LOGIN_FAILED, LOGIN_LOCKED, TOO_OFTEN) unless the password is the account's."""
    from chalicelib.services import passwords

    user, key = found.user, account_key(found.whose)
    take(key, rules.ACCOUNT_LADDER)
    proven = next((one for one in spelt if user and one in user.credentials), form)
    if not passwords.matches(user.credentials.get(proven) if user else None, spelt[proven]) or user is None:
        logins.note(logins.row(found.whose, login_of(Result.FAILED, origin.ip, origin.user_agent)))
        failures = attempts.fail(key, clock.now_ms(), rules.ACCOUNT_LADDER)
        raise Refused(Reason.LOGIN_FAILED, failures=failures)
    attempts.clear(key)
    bettered(user, spelt, proven)


def _ask(user: User, kind: Kind, factor: Factor, origin: Origin, shown: Shown | None = None) -> Asked:
    """Have a request wait for the second step, in the write that uses up what the first proved."""
    request_id = new_id()
    login = login_of(Result.UNFINISHED, origin.ip, origin.user_agent)
    pending = Pending(
        key=fingerprint(request_id),
        kind=kind,
        uid=user.uid,
        epoch=user.auth_epoch,
        factor=factor,
        expires=clock.now_ms() + steps.REQUEST_MS,
        agent=fingerprint(origin.user_agent),
        login=login.id,
        device=_device(user, origin),
        trusting=origin.trusting,
    )
    added = [requests.creating(pending), logins.noting(user.uid, login)]
    _write(user, shown, lambda _user: added)
    return Asked(user, request_id, factor)


# --- the end --------------------------------------------------------------------------------------------------------


def _enter(user: User, origin: Origin, shown: Shown | None = None, pending: Pending | None = None) -> Entered:
    """Begin a session, in the write that uses up what was proved. A request makes its unfinished login a success."""
    now = clock.now_ms()
    cookie = rules.session_cookie(user.uid, clock.token_bytes(rules.DIGEST_BYTES))
    device = pending.device if pending else _device(user, origin)
    trusting = bool(device) and (pending.trusting if pending else origin.trusting)
    token = rules.session_cookie(user.uid, clock.token_bytes(rules.DIGEST_BYTES)) if trusting else ""
    login = login_of(Result.SUCCESS, origin.ip, origin.user_agent)
    if pending:
        login = logins.renumbered(login, pending.login)
    epoch = user.auth_epoch

    def added(user: User) -> Sequence[Step]:
        if user.auth_epoch != epoch:  # a credential changed meanwhile
            raise Refused(Reason.UNAUTHENTICATED)
        session = Session(user.uid, epoch, now + SESSION_MS, SESSION_MS)
        made = [
            sessions.beginning(session, fingerprint(cookie), now, origin.ip, origin.user_agent),
            logins.noting(user.uid, login),
        ]
        if pending:
            still_open(pending, user)
            made.append(requests.using(pending.key, now))
        if device:
            made.append(devices.noting(user.uid, device, origin.ip, now))
        if token:
            kept = DeviceToken(device, epoch, now + steps.DEVICE_TOKEN_MS)
            made.append(devices.trusting(user.uid, fingerprint(token), kept))
        return made

    _write(usable(user), shown, added)
    return Entered(user, cookie, token)


def _write(user: User, shown: Shown | None, added: Callable[[User], Sequence[Step]]) -> None:
    def decide(user: User) -> Amendment:
        return shown.authorising(user, {}, added(user)) if shown else Amendment(steps=added(user))

    amend(user.uid, decide, shown.spent if shown else None)


def _device(user: User, origin: Origin) -> str:
    """What a device is known by, for this person alone."""
    return fingerprint(f"{user.uid}\n{origin.device}") if origin.device else ""
