"""The identification page and what it sends: fiat-ramp, KYC认证页面. Who has its link may use it; no header is signed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

import msgspec
from chalice.app import Blueprint, Response

from chalicelib import clock, settings
from chalicelib.api.edge import json, multipart, parameters
from chalicelib.api.edge.endpoint import Answer, Dialect
from chalicelib.api.edge.endpoint import endpoint as declare
from chalicelib.api.edge.request import NoQuery, Request
from chalicelib.api.ramp import endpoint as ramp
from chalicelib.core import countries
from chalicelib.core.kyc import Details, Gender, Paper, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import Kind
from chalicelib.services import identity, kyc_links
from chalicelib.services.kyc_links import Link

routes = Blueprint(__name__)

# Most requests are for the files of the page. Those that are not load who the visitor is (`visits`) and the photos (`uploads`).

FOLDER: Final = Path(__file__).parents[2] / "web"
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".json": "application/json"}
LANGUAGES: Final = ("zh", "en")
#: Files of a page change only with a deployment.
FILES_KEPT: Final = "public, max-age=300"
#: Countries that most of its visitors come from stand first.
FIRST: Final = ("PH", "CN")

#: What a form's fields are called → what `Details` calls them.
FIELDS: Final[Mapping[str, str]] = {
    "lastName": "surname",
    "firstName": "given",
    "middleName": "middle",
    "birthDate": "born",
    "sex": "gender",
    "nationality": "nationality",
    "cardType": "paper",
    "cardNo": "number",
    "address": "address",
    "occupation": "occupation",
    "income": "income",
    "cardFront": "front",
    "cardHand": "hand",
}
_WIRE: Final = {inner: wire for wire, inner in FIELDS.items()}
PHOTOS: Final = ("cardFront", "cardHand")
#: As the broker's document has them, which the real name is shared with: 1 男 2 女; 1 身份证 2 护照.
SEXES: Final[Mapping[str, str]] = {"1": Gender.MALE, "2": Gender.FEMALE}
CARD_TYPES: Final[Mapping[str, str]] = {"1": Paper.ID_CARD, "2": Paper.PASSPORT}
#: Fields that say who sends: a pass, or a code and its id.
PROOFS: Final = frozenset({"pass", "code", "codeId"})
STATES: Final = {Status.SUBMITTED: "review", Status.APPROVED: "passed", Status.REFUSED: "refused"}
UNDER_REVIEW: Final = "3"


class LinkQuery(msgspec.Struct):
    """What a link holds. A browser may be given more with it, which is nothing to us."""

    account: str = ""
    source: str = ""
    e: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Html:
    """An answer that is a page."""

    text: str


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is a file of a page."""

    text: str
    content_type: str


def _rendered(request: Request, answer: Answer, headers: Mapping[str, str]) -> Response:
    """A page, a file of one, or the envelope of this dialect."""
    match answer.data:
        case Html(text):
            return Response(text, status_code=answer.status, headers={**headers, **_guards()})
        case File(text, content_type):
            held = {"Cache-Control": FILES_KEPT, "X-Content-Type-Options": "nosniff", "Content-Type": content_type}
            return Response(text, headers={**headers, **held})
    return ramp.rendered(request, answer, headers)


def _refused(request: Request, refused: Refused, headers: Mapping[str, str]) -> Response:
    """A refusal, with the field and the reason for the page's script to say it in its own words."""
    named = Refused(refused.reason, refused.parameter, **refused.data)
    if refused.parameter:
        named.data["field"] = refused.parameter
    named.data["reason"] = refused.reason.value
    return ramp.refusal(request, named, headers)


def _nobody(_: Request) -> object:
    raise Refused(Reason.UNAUTHENTICATED)


endpoint: Final = partial(declare, Dialect(_rendered, _refused, _nobody))


@endpoint(routes, "GET", kyc_links.PATH, query=LinkQuery)
def page(request: Request) -> object:
    """The page, in the state that the visitor's identification is in; without a good link it says so."""
    from chalicelib.services.ramp import visits

    language = _language(request)
    try:
        link = _link(request)
    except Refused:
        return Answer(_page(language, "expired"), status=403)
    visit = visits.visit(link)
    state = STATES[visit.record.status] if visit.record else "prove" if visit.mailbox else "form"
    return _page(language, state, visit.record.reason if visit.record else "", visit.mailbox)


@endpoint(routes, "POST", kyc_links.PATH, query=LinkQuery)
def hand_in(request: Request) -> object:
    """What the form tells, as a form, in parts (then photos may come along), or as JSON; it is under review from now on.

    A code that came along proves the mailbox also where the form is refused: the refusal then has the pass to go on with.
    """
    from chalicelib.services.ramp import accounts, visits

    link = _link(request)
    fields, files = _body(request)
    for name in fields:
        if name not in FIELDS and name not in PROOFS:
            raise Refused(Reason.PARAMETER_INVALID, name)
    proved = {}
    try:
        passed = fields.get("pass", "")
        if not passed and fields.get("codeId") and accounts.mailbox_of(link.account):
            sent = identity.SentCode(fields["codeId"], fields.get("code", ""))
            passed = visits.prove(link, sent, request.language)
            proved = {"pass": passed}
        uid = visits.person(link, passed, request.language)
        told = {FIELDS[name]: value.strip() for name, value in fields.items() if name in FIELDS}
        told["gender"] = SEXES.get(told.get("gender", ""), told.get("gender", ""))
        told["paper"] = CARD_TYPES.get(told.get("paper", ""), told.get("paper", ""))
        for name in PHOTOS:
            if name in files:
                told[FIELDS[name]] = _kept(uid, name, files[name])
        visits.hand_in(uid, Details(**told))
    except Refused as refused:
        field = _WIRE.get(refused.parameter or "", refused.parameter)
        raise Refused(refused.reason, field, **refused.data, **proved) from None
    return {"cardStatus": UNDER_REVIEW}


@endpoint(routes, "POST", "/user/userKyc/code", query=LinkQuery)
def code(request: Request) -> object:
    """Mail a code to the address that the account is; `index` stands in the mail, too."""
    from chalicelib.services.ramp import visits

    code_id = visits.send_code(_link(request), request.ip, request.language)
    return {"codeId": code_id, "index": identity.index_of(code_id)}


@endpoint(routes, "POST", "/user/userKyc/prove", query=LinkQuery)
def prove(request: Request) -> object:
    """Prove the mailbox: a pass for what follows, and how far its person's identification is."""
    from chalicelib.services.ramp import visits

    link = _link(request)
    fields, _ = _body(request)
    sent = identity.SentCode(fields.get("codeId", ""), fields.get("code", ""))
    passed = visits.prove(link, sent, request.language)
    record = visits.visit(link).record
    return {
        "pass": passed,
        "state": STATES[record.status] if record else "form",
        "reason": record.reason if record else "",
    }


@endpoint(routes, "POST", "/user/userKyc/photo", query=LinkQuery)
def photo(request: Request) -> object:
    """Take a photo, or (``name``) look at one that came by itself; the name to hand in."""
    from chalicelib.services import uploads
    from chalicelib.services.ramp import visits

    link = _link(request)
    fields, files = _body(request)
    uid = visits.person(link, fields.get("pass", ""), request.language)
    if "name" in fields:
        return {"name": uploads.settle(uid, fields["name"]).name}
    if "photo" not in files:
        raise Refused(Reason.PARAMETER_MISSING, "photo")
    return {"name": uploads.keep_image(uid, files["photo"]).name}


@endpoint(routes, "POST", "/user/userKyc/largePhoto", query=LinkQuery)
def large_photo(request: Request) -> object:
    """Let the browser upload a larger photo by itself: where to, and the fields that go before the file."""
    from chalicelib.services import uploads
    from chalicelib.services.ramp import visits

    link = _link(request)
    fields, _ = _body(request)
    form = uploads.presigned(visits.person(link, fields.get("pass", ""), request.language), Kind.IMAGE)
    return {"name": form.upload.name, "url": form.url, "fields": form.fields, "bytesMax": form.bytes_max}


@endpoint(routes, "GET", "/web/{name}", query=NoQuery)
def file(request: Request) -> object:
    """A file of the page."""
    content = _files().get(request.params.get("name", ""))
    if content is None:
        raise Refused(Reason.NO_SUCH_URL)
    return content


def _link(request: Request) -> Link:
    query = request.query_as(LinkQuery)
    return kyc_links.check(query.source, query.account, query.e, query.token, clock.now_ms())


def _body(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields of a body and its files, in whichever form it came."""
    if multipart.is_multipart(request):
        parts = multipart.parts(request)
        return parts.fields, parts.files
    fields = parameters.body(request)
    for name, value in fields.items():
        if not isinstance(value, str):
            raise Refused(Reason.PARAMETER_INVALID, name)
    return fields, {}


def _kept(uid: str, name: str, content: bytes) -> str:
    from chalicelib.services import uploads

    try:
        return uploads.keep_image(uid, content).name
    except Refused as refused:
        raise Refused(refused.reason, name) from None


def _language(request: Request) -> str:
    """The first of a browser's languages that the page speaks; Chinese for who names none, English for who names others."""
    accepted = (request.header("accept-language") or "zh").lower().split(",")
    return next((tag.strip()[:2] for tag in accepted if tag.strip()[:2] in LANGUAGES), "en")


def _page(language: str, state: str, reason: str = "", mailbox: str = "") -> Html:
    options = "\n".join(
        f'<option value="{code}">{escape(countries.name(code, language))}</option>' for code in _countries(language)
    )
    return Html(
        _template(language).substitute(
            lang=language,
            other_lang="zh" if language == "en" else "en",
            state=state,
            reason=escape(reason),
            mailbox=escape(mailbox),
            countries=options,
        )
    )


@cache
def _template(language: str) -> Template:
    """The page with its words filled in: ``<p data-t="key"></p>`` holds the text of that key."""
    texts: dict[str, Any] = json.decode(FOLDER.joinpath("kyc.json").read_bytes())
    said = {key: escape(pair[LANGUAGES.index(language)]).replace("$", "$$") for key, pair in texts.items()}
    written = FOLDER.joinpath("kyc.html").read_text(encoding="utf-8")
    return Template(re.sub(r'data-t="(\w+)">', lambda found: found[0] + said[found[1]], written))


@cache
def _countries(language: str) -> tuple[str, ...]:
    others = sorted(set(countries.NAMES) - set(FIRST), key=lambda code: countries.name(code, language))
    return (*FIRST, *others)


@cache
def _files() -> dict[str, File]:
    """Every file that a page may ask for, by its name."""
    found = {}
    for path in FOLDER.iterdir():
        if path.suffix in TYPES:
            found[path.name] = File(path.read_text(encoding="utf-8"), f"{TYPES[path.suffix]}; charset=utf-8")
    return found


def _guards() -> dict[str, str]:
    """What a browser may do with a page: run its own script, speak to us and the store of uploads, and nothing else."""
    from chalicelib.services import uploads

    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src 'self' {uploads.origin()}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    guards = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(), microphone=()",
    }
    if settings.PUBLIC_URL.startswith("https://"):
        guards["Strict-Transport-Security"] = "max-age=31536000"
    return guards
