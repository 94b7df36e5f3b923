"""How a search query is read: each token becomes ranges of indexed words, one of which must hold a word of the client."""

from dataclasses import dataclass
from typing import Final

from actors.clients.rules.naming import search_name

_LAST: Final = "\U0010ffff"
_REVERSED: Final = "<"
_SHORTEST_END: Final = 4
_SEPARATORS: Final = str.maketrans("", "", "+.-/()")


@dataclass(frozen=True, slots=True)
class Token:
    """A token's ranges [low, high); `name` is set where the token may be a misspelt name."""

    ranges: tuple[tuple[str, str], ...]
    name: str | None = None


def tokens_of(query: str) -> tuple[Token, ...]:
    """The tokens of a query; every one of them must be found."""
    return tuple(token for typed in query.split() for token in _tokens(typed))


def beginning(word: str) -> tuple[str, str]:
    """The range of the words that begin like this one."""
    return word, word + _LAST


def _tokens(typed: str) -> tuple[Token, ...]:
    if "@" in typed:
        return (Token((beginning(typed.upper()),)),)
    digits = typed.translate(_SEPARATORS)
    if digits.isascii() and digits.isdigit():
        return (Token(_number_ranges(digits)),)
    words = search_name(typed, business=False).split()
    if len(words) == 1:
        name = words[0] if words[0].isalpha() else None
        return (Token((beginning(words[0]), beginning(typed.upper())), name),)
    if any(character.isdigit() for character in typed):
        return (Token((beginning(typed.upper()),)),)
    return tuple(Token((beginning(word),), word) for word in words)


def _number_ranges(digits: str) -> tuple[tuple[str, str], ...]:
    """Digits begin a phone number, SIREN, SIRET or postal code, or end a phone number or client code."""
    ranges = [beginning(digits)]
    if digits.startswith("00"):
        ranges.append(beginning(digits[2:]))
    if len(digits) >= _SHORTEST_END:
        ranges.append(beginning(_REVERSED + digits[::-1]))
    return tuple(ranges)
