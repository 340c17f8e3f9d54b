"""Links to the page where a partner's customer is identified: a browser cannot sign headers, so the link itself is signed.

A link says for whom it is (source and account), until when, and proves by an HMAC that we made it. Who proves the account's
mailbox on the page gets a pass of the same make, for that page alone.
"""

import base64
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from chalicelib import settings
from chalicelib.core import ramp as rules
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import vault

PATH: Final = "/user/userKyc.html"
#: How long a link is good for, and a pass: a person may have to look for the document.
LINK_S: Final = 24 * 3600
PASS_S: Final = 3600
EXPIRES_DIGITS_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Link:
    """For whom a link is."""

    source: str
    account: str


def mint(source: str, account: str, now: int) -> str:
    """A link to the page for an account of a partner's, good for a day from `now` (ms). Raises `Refused` for what is none."""
    link = Link(rules.source(source), rules.account(account))
    expires = now // 1000 + LINK_S
    query = {"account": link.account, "source": link.source, "e": expires, "token": _token("link", link, "", expires)}
    return f"{settings.PUBLIC_URL}{PATH}?{urlencode(query)}"


def check(source: str, account: str, e: str, token: str, now: int) -> Link:
    """For whom a link is. Raises `Refused` (SIGNATURE_MISMATCH) for one that we did not make, or that has expired."""
    link = Link(source, account)
    _proved("link", link, "", e, token, now)
    return link


def mint_pass(link: Link, uid: str, now: int) -> str:
    """What says on the page that a person has proved to be the account's: ``<uid>.<expiry>.<HMAC>``."""
    expires = now // 1000 + PASS_S
    return f"{uid}.{expires}.{_token('pass', link, uid, expires)}"


def check_pass(link: Link, text: str, now: int) -> str:
    """The uid that a pass is of. Raises `Refused` (SIGNATURE_MISMATCH)."""
    uid, _, rest = text.partition(".")
    expires, _, token = rest.partition(".")
    _proved("pass", link, uid, expires, token, now)
    return uid


def _proved(kind: str, link: Link, uid: str, expires: str, token: str, now: int) -> None:
    """Check an HMAC and its time. What is wrong is said of ``link`` or ``pass``."""
    plain = expires.isascii() and expires.isdigit() and len(expires) <= EXPIRES_DIGITS_MAX
    until = int(expires) if plain else 0
    genuine = hmac.compare_digest(_token(kind, link, uid, until).encode(), token.encode("utf-8", "replace"))
    if not genuine or until <= now // 1000:
        raise Refused(Reason.SIGNATURE_MISMATCH, kind)


def _token(kind: str, link: Link, uid: str, expires: int) -> str:
    # Lengths come first, so that no two links have one spelling.
    said = f"kyc-{kind}\n{len(link.source)} {len(link.account)}\n{link.source}\n{link.account}\n{uid}\n{expires}"
    return base64.urlsafe_b64encode(vault.mac(said.encode("utf-8", "replace"))).rstrip(b"=").decode()
