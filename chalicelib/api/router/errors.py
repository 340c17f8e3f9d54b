"""Reasons as this dialect says them: one text each, and where a method says it in another way, that. Total by test.

The texts are those of the historical system, slips included. Ours, where it had none: 'Too Often', 'Internal Except'.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.core.reasons import Reason, Refused

LOST: Final = "Lost Argument"
INVALID: Final = "Invalid Argument"
LOGIN: Final = "Please Login"
INACTIVE: Final = "This User was not Active"
ILLEGAL_NAME: Final = "Is illegal User Name"
REGISTERED: Final = "User has Regedit"
UNREGISTERED: Final = "User has not Regedit"
CODE_EXPIRED: Final = "Valid Code Expire"
CODE_WRONG: Final = "Valid Code Error"
MISMATCH: Final = "User or Password incorrect"
NO_PAIR: Final = "Not Found Symbols"
FUNDS: Final = "User Coin Amount Less"
ORDER: Final = "Make Order Except"
WITHDRAW: Final = "Withdraw Except"
NO_COIN: Final = "UnSupport Coin"
NO_METHOD: Final = "UnSupport Handler"
UNBOUND: Final = "User not Bind Withdraw Address"
NO_BIND: Final = "No Bind"
OFTEN: Final = "Too Often"
INTERNAL: Final = "Internal Except"

SPELLINGS: Final[Mapping[Reason, str]] = {
    Reason.PARAMETER_MISSING: LOST,
    Reason.PARAMETER_INVALID: INVALID,
    Reason.TOO_OFTEN: OFTEN,
    Reason.INTERNAL: INTERNAL,
    Reason.NO_SUCH_URL: NO_METHOD,
    Reason.NO_SUCH_USER: UNREGISTERED,
    Reason.ACCOUNT_UNUSABLE: INACTIVE,
    Reason.SIGNATURE_MISMATCH: LOGIN,
    Reason.UNAUTHENTICATED: LOGIN,
    Reason.LOGIN_LOCKED: OFTEN,
    Reason.NO_SUCH_MARKET: NO_PAIR,
    Reason.MARKET_HALTED: ORDER,
    Reason.NO_SUCH_CURRENCY: NO_COIN,
    Reason.NO_SUCH_ORDER: ORDER,
    Reason.PRICE_OUT_OF_RANGE: INVALID,
    Reason.INSUFFICIENT_FUNDS: FUNDS,
    Reason.BELOW_MINIMUM: ORDER,
    Reason.TOO_MANY_OPEN_ORDERS: ORDER,
    Reason.TRANSFER_NOT_CANCELLABLE: WITHDRAW,
    Reason.NO_SUCH_TRANSFER: WITHDRAW,
    Reason.NOT_YOURS: WITHDRAW,
    Reason.WITHDRAWAL_ADDRESS: INVALID,
    Reason.NOT_BOUND: UNBOUND,
    Reason.TOO_MANY_API_TOKENS: INVALID,
    Reason.EMAIL_FORMAT: ILLEGAL_NAME,
    Reason.PASSWORD_FORMAT: INVALID,
    Reason.ALREADY_REGISTERED: REGISTERED,
    Reason.TOKEN_EXPIRED: CODE_EXPIRED,
    Reason.CODE_TOO_OFTEN: OFTEN,
    Reason.NOT_SENT: INTERNAL,
    Reason.EMAIL_CODE: CODE_WRONG,
    Reason.SMS_CODE: CODE_WRONG,
    Reason.EMAIL_UNVERIFIED: WITHDRAW,
    Reason.MOBILE_UNVERIFIED: WITHDRAW,
    Reason.INVITE_CODE: INVALID,
    Reason.PHONE_FORMAT: INVALID,
    Reason.TOTP_CODE: CODE_WRONG,
    Reason.TOTP_SECRET: CODE_WRONG,
    Reason.TOTP_BOUND: INVALID,
    Reason.TOTP_UNBOUND: INVALID,
    Reason.WITHDRAWALS_FROZEN: WITHDRAW,
    Reason.KYC_STANDING: INVALID,
    Reason.ID_IN_USE: INVALID,
    Reason.TOO_MANY_BANK_CARDS: INVALID,
    Reason.BANK_CARD_KNOWN: INVALID,
    Reason.API_KEY_FORBIDDEN: LOGIN,
    Reason.NO_SUCH_API_KEY: INVALID,
    Reason.KEY_TAG: INVALID,
    Reason.IP_LIST: INVALID,
    Reason.IP_LIST_LONG: INVALID,
    Reason.WRONG_FACTOR: CODE_WRONG,
    Reason.UPLOAD_TOO_LARGE: INVALID,
    Reason.UPLOAD_INVALID: INVALID,
    Reason.OAUTH_RESPONSE_TYPE: INVALID,
    Reason.OAUTH_CLIENT: INVALID,
    Reason.REDIRECT_URI: INVALID,
    Reason.OAUTH_SCOPE: INVALID,
    Reason.OAUTH_REQUEST: INVALID,
    Reason.OAUTH_CODE: INVALID,
    Reason.OAUTH_CODE_USED: INVALID,
    Reason.OAUTH_TOKEN: LOGIN,
}

#: As the historical system: what deals with orders and addresses calls a lost argument invalid.
_LOST_IS_INVALID: Final = {Reason.PARAMETER_MISSING: INVALID}
#: Method → how it says what others say in another way.
BY_METHOD: Final[Mapping[str, Mapping[Reason, str]]] = {
    "login": {Reason.UNAUTHENTICATED: MISMATCH},
    "buy": {**_LOST_IS_INVALID, Reason.TOO_OFTEN: ORDER},
    "sell": {**_LOST_IS_INVALID, Reason.TOO_OFTEN: ORDER},
    "get_withdraw_address": {**_LOST_IS_INVALID, Reason.NOT_BOUND: NO_BIND},
    "set_withdraw_address": _LOST_IS_INVALID,
}


def text(refused: Refused, method: str) -> str:
    """What a caller of `method` is told."""
    return BY_METHOD.get(method, {}).get(refused.reason) or SPELLINGS[refused.reason]
