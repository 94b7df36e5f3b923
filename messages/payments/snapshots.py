"""The payload types of payments that events and replies share (events.md 0.5)."""

from datetime import date
from typing import Any
from uuid import UUID

from messages.base import Reply
from messages.payments.bank_vocabulary import BatchScheme, BatchStatus
from messages.payments.providers import Provider
from messages.payments.vocabulary import (
    BankDetailsStatus,
    FailurePhase,
    InstalmentStatus,
    MandateEffect,
    MandateKind,
    MandateScheme,
    MandateStatus,
    PaymentMethod,
    PaymentStatus,
    PaymentType,
    PlannedBy,
    ReasonCategory,
    RetryAdvice,
    RType,
    ScheduleFrequency,
    ScheduleStatus,
)
from messages.values.instants import Instant
from messages.values.money import Money


class BankDetailsSnapshot(Reply):
    """A debtor's account without its number: masked, and a fingerprint that is the same in every actor."""

    bank_details_id: UUID
    client_id: UUID
    iban_country: str
    iban_last4: str
    iban_masked: str
    iban_fingerprint: str
    bic: str | None = None
    holder_name: str
    status: BankDetailsStatus


class MandateSnapshot(Reply):
    """A mandate as every actor may know it."""

    mandate_id: UUID
    rum: str
    client_id: UUID
    company_id: UUID
    contract_id: UUID | None = None
    scheme: MandateScheme
    kind: MandateKind
    creditor_identifier: str
    bank_details_id: UUID | None = None
    status: MandateStatus
    reason: str | None = None
    next_possible_charge_date: date | None = None
    last_presented_on: date | None = None


class ScheduleSnapshot(Reply):
    """The rule that produces a contract's instalments."""

    schedule_id: UUID
    reference: str
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    amount: Money
    frequency: ScheduleFrequency
    interval: int
    start_date: date
    end_date: date | None = None
    mandate_id: UUID | None = None
    payment_method_id: UUID | None = None
    status: ScheduleStatus


class InstalmentSnapshot(Reply):
    """One amount due on one date."""

    instalment_id: UUID
    attempt: int
    schedule_id: UUID | None = None
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    period_index: int
    period_start: date
    period_end: date
    original_target_date: date
    planned_debit_date: date
    planned_by: PlannedBy
    rail: PaymentMethod
    amount: Money
    paid_amount: Money
    status: InstalmentStatus
    resolved_config: dict[str, Any] | None = None


class PaymentRef(Reply):
    """One attempt to collect, or a recorded receipt."""

    payment_id: UUID
    reference: str
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    instalment_id: UUID | None = None
    invoice_id: UUID | None = None
    schedule_id: UUID | None = None
    mandate_id: UUID | None = None
    type: PaymentType
    original_payment_id: UUID | None = None
    attempt_no: int
    amount: Money
    method: PaymentMethod
    provider: Provider
    status: PaymentStatus
    requested_collection_date: date | None = None


class Allocation(Reply):
    """What of a payment settles which invoice; `allocated_after` is authoritative, so repeats change nothing."""

    allocation_id: UUID
    payment_id: UUID
    invoice_id: UUID | None = None
    contract_id: UUID | None = None
    instalment_id: UUID | None = None
    amount: Money
    allocated_after: Money
    invoice_open_after: Money | None = None


class FailureNotice(PaymentRef):
    """A debit that did not bring money, or whose money was taken back, with what follows from the bank's reason."""

    phase: FailurePhase
    r_type: RType
    reason_code: str
    raw_code: str | None = None
    category: ReasonCategory
    retry_advice: RetryAdvice
    mandate_effect: MandateEffect
    psp_will_retry: bool = False
    rejected_on: date
    rejected_at: Instant
    fees: Money
    consecutive_failures: int
    r_key: str


class BatchRef(Reply):
    """A bank file."""

    batch_id: UUID
    msg_id: str
    company_id: UUID
    scheme: BatchScheme
    collection_date: date
    tx_count: int
    control_sum: Money
    status: BatchStatus
