"""What contrats can be asked."""

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Part, Request
from messages.contrats.replies import (
    BillingSchedule,
    Contract,
    ContractOperation,
    ContractPage,
    OperationPage,
    QualityReview,
    StatusHistoryPage,
    TerminationQuote,
    TerminationRequest,
    Withdrawal,
)
from messages.contrats.terms import (
    BillingAnchor,
    BillingFrequency,
    BillingMode,
    BillingPolicy,
    ContractClientKind,
    ContractStatus,
    ContractType,
    EarlyTerminationPolicy,
    Gate,
    InitiatedBy,
    LegalRegime,
    LineKind,
    MandateScheme,
    NoticeUnit,
    PaymentMethod,
    ProrationMethod,
    ProviderOutcome,
    QualityStatus,
    RenewalMode,
    SalesChannel,
    ServiceKind,
    SignatureMethod,
    SignerRole,
    SourceChannel,
    SuspensionReason,
    TerminationChannel,
    TerminationReason,
    TermKind,
)
from messages.paging import PageRequest
from messages.registry import ACTORS
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent, Quantity, Rate
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Code, Label, Line, Paragraph

_LONGEST_SCHEDULE = timedelta(days=5 * 366)
_LARGEST_LINE = Decimal(10_000_000)
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class LineDraft(Part):
    """A line as sold; the price is that of one unit for one billing period, without VAT."""

    product_id: UUID
    description: Line | None = None
    kind: LineKind = LineKind.RECURRING
    billing_period: BillingFrequency | None = Field(default=None, description="the contract's own when left out")
    quantity: Quantity = Decimal(1)
    unit_price_net: Money
    discount_pct: Percent | None = None
    discount_amount: Money | None = None
    vat_rate: Percent = Decimal("20.00")
    vat_category: Annotated[str, Field(pattern="^[A-Z]{1,2}$")] = "S"
    provider_code: Code | None = None
    service_kind: ServiceKind = ServiceKind.OTHER

    @model_validator(mode="after")
    def _amounts_make_sense(self) -> "LineDraft":
        if self.quantity <= 0 or self.quantity != self.quantity.quantize(Decimal("0.001")):
            raise refusal("INVALID_QUANTITY", "quantity must be above zero with at most three decimals; correct it")
        if self.quantity * self.unit_price_net.amount > _LARGEST_LINE:
            raise refusal("INVALID_AMOUNT", "a line costs at most 10000000.00 a period; correct quantity or price")
        if self.unit_price_net.amount < 0:
            raise refusal("NEGATIVE_PRICE", "unit_price_net is below zero; give zero or more")
        if self.discount_pct is not None and self.discount_amount is not None:
            raise refusal("TWO_DISCOUNTS", "give either discount_pct or discount_amount, not both")
        if (self.kind is LineKind.ONE_OFF) != (self.billing_period is BillingFrequency.ONE_OFF) and (
            self.billing_period is not None
        ):
            raise refusal("INVALID_PERIOD", "billing_period ONE_OFF goes with kind ONE_OFF only; correct one of them")
        return self


class DraftTerms(Part):
    """The terms of a draft; what is left out takes the default of the regime."""

    type: ContractType = ContractType.SUBSCRIPTION
    legal_regime: LegalRegime | None = None
    client_kind: ContractClientKind | None = None
    sales_channel: SalesChannel = SalesChannel.DISTANCE
    source_channel: SourceChannel | None = None
    starts_on: date = Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))
    term_kind: TermKind = TermKind.FIXED
    initial_term_months: Annotated[int, Field(ge=1, le=120)] | None = None
    ends_on: date | None = None
    commitment_months: Annotated[int, Field(ge=0, le=120)] = 0
    renewal_mode: RenewalMode | None = None
    renewal_term_months: Annotated[int, Field(ge=1, le=120)] = 12
    max_renewals: Annotated[int, Field(ge=0, le=100)] | None = None
    early_termination_policy: EarlyTerminationPolicy | None = None
    early_termination_fee_rate: Annotated[Rate, Field(ge=0, le=1)] = Decimal(1)
    notice_value: Annotated[int, Field(ge=0, le=365)] | None = None
    notice_unit: NoticeUnit = NoticeUnit.DAYS
    subsidised_device: bool = False
    billing_frequency: BillingFrequency = BillingFrequency.MONTHLY
    billing_mode: BillingMode = BillingMode.ADVANCE
    billing_anchor: BillingAnchor = BillingAnchor.ANNIVERSARY
    proration_method: ProrationMethod = ProrationMethod.ACTUAL_DAYS
    invoice_lead_days: Annotated[int, Field(ge=0, le=60)] | None = None
    payment_method: PaymentMethod = PaymentMethod.SEPA_DIRECT_DEBIT
    payment_terms_days: Annotated[int, Field(ge=0, le=365)] = 30
    mandate_scheme: MandateScheme | None = None
    bank_details_id: UUID | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    debit_slot: Code | None = None
    return_url: Annotated[str, Field(max_length=500, pattern=r"^https://\S+$"), PRINTABLE] | None = None
    billing_address_id: UUID | None = None
    sales_rep_id: UUID


class CreateContract(Request[Contract]):
    """Draft a contract on a verified quote, or on lines typed by hand by someone allowed to."""

    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")
    reference: Label | None = Field(default=None, description="made up when left out: CTR-2026-000001")
    client_id: UUID
    company_id: UUID | None = Field(default=None, description="the selling company; left out where there is only one")
    terms: DraftTerms
    price_quote_id: UUID | None = None
    lines: Annotated[tuple[LineDraft, ...], Field(max_length=100)] = ()
    provider_code: Code | None = Field(default=None, description="who delivers the recurring lines of the quote")
    service_kind: ServiceKind = ServiceKind.OTHER

    @model_validator(mode="after")
    def _priced(self) -> "CreateContract":
        if self.price_quote_id is None and not self.lines:
            raise refusal("NO_PRICE", "give price_quote_id, or lines with their prices")
        return self


class UpdateContract(Request[Contract]):
    """Replace the terms of a draft, its lines, or both; later only the seller may change."""

    contract_id: UUID
    expected_version: int
    terms: DraftTerms | None = None
    lines: Annotated[tuple[LineDraft, ...], Field(min_length=1, max_length=100)] | None = None
    price_quote_id: UUID | None = None
    sales_rep_id: UUID | None = Field(default=None, description="the only thing that may change after the draft")


class GetContract(
    Request[Contract], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "contrats")
):
    """One contract by id or reference; also answers an actor that met an unknown id."""

    contract_id: UUID | None = None
    reference: Label | None = None
    as_of: date | None = Field(default=None, description="what was agreed for that day")
    with_details: bool = Field(
        default=False, description="with instalments, services, history, renewal and the last quality review"
    )

    @model_validator(mode="after")
    def _one_key(self) -> "GetContract":
        if (self.contract_id is None) == (self.reference is None):
            raise refusal("ONE_KEY", "give either contract_id or reference")
        return self


class ContractSort(StrEnum):
    """What a list of contracts may be sorted by."""

    CREATED_AT = "created_at"
    REFERENCE = "reference"
    STARTS_ON = "starts_on"
    ENDS_ON = "ends_on"
    STATUS = "status"
    MRR = "mrr"


class ListContracts(PageRequest, Request[ContractPage], query=True, resource="contract"):
    """The contracts of the organisation, filtered and in pages."""

    sort_by: ContractSort = ContractSort.CREATED_AT
    descending: bool = True
    client_id: UUID | None = None
    company_id: UUID | None = None
    sales_rep_id: UUID | None = None
    status: tuple[ContractStatus, ...] = ()
    quality_status: tuple[QualityStatus, ...] = ()
    type: tuple[ContractType, ...] = ()
    product_id: UUID | None = None
    ends_from: date | None = None
    ends_to: date | None = None
    search: Annotated[str, Field(min_length=2, max_length=100)] | None = None


class ListContractStatusHistory(PageRequest, Request[StatusHistoryPage], query=True, resource="contract"):
    """What the contract went through, newest first."""

    contract_id: UUID


class CancelContract(Request[Contract], permission="contrats:contract:write"):
    """Give up a contract that is not in force yet."""

    contract_id: UUID
    expected_version: int | None = None
    reason_code: Code
    comment: Paragraph | None = None


class SignerFacts(Part):
    """Who signed, and how we know."""

    role: SignerRole = SignerRole.CLIENT
    full_name: Label
    email_sha256: Sha256 | None = None
    ip_sha256: Sha256 | None = None
    user_agent: Line | None = None
    consent_text_sha256: Sha256 | None = None
    signed_at: Instant


class SignContract(Request[Contract], permission="contrats:signature:send"):
    """Record a signature given on paper or in the portal.

    The contract awaits signature until its proof is stored by documents; contract.signed follows then.
    """

    contract_id: UUID
    expected_version: int | None = None
    signed_at: Instant
    method: SignatureMethod
    signers: Annotated[tuple[SignerFacts, ...], Field(min_length=1, max_length=10)]
    signed_document_sha256: Sha256
    signed_document_id: UUID | None = Field(default=None, description="the signed file, when documents holds it")
    mandate_consent: bool = Field(default=False, description="the signed file holds the SEPA mandate")
    bank_details_id: UUID | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    early_performance_requested: bool = Field(
        default=False, description="the client expressly asked for service during the withdrawal period"
    )


class SubmitQualityReview(Request[QualityReview], permission="contrats:contract:write"):
    """Put a rejected sale before the back office again."""

    contract_id: UUID
    comment: Paragraph | None = None


class ApproveQuality(Request[QualityReview], permission="contrats:quality:review"):
    """Find the sale in order; opens a gate and lets commissions be earned."""

    contract_id: UUID
    checklist: dict[Code, bool] = Field(default_factory=dict, max_length=20)
    comment: Paragraph | None = None


class RejectQuality(Request[QualityReview], permission="contrats:quality:review"):
    """Find the sale not in order; it stays signed and may be submitted again."""

    contract_id: UUID
    checklist: dict[Code, bool] = Field(default_factory=dict, max_length=20)
    codes: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    comment: Paragraph | None = None


class ActivateContract(Request[ContractOperation], resource="contract"):
    """Start the service now; forcing a gate needs its own permission and a reason."""

    contract_id: UUID
    force_gates: frozenset[Gate] = frozenset()
    reason: Paragraph | None = None


class SuspendContract(Request[ContractOperation], resource="contract"):
    """Cut the service for a while."""

    contract_id: UUID
    reason: SuspensionReason
    resume_on: date | None = None
    billing_policy: BillingPolicy = BillingPolicy.PAUSE


class ResumeContract(Request[ContractOperation], permission="contrats:contract:suspend"):
    """End a suspension."""

    contract_id: UUID


class HandleProviderCallback(Request[Empty], internal_callers=("bridge",)):
    """A service provider's answer to contract.provisioning_requested; repeating it changes nothing."""

    provider: Code
    callback_id: Label
    operation_id: UUID
    service_link_id: UUID | None = Field(default=None, description="all services of the provider when left out")
    outcome: ProviderOutcome
    external_service_id: Label | None = None
    error_code: Code | None = None


class ListOperations(PageRequest, Request[OperationPage], query=True, resource="contract"):
    """What was done at the providers, newest first."""

    contract_id: UUID


class RetryOperation(Request[ContractOperation], permission="contrats:contract:activate"):
    """Order once more what a provider refused or failed to do; only a FAILED operation."""

    operation_id: UUID


class WithdrawContract(Request[Withdrawal], resource="contract"):
    """The consumer withdraws in time: everything is refunded but the days served at his express request."""

    contract_id: UUID
    sent_on: date
    received_on: date
    statement_document_id: UUID | None = None


class QuoteTermination(Request[TerminationQuote], query=True, permission="contrats:contract:read"):
    """What leaving would cost; changes nothing."""

    contract_id: UUID
    received_on: date
    requested_ends_on: date | None = None
    reason_code: TerminationReason = TerminationReason.CLIENT_REQUEST
    legitimate_reason: bool = False


class TerminateContract(Request[TerminationRequest], resource="contract"):
    """Schedule the end of a contract after its notice."""

    contract_id: UUID
    received_on: date
    requested_ends_on: date | None = None
    reason_code: TerminationReason
    channel: TerminationChannel
    initiated_by: InitiatedBy = InitiatedBy.CLIENT
    legitimate_reason: bool = False


class RevokeTermination(Request[Contract], permission="contrats:contract:terminate"):
    """Take a scheduled end back before it came."""

    contract_id: UUID


class GetBillingSchedule(Request[BillingSchedule], query=True, permission="contrats:billing:read"):
    """The billing periods that begin between two days."""

    contract_id: UUID
    from_day: date
    to_day: date

    @model_validator(mode="after")
    def _not_too_long(self) -> "GetBillingSchedule":
        if not timedelta() <= self.to_day - self.from_day <= _LONGEST_SCHEDULE:
            raise refusal("INVALID_DATES", "from_day lies before to_day, at most five years earlier; correct them")
        return self
