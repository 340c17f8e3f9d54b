"""People and how they prove who they are: registration, activation, passwords, sessions, API tokens.

One service for every dialect; what they spell differently (the form of a password, a link's address) they bring along.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core import identity as rules
from chalicelib.core.identity import ApiToken, Email, Form, Purpose, Session, Standing, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.letters import letter
from chalicelib.stores import api_keys, attempts, codes, mail, sessions, users, vault
from chalicelib.stores.attempts import Admission

#: How long a login waits for others of the same name and address to be decided, before it is told to come back.
BUSY_WAIT_MS: Final = 5_000
BUSY_POLL_MS: Final = 100
#: How long a warm container knows a password again that it found right. Apps send it with every request, as the
#: document advises them; argon2 each time would cost more than the rest of the request.
PROVEN_MS: Final = 5 * 60_000
PROVEN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Invitation:
    """How the link of an activation mail is written: the mail's language, and the address that the token completes."""

    language: str
    link: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A password as it came: whose it is said to be, in which form, from which address."""

    email: str
    form: Form
    secret: str
    ip: str


# --- registration and activation ------------------------------------------------------------------------------------


def register(address: Email, form: Form, secret: str, invitation: Invitation) -> str:
    """Make an account for `address` and mail the link that activates it. Returns the new uid.

    Raises `Refused` (ALREADY_REGISTERED): the document wants it said. Once the account is there, the registration has
    succeeded, whatever becomes of the mail: the person can ask for another.
    """
    from chalicelib.services import passwords

    if users.email_taken(address):
        raise Refused(Reason.ALREADY_REGISTERED, "email")
    credentials = {form: passwords.conceal(secret)}
    uid = users.next_uid()
    now = clock.now_ms()
    try:
        users.register(uid, address, credentials, invitation.language, now)
    except users.NameTaken:
        raise Refused(Reason.ALREADY_REGISTERED, "email") from None
    try:
        # Not counted as a send: a mailbox gets this mail once in its life, and who does not find it may ask at once.
        _mail_activation(uid, address.typed, invitation, now)
    except Exception as error:  # noqa: BLE001 - any trouble with the mail must leave the answer as it is: registered
        telemetry.alarm("activation_not_mailed", error, uid=uid)
    return uid


def send_activation(address: Email, ip: str, invitation: Invitation) -> None:
    """Mail a new link to somebody who registered and has not been activated.

    To any other address nothing is mailed, and nothing tells so. Raises `Refused` (CODE_TOO_OFTEN), for all alike.
    """
    now = clock.now_ms()
    windows = {
        f"sends:{Purpose.ACTIVATION}:{rules.fingerprint(address.mailbox)}": rules.RECEIVER_WINDOWS,
        f"sends-from:{ip}": rules.IP_WINDOWS,
    }
    if not attempts.spend(windows, now):
        raise Refused(Reason.CODE_TOO_OFTEN)
    user = users.find(address)
    if user is None or user.standing is not Standing.PENDING:
        codes.keep(Purpose.ACTIVATION, rules.fingerprint(_new_mailed_token()), None, now + rules.ACTIVATION_MS)
        return
    try:
        _mail_activation(user.uid, user.email, invitation, now)
    except mail.Undelivered as error:  # an answer that is different would tell that there is such a person
        telemetry.alarm("activation_not_mailed", error, uid=user.uid)


def activate(token: str) -> None:
    """Use up a mailed token and let its person in. Raises `Refused` (TOKEN_EXPIRED) if the token cannot do that."""
    if rules.is_mailed_token(token):
        fingerprint = rules.fingerprint(token)
        uid = codes.owner(Purpose.ACTIVATION, fingerprint)
        if uid is not None and users.activate(uid, fingerprint, clock.token_bytes(16).hex(), clock.now_ms()):
            return
    raise Refused(Reason.TOKEN_EXPIRED, "token")


def _mail_activation(uid: str, to: str, invitation: Invitation, now: int) -> None:
    token = _new_mailed_token()
    codes.keep(Purpose.ACTIVATION, rules.fingerprint(token), uid, now + rules.ACTIVATION_MS)
    subject, text = letter("activation", invitation.language, link=f"{invitation.link}{token}")
    mail.send(to, subject, text)


def _new_mailed_token() -> str:
    return rules.mailed_token(clock.token_bytes(rules.TOKEN_BYTES))


# --- passwords ------------------------------------------------------------------------------------------------------


def check_password(proof: Proof) -> User:
    """The person whose password this is, and who may use the account.

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
        return _usable(user)
    _take(key)
    user = users.find(address)
    if not passwords.matches(user.credentials.get(proof.form) if user else None, proof.secret) or user is None:
        raise rules.login_failed(attempts.fail(key, clock.now_ms()))
    attempts.clear(key)
    if len(_proven) >= PROVEN_MAX:
        _proven.clear()
    stored = user.credentials[proof.form]
    _proven[_proof_mac(name, proof)] = _Proven(user.uid, stored, clock.monotonic_ms() + PROVEN_MS)
    return _usable(user)


@dataclass(frozen=True, slots=True)
class _Proven:
    """Whose password was found right against which hash, and until when that is remembered."""

    uid: str
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
    same = user is not None and user.credentials.get(proof.form) == proven.stored
    if user is None or not same or rules.email(user.email).mailbox != address.mailbox:
        return None
    if failures:
        attempts.clear(key)
    return user


def _take(key: str) -> None:
    patience = clock.monotonic_ms() + BUSY_WAIT_MS
    while (admission := attempts.take(key, clock.now_ms())) is not Admission.TAKEN:
        if admission is Admission.LOCKED:
            raise rules.login_failed(rules.LOGIN_FAILURES_MAX)
        if clock.monotonic_ms() >= patience:
            raise Refused(Reason.TOO_OFTEN)
        clock.sleep_ms(
            BUSY_POLL_MS + clock.random_below(2 * BUSY_POLL_MS)
        )  # apart, so that they do not come in a crowd


def _usable(user: User) -> User:
    if user.standing is not Standing.ACTIVE:
        raise Refused(Reason.ACCOUNT_UNUSABLE)
    return user


# --- sessions -------------------------------------------------------------------------------------------------------


def begin_session(user: User, ip: str, user_agent: str) -> str:
    """Begin a session of 60 minutes, sliding. Returns what its cookie says, which is stored nowhere."""
    now = clock.now_ms()
    cookie = rules.session_cookie(user.uid, clock.token_bytes(rules.DIGEST_BYTES))
    session = Session(uid=user.uid, epoch=user.auth_epoch, expires=now + rules.SESSION_MS)
    sessions.begin(session, rules.fingerprint(cookie), now, ip, user_agent)
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
        sessions.extend(user.uid, fingerprint, now + rules.SESSION_MS)
    return _usable(user)


def end_session(cookie: str) -> None:
    """End a session. What is no session of ours, or no longer, is ended already."""
    parts = rules.session_parts(cookie)
    if parts is not None:
        sessions.end(parts[0], rules.fingerprint(cookie))


# --- API tokens -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signer:
    """Who owns an API token, and the secret that its requests are signed with."""

    uid: str
    secret: str


def signer(token: str) -> Signer | None:
    """Who signs with `token`, or None. What it says of itself is not believed before `signed_by` is asked."""
    key = api_keys.get(token)
    return Signer(uid=key.uid, secret=vault.unseal(key.sealed, key.uid)) if key else None


def signed_by(signed: Signer) -> User:
    """The person behind a signature that was right. Raises `Refused` (UNAUTHENTICATED, ACCOUNT_UNUSABLE)."""
    user = users.get(signed.uid)
    if user is None:
        raise Refused(Reason.UNAUTHENTICATED)
    return _usable(user)


def add_api_token(uid: str) -> ApiToken:
    """A new API token of a person, good at once. Raises `Refused` (TOO_MANY_API_TOKENS)."""
    made = ApiToken(token=clock.token_bytes(16).hex(), secret=clock.token_bytes(16).hex())
    sealed = vault.seal(made.secret, uid)
    try:
        api_keys.add(api_keys.SealedToken(token=made.token, uid=uid, sealed=sealed, created=clock.now_ms()))
    except api_keys.TooMany:
        raise Refused(Reason.TOO_MANY_API_TOKENS) from None
    return made


def delete_api_token(uid: str, token: str) -> None:
    """Take one of a person's API tokens away, at once. Raises `Refused` (PARAMETER_INVALID) if there is none such."""
    if not api_keys.remove(uid, token):
        raise Refused(Reason.PARAMETER_INVALID, "token")


# --- profile --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """A person and the API tokens, the oldest first, with their secrets."""

    user: User
    api_tokens: list[ApiToken]


def profile(uid: str) -> Profile:
    """What a person may know of the account. Raises `Refused` (NO_SUCH_USER)."""
    user = users.get(uid)
    if user is None:
        raise Refused(Reason.NO_SUCH_USER)
    keys = api_keys.get_all(user.api_tokens)
    return Profile(user, [ApiToken(token=key.token, secret=vault.unseal(key.sealed, uid)) for key in keys])
