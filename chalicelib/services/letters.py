"""Mails and text messages as people read them: templates in Chinese and English. A mail's first line is its subject."""

from functools import cache
from pathlib import Path
from string import Template
from typing import Final

from chalicelib.core.identity import Channel

LANGUAGES: Final = ("zh", "en")
_FOLDER: Final = Path(__file__).parent.parent / "templates"


@cache
def _template(channel: Channel, name: str, language: str) -> Template:
    assert language in LANGUAGES
    return Template(_FOLDER.joinpath(channel, f"{name}.{language}.txt").read_text(encoding="utf-8"))


def letter(channel: Channel, name: str, language: str, **values: str) -> tuple[str, str]:
    """Subject and text of `name`, its blanks filled with `values`; an SMS has no subject. A blank without a value: `KeyError`."""
    filled = _template(channel, name, language).substitute(values)
    if channel is Channel.SMS:
        return "", filled.strip()
    subject, _, text = filled.partition("\n")
    return subject, text
