"""Logging in: passwords in whichever form a dialect spells them, lock-outs, sessions, and the log of it all."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core import identity as rules
from chalicelib.core.identity import Email, Form, Ladder, Session, Standing, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import attempts, sessions, users
from chalicelib.stores import logins as log
from chalicelib.stores.attempts import Admission
from chalicelib.stores.logins import Login, Result

#: How long a login waits for others of the same name and address to be decided, before it is told to come back.
BUSY_WAIT_MS: Final = 5_000
BUSY_POLL_MS: Final = 100
#: How long a warm container knows a password again that it found right. Apps send it with every request, as the
#: document advises them; argon2 each time would cost more than the rest of the request.
PROVEN_MS: Final = 5 * 60_000
PROVEN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Proof:
    """A password as it came: whose it is said to be, in which form, from which address and program."""

    email: str = field(repr=False)
    form: Form
    secret: str = field(repr=False)
    ip: str
    user_agent: str = ""


# --- passwords ------------------------------------------------------------------------------------------------------


def check_password(proof: Proof, *, rehash: bool = False) -> User:
    """The person whose password this is, and who may use the account.

    With `rehash`, which only functions whose role may change people ask for, the hashes are brought up to date.

    Raises `Refused`: UNAUTHENTICATED with the tries left; LOGIN_LOCKED after the fourth failure, for 120 minutes, and
    then for the right password too; TOO_OFTEN when others under way have to be decided first; ACCOUNT_UNUSABLE, but
    only to those who know the password. Known and unknown names take the same calls and the same argon2.
    """
    from chalicelib.services import passwords

    try:
        address = rules.email(proof.email)
    except Refused:
        address = None
    name = address.mailbox if address else proof.email.lower()
    key = f"login:{rules.fingerprint(name)}:{proof.ip}"
    if address and (user := _known_again(address, proof, key)):
        return usable(user)
    take(key)
    user = users.find(address)
    spelt = rules.spellings(proof.form, proof.secret)
    form = next((form for form in spelt if user and form in user.credentials), proof.form)
    if not passwords.matches(user.credentials.get(form) if user else None, spelt[form]) or user is None:
        whose = user.uid if user else f"nobody:{rules.fingerprint(name)}"
        log.note(_logged(whose, Result.FAILED, proof.ip, proof.user_agent))
        raise rules.login_failed(attempts.fail(key, clock.now_ms()))
    attempts.clear(key)
    if len(_proven) >= PROVEN_MAX:
        _proven.clear()
    stored = bettered(user, spelt, form) if rehash else user.credentials[form]
    _proven[_proof_mac(name, proof)] = _Proven(user.uid, form, stored, clock.monotonic_ms() + PROVEN_MS)
    return usable(user)


def bettered(user: User, spelt: Mapping[Form, str], proven: Form) -> str:
    """Hash the password anew where its hash is of weaker parameters than today's, and in every form now known.

    Trouble with it is not the person's: the hashes that are there stay good. Returns the hash of the form `proven`.
    """
    from chalicelib.services import passwords

    stored = user.credentials[proven]
    stale = [
        form for form in spelt if form not in user.credentials or (form == proven and passwords.outdated(stored))
    ]  # fmt: skip
    if not stale:
        return stored
    try:
        fresh = {form: passwords.conceal(spelt[form]) for form in stale}
        users.rehash(user.uid, user.credentials, fresh)
    except Exception as error:  # noqa: BLE001 - see above
        telemetry.alarm("password_not_rehashed", error, uid=user.uid)
        return stored
    return fresh.get(proven, stored)


@dataclass(frozen=True, slots=True)
class _Proven:
    """Whose password was found right against which hash, and until when that is remembered."""

    uid: str
    form: Form
    stored: str
    until: int


_proven: dict[bytes, _Proven] = {}
_proven_key: Final = clock.token_bytes(32)


def _proof_mac(name: str, proof: Proof) -> bytes:
    """What stands for a password in memory: worth nothing outside this container."""
    return hmac.digest(_proven_key, f"{name}\n{proof.form}\n{proof.secret}".encode(), hashlib.sha256)


def _known_again(address: Email, proof: Proof, key: str) -> User | None:
    """The person, if this container found this very password right a moment ago and nothing has changed since.

    A lock-out holds here too, and a success clears the failures here too.
    """
    proven = _proven.get(_proof_mac(address.mailbox, proof))
    if proven is None or clock.monotonic_ms() >= proven.until:
        return None
    failures = attempts.failures(key, clock.now_ms())
    if failures >= rules.LOGIN_FAILURES_MAX:
        raise rules.login_failed(failures)
    user = users.get(proven.uid)
    same = user is not None and user.credentials.get(proven.form) == proven.stored
    if user is None or not same or not user.email or rules.email(user.email).mailbox != address.mailbox:
        return None
    if failures:
        attempts.clear(key)
    return user


def take(key: str, ladder: Ladder = rules.LOGIN_LADDER) -> None:
    """Take one guess at `key`; wait where too many are under way. Raises `Refused` (LOGIN_LOCKED, TOO_OFTEN)."""
    patience = clock.monotonic_ms() + BUSY_WAIT_MS
    while (admission := attempts.take(key, clock.now_ms(), ladder)) is not Admission.TAKEN:
        if admission is Admission.LOCKED:
            raise Refused(Reason.LOGIN_LOCKED, canRetryTime=0)
        if clock.monotonic_ms() >= patience:
            raise Refused(Reason.TOO_OFTEN)
        clock.sleep_ms(
            BUSY_POLL_MS + clock.random_below(2 * BUSY_POLL_MS)
        )  # apart, so that they do not come in a crowd


def usable(user: User) -> User:
    """The person, if the account may be used. Raises `Refused` (ACCOUNT_UNUSABLE)."""
    if user.standing is not Standing.ACTIVE:
        raise Refused(Reason.ACCOUNT_UNUSABLE)
    return user


# --- sessions -------------------------------------------------------------------------------------------------------


def begin_session(user: User, ip: str, user_agent: str, *, life_ms: int = rules.SESSION_MS, slides: bool = True) -> str:
    """Begin a session of `life_ms` (ms), counted anew at each request if it `slides`.

    Returns what its cookie says, which is stored nowhere. It is good in every dialect.
    """
    now = clock.now_ms()
    cookie = rules.session_cookie(user.uid, clock.token_bytes(rules.DIGEST_BYTES))
    session = Session(user.uid, user.auth_epoch, now + life_ms, life_ms if slides else 0)
    login = _logged(user.uid, Result.SUCCESS, ip, user_agent)
    sessions.begin(session, rules.fingerprint(cookie), now, ip, user_agent, login)
    return cookie


def check_session(cookie: str) -> User:
    """The person whose session this is: one read, and at most once a minute a write that lets the session go on.

    Raises `Refused`: UNAUTHENTICATED for one that is forged, expired or ended; ACCOUNT_UNUSABLE.
    """
    parts = rules.session_parts(cookie)
    if parts is None:
        raise Refused(Reason.UNAUTHENTICATED)
    fingerprint = rules.fingerprint(cookie)
    session, user = sessions.with_user(parts[0], fingerprint)
    now = clock.now_ms()
    if session is None or user is None or not rules.session_holds(session, user, now):
        raise Refused(Reason.UNAUTHENTICATED)
    if rules.session_slides(session, now):
        sessions.extend(user.uid, fingerprint, now + session.slides_ms)
    return usable(user)


def end_session(cookie: str) -> None:
    """End a session. What is no session of ours, or no longer, is ended already."""
    parts = rules.session_parts(cookie)
    if parts is not None:
        sessions.end(parts[0], rules.fingerprint(cookie))


# --- the log --------------------------------------------------------------------------------------------------------


def logins(
    uid: str, limit: int = 20, *, before: int | None = None, since: int = 0, until: int = log.AT_MAX
) -> list[Login]:
    """A person's logins and failures, the newest first: from `since` until `until` (ms), with ids below `before`."""
    return log.newest(uid, limit, before, since, until)


def login_of(result: Result, ip: str, user_agent: str) -> Login:
    """A login, now, as the log keeps it."""
    return Login(clock.now_ms(), result, ip, user_agent, clock.random_below(log.RESTS))


def _logged(uid: str, result: Result, ip: str, user_agent: str) -> log.LoginRow:
    return log.row(uid, login_of(result, ip, user_agent))
