"""The address that a person binds to a coin, for withdrawals that name none.

Binding asks for no second factor, as each withdrawal does. What remains is that somebody with a stolen session changes an
address behind its owner's back, and the owner then withdraws, codes and all, to the thief: so a changed address waits for
a day before it is used, and its person is told first. Other withdrawals, which name their address, go on meanwhile.
"""

from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core.identity import DAY_MS, PERSON_WINDOWS, Channel, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import addresses, delivery, identity
from chalicelib.services.delivery import Receiver
from chalicelib.stores import attempts
from chalicelib.stores import withdrawal_addresses as store
from chalicelib.stores.withdrawal_addresses import Bound

#: A changed address waits for so long. The first one of a coin does not: there was none that its person could rely on.
WAIT_MS: Final = DAY_MS
TRIES_MAX: Final = 5
#: The letter by which a person hears of it.
LETTER: Final = "withdrawal_address"


def bound(uid: str, asset_id: str) -> str:
    """The address bound to a coin; "" without."""
    standing = store.get(uid, asset_id)
    return standing.address if standing else ""


def bind(uid: str, asset_id: str, address: str) -> None:
    """Bind an address to a coin; binding the same again changes nothing.

    Raises `Refused`: PARAMETER_INVALID for what is no address of this coin; NOT_SENT when its person could not be told, and
    CODE_TOO_OFTEN when they were told too often today: then nothing has changed.
    """
    if not addresses.payable(asset_id, address):
        raise Refused(Reason.PARAMETER_INVALID, "address")
    told = False
    for _ in range(TRIES_MAX):
        before, now = store.get(uid, asset_id), clock.now_ms()
        if before is not None and before.address == address:
            return
        if not told:
            _tell(uid, asset_id, address, now)
            told = True
        if store.put(uid, asset_id, before, Bound(address, now if before is None else now + WAIT_MS)):
            return
    raise Refused(Reason.TOO_OFTEN)


def destination(uid: str, asset_id: str) -> str:
    """Where a withdrawal that names no address goes; "" when none is bound.

    Raises `Refused` (WITHDRAWALS_FROZEN) while the one that is bound is too new.
    """
    standing = store.get(uid, asset_id)
    if standing is None:
        return ""
    if clock.now_ms() < standing.usable_from:
        raise Refused(Reason.WITHDRAWALS_FROZEN, "address")
    return standing.address


def _tell(uid: str, asset_id: str, address: str, now: int) -> None:
    """Tell a person, before it is so, that an address is being bound."""
    user = identity.person(uid)
    if not attempts.spend({f"sends-of:{uid}": PERSON_WINDOWS}, now):
        raise Refused(Reason.CODE_TOO_OFTEN)
    try:
        delivery.post(_receiver(user), LETTER, user.language, now + DAY_MS, coin=asset_id, address=address)
    except Exception as error:
        telemetry.alarm("notice_not_queued", error, uid=uid)
        raise Refused(Reason.NOT_SENT) from error


def _receiver(user: User) -> Receiver:
    """Where a person's notices go: the mailbox, else the number; who has neither is told nothing."""
    if user.email:
        return Receiver(Channel.MAIL, user.email, user.uid)
    if user.mobile_verified:
        return Receiver(Channel.SMS, identity.mobile_of(user), user.uid)
    return Receiver(Channel.MAIL, "", user.uid)
