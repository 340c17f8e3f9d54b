"""Whether a name is somebody's: said by one dialect only, whose document asks for it, and to nobody often."""

from typing import Final

from chalicelib import clock
from chalicelib.core.identity import HOUR_MS, MINUTE_MS, Email, Standing, Window
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import attempts, users

#: Enough for somebody who looks for a name that is free, too little to go through a list.
QUESTION_WINDOWS: Final = (Window(MINUTE_MS, 10), Window(HOUR_MS, 60))


def is_active(address: Email, ip: str) -> bool:
    """Whether somebody has this name and may use the account. Raises `Refused` (TOO_OFTEN), counted by `ip`."""
    if not attempts.spend({f"questions-from:{ip}": QUESTION_WINDOWS}, clock.now_ms()):
        raise Refused(Reason.TOO_OFTEN)
    user = users.find(address)
    return user is not None and user.standing is Standing.ACTIVE
