"""A forgotten password, as broker clients find it: a code, a second factor, a new password; and the other ways to choose one."""

import hmac
from dataclasses import dataclass, field

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core import steps
from chalicelib.core.identity import Channel, Form, Purpose, Standing, User, fingerprint
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.steps import Factor, Kind, Pending
from chalicelib.services.identity.amending import amend, credential_changed
from chalicelib.services.identity.asking import known_receiver, send_own_code
from chalicelib.services.identity.codes import SentCode, check_code, count_send, post_code
from chalicelib.services.identity.login import take
from chalicelib.services.identity.names import Name, channel_of, find, own, person, spelling_of
from chalicelib.services.identity.real_name import approved_number
from chalicelib.services.identity.requests import attempted, new_id, opened, still_open, unknown
from chalicelib.services.identity.second_factor import check_any_channel, check_factor
from chalicelib.services.identity.two_step import account_key
from chalicelib.stores import attempts, codes, requests
from chalicelib.stores.table import Step
from chalicelib.stores.users import Amendment

PARAMETER = "verify_code"


@dataclass(frozen=True, slots=True)
class Found:
    """A person who has forgotten the password, and what else is asked for."""

    request_id: str = field(repr=False)
    factor: Factor


def find_password(name: Name, sent: SentCode, ip: str) -> Found:
    """The first step: a code that went to the name (type 3).

    Raises `Refused`: FIND_TOO_MANY for the fourth account in an hour from an address; FIND_FAILED with the `failures` at
    the name, after the fifth for a day, also for the right code; FIND_BY_MAIL or FIND_BY_MOBILE when the account was
    made with the other name, which only the right code is told.
    """
    spelling, channel = spelling_of(name), channel_of(name)
    _count_account(ip, spelling)
    user = find(name)
    # By name, whoever has it: a count by person would tell that two names are one's.
    proof = _proved(name, user, sent, f"find:{fingerprint(spelling)}")
    if user is None:
        raise unknown()
    if user.registered_by not in {channel, None}:
        raise Refused(Reason.FIND_BY_MAIL if user.registered_by is Channel.MAIL else Reason.FIND_BY_MOBILE)
    factor = steps.find_factor(user, channel, has_document=approved_number(user.uid) is not None)
    request_id = new_id()
    pending = Pending(
        key=fingerprint(request_id),
        kind=Kind.FIND_PASSWORD,
        uid=user.uid,
        epoch=user.auth_epoch,
        factor=factor,
        expires=clock.now_ms() + steps.REQUEST_MS,
    )
    creating = requests.creating(pending)
    amend(user.uid, lambda _user: Amendment({}, [proof], [creating]), Refused(Reason.FIND_FAILED, failures=1))
    return Found(request_id, factor)


def _count_account(ip: str, spelling: str) -> None:
    """Count an account that somebody looks for, the same one once an hour. Raises `Refused` (FIND_TOO_MANY)."""
    now, same = clock.now_ms(), f"finds:{fingerprint(f'{ip} {spelling}')}"
    windows = {same: rules.ONCE_AN_HOUR, f"finds-from:{ip}": rules.FIND_WINDOWS}
    if not attempts.spend(windows, now) and not attempts.spent(same, now, rules.ONCE_AN_HOUR):
        raise Refused(Reason.FIND_TOO_MANY)


def _proved(name: Name, user: User | None, sent: SentCode, key: str) -> codes.Proof:
    """The code as a proof, or one step up the ladder."""
    try:
        take(key, rules.FIND_LADDER)
    except Refused as error:
        if error.reason is Reason.LOGIN_LOCKED:
            raise Refused(Reason.FIND_FAILED, failures=rules.FIND_LADDER.failures_max + 1) from error
        raise
    try:
        proof = check_code(Purpose.FIND_PASSWORD, known_receiver(name, user), sent, PARAMETER)
    except Refused as error:
        failures = attempts.fail(key, clock.now_ms(), rules.FIND_LADDER)
        raise Refused(Reason.FIND_FAILED, failures=failures) from error
    attempts.clear(key)
    return proof


def send_find_code(request_id: str, ip: str) -> str:
    """Send the code of the second step: its id. Raises `Refused`: NO_SUCH_REQUEST, WRONG_FACTOR, SPENT after five."""
    pending, user = opened(request_id, Kind.FIND_PASSWORD)
    if pending.factor not in steps.CHANNELS:
        raise Refused(Reason.WRONG_FACTOR, "request_id")
    receiver, now = own(user, steps.CHANNELS[pending.factor]), clock.now_ms()
    if pending.sends >= steps.SENDS_MAX:
        raise Refused(Reason.SPENT)
    count_send(Purpose.RESET_PASSWORD, [receiver.address], ip, now, user.uid)
    if not requests.count_send(pending.key, now):
        raise Refused(Reason.SPENT)
    return post_code(Purpose.RESET_PASSWORD, receiver, user.language, numbered=True)


def check_found(request_id: str, sent: SentCode) -> None:
    """The second step: a code, or the number of the document that the person proved to have.

    Raises `Refused`: NO_SUCH_REQUEST, also after five wrong ones; EMAIL_CODE, SMS_CODE, TOTP_CODE, ID_NUMBER; TOO_OFTEN.
    """
    pending, user = opened(request_id, Kind.FIND_PASSWORD)
    if pending.verified or pending.factor is Factor.NONE:
        return
    attempted(pending)
    verifying = requests.verifying(pending.key, clock.now_ms())
    if pending.factor is Factor.ID_CARD:
        number = approved_number(user.uid) or ""
        if not number or not hmac.compare_digest(number.encode(), sent.code.strip().upper().encode()):
            raise Refused(Reason.ID_NUMBER, PARAMETER)
        shown = None
    else:
        shown = check_factor(user, Purpose.RESET_PASSWORD, steps.CHANNELS.get(pending.factor), sent)

    def decide(user: User) -> Amendment:
        if still_open(pending, user).verified:
            return Amendment()
        return shown.authorising(user, {}, [verifying]) if shown else Amendment(steps=[verifying])

    amend(user.uid, decide, shown.spent if shown else None)


def set_found_password(request_id: str, form: Form, secret: str) -> None:
    """The last step: all sessions end, withdrawals are frozen, and the account's ladder begins anew.

    Raises `Refused` (NO_SUCH_REQUEST), also before the second step.
    """
    pending, user = opened(request_id, Kind.FIND_PASSWORD)
    if not (pending.verified or pending.factor is Factor.NONE):
        raise unknown()
    credentials = _concealed(form, secret)
    using: Step = requests.using(pending.key, clock.now_ms())

    def decide(user: User) -> Amendment:
        still_open(pending, user)
        changes: dict[str, object] = {"credentials": credentials}
        if user.standing is Standing.PENDING:  # the code that went to the address has proved it
            changes |= {"standing": Standing.ACTIVE.value, "email_verified": True}
        return credential_changed(user, "", Amendment(changes, steps=[using]))

    amend(user.uid, decide)
    attempts.clear(account_key(user.uid))


# --- who is logged in -----------------------------------------------------------------------------------------------


def replace_password(uid: str, session: str, form: Form, old: str, new: str) -> None:
    """Exchange the password for another one; the other sessions end, withdrawals are frozen.

    Raises `Refused`: OLD_PASSWORD for a wrong one, on the account's ladder; LOGIN_LOCKED; SAME_PASSWORD, once the old one
    was right.
    """
    from chalicelib.services import passwords

    user = person(uid)
    key = account_key(user.uid)
    take(key, rules.ACCOUNT_LADDER)
    spelt = rules.spellings(form, old)
    if not passwords.matches(user.credentials.get(form), spelt[form]):
        attempts.fail(key, clock.now_ms(), rules.ACCOUNT_LADDER)
        raise Refused(Reason.OLD_PASSWORD, "old_password")
    attempts.clear(key)
    if rules.spellings(form, new)[form] == spelt[form]:
        raise Refused(Reason.SAME_PASSWORD, "password1")
    credentials = _concealed(form, new)
    epoch = user.auth_epoch

    def decide(user: User) -> Amendment:
        if user.auth_epoch != epoch:  # somebody else was quicker: the old password may be old by now
            raise Refused(Reason.OLD_PASSWORD, "old_password")
        return credential_changed(user, session, Amendment({"credentials": credentials}))

    amend(uid, decide)


def send_first_password_code(user: User, ip: str) -> str:
    """Send the code that sets a first password, by the channel that the account was made with: its id. Raises `Refused`."""
    if user.credentials:
        raise Refused(Reason.PASSWORD_SET)
    channel = user.registered_by or (Channel.SMS if user.mobile_verified else Channel.MAIL)
    return send_own_code(user, channel, Purpose.SET_PASSWORD, ip)


def set_first_password(uid: str, session: str, form: Form, secret: str, sent: SentCode) -> None:
    """Give somebody who logs in by codes a password. Raises `Refused`: PASSWORD_SET, EMAIL_CODE, SMS_CODE."""
    user = person(uid)
    if user.credentials:
        raise Refused(Reason.PASSWORD_SET)
    shown = check_any_channel(user, Purpose.SET_PASSWORD, sent)
    credentials = _concealed(form, secret)

    def decide(user: User) -> Amendment:
        if user.credentials:
            raise Refused(Reason.PASSWORD_SET)
        return credential_changed(user, session, shown.authorising(user, {"credentials": credentials}))

    amend(uid, decide, shown.spent)


def _concealed(form: Form, secret: str) -> dict[str, str]:
    """The hashes of a new password in every form that is now known; those of the old one are gone."""
    from chalicelib.services import passwords

    return {form.value: passwords.conceal(spelt) for form, spelt in rules.spellings(form, secret).items()}
