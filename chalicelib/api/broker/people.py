"""A person as this dialect shows one: after a sign-up, after a login, and on request. The documents' shapes differ a little."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.api.broker import words
from chalicelib.core.identity import User
from chalicelib.core.phones import Mobile, parts
from chalicelib.services import identity

#: Everybody is an ordinary person; companies and agents are none of the documents' operations.
ORDINARY: Final = 1
#: The level of who passed the review of the real name.
KYC_LEVEL: Final = 10

_IDENTITY: Final = (
    "userId",
    "registerType",
    "mobile",
    "nationalCode",
    "email",
    "bindGA",
    "bindTradePwd",
    "bindPassword",
    "userType",
    "verifyStatus",
    "kycLevel",
    "kycVerifyStatus",
    "displayLevel",
    "defaultAccountId",
    "registerDate",
    "source",
    "isAgent",
    "customLabelList",
)
_INVITERS: Final = ("inviteUserId", "secondLevelInviteUserId")
_OPENED: Final = ("openOption", "openFuture")
#: After a sign-up; in the answer of a login; on request and after the second step of a quick login; after a second step.
SIGNED_UP: Final = (*_IDENTITY, *_INVITERS)
LOGGED_IN: Final = (*_IDENTITY, *_INVITERS, "accounts")
PROFILE: Final = (*_IDENTITY, *_OPENED)
BASE_INFO: Final = (*PROFILE, "inviteCode")
STEPPED: Final = (
    "userId",
    "registerType",
    "mobile",
    "email",
    "bindGA",
    "verifyStatus",
    "userType",
    "defaultAccountId",
)


def shown(user: User, names: tuple[str, ...]) -> dict[str, Any]:
    """A person, those of the fields that a shape has."""
    everything = _everything(user)
    return {name: everything[name] for name in names}


def contact(user: User) -> Mapping[str, str]:
    """How a person is reached, masked: ``nationalCode``, ``mobile``, ``email``."""
    mobile = mobile_of(user)
    return {
        "nationalCode": mobile.country if mobile else "",
        "mobile": words.masked_mobile(mobile),
        "email": words.masked_email(user.email),
    }


def mobile_of(user: User) -> Mobile | None:
    """A person's number, opened."""
    full = identity.mobile_of(user)
    return parts(full) if full else None


def accounts(user: User) -> list[dict[str, Any]]:
    """A person's accounts besides the main one, which `defaultAccountId` names: that for futures, once opened."""
    if not identity.has_futures(user):
        return []
    return [{"accountId": user.uid, "accountType": 3, "accountIndex": 0, "accountName": ""}]


def _everything(user: User) -> dict[str, Any]:
    record = identity.standing(user.uid)
    status = words.KYC_STATUSES[record.status if record else None]
    passed = status == 2
    return {
        "userId": user.uid,
        "registerType": words.REGISTERED_BY[user.registered_by],
        **contact(user),
        "bindGA": user.totp_enabled,
        "bindTradePwd": bool(user.trade_password),
        "bindPassword": bool(user.credentials),
        "userType": ORDINARY,
        "verifyStatus": status,
        "kycLevel": KYC_LEVEL if passed else 0,
        "kycVerifyStatus": status,
        "displayLevel": "1" if passed else "",
        "accounts": accounts(user),
        "defaultAccountId": user.uid,
        "registerDate": str(user.created),
        "openOption": False,
        "openFuture": identity.has_futures(user),
        "source": user.source,
        "inviteUserId": user.inviter or "0",
        "secondLevelInviteUserId": user.second_inviter or "0",
        "inviteCode": user.invite_code,
        "isAgent": 0,
        "customLabelList": [],
    }
