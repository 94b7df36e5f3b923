"""What contrats can be asked."""

from datetime import date, timedelta
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
from messages.contrats.states import (
    BillingPolicy,
    ContractStatus,
    Gate,
    PortInStatus,
    ProviderOutcome,
    QualityStatus,
    SuspensionReason,
    TerminationChannel,
    TerminationReason,
)
from messages.contrats.terms import ContractType, InitiatedBy, SignatureMethod, SignerRole
from messages.paging import PageRequest
from messages.registry import ACTORS
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line, Paragraph

_LONGEST_SCHEDULE = timedelta(days=5 * 366)
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


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
    expected_version: int
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
    expected_version: int
    signed_at: Instant
    method: SignatureMethod
    signers: Annotated[tuple[SignerFacts, ...], Field(min_length=1, max_length=10)]
    signed_document_sha256: Sha256
    signed_document_id: UUID | None = Field(default=None, description="the signed file, when documents holds it")
    mandate_consent: bool = Field(default=False, description="the signed file holds the SEPA mandate")
    bank_details_id: UUID | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    withdrawal_form_given: bool = Field(
        default=True, description="without it the right to withdraw lasts a year longer"
    )
    early_performance_requested: bool = Field(
        default=False, description="the client expressly asked for service during the withdrawal period"
    )


class SubmitQualityReview(Request[QualityReview], permission="contrats:contract:write"):
    """Put a rejected sale before the back office again."""

    contract_id: UUID
    expected_version: int
    comment: Paragraph | None = None


class ApproveQuality(Request[QualityReview], permission="contrats:quality:review"):
    """Find the sale in order; opens a gate and lets commissions be earned."""

    contract_id: UUID
    expected_version: int
    checklist: dict[Code, bool] = Field(default_factory=dict, max_length=20)
    comment: Paragraph | None = None


class RejectQuality(Request[QualityReview], permission="contrats:quality:review"):
    """Find the sale not in order; it stays signed and may be submitted again."""

    contract_id: UUID
    expected_version: int
    checklist: dict[Code, bool] = Field(default_factory=dict, max_length=20)
    codes: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    comment: Paragraph | None = None


class ActivateContract(Request[ContractOperation], resource="contract"):
    """Start the service now; forcing a gate needs its own permission and a reason."""

    contract_id: UUID
    expected_version: int
    effective_on: date | None = Field(
        default=None, description="today when left out; an earlier day needs contrats:contract:backdate"
    )
    force_gates: frozenset[Gate] = frozenset()
    reason: Paragraph | None = None


class SuspendContract(Request[ContractOperation], resource="contract"):
    """Cut the service for a while."""

    contract_id: UUID
    expected_version: int
    reason: SuspensionReason
    starts_on: date | None = Field(default=None, description="today when left out")
    resume_on: date | None = None
    billing_policy: BillingPolicy = BillingPolicy.PAUSE
    reduced_amount: Money | None = Field(default=None, description="per billing period; with REDUCED only")
    extends_term: bool = Field(default=False, description="term and commitment end later by the suspended days")

    @model_validator(mode="after")
    def _reduced_has_its_price(self) -> "SuspendContract":
        if (self.billing_policy is BillingPolicy.REDUCED) is not (self.reduced_amount is not None):
            raise refusal("REDUCED_AMOUNT", "reduced_amount goes with REDUCED, and only with it; correct one of them")
        return self


class ResumeContract(Request[ContractOperation], permission="contrats:contract:suspend"):
    """End a suspension."""

    contract_id: UUID
    expected_version: int


class PortAnswer(Part):
    """What an operator says of a number that is being brought."""

    status: PortInStatus
    scheduled_on: date | None = None
    refusal_code: Code | None = None


class HandleProviderCallback(Request[Empty], internal_callers=("bridge",)):
    """A service provider's answer to contract.provisioning_requested; repeating it changes nothing."""

    provider: Code
    callback_id: Label
    operation_id: UUID
    service_link_id: UUID | None = Field(default=None, description="all services of the provider when left out")
    outcome: ProviderOutcome
    external_service_id: Label | None = None
    error_code: Code | None = None
    port: PortAnswer | None = None


class ListOperations(PageRequest, Request[OperationPage], query=True, resource="contract"):
    """What was done at the providers, newest first."""

    contract_id: UUID


class RetryOperation(Request[ContractOperation], permission="contrats:contract:activate"):
    """Order once more what a provider refused or failed to do; only a FAILED operation."""

    operation_id: UUID


class WithdrawContract(Request[Withdrawal], resource="contract"):
    """The consumer withdraws in time: everything is refunded but the days served at his express request."""

    contract_id: UUID
    expected_version: int
    sent_on: date
    received_on: date
    channel: TerminationChannel = TerminationChannel.ONLINE
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
    expected_version: int
    received_on: date
    requested_ends_on: date | None = None
    reason_code: TerminationReason
    channel: TerminationChannel
    initiated_by: InitiatedBy = InitiatedBy.CLIENT
    legitimate_reason: bool = Field(default=False, description="proved by evidence_document_id")
    evidence_document_id: UUID | None = None
    fee_waiver: bool = Field(default=False, description="needs contrats:contract:waive_fee")
    formal_notice_ends_on: date | None = Field(
        default=None, description="with NON_PAYMENT by the company: the last day of the proved formal notice"
    )
    notice_id: UUID | None = Field(default=None, description="that notice in payments; told on with the end")


class RevokeTermination(Request[Contract], permission="contrats:contract:terminate"):
    """Take a scheduled end back before it came."""

    contract_id: UUID
    expected_version: int


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
