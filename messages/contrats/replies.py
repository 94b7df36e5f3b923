"""What contrats answers: contracts in full and in lists, their parts and their history."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from messages.base import Reply
from messages.contrats.contract import BillingInstalment, ContractSnapshot, ServiceLinkRef
from messages.contrats.states import (
    ContractStatus,
    InstalmentStatus,
    OperationKind,
    OperationStatus,
    PaymentStanding,
    QualityStatus,
    RenewalChannel,
    RenewalStatus,
    ReviewStatus,
    ServiceStatus,
    TerminationChannel,
    TerminationReason,
    TerminationStatus,
)
from messages.contrats.terms import (
    ActorKind,
    BillingAnchor,
    ContractType,
    EarlyTerminationPolicy,
    InitiatedBy,
    MandateScheme,
    NoticeUnit,
    PriceCheck,
    ProrationMethod,
    RenewalMode,
    WithdrawalExemption,
    WithdrawalTrigger,
)
from messages.paging import Page
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Rate


class ScheduledInstalment(BillingInstalment):
    """A billing period with where it stands."""

    status: InstalmentStatus
    invoice_id: UUID | None = None


class ServiceLink(ServiceLinkRef):
    """A service at a provider: the line that pays for it, its days and its state."""

    line_id: UUID
    status: ServiceStatus
    begins_on: date
    ends_on: date | None = None


class QualityReview(Reply):
    """A back-office check of one sale."""

    id: UUID
    contract_id: UUID
    status: ReviewStatus
    checklist: dict[str, bool]
    submitted_by: str
    submitted_at: Instant
    reviewed_by: UUID | None = None
    reviewed_at: Instant | None = None
    rejection_codes: tuple[str, ...] = ()
    comment: str | None = None


class RenewalCycle(Reply):
    """The end of one term: until when to refuse, and when and how the client was told."""

    id: UUID
    contract_id: UUID
    term_ends_on: date
    refusal_deadline: date
    info_window_from: date | None = None
    info_window_to: date | None = None
    info_planned_on: date | None = None
    info_ordered_at: Instant | None = None
    info_sent_on: date | None = None
    info_channel: RenewalChannel | None = None
    status: RenewalStatus
    refused_on: date | None = None


class StatusHistoryEntry(Reply):
    """One transition of a contract; never changed afterwards."""

    id: UUID
    from_status: ContractStatus
    to_status: ContractStatus
    operation: str
    reason_code: str | None
    comment: str | None
    effective_at: Instant
    recorded_at: Instant
    actor_user_id: UUID | None
    actor_kind: ActorKind
    operation_id: UUID | None


class Contract(ContractSnapshot):
    """A contract in full."""

    payment_standing: PaymentStanding
    consecutive_rejections: int
    initial_term_months: int | None
    commitment_months: int
    renewal_mode: RenewalMode
    renewal_term_months: int
    early_termination_policy: EarlyTerminationPolicy
    early_termination_fee_rate: Rate
    notice_value: int
    notice_unit: NoticeUnit
    subsidised_device: bool
    billing_anchor: BillingAnchor
    proration_method: ProrationMethod
    invoice_lead_days: int
    price_check: PriceCheck
    signed_at: Instant | None
    concluded_on: date | None
    withdrawal_applicable: bool
    withdrawal_exemption: WithdrawalExemption | None = None
    withdrawal_trigger: WithdrawalTrigger = WithdrawalTrigger.CONCLUSION
    delivered_on: date | None = Field(default=None, description="the day the last of the goods was delivered")
    withdrawal_ends_on: date | None
    withdrawal_lapses_at: Instant | None
    first_payment_not_before: date | None
    early_performance_requested: bool
    collection_unlocked_at: Instant | None
    activated_at: Instant | None
    suspended_at: Instant | None
    terminated_at: Instant | None
    termination_ends_on: date | None
    mandate_id: UUID | None
    mandate_scheme: MandateScheme | None
    bank_details_id: UUID | None
    preferred_debit_day: int | None
    total_contract_value: Money
    created_at: Instant
    version: int
    external_reference: str | None = None
    title: str | None = None
    description: str | None = None
    notes: str | None = None
    payment_terms_id: UUID | None = None
    withdrawal_sent_on: date | None = None
    withdrawal_channel: TerminationChannel | None = None
    withdrawal_statement_document_id: UUID | None = None
    max_renewals: int | None = None
    renewal_count: int = 0
    instalments: tuple[ScheduledInstalment, ...] = ()
    service_links: tuple[ServiceLink, ...] = ()
    quality_review: QualityReview | None = None
    history: tuple[StatusHistoryEntry, ...] = ()
    renewal: RenewalCycle | None = None


class ContractSummary(Reply):
    """A contract in a list."""

    id: UUID
    reference: str
    type: ContractType
    status: ContractStatus
    quality_status: QualityStatus
    payment_standing: PaymentStanding
    client_id: UUID
    client_name: str | None
    company_id: UUID
    sales_rep_id: UUID
    starts_on: date
    ends_on: date | None
    mrr: Money
    created_at: Instant


class ContractPage(Page[ContractSummary]):
    """Contracts, newest first unless asked otherwise."""


class StatusHistoryPage(Page[StatusHistoryEntry]):
    """Transitions, newest first."""


class OperationStepName(StrEnum):
    """The parts of operations; PROVISION waits for the service providers."""

    CHECK = "CHECK"
    FINAL_BILLING = "FINAL_BILLING"
    PROVISION = "PROVISION"
    SET_STATUS = "SET_STATUS"
    OPEN_ENVELOPE = "OPEN_ENVELOPE"
    STORE_EVIDENCE = "STORE_EVIDENCE"


class OperationStep(Reply):
    """A part of an operation and where it stands."""

    name: OperationStepName
    status: OperationStatus
    attempts: int
    last_error: str | None
    next_attempt_at: Instant | None


class ContractOperation(Reply):
    """What is being done to a contract at its providers."""

    id: UUID
    contract_id: UUID
    operation: OperationKind
    status: OperationStatus
    request_id: UUID | None
    attempts: int
    error_code: str | None
    started_at: Instant
    finished_at: Instant | None
    steps: tuple[OperationStep, ...] = ()


class OperationPage(Page[ContractOperation]):
    """Operations, newest first."""


class BillingSchedule(Reply):
    """Billing periods that begin in a span of days, planned ones included."""

    contract_id: UUID
    instalments: tuple[ScheduledInstalment, ...]


class Withdrawal(Reply):
    """What a withdrawal leads to: the part the client owes and the last day of the refund."""

    contract: Contract
    prorata_due: Money
    refund_deadline: date


class TerminationQuote(Reply):
    """What leaving would cost and give back, net of VAT."""

    ends_on: date
    notice_ends_on: date
    fee: Money
    credit: Money
    explanation: tuple[str, ...]


class TerminationRequest(Reply):
    """A request to end a contract."""

    id: UUID
    contract_id: UUID
    status: TerminationStatus
    initiated_by: InitiatedBy
    channel: TerminationChannel
    reason_code: TerminationReason
    received_on: date
    notice_ends_on: date
    ends_on: date
    fee: Money
    credit: Money
