"""The document's names for what an order says, typos included (legalCurrenyName, payDirthDate)."""

from collections.abc import Mapping
from typing import Final

from chalicelib.core import ramp as rules
from chalicelib.core.money import to_decimal
from chalicelib.core.ramp import Kind, Payer, Receiver, Status
from chalicelib.stores.ramp.orders import Order

#: 入金方式: 1 微信 2 支付宝 3 银行卡. Money comes by bank.
BUY_TYPE: Final = "3"
#: 放币类型: 1 手动 2 自动. Operators release.
LOAN_TYPE: Final = "1"

#: How a purchase names its payer, and an order's detail too.
PAYER: Final[Mapping[str, str]] = {
    "first_name": "firstName",
    "middle_name": "middleName",
    "last_name": "lastName",
    "country": "countryCode",
    "birth_date": "birthDate",
}
PAYER_SHOWN: Final[Mapping[str, str]] = {
    "first_name": "payFirstName",
    "middle_name": "payMiddleName",
    "last_name": "payLastName",
    "country": "payCountry",
    "birth_date": "payDirthDate",
}
#: How a sale names the bank account that it is paid to, and an order's detail too.
RECEIVER: Final[Mapping[str, str]] = {
    "account": "receiveAccount",
    "name": "receiveName",
    "first_name": "receiveFirstName",
    "middle_name": "receiveMiddleName",
    "last_name": "receiveLastName",
    "birth_date": "receiveBirthDate",
    "country": "receiveCountry",
    "province": "receiveProvince",
    "city": "receiveCity",
    "address": "receiveAddr",
    "bank_name": "receiveBankName",
    "bank_address": "receiveBankAddress",
    "bank_country": "bankCountryCode",
    "bank_province": "bankProvince",
    "bank_city": "bankCity",
    "branch": "branchName",
    "swift": "bankSwiftCode",
}
#: What of our own account getReceiveAccountInfo shows: its example, without the cardStatus that its table has by mistake.
OURS: Final = (
    "receiveBankName",
    "receiveAccount",
    "receiveFirstName",
    "receiveMiddleName",
    "receiveLastName",
    "receiveCountry",
    "receiveProvince",
    "receiveCity",
    "receiveAddr",
    "receiveBankAddress",
    "bankCountryCode",
    "bankProvince",
    "bankCity",
    "bankSwiftCode",
)


def number(units: int) -> str:
    """1e-8 units as plain text, without needless zeros: ``17.699115``, ``56.5``."""
    return format(to_decimal(units), "f")


def received_at(receiver: Receiver) -> dict[str, str]:
    """Our bank account as a partner's customers have to be told it."""
    named = {RECEIVER[name]: getattr(receiver, name) for name in RECEIVER}
    return {name: named[name] for name in OURS}


def detail(order: Order, payer: Payer, receiver: Receiver) -> dict[str, object]:
    """An order under all of the document's names. Texts that an order has not are empty, times null."""
    return {
        "orderNo": order.order_no,
        "account": order.account,
        "legalCurrenyName": rules.FIAT,
        "legalAmount": number(order.amounts.legal),
        "currencyAmount": number(order.amounts.coins),
        "fee": number(order.amounts.fee),
        "channelFeeRate": number(order.terms.channel_fee),
        "channelFee": number(order.amounts.channel_fee),
        "exchRate": number(order.terms.rate),
        "buyType": BUY_TYPE if order.kind is Kind.PURCHASE else "",
        "dateCreate": order.created,
        "applyStatus": order.status.value,
        "applyType": order.kind.value,
        **{RECEIVER[name]: getattr(receiver, name) for name in RECEIVER},
        **{PAYER_SHOWN[name]: getattr(payer, name) for name in PAYER_SHOWN},
        "noteCode": order.note_code,
        "dateAudit": order.audited,
        "deadlinePay": order.deadline,
        "timePay": order.paid,
        "timeIssue": order.issued,
        "loanType": LOAN_TYPE if order.status is Status.RELEASED else "",
    }
