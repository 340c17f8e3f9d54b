"""Files that people bring: checked, kept where nobody else gets at them, and shown by links that expire.

A name ties an upload to its owner by a MAC, so that whose it is can be told without asking anybody. What is kept is
forgotten after a week unless something holds it (`hold`).
"""

import base64
import hmac
from dataclasses import dataclass
from typing import Final

from chalicelib import clock
from chalicelib.core import uploads as rules
from chalicelib.core.identity import DAY_MS, HOUR_MS, Window
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import Kind, Upload
from chalicelib.stores import attempts, uploads, vault

#: How long a link is good for.
LINK_S: Final = 600
RANDOM_BYTES: Final = 16
MAC_BYTES: Final = 16
#: What one person may bring.
PERSON_WINDOWS: Final = (Window(HOUR_MS, 30), Window(DAY_MS, 100))

#: Where links begin, as in the broker's document; `show_path` has the rest.
PATHS: Final = {Kind.IMAGE: "/os/kyc_image/", Kind.VIDEO: "/os/kyc_video/"}


@dataclass(frozen=True, slots=True)
class Form:
    """A large upload about to come: its name, where the browser posts it to, and the fields that go before the file."""

    upload: Upload
    url: str
    fields: dict[str, str]
    bytes_max: int


def keep_image(uid: str, content: bytes) -> Upload:
    """Keep a picture of a person's: jpg or png by its first bytes, up to 4 MB, written anew without metadata.

    Raises `Refused`: UPLOAD_TOO_LARGE, UPLOAD_INVALID, TOO_OFTEN.
    """
    extension = _checked(uid, content, Kind.IMAGE)
    from chalicelib.services import pictures

    picture = pictures.rewritten(content, extension, extension)
    upload = _named(uid, extension)
    uploads.put(upload, picture)
    return upload


def keep_video(uid: str, content: bytes) -> Upload:
    """Keep a film of a person's: mp4 by its first bytes, up to 4 MB. Raises `Refused` as `keep_image` does."""
    upload = _named(uid, _checked(uid, content, Kind.VIDEO))
    uploads.put(upload, content)
    return upload


def presigned(uid: str, kind: Kind) -> Form:
    """Let a person's browser upload something larger by itself. It counts once `claim` has looked at it.

    Raises `Refused` (TOO_OFTEN).
    """
    _spend(uid)
    upload = _named(uid, rules.LARGE_EXTENSION[kind])
    bytes_max = rules.LARGE_BYTES_MAX[kind]
    form = uploads.form(upload, bytes_max)
    return Form(upload, form.url, form.fields, bytes_max)


def owned(uid: str, text: str, kind: Kind = Kind.IMAGE) -> Upload:
    """The upload of this person that a link or a name is of; anybody else's is `Refused` (UPLOAD_INVALID) like none."""
    upload = rules.linked(text)
    if upload is None or upload.kind is not kind or not hmac.compare_digest(upload.mac, _mac(uid, upload)):
        raise Refused(Reason.UPLOAD_INVALID)
    return upload


def settle(uid: str, text: str, kind: Kind = Kind.IMAGE) -> Upload:
    """The same, and it is there and was checked: a large one is looked at now, and written anew like any other.

    Raises `Refused`: UPLOAD_INVALID, UPLOAD_TOO_LARGE.
    """
    upload = owned(uid, text, kind)
    if not uploads.there(upload):
        try:
            _bring_in(upload)
        except uploads.Changed:  # its owner sends something else meanwhile, which was not looked at
            raise Refused(Reason.UPLOAD_INVALID) from None
    return upload


def claim(uid: str, text: str, kind: Kind = Kind.IMAGE) -> Upload:
    """The same, when it is needed: it is not forgotten until it is released."""
    upload = settle(uid, text, kind)
    hold(upload)
    return upload


def hold(upload: Upload) -> None:
    """Say that a kept upload is needed, or needed after all."""
    uploads.hold(upload, held=True)


def release(upload: Upload) -> None:
    """Say that a claimed upload is needed no more: it is forgotten a week after it was kept."""
    uploads.hold(upload, held=False)


def origin() -> str:
    """Where browsers upload to: a page has to name it to be let."""
    return uploads.origin()


def url(upload: Upload) -> str:
    """A link to a kept upload, from the root of our origin, for ten minutes: ``/os/kyc_image/<name>?e=…&token=…``."""
    expires = clock.now_ms() // 1000 + LINK_S
    return f"{PATHS[upload.kind]}{upload.name}?e={expires}&token={_token(upload.name, expires)}"


def open(name: str, expires: str, token: str) -> str:  # noqa: A001 - uploads.open says it best
    """Where what a link names can be fetched from, for a minute. Raises `Refused` (TOKEN_EXPIRED) for a bad link."""
    upload = rules.named(name)
    until = int(expires) if expires.isascii() and expires.isdigit() and len(expires) <= 12 else 0
    genuine = hmac.compare_digest(_token(name, until).encode(), token.encode("utf-8", "replace"))
    if upload is None or not genuine or until <= clock.now_ms() // 1000:
        raise Refused(Reason.TOKEN_EXPIRED, "token")
    return uploads.link(upload)


def _checked(uid: str, content: bytes, kind: Kind) -> str:
    """What a file is, by its first bytes, if it is of that kind and not too large; counted for its owner."""
    if len(content) > rules.INLINE_BYTES_MAX:
        raise Refused(Reason.UPLOAD_TOO_LARGE)
    extension = rules.extension_of(content[: rules.HEAD_BYTES])
    if extension is None or Upload(f".{extension}").kind is not kind:
        raise Refused(Reason.UPLOAD_INVALID)
    _spend(uid)
    return extension


def _bring_in(upload: Upload) -> None:
    """Check what a browser uploaded by itself, and keep it."""
    found = uploads.incoming(upload)
    if found is None or not found.size:
        raise Refused(Reason.UPLOAD_INVALID)
    if found.size > rules.LARGE_BYTES_MAX[upload.kind]:
        raise Refused(Reason.UPLOAD_TOO_LARGE)
    extension = rules.extension_of(uploads.read_incoming(upload, found, head=True))
    if extension is None or Upload(f".{extension}").kind is not upload.kind:
        raise Refused(Reason.UPLOAD_INVALID)
    if upload.kind is Kind.VIDEO:
        uploads.keep_incoming(upload, found)
        return
    from chalicelib.services import pictures

    uploads.put(upload, pictures.rewritten(uploads.read_incoming(upload, found), extension, upload.extension))


def _spend(uid: str) -> None:
    if not attempts.spend({f"uploads:{uid}": PERSON_WINDOWS}, clock.now_ms()):
        raise Refused(Reason.TOO_OFTEN)


def _named(uid: str, extension: str) -> Upload:
    """A new name of a person's: random, and a MAC that only we can make."""
    random = _text(clock.token_bytes(RANDOM_BYTES))
    unsigned = Upload(f"{random}{'-' * 22}.{extension}")
    return Upload(f"{random}{_mac(uid, unsigned)}.{extension}")


def _mac(uid: str, upload: Upload) -> str:
    return _text(vault.mac(rules.owner_message(uid, upload.random, upload.extension))[:MAC_BYTES])


def _token(name: str, expires: int) -> str:
    return base64.urlsafe_b64encode(vault.mac(rules.link_message(name, expires))).decode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
