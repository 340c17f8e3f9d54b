"""Codes that come back with the name they went to instead of an id: of each name's, the one sent last is meant."""

from chalicelib import clock
from chalicelib.core.identity import CODE_MS, Email, Purpose, fingerprint
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.codes import SentCode
from chalicelib.services.identity.signing_up import send_sign_up_code
from chalicelib.stores import codes


def send_named_code(address: Email, ip: str, language: str, life_ms: int = CODE_MS) -> None:
    """Mail a code that lets its receiver register. Raises `Refused` as `send_sign_up_code` does, for all alike."""
    code_id = send_sign_up_code(address, ip, language, life_ms=life_ms)
    codes.name(Purpose.SIGN_UP, fingerprint(address.mailbox), code_id, clock.now_ms() + life_ms)


def named_code(address: Email, code: str) -> SentCode:
    """The code that was sent to a name last, as it comes back. Raises `Refused` (TOKEN_EXPIRED) when there is none any more."""
    code_id = codes.named(Purpose.SIGN_UP, fingerprint(address.mailbox), clock.now_ms())
    if code_id is None:
        raise Refused(Reason.TOKEN_EXPIRED, "valid_code")
    return SentCode(code_id, code)
