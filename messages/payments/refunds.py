"""Refunds: money that the company gives back of its own will."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from messages.base import Event, Idempotency, Reply, Request
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.payments.snapshots import Allocation, PaymentRef
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.text import Label

REFUND_NOT_FOUND = NOT_FOUND.specific("REFUND_NOT_FOUND", "Remboursement introuvable", "Refund not found")
NOT_REFUNDABLE = BUSINESS_RULE_VIOLATION.specific(
    "NOT_REFUNDABLE", "Paiement non remboursable", "The payment cannot be refunded"
)
REFUND_EXCEEDS = BUSINESS_RULE_VIOLATION.specific(
    "REFUND_EXCEEDS", "Remboursement supérieur au reste", "The refund exceeds what is left"
)
DOUBLE_REFUND_RISK = PRECONDITION_FAILED.specific(
    "DOUBLE_REFUND_RISK", "Risque de double remboursement", "The debtor may still claim it at his bank"
)
REFUND_UNDER_WAY = PRECONDITION_FAILED.specific(
    "REFUND_UNDER_WAY", "Un remboursement est déjà en cours", "A refund of this payment is under way"
)


class RefundReason(StrEnum):
    """Why money is given back."""

    DUPLICATE = "DUPLICATE"
    FRAUDULENT = "FRAUDULENT"
    REQUESTED_BY_CUSTOMER = "REQUESTED_BY_CUSTOMER"
    SERVICE_NOT_PROVIDED = "SERVICE_NOT_PROVIDED"
    OVERPAYMENT = "OVERPAYMENT"
    WITHDRAWAL = "WITHDRAWAL"
    OTHER = "OTHER"


class RefundChannel(StrEnum):
    """How money goes back: through the provider it came by, or paid out by hand."""

    PSP = "PSP"
    MANUAL = "MANUAL"


class RefundStatus(StrEnum):
    """The life of a refund."""

    PENDING_APPROVAL = "PENDING_APPROVAL"
    PENDING = "PENDING"
    SUBMITTED = "SUBMITTED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Refund(Reply):
    """A refund and who decided it."""

    refund_id: UUID
    payment_id: UUID
    amount: Money
    reason: RefundReason
    channel: RefundChannel
    status: RefundStatus
    provider_refund_id: str | None = None
    credit_note_id: UUID | None = None
    requested_by: str
    decided_by: str | None = None
    error_code: str | None = None
    refunded_on: date | None = None
    created_at: Instant
    version: int


class RefundPage(Page[Refund]):
    """Refunds by creation, newest first."""


class CreateRefund(Request[Refund], permission="payments:refund:write", idempotency=Idempotency.REQUIRED):
    """Give a payment back, whole or in part. Above 150.00 EUR a second person must approve."""

    id: UUID | None = None
    payment_id: UUID
    amount: Money | None = Field(default=None, description="left out: all that can still be refunded")
    reason: RefundReason
    channel: RefundChannel | None = Field(default=None, description="left out: the way the money came")
    credit_note_id: UUID | None = None
    accept_double_refund_risk: bool = Field(
        default=False, description="a debit younger than 8 weeks can also be claimed at the debtor's bank"
    )


class ApproveRefund(Request[Refund], permission="payments:refund:approve"):
    """Let a refund go; never by the one who asked for it."""

    refund_id: UUID


class RefuseRefund(Request[Refund], permission="payments:refund:approve"):
    """Stop a refund that waits for approval."""

    refund_id: UUID
    reason: Label


class CancelRefund(Request[Refund]):
    """Take back a refund that still waits for approval; repeating it changes nothing."""

    refund_id: UUID
    reason: Label


class GetRefund(Request[Refund], query=True, permission="payments:refund:read"):
    """One refund."""

    refund_id: UUID


class ListRefunds(PageRequest, Request[RefundPage], query=True, permission="payments:refund:read"):
    """Refunds by payment and state."""

    payment_id: UUID | None = None
    status: tuple[RefundStatus, ...] = ()


class PaymentRefunded(PaymentRef, Event, aggregate="payment"):
    """Money went back to the client."""

    refund_id: UUID
    refund_amount: Money
    remaining_refundable: Money
    reason: RefundReason
    credit_note_id: UUID | None = None
    refunded_on: date
    allocations_reversed: tuple[Allocation, ...]


class RefundFailed(PaymentRef, Event, aggregate="refund"):
    """A refund did not go through; the money is still here."""

    refund_id: UUID
    error_code: str
