"""What documents accepts, how secret a file is by default, and how long the law wants it kept."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from actors.documents import formats
from messages.documents import (
    ACTIVE_CONTENT,
    EMPTY_FILE,
    FILE_ENCRYPTED,
    MIME_MISMATCH,
    MIME_NOT_ALLOWED,
    TYPE_SIZE_LIMIT,
    Confidentiality,
    DocumentType,
)
from messages.problem import Refused
from messages.values.due_dates import add_months

_MIB = 1024 * 1024
_PDF = frozenset({formats.PDF})
_SCANS = frozenset({formats.PDF, formats.JPEG, formats.PNG})
_OFFICE = frozenset({formats.DOC, formats.DOCX})
_PROOF = frozenset({formats.PDF, formats.P7S, formats.ZIP})
_TABLES = frozenset({formats.CSV, formats.XLSX, formats.TEXT})
_ATTACHMENTS = (
    _SCANS | _OFFICE | _PROOF | _TABLES
    | {formats.XML, formats.XLS, formats.EML, "image/gif", "image/webp", "image/heic"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What one type of document allows and implies."""

    mimes: frozenset[str]
    max_bytes: int
    final: bool = False
    confidentiality: Confidentiality = Confidentiality.INTERNAL


_CLIENT = Confidentiality.CLIENT_VISIBLE
_PERSONAL = Confidentiality.PERSONAL
_RESTRICTED = Confidentiality.RESTRICTED
_SEALED = TypeRule(_PDF | {formats.XML}, 10 * _MIB, True, _CLIENT)
_EVIDENCE = TypeRule(_PROOF, 20 * _MIB, True)
_IDENTITY = TypeRule(_SCANS, 10 * _MIB, False, _PERSONAL)

RULES: dict[DocumentType, TypeRule] = {
    DocumentType.INVOICE: _SEALED,
    DocumentType.CREDIT_NOTE: _SEALED,
    DocumentType.QUOTE: TypeRule(_PDF, 10 * _MIB, False, _CLIENT),
    DocumentType.CONTRACT: TypeRule(_PDF | _OFFICE, 10 * _MIB, False, _CLIENT),
    DocumentType.CONTRACT_SIGNED: TypeRule(_PDF, 20 * _MIB, True, _CLIENT),
    DocumentType.MANDATE: _IDENTITY,
    DocumentType.BANK_DETAILS: _IDENTITY,
    DocumentType.ID_DOCUMENT: _IDENTITY,
    DocumentType.COMPANY_EXTRACT: TypeRule(_PDF, 10 * _MIB, False, _RESTRICTED),
    DocumentType.LETTER: TypeRule(_PDF, 20 * _MIB),
    DocumentType.DUNNING_LETTER: TypeRule(_PDF, 20 * _MIB),
    DocumentType.DEPOSIT_PROOF: _EVIDENCE,
    DocumentType.CONTENT_PROOF: _EVIDENCE,
    DocumentType.DELIVERY_PROOF: _EVIDENCE,
    DocumentType.UNDELIVERED_SCAN: _EVIDENCE,
    DocumentType.SHIPPING_LABEL: TypeRule(_PDF | {formats.TEXT}, 2 * _MIB, True),
    DocumentType.COMMISSION_STATEMENT: TypeRule(_PDF, 10 * _MIB, True, _RESTRICTED),
    DocumentType.EMAIL_ATTACHMENT: TypeRule(_ATTACHMENTS, 10 * _MIB),
    DocumentType.IMPORT_FILE: TypeRule(_TABLES | {formats.XML}, 25 * _MIB, False, _RESTRICTED),
    DocumentType.REPORT_EXPORT: TypeRule(
        frozenset({formats.PDF, formats.CSV, formats.XLSX, formats.ZIP, formats.XML, formats.TEXT}),
        100 * _MIB,
        False,
        _RESTRICTED,
    ),
    DocumentType.OTHER: TypeRule(_SCANS | _OFFICE | _TABLES, 10 * _MIB),
}

_MUST_BE_LEGIBLE = frozenset(RULES) - {DocumentType.EMAIL_ATTACHMENT, DocumentType.OTHER}
"""What is printed, sent or read as text later; a protected file would fail only then."""

# The standard test file of virus scanners; in two pieces, so that no scanner takes this module for it.
_EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def check_size(type_: DocumentType, size: int) -> None:
    """Refuse an empty file and one above the limit of its type."""
    if size == 0:
        raise Refused.field("content_base64", "empty", "the file has no bytes; choose another one", EMPTY_FILE)
    limit = RULES[type_].max_bytes
    if size > limit:
        raise Refused(
            TYPE_SIZE_LIMIT,
            f"a file of type {type_.value} may have {limit} bytes, this one has {size}; make it smaller",
            details={"max_bytes": limit, "size": size},
        )


def accepted_mime(type_: DocumentType, content: bytes, filename: str, declared: str | None) -> str:
    """The detected type of the bytes, if documents of that type may have it and the declared type does not lie."""
    detected = formats.detected_mime(content, filename)
    if detected in {formats.DOCX_MACRO, formats.XLSX_MACRO}:
        raise Refused(ACTIVE_CONTENT, "the file holds macros; save it without them and send it again")
    if detected not in RULES[type_].mimes:
        allowed = ", ".join(sorted(RULES[type_].mimes))
        raise Refused(
            MIME_NOT_ALLOWED,
            f"the file is {detected}; a document of type {type_.value} may be {allowed}",
            details={"detected": detected},
        )
    if not formats.declared_fits(declared, detected):
        raise Refused(
            MIME_MISMATCH,
            f"the file is {detected}, not {declared}; declare its real type or leave declared_mime out",
            details={"detected": detected, "declared": declared},
        )
    if detected == formats.PDF and type_ in _MUST_BE_LEGIBLE and formats.is_encrypted_pdf(content):
        raise Refused(
            FILE_ENCRYPTED, "the PDF is protected by a password; save it without protection and send it again"
        )
    return detected


def infection_in(content: bytes) -> str | None:
    """The name of the malware that the built-in scanner knows, or None."""
    return "EICAR-Test-File" if _EICAR in content else None


# Retention (spec table 6.6): base and duration in months. Legal grounds: Code de commerce L123-22 (10 years for
# accounting vouchers), Code civil 2224 (5 years).
_FROM_FISCAL_YEAR_END = dict.fromkeys(
    (DocumentType.INVOICE, DocumentType.CREDIT_NOTE, DocumentType.COMMISSION_STATEMENT), 120
)
_FROM_BUSINESS_DATE = {
    **dict.fromkeys(
        (
            DocumentType.LETTER, DocumentType.DUNNING_LETTER, DocumentType.DEPOSIT_PROOF, DocumentType.CONTENT_PROOF,
            DocumentType.DELIVERY_PROOF, DocumentType.UNDELIVERED_SCAN,
        ),
        60,
    ),
    DocumentType.SHIPPING_LABEL: 14,
}  # fmt: skip
_FROM_CREATION = {DocumentType.QUOTE: 12, DocumentType.ID_DOCUMENT: 12, DocumentType.IMPORT_FILE: 3}
_FROM_LINK_END = {
    DocumentType.CONTRACT: 60,
    DocumentType.CONTRACT_SIGNED: 60,
    DocumentType.MANDATE: 60,
    DocumentType.BANK_DETAILS: 13,
    DocumentType.EMAIL_ATTACHMENT: 60,
    DocumentType.OTHER: 60,
}


FOLLOWS_FISCAL_YEAR = frozenset(_FROM_FISCAL_YEAR_END)
_AS_LONG_AS_CONTRACT = frozenset(_FROM_BUSINESS_DATE) - {DocumentType.SHIPPING_LABEL} | {
    DocumentType.CONTRACT,
    DocumentType.CONTRACT_SIGNED,
}
_LOCKED = FOLLOWS_FISCAL_YEAR | _AS_LONG_AS_CONTRACT | {DocumentType.MANDATE}
_ARCHIVED_TEN_YEARS_FROM = Decimal(120)
FOLLOWS_LINK_END = frozenset(_FROM_LINK_END)
"""Types whose retention begins when the contract or mandate they belong to ends."""
STATUTORY_YEARS = 5


def retain_until(
    type_: DocumentType,
    *,
    created_on: date,
    business_date: date | None = None,
    fiscal_year_end: date | None = None,
    link_ended_on: date | None = None,
    archive_years: int = STATUTORY_YEARS,
) -> date | None:
    """The day until which the document must stay; None while its base is unknown, which means: never deleted.

    `archive_years` is what the contract asks for: 10 for consumer contracts of 120 EUR or more made at a distance
    (Code de la consommation L213-1), else 5. It lengthens what belongs to the contract and its letters.
    """
    if type_ is DocumentType.REPORT_EXPORT:
        return date.fromordinal(created_on.toordinal() + 30)
    for durations, base in (
        (_FROM_FISCAL_YEAR_END, fiscal_year_end),
        (_FROM_BUSINESS_DATE, business_date),
        (_FROM_CREATION, created_on),
        (_FROM_LINK_END, link_ended_on),
    ):
        if type_ in durations:
            months = max(durations[type_], 12 * archive_years) if type_ in _AS_LONG_AS_CONTRACT else durations[type_]
            return add_months(base, months) if base is not None else None
    return None


def is_locked(type_: DocumentType, final: bool, until: date | None, today: date) -> bool:
    """Whether the law forbids to delete the document now; a final one whose base has not begun is kept as well."""
    return type_ in _LOCKED and (today <= until if until is not None else final)


def checked_last_day(type_: DocumentType, delete_after: date | None) -> date | None:
    """The last day of a file made for a while; refused for a type that the law wants kept."""
    if delete_after is not None and type_ in _LOCKED:
        raise Refused.field(
            "delete_after", "locked", f"a document of type {type_.value} is kept by law; leave delete_after out"
        )
    return delete_after


def longest(*dates: date | None) -> date | None:
    """The latest of the dates several policies give; None when one of them has no end yet."""
    known = [day for day in dates if day is not None]
    return max(known) if known and len(known) == len(dates) else None


def is_secret(confidentiality: str) -> bool:
    """Whether the bytes are encrypted where they lie."""
    return confidentiality in (Confidentiality.PERSONAL, Confidentiality.RESTRICTED)


def archive_years_of(client_kind: str, sales_channel: str, total: Decimal) -> int:
    """How long the documents of a contract stay after its end (Code de la consommation L213-1, D213-1)."""
    is_distance_consumer = client_kind == "CONSUMER" and sales_channel == "DISTANCE"
    return 10 if is_distance_consumer and total >= _ARCHIVED_TEN_YEARS_FROM else STATUTORY_YEARS
