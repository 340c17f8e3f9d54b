"""What the two steps of a login, and of finding a password, share: the request that carries one on to the next."""

import base64

from chalicelib import clock
from chalicelib.core import steps as rules
from chalicelib.core.identity import User, fingerprint
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.steps import Kind, Pending
from chalicelib.services.identity.names import person
from chalicelib.stores import requests

REQUEST_BYTES = 24


def unknown() -> Refused:
    """What is answered to a request that cannot go on."""
    return Refused(Reason.NO_SUCH_REQUEST, "request_id")


def new_id() -> str:
    """The id of a request: 32 characters that nobody guesses."""
    made = base64.urlsafe_b64encode(clock.token_bytes(REQUEST_BYTES)).decode()
    assert len(made) == rules.REQUEST_CHARACTERS
    return made


def opened(request_id: str, kind: Kind, user_agent: str = "") -> tuple[Pending, User]:
    """A request that can go on, and its person. Raises `Refused` (NO_SUCH_REQUEST)."""
    found = None
    if len(request_id) == rules.REQUEST_CHARACTERS:
        found = requests.get(fingerprint(request_id))
    if found is None or not rules.usable(found, kind, fingerprint(user_agent), clock.now_ms()):
        raise unknown()
    user = person(found.uid)
    if user.auth_epoch != found.epoch:
        raise unknown()
    return found, user


def attempted(pending: Pending) -> None:
    """Count a look at the second factor, before it is taken. Raises `Refused` (NO_SUCH_REQUEST) after five."""
    if not requests.attempt(pending.key, clock.now_ms()):
        raise unknown()


def still_open(pending: Pending, user: User) -> Pending:
    """A request as it stands when its write is decided. Raises `Refused` (NO_SUCH_REQUEST) if another was quicker."""
    found = requests.get(pending.key)
    if found is None or found.used or user.auth_epoch != pending.epoch:
        raise unknown()
    return found
