"""What is written down when something of ours goes wrong: one structured line, found again by its correlation id.

No line holds a secret. The text of an exception may quote what it choked on, so all that came with the request
(credentials, cookies, every text in the query and the body) is struck from it first. Where that is too much, or cannot
be told apart, the whole text is.
"""

import base64
import binascii
import json
import re
import traceback
from contextlib import suppress
from typing import Final

from chalicelib import telemetry
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Refused

FRAMES_MAX: Final = 30
DETAIL_CHARACTERS_MAX: Final = 2000
#: Who sends more than this, or an error that says more, would have us search for long.
BODY_BYTES_MAX: Final = 16 * 1024
TEXTS_MAX: Final = 200
STRUCK_CHARACTERS_MAX: Final = 16 * 1024
_STRUCK: Final = "[struck]"
#: Headers that carry a secret whole.
TOKENS: Final = ("au_token", "au-token", "c_token", "c-token", "x-c-token")
#: A text and its closing quote; one without is matched too, up to the end, so that no byte is looked at twice.
_JSON_TEXT: Final = re.compile(rb'"((?:[^"\\]++|\\.)*+)("?)', re.DOTALL)


def crashed(request: Request, error: BaseException) -> str:
    """Log an error of ours and return the correlation id, which is all that the caller gets to see of it."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < 5:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    struck = _sayings(request)
    telemetry.count("api_crash")
    telemetry.logger().error(
        "crash",
        correlation_id=request.correlation_id,
        method=request.method,
        route=request.route,
        error=[type(cause).__qualname__ for cause in causes],
        detail=[_strike(str(cause), struck)[:DETAIL_CHARACTERS_MAX] for cause in causes],
        trace=[
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
        ],
    )
    return request.correlation_id


def _sayings(request: Request) -> list[str] | None:
    """Every text that the caller sent and that an exception might repeat, the longest first; None if we cannot tell."""
    said: set[str] = set(request.cookies.values())
    said |= {value for name in TOKENS if (value := request.header(name))}
    if authorization := request.header("authorization"):
        credentials = authorization.rpartition(" ")[2]
        said |= {authorization, credentials}
        with suppress(binascii.Error, UnicodeDecodeError):
            said.update(base64.b64decode(credentials).decode().split(":"))
    try:
        said |= set(request.query.values())
        texts = _texts(request.body)
    except Refused:
        return None
    if texts is None or len(said) + len(texts) > TEXTS_MAX:
        return None
    said |= {form for text in texts for form in _forms(text.decode(errors="replace"))}
    return sorted((text for text in said if len(text) >= (4 if text.isascii() else 2)), key=len, reverse=True)


def _texts(body: bytes) -> set[bytes] | None:
    """What stands in quotes; None if there is too much to read, or if it is no JSON: then a secret may stand anywhere."""
    if len(body) > BODY_BYTES_MAX or (body.strip() and body.lstrip()[:1] not in b"{["):
        return None
    found = set(_JSON_TEXT.findall(body))
    return {text for text, _ in found} if all(closed for _, closed in found) else None


def _forms(text: str) -> set[str]:
    """A text of the body as it stands there, and as it is read: any character may have come as an escape."""
    with suppress(ValueError):
        return {text, str(json.loads(f'"{text}"'))}
    return {text}


def _strike(text: str, sayings: list[str] | None) -> str:
    if sayings is None or len(text) > STRUCK_CHARACTERS_MAX:
        return _STRUCK
    for said in sayings:
        text = re.sub(re.escape(said), _STRUCK, text, flags=re.IGNORECASE)  # it may have been spelt anew since
    return text
