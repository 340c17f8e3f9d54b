"""Real names: handed in by people, reviewed by operators."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

from chalicelib import clock, telemetry
from chalicelib.core import kyc as rules
from chalicelib.core.identity import KYC_WINDOWS, Purpose, User
from chalicelib.core.kyc import Claim, Details, Location, Paper, Record, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import Upload
from chalicelib.services import uploads
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.names import person
from chalicelib.services.identity.second_factor import SecondFactor, Shown, check_second_factor
from chalicelib.stores import attempts, kyc
from chalicelib.stores.kyc import Opened
from chalicelib.stores.users import Amendment

LIST_MAX = 100
PHOTOS: Final = ("front", "hand")


def hand_in(uid: str, name: str, location: Location, paper: Paper, number: str) -> None:
    """Hand a real name in for review, as coinport asks for it.

    Raises `Refused`: PARAMETER_INVALID naming the field; KYC_STANDING while one is under review or after one was
    approved; ID_IN_USE when the document is another person's; TOO_OFTEN.
    """
    now = clock.now_ms()
    claim = rules.claim(name, location, paper, number, _today(now))
    _spend(uid, now)
    _submit(uid, claim, now, None, "idNumber")


def hand_in_details(uid: str, details: Details, demanded: AbstractSet[str], factor: SecondFactor | None = None) -> None:
    """Hand in what a person tells, photos included, for review. What is wrong is said under the names of `Details`.

    The second factor, where a dialect asks for one, is used up in the transaction that writes the claim. The photos have
    to be the person's own uploads, and are held from now on; those of an earlier, refused claim are let go.

    Raises `Refused` as `hand_in`, and PARAMETER_MISSING, ID_CARD_NEEDED, UPLOAD_INVALID (front or hand), and
    what `check_second_factor` does.
    """
    now = clock.now_ms()
    claim = rules.claim_of(details, demanded, _today(now))
    front, hand = (_own(uid, name, getattr(details, name)) for name in PHOTOS)
    claim = replace(claim, front=front, hand=hand)
    if claim.front and claim.front == claim.hand:
        raise Refused(Reason.UPLOAD_INVALID, "hand")
    shown = None if factor is None else check_second_factor(person(uid), Purpose.REAL_NAME, factor)
    _spend(uid, now)
    earlier = kyc.opened(uid)
    for name in PHOTOS:
        _own(uid, name, getattr(claim, name), hold=True)
    try:
        _submit(uid, claim, now, shown, "number")
    except Refused:
        # A form sent twice at once: what was refused here may be just what went in there.
        _release(set(claim.photos) - _needed(uid))
        raise
    if earlier is not None:
        _release(set(earlier.claim.photos) - set(claim.photos))
        _hold(
            set(earlier.claim.photos) & set(claim.photos)
        )  # the verdict on the earlier claim may just be letting them go


def _submit(uid: str, claim: Claim, now: int, shown: Shown | None, number: str) -> None:
    """Write a claim; `number` is what the caller calls the number of a document."""
    handed_in = kyc.submission(uid, claim, clock.token_bytes(16).hex(), now)
    try:
        if shown is None:
            kyc.submit(handed_in)
        else:
            amend(uid, partial(_authorised, handed_in, shown), shown.spent)
    except kyc.Standing:
        raise Refused(Reason.KYC_STANDING) from None
    except kyc.InUse:
        raise Refused(Reason.ID_IN_USE, number) from None


def _authorised(handed_in: kyc.Submission, shown: Shown, user: User) -> Amendment:
    """A claim as a change of the person that a second factor authorises; looked at again if something moved meanwhile."""
    kyc.check(handed_in)
    return shown.authorising(user, {}, [handed_in.step])


def _spend(uid: str, now: int) -> None:
    if not rules.may_submit(kyc.get(uid)):
        raise Refused(Reason.KYC_STANDING)
    if not attempts.spend({f"kyc:{uid}": KYC_WINDOWS}, now):
        raise Refused(Reason.TOO_OFTEN)


def _own(uid: str, name: str, link: str, *, hold: bool = False) -> str:
    """The name of a person's own photo, "" for none, held if asked. What is wrong is said under the name of its field."""
    if not link:
        return ""
    try:
        return (uploads.claim if hold else uploads.owned)(uid, link).name
    except Refused as refused:
        raise Refused(refused.reason, name) from None


def _needed(uid: str) -> set[str]:
    """The photos of a person's claim that is under review or approved."""
    standing = kyc.opened(uid)
    return set(standing.claim.photos) if standing and standing.record.status is not Status.REFUSED else set()


def _hold(photos: Iterable[str]) -> None:
    """Say of photos that are held once more that they are. It may fail: somebody is told, who has a week."""
    for name in photos:
        try:
            uploads.hold(Upload(name))
        except Exception as error:  # noqa: BLE001 - what the person asked for has been decided and done already
            telemetry.alarm("photo_not_held", error)


def _release(photos: Iterable[str]) -> None:
    """Let photos go. It may fail: what should be forgotten is then kept, and somebody is told."""
    for name in photos:
        try:
            uploads.release(Upload(name))
        except Exception as error:  # noqa: BLE001 - what the person asked for has been decided and done already
            telemetry.alarm("photo_not_released", error)


def _today(now: int) -> date:
    return datetime.fromtimestamp(now // 1000, UTC).date()


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
    """Approve or refuse the claim of a person that waits. Raises `Refused` (PARAMETER_INVALID) if none does.

    The photos of a refused one are let go, unless they were handed in again meanwhile.
    """
    if len(reason) > rules.REASON_CHARACTERS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, "reason")
    found = kyc.opened(uid) if status is Status.REFUSED else None
    if not kyc.review(uid, status, reason, clock.now_ms()):
        raise Refused(Reason.PARAMETER_INVALID, "uid")
    if found is not None:
        _release(found.claim.photos)
        _hold(set(found.claim.photos) & _needed(uid))


def opened(uid: str) -> Opened | None:
    """What a person claims to be, under review or reviewed, and what has become of it."""
    return kyc.opened(uid)
