"""Visits to the identification page: who the visitor is, what may be shown, and what is handed in.

Behind an account that is an id of the partner's own stands a person without a name, made when first needed. Behind one that
is an e-mail address stands the mailbox's person, so it has to be proved: a link alone is not the mailbox.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib import clock
from chalicelib.core.identity import Email, Purpose, Standing, User
from chalicelib.core.kyc import WHOLE, Details, Record
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, kyc_links
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.codes import check_code, count_send, post_code
from chalicelib.services.identity.names import receiver_of
from chalicelib.services.kyc_links import Link
from chalicelib.services.ramp import accounts
from chalicelib.stores import users
from chalicelib.stores.users import Amendment

#: What a wrong code is said of.
PARAMETER: Final = "code"


@dataclass(frozen=True, slots=True)
class Visit:
    """What the page begins with. `record` is None where nothing was handed in yet; `mailbox` is to be proved if there is one."""

    record: Record | None
    mailbox: str


def visit(link: Link) -> Visit:
    """What the page shows to who has a link."""
    uid = accounts.of(link.source, link.account)
    mailbox = accounts.mailbox_of(link.account)
    return Visit(identity.standing(uid) if uid else None, mailbox.typed if mailbox else "")


def send_code(link: Link, ip: str, language: str) -> str:
    """Mail a code to the account's address; its id. Whether anybody is known by that address, nothing tells.

    Raises `Refused`: PARAMETER_INVALID (account) if it is none, CODE_TOO_OFTEN, NOT_SENT.
    """
    mailbox = accounts.mailbox_of(link.account)
    if mailbox is None:
        raise Refused(Reason.PARAMETER_INVALID, "account")
    count_send(Purpose.REAL_NAME, [mailbox.mailbox], ip, clock.now_ms())
    return post_code(Purpose.REAL_NAME, receiver_of(mailbox), language, numbered=True)


def prove(link: Link, sent: identity.SentCode, language: str) -> str:
    """Prove the account's mailbox: its person, made if there is none, is linked to the account. A pass for the page.

    Raises `Refused`: EMAIL_CODE, ACCOUNT_UNUSABLE.
    """
    mailbox = accounts.mailbox_of(link.account)
    if mailbox is None:
        raise Refused(Reason.PARAMETER_INVALID, "account")
    linked = accounts.of(link.source, link.account)
    user = users.get(linked) if linked else users.find(mailbox)
    uid = _known(user, mailbox, sent) if user else _made(mailbox, sent, language)
    uid = accounts.link(link.source, link.account, uid)
    return kyc_links.mint_pass(link, uid, clock.now_ms())


def person(link: Link, passed: str, language: str) -> str:
    """The uid of the visitor, who may be made for it. Raises `Refused` (SIGNATURE_MISMATCH) where a pass is needed."""
    if accounts.mailbox_of(link.account) is not None:
        return kyc_links.check_pass(link, passed, clock.now_ms())
    uid = accounts.of(link.source, link.account)
    if uid is None:
        made = identity.sign_up(identity.Entry(None, language, source=link.source), None)
        uid = accounts.link(link.source, link.account, made)  # of several at once one is linked
    return uid


def hand_in(uid: str, details: Details) -> None:
    """Hand in what a visitor tells. Raises `Refused` as `identity.hand_in_details` does."""
    identity.hand_in_details(uid, details, WHOLE)


def _known(user: User, mailbox: Email, sent: identity.SentCode) -> str:
    """Use the code up for somebody who is there already."""
    proof = check_code(Purpose.REAL_NAME, receiver_of(mailbox), sent, PARAMETER)
    if user.standing is Standing.DISABLED:
        raise Refused(Reason.ACCOUNT_UNUSABLE)
    amend(user.uid, lambda _: Amendment({}, [proof]), Refused(Reason.EMAIL_CODE, PARAMETER))
    return user.uid


def _made(mailbox: Email, sent: identity.SentCode, language: str) -> str:
    try:
        return identity.sign_up(identity.Entry(mailbox, language), sent, purpose=Purpose.REAL_NAME)
    except Refused as refused:
        if refused.reason is Reason.EMAIL_CODE:
            raise Refused(Reason.EMAIL_CODE, PARAMETER) from None
        raise
