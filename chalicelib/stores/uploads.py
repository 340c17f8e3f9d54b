"""What people upload, in a bucket of its own without versions: what is removed there is gone.

incoming/<name>     as it came by a presigned POST, unchecked; nothing but `services.uploads` looks at it; gone after a day
kept/<name>         checked. Tagged `held` = no until something of ours needs it; gone after a week if nothing does
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from chalicelib import clock, settings
from chalicelib.core.uploads import CONTENT_TYPES, HEAD_BYTES, Upload
from chalicelib.stores import aws

INCOMING: Final = "incoming/"
KEPT: Final = "kept/"
TAG: Final = "held"
#: How long S3 answers the link that ours leads to: a browser follows it at once.
LINK_S: Final = 60
#: How long somebody may take to begin a large upload.
FORM_S: Final = 600
#: Without the right to list a bucket, AWS says 403 of what is not there.
_MISSING: Final = frozenset({"404", "403", "NoSuchKey", "NotFound", "AccessDenied", "Forbidden"})
#: What a condition that does not hold is answered.
_UNMET: Final = frozenset({"412", "PreconditionFailed"})
#: What one of two conditional writes of a name is answered that are under way at once; botocore does not repeat it.
_CONFLICT: Final = frozenset({"409", "ConditionalRequestConflict"})
#: How often such a write is made, and the first pause in between; it doubles.
CONFLICT_TRIES_MAX: Final = 5
CONFLICT_PAUSE_MS: Final = 50


@dataclass(frozen=True, slots=True)
class Form:
    """Where a browser posts a large upload to, and the fields that go before the file."""

    url: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A large upload that has come. `version` changes with its content."""

    size: int
    version: str


class Changed(Exception):  # noqa: N818 - says what is the case
    """What had come is not what was found any more: something else came under its name, or it is gone."""


def put(upload: Upload, content: bytes) -> None:
    """Keep a checked file. One that is there stays as it is: names are never used twice, so it is a repeat."""
    for attempt in range(CONFLICT_TRIES_MAX):
        try:
            aws.client("s3").put_object(
                Bucket=settings.UPLOADS_BUCKET,
                Key=KEPT + upload.name,
                Body=content,
                ContentType=CONTENT_TYPES[upload.extension],
                Tagging=f"{TAG}=no",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if _code(error) in _UNMET:
                return
            if _code(error) not in _CONFLICT or attempt == CONFLICT_TRIES_MAX - 1:
                raise
            clock.sleep_ms(CONFLICT_PAUSE_MS << attempt)
        else:
            return


def there(upload: Upload) -> bool:
    """Whether a checked file is kept."""
    return _head(KEPT + upload.name) is not None


def incoming(upload: Upload) -> Incoming | None:
    """What has come by a presigned POST, if it has."""
    found = _head(INCOMING + upload.name)
    return Incoming(found["ContentLength"], found["ETag"]) if found else None


def read_incoming(upload: Upload, found: Incoming, *, head: bool = False) -> bytes:
    """Its content, as it was when it was `found`, or (`head`) only how it begins. Raises `Changed`."""
    some = {"Range": f"bytes=0-{HEAD_BYTES - 1}"} if head else {}
    with _as_found():
        answer = aws.client("s3").get_object(
            Bucket=settings.UPLOADS_BUCKET, Key=INCOMING + upload.name, IfMatch=found.version, **some
        )
    return bytes(answer["Body"].read())


def keep_incoming(upload: Upload, found: Incoming) -> None:
    """Keep it as it is, and as it was when it was `found`; S3 copies it by itself. Raises `Changed`."""
    with _as_found():
        aws.client("s3").copy_object(
            Bucket=settings.UPLOADS_BUCKET,
            Key=KEPT + upload.name,
            CopySource={"Bucket": settings.UPLOADS_BUCKET, "Key": INCOMING + upload.name},
            CopySourceIfMatch=found.version,
            ContentType=CONTENT_TYPES[upload.extension],
            MetadataDirective="REPLACE",
            Tagging=f"{TAG}=no",
            TaggingDirective="REPLACE",
        )


def hold(upload: Upload, *, held: bool) -> None:
    """Say whether something of ours needs a kept file: what nothing needs is forgotten after a week."""
    aws.client("s3").put_object_tagging(
        Bucket=settings.UPLOADS_BUCKET,
        Key=KEPT + upload.name,
        Tagging={"TagSet": [{"Key": TAG, "Value": "yes" if held else "no"}]},
    )


def form(upload: Upload, bytes_max: int) -> Form:
    """How a browser uploads by itself: for some minutes, under this name, up to so many bytes."""
    content_type = CONTENT_TYPES[upload.extension]
    made = aws.client("s3").generate_presigned_post(
        Bucket=settings.UPLOADS_BUCKET,
        Key=INCOMING + upload.name,
        Fields={"Content-Type": content_type, "success_action_status": "201"},
        Conditions=[
            {"Content-Type": content_type},
            {"success_action_status": "201"},
            ["content-length-range", 1, bytes_max],
        ],
        ExpiresIn=FORM_S,
    )
    return Form(made["url"], made["fields"])


@cache
def origin() -> str:
    """Scheme and host of the bucket, as forms name it."""
    parts = urlsplit(form(Upload(f"{'-' * 44}.jpg"), 1).url)
    return f"{parts.scheme}://{parts.netloc}"


def link(upload: Upload) -> str:
    """A URL that gives anyone a kept file, for a minute."""
    url: str = aws.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": settings.UPLOADS_BUCKET, "Key": KEPT + upload.name}, ExpiresIn=LINK_S
    )
    return url


def _head(key: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = aws.client("s3").head_object(Bucket=settings.UPLOADS_BUCKET, Key=key)
    except ClientError as error:
        if _code(error) in _MISSING:
            return None
        raise
    return found


@contextmanager
def _as_found() -> Iterator[None]:
    """Have a read on condition raise `Changed` where the condition does not hold, or nothing is there."""
    try:
        yield
    except ClientError as error:
        if _code(error) in _UNMET | _MISSING:
            raise Changed from error
        raise


def _code(error: ClientError) -> str:
    code: str = error.response["Error"]["Code"]
    return code
