"""A password that was forgotten, and one that is changed."""

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.identity import Email, Form, Purpose, Standing, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.amending import amend, credential_changed
from chalicelib.services.identity.codes import count_send
from chalicelib.services.identity.login import Proof, check_password
from chalicelib.services.identity.names import person
from chalicelib.services.identity.registration import Invitation, mail_link
from chalicelib.stores import codes, users
from chalicelib.stores.users import Amendment


def request_reset(address: Email, ip: str, invitation: Invitation) -> None:
    """Mail a link that lets a person choose a new password.

    For an address that nobody has the same is done, to nobody. Raises `Refused` (CODE_TOO_OFTEN, NOT_SENT), for all
    alike.
    """
    now = clock.now_ms()
    count_send(Purpose.RESET, [address.mailbox], ip, now)
    user = users.find(address)
    known = user is not None and user.standing is not Standing.DISABLED
    mail_link(Purpose.RESET, user if known else None, invitation, now + rules.RESET_MS)


def verify_reset(token: str) -> codes.Proof:
    """What a reset token proves, as long as it can be used. Raises `Refused` (TOKEN_EXPIRED)."""
    proof = None
    if rules.is_mailed_token(token):
        proof = codes.valid(Purpose.RESET, rules.fingerprint(token), clock.now_ms())
    user = users.get(proof.uid) if proof else None
    if proof is None or user is None or not _may_reset(user, proof):
        raise Refused(Reason.TOKEN_EXPIRED, "token")
    return proof


def reset_password(token: str, form: Form, secret: str) -> None:
    """Use a reset token up for a new password: all sessions end, withdrawals are frozen. Raises `Refused` (TOKEN_EXPIRED)."""
    proof = verify_reset(token)
    credentials = _credentials(form, secret)
    expired = Refused(Reason.TOKEN_EXPIRED, "token")

    def decide(user: User) -> Amendment:
        if not _may_reset(user, proof):
            raise expired
        return credential_changed(user, "", Amendment({"credentials": credentials}, [proof]))

    amend(proof.uid, decide, expired)


def _may_reset(user: User, proof: codes.Proof) -> bool:
    """A link is good for the credentials it was asked for: who has changed one since then, be it the mailbox that the link
    lies in, does not want it any more."""
    return user.standing is not Standing.DISABLED and user.auth_epoch == proof.epoch


def change_password(uid: str, session: str, proof: Proof, secret: str) -> None:
    """Exchange the password that `proof` has for a new one of the same form; the other sessions end, withdrawals are frozen.

    Raises `Refused`: PARAMETER_INVALID when the address is not the person's own; what a login would be answered when
    the old password is wrong, which counts as a failed login.
    """
    user = person(uid)
    if not user.email or rules.email(proof.email).mailbox != rules.email(user.email).mailbox:
        raise Refused(Reason.PARAMETER_INVALID, "email")
    proved = check_password(proof)
    credentials = _credentials(proof.form, secret)

    def decide(user: User) -> Amendment:
        if user.auth_epoch != proved.auth_epoch:  # somebody else was quicker: the old password may be old by now
            raise Refused(Reason.UNAUTHENTICATED)
        return credential_changed(user, session, Amendment({"credentials": credentials}))

    amend(uid, decide)


def _credentials(form: Form, secret: str) -> dict[str, str]:
    """The hashes of a new password in every form that is now known; those of the old one are gone."""
    from chalicelib.services import passwords

    return {form.value: passwords.conceal(spelt) for form, spelt in rules.spellings(form, secret).items()}
