"""Mails as people read them: templates in Chinese and English, the first line of each being its subject."""

from functools import cache
from pathlib import Path
from string import Template
from typing import Final

LANGUAGES: Final = ("zh", "en")
_FOLDER: Final = Path(__file__).parent.parent / "templates" / "mail"


@cache
def _template(name: str, language: str) -> Template:
    assert language in LANGUAGES
    return Template((_FOLDER / f"{name}.{language}.txt").read_text(encoding="utf-8"))


def letter(name: str, language: str, **values: str) -> tuple[str, str]:
    """Subject and text of the letter `name`, its blanks filled with `values`. A blank without a value: `KeyError`."""
    subject, _, text = _template(name, language).substitute(values).partition("\n")
    return subject, text
