"""Payments: attempts to collect and receipts, what they settle and how they fail; and how a client stands."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from messages.base import Event, Idempotency, Part, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.providers import Provider
from messages.payments.snapshots import Allocation, FailureNotice, PaymentRef
from messages.payments.vocabulary import PaymentMethod, PaymentStatus, ReasonCategory, RiskLevel, SequenceType, Standing
from messages.registry import ACTORS
from messages.values.instants import Instant
from messages.values.money import Amount, Money
from messages.values.text import Label, Line


class Payment(PaymentRef):
    """A payment in full."""

    batch_id: UUID | None = None
    end_to_end_id: str
    sequence_type: SequenceType | None = None
    rum: str | None = None
    iban_masked: str | None = None
    refunded_amount: Money
    charged_back_amount: Money
    allocated_amount: Money
    submitted_at: Instant | None = None
    settled_on: date | None = None
    paid_at: Instant | None = None
    reason_code: str | None = None
    reason_category: ReasonCategory | None = None
    display_status: str
    external_reference: str | None = None
    psp_account_id: UUID | None = None
    payment_method_id: UUID | None = None
    provider_payment_id: str | None = None
    action_url: str | None = None
    created_at: Instant
    version: int


class PaymentPage(Page[Payment]):
    """Payments by creation, newest first."""


class PaymentTimelineEntry(Reply):
    """Something that happened to a payment."""

    id: UUID
    type: str
    occurred_at: Instant
    by: str
    data: dict[str, Any]


class PaymentTimeline(Reply):
    """Everything that happened to a payment, oldest first."""

    payment_id: UUID
    entries: tuple[PaymentTimelineEntry, ...]


class AllocationOrder(Part):
    """How much of a receipt settles which invoice."""

    invoice_id: UUID
    amount: Money


class OpenItem(Reply):
    """An invoice that is not fully settled, as payments sees it."""

    invoice_id: UUID
    number: str | None
    due_date: date | None
    amount: Money
    open: Money


class ClientBalance(Reply):
    """What a client owes and what he paid ahead, in the default currency; the 200 oldest open invoices in their own."""

    client_id: UUID
    balance: Money
    unallocated: Money
    standing: Standing
    open_items: tuple[OpenItem, ...]


class GetPayment(
    Request[Payment], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "payments")
):
    """One payment; also answers an actor that met an unknown id."""

    payment_id: UUID


class ListPayments(PageRequest, Request[PaymentPage], query=True, resource="payment"):
    """Payments by client, contract, file, state, provider, date and amount; both ends of a range count."""

    client_id: UUID | None = None
    contract_id: UUID | None = None
    instalment_id: UUID | None = None
    batch_id: UUID | None = None
    company_id: UUID | None = None
    status: tuple[PaymentStatus, ...] = ()
    method: PaymentMethod | None = None
    provider: Provider | None = None
    collected_from: date | None = None
    collected_to: date | None = None
    amount_from: Amount | None = None
    amount_to: Amount | None = None
    reference: Annotated[str, Field(min_length=2, max_length=40)] | None = None


class GetPaymentTimeline(Request[PaymentTimeline], query=True, permission="payments:payment:read"):
    """What happened to a payment."""

    payment_id: UUID


class AddPaymentNote(
    Request[PaymentTimelineEntry], permission="payments:payment:write", idempotency=Idempotency.REQUIRED
):
    """Write a note into a payment's history: the only entry that a person makes."""

    payment_id: UUID
    text: Line


class CancelPayment(Request[Payment]):
    """Take a payment out before its file is transmitted; its instalment is due again."""

    payment_id: UUID
    reason: Label


class RecordManualPayment(Request[Payment], permission="payments:payment:record", idempotency=Idempotency.REQUIRED):
    """Record money that arrived by transfer, cheque or in cash; without instructions the oldest debts are settled first."""

    id: UUID | None = None
    company_id: UUID
    client_id: UUID
    amount: Money
    method: PaymentMethod
    received_on: date
    reference: Line | None = None
    allocations: Annotated[tuple[AllocationOrder, ...], Field(max_length=100)] = ()


class AllocatePayment(Request[Payment]):
    """Settle invoices with what is left of a receipt."""

    payment_id: UUID
    allocations: Annotated[tuple[AllocationOrder, ...], Field(min_length=1, max_length=100)]


class GetClientBalance(Request[ClientBalance], query=True, permission="payments:payment:read"):
    """What a client owes now."""

    client_id: UUID


class PaymentCreated(PaymentRef, Event, aggregate="payment"):
    """An attempt to collect exists."""


class PaymentBatched(PaymentRef, Event, aggregate="payment"):
    """The debit stands in a bank file."""

    batch_id: UUID
    sequence_type: SequenceType


class PaymentSubmitted(PaymentRef, Event, aggregate="payment"):
    """The debit was presented to the bank."""

    provider_payment_id: str | None = None
    submitted_at: Instant


class PaymentReceived(PaymentRef, Event, aggregate="payment"):
    """The money is there."""

    paid_on: date
    settled_on: date | None = None
    presumed: bool = False
    allocations: tuple[Allocation, ...]
    fees: Money


class PaymentRejected(FailureNotice, Event, aggregate="payment"):
    """The debit was refused before money moved."""


class PaymentReturned(FailureNotice, Event, aggregate="payment"):
    """The money was taken back."""

    allocations_reversed: tuple[Allocation, ...]
    compensation: Money
    within_scheme_window: bool


class PaymentCancelled(PaymentRef, Event, aggregate="payment"):
    """The attempt was withdrawn before money moved."""

    reason: str
    before_submission: bool


class PaymentAllocated(Event, aggregate="payment"):
    """What a payment settles changed, outside received and returned."""

    payment_id: UUID
    client_id: UUID
    company_id: UUID
    allocation: Allocation


class PaymentPrenotificationDue(Event, aggregate="payment", personal=True, aggregate_id="instalment_id"):
    """The debtor must be told amount and date of a debit now."""

    instalment_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    invoice_number: str | None = None
    amount: Money
    collection_date: date
    rum: str
    creditor_identifier: str
    creditor_name: str
    iban_masked: str


class PaymentStandingChanged(Event, aggregate="payment_standing", aggregate_id="client_id"):
    """How a client pays is judged differently now."""

    client_id: UUID
    company_id: UUID | None = None
    standing: Standing
    previous: Standing
    risk: RiskLevel
    outstanding: Money


CASH_LIMIT_AMOUNT = Decimal("1000.00")
"""The most a consumer resident or a business may pay in cash (Code monétaire et financier, art. D112-3)."""
