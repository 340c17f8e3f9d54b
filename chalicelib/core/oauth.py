"""OAuth 2.0 (RFC 6749, authorization code; RFC 7636, S256): what a request for consent and an exchange may say."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from chalicelib.core.identity import DAY_MS, MINUTE_MS
from chalicelib.core.reasons import Reason, Refused

#: A request for consent waits for a sign-up or login so long; a code for its exchange; a token ends.
REQUEST_MS: Final = 30 * MINUTE_MS
CODE_MS: Final = 10 * MINUTE_MS
TOKEN_MS: Final = 90 * DAY_MS

URI_CHARACTERS_MAX: Final = 2000
STATE_CHARACTERS_MAX: Final = 500
NAME_CHARACTERS_MAX: Final = 64
#: Characters of request ids and codes (the document's samples), and random bytes of client ids, secrets and tokens.
ID_CHARACTERS: Final = 32
CLIENT_ID_BYTES: Final = 16
SECRET_BYTES: Final = 32

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_CLIENT_ID: Final = re.compile(rf"[0-9a-f]{{{2 * CLIENT_ID_BYTES}}}", re.ASCII)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"[a-z0-9.-]+", re.ASCII)
#: Hosts that have none below them.
_ADDRESS: Final = re.compile(r"[0-9.]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Function:
    """Something that a person can let an application do."""

    id: str
    name: str
    zh: str
    en: str


#: All there are. The first is what is asked for when nothing is named.
FUNCTIONS: Final = (Function("1", "get_user_info", "查询用户信息", "Read who you are"),)


@dataclass(frozen=True, slots=True)
class Client:
    """An application that was registered. `secret` is the fingerprint of its secret."""

    id: str
    name: str
    redirect_uri: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an application asks a person for; `challenge` is empty where it does without PKCE."""

    client: str
    redirect_uri: str
    state: str
    scope: tuple[str, ...]
    challenge: str = ""


def code_text(random: bytes) -> str:
    """A request id or a code: 32 letters and digits of as many random bytes, 186 bits of chance."""
    assert len(random) == ID_CHARACTERS
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in random)


def is_client_id(text: str) -> bool:
    """Whether a text could be the id of an application at all: random bytes in hexadecimal digits."""
    return _CLIENT_ID.fullmatch(text) is not None


def redirect_uri(text: str) -> str:
    """The address that a client is registered with: https, or http, as in the document's example, if an operator says so.

    Raises `Refused` (REDIRECT_URI).
    """
    if _parts(text) is None:
        raise Refused(Reason.REDIRECT_URI, "redirect_uri")
    return text


def client_name(text: str) -> str:
    """What people are shown of an application. Raises `Refused` (PARAMETER_INVALID)."""
    name = text.strip()
    if not name or len(name) > NAME_CHARACTERS_MAX or not name.isprintable():
        raise Refused(Reason.PARAMETER_INVALID, "name")
    return name


def wish(client: Client, uri: str, state: str, scope: str, challenge: str, method: str) -> Wish:
    """A well-formed request for consent.

    Raises `Refused`: REDIRECT_URI unless it is on the registered host, or one below it; OAUTH_SCOPE; PARAMETER_INVALID.
    """
    if not _belongs(uri, client.redirect_uri):
        raise Refused(Reason.REDIRECT_URI, "redirect_uri")
    if not state or len(state) > STATE_CHARACTERS_MAX or not state.isprintable():
        raise Refused(Reason.PARAMETER_INVALID if state else Reason.PARAMETER_MISSING, "state")
    if (challenge or method) and method != "S256":
        raise Refused(Reason.PARAMETER_INVALID, "code_challenge_method")
    if method and not _CHALLENGE.fullmatch(challenge):
        raise Refused(Reason.PARAMETER_INVALID, "code_challenge")
    return Wish(client.id, uri, state, functions(scope), challenge)


def functions(scope: str) -> tuple[str, ...]:
    """The functions that a scope names, separated by commas or spaces. Raises `Refused` (OAUTH_SCOPE)."""
    names = tuple(dict.fromkeys(name for name in re.split(r"[,\s]+", scope) if name)) or (FUNCTIONS[0].name,)
    if not {function.name for function in FUNCTIONS}.issuperset(names):
        raise Refused(Reason.OAUTH_SCOPE, "scope")
    return names


def described(names: Sequence[str]) -> list[Function]:
    """Functions by name."""
    return [function for function in FUNCTIONS if function.name in names]


def verified(challenge: str, verifier: str) -> bool:
    """Whether a verifier is the one behind a challenge (RFC 7636, section 4.6); without a challenge there must be none."""
    if not challenge:
        return not verifier
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, challenge)


def _belongs(uri: str, registered: str) -> bool:
    """Whether an address is on the registered one's host, or one below it, with the same scheme and port."""
    asked, home = _parts(uri), _parts(registered)
    if asked is None or home is None or _gate(asked) != _gate(home):
        return False
    host, above = str(asked.hostname), str(home.hostname)
    return host == above or (host.endswith(f".{above}") and not _ADDRESS.fullmatch(above))


def _parts(uri: str) -> SplitResult | None:
    """An address taken apart, if a browser may be sent there: no fragment, no user name, nothing that readers differ on."""
    if len(uri) > URI_CHARACTERS_MAX or not uri.isascii() or not uri.isprintable() or re.search(r'[\\\s#<>"]', uri):
        return None
    try:
        found = urlsplit(uri)
        port = found.port
    except ValueError:
        return None
    # Python finds a host between brackets wherever they stand; browsers decode what is behind a percent sign.
    if not _HOST.fullmatch(found.hostname or "") or set("[]%\\@") & set(found.netloc) or port == 0:
        return None
    return found if found.scheme in _PORTS else None


def _gate(parts: SplitResult) -> tuple[str, int]:
    return parts.scheme, parts.port or _PORTS[parts.scheme]
