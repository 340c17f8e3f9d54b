"""The one way in which a person is changed: decided on what is read, written if that still stands, else decided again."""

from collections.abc import Callable
from typing import Final

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import sessions, users
from chalicelib.stores.users import Amendment, Outcome

TRIES_MAX: Final = 5


def amend(uid: str, decide: Callable[[User], Amendment], spent: Refused | None = None) -> None:
    """Change a person as `decide` says, which may refuse, and which is asked again if the person changed meanwhile.

    `spent` is raised when a code that authorises the change was used up by another request at the same moment.
    """
    use = clock.token_bytes(16).hex()
    for _ in range(TRIES_MAX):
        user = users.get(uid)
        if user is None:
            raise Refused(Reason.NO_SUCH_USER)
        match users.amend(user, decide(user), use, clock.now_ms()):
            case Outcome.DONE:
                return
            case Outcome.SPENT:
                assert spent is not None, "a change that uses a code up says what a used one is answered"
                raise spent
    raise Refused(Reason.TOO_OFTEN)


def credential_changed(user: User, session: str, amendment: Amendment) -> Amendment:
    """What every change of a credential brings with it: the person's other sessions end, withdrawals are frozen.

    `session` is the fingerprint of the one that goes on; "" ends all.
    """
    steps = list(amendment.steps)
    if session and sessions.holds(user.uid, session, user.auth_epoch):
        steps.append(sessions.carrying(user.uid, session, user.auth_epoch))
    changes = {
        **amendment.changes,
        "auth_epoch": user.auth_epoch + 1,
        "frozen_until": max(user.frozen_until, clock.now_ms() + rules.FREEZE_MS),
    }
    return Amendment(changes, amendment.proofs, steps)


def withdrawals_frozen(user: User) -> bool:
    """Whether a credential was changed so lately that nothing may leave the account."""
    return clock.now_ms() < user.frozen_until
