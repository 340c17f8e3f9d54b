"""The trade password: a second password that a person keeps beside the one to log in with."""

from typing import Final

from chalicelib.core import identity as rules
from chalicelib.core.identity import Purpose, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.amending import amend, credential_changed
from chalicelib.services.identity.codes import SentCode
from chalicelib.services.identity.factors import person
from chalicelib.services.identity.second_factor import check_any_channel
from chalicelib.stores.users import Amendment

_PURPOSES: Final = {False: Purpose.SET_TRADE_PASSWORD, True: Purpose.MODIFY_TRADE_PASSWORD}


def set_trade_password(uid: str, session: str, secret: str, sent: SentCode, *, modify: bool | None) -> None:
    """Set the trade password, or another one in its place, by a code; the other sessions end, withdrawals are frozen.

    `modify` says which of the two the person means; None leaves it to what there is. Raises `Refused`:
    TRADE_PASSWORD_SET when there is one to be modified; TRADE_PASSWORD_UNSET when there is none; EMAIL_CODE or SMS_CODE.
    """
    from chalicelib.services import passwords

    rules.trade_password(secret)
    user = person(uid)
    wanted = bool(user.trade_password) if modify is None else modify
    _fits(user, wanted)
    shown = check_any_channel(user, _PURPOSES[wanted], sent)
    concealed = passwords.conceal(secret)

    def decide(user: User) -> Amendment:
        _fits(user, wanted)
        return credential_changed(user, session, shown.authorising(user, {"trade_password": concealed}))

    amend(uid, decide, shown.spent)


def _fits(user: User, modify: bool) -> None:  # noqa: FBT001 - one of two words of the document
    if bool(user.trade_password) is not modify:
        raise Refused(Reason.TRADE_PASSWORD_UNSET if modify else Reason.TRADE_PASSWORD_SET, "type")
