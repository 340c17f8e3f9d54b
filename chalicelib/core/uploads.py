"""What people upload: which kinds, how large, what gives a file away by its first bytes, and how an upload is named."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MIB: Final = 1024 * 1024


class Kind(StrEnum):
    """What an upload is."""

    IMAGE = "image"
    VIDEO = "video"


#: How much comes along in a request; what is larger goes to the bucket by itself, up to LARGE_BYTES_MAX.
INLINE_BYTES_MAX: Final = 4 * MIB
LARGE_BYTES_MAX: Final = {Kind.IMAGE: 20 * MIB, Kind.VIDEO: 50 * MIB}
#: What a large upload becomes: pictures are written anew, so we may choose.
LARGE_EXTENSION: Final = {Kind.IMAGE: "jpg", Kind.VIDEO: "mp4"}
#: The first bytes that tell what a file is.
HEAD_BYTES: Final = 32

CONTENT_TYPES: Final = {"jpg": "image/jpeg", "png": "image/png", "mp4": "video/mp4"}
_KINDS: Final = {"jpg": Kind.IMAGE, "png": Kind.IMAGE, "mp4": Kind.VIDEO}
#: Brands of the ISO base media files that players take for mp4. QuickTime's own ("qt  ") is none of them.
_BRANDS: Final = frozenset(
    {
        b"isom",
        b"iso2",
        b"iso3",
        b"iso4",
        b"iso5",
        b"iso6",
        b"mp41",
        b"mp42",
        b"avc1",
        b"dash",
        b"M4V ",
        b"M4VH",
        b"MSNV",
    }
)

_NAME: Final = re.compile(r"(?P<random>[A-Za-z0-9_-]{22})(?P<mac>[A-Za-z0-9_-]{22})\.(?P<extension>jpg|png|mp4)")
#: A link of ours, or its path, or the name alone; what precedes the path is whatever origin it was read from.
_LINK: Final = re.compile(r"(?:(?:https?://[^/?#\s]{1,253})?/[a-z_/]{1,40}/)?(?P<name>[^/?#\s]{1,64})(?:\?\S{0,200})?")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody brought. Its name says nothing, but to us whose it is."""

    name: str

    @property
    def kind(self) -> Kind:
        """What it is."""
        return _KINDS[self.extension]

    @property
    def extension(self) -> str:
        """How its name ends."""
        return self.name.rpartition(".")[2]

    @property
    def random(self) -> str:
        """The part of the name that nobody can guess."""
        return self.name[:22]

    @property
    def mac(self) -> str:
        """The part of the name that ties it to its owner."""
        return self.name[22:44]


def named(text: str) -> Upload | None:
    """The upload that a name is of, or None if it can be none of ours."""
    return Upload(text) if _NAME.fullmatch(text) else None


def linked(text: str) -> Upload | None:
    """The upload that a link of ours leads to, whole, without its origin, or only its name; None for anything else."""
    found = _LINK.fullmatch(text)
    return named(found["name"]) if found else None


def extension_of(head: bytes) -> str | None:
    """What a file is by its first bytes: ``jpg``, ``png``, ``mp4``, or None for all that is not taken."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return "mp4"
    return None


def owner_message(uid: str, random: str, extension: str) -> bytes:
    """What the MAC in a name is over."""
    return f"upload\n{uid}\n{random}.{extension}".encode()


def link_message(name: str, expires: int) -> bytes:
    """What the token of a link is over; `expires` in seconds since epoch, as it stands in the link."""
    return f"upload-link\n{name}\n{expires}".encode()
