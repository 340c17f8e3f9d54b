"""Codes of six digits: sent to an address or a number, and proved once."""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core import identity as rules
from chalicelib.core.identity import Channel, Purpose, Window
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import delivery
from chalicelib.services.delivery import Receiver
from chalicelib.stores import attempts, codes, vault
from chalicelib.stores.codes import Proof

#: What a wrong code of a channel is called.
WRONG: Final = {Channel.MAIL: Reason.EMAIL_CODE, Channel.SMS: Reason.SMS_CODE}


def count_send(purpose: Purpose, receivers: Sequence[str], ip: str, now: int, uid: str = "") -> None:
    """Count a message to each of `receivers` for a purpose, or none. Raises `Refused` (CODE_TOO_OFTEN)."""
    windows: dict[str, Sequence[Window]] = {
        f"sends:{purpose}:{rules.fingerprint(receiver)}": rules.RECEIVER_WINDOWS for receiver in receivers
    }
    windows[f"sends-from:{ip}"] = rules.IP_WINDOWS
    if uid:
        windows[f"sends-of:{uid}"] = rules.PERSON_WINDOWS
    if not attempts.spend(windows, now):
        raise Refused(Reason.CODE_TOO_OFTEN)


def send_codes(
    purpose: Purpose, receivers: Sequence[Receiver], ip: str, language: str, *, numbered: bool = False
) -> dict[Channel, str]:
    """Send a code of its own to each of a person's receivers: channel → the id that has to come back with the code.

    A channel whose message could not even be queued is left out; if that is all of them, `Refused` (NOT_SENT).
    `numbered`: ids are 15 digits.
    """
    uid = next((receiver.uid for receiver in receivers if receiver.uid != delivery.NOBODY), "")
    count_send(purpose, [receiver.address for receiver in receivers], ip, clock.now_ms(), uid)
    sent = {}
    for receiver in receivers:
        with suppress(Refused):
            sent[receiver.channel] = post_code(purpose, receiver, language, numbered=numbered)
    if not sent:
        raise Refused(Reason.NOT_SENT)
    return sent


def post_code(
    purpose: Purpose,
    receiver: Receiver,
    language: str,
    *,
    numbered: bool = False,
    quiet: bool = False,
    letter: str = "",
    life_ms: int = rules.CODE_MS,
) -> str:
    """Send one code, which the caller has counted: the id that has to come back with it. Raises `Refused` (NOT_SENT).

    With `quiet` all is done but nothing arrives: for receivers of whom nobody shall learn whether they are known. With
    a `letter` that takes the place of the code, which then nobody gets to know.
    """
    code_id = _order_id() if numbered else _new_id()
    code = f"{clock.random_below(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}}"
    mac = _mac(code_id, purpose, receiver, code)
    until = clock.now_ms() + life_ms
    target = Receiver(receiver.channel, "", receiver.uid) if quiet else receiver
    values = {} if letter else {"code": code, "index": index_of(code_id), "minutes": str(life_ms // rules.MINUTE_MS)}
    try:
        codes.keep_code(code_id, _owner(receiver), mac, until)
        delivery.post(target, letter or purpose, language, until, **values)
    except Exception as error:
        telemetry.alarm("code_not_queued", error, purpose=purpose, channel=receiver.channel)
        raise Refused(Reason.NOT_SENT) from error
    return code_id


def index_of(code_id: str) -> str:
    """The number by which a person tells messages apart: it stands in the message and in the answer."""
    return code_id[-3:]


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code as it comes back: the id under which it was sent, and the digits."""

    id: str
    code: str = field(repr=False)


def check_code(purpose: Purpose, receiver: Receiver, sent: SentCode, parameter: str) -> Proof:
    """A code that is right, unused and young, as the proof that an amendment uses up.

    Raises `Refused` (EMAIL_CODE or SMS_CODE) for any other: of another purpose, person or receiver, used, expired,
    tried five times. One that never was gets the same answer for the same work.
    """
    return check_code_to_any(purpose, [receiver], sent, parameter)


def check_code_to_any(purpose: Purpose, receivers: Sequence[Receiver], sent: SentCode, parameter: str) -> Proof:
    """The same, of a code that may have gone to any of one person's receivers; a wrong one is told as the first's."""
    wrong = Refused(WRONG[receivers[0].channel], parameter)
    if not rules.is_code(sent.code) or not rules.is_code_id(sent.id):
        raise wrong
    attempted = codes.attempt(sent.id, _owner(receivers[0]), clock.now_ms())
    if attempted is None:
        raise wrong
    proof, mac = attempted
    if not any(hmac.compare_digest(mac, _mac(sent.id, purpose, receiver, sent.code)) for receiver in receivers):
        raise wrong
    return proof


def _mac(code_id: str, purpose: Purpose, receiver: Receiver, code: str) -> bytes:
    bound = receiver.name or receiver.address
    return vault.mac(rules.code_message(code_id, purpose, receiver.channel, receiver.uid, bound, code))


def _owner(receiver: Receiver) -> str | None:
    return None if receiver.uid == delivery.NOBODY else receiver.uid


def _order_id() -> str:
    """A random id of 15 digits: nobody guesses one, and if, the code is bound to its receiver and purpose."""
    return str(rules.ORDER_ID_MIN + clock.random_below(rules.ORDER_ID_MAX - rules.ORDER_ID_MIN + 1))


def _new_id() -> str:
    """A random id, written as the documents write theirs: ``5cf04b35-9465-4997-9ab3-94c57b3c9afa``."""
    text = clock.token_bytes(16).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
