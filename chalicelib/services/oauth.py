"""OAuth 2.0: other applications learn who a person is, because the person signs up or logs in for them.

An application asks (`authorize`), a sign-up or a login that names the request consents (`consent`), the application
exchanges the code that came of it (`exchange`) and asks with the token (`who`). Ids, codes, tokens and secrets are kept as
fingerprints only.
"""

import hmac
from dataclasses import dataclass, field
from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core import oauth as rules
from chalicelib.core.identity import Standing, User, fingerprint
from chalicelib.core.oauth import Client, Wish
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import names, oauth, users
from chalicelib.stores.oauth import Grant, Token

#: What a client that nobody registered is compared with, so that it takes the same work.
_NOBODY: Final = fingerprint("")


@dataclass(frozen=True, slots=True)
class Registered:
    """A new application, and its secret, which is shown this once."""

    client: Client
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for consent, and what people are shown about it."""

    request_id: str
    client: Client
    functions: list[rules.Function]


@dataclass(frozen=True, slots=True)
class Consent:
    """A code on its way to the application; `expires` in ms since epoch."""

    code: str = field(repr=False)
    expires: int
    wish: Wish


@dataclass(frozen=True, slots=True)
class Exchanged:
    """An access token; `expires_s` from now."""

    token: str = field(repr=False)
    expires_s: int
    scope: tuple[str, ...]


def register(name: str, redirect_uri: str) -> Registered:
    """A new application, good at once. Raises `Refused` (PARAMETER_INVALID, REDIRECT_URI)."""
    secret = clock.token_bytes(rules.SECRET_BYTES).hex()
    client = Client(
        clock.token_bytes(rules.CLIENT_ID_BYTES).hex(),
        rules.client_name(name),
        rules.redirect_uri(redirect_uri),
        fingerprint(secret),
    )
    oauth.register(client, clock.now_ms())
    return Registered(client, secret)


def find_client(client_id: str) -> Client:
    """An application. Raises `Refused` (OAUTH_CLIENT)."""
    client = oauth.client(client_id)
    if client is None:
        raise Refused(Reason.OAUTH_CLIENT, "client_id")
    return client


def authorize(client: Client, wish: Wish) -> Asked:
    """Have a wish wait for the sign-up or login that names its request id, for 30 minutes."""
    request_id = rules.code_text(clock.token_bytes(rules.ID_CHARACTERS))
    oauth.ask(fingerprint(request_id), wish, clock.now_ms() + rules.REQUEST_MS)
    return Asked(request_id, client, rules.described(wish.scope))


def check_request(request_id: str) -> Wish:
    """The wish that waits under a request id: to be asked before the sign-up or login that names it does anything.

    Raises `Refused` (OAUTH_REQUEST) for one that is unknown, has expired or was consented to.
    """
    found = oauth.waiting(fingerprint(request_id))
    if found is None or found.became or found.expires <= clock.now_ms():
        raise Refused(Reason.OAUTH_REQUEST, "oauth_request_id")
    return found.wish


def consent(request_id: str, user: User) -> Consent:
    """A code, once for each request, in the name of a person who has just signed up or logged in.

    Raises `Refused` (OAUTH_REQUEST).
    """
    wish = check_request(request_id)
    code = rules.code_text(clock.token_bytes(rules.ID_CHARACTERS))
    now = clock.now_ms()
    expires = now + rules.CODE_MS
    granted = Grant(
        wish.client, wish.redirect_uri, wish.scope, wish.challenge, user.uid, user.auth_epoch, expires, became=""
    )
    if not oauth.grant(fingerprint(request_id), fingerprint(code), granted, now):
        raise Refused(Reason.OAUTH_REQUEST, "oauth_request_id")
    return Consent(code, expires, wish)


def prove_client(client_id: str, secret: str) -> Client:
    """The application that has this secret. Raises `Refused` (OAUTH_CLIENT), for all else alike."""
    client = oauth.client(client_id)
    right = hmac.compare_digest(client.secret if client else _NOBODY, fingerprint(secret))
    if client is None or not right:
        raise Refused(Reason.OAUTH_CLIENT, "client_id")
    return client


def exchange(client: Client, code: str, redirect_uri: str, verifier: str) -> Exchanged:
    """An access token for a code.

    Raises `Refused`: OAUTH_CODE for a code that is unknown, has expired, or is not this client's, and for a wrong
    verifier; REDIRECT_URI for another address than the code was asked for with; OAUTH_CODE_USED for a used one, whose
    token is revoked (RFC 6749, section 4.1.2).
    """
    key, now = fingerprint(code), clock.now_ms()
    found = oauth.granted(key)
    if found is None or found.client != client.id:
        raise Refused(Reason.OAUTH_CODE, "code")
    if found.became:
        _replayed(found)
    if found.expires <= now:
        raise Refused(Reason.OAUTH_CODE, "code")
    if redirect_uri != found.redirect_uri:
        raise Refused(Reason.REDIRECT_URI, "redirect_uri")
    if not rules.verified(found.challenge, verifier):
        raise Refused(Reason.OAUTH_CODE, "code_verifier")
    token = clock.token_bytes(rules.SECRET_BYTES).hex()
    made = Token(client.id, found.scope, found.uid, found.epoch, now + rules.TOKEN_MS)
    if not oauth.exchange(key, fingerprint(token), made, now):
        used = oauth.granted(key)
        if used is None or not used.became:
            raise Refused(Reason.OAUTH_CODE, "code")
        _replayed(used)
    return Exchanged(token, rules.TOKEN_MS // 1000, found.scope)


def who(token: str) -> User:
    """The person whom an access token stands for, while it is good and they may use the account.

    It ends with the person's sessions. Raises `Refused` (OAUTH_TOKEN).
    """
    found = oauth.token(fingerprint(token))
    user = users.get(found.uid if found else names.NOBODY)
    good = found is not None and user is not None and clock.now_ms() < found.expires
    if (
        found is None
        or user is None
        or not good
        or user.auth_epoch != found.epoch
        or user.standing is not Standing.ACTIVE
    ):
        raise Refused(Reason.OAUTH_TOKEN)
    return user


def _replayed(found: Grant) -> None:
    """Refuse a code that was used before. Whoever shows it may have stolen it, or the first one did: its token ends."""
    oauth.revoke(found.became)
    telemetry.count("OauthCodeReplayed")
    raise Refused(Reason.OAUTH_CODE_USED, "code")
