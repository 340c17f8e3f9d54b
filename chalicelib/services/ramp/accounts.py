"""Whom a partner means by an account, and how far that person's identification is."""

from chalicelib import clock
from chalicelib.core import identity as identities
from chalicelib.core import ramp as rules
from chalicelib.core.identity import Email
from chalicelib.core.kyc import Status
from chalicelib.core.ramp import CardStatus
from chalicelib.core.reasons import Refused
from chalicelib.services import identity
from chalicelib.stores import names
from chalicelib.stores.ramp import links
from chalicelib.stores.ramp.links import Linked

_CARD_STATUS = {
    Status.SUBMITTED: CardStatus.UNDER_REVIEW,
    Status.APPROVED: CardStatus.PASSED,
    Status.REFUSED: CardStatus.REFUSED,
}


def link(source: str, account: str, uid: str, *, vouched: bool = False) -> str:
    """Let an account stand for a person from now on. The uid that it stands for: an earlier link stays while it holds, of
    several at once one wins. `vouched`: an operator knows that they are the same.

    Raises `Refused` (PARAMETER_INVALID) for what is no account.
    """
    source, account = rules.source(source), rules.account(account)
    standing = links.of(source, account)
    stale = ""
    if standing is not None:
        if not _holds(standing, account):
            stale = standing.uid
        elif standing.vouched or not vouched:
            return standing.uid
    return links.link(source, account, Linked(uid, vouched), clock.now_ms(), stale)


def of(source: str, account: str) -> str | None:
    """The uid of the person whom a partner means, if the account is linked."""
    standing = links.of(source, account)
    return standing.uid if standing and _holds(standing, account) else None


def mailbox_of(account: str) -> Email | None:
    """The address that an account is, if it is one."""
    try:
        return identities.email(account)
    except Refused:
        return None


def _holds(standing: Linked, account: str) -> bool:
    """An account that is an address stands for the mailbox's person: it ends when they part, for whoever has the mailbox next
    is somebody else. An operator's word does not depend on it."""
    mailbox = None if standing.vouched else mailbox_of(account)
    return mailbox is None or names.email_owner(mailbox) == standing.uid


def card_status(source: str, account: str) -> CardStatus:
    """How far the identification of a partner's customer is. One whom we do not know has none."""
    uid = of(source, account)
    return CardStatus.NONE if uid is None else status_of(uid)


def status_of(uid: str) -> CardStatus:
    """How far a person's identification is."""
    record = identity.standing(uid)
    return CardStatus.TO_SUBMIT if record is None else _CARD_STATUS[record.status]
