"""A person's names as an issuer tells them (spec 6.4)."""

from dataclasses import dataclass

_LONGEST = 100
_NOBODY = "Utilisateur"


@dataclass(frozen=True, slots=True)
class Names:
    """First name (may be empty) and last name."""

    first: str
    last: str


def names_of(given: str | None, family: str | None, full: str | None, email: str) -> Names:
    """The first thing known wins: family name, the words after the first, the only word, the address before the @."""
    words = (full or "").split()
    last = (
        (family or "").strip()
        or (" ".join(words[1:]) if len(words) > 1 else "".join(words))
        or email.partition("@")[0]
        or _NOBODY
    )
    first = (given or "").strip() or (words[0] if len(words) > 1 else "")
    return Names(first[:_LONGEST].strip(), last[:_LONGEST].strip())
