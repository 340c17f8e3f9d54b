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

#: What none of this dialect's methods is refused for. A new reason of other dialects gets its place here.
ELSEWHERE: Final = (
    Reason.LOGIN_FAILED,
    Reason.CAPTCHA,
    Reason.NO_SUCH_REQUEST,
    Reason.SPENT,
    Reason.TOO_MANY_API_TOKENS,
    Reason.NO_SUCH_API_KEY,
    Reason.KEY_TAG,
    Reason.IP_LIST,
    Reason.IP_LIST_LONG,
    Reason.TRADE_PASSWORD_FORMAT,
    Reason.TRADE_PASSWORD_SET,
    Reason.TRADE_PASSWORD_UNSET,
    Reason.TRADE_PASSWORD_WRONG,
    Reason.TRADE_PASSWORD_LOCKED,
    Reason.OAUTH_RESPONSE_TYPE,
    Reason.OAUTH_CLIENT,
    Reason.REDIRECT_URI,
    Reason.OAUTH_SCOPE,
    Reason.OAUTH_REQUEST,
    Reason.OAUTH_CODE,
    Reason.OAUTH_CODE_USED,
    Reason.INVITE_CODE,
    Reason.CODE_MISSING,
    Reason.PASSWORDS_DIFFER,
    Reason.PASSWORD_SET,
    Reason.OLD_PASSWORD_MISSING,
    Reason.OLD_PASSWORD,
    Reason.SAME_PASSWORD,
    Reason.FIND_FAILED,
    Reason.FIND_TOO_MANY,
    Reason.FIND_BY_MAIL,
    Reason.FIND_BY_MOBILE,
    Reason.FIND_RETIRED,
    Reason.ID_NUMBER,
    Reason.COMMON_PASSWORD,
    Reason.PHONE_FORMAT,
    Reason.TOTP_BOUND,
    Reason.TOTP_UNBOUND,
    Reason.KYC_STANDING,
    Reason.ID_IN_USE,
    Reason.ID_CARD_NEEDED,
    Reason.ID_CHECKSUM,
    Reason.ID_DISAGREES,
    Reason.TOO_MANY_BANK_CARDS,
    Reason.BANK_CARD_KNOWN,
    Reason.UPLOAD_INVALID,
    Reason.UPLOAD_TOO_LARGE,
    Reason.TIMESTAMP,
    Reason.REPLAYED,
    Reason.FOREIGN_SOURCE,
    Reason.ORDER_NO_TAKEN,
    Reason.KYC_REQUIRED,
    Reason.AMOUNT,
    Reason.ORDER_STATE,
)

SPELLINGS: Final[Mapping[Reason, str]] = {
    **dict.fromkeys(ELSEWHERE, INVALID),
    Reason.PARAMETER_MISSING: LOST,
    Reason.PARAMETER_INVALID: INVALID,
    Reason.TOO_OFTEN: OFTEN,
    Reason.INTERNAL: INTERNAL,
    Reason.NO_SUCH_URL: NO_METHOD,
    Reason.NO_SUCH_USER: UNREGISTERED,
    Reason.ACCOUNT_UNUSABLE: INACTIVE,
    Reason.SIGNATURE_MISMATCH: LOGIN,
    Reason.UNAUTHENTICATED: LOGIN,
    Reason.CROSS_SITE: NO_METHOD,
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
    Reason.TOTP_CODE: CODE_WRONG,
    Reason.TOTP_SECRET: CODE_WRONG,
    Reason.WITHDRAWALS_FROZEN: WITHDRAW,
    Reason.API_KEY_FORBIDDEN: LOGIN,
    Reason.WRONG_FACTOR: CODE_WRONG,
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
    "withdraw": {
        **_LOST_IS_INVALID,
        Reason.BELOW_MINIMUM: WITHDRAW,
        Reason.WITHDRAWAL_ADDRESS: WITHDRAW,
        Reason.TOO_OFTEN: WITHDRAW,
    },
}


def text(refused: Refused, method: str) -> str:
    """What a caller of `method` is told."""
    return BY_METHOD.get(method, {}).get(refused.reason) or SPELLINGS[refused.reason]
