"""Another name for a person: a mobile number or an e-mail address, proved by a code of its own and one of what is known."""

from chalicelib.core import identity as rules
from chalicelib.core.identity import Channel, Email, Purpose, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity.amending import amend, credential_changed
from chalicelib.services.identity.codes import WRONG, SentCode, check_code
from chalicelib.services.identity.factors import check_own
from chalicelib.services.identity.names import (
    Name,
    channel_of,
    mobile_mac,
    mobile_of,
    own,
    person,
    receiver_of,
    word_of,
)
from chalicelib.stores import codes, names, vault
from chalicelib.stores.table import Step
from chalicelib.stores.users import Amendment

PURPOSES = {Channel.SMS: Purpose.BIND_MOBILE, Channel.MAIL: Purpose.BIND_EMAIL}


def bind_mobile(uid: str, session: str, phone: str, new: SentCode, old: SentCode | None) -> None:
    """Bind a number by the code sent to it, and if another is bound by the code sent to that too.

    Raises `Refused`: PARAMETER_MISSING without the old number's code; SMS_CODE; ALREADY_REGISTERED when it turns out,
    after the code was right, that the number is another person's.
    """
    user = person(uid)
    proofs = [check_code(Purpose.BIND_MOBILE, Receiver(Channel.SMS, phone, uid), new, "verifyCode")]
    if user.mobile_verified:
        if old is None:
            raise Refused(Reason.PARAMETER_MISSING, "verifyCodeOld")
        proofs.append(check_own(user, Channel.SMS, old, "verifyCodeOld"))
    _bind(user, session, phone, proofs, Refused(Reason.SMS_CODE, "verifyCode"))


def bind_name(uid: str, session: str, name: Name, new: SentCode, known: SentCode) -> None:
    """Bind a number or an address by two codes: one that went to it, and one that went to what takes its place: the one of
    its kind that is bound, else the person's other channel.

    Raises `Refused`: EMAIL_CODE, SMS_CODE; ALREADY_REGISTERED, after both were right, when it is another person's.
    """
    user, channel = person(uid), channel_of(name)
    purpose = PURPOSES[channel]
    spent = Refused(WRONG[channel], f"{word_of(name)}_verify_code")
    proofs = [check_code(purpose, receiver_of(name), new, f"{word_of(name)}_verify_code")]
    if by := known_channel(user, channel):
        proofs.append(check_code(purpose, own(user, by), known, "verify_code"))
    _bind(user, session, name if isinstance(name, Email) else name.full, proofs, spent)


def known_channel(user: User, channel: Channel) -> Channel | None:
    """What proves that it is the person who binds another name of a channel; None for a partner's customer without any."""
    has = {Channel.SMS: user.mobile_verified, Channel.MAIL: bool(user.email)}
    other = Channel.MAIL if channel is Channel.SMS else Channel.SMS
    return next((one for one in (channel, other) if has[one]), None)


def _bind(user: User, session: str, name: Email | str, proofs: list[codes.Proof], spent: Refused) -> None:
    seen = (user.sealed_mobile, user.email)

    def decide(user: User) -> Amendment:
        if (user.sealed_mobile, user.email) != seen:  # the codes were for what was bound then
            raise spent
        changes, steps = _address(user, name) if isinstance(name, Email) else _number(user, name)
        return credential_changed(user, session, Amendment(changes, proofs, steps))

    amend(user.uid, decide, spent)


def _number(user: User, phone: str) -> tuple[dict[str, object], list[Step]]:
    mac = mobile_mac(phone)
    if names.mobile_owner(mac) not in {None, user.uid}:
        raise Refused(Reason.ALREADY_REGISTERED, "mobile")
    steps = [names.claiming_mobile(mac, user.uid)]
    if user.sealed_mobile and (mac_before := mobile_mac(mobile_of(user))) != mac:
        steps.append(names.releasing_mobile(mac_before, user.uid))
    return {"sealed_mobile": vault.seal(phone, user.uid), "mobile_verified": True}, steps


def _address(user: User, address: Email) -> tuple[dict[str, object], list[Step]]:
    if names.email_owner(address) not in {None, user.uid}:
        raise Refused(Reason.ALREADY_REGISTERED, "email")
    steps = [names.claiming_email(address, user.uid)]
    if user.email and rules.email(user.email).mailbox != address.mailbox:
        steps.append(names.releasing_email(rules.email(user.email), user.uid))
    return {"email": address.typed, "email_verified": True}, steps
