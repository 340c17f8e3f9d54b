"""Who asks: a session, carried by cookies or, by native clients, as headers. Sessions are the exchange's: one begun in
another dialect is as good."""

import hashlib
import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from chalicelib import clock, settings
from chalicelib.api.edge import multipart, parameters
from chalicelib.api.edge.request import Request
from chalicelib.core.identity import DAY_MS, User, fingerprint
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity

#: The cookies of a session; only the first proves anything. `c_token` is for scripts to read and send back, which those of
#: other sites cannot.
TOKEN: Final = "au_token"  # noqa: S105 - a name
USER_ID: Final = "user_id"
ACCOUNT_ID: Final = "account_id"
C_TOKEN: Final = "c_token"  # noqa: S105
C_TOKEN_HEADER: Final = "X-C-TOKEN"  # noqa: S105
#: What tells a browser from others: it proves nothing, but may spare its owner the second factor.
DEVICE: Final = "device"
DEVICE_BYTES: Final = 16
DEVICE_COOKIE_S: Final = 365 * 24 * 3600
DEVICE_ID: Final = "device_id"
DEVICE_CHARACTERS_MAX: Final = 200
#: Every request carries a session on for so long.
SESSION_MS: Final = DAY_MS


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    user: User
    #: The fingerprint of the caller's session: it survives what ends the others.
    session: str

    @property
    def uid(self) -> str:
        """Whose account it is."""
        return self.user.uid


def authenticate(request: Request) -> Caller:
    """The caller of a request. Raises `Refused`: UNAUTHENTICATED, ACCOUNT_UNUSABLE; CROSS_SITE for a POST without c_token."""
    token = token_of(request)
    if not token:
        raise Refused(Reason.UNAUTHENTICATED)
    check_origin(request, token)
    return Caller(identity.check_session(token), fingerprint(token))


def token_of(request: Request) -> str:
    """The token of a request's session, "" where there is none. A header wins over the cookie."""
    return _header(request, TOKEN) or request.cookies.get(TOKEN, "")


def _header(request: Request, name: str) -> str:
    """A header of this dialect's, which proxies on the way may want to be written with a dash."""
    return request.header(name) or request.header(name.replace("_", "-")) or ""


def check_origin(request: Request, token: str) -> None:
    """Raises `Refused` (CROSS_SITE) for a POST that may come from a page of another site."""
    if request.method == "GET":
        return
    echoed = request.header(C_TOKEN_HEADER) or _header(request, C_TOKEN) or _parameter(request)
    if not hmac.compare_digest(echoed.encode("utf-8", "surrogatepass"), c_token(token).encode()):
        raise Refused(Reason.CROSS_SITE)


def _parameter(request: Request) -> str:
    """The c_token among the parameters. What is no form and no JSON has none; the view will say so."""
    with suppress(Refused):
        if found := request.query.get(C_TOKEN):
            return found
        if multipart.is_multipart(request):
            return multipart.parts(request).fields.get(C_TOKEN, "")
        return str(parameters.body(request).get(C_TOKEN, ""))
    return ""


def c_token(token: str) -> str:
    """The token that a page has to echo. It follows from the session's, which nobody can tell from it."""
    return hashlib.sha256(f"{C_TOKEN}\n{token}".encode()).hexdigest()[:32]


def begin(request: Request, user: User) -> Sequence[str]:
    """Begin a session: its cookies."""
    token = identity.begin_session(user, request.ip, request.user_agent, life_ms=SESSION_MS)
    return cookies(user.uid, token)


def device(request: Request, device_id: str) -> tuple[identity.Origin, list[str]]:
    """Where a login comes from, and the cookie by which a browser that has none will be known.

    A native client says its ``device_id``, as a parameter or a header, and wants a token; a browser has a cookie.
    """
    told = device_id or _header(request, DEVICE_ID)
    if told:
        kept = f"{DEVICE_ID}:{told[:DEVICE_CHARACTERS_MAX]}"
        return identity.Origin(request.ip, request.user_agent, kept, trusting=True), []
    known = request.cookies.get(DEVICE, "")
    if known:
        return identity.Origin(request.ip, request.user_agent, f"{DEVICE}:{known[:DEVICE_CHARACTERS_MAX]}"), []
    made = clock.token_bytes(DEVICE_BYTES).hex()
    cookie = f"{DEVICE}={made}; Max-Age={DEVICE_COOKIE_S}; HttpOnly; {_attributes()}"
    return identity.Origin(request.ip, request.user_agent, f"{DEVICE}:{made}"), [cookie]


def cookies(uid: str, token: str) -> Sequence[str]:
    """The cookies of a session, as whole Set-Cookie values. Without Max-Age: that a session ends is decided here."""
    return (
        f"{TOKEN}={token}; HttpOnly; {_attributes()}",
        f"{USER_ID}={uid}; {_attributes()}",
        f"{ACCOUNT_ID}={uid}; {_attributes()}",
        f"{C_TOKEN}={c_token(token)}; {_attributes()}",
    )


def cleared() -> Sequence[str]:
    """Set-Cookie values that make a browser forget its session."""
    return [f"{name}=; Max-Age=0; {_attributes()}" for name in (TOKEN, USER_ID, ACCOUNT_ID, C_TOKEN)]


def _attributes() -> str:
    """No other site posts with the cookies, and only on a loopback origin they may go without TLS."""
    loopback = urlsplit(settings.PUBLIC_URL).hostname in {"127.0.0.1", "::1", "localhost"}
    return "Path=/; SameSite=Lax" + ("" if loopback else "; Secure")
