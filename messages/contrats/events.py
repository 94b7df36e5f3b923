"""The facts contrats states."""

from datetime import date
from uuid import UUID

from pydantic import ConfigDict, Field

from messages.base import Event
from messages.contrats.contract import (
    BillingAdjustment,
    BillingInstalment,
    ContractSnapshot,
    ServiceLinkRef,
    SignatureFacts,
    TerminationFacts,
)
from messages.contrats.states import (
    BillingPolicy,
    ContractStatus,
    Gate,
    OperationKind,
    PaymentStanding,
    ProvisioningAction,
    ProvisioningMode,
    SuspensionReason,
    SuspensionScope,
)
from messages.contrats.terms import MandateScheme, PaymentMethod
from messages.shared import LetterOrder
from messages.values.money import Money


class ContractCreated(ContractSnapshot, Event, aggregate="contract"):
    """A draft exists."""


class ContractUpdated(ContractSnapshot, Event, aggregate="contract"):
    """A draft changed."""

    changed_fields: tuple[str, ...]


class ContractSigned(ContractSnapshot, SignatureFacts, Event, aggregate="contract"):
    """The client is bound; payments makes the mandate, products accepts the quote."""


class ContractQualitySubmitted(ContractSnapshot, Event, aggregate="contract"):
    """The sale waits for the back office."""

    review_id: UUID


class ContractQualityApproved(ContractSnapshot, Event, aggregate="contract"):
    """The sale is in order: the trigger of initial commissions."""

    review_id: UUID
    reviewer_id: UUID
    approved_on: date


class ContractQualityRejected(ContractSnapshot, Event, aggregate="contract"):
    """The sale is not in order."""

    review_id: UUID
    reviewer_id: UUID
    codes: tuple[str, ...]
    comment: str | None = None


class ContractWithdrawalPeriodEnded(Event, aggregate="contract"):
    """The client can no longer withdraw."""

    contract_id: UUID
    withdrawal_ends_on: date


class ContractWithdrawn(ContractSnapshot, Event, aggregate="contract"):
    """The client withdrew in time."""

    sent_on: date
    received_on: date
    prorata_due: Money
    refund_deadline: date


class ContractCollectionUnlocked(Event, aggregate="contract"):
    """Every collection gate is open: money may be taken from that day on."""

    contract_id: UUID
    not_before: date


class ContractCollectionLocked(Event, aggregate="contract"):
    """A collection gate closed again: no money may be taken until contract.collection_unlocked."""

    contract_id: UUID
    reasons: tuple[Gate, ...]


class ContractMandateRequested(Event, aggregate="contract"):
    """The contract needs another mandate; the first one comes from contract.signed."""

    contract_id: UUID
    client_id: UUID
    company_id: UUID
    scheme: MandateScheme
    bank_details_id: UUID | None = None
    description: str
    return_url: str


class ContractProvisioningRequested(Event, aggregate="contract"):
    """An order to the service providers; they answer by handle_provider_callback."""

    operation_id: UUID
    contract_id: UUID
    action: ProvisioningAction
    mode: ProvisioningMode | None = None
    service_links: tuple[ServiceLinkRef, ...]


class ContractActivated(ContractSnapshot, Event, aggregate="contract"):
    """The service runs."""

    operation_id: UUID


class ContractSuspended(ContractSnapshot, Event, aggregate="contract"):
    """The service is cut."""

    request_id: UUID | None = None
    suspension_reason: SuspensionReason
    scope: SuspensionScope = SuspensionScope.CONTRACT
    service_line_ids: tuple[UUID, ...] = ()
    billing_policy: BillingPolicy
    resume_on: date | None = None


class ContractResumed(ContractSnapshot, Event, aggregate="contract"):
    """The service runs again."""

    request_id: UUID | None = None
    suspended_from: date
    suspended_to: date


class ContractStatusChanged(Event, aggregate="contract"):
    """Every transition of the contract, for who only follows where contracts stand."""

    # `from` is a word of Python: the wire keeps it, the code says from_status.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    contract_id: UUID
    reference: str
    client_id: UUID
    from_status: ContractStatus = Field(alias="from")
    to_status: ContractStatus = Field(alias="to")
    reason_code: str | None = None
    effective_on: date


class ContractTerminationScheduled(ContractSnapshot, TerminationFacts, Event, aggregate="contract", personal=True):
    """The contract will end on `ends_on`."""

    letter: LetterOrder | None = None


class ContractTerminationRevoked(ContractSnapshot, Event, aggregate="contract"):
    """The scheduled end was taken back."""


class ContractTerminated(ContractSnapshot, TerminationFacts, Event, aggregate="contract"):
    """The contract has ended."""


class ContractExpired(ContractSnapshot, Event, aggregate="contract"):
    """The term is over and was not renewed."""

    months_in_force: int


class ContractRenewed(ContractSnapshot, Event, aggregate="contract"):
    """A new term began."""

    old_ends_on: date
    new_ends_on: date | None = None


class ContractCancelled(ContractSnapshot, Event, aggregate="contract"):
    """The contract was given up before it came into force."""

    reason_code: str


class ContractBillingDue(Event, aggregate="contract"):
    """The only order to bill: periods and adjustments of one contract for one day."""

    contract_id: UUID
    reference: str
    client_id: UUID
    company_id: UUID
    sales_rep_id: UUID
    instalments: tuple[BillingInstalment, ...]
    adjustments: tuple[BillingAdjustment, ...] = ()
    net_total: Money
    vat_total: Money
    gross_total: Money
    due_on: date
    billing_address_id: UUID
    payment_method: PaymentMethod
    payment_terms_days: int
    payment_term_id: UUID | None = None


class ContractStandingChanged(Event, aggregate="contract"):
    """How the contract is paid changed."""

    # `from` is a word of Python: the wire keeps it, the code says from_standing.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    contract_id: UUID
    client_id: UUID
    from_standing: PaymentStanding = Field(alias="from")
    to_standing: PaymentStanding = Field(alias="to")
    consecutive_rejections: int


class ContractOperationFailed(Event, aggregate="contract"):
    """Something could not be done; also answers a suspension or lift that was refused."""

    contract_id: UUID
    client_id: UUID
    operation_id: UUID
    operation: OperationKind
    request_id: UUID | None = None
    step: str
    error_code: str
    service_links: tuple[UUID, ...] = ()
    attempts: int
