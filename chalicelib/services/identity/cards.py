"""Bank cards and Alipay accounts of people."""

from chalicelib import clock
from chalicelib.core.bank_cards import CARDS_MAX, BankCard
from chalicelib.core.identity import Channel, User
from chalicelib.core.kyc import same_name
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.codes import SentCode
from chalicelib.services.identity.factors import check_own
from chalicelib.services.identity.names import person
from chalicelib.services.identity.real_name import approved_name
from chalicelib.stores import bank_cards
from chalicelib.stores.users import Amendment


def add_card(uid: str, card: BankCard, sent: SentCode) -> None:
    """Bind a card, by a code that went to the person's address.

    Raises `Refused`: PARAMETER_INVALID when its owner is not the person whose name was approved; EMAIL_CODE;
    BANK_CARD_KNOWN; TOO_MANY_BANK_CARDS.
    """
    user = person(uid)
    name = approved_name(uid)
    if name is not None and not same_name(name, card.owner):
        raise Refused(Reason.PARAMETER_INVALID, "U_RN")
    proof = check_own(user, Channel.MAIL, sent, "emailCode")
    mac = bank_cards.mac_of(card.number)

    def decide(_user: User) -> Amendment:
        macs = bank_cards.macs(uid)
        if mac in macs:
            raise Refused(Reason.BANK_CARD_KNOWN, "cardNumber")
        if len(macs) >= CARDS_MAX:
            raise Refused(Reason.TOO_MANY_BANK_CARDS)
        return Amendment(proofs=[proof], steps=[bank_cards.adding(uid, card, clock.now_ms())])

    amend(uid, decide, Refused(Reason.EMAIL_CODE, "emailCode"))


def delete_card(uid: str, number: str) -> None:
    """Take one of a person's cards away. Raises `Refused` (PARAMETER_INVALID) if there is none such."""
    mac = bank_cards.mac_of(number)

    def decide(_user: User) -> Amendment:
        if mac not in bank_cards.macs(uid):
            raise Refused(Reason.PARAMETER_INVALID, "cardNumber")
        return Amendment(steps=[bank_cards.removing(uid, mac)])

    amend(uid, decide)


def list_cards(uid: str) -> list[BankCard]:
    """A person's cards, the oldest first, whole: only their owner may see them."""
    return bank_cards.get_all(uid)


def has_card(uid: str, card: BankCard) -> bool:
    """Whether money may go to this card: it is bound, with this owner."""
    return any(
        found.number == card.number and found.bank == card.bank and same_name(found.owner, card.owner)
        for found in bank_cards.get_all(uid)
    )
