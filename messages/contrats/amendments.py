"""contrats: amendments - how a signed contract changes, with whose consent and from when."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.contrats.contract import BillingAdjustment, BillingInstalment, ContractSnapshot
from messages.contrats.drafts import LineDraft
from messages.contrats.terms import InitiatedBy, PaymentMethod
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent, Quantity
from messages.values.refusal import refusal
from messages.values.text import Paragraph

AMENDMENT_NOT_FOUND = NOT_FOUND.specific("AMENDMENT_NOT_FOUND", "Avenant introuvable", "Amendment not found")
AMENDMENT_STALE = PRECONDITION_FAILED.specific(
    "AMENDMENT_STALE", "Le contrat a changé depuis l'avenant", "The contract changed since the amendment was written"
)
CONSENT_REQUIRED = BUSINESS_RULE_VIOLATION.specific(
    "CONSENT_REQUIRED", "Accord du client requis", "The client's consent is required"
)
NOTICE_TOO_SHORT = BUSINESS_RULE_VIOLATION.specific(
    "NOTICE_TOO_SHORT", "Préavis d'information trop court", "The notice of the change is too short"
)
RETROACTIVE_NOT_ALLOWED = BUSINESS_RULE_VIOLATION.specific(
    "RETROACTIVE_NOT_ALLOWED", "Effet rétroactif non autorisé", "A retroactive effect is not allowed"
)


class VersionKind(StrEnum):
    """What made a version of the contract."""

    INITIAL = "INITIAL"
    AMENDMENT = "AMENDMENT"
    INDEXATION = "INDEXATION"
    RENEWAL = "RENEWAL"
    CORRECTION = "CORRECTION"


class AmendmentKind(StrEnum):
    """What an amendment is about; decides whose consent it needs."""

    PRICE_CHANGE = "PRICE_CHANGE"
    LINE_ADD = "LINE_ADD"
    LINE_REMOVE = "LINE_REMOVE"
    QUANTITY_CHANGE = "QUANTITY_CHANGE"
    DISCOUNT = "DISCOUNT"
    BILLING_TERMS = "BILLING_TERMS"
    TERM_CHANGE = "TERM_CHANGE"
    COMMITMENT_CHANGE = "COMMITMENT_CHANGE"
    ADDRESS_CHANGE = "ADDRESS_CHANGE"
    CORRECTION = "CORRECTION"


class AmendmentStatus(StrEnum):
    """From the proposal to the change; STALE: another change came first, write it anew on the current version."""

    DRAFT = "DRAFT"
    AWAITING_CONSENT = "AWAITING_CONSENT"
    ACCEPTED = "ACCEPTED"
    APPLIED = "APPLIED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    STALE = "STALE"


class AmendmentProration(StrEnum):
    """How periods that are billed already are corrected: by days, from the next period on, or not at all."""

    PRORATE = "PRORATE"
    NEXT_PERIOD = "NEXT_PERIOD"
    NONE = "NONE"


class ConsentKind(StrEnum):
    """How the client agreed; NONE where the law or the contract asks for none."""

    SIGNATURE = "SIGNATURE"
    DURABLE_MEDIUM = "DURABLE_MEDIUM"
    CLAUSE = "CLAUSE"
    NONE = "NONE"


# -- operations --------------------------------------------------------------------------------------------------


class AddLine(Part):
    """Something more is sold."""

    operation: Literal["add_line"]
    line: LineDraft


class EndLine(Part):
    """Something is no longer sold."""

    operation: Literal["end_line"]
    line_id: UUID


class ChangeLine(Part):
    """Another quantity, price or discount of a line; what is left out stays."""

    operation: Literal["change_line"]
    line_id: UUID
    quantity: Annotated[Quantity, Field(gt=0, le=10_000_000)] | None = None
    unit_price_net: Money | None = None
    discount_pct: Percent | None = None
    discount_amount: Money | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeLine":
        given = (self.quantity, self.unit_price_net, self.discount_pct, self.discount_amount)
        if all(change is None for change in given):
            raise refusal("NO_CHANGE", "give what changes: quantity, unit_price_net or a discount")
        if self.quantity is not None and self.quantity != self.quantity.quantize(Decimal("0.001")):
            raise refusal("INVALID_QUANTITY", "quantity has at most three decimals; correct it")
        if self.unit_price_net is not None and self.unit_price_net.amount < 0:
            raise refusal("NEGATIVE_PRICE", "unit_price_net is below zero; give zero or more")
        if self.discount_pct is not None and self.discount_amount is not None:
            raise refusal("TWO_DISCOUNTS", "give either discount_pct or discount_amount, not both")
        return self


class SetTerms(Part):
    """Other terms of the contract; what is left out stays."""

    operation: Literal["set_terms"]
    billing_address_id: UUID | None = None
    payment_method: PaymentMethod | None = None
    bank_details_id: UUID | None = None
    payment_terms_days: Annotated[int, Field(ge=0, le=365)] | None = None
    preferred_debit_day: Annotated[int, Field(ge=1, le=28)] | None = None
    commitment_months: Annotated[int, Field(ge=0, le=120)] | None = Field(
        default=None, description="a new commitment that begins with the amendment"
    )
    term_months: Annotated[int, Field(ge=1, le=120)] | None = Field(
        default=None, description="a new term that begins with the amendment"
    )


Operation = Annotated[AddLine | EndLine | ChangeLine | SetTerms, Field(discriminator="operation")]
Operations = Annotated[tuple[Operation, ...], Field(min_length=1, max_length=100)]


# -- replies -----------------------------------------------------------------------------------------------------


class Amendment(Reply):
    """A change of the agreed terms, and where it stands."""

    id: UUID
    contract_id: UUID
    number: str
    base_version: int
    kind: AmendmentKind
    initiated_by: InitiatedBy
    status: AmendmentStatus
    operations: tuple[Operation, ...]
    effective_from: date
    proration: AmendmentProration
    consent_kind: ConsentKind | None = None
    consent_document_id: UUID | None = None
    consent_given_on: date | None = None
    notified_on: date | None = None
    exit_right_until: date | None = None
    exit_right_exempt: bool
    reason: str | None = None
    document_id: UUID | None = Field(default=None, description="the file the client agrees to, once it is rendered")
    document_sha256: str | None = None
    old_mrr: Money
    new_mrr: Money
    created_at: Instant


class AmendmentPage(Page[Amendment]):
    """Amendments, newest first."""


class AmendmentPreview(Reply):
    """What an amendment would change; amounts are net."""

    old_mrr: Money
    new_mrr: Money
    old_recurring_net: Money
    new_recurring_net: Money
    adjustments: tuple[BillingAdjustment, ...]
    next_instalments: tuple[BillingInstalment, ...]


class ContractVersion(Reply):
    """What was agreed, frozen; the hash is that of the snapshot's canonical JSON."""

    version_no: int
    kind: VersionKind
    effective_from: date
    effective_to: date | None = None
    amendment_id: UUID | None = None
    content_sha256: str
    mrr: Money
    arr: Money
    total_contract_value: Money
    snapshot: ContractSnapshot
    created_at: Instant


class ContractVersionPage(Page[ContractVersion]):
    """Versions, newest first."""


# -- requests ----------------------------------------------------------------------------------------------------


class PreviewAmendment(Request[AmendmentPreview], query=True, permission="contrats:amendment:read"):
    """What a change would do to price and bills; changes nothing."""

    contract_id: UUID
    kind: AmendmentKind
    operations: Operations
    effective_from: date
    proration: AmendmentProration | None = None


class ProposeAmendment(Request[Amendment], permission="contrats:amendment:write"):
    """Write down a change on the contract's current version."""

    contract_id: UUID
    kind: AmendmentKind
    initiated_by: InitiatedBy = InitiatedBy.CLIENT
    operations: Operations
    effective_from: date
    proration: AmendmentProration | None = Field(default=None, description="the usual one of the kind when left out")
    exit_right_exempt: bool = Field(
        default=False, description="only in the client's favour, purely administrative or imposed by law"
    )
    reason: Paragraph | None = None


class UpdateAmendment(Request[Amendment], permission="contrats:amendment:write"):
    """Change an amendment that nobody has agreed to yet; it is written on the current version again."""

    amendment_id: UUID
    operations: Operations
    effective_from: date
    proration: AmendmentProration | None = None
    reason: Paragraph | None = None


class SendAmendment(Request[Amendment], permission="contrats:amendment:write"):
    """Put the change before the client: the day of sending is the day of the legal notice."""

    amendment_id: UUID


class AcceptAmendment(Request[Amendment], permission="contrats:amendment:write"):
    """Record how the client agreed; a change of the company that was notified in time needs no consent."""

    amendment_id: UUID
    consent_kind: ConsentKind
    given_on: date
    document_id: UUID | None = Field(default=None, description="the signed file or the record of the click")
    separate_consent: bool = Field(default=False, description="given for the new commitment by itself (telecom)")


class ApplyAmendment(Request[Amendment], permission="contrats:amendment:apply"):
    """Make the change; the first of two on the same version wins."""

    amendment_id: UUID


class CancelAmendment(Request[Amendment], permission="contrats:amendment:write"):
    """Give the change up, or record that the client refused it."""

    amendment_id: UUID
    refused_by_client: bool = False
    reason: Paragraph | None = None


class GetAmendment(Request[Amendment], query=True, permission="contrats:amendment:read"):
    """One amendment."""

    amendment_id: UUID


class ListAmendments(PageRequest, Request[AmendmentPage], query=True, permission="contrats:amendment:read"):
    """The amendments of a contract, newest first."""

    contract_id: UUID


class ListContractVersions(PageRequest, Request[ContractVersionPage], query=True, permission="contrats:contract:read"):
    """What was agreed when, newest first."""

    contract_id: UUID


# -- events ------------------------------------------------------------------------------------------------------


class ContractAmendmentProposed(ContractSnapshot, Event, aggregate="contract"):
    """The client is told of a change, and until when he may leave because of it."""

    amendment_id: UUID
    kind: AmendmentKind
    effective_from: date
    exit_right_until: date | None = None


class ContractAmended(ContractSnapshot, Event, aggregate="contract"):
    """The contract has a new version; what is billed follows it from effective_from on."""

    amendment_id: UUID
    kind: AmendmentKind
    effective_from: date
    old_mrr: Money
    new_mrr: Money
    commission_base_changed: bool


class LineChangeCause(StrEnum):
    """Why the set of lines changed."""

    AMENDMENT = "AMENDMENT"
    INDEXATION = "INDEXATION"
    DISCOUNT_EXPIRY = "DISCOUNT_EXPIRY"


class ContractLineChanged(ContractSnapshot, Event, aggregate="contract"):
    """The lines in force, or what they cost, changed after the signature; the end of a discount leaves what recurs as it is."""

    old_mrr: Money
    new_mrr: Money
    cause: LineChangeCause


class ContractBillingAdjusted(Event, aggregate="contract"):
    """A credit or charge waits for the next bill."""

    contract_id: UUID
    adjustment: BillingAdjustment
