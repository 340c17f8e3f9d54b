"""Who a person is, as rules without I/O: e-mail addresses, password forms, tokens, lock-outs and rates.

Times are ms since epoch, spans ms. What a rule refuses is raised as `Refused`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chalicelib.core.reasons import Reason, Refused

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

#: Uids have ten digits; the first person is 1000000001.
UID_BASE: Final = 10**9

API_TOKENS_MAX: Final = 50


class Form(StrEnum):
    """How a dialect spells a password on the wire. Each form is hashed of its own: none can be made from another."""

    SHA256_BASE64 = "sha256_base64"  # coinport v2
    MD5_HEX = "md5_hex"  # coinport draft, broker
    PLAIN = "plain"  # router, the draft's Basic


class Standing(StrEnum):
    """Whether a person may use the account."""

    PENDING = "pending"  # registered; the e-mail address has not been proved yet
    ACTIVE = "active"
    DISABLED = "disabled"  # by an operator


class Purpose(StrEnum):
    """What a mailed token or a code is good for. One of one purpose is worth nothing for another."""

    ACTIVATION = "activation"  # a token
    RESET = "reset"  # a token
    VERIFICATION = "verification"  # a code: coinport asks for one without saying what for
    # Codes, by what broker clients ask for them.
    SIGN_UP = "sign_up"
    LOGIN = "login"  # its second step
    FIND_PASSWORD = "find_password"  # noqa: S105
    RESET_PASSWORD = "reset_password"  # noqa: S105
    BIND_MOBILE = "bind_mobile"  # to the number that is to be bound, and to what is known already
    BIND_EMAIL = "bind_email"  # as above
    BIND_TOTP = "bind_totp"
    ADD_ADDRESS = "add_address"
    DELETE_ADDRESS = "delete_address"
    REAL_NAME = "real_name"
    CREATE_API_KEY = "create_api_key"
    MODIFY_API_KEY = "modify_api_key"
    DELETE_API_KEY = "delete_api_key"
    WITHDRAW = "withdraw"
    SET_TRADE_PASSWORD = "set_trade_password"  # noqa: S105
    MODIFY_TRADE_PASSWORD = "modify_trade_password"  # noqa: S105
    UNBIND_EMAIL = "unbind_email"
    UNBIND_MOBILE = "unbind_mobile"
    UNBIND_TOTP = "unbind_totp"
    PAY_ORDER = "pay_order"
    QUICK_SIGN_UP = "quick_sign_up"
    QUICK_LOGIN = "quick_login"
    SET_PASSWORD = "set_password"  # noqa: S105
    ANTI_PHISHING = "anti_phishing"
    REBIND_EMAIL = "rebind_email"
    REBIND_MOBILE = "rebind_mobile"
    REBIND_TOTP = "rebind_totp"


class Channel(StrEnum):
    """How a message reaches a person."""

    MAIL = "mail"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class User:
    """A person. `email` is the address as typed, "" for who has none; `auth_epoch` counts what ends all sessions, `version`
    every change. `registered_by` is the channel of the name that the account was made with, None for one made by a partner.

    What is sealed can be opened by `stores.vault` for this uid alone; empty where there is nothing. `email_auth` and
    `phone_auth` say which codes a withdrawal asks for; until `frozen_until` (ms since epoch) there is none.
    """

    uid: str
    email: str
    email_verified: bool
    sealed_mobile: bytes
    mobile_verified: bool
    totp_enabled: bool
    standing: Standing
    auth_epoch: int
    credentials: dict[str, str]
    api_tokens: frozenset[str]
    language: str
    created: int
    nickname: str = ""
    email_auth: bool = True
    phone_auth: bool = False
    frozen_until: int = 0
    sealed_totp: bytes = b""
    totp_step: int = 0
    sealed_totp_pending: bytes = b""
    totp_pending_until: int = 0
    invite_code: str = ""
    inviter: str = ""
    #: The broker's API keys: those that only read, and those that may trade.
    reading_keys: frozenset[str] = frozenset()
    trading_keys: frozenset[str] = frozenset()
    #: The inviter's inviter.
    second_inviter: str = ""
    registered_by: Channel | None = Channel.MAIL
    #: Through whom the person came; "" is nobody in particular.
    source: str = ""
    #: An argon2id hash; "" where there is none.
    trade_password: str = field(default="", repr=False)
    open_future: bool = False
    open_contract: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A name that requests are signed under, and the secret to sign them with."""

    token: str
    secret: str


# --- e-mail ---------------------------------------------------------------------------------------------------------

EMAIL_CHARACTERS_MAX: Final = 254
LOCAL_CHARACTERS_MAX: Final = 64
# ASCII only, on purpose: homoglyphs, full-width signs, control characters and quoted local parts are no addresses
# here, so that two addresses that look alike are alike, and none can smuggle a line into a mail.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(
    rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|[Xx][Nn]--[A-Za-z0-9-]{{1,59}}))"
)
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_OUTLOOK: Final = re.compile(r"(?:outlook|hotmail)\.(?:[a-z]{2,3}|com?\.[a-z]{2})")


@dataclass(frozen=True, slots=True)
class Email:
    """An address: `typed` is where mail goes, `mailbox` what makes it one person's."""

    typed: str
    mailbox: str


def email(text: str) -> Email:
    """The address that `text` is. Raises `Refused` (EMAIL_FORMAT) when it is none.

    The mailbox is lower case; Gmail ignores dots and what follows a plus sign, Outlook and Hotmail the latter, so
    these are the same person's (decisions, section 0).
    """
    found = _EMAIL.fullmatch(text) if len(text) <= EMAIL_CHARACTERS_MAX else None
    if found is None or len(found[1]) > LOCAL_CHARACTERS_MAX:
        raise Refused(Reason.EMAIL_FORMAT, "email")
    local, domain = found[1].lower(), found[2].lower()
    if domain in _GMAIL:
        local, domain = local.partition("+")[0].replace(".", ""), "gmail.com"
    elif _OUTLOOK.fullmatch(domain):
        local = local.partition("+")[0]
    if not local:
        raise Refused(Reason.EMAIL_FORMAT, "email")
    return Email(typed=text, mailbox=f"{local}@{domain}")


# --- secrets --------------------------------------------------------------------------------------------------------

DIGEST_BYTES: Final = 32
TOKEN_BYTES: Final = 25
_MAILED_TOKEN: Final = re.compile(r"[A-Z2-7]{40}")
_SESSION: Final = re.compile(r"([1-9][0-9]{9})\.([A-Za-z0-9_-]{43})")


def pwdhash(text: str, parameter: str = "pwdhash") -> str:
    """A password in the form SHA256_BASE64, in its one canonical spelling: 32 bytes have several in Base64.

    Raises `Refused` (PASSWORD_FORMAT) for anything else.
    """
    try:
        digest = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Refused(Reason.PASSWORD_FORMAT, parameter) from error
    if len(digest) != DIGEST_BYTES:
        raise Refused(Reason.PASSWORD_FORMAT, parameter)
    return base64.b64encode(digest).decode()


def spellings(form: Form, secret: str) -> dict[Form, str]:
    """Every form in which a password can be spelt that came in one form: plain text gives them all, a digest itself.

    MD5 in hexadecimal digits is the same in either case.
    """
    if form is Form.MD5_HEX:
        return {form: secret.lower()}
    if form is Form.SHA256_BASE64:
        return {form: secret}
    raw = secret.encode("utf-8", "surrogatepass")
    return {
        Form.PLAIN: secret,
        Form.SHA256_BASE64: base64.b64encode(hashlib.sha256(raw).digest()).decode(),
        Form.MD5_HEX: hashlib.md5(raw, usedforsecurity=False).hexdigest(),
    }


def mailed_token(random: bytes) -> str:
    """The token of a mailed link: 25 random bytes as 40 letters and digits (Base32)."""
    assert len(random) == TOKEN_BYTES
    return base64.b32encode(random).decode()


def is_mailed_token(text: str) -> bool:
    """Whether a text could be such a token at all."""
    return _MAILED_TOKEN.fullmatch(text) is not None


def session_cookie(uid: str, random: bytes) -> str:
    """What a session's cookie says: whose it is, and 32 random bytes that prove it."""
    assert len(random) == DIGEST_BYTES
    return f"{uid}.{base64.urlsafe_b64encode(random).decode().rstrip('=')}"


def session_parts(cookie: str) -> tuple[str, str] | None:
    """The uid and the secret in a session's cookie; None when it cannot be one of ours."""
    found = _SESSION.fullmatch(cookie)
    return (found[1], found[2]) if found else None


def fingerprint(secret: str) -> str:
    """How a random secret is stored. It has 200 bits or more of its own, so it needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- sessions -------------------------------------------------------------------------------------------------------

#: Unless its dialect says otherwise, a session goes on for so long after each request.
SESSION_MS: Final = 60 * MINUTE_MS
#: A session slides with every request, but is written at most this often.
SESSION_WRITE_EVERY_MS: Final = MINUTE_MS
ACTIVATION_MS: Final = DAY_MS
RESET_MS: Final = HOUR_MS


@dataclass(frozen=True, slots=True)
class Session:
    """A login that goes on. It ends at `expires`, or when the person's `auth_epoch` is no longer this one's.

    Each request carries it on until `slides_ms` later; with 0 it ends when it was said to at its beginning. Which of these is
    the business of the dialect that began it; it is good in all of them.
    """

    uid: str
    epoch: int
    expires: int
    slides_ms: int = SESSION_MS


def session_holds(session: Session | None, user: User | None, now: int) -> bool:
    """Whether a session proves that its person is asking."""
    return session is not None and user is not None and now < session.expires and session.epoch == user.auth_epoch


def session_slides(session: Session, now: int) -> bool:
    """Whether it is time to write down that a session goes on."""
    return session.expires - now <= session.slides_ms - SESSION_WRITE_EVERY_MS


# --- lock-out -------------------------------------------------------------------------------------------------------

LOGIN_FAILURES_MAX: Final = 4
LOGIN_LOCK_MS: Final = 120 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Ladder:
    """How many wrong guesses there may be until none is looked at for `freeze_ms`, and when they are forgotten, both after
    the last of them. While they are remembered, each further one freezes again.
    """

    failures_max: int
    memory_ms: int = LOGIN_LOCK_MS
    freeze_ms: int = LOGIN_LOCK_MS


#: Wrong passwords at one name from one address.
LOGIN_LADDER: Final = Ladder(LOGIN_FAILURES_MAX)
#: Wrong passwords of one account, from wherever (broker).
ACCOUNT_LADDER: Final = Ladder(5, memory_ms=DAY_MS)
#: Wrong codes of somebody who has forgotten the password (broker).
FIND_LADDER: Final = Ladder(5, memory_ms=DAY_MS, freeze_ms=DAY_MS)


def login_failed(failures: int) -> Refused:
    """What a wrong password is answered: how many tries are left, or that this was the last."""
    if failures >= LOGIN_FAILURES_MAX:
        return Refused(Reason.LOGIN_LOCKED, canRetryTime=0)
    return Refused(Reason.UNAUTHENTICATED, canRetryTime=LOGIN_FAILURES_MAX - failures)


#: Wrong TOTP codes of one person, from wherever, until none is looked at for `LOGIN_LOCK_MS`.
TOTP_FAILURES_MAX: Final = 5
TOTP_LADDER: Final = Ladder(TOTP_FAILURES_MAX)

#: Wrong trade passwords of one person, likewise.
TRADE_PASSWORD_FAILURES_MAX: Final = 5
TRADE_PASSWORD_LADDER: Final = Ladder(TRADE_PASSWORD_FAILURES_MAX)
TRADE_PASSWORD_CHARACTERS: Final = range(6, 21)


def trade_password(secret: str) -> str:
    """A trade password: 6 to 20 characters. Raises `Refused` (TRADE_PASSWORD_FORMAT)."""
    if len(secret) not in TRADE_PASSWORD_CHARACTERS or not secret.isprintable():
        raise Refused(Reason.TRADE_PASSWORD_FORMAT, "trade_pwd")
    return secret


# --- codes and second factors ---------------------------------------------------------------------------------------

CODE_DIGITS: Final = 6
CODE_MS: Final = 10 * MINUTE_MS
CODE_ATTEMPTS_MAX: Final = 5
TOTP_STEP_MS: Final = 30_000
#: How far a person's clock may be off, in steps, either way.
TOTP_STEPS_OFF: Final = 1
#: 160 bits, as RFC 4226 recommends; the 80 of the document's example are below its minimum.
TOTP_SECRET_BYTES: Final = 20
TOTP_PENDING_MS: Final = 2 * HOUR_MS
#: A changed credential keeps what an account holds from leaving for so long.
FREEZE_MS: Final = DAY_MS

_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)
#: As coinport writes ids of codes, and as broker does: digits, few enough for any reader of JSON numbers.
_CODE_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[1-9][0-9]{14}", re.ASCII)
ORDER_ID_MIN: Final = 10**14
ORDER_ID_MAX: Final = 10**15 - 1


def is_code(text: str) -> bool:
    """Whether a text could be a code, mailed or TOTP, at all."""
    return _CODE.fullmatch(text) is not None


def is_code_id(text: str) -> bool:
    """Whether a text could be the id of a code at all."""
    return _CODE_ID.fullmatch(text) is not None


def code_message(code_id: str, purpose: Purpose, channel: Channel, uid: str, receiver: str, code: str) -> bytes:
    """What the HMAC of a code is made over: a code proves nothing for any other purpose, person or receiver."""
    return f"{code_id}\n{purpose}\n{channel}\n{uid}\n{receiver}\n{code}".encode()


# --- names ----------------------------------------------------------------------------------------------------------

_NICKNAME: Final = re.compile(r"[a-zA-Z0-9.]{1,32}", re.ASCII)
#: Letters and digits that nobody mistakes for one another: 32 of them.
INVITE_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
INVITE_CHARACTERS: Final = 6


def nickname(text: str) -> str:
    """A nickname. Raises `Refused` (PARAMETER_INVALID)."""
    if not _NICKNAME.fullmatch(text):
        raise Refused(Reason.PARAMETER_INVALID, "nickname")
    return text


def invite_code(random: bytes) -> str:
    """An invite code of six characters."""
    assert len(random) == INVITE_CHARACTERS
    return "".join(INVITE_ALPHABET[byte % len(INVITE_ALPHABET)] for byte in random)


def is_invite_code(text: str) -> bool:
    """Whether a text could be an invite code at all."""
    return len(text) == INVITE_CHARACTERS and all(character in INVITE_ALPHABET for character in text)


def masked_email(address: str) -> str:
    """An address as it may be shown: the first and the last character of its local part."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}{'*' * max(len(local) - 2, 1)}{local[-1:] if len(local) > 1 else ''}{at}{domain}"


# --- rates ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """At most `sends_max` in any `span_ms`."""

    span_ms: int
    sends_max: int


#: Mails or messages to one receiver for one purpose (decisions, section 0).
RECEIVER_WINDOWS: Final = (Window(MINUTE_MS, 1), Window(HOUR_MS, 5), Window(DAY_MS, 10))
IP_WINDOWS: Final = (Window(HOUR_MS, 20),)
#: Messages that one person can have sent, to whatever receivers: an SMS costs money.
PERSON_WINDOWS: Final = (Window(DAY_MS, 40),)
#: Logins tried from one address, right or wrong: whoever guesses at many accounts is stopped here.
LOGIN_WINDOWS: Final = (Window(MINUTE_MS, 30), Window(HOUR_MS, 100))
#: Accounts whose password somebody at one address looks for.
FIND_WINDOWS: Final = (Window(HOUR_MS, 3),)
ONCE_AN_HOUR: Final = (Window(HOUR_MS, 1),)
#: Real names handed in for review.
KYC_WINDOWS: Final = (Window(HOUR_MS, 3), Window(DAY_MS, 10))


def after_send(times: Sequence[int], now: int, windows: Sequence[Window]) -> list[int] | None:
    """The times to remember after one more send at `now`, or None when a window is full.

    `times` are those of earlier sends; what is older than the longest window is forgotten.
    """
    if any(sum(now - time < window.span_ms for time in times) >= window.sends_max for window in windows):
        return None
    longest = max(window.span_ms for window in windows)
    return [*(time for time in times if now - time < longest), now]
