"""Partners: made by operators, who set their rates and the bank account that their customers pay into."""

from dataclasses import dataclass, field

from chalicelib import clock
from chalicelib.core import ramp as rules
from chalicelib.core.ramp import Receiver, Terms
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores.ramp import partners
from chalicelib.stores.ramp.partners import Partner

KEY_BYTES = 16
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a partner signs with. The secret is shown once."""

    api_key: str
    secret: str = field(repr=False)


def add(source: str, terms: Terms, receiver: Receiver) -> Credentials:
    """Make a partner. Raises `Refused` (PARAMETER_INVALID) for a name that is none, or is taken."""
    name = rules.source(source)
    made = _credentials()
    sealed = partners.sealed_secret(name, made.secret)
    partner = Partner(name, made.api_key, sealed, terms, receiver, clock.now_ms())
    if not partners.add(partner, clock.token_bytes(16).hex()):
        raise Refused(Reason.PARAMETER_INVALID, "source")
    return made


def renew(source: str) -> Credentials:
    """Give a partner new credentials; those before are dead at once. Raises `Refused` (PARAMETER_INVALID)."""
    made = _credentials()
    if not partners.set_key(get(source).source, made.api_key, partners.sealed_secret(source, made.secret)):
        raise Refused(Reason.PARAMETER_INVALID, "source")
    return made


def set_terms(source: str, terms: Terms) -> None:
    """New rates for orders from now on: those that were pushed keep theirs. Raises `Refused` (PARAMETER_INVALID)."""
    if not partners.set_terms(rules.source(source), terms):
        raise Refused(Reason.PARAMETER_INVALID, "source")


def set_receiver(source: str, receiver: Receiver) -> None:
    """Another bank account for purchases from now on. Raises `Refused` (PARAMETER_INVALID)."""
    if not partners.set_receiver(rules.source(source), receiver):
        raise Refused(Reason.PARAMETER_INVALID, "source")


def get(source: str) -> Partner:
    """A partner. Raises `Refused` (PARAMETER_INVALID) for one that there is not."""
    found = partners.get(rules.source(source))
    if found is None:
        raise Refused(Reason.PARAMETER_INVALID, "source")
    return found


def every() -> list[Partner]:
    """All partners, by name."""
    return sorted(partners.every(), key=lambda partner: partner.source)


def _credentials() -> Credentials:
    return Credentials(clock.token_bytes(KEY_BYTES).hex(), clock.token_bytes(SECRET_BYTES).hex())
