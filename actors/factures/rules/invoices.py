"""The life of a document: what may become what. There is no way back from the issue but another document."""

from typing import Final

from messages.errors import ErrorCode
from messages.factures.values import INVOICE_ALREADY_ISSUED, INVOICE_LOCKED, InvoiceStatus
from messages.problem import Refused
from messages.transitions import StateMachine

_S = InvoiceStatus

INVOICE: Final = StateMachine(
    "document",
    {
        ("change", _S.DRAFT): _S.DRAFT,
        ("discard", _S.DRAFT): _S.DISCARDED,
        ("issue", _S.DRAFT): _S.ISSUED,
        ("cancel", _S.ISSUED): _S.CANCELLED,
    },
)
_CODES: Final[dict[str, ErrorCode]] = {"issue": INVOICE_ALREADY_ISSUED}


def after(trigger: str, status: str) -> InvoiceStatus:
    """The status after a trigger; a document that is no draft any more is INVOICE_LOCKED, or INVOICE_ALREADY_ISSUED."""
    known = InvoiceStatus(status)
    if not INVOICE.allows(trigger, known):
        raise Refused(
            _CODES.get(trigger, INVOICE_LOCKED),
            f"the document is {known}, only a draft can change; correct it with a credit note",
            details={"from": known.value, "trigger": trigger},
        )
    return INVOICE.after(trigger, known)
