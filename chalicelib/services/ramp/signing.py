"""Who calls: a partner, by an HMAC over what it says. Nothing that changes something is taken twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib import clock
from chalicelib.core import ramp as rules
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores.ramp import calls, partners
from chalicelib.stores.ramp.partners import Partner


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was signed. `fields`: what a POST says, as text; None for a GET, which signs no parameter."""

    api_key: str
    timestamp: str
    sign: str = field(repr=False)
    fields: Mapping[str, str] | None


def caller(call: Call) -> Partner:
    """The partner who made a call. Raises `Refused`: UNAUTHENTICATED (no such API key), TIMESTAMP (more than five minutes off),
    SIGNATURE_MISMATCH; for what changes something REPLAYED (the very same call was made before) and TOO_OFTEN."""
    if not rules.is_key(call.api_key):
        raise Refused(Reason.UNAUTHENTICATED, "apiKey")
    now = clock.now_ms()
    if not rules.is_timely(call.timestamp, now):
        raise Refused(Reason.TIMESTAMP, "timestamp")
    partner = partners.by_key(call.api_key)
    if partner is None:
        raise Refused(Reason.UNAUTHENTICATED, "apiKey")
    signed = {**(call.fields or {}), "apiKey": call.api_key, "timestamp": call.timestamp}
    if not rules.is_signed(rules.signed_text(signed), partner.secret, call.sign):
        raise Refused(Reason.SIGNATURE_MISMATCH, "sign")
    if call.fields is not None:
        _take(call, partner, now)
    return partner


def _take(call: Call, partner: Partner, now: int) -> None:
    """Take a call that changes something: once, and not too many. After its window its timestamp refuses it."""
    until = int(call.timestamp) + rules.TIMESTAMP_MS_MAX
    if not calls.note(partner.api_key, call.sign, clock.token_bytes(16).hex(), until):
        raise Refused(Reason.REPLAYED, "sign")
    if not calls.count(partner.api_key, rules.POSTS_PER_MINUTE_MAX, now):
        raise Refused(Reason.TOO_OFTEN)
