"""Who asks: the three schemes of the coinport documents. A header of any content wins over the cookie.

What only one scheme needs (argon2, KMS) is loaded by that scheme, for each is part of a cold start.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from urllib.parse import urlsplit

from chalicelib import settings
from chalicelib.api.edge.request import Request
from chalicelib.core.api_keys import Reach
from chalicelib.core.identity import User, fingerprint
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity

COOKIE: Final = "session"
_TOKEN: Final = re.compile(r"([0-9A-Za-z]{1,128}):([0-9A-Fa-f]{32})")


class Scheme(Enum):
    """How a caller was recognised."""

    BASIC = auto()
    TOKEN = auto()
    COOKIE = auto()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and how that is known."""

    uid: str
    scheme: Scheme
    #: The fingerprint of the caller's session, if it is one: it survives what ends the others.
    session: str = ""


def authenticate(request: Request, by_password: Callable[[Request], User], asked: Callable[[Request], Reach]) -> Caller:
    """The caller of a request. Raises `Refused` with what the scheme has to object.

    `by_password` knows how the dialect spells passwords, `asked` what the request asks of a key that signs it.
    """
    header = request.header("authorization")
    if header:
        scheme, _, credentials = header.partition(" ")
        match scheme.lower():
            case "basic":
                return Caller(by_password(request).uid, Scheme.BASIC)
            case "token":
                return Caller(_by_signature(request, _decoded(credentials), asked(request)).uid, Scheme.TOKEN)
            case _:
                raise Refused(Reason.UNAUTHENTICATED)
    return by_cookie(request)


def by_cookie(request: Request) -> Caller:
    """The caller whose session a request's cookie is, in whichever dialect it began. Raises `Refused`."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise Refused(Reason.UNAUTHENTICATED)
    return Caller(identity.check_session(cookie).uid, Scheme.COOKIE, fingerprint(cookie))


def name_and_password(request: Request) -> tuple[str, str]:
    """What the request carries as ``Basic base64(name:password)``. Raises `Refused` where it carries nothing like it."""
    scheme, _, credentials = (request.header("authorization") or "").partition(" ")
    name, separator, password = _decoded(credentials).partition(":")
    if scheme.lower() != "basic" or not separator:
        raise Refused(Reason.UNAUTHENTICATED)
    return name, password


def _by_signature(request: Request, credentials: str, asked: Reach) -> User:
    """The owner of the API token that signed the request.

    An unknown token and a wrong signature are told apart by the documents themselves, so no work is done to hide it.
    """
    found = _TOKEN.fullmatch(credentials)
    signer = identity.signer(found[1]) if found else None
    if found is None or signer is None:
        raise Refused(Reason.UNAUTHENTICATED)
    if not hmac.compare_digest(signature(signed_part(request), signer.secret), found[2].lower()):
        raise Refused(Reason.SIGNATURE_MISMATCH)
    return identity.signed_by(signer, request.ip, asked)


def signed_part(request: Request) -> bytes:
    """What of a request is signed: the decoded query, sorted by name, of a GET; the body as it is of anything else."""
    return canonical(request.query) if request.method == "GET" else request.body


def canonical(query: Mapping[str, str]) -> bytes:
    """A query as it is signed: ``a=1&b=2``, sorted by name."""
    text = "&".join(f"{name}={value}" for name, value in sorted(query.items()))
    return text.encode("utf-8", "surrogatepass")


def signature(message: bytes, secret: str) -> str:
    """The documents' signature: MD5 over the message, ``&secret=`` and the secret. MD5 is its choice, not ours."""
    return hashlib.md5(message + b"&secret=" + secret.encode(), usedforsecurity=False).hexdigest()


def cookie_set(value: str, max_age_s: int | None = None) -> str:
    """Set-Cookie for a session. One that slides has no Max-Age: when it ends is decided here."""
    age = "" if max_age_s is None else f"Max-Age={max_age_s}; "
    return f"{COOKIE}={value}; {age}{_attributes()}"


def cookie_cleared() -> str:
    """Set-Cookie that makes a browser forget its session."""
    return f"{COOKIE}=; Max-Age=0; {_attributes()}"


def _attributes() -> str:
    """No script reads the cookie, no other site posts with it, and only on a loopback origin it may go without TLS."""
    loopback = urlsplit(settings.PUBLIC_URL).hostname in {"127.0.0.1", "::1", "localhost"}
    return "Path=/; HttpOnly; SameSite=Lax" + ("" if loopback else "; Secure")


def _decoded(credentials: str) -> str:
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise Refused(Reason.UNAUTHENTICATED) from error
