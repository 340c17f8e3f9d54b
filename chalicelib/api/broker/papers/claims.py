"""Who a person really is: handed in with photos of the document, and what has become of it."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib import settings
from chalicelib.api.broker import parameters, words
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import endpoint
from chalicelib.api.broker.factors import Factor, given
from chalicelib.api.broker.papers.routes import routes
from chalicelib.api.edge.request import Request
from chalicelib.core import countries
from chalicelib.core.kyc import DOCUMENT, Details, Gender, Paper, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import named
from chalicelib.services import identity, uploads

GENDERS: Final[Mapping[str, Gender]] = {"1": Gender.MALE, "2": Gender.FEMALE}
PAPERS: Final[Mapping[str, Paper]] = {"1": Paper.ID_CARD, "2": Paper.PASSPORT}
#: What kinds of document are called in answers.
PAPER_NAMES: Final[Mapping[Paper, tuple[str, str]]] = {
    Paper.ID_CARD: ("身份证", "ID card"),
    Paper.PASSPORT: ("护照", "Passport"),
}
#: Operators give their reason in words; the document wants it numbered too.
REFUSED: Final = 1
CHINA: Final = "CN"
#: A word that means nothing.
UNKNOWN: Final = "?"

#: The field of a claim → the parameter that it came in.
PARAMETERS: Final[Mapping[str, str]] = {
    "nationality": "nationality",
    "surname": "first_name",
    "given": "second_name",
    "gender": "gender",
    "paper": "card_type",
    "number": "card_no",
    "front": "card_front_url",
    "hand": "card_hand_url",
}


class VerifyBody(Factor, kw_only=True):
    """A claim; `first_name` is the family's, as in the document."""

    nationality: str = ""
    first_name: str = ""
    second_name: str = ""
    gender: str = ""
    card_type: str = ""
    card_no: str = ""
    card_front_url: str = ""
    card_hand_url: str = ""


@endpoint(routes, "POST", "/api/user/verify", authenticated=True)
def verify(request: Request, caller: Caller) -> object:
    """Hand a claim in for review."""
    body = parameters.read(request, VerifyBody)
    details = Details(
        surname=body.first_name,
        given=body.second_name,
        gender=GENDERS.get(body.gender, UNKNOWN) if body.gender else "",
        nationality=body.nationality,
        paper=PAPERS.get(body.card_type, UNKNOWN) if body.card_type else "",
        number=body.card_no,
        front=body.card_front_url,
        hand=body.card_hand_url,
    )
    try:
        identity.hand_in_details(caller.uid, details, DOCUMENT, given(body))
    except Refused as refused:
        raise _particular(refused, body) from None
    return {"success": True}


def verify_info(request: Request, caller: Caller) -> object:
    """What a person has handed in, masked, and what has become of it."""
    found = identity.opened(caller.uid)
    if found is None:
        return _shown(words.KYC_STATUSES[None])
    claim, record = found.claim, found.record
    language = request.language
    return _shown(
        words.KYC_STATUSES[record.status],
        nationality=countries.name(claim.nationality, language) if claim.nationality else "",
        firstName=claim.surname or claim.real_name,
        secondName=claim.given,
        gender=next((int(number) for number, gender in GENDERS.items() if gender == claim.gender), 0),
        cardType=PAPER_NAMES[claim.paper][language == "en"],
        cardNo=words.masked_document(claim.number),
        cardFrontUrl=_link(claim.front),
        cardHandUrl=_link(claim.hand),
        refusedReason=record.reason if record.status is Status.REFUSED else "",
        refusedReasonId=REFUSED if record.status is Status.REFUSED else 0,
    )


for path in ("/api/user/verify_info", "/user/verify_info"):  # the document writes the second
    endpoint(routes, ["GET", "POST"], path, authenticated=True)(verify_info)


def _shown(status: int, **told: object) -> dict[str, Any]:
    nothing: dict[str, object] = {
        "nationality": "",
        "firstName": "",
        "secondName": "",
        "gender": 0,
        "cardType": "",
        "cardNo": "",
        "cardFrontUrl": "",
        "cardHandUrl": "",
        "refusedReason": "",
        "refusedReasonId": 0,
    }
    return {**nothing, **told, "verifyStatus": status}


def _link(name: str) -> str:
    """A whole link to a photo, for ten minutes."""
    upload = named(name)
    return f"{settings.PUBLIC_URL}{uploads.url(upload)}" if upload else ""


def _particular(refused: Refused, body: VerifyBody) -> Refused:
    """A refusal in the names of this dialect, told as precisely as it has codes for."""
    parameter = PARAMETERS.get(refused.parameter or "", refused.parameter)
    chinese = body.nationality.strip().upper() == CHINA
    match refused.reason, parameter:
        case Reason.TOO_OFTEN, None:
            return Refused(Reason.SPENT)
        case Reason.PARAMETER_INVALID, "card_no" if chinese:
            return Refused(Reason.ID_CHECKSUM, parameter)
        case Reason.PARAMETER_INVALID, "gender" if body.gender in GENDERS:
            return Refused(Reason.ID_DISAGREES, parameter)
        case _:
            return Refused(refused.reason, parameter, **refused.data)
