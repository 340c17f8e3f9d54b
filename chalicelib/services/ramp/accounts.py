"""Whom a partner means by an account, and how far that person's identification is."""

from chalicelib import clock
from chalicelib.core import ramp as rules
from chalicelib.core.kyc import Status
from chalicelib.core.ramp import CardStatus
from chalicelib.services import identity
from chalicelib.stores.ramp import links

_CARD_STATUS = {
    Status.SUBMITTED: CardStatus.UNDER_REVIEW,
    Status.APPROVED: CardStatus.PASSED,
    Status.REFUSED: CardStatus.REFUSED,
}


def link(source: str, account: str, uid: str) -> str:
    """Let an account stand for a person from now on. The uid that it stands for: an earlier link stays, of several at
    once one wins. Raises `Refused` (PARAMETER_INVALID) for what is no account."""
    return links.link(rules.source(source), rules.account(account), uid, clock.now_ms())


def of(source: str, account: str) -> str | None:
    """The uid of the person whom a partner means, if the account is linked."""
    return links.of(source, account)


def card_status(source: str, account: str) -> CardStatus:
    """How far the identification of a partner's customer is. One whom we do not know has none."""
    uid = of(source, account)
    return CardStatus.NONE if uid is None else status_of(uid)


def status_of(uid: str) -> CardStatus:
    """How far a person's identification is."""
    record = identity.standing(uid)
    return CardStatus.TO_SUBMIT if record is None else _CARD_STATUS[record.status]
