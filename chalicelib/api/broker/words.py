"""The words of this dialect and what they mean inside: types of codes, factors, masks."""

from collections.abc import Mapping
from typing import Final

from chalicelib.core import identity
from chalicelib.core.identity import Channel, Purpose
from chalicelib.core.kyc import Status
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.steps import Factor

#: What a code is for, as the senders' ``type``.
PURPOSES: Final[Mapping[str, Purpose]] = {
    "1": Purpose.SIGN_UP,
    "2": Purpose.LOGIN,
    "3": Purpose.FIND_PASSWORD,
    "4": Purpose.RESET_PASSWORD,
    "5": Purpose.BIND_MOBILE,
    "6": Purpose.BIND_EMAIL,
    "7": Purpose.BIND_TOTP,
    "8": Purpose.ADD_ADDRESS,
    "9": Purpose.DELETE_ADDRESS,
    "10": Purpose.REAL_NAME,
    "11": Purpose.CREATE_API_KEY,
    "12": Purpose.MODIFY_API_KEY,
    "13": Purpose.DELETE_API_KEY,
    "14": Purpose.WITHDRAW,
    "15": Purpose.SET_TRADE_PASSWORD,
    "16": Purpose.MODIFY_TRADE_PASSWORD,
    "17": Purpose.UNBIND_EMAIL,
    "18": Purpose.UNBIND_MOBILE,
    "19": Purpose.UNBIND_TOTP,
    "20": Purpose.PAY_ORDER,
    "21": Purpose.QUICK_SIGN_UP,
    "22": Purpose.QUICK_LOGIN,
    "23": Purpose.SET_PASSWORD,
    "24": Purpose.ANTI_PHISHING,
    "25": Purpose.REBIND_EMAIL,
    "26": Purpose.REBIND_MOBILE,
    "27": Purpose.REBIND_TOTP,
}

#: The types that somebody without a session asks for, and those that only a step of a login or recovery may.
ANONYMOUS: Final = frozenset(
    {
        Purpose.SIGN_UP,
        Purpose.FIND_PASSWORD,
        Purpose.BIND_MOBILE,
        Purpose.BIND_EMAIL,
        Purpose.QUICK_SIGN_UP,
        Purpose.QUICK_LOGIN,
    }
)
#: The types that a person asks for: sent to the person's own address or number.
OWN: Final = frozenset(PURPOSES.values()) - {
    Purpose.SIGN_UP,
    Purpose.LOGIN,
    Purpose.FIND_PASSWORD,
    Purpose.QUICK_SIGN_UP,
    Purpose.QUICK_LOGIN,
}

#: Second factors, as ``auth_type`` in requests, None being the authenticator, and as ``authType`` in answers.
FACTORS: Final[Mapping[str, Channel | None]] = {"1": Channel.SMS, "2": Channel.MAIL, "3": None}
FACTOR_NAMES: Final[Mapping[Factor, str]] = {
    Factor.SMS: "MOBILE",
    Factor.MAIL: "EMAIL",
    Factor.TOTP: "GA",
    Factor.ID_CARD: "ID_CARD",
    Factor.NONE: "",
}

REGISTERED_BY: Final[Mapping[Channel | None, int]] = {Channel.SMS: 1, Channel.MAIL: 2, None: 0}

#: What has become of a real name.
KYC_STATUSES: Final[Mapping[Status | None, int]] = {
    None: 0,
    Status.SUBMITTED: 1,
    Status.APPROVED: 2,
    Status.REFUSED: 3,
}


def purpose(text: str) -> Purpose:
    """What a code is for. Raises `Refused` (PARAMETER_INVALID)."""
    if text not in PURPOSES:
        raise Refused(Reason.PARAMETER_INVALID, "type")
    return PURPOSES[text]


def factor(text: str) -> Channel | None:
    """A second factor. Raises `Refused` (PARAMETER_INVALID)."""
    if text not in FACTORS:
        raise Refused(Reason.PARAMETER_INVALID, "auth_type")
    return FACTORS[text]


def masked_mobile(number: Mobile | None) -> str:
    """A number as it is shown: ``186****0001``, of other lengths than eleven ``****0001``; "" for none."""
    if number is None:
        return ""
    digits = number.number
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) == 11 else f"****{digits[-4:]}"


def masked_email(text: str) -> str:
    """An address as it is shown: ``p********n@bhex.io``; "" for none."""
    return identity.masked_email(text) if text else ""


def masked_document(number: str) -> str:
    """A document's number as it is shown: its first six and last four characters, at least four hidden."""
    shown = min(6, max(len(number) - 8, 0))
    return f"{number[:shown]}{'*' * max(len(number) - shown - 4, 4)}{number[-4:]}" if len(number) > 4 else "****"
