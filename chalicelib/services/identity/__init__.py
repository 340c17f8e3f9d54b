"""People and how they prove who they are. One service for every dialect; what they spell differently (the form of a
password, a link's address, what a code is for) they bring along.

names (what people are known by) · registration (by a mailed link) · sign_up (by a code) · named_codes (that come back without
an id) · existence (said to one dialect) · login (passwords, sessions) ·
tokens (API tokens, profile) · codes (what is sent, and proved) · recovery (password reset and change) · factors (mobile,
e-mail and phone codes, TOTP) · real_name (KYC) · cards · amending (the one way in which a person is changed).
"""

from chalicelib.services.identity.amending import withdrawals_frozen
from chalicelib.services.identity.asking import send_code, send_own_code
from chalicelib.services.identity.authenticators import bind_pending_totp, qr_code
from chalicelib.services.identity.binding import bind_mobile, bind_name
from chalicelib.services.identity.cards import add_card, delete_card, has_card, list_cards
from chalicelib.services.identity.codes import SentCode, check_code, index_of, send_codes
from chalicelib.services.identity.existence import is_active
from chalicelib.services.identity.factors import (
    Given,
    Proven,
    bind_totp,
    issue_totp,
    person,
    prove,
    send_bind_code,
    send_verification,
    set_channel_auth,
    unbind_totp,
)
from chalicelib.services.identity.finding import (
    Found,
    check_found,
    find_password,
    replace_password,
    send_find_code,
    send_first_password_code,
    set_first_password,
    set_found_password,
)
from chalicelib.services.identity.futures import has_futures, open_account
from chalicelib.services.identity.keys import MadeKey, create_key, delete_key, keys_of, restrict_key, switch_key
from chalicelib.services.identity.login import (
    Proof,
    begin_session,
    check_password,
    check_session,
    end_session,
    logins,
)
from chalicelib.services.identity.named_codes import named_code, send_named_code
from chalicelib.services.identity.names import Name, find, find_by_mobile, mobile_of
from chalicelib.services.identity.real_name import (
    approved_name,
    claims_waiting,
    hand_in,
    hand_in_details,
    opened,
    review,
    standing,
)
from chalicelib.services.identity.recovery import change_password, request_reset, reset_password, verify_reset
from chalicelib.services.identity.registration import Invitation, activate, register, send_activation
from chalicelib.services.identity.second_factor import SecondFactor, check_second_factor
from chalicelib.services.identity.sign_up import Entry, send_sign_up_code, sign_up
from chalicelib.services.identity.tokens import (
    Profile,
    Signer,
    add_api_token,
    delete_api_token,
    profile,
    rename,
    signed_by,
    signer,
)
from chalicelib.services.identity.trade_password import check_trade_password, set_trade_password
from chalicelib.services.identity.two_step import (
    Asked,
    Entered,
    Number,
    Origin,
    finish_login,
    finish_login_by_password,
    log_in,
    log_in_by_code,
    log_in_by_device,
    send_login_code,
)
from chalicelib.stores.logins import Login, Result

__all__ = [
    "Asked",
    "Entered",
    "Entry",
    "Found",
    "Given",
    "Invitation",
    "Login",
    "MadeKey",
    "Name",
    "Number",
    "Origin",
    "Profile",
    "Proof",
    "Proven",
    "Result",
    "SecondFactor",
    "SentCode",
    "Signer",
    "activate",
    "add_api_token",
    "add_card",
    "approved_name",
    "begin_session",
    "bind_mobile",
    "bind_name",
    "bind_pending_totp",
    "bind_totp",
    "change_password",
    "check_code",
    "check_found",
    "check_password",
    "check_second_factor",
    "check_session",
    "check_trade_password",
    "claims_waiting",
    "create_key",
    "delete_api_token",
    "delete_card",
    "delete_key",
    "end_session",
    "find",
    "find_by_mobile",
    "find_password",
    "finish_login",
    "finish_login_by_password",
    "hand_in",
    "hand_in_details",
    "has_card",
    "has_futures",
    "index_of",
    "is_active",
    "issue_totp",
    "keys_of",
    "list_cards",
    "log_in",
    "log_in_by_code",
    "log_in_by_device",
    "logins",
    "mobile_of",
    "named_code",
    "open_account",
    "opened",
    "person",
    "profile",
    "prove",
    "qr_code",
    "register",
    "rename",
    "replace_password",
    "request_reset",
    "reset_password",
    "restrict_key",
    "review",
    "send_activation",
    "send_bind_code",
    "send_code",
    "send_codes",
    "send_find_code",
    "send_first_password_code",
    "send_login_code",
    "send_named_code",
    "send_own_code",
    "send_sign_up_code",
    "send_verification",
    "set_channel_auth",
    "set_first_password",
    "set_found_password",
    "set_trade_password",
    "sign_up",
    "signed_by",
    "signer",
    "standing",
    "switch_key",
    "unbind_totp",
    "verify_reset",
    "withdrawals_frozen",
]
