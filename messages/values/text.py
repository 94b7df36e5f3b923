"""Texts that people type: bounded, trimmed and fit for PostgreSQL; names made tidy; the form that search compares."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from messages.values.refusal import refusal

# Everything below U+0020 except tab, line feed and carriage return, and DEL: PostgreSQL refuses NUL, XML the others.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEPARATORS = re.compile(r"[\s.\-\u00ad\u200b\u2010-\u2015\u2060\ufeff]+")
_NAME_PARTS = re.compile(r"([\s'’-]+)")
_PARTICLES = frozenset({"de", "du", "des", "d", "von", "van", "der", "den", "di", "da"})
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ł": "l"})


def without_control_characters(text: str) -> str:
    """The text itself; refused (TEXT_INVALID) when it holds control characters other than tabs and line ends."""
    if _CONTROL_CHARACTERS.search(text):
        raise refusal("TEXT_INVALID", "the text holds control characters; remove them")
    return text


def text_of(max_length: int) -> StringConstraints:
    """The constraint of a trimmed, non-empty text: `Annotated[str, text_of(38), PRINTABLE]`."""
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=max_length)


PRINTABLE = AfterValidator(without_control_characters)

NonBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), PRINTABLE]
Code = Annotated[str, text_of(50), PRINTABLE]
Label = Annotated[str, text_of(100), PRINTABLE]
Line = Annotated[str, text_of(255), PRINTABLE]
Paragraph = Annotated[str, text_of(2000), PRINTABLE]


def compact(text: str) -> str:
    """The text in upper case without the separators people type in identifiers: blanks, dots, dashes."""
    return _SEPARATORS.sub("", text).upper()


def search_form(text: str) -> str:
    """Lower case, no accents, single spaces: what search columns hold and what a search term becomes."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
    unaccented = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(unaccented.lower().split())


def tidy_name(name: str) -> str:
    """A name typed in one case gets capitals (`JEAN-PIERRE` -> `Jean-Pierre`); mixed case is kept as its owner wrote it."""
    if not (name.isupper() or name.islower()):
        return name.strip()
    pieces = _NAME_PARTS.split(" ".join(name.lower().split()))
    parts, separators = pieces[::2], [*pieces[1::2], ""]
    has_several_parts = sum(bool(part) for part in parts) > 1
    tidied = []
    for part, separator in zip(parts, separators, strict=True):
        is_particle = has_several_parts and part in _PARTICLES and (part != "d" or separator[:1] in {"'", "’"})
        tidied.append(part if is_particle else part.capitalize())
    return "".join(part + separator for part, separator in zip(tidied, separators, strict=True))
