"""Why a request is refused. Each reason is named here once, for ever; each dialect spells it through its own total table."""

from enum import StrEnum, auto


class Reason(StrEnum):
    """Every way in which a caller's request can be refused. A test proves that each dialect's table covers all of them."""

    # the request
    PARAMETER_MISSING = auto()
    PARAMETER_INVALID = auto()
    TOO_OFTEN = auto()
    INTERNAL = auto()
    NO_SUCH_URL = auto()
    # who asks
    NO_SUCH_USER = auto()
    ACCOUNT_UNUSABLE = auto()
    SIGNATURE_MISMATCH = auto()
    UNAUTHENTICATED = auto()
    LOGIN_LOCKED = auto()
    LOGIN_FAILED = auto()
    CROSS_SITE = auto()
    CAPTCHA = auto()
    NO_SUCH_REQUEST = auto()
    SPENT = auto()
    # trading
    NO_SUCH_MARKET = auto()
    MARKET_HALTED = auto()
    NO_SUCH_CURRENCY = auto()
    NO_SUCH_ORDER = auto()
    PRICE_OUT_OF_RANGE = auto()
    INSUFFICIENT_FUNDS = auto()
    BELOW_MINIMUM = auto()
    TOO_MANY_OPEN_ORDERS = auto()
    # transfers
    TRANSFER_NOT_CANCELLABLE = auto()
    NO_SUCH_TRANSFER = auto()
    NOT_YOURS = auto()
    WITHDRAWAL_ADDRESS = auto()
    NOT_BOUND = auto()
    # identity
    TOO_MANY_API_TOKENS = auto()
    API_KEY_FORBIDDEN = auto()
    NO_SUCH_API_KEY = auto()
    KEY_TAG = auto()
    IP_LIST = auto()
    IP_LIST_LONG = auto()
    WRONG_FACTOR = auto()
    TRADE_PASSWORD_FORMAT = auto()
    TRADE_PASSWORD_SET = auto()
    TRADE_PASSWORD_UNSET = auto()
    TRADE_PASSWORD_WRONG = auto()
    TRADE_PASSWORD_LOCKED = auto()
    # OAuth
    OAUTH_RESPONSE_TYPE = auto()
    OAUTH_CLIENT = auto()
    REDIRECT_URI = auto()
    OAUTH_SCOPE = auto()
    OAUTH_REQUEST = auto()
    OAUTH_CODE = auto()
    OAUTH_CODE_USED = auto()
    OAUTH_TOKEN = auto()
    EMAIL_FORMAT = auto()
    PASSWORD_FORMAT = auto()
    ALREADY_REGISTERED = auto()
    TOKEN_EXPIRED = auto()
    CODE_TOO_OFTEN = auto()
    NOT_SENT = auto()
    EMAIL_CODE = auto()
    SMS_CODE = auto()
    EMAIL_UNVERIFIED = auto()
    MOBILE_UNVERIFIED = auto()
    INVITE_CODE = auto()
    CODE_MISSING = auto()
    COMMON_PASSWORD = auto()
    PASSWORDS_DIFFER = auto()
    PASSWORD_SET = auto()
    OLD_PASSWORD_MISSING = auto()
    OLD_PASSWORD = auto()
    SAME_PASSWORD = auto()
    FIND_FAILED = auto()
    FIND_TOO_MANY = auto()
    FIND_BY_MAIL = auto()
    FIND_BY_MOBILE = auto()
    FIND_RETIRED = auto()
    ID_NUMBER = auto()
    PHONE_FORMAT = auto()
    TOTP_CODE = auto()
    TOTP_SECRET = auto()
    TOTP_BOUND = auto()
    TOTP_UNBOUND = auto()
    WITHDRAWALS_FROZEN = auto()
    KYC_STANDING = auto()
    ID_IN_USE = auto()
    ID_CARD_NEEDED = auto()
    ID_CHECKSUM = auto()
    ID_DISAGREES = auto()
    TOO_MANY_BANK_CARDS = auto()
    BANK_CARD_KNOWN = auto()
    # uploads
    UPLOAD_INVALID = auto()
    UPLOAD_TOO_LARGE = auto()
    # fiat ramp
    TIMESTAMP = auto()
    REPLAYED = auto()
    FOREIGN_SOURCE = auto()
    ORDER_NO_TAKEN = auto()
    KYC_REQUIRED = auto()
    AMOUNT = auto()
    ORDER_STATE = auto()


class Refused(Exception):  # noqa: N818 - it is no error of ours: the caller's request was refused
    """A request refused for a `reason`; `parameter` names the offending field where there is one.

    `data` is what a dialect may add to its answer, as plain values (say the number of tries left).
    """

    def __init__(self, reason: Reason, parameter: str | None = None, **data: object) -> None:
        """Keep the three parts apart, so that a dialect can spell them its own way."""
        super().__init__(reason, parameter)
        self.reason = reason
        self.parameter = parameter
        self.data = data
