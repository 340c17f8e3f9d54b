"""What a person is known by: a mailbox or a mobile number, and where messages to it go."""

from chalicelib.core.identity import Channel, Email, User
from chalicelib.core.phones import Mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.delivery import NOBODY, Receiver
from chalicelib.stores import names, users, vault

#: What somebody is registered with and logs in by.
Name = Email | Mobile


def channel_of(name: Name) -> Channel:
    """How a message reaches a name."""
    return Channel.MAIL if isinstance(name, Email) else Channel.SMS


def word_of(name: Name) -> str:
    """What refusals call a name: ``email`` or ``mobile``."""
    return "email" if isinstance(name, Email) else "mobile"


def receiver_of(name: Name) -> Receiver:
    """A name as the receiver of a code that is bound to it, however it is written, and to nobody's account."""
    typed = name.typed if isinstance(name, Email) else name.full
    return Receiver(channel_of(name), typed, NOBODY, spelling_of(name))


def spelling_of(name: Name) -> str:
    """The one spelling by which a name is counted."""
    return name.mailbox if isinstance(name, Email) else name.full


def person(uid: str) -> User:
    """Somebody who has to be there. Raises `Refused` (NO_SUCH_USER)."""
    user = users.get(uid)
    if user is None:
        raise Refused(Reason.NO_SUCH_USER)
    return user


def find(name: Name) -> User | None:
    """The person of a name. Always two reads, whether there is such a person or not."""
    return users.find(name) if isinstance(name, Email) else find_by_mobile(name.full)


def find_by_mobile(phone: str) -> User | None:
    """The person of a number. Always two reads, whether there is such a person or not."""
    uid = names.mobile_owner(mobile_mac(phone))
    user = users.get(uid or names.NOBODY)
    return user if uid else None


def mobile_of(user: User) -> str:
    """A person's number, opened; "" where there is none."""
    return vault.unseal(user.sealed_mobile, user.uid) if user.sealed_mobile else ""


def mobile_mac(phone: str) -> str:
    """What a number is found by."""
    return vault.mac(f"mobile\n{phone}".encode()).hex()


def own(user: User, channel: Channel) -> Receiver:
    """A person's own address or number. Raises `Refused` (EMAIL_UNVERIFIED, MOBILE_UNVERIFIED) where there is none."""
    if channel is Channel.MAIL:
        if not user.email:
            raise Refused(Reason.EMAIL_UNVERIFIED)
        return Receiver(channel, user.email, user.uid)
    if not user.mobile_verified:
        raise Refused(Reason.MOBILE_UNVERIFIED)
    return Receiver(channel, mobile_of(user), user.uid)
