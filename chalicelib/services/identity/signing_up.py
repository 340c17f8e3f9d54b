"""Registration with a name that a code has proved: the person is there, and active, at once."""

from dataclasses import dataclass, field
from typing import Final

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import Email, Form, Purpose
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.codes import WRONG, SentCode, check_code, count_send, post_code
from chalicelib.services.identity.names import Name, channel_of, find, mobile_mac, receiver_of, spelling_of, word_of
from chalicelib.stores import names, users, vault
from chalicelib.stores.codes import Proof
from chalicelib.stores.table import Step
from chalicelib.stores.users import Newcomer

INVITE_TRIES_MAX: Final = 5
#: What a registered receiver is told in the place of a code.
NOTICE: Final = "registered"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a new person brings along. Without a `name` the account is a partner's customer's, found by its `source`.

    `secret` is the password in `form`; None for who logs in by codes alone, or not at all. `invite_code` is somebody
    else's, "" without.
    """

    name: Name | None
    language: str
    form: Form = Form.MD5_HEX
    secret: str | None = field(default=None, repr=False)
    invite_code: str = ""
    source: str = ""


def send_sign_up_code(
    name: Name, ip: str, language: str, *, purpose: Purpose = Purpose.SIGN_UP, life_ms: int = rules.CODE_MS
) -> str:
    """Send a code that lets its receiver register; its id. A registered receiver gets a notice in its place.

    The answer and the work are the same for both. Raises `Refused` (CODE_TOO_OFTEN, NOT_SENT), for all alike.
    """
    count_send(purpose, [spelling_of(name)], ip, clock.now_ms())
    letter = NOTICE if find(name) else ""
    return post_code(purpose, receiver_of(name), language, numbered=True, letter=letter, life_ms=life_ms)


def sign_up(
    entry: Entry, sent: SentCode | None, *, purpose: Purpose = Purpose.SIGN_UP, steps: tuple[Step, ...] = ()
) -> str:
    """Make a person with an account and return the uid. A refused call leaves the code as it was, but for a look.

    `steps` are other stores' part of it. Raises `Refused`, in this order: EMAIL_CODE or SMS_CODE for a wrong code,
    INVITE_CODE for an unknown one, ALREADY_REGISTERED (``email`` or ``mobile``).
    """
    proofs = []
    spent = Refused(Reason.TOO_OFTEN)
    if entry.name is not None:
        spent = Refused(WRONG[channel_of(entry.name)], "verify_code")
        if sent is None:
            raise spent
        proofs.append(check_code(purpose, receiver_of(entry.name), sent, "verify_code"))
    inviter = _inviter(entry.invite_code.upper()) if entry.invite_code else ""
    if entry.name is not None and find(entry.name) is not None:
        raise _taken(entry.name)
    uid = users.next_uid()
    if not _create(uid, entry, inviter, proofs, steps):
        raise spent
    return uid


def _inviter(code: str) -> str:
    uid = names.by_invite(code) if rules.is_invite_code(code) else None
    if uid is None:
        raise Refused(Reason.INVITE_CODE, "invite_code")
    return uid


def _create(uid: str, entry: Entry, inviter: str, proofs: list[Proof], steps: tuple[Step, ...]) -> bool:
    """Write the person, with an invite code that nobody has."""
    from chalicelib.services import passwords

    credentials = {}
    if entry.secret is not None:
        credentials = {
            form: passwords.conceal(spelt) for form, spelt in rules.spellings(entry.form, entry.secret).items()
        }
    invited_by = users.get(inviter) if inviter else None
    name = entry.name
    phone = "" if name is None or isinstance(name, Email) else name.full
    for tries_left in reversed(range(INVITE_TRIES_MAX)):
        newcomer = Newcomer(
            uid=uid,
            credentials=credentials,
            language=entry.language,
            created=clock.now_ms(),
            address=name if isinstance(name, Email) else None,
            sealed_mobile=vault.seal(phone, uid) if phone else b"",
            mobile_mac=mobile_mac(phone) if phone else "",
            registered_by=channel_of(name) if name else None,
            invite_code=rules.invite_code(clock.token_bytes(rules.INVITE_CHARACTERS)),
            inviter=inviter,
            second_inviter=invited_by.inviter if invited_by else "",
            source=entry.source,
        )
        try:
            return users.create(newcomer, clock.token_bytes(16).hex(), proofs, steps)
        except users.NameTaken:
            assert name is not None, "only names are taken"
            raise _taken(name) from None
        except users.InviteTaken:
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _taken(name: Name) -> Refused:
    return Refused(Reason.ALREADY_REGISTERED, word_of(name))
