"""The trade password: a second password that a person keeps beside the one to log in with."""

from typing import Final

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import Purpose, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.amending import amend, credential_changed
from chalicelib.services.identity.codes import SentCode
from chalicelib.services.identity.login import take
from chalicelib.services.identity.names import person
from chalicelib.services.identity.second_factor import check_any_channel
from chalicelib.stores import attempts
from chalicelib.stores.users import Amendment

_PURPOSES: Final = {False: Purpose.SET_TRADE_PASSWORD, True: Purpose.MODIFY_TRADE_PASSWORD}


def set_trade_password(
    uid: str, session: str, secret: str, sent: SentCode, *, modify: bool | None, old: str | None = None
) -> None:
    """Set the trade password, or another one in its place, by a code; the other sessions end, withdrawals are frozen.

    `modify` says which of the two the person means; None leaves it to what there is. Where the `old` one comes along, it
    has to be right. Raises `Refused`: TRADE_PASSWORD_FORMAT; TRADE_PASSWORD_SET when there is one to be modified;
    TRADE_PASSWORD_UNSET when there is none; what `check_trade_password` raises; EMAIL_CODE or SMS_CODE.
    """
    from chalicelib.services import passwords

    rules.trade_password(secret)
    user = person(uid)
    wanted = bool(user.trade_password) if modify is None else modify
    _fits(user, wanted)
    if wanted and old is not None:
        check_trade_password(user, old)
    shown = check_any_channel(user, _PURPOSES[wanted], sent)
    concealed = passwords.conceal(secret)

    def decide(user: User) -> Amendment:
        _fits(user, wanted)
        return credential_changed(user, session, shown.authorising(user, {"trade_password": concealed}))

    amend(uid, decide, shown.spent)


def check_trade_password(user: User, secret: str) -> None:
    """Whether this is the person's trade password. At most five wrong ones in a row.

    Raises `Refused`: TRADE_PASSWORD_UNSET; TRADE_PASSWORD_WRONG with the `failures` so far; TRADE_PASSWORD_LOCKED after
    the fifth, for 120 minutes, also for the right one.
    """
    from chalicelib.services import passwords

    if not user.trade_password:
        raise Refused(Reason.TRADE_PASSWORD_UNSET)
    key = f"trade-password:{user.uid}"
    try:
        take(key, rules.TRADE_PASSWORD_LADDER)
    except Refused as error:
        locked = error.reason is Reason.LOGIN_LOCKED
        raise Refused(Reason.TRADE_PASSWORD_LOCKED if locked else error.reason) from error
    if not passwords.matches(user.trade_password, secret):
        failures = attempts.fail(key, clock.now_ms())
        raise Refused(Reason.TRADE_PASSWORD_WRONG, failures=failures)
    attempts.clear(key)


def _fits(user: User, modify: bool) -> None:  # noqa: FBT001 - one of two words of the document
    if bool(user.trade_password) is not modify:
        raise Refused(Reason.TRADE_PASSWORD_UNSET if modify else Reason.TRADE_PASSWORD_SET, "type")
