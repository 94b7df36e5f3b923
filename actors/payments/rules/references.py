"""Names that payments gives: mandate references, keys of repeatable effects, texts the SEPA character set allows."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from messages.payments import FailurePhase

RUM_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""32 symbols without I, L, O and U, so that a random byte maps onto it without bias."""

_SEPA_TEXT = re.compile(r"[^A-Za-z0-9+?/\-:().,' ]")
_REPLACEMENTS = str.maketrans(
    {"&": "+", "_": "-", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "€": "EUR", "’": "'"}
)
_IMPORTED_RUM = re.compile(r"[A-Za-z0-9+?/\-:().,' ]{1,35}")


def mandate_reference(prefix: str, company_id: UUID, day: date, random: bytes) -> str:
    """A reference of 25 characters: RUM, eight of the company, the date, eight random ones."""
    company = (prefix + company_id.hex[-8:].upper())[:8]
    return f"RUM{company}{day:%y%m%d}{''.join(RUM_ALPHABET[byte % 32] for byte in random[:8])}"


def is_mandate_reference(text: str) -> bool:
    """Whether a text may be a mandate reference inside a bank file (AT-01)."""
    return (
        bool(_IMPORTED_RUM.fullmatch(text))
        and text == text.strip()
        and not text.startswith("/")
        and not text.endswith("/")
        and "//" not in text
    )


def is_own_reference(text: str) -> bool:
    """Whether a text has the form of references made here."""
    return bool(re.fullmatch(r"RUM[A-Z0-9]{1,32}", text))


def emission_key(organisation_id: UUID, instalment_id: UUID, attempt_no: int) -> str:
    """The key under which an instalment's attempt is presented once, however often it is tried."""
    return hashlib.sha256(f"pay|{organisation_id}|{instalment_id}|{attempt_no}".encode()).hexdigest()[:32]


def failure_key(payment_id: UUID, phase: FailurePhase, code: str, amount: Decimal) -> str:
    """The key under which a failure is booked once, whichever of the bank's files tell of it."""
    kind = "PRE" if phase is FailurePhase.PRE_SETTLEMENT else "POST"
    return hashlib.sha256(f"{payment_id}|{kind}|{code}|{amount:.2f}".encode()).hexdigest()


def failure_message_key(case_id: UUID, payment_id: UUID) -> str:
    """What the keys of the messages about a failed debit begin with: a debtor is told of each failure once."""
    return f"{case_id}|failed|{payment_id}"


def control_checksum(entries: Iterable[tuple[UUID, Decimal, str]]) -> str:
    """The checksum of a debit day over `id|amount|currency` lines in the order of the ids."""
    lines = sorted(f"{identity}|{amount:.2f}|{currency}\n" for identity, amount, currency in entries)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sepa_text(text: str, length: int = 70) -> str:
    """A text in the character set of SEPA files: accents dropped, the rest replaced, cut to its length."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_REPLACEMENTS))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _SEPA_TEXT.sub(".", plain).strip()[:length].strip() or "."
