"""What contrats shows of a contract: snapshots inside events, and replies."""

from datetime import date
from uuid import UUID

from pydantic import Field

from messages.base import Message, Reply
from messages.contrats.states import (
    AdjustmentCause,
    AdjustmentKind,
    ContractStatus,
    QualityStatus,
    ServiceKind,
    TerminationChannel,
    TerminationReason,
)
from messages.contrats.terms import (
    BillingFrequency,
    BillingMode,
    ContractClientKind,
    ContractType,
    InitiatedBy,
    LegalRegime,
    LineKind,
    MandateScheme,
    PaymentMethod,
    SalesChannel,
    SourceChannel,
    TermKind,
)
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Quantity, Rate


class ContractLine(Reply):
    """What is sold: net amounts are those of one full billing period, discount taken off.

    A discount for some periods counts in no recurring revenue (mrr, arr): that is what lasts.
    """

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
    discount_periods: int | None = Field(
        default=None, description="the contract's first periods up to which the line is discounted; null: for ever"
    )
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
