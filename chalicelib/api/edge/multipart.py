"""Bodies of ``multipart/form-data``: fields as text, files as bytes, each name once."""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

from chalicelib.api.edge.request import UPLOAD_BYTES_MAX, Request
from chalicelib.core.reasons import Reason, Refused

PARTS_MAX: Final = 40
FIELD_BYTES_MAX: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """A form that was sent in parts. An empty file field is what a browser sends where none was chosen: left out."""

    fields: dict[str, str]
    files: dict[str, bytes]

    def file(self, name: str) -> bytes:
        """One file. Raises `Refused` (PARAMETER_MISSING)."""
        if name not in self.files:
            raise Refused(Reason.PARAMETER_MISSING, name)
        return self.files[name]


def is_multipart(request: Request) -> bool:
    """Whether a request says that its body comes in parts."""
    return (request.header("content-type") or "").strip().lower().startswith("multipart/form-data")


def parts(request: Request) -> Parts:
    """The parts of a request's body. Raises `Refused`: UPLOAD_TOO_LARGE, else PARAMETER_INVALID for what is no such form."""
    import multipart  # only an upload needs it

    if not is_multipart(request):
        raise Refused(Reason.PARAMETER_INVALID, "body")
    body = request.upload
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    try:
        _, options = multipart.parse_options_header(request.header("content-type") or "")
        parser = multipart.MultipartParser(
            BytesIO(body),
            options["boundary"],
            strict=True,
            part_limit=PARTS_MAX,
            spool_limit=UPLOAD_BYTES_MAX,
            memory_limit=2 * UPLOAD_BYTES_MAX,
            disk_limit=0,
        )
        for part in parser:
            if part.name in fields or part.name in files:
                raise Refused(Reason.PARAMETER_INVALID, part.name)
            if part.filename is None and part.size <= FIELD_BYTES_MAX:
                fields[part.name] = part.raw.decode("utf-8")
            elif part.filename or part.size:
                files[part.name] = part.raw
    except (multipart.MultipartError, KeyError, ValueError) as error:
        raise Refused(Reason.PARAMETER_INVALID, "body") from error
    return Parts(fields, files)
