"""Disputes of receivables: what a debtor contests is left alone until somebody decides, the rest of his debt is not."""

from enum import StrEnum
from uuid import UUID

from messages.base import Request
from messages.payments.recovery import RecoveryCase


class DisputeCause(StrEnum):
    """What the debtor says."""

    NOT_OWED = "NOT_OWED"
    NOT_DELIVERED = "NOT_DELIVERED"
    WRONG_AMOUNT = "WRONG_AMOUNT"
    PAID_ALREADY = "PAID_ALREADY"
    OTHER = "OTHER"


class DisputeOutcome(StrEnum):
    """UPHELD: the debtor is right, an accountant credits the invoice; REJECTED: the debt stands and recovery goes on."""

    UPHELD = "UPHELD"
    REJECTED = "REJECTED"


_LEGAL = "payments:recovery_legal:write"


class DisputeRecoveryItem(Request[RecoveryCase], permission=_LEGAL):
    """Take a contested receivable out of recovery: it is not quoted, presented or written about; promises of the case end."""

    case_id: UUID
    item_id: UUID
    cause: DisputeCause


class ResolveDispute(Request[RecoveryCase], permission=_LEGAL):
    """Decide a dispute. An upheld one waits for its credit note; nothing is decided by time."""

    case_id: UUID
    item_id: UUID
    outcome: DisputeOutcome
