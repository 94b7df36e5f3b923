"""Names, fields that follow from others, and the life of the record."""

import re

from messages.clients import ClientType, RecordState, StatusCategory, VatStatus
from messages.transitions import StateMachine
from messages.values.text import search_form

_LEGAL_FORMS = frozenset(
    {"SA", "SAS", "SASU", "SARL", "EURL", "SCI", "SNC", "SCOP", "SCA", "SELARL", "SELAS", "SELAFA", "EI", "EIRL"}
    | {"GIE", "GAEC", "EARL", "ASSOCIATION", "ASSO", "ETS", "ETABLISSEMENT", "ETABLISSEMENTS", "STE", "SOCIETE"}
    | {"SOC", "CIE", "COMPAGNIE", "GROUPE", "HOLDING"}
)
_DOTTED = re.compile(r"\b(?:[A-Z]\.){2,}")
_NOT_WORD = re.compile(r"[^A-Z0-9]+")

DEFAULT_STATUS = {
    StatusCategory.PROSPECT: "PROSPECT",
    StatusCategory.ACTIVE: "ACTIF",
    StatusCategory.OVERDUE: "IMPAYE",
    StatusCategory.SUSPENDED: "SUSPENDU",
    StatusCategory.INACTIVE: "INACTIF",
}

RECORD = StateMachine(
    "client",
    {
        ("archive", RecordState.LIVE): RecordState.ARCHIVED,
        ("restore", RecordState.ARCHIVED): RecordState.LIVE,
        ("merge", RecordState.LIVE): RecordState.MERGED,
        ("unmerge", RecordState.MERGED): RecordState.LIVE,
        ("anonymise", RecordState.LIVE): RecordState.ANONYMISED,
        ("anonymise", RecordState.ARCHIVED): RecordState.ANONYMISED,
    },
)


def search_name(name: str, *, business: bool) -> str:
    """The form names are compared in: upper case, no accents, single spaces; legal forms dropped for businesses."""
    text = search_form(name).upper()
    if business:
        text = _DOTTED.sub(lambda match: match.group().replace(".", ""), text).replace("&", " ET ")
    words = _NOT_WORD.sub(" ", text).split()
    if business:
        words = [word for word in words if word not in _LEGAL_FORMS] or words
    return " ".join(words)


def vat_status_of(type_: ClientType) -> VatStatus:
    """How a new client is treated for VAT until somebody knows better."""
    return VatStatus.CONSUMER if type_ is ClientType.INDIVIDUAL else VatStatus.TAXABLE_FR
