"""Bank cards and Alipay accounts that withdrawals of money can go to."""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from chalicelib.core.identity import email
from chalicelib.core.kyc import name_of_person
from chalicelib.core.phones import phone
from chalicelib.core.reasons import Reason, Refused

CARDS_MAX: Final = 20
BANK_CHARACTERS_MAX: Final = 64
#: Bank names that stand for an account instead of a card.
WALLETS: Final = frozenset({"支付宝", "alipay"})
#: ISO/IEC 7812 allows up to 19 digits; the shortest card in use has 12.
_CARD: Final = re.compile(r"[0-9]{12,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BankCard:
    """Where money goes. Personal, so it is sealed wherever it is kept and no log shows it."""

    bank: str
    owner: str = field(repr=False)
    number: str = field(repr=False)
    branch: str = field(repr=False)


def card(bank: str, owner: str, number: str, branch: str) -> BankCard:
    """A well-formed card or account. Raises `Refused` (PARAMETER_INVALID) naming the document's field."""
    bank = _words(bank, "bankName", empty=False)
    return BankCard(
        bank=bank,
        owner=name_of_person(owner, "U_RN"),
        number=card_number(number, wallet=bank.lower() in WALLETS),
        branch=_words(branch, "branchBankName", empty=True),
    )


def card_number(text: str, *, wallet: bool | None = None) -> str:
    """A card's digits, or the e-mail address or phone number of a wallet; `None` takes either."""
    compact = re.sub(r"[ -]", "", text) if len(text) <= BANK_CHARACTERS_MAX else ""
    if not wallet and _CARD.fullmatch(compact):
        return compact
    if wallet is not False:
        with suppress(Refused):
            return email(text.strip()).typed.lower()
        with suppress(Refused):
            return phone(text)
    raise Refused(Reason.PARAMETER_INVALID, "cardNumber")


def _words(text: str, parameter: str, *, empty: bool) -> str:
    """A name without control characters and without the bar that separates the parts of a withdrawal's address."""
    words = unicodedata.normalize("NFC", text).strip()
    strange = any(unicodedata.category(letter)[0] == "C" or letter in "|｜<>" for letter in words)
    if strange or len(words) > BANK_CHARACTERS_MAX or not (words or empty):
        raise Refused(Reason.PARAMETER_INVALID, parameter)
    return words


def masked(number: str) -> str:
    """A card's number as it may be shown: the first six and the last four characters."""
    return f"{number[:6]}{'*' * max(len(number) - 10, 4)}{number[-4:]}" if len(number) > 10 else "*" * len(number)
