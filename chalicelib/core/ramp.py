"""The fiat ramp: people buy stable coins for pesos, and sell them, through a partner. Its rules, without any I/O.

A purchase is what the document calls 入金 (applyType 1), a sale 出金 (2). What is not in `MOVES` cannot happen.
"""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum, auto
from typing import Final

from chalicelib.core.money import SCALE, UNITS_MAX, Imprecise, ceil_to, floor_to, from_decimal
from chalicelib.core.reasons import Reason, Refused

#: What is bought and sold, and for what.
COIN: Final = "USDT"
COIN_DECIMALS: Final = 6
FIAT: Final = "PHP"
FIAT_DECIMALS: Final = 2
COIN_STEP: Final = 10 ** (8 - COIN_DECIMALS)
FIAT_STEP: Final = 10 ** (8 - FIAT_DECIMALS)

#: No currency is worth so little that a coin costs more (1e-8 units).
RATE_MAX: Final = 1_000_000 * SCALE

#: A request is as good as its timestamp is near to our clock, either way.
TIMESTAMP_MS_MAX: Final = 5 * 60_000
#: How long a person may take to pay, from the approval of a purchase on.
PAY_MS: Final = 24 * 3_600_000
#: Requests that change something, by one partner in one minute.
POSTS_PER_MINUTE_MAX: Final = 600

ORDER_NO_CHARACTERS_MAX: Final = 40
ACCOUNT_CHARACTERS_MAX: Final = 128
TEXT_CHARACTERS_MAX: Final = 200
REASON_CHARACTERS_MAX: Final = 200
#: An order keeps a payer and a receiver in one seal, and KMS seals 4096 bytes: as much as each may have, as JSON in UTF-8.
PAYER_BYTES_MAX: Final = 1000
RECEIVER_BYTES_MAX: Final = 3000


# --- signatures -----------------------------------------------------------------------------------------------------


def signed_text(fields: Mapping[str, str]) -> str:
    """What is signed: ``name=value`` joined by ``&``, names in descending ASCII order (fiat-ramp, 签名步骤)."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields, reverse=True))


def signature(text: str, secret: str) -> str:
    """The document's signature: HmacSHA512 in lower-case hex."""
    return hmac.digest(secret.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha512).hex()


def is_signed(text: str, secret: str, sign: str) -> bool:
    """Whether `sign` is the signature of `text`; it takes as long to find out that it is not."""
    return hmac.compare_digest(signature(text, secret).encode(), sign.encode("utf-8", "surrogatepass"))


def is_key(api_key: str) -> bool:
    """Whether a text may be an API key at all: what is none need not be looked for."""
    return re.fullmatch(r"[!-~]{1,128}", api_key, re.ASCII) is not None


def is_timely(timestamp: str, now: int) -> bool:
    """Whether a timestamp (ms since epoch, plain digits) is at most five minutes off."""
    return (
        re.fullmatch(r"[0-9]{1,16}", timestamp, re.ASCII) is not None and abs(int(timestamp) - now) <= TIMESTAMP_MS_MAX
    )


# --- amounts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Terms:
    """What a partner's customers pay. `rate`: 1e-8 of the fiat currency per coin; fees: 1e-8 per coin."""

    rate: int
    fee: int = 0
    channel_fee: int = 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """An order in figures, all in 1e-8 units: fiat money on one side, coins and fees (in coins) on the other."""

    legal: int
    coins: int
    fee: int
    channel_fee: int


def terms(rate: Decimal, fee: Decimal, channel_fee: Decimal) -> Terms:
    """A partner's terms. Raises `Refused` (PARAMETER_INVALID) naming what no partner can have."""
    found = Terms(_rate(rate, "rate"), _rate(fee, "fee_rate"), _rate(channel_fee, "channel_fee_rate"))
    if not 0 < found.rate <= RATE_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "rate")
    if found.fee + found.channel_fee >= SCALE:  # who buys must get something
        raise Refused(Reason.PARAMETER_INVALID, "fee_rate")
    return found


def purchase_amounts(legal: int, terms: Terms) -> Amounts:
    """``coins = legal / rate − fee − channel fee``, rounded once, down: the customer never gets more than is exact.

    Fees are fractions of ``legal / rate``. As shown they add up to the last digit, each within a millionth of what is exact. They
    are no one's in the ledger: what nobody gets is never credited. Raises `Refused` (AMOUNT) when nothing would be left, or
    more than any order may have.
    """
    coins = floor_to(legal * (SCALE - terms.fee - terms.channel_fee), terms.rate, COIN_STEP)
    fees = floor_to(legal * SCALE, terms.rate, COIN_STEP) - coins
    fee = min(ceil_to(legal * terms.fee, terms.rate, COIN_STEP), fees)
    if not 0 < coins <= UNITS_MAX * SCALE:
        raise Refused(Reason.AMOUNT, "legalAmount")
    return Amounts(legal, coins, fee, fees - fee)


def sale_amounts(coins: int, terms: Terms) -> Amounts:
    """``legal = (coins − fee) × rate``, rounded down for the house, the fee up. All the coins leave the ledger.

    The channel's fee is told, and is between the channel and us: the customer does not pay it a second time. Raises
    `Refused` (AMOUNT) when nothing would be paid out, or more than any order may have.
    """
    fee, channel_fee = (ceil_to(coins * rate, SCALE, COIN_STEP) for rate in (terms.fee, terms.channel_fee))
    legal = floor_to(max(coins - fee, 0) * terms.rate, SCALE, FIAT_STEP)
    if not 0 < legal <= UNITS_MAX * SCALE:
        raise Refused(Reason.AMOUNT, "currencyAmount")
    return Amounts(legal, coins, fee, channel_fee)


def amount(text: str, decimals: int, parameter: str) -> int:
    """A positive amount as written by a partner, in 1e-8 units. Raises `Refused` (AMOUNT)."""
    plain = re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text, re.ASCII) is not None
    try:
        units = from_decimal(Decimal(text), decimals) if plain else 0
    except Imprecise:
        units = 0
    if not 0 < units <= UNITS_MAX * SCALE:
        raise Refused(Reason.AMOUNT, parameter)
    return units


def _rate(value: Decimal, parameter: str) -> int:
    try:
        return from_decimal(value)
    except Imprecise:
        raise Refused(Reason.PARAMETER_INVALID, parameter) from None


# --- the life of an order -------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """Which way the coins go, by the document's applyType."""

    PURCHASE = "1"
    SALE = "2"


class Status(StrEnum):
    """Where an order is, by the document's applyStatus."""

    SUBMITTED = "1"
    REFUSED = "2"
    APPROVED = "3"
    #: Fiat money has arrived (purchase) or has been paid out (sale); the coins have not moved yet.
    PAID = "4"
    RELEASED = "5"


class Move(StrEnum):
    """What can be done to an order."""

    APPROVE = "approve"
    REJECT = "reject"
    #: The deadline passed and nobody had paid.
    EXPIRE = "expire"
    BANK_CREDIT = "bank-credit"
    PAY = "paid"
    RELEASE = "release"


class Effect(Enum):
    """What a move does to the customer's account, in the same transaction."""

    NONE = auto()
    CREDIT = auto()
    REFUND = auto()
    BURN = auto()


@dataclass(frozen=True, slots=True)
class Way:
    """Where a move leads from and to."""

    sources: frozenset[Status]
    target: Status
    effect: Effect = Effect.NONE


_S: Final = Status
#: A sale holds its coins from submission on, so each of its ends does something to them; a purchase only ends well or not.
MOVES: Final[Mapping[tuple[Kind, Move], Way]] = {
    (Kind.PURCHASE, Move.APPROVE): Way(frozenset({_S.SUBMITTED}), _S.APPROVED),
    (Kind.PURCHASE, Move.REJECT): Way(frozenset({_S.SUBMITTED}), _S.REFUSED),
    (Kind.PURCHASE, Move.EXPIRE): Way(frozenset({_S.APPROVED}), _S.REFUSED),
    (Kind.PURCHASE, Move.BANK_CREDIT): Way(frozenset({_S.APPROVED}), _S.PAID),
    (Kind.PURCHASE, Move.RELEASE): Way(frozenset({_S.PAID}), _S.RELEASED, Effect.CREDIT),
    (Kind.SALE, Move.APPROVE): Way(frozenset({_S.SUBMITTED}), _S.APPROVED),
    # From 3 too: the bank may refuse what we approved.
    (Kind.SALE, Move.REJECT): Way(frozenset({_S.SUBMITTED, _S.APPROVED}), _S.REFUSED, Effect.REFUND),
    (Kind.SALE, Move.PAY): Way(frozenset({_S.APPROVED}), _S.PAID),
    (Kind.SALE, Move.RELEASE): Way(frozenset({_S.PAID}), _S.RELEASED, Effect.BURN),
}


# --- what an order says ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for a purchase. Personal: sealed wherever it is kept, and no log shows it."""

    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    country: str = ""
    birth_date: str = ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where fiat money goes: a customer's bank account, or ours that a partner's customers pay into."""

    account: str = ""
    name: str = ""
    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    birth_date: str = ""
    country: str = ""
    province: str = ""
    city: str = ""
    address: str = ""
    bank_name: str = ""
    bank_address: str = ""
    bank_country: str = ""
    bank_province: str = ""
    bank_city: str = ""
    branch: str = ""
    swift: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A partner's wish: `legal` (1e-8) of fiat money for coins."""

    order_no: str
    account: str
    legal: int
    note_code: str
    payer: Payer = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sale:
    """A partner's wish: `coins` (1e-8) for fiat money."""

    order_no: str
    account: str
    coins: int
    receiver: Receiver = field(repr=False)


def content(wish: Purchase | Sale) -> bytes:
    """All that a wish says, as bytes: two are the same wish if these are."""
    kind = Kind.PURCHASE if isinstance(wish, Purchase) else Kind.SALE
    return json.dumps([kind, asdict(wish)], ensure_ascii=False, sort_keys=True).encode("utf-8")


def source(text: str, parameter: str = "source") -> str:
    """A partner's name: it is part of keys, so no colon and no space is in it. Raises `Refused` (PARAMETER_INVALID)."""
    return _matching(text, r"[A-Za-z0-9._-]{1,32}", parameter)


def order_no(text: str, parameter: str = "orderNo") -> str:
    """A partner's number of an order: 1 to 40 printable ASCII characters. Raises `Refused` (PARAMETER_INVALID)."""
    return _matching(text, rf"[ -~]{{1,{ORDER_NO_CHARACTERS_MAX}}}", parameter)


def account(text: str, parameter: str = "account") -> str:
    """How a partner names a customer: an e-mail address, or an id of its own. Raises `Refused` (PARAMETER_INVALID)."""
    if len(text) > ACCOUNT_CHARACTERS_MAX or text != text.strip():
        raise Refused(Reason.PARAMETER_INVALID, parameter)
    return _words(text, parameter)


def fiat_currency(text: str, parameter: str = "fiatCurrency") -> None:
    """The fiat currency, in any case; there is one. Raises `Refused` (NO_SUCH_CURRENCY)."""
    if text.upper() != FIAT:
        raise Refused(Reason.NO_SUCH_CURRENCY, parameter)


#: Parts of a name or an address that not everyone has.
OPTIONAL: Final = frozenset({"middle_name", "province", "city"})


def checked_payer(payer: Payer, names: Mapping[str, str]) -> Payer:
    """A payer whose every field is in order; `names` are the fields' names on the wire. Raises `Refused`."""
    fields = asdict(payer)
    _check(fields, names)
    _bound(fields, names, PAYER_BYTES_MAX)
    return payer


def checked_receiver(receiver: Receiver, names: Mapping[str, str]) -> Receiver:
    """A customer's bank account whose every field is in order. Raises `Refused` (PARAMETER_INVALID) naming the first that
    is not."""
    fields = asdict(receiver)
    _check(fields, names)
    _bound(fields, names, RECEIVER_BYTES_MAX)
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z @.+_-]{2,63}", receiver.account, re.ASCII):
        raise Refused(Reason.PARAMETER_INVALID, names["account"])
    return receiver


def our_receiver(receiver: Receiver) -> Receiver:
    """The bank account that customers pay into, by operators: no field is checked but for being plain text, and all for not
    being too much together. Raises `Refused` (PARAMETER_INVALID)."""
    fields = asdict(receiver)
    names = {name: f"receive_{name}" for name in fields}
    for name, text in fields.items():
        if text:
            _words(text, names[name])
    _bound(fields, names, RECEIVER_BYTES_MAX)
    return receiver


def note_code(text: str, parameter: str = "noteCode") -> str:
    """What a payer writes on the bank's form. Raises `Refused` (PARAMETER_INVALID)."""
    return _matching(text, r"[!-~](?:[ -~]{0,62}[!-~])?", parameter)


def _check(fields: Mapping[str, str], names: Mapping[str, str]) -> None:
    for name, text in fields.items():
        match name:
            case "birth_date":
                _birth_date(text, names[name])
            case "country" | "bank_country":
                _matching(text, r"[A-Za-z]{2,3}|[0-9]{1,4}", names[name])
            case _ if text or name not in OPTIONAL:
                _words(text, names[name])


def _bound(fields: Mapping[str, str], names: Mapping[str, str], most: int) -> None:
    """Refuse what is more than a seal holds although no field is too long by itself. It is said of the longest one."""

    def size(part: object) -> int:
        return len(json.dumps(part, ensure_ascii=False).encode())

    if size(fields) > most:
        raise Refused(Reason.PARAMETER_INVALID, names[max(fields, key=lambda name: size(fields[name]))])


def _words(text: str, parameter: str) -> str:
    """Text for people: something is there, not too much, and nothing that steers a terminal."""
    steering = any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in text)
    if not text.strip() or len(text) > TEXT_CHARACTERS_MAX or steering:
        raise Refused(Reason.PARAMETER_INVALID, parameter)
    return text


def _birth_date(text: str, parameter: str) -> None:
    """A day that there was: the document shows no form, so the usual ones are taken, year first."""
    found = re.fullmatch(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})", text, re.ASCII)
    try:
        assert found is not None
        date(int(found[1]), int(found[3]), int(found[4]))
    except (AssertionError, ValueError):
        raise Refused(Reason.PARAMETER_INVALID, parameter) from None


def _matching(text: str, pattern: str, parameter: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise Refused(Reason.PARAMETER_INVALID, parameter)
    return text


# --- people ---------------------------------------------------------------------------------------------------------


class CardStatus(StrEnum):
    """How far a person's identification is, by the document's cardStatus."""

    TO_SUBMIT = "0"
    PASSED = "1"
    REFUSED = "2"
    UNDER_REVIEW = "3"
    NONE = "4"


def masked(receiver: Receiver) -> str:
    """A receiving account as a log may show it: its last four characters."""
    return f"****{receiver.account[-4:]}" if len(receiver.account) > 8 else "****"


def full_name(parts: Iterable[str]) -> str:
    """First, middle and last name in one."""
    return " ".join(part for part in parts if part)
