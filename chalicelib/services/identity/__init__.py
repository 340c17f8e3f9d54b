"""People and how they prove who they are. One service for every dialect; what they spell differently (the form of a
password, a link's address, what a code is for) they bring along.

names (what people are known by) · registration (by a mailed link) · signing_up (by a code) · named_codes (that come back without
an id) · existence (said to one dialect) · login (passwords, sessions) ·
tokens (API tokens, profile) · codes (what is sent, and proved) · recovery (password reset and change) · factors (mobile,
e-mail and phone codes, TOTP) · real_name (KYC) · cards · amending (the one way in which a person is changed).

What is asked for is loaded when it is asked for: a Lambda needs few of these, and each import is part of a cold start. The
types, and what may be asked for, stand in the stub beside this file; a test holds the two together.
"""

from importlib import import_module
from typing import Final

#: Module → what it offers here; one of another package by its whole name. No offer may have a module's name, for that would take
#: its place.
OFFERS: Final[dict[str, tuple[str, ...]]] = {
    "amending": ("withdrawals_frozen",),
    "asking": ("send_code", "send_own_code"),
    "authenticators": ("bind_pending_totp", "qr_code"),
    "binding": ("bind_mobile", "bind_name"),
    "cards": ("add_card", "delete_card", "has_card", "list_cards"),
    "chalicelib.stores.logins": ("Login", "Result"),
    "codes": ("SentCode", "check_code", "index_of", "send_codes"),
    "existence": ("is_active",),
    "factors": (
        "Given",
        "Proven",
        "bind_totp",
        "issue_totp",
        "prove",
        "send_bind_code",
        "send_verification",
        "set_channel_auth",
        "unbind_totp",
    ),
    "finding": (
        "Found",
        "check_found",
        "find_password",
        "replace_password",
        "send_find_code",
        "send_first_password_code",
        "set_first_password",
        "set_found_password",
    ),
    "futures": ("has_futures", "open_account"),
    "keys": ("MadeKey", "create_key", "delete_key", "keys_of", "restrict_key", "switch_key"),
    "login": ("Proof", "begin_session", "check_password", "check_session", "end_session", "logins"),
    "named_codes": ("named_code", "send_named_code"),
    "names": ("Name", "find", "find_by_mobile", "mobile_of", "person"),
    "real_name": ("approved_name", "claims_waiting", "hand_in", "hand_in_details", "opened", "review", "standing"),
    "recovery": ("change_password", "request_reset", "reset_password", "verify_reset"),
    "registration": ("Invitation", "activate", "register", "send_activation"),
    "second_factor": ("SecondFactor", "check_second_factor"),
    "signing_up": ("Entry", "send_sign_up_code", "sign_up"),
    "tokens": (
        "Profile",
        "Signer",
        "add_api_token",
        "delete_api_token",
        "oldest_token",
        "profile",
        "rename",
        "signed_by",
        "signer",
    ),
    "trade_password": ("check_trade_password", "set_trade_password"),
    "two_step": (
        "Asked",
        "Entered",
        "Number",
        "Origin",
        "finish_login",
        "finish_login_by_password",
        "log_in",
        "log_in_by_code",
        "log_in_by_device",
        "send_login_code",
    ),
}
_HOMES: Final = {name: module for module, names in OFFERS.items() for name in names}


def __getattr__(name: str) -> object:
    """What is asked for the first time: an offer, or a module of this package."""
    home = _HOMES.get(name, name)
    module = home if "." in home else f"{__name__}.{home}"
    try:
        found: object = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise AttributeError(name) from None
    if name in _HOMES:
        found = globals()[name] = getattr(found, name)
    return found
