"""Registration and activation."""

from dataclasses import dataclass

from chalicelib import clock, telemetry
from chalicelib.core import identity as rules
from chalicelib.core.identity import Channel, Email, Form, Purpose, Standing, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import delivery
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity.codes import count_send
from chalicelib.stores import codes, users

INVITE_TRIES_MAX = 5


@dataclass(frozen=True, slots=True)
class Invitation:
    """How the link of a mail is written: the mail's language, and the address that the token completes."""

    language: str
    link: str


def register(address: Email, form: Form, secret: str, invitation: Invitation, inviter: str = "") -> str:
    """Make an account for `address` and mail the link that activates it. Returns the new uid.

    The password is kept in every form that is now known; `inviter` is the uid of who brought the person along.
    Raises `Refused` (ALREADY_REGISTERED): the document wants it said. Once the account is there, the registration has
    succeeded, whatever becomes of the mail: the person can ask for another.
    """
    from chalicelib.services import passwords

    if users.email_taken(address):
        raise Refused(Reason.ALREADY_REGISTERED, "email")
    credentials = {form: passwords.conceal(spelt) for form, spelt in rules.spellings(form, secret).items()}
    uid = users.next_uid()
    now = clock.now_ms()
    for tries_left in reversed(range(INVITE_TRIES_MAX)):
        invite = rules.invite_code(clock.token_bytes(rules.INVITE_CHARACTERS))
        try:
            users.register(uid, address, credentials, invitation.language, now, invite, inviter)
        except users.NameTaken:
            raise Refused(Reason.ALREADY_REGISTERED, "email") from None
        except users.InviteTaken:
            if not tries_left:
                raise
        else:
            break
    try:
        # Not counted as a send: a mailbox gets this mail once in its life, and who does not find it may ask at once.
        _mail(Purpose.ACTIVATION, uid, address.typed, invitation, now + rules.ACTIVATION_MS)
    except Exception as error:  # noqa: BLE001 - any trouble with the mail must leave the answer as it is: registered
        telemetry.alarm("activation_not_mailed", error, uid=uid)
    return uid


def send_activation(address: Email, ip: str, invitation: Invitation) -> None:
    """Mail a new link to somebody who registered and has not been activated.

    To any other address nothing is mailed, and nothing tells so. Raises `Refused` (CODE_TOO_OFTEN, NOT_SENT), for all
    alike.
    """
    now = clock.now_ms()
    count_send(Purpose.ACTIVATION, [address.mailbox], ip, now)
    user = users.find(address)
    pending = user is not None and user.standing is Standing.PENDING
    mail_link(Purpose.ACTIVATION, user if pending else None, invitation, now + rules.ACTIVATION_MS)


def activate(token: str) -> None:
    """Use up a mailed token and let its person in. Raises `Refused` (TOKEN_EXPIRED) if the token cannot do that."""
    if rules.is_mailed_token(token):
        fingerprint = rules.fingerprint(token)
        uid = codes.owner(Purpose.ACTIVATION, fingerprint)
        if uid is not None and users.activate(uid, fingerprint, clock.token_bytes(16).hex(), clock.now_ms()):
            return
    raise Refused(Reason.TOKEN_EXPIRED, "token")


def mail_link(purpose: Purpose, user: User | None, invitation: Invitation, until: int) -> None:
    """Mail a link with a new token to a person, or do the same work for nobody. Raises `Refused` (NOT_SENT)."""
    try:
        if user is None:
            _mail(purpose, None, "", invitation, until)
        else:
            _mail(purpose, user.uid, user.email, invitation, until, user.auth_epoch)
    except Exception as error:
        telemetry.alarm("link_not_queued", error, purpose=purpose)
        raise Refused(Reason.NOT_SENT) from error


def _mail(purpose: Purpose, uid: str | None, to: str, invitation: Invitation, until: int, epoch: int = 0) -> None:
    token = rules.mailed_token(clock.token_bytes(rules.TOKEN_BYTES))
    codes.keep(purpose, rules.fingerprint(token), uid, until, epoch)
    receiver = Receiver(Channel.MAIL, to, uid or delivery.NOBODY)
    delivery.post(receiver, purpose, invitation.language, until, link=f"{invitation.link}{token}")
