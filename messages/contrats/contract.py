"""What contrats shows of a contract: snapshots inside events, and replies."""

from datetime import date
from uuid import UUID

from messages.base import Message, Reply
from messages.contrats.terms import (
    ActorKind,
    AdjustmentCause,
    AdjustmentKind,
    BillingAnchor,
    BillingFrequency,
    BillingMode,
    ContractClientKind,
    ContractStatus,
    ContractType,
    EarlyTerminationPolicy,
    InitiatedBy,
    InstalmentStatus,
    LegalRegime,
    LineKind,
    MandateScheme,
    NoticeUnit,
    OperationKind,
    OperationStatus,
    PaymentMethod,
    PaymentStanding,
    PriceCheck,
    ProrationMethod,
    QualityStatus,
    RenewalMode,
    ReviewStatus,
    SalesChannel,
    ServiceKind,
    ServiceStatus,
    SourceChannel,
    TerminationChannel,
    TerminationReason,
    TerminationStatus,
    TermKind,
)
from messages.paging import Page
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Quantity, Rate


class ContractLine(Reply):
    """What is sold: net amounts are those of one full billing period, discount taken off."""

    line_id: UUID
    product_id: UUID
    product_code: str
    description: str
    kind: LineKind
    billing_period: BillingFrequency
    quantity: Quantity
    unit_price_net: Money
    discount_pct: Rate | None = None
    discount_amount: Money | None = None
    net: Money
    vat_rate: Rate
    vat_category: str
    recurrence: BillingFrequency
    valid_from: date
    valid_to: date | None = None


class ContractSnapshot(Reply):
    """The whole visible state of a contract."""

    contract_id: UUID
    reference: str
    version_no: int
    type: ContractType
    legal_regime: LegalRegime
    status: ContractStatus
    quality_status: QualityStatus
    client_id: UUID
    client_kind: ContractClientKind
    company_id: UUID
    sales_rep_id: UUID
    sales_channel: SalesChannel
    source_channel: SourceChannel | None = None
    starts_on: date
    ends_on: date | None = None
    effective_on: date
    commitment_ends_on: date | None = None
    term_kind: TermKind
    currency: str
    billing_frequency: BillingFrequency
    billing_mode: BillingMode
    payment_method: PaymentMethod
    payment_terms_days: int
    recurring_net: Money
    recurring_gross: Money
    mrr: Money
    arr: Money
    billing_address_id: UUID | None = None
    document_id: UUID | None = None
    price_quote_ids: tuple[UUID, ...] = ()
    reason: str | None = None
    lines: tuple[ContractLine, ...] = ()


class MandateConsent(Message):
    """The client's written consent to the mandate, inside the signed file."""

    document_id: UUID
    signed_at: Instant
    evidence_id: UUID


class SignatureFacts(Reply):
    """What follows from the signature: evidence, legal delays, and how the client will pay."""

    signed_at: Instant
    concluded_on: date
    evidence_id: UUID
    signature_evidence_document_id: UUID
    total_contract_value: Money
    withdrawal_applicable: bool
    withdrawal_ends_on: date | None = None
    first_payment_not_before: date | None = None
    early_performance_requested: bool
    mandate_scheme: MandateScheme | None = None
    bank_details_id: UUID | None = None
    mandate_id: UUID | None = None
    mandate_consent: MandateConsent | None = None
    preferred_debit_day: int | None = None
    debit_slot: str | None = None
    return_url: str | None = None


class TerminationFacts(Reply):
    """When and why a contract ends, and what that costs or gives back (net amounts)."""

    ends_on: date
    reason_code: TerminationReason
    initiated_by: InitiatedBy
    channel: TerminationChannel
    received_on: date
    months_in_force: int
    fee: Money
    credit: Money
    notice_id: UUID | None = None
    legitimate_reason: bool


class Proration(Message):
    """How much of a broken period is billed: days used of days of the period."""

    used: int
    total: int


class InstalmentLine(Message):
    """One line of a billing instalment, already prorated."""

    line_id: UUID
    product_id: UUID
    description: str
    quantity: Quantity
    unit_price: Money
    discount_pct: Rate | None = None
    net: Money
    vat_rate: Rate
    vat_category: str
    recurring: bool
    proration: Proration | None = None


class BillingInstalment(Reply):
    """One billing period of a contract; VAT is computed once per category and rate."""

    billing_instalment_id: UUID
    frequency: BillingFrequency
    period_no: int
    period_start: date
    period_end: date
    bill_on: date
    due_on: date
    version_no: int
    lines: tuple[InstalmentLine, ...]
    net_total: Money
    vat_total: Money
    gross_total: Money


class BillingAdjustment(Reply):
    """A correction billed beside the periods; `net` is never negative, the kind says the direction."""

    adjustment_id: UUID
    kind: AdjustmentKind
    cause: AdjustmentCause
    line_id: UUID | None = None
    billing_instalment_id: UUID | None = None
    net: Money
    vat_rate: Rate
    vat_category: str
    label: str


class ServiceLinkRef(Message):
    """A service at a provider, as provisioning orders name it."""

    id: UUID
    provider_code: str
    kind: ServiceKind
    external_service_id: str | None = None


# -- replies -----------------------------------------------------------------------------------------------------


class ScheduledInstalment(BillingInstalment):
    """A billing period with where it stands."""

    status: InstalmentStatus
    invoice_id: UUID | None = None


class ServiceLink(ServiceLinkRef):
    """A service at a provider and its state."""

    status: ServiceStatus


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
    instalments: tuple[ScheduledInstalment, ...] = ()
    service_links: tuple[ServiceLink, ...] = ()
    quality_review: QualityReview | None = None


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


class StatusHistoryPage(Page[StatusHistoryEntry]):
    """Transitions, newest first."""


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
