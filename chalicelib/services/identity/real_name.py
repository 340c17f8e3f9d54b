"""Real names: handed in by people, reviewed by operators."""

from datetime import UTC, datetime

from chalicelib import clock
from chalicelib.core import kyc as rules
from chalicelib.core.identity import KYC_WINDOWS
from chalicelib.core.kyc import Claim, Location, Paper, Record, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import attempts, kyc
from chalicelib.stores.kyc import Opened

LIST_MAX = 100


def hand_in(uid: str, name: str, location: Location, paper: Paper, number: str) -> None:
    """Hand a real name in for review.

    Raises `Refused`: PARAMETER_INVALID naming the field; KYC_STANDING while one is under review or after one was
    approved; ID_IN_USE when the document is another person's; TOO_OFTEN.
    """
    now = clock.now_ms()
    claim = rules.claim(name, location, paper, number, datetime.fromtimestamp(now // 1000, UTC).date())
    if not rules.may_submit(kyc.get(uid)):
        raise Refused(Reason.KYC_STANDING)
    if not attempts.spend({f"kyc:{uid}": KYC_WINDOWS}, now):
        raise Refused(Reason.TOO_OFTEN)
    try:
        kyc.submit(uid, claim, clock.token_bytes(16).hex(), now)
    except kyc.Standing:
        raise Refused(Reason.KYC_STANDING) from None
    except kyc.InUse:
        raise Refused(Reason.ID_IN_USE, "idNumber") from None


def standing(uid: str) -> Record | None:
    """What has become of a person's claim."""
    return kyc.get(uid)


def approved_name(uid: str) -> str | None:
    """A person's name, once an operator approved it."""
    found = kyc.opened(uid)
    return found.claim.real_name if found and found.record.status is Status.APPROVED else None


def approved_number(uid: str) -> str | None:
    """The number of a person's document, once an operator approved it."""
    found = kyc.opened(uid)
    return found.claim.number if found and found.record.status is Status.APPROVED else None


def claims_waiting() -> list[Opened]:
    """Claims that wait for an operator, the oldest first."""
    return list(kyc.waiting(LIST_MAX))


def review(uid: str, status: Status, reason: str) -> None:
    """Approve or refuse the claim of a person that waits. Raises `Refused` (PARAMETER_INVALID) if none does."""
    if len(reason) > rules.REASON_CHARACTERS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "reason")
    if not kyc.review(uid, status, reason, clock.now_ms()):
        raise Refused(Reason.PARAMETER_INVALID, "uid")


def claim_of(uid: str) -> Claim | None:
    """What a person claims to be, under review or reviewed."""
    found = kyc.opened(uid)
    return found.claim if found else None
