"""Pictures written anew: what comes out holds pixels and nothing else. No place, no camera, no text, no second file behind.

Imported only where a picture is uploaded: Pillow costs a cold start.
"""

from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from chalicelib.core.reasons import Reason, Refused

#: A small file can claim any size, and costs memory when it is opened. JPEG is opened at a fraction of its size, so that
#: what large phone cameras make is no trouble; the pixels of a PNG all stand in memory at once. Pillow warns from 89 million on.
PIXELS_MAX: Final = {"jpg": 80_000_000, "png": 30_000_000}
#: The longer side of what is kept; a card is read well below it.
SIDE_MAX: Final = 4096
JPEG_QUALITY: Final = 88

FORMATS: Final = {"jpg": "JPEG", "png": "PNG"}


def rewritten(content: bytes, source: str, target: str) -> bytes:
    """The picture in a `source` file (``jpg`` or ``png``) as a new `target` file, upright, at most SIDE_MAX to a side.

    Raises `Refused` (UPLOAD_INVALID) for what is no whole picture, or too large a one.
    """
    try:
        with Image.open(BytesIO(content), formats=[FORMATS[source]]) as opened:
            fits = opened.width * opened.height <= PIXELS_MAX[source]
            picture = _pixels(opened, transparent=target == "png") if fits else None
        written = BytesIO()
        if picture is not None:
            picture.save(written, FORMATS[target], quality=JPEG_QUALITY)
    except Exception as error:
        # Whatever Pillow stumbles over in bytes that anybody may send: it has a dozen kinds of error for it.
        raise Refused(Reason.UPLOAD_INVALID) from error
    if picture is None:
        raise Refused(Reason.UPLOAD_INVALID)
    return written.getvalue()


def _pixels(opened: Image.Image, *, transparent: bool) -> Image.Image:
    """What is seen of a picture, upright, with nothing attached to it."""
    if opened.format == "JPEG":
        opened.thumbnail((SIDE_MAX, SIDE_MAX))  # never unpacked whole
    see_through = transparent and opened.has_transparency_data
    upright = ImageOps.exif_transpose(opened.convert("RGBA" if see_through else "RGB"))
    upright.thumbnail((SIDE_MAX, SIDE_MAX))
    upright.info = {}
    return upright
