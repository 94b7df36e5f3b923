"""commercial, commission plans: which rule pays which sale, in versions that never change once published."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.commercial.sales_force import RepProfile
from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, INVALID_TRANSITION, NOT_FOUND, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Amount
from messages.values.numbers import Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Paragraph

PLAN_NOT_FOUND = NOT_FOUND.specific("COMMISSION_PLAN_NOT_FOUND", "Barème introuvable", "Commission plan not found")
PLAN_CODE_EXISTS = ALREADY_EXISTS.specific(
    "COMMISSION_PLAN_CODE_EXISTS", "Code de barème déjà utilisé", "Plan code exists"
)
PLAN_INVALID = VALIDATION_FAILED.specific("PLAN_INVALID", "Barème invalide", "Commission plan invalid")
PLAN_VERSION_IMMUTABLE = INVALID_TRANSITION.specific(
    "PLAN_VERSION_IMMUTABLE", "Version publiée : non modifiable", "A published version cannot change"
)
PLAN_VERSION_OVERLAP = ALREADY_EXISTS.specific(
    "PLAN_VERSION_OVERLAP", "Périodes de versions qui se chevauchent", "Version periods overlap"
)
PLAN_RETROACTIVE = BUSINESS_RULE_VIOLATION.specific(
    "PLAN_RETROACTIVE", "Prise d'effet rétroactive", "Effective date lies in a closed period"
)
NO_APPLICABLE_PLAN = NOT_FOUND.specific("NO_APPLICABLE_PLAN", "Aucun barème applicable", "No applicable plan")
AMBIGUOUS_PLAN = BUSINESS_RULE_VIOLATION.specific("AMBIGUOUS_PLAN", "Plusieurs barèmes à égalité", "Plans tie")

PositiveAmount = Annotated[Amount, Field(ge=0)]
PlanRate = Annotated[Rate, Field(ge=0, le=1000)]


class PlanStatus(StrEnum):
    """Whether a plan is chosen; an inactive one keeps its history."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class PlanVersionState(StrEnum):
    """The life of a version."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"


class CalculationType(StrEnum):
    """What a line earns. NONE declares a product not commissionable."""

    NONE = "NONE"
    FIXED = "FIXED"
    PERCENTAGE = "PERCENTAGE"
    MIXED = "MIXED"


class BaseKind(StrEnum):
    """The amount a rate applies to; always without VAT."""

    PREMIUM_EXCL_TAX = "PREMIUM_EXCL_TAX"
    REVENUE_EXCL_TAX = "REVENUE_EXCL_TAX"
    FLAT = "FLAT"


class BaseScope(StrEnum):
    """Over how long the base is taken."""

    MONTHLY_EQUIVALENT = "MONTHLY_EQUIVALENT"
    ANNUALISED = "ANNUALISED"
    CONTRACT_TOTAL = "CONTRACT_TOTAL"
    COLLECTED = "COLLECTED"


class AccrualTrigger(StrEnum):
    """When the initial commission is born."""

    SIGNED = "SIGNED"
    QUALITY_APPROVED = "QUALITY_APPROVED"
    ACTIVATED = "ACTIVATED"
    FIRST_COLLECTION = "FIRST_COLLECTION"


class PayableCondition(StrEnum):
    """When a commission may enter a statement."""

    COLLECTED = "COLLECTED"
    ON_ACCRUAL = "ON_ACCRUAL"


class Settlement(StrEnum):
    """UPFRONT pays a year's base at once."""

    ON_COLLECTION = "ON_COLLECTION"
    UPFRONT = "UPFRONT"


class ClawbackMethod(StrEnum):
    """How much is taken back inside the window."""

    NONE = "NONE"
    FULL = "FULL"
    PRORATA = "PRORATA"


class WindowStart(StrEnum):
    """Where the clawback window begins."""

    CONTRACT_EFFECTIVE_DATE = "CONTRACT_EFFECTIVE_DATE"
    FIRST_COLLECTION_DATE = "FIRST_COLLECTION_DATE"


class UnpaidPolicy(StrEnum):
    """What an unpaid instalment takes back of the initial commission."""

    NONE = "NONE"
    PRORATA_WINDOW = "PRORATA_WINDOW"
    FULL = "FULL"


# -- the payload of a version ------------------------------------------------------------------------------------


class Calculation(Part):
    """How the initial commission of a contract line is computed."""

    type: CalculationType
    base: BaseKind = BaseKind.PREMIUM_EXCL_TAX
    base_scope: BaseScope = BaseScope.MONTHLY_EQUIVALENT
    fixed_amount: PositiveAmount | None = None
    rate_percent: PlanRate | None = None


class RecurringTerms(Part):
    """What each later collection earns; months count from the effective month (1 is the first)."""

    enabled: bool = False
    rate_percent: PlanRate | None = None
    first_month: Annotated[int, Field(ge=1)] | None = None
    duration_months: Annotated[int, Field(ge=1)] | None = None


class ClawbackTerms(Part):
    """When and how much is taken back."""

    method: ClawbackMethod = ClawbackMethod.FULL
    window_months: Annotated[int, Field(ge=0, le=60)] = 3
    rate_percent: Annotated[Rate, Field(ge=0, le=100)] = Field(default="100", validate_default=True)
    window_start: WindowStart = WindowStart.CONTRACT_EFFECTIVE_DATE
    unpaid_policy: UnpaidPolicy = UnpaidPolicy.PRORATA_WINDOW


class PlanTerms(Part):
    """Everything a version says."""

    calculation: Calculation
    accrual_trigger: AccrualTrigger = AccrualTrigger.QUALITY_APPROVED
    payable_condition: PayableCondition = PayableCondition.COLLECTED
    payable_after_collections: Annotated[int, Field(ge=1, le=60)] = 1
    settlement: Settlement = Settlement.ON_COLLECTION
    upfront_months: Annotated[int, Field(ge=1, le=60)] = 12
    recurring: RecurringTerms = RecurringTerms()
    clawback: ClawbackTerms = ClawbackTerms()

    @model_validator(mode="after")
    def _fields_agree(self) -> "PlanTerms":
        calculation, kind = self.calculation, self.calculation.type
        if kind in (CalculationType.FIXED, CalculationType.MIXED) and calculation.fixed_amount is None:
            raise refusal("PLAN_INVALID", f"calculation.fixed_amount is required for {kind}; fill it in")
        if kind in (CalculationType.PERCENTAGE, CalculationType.MIXED) and calculation.rate_percent is None:
            raise refusal("PLAN_INVALID", f"calculation.rate_percent is required for {kind}; fill it in")
        if calculation.base is BaseKind.FLAT and kind not in (CalculationType.FIXED, CalculationType.NONE):
            raise refusal("PLAN_INVALID", "calculation.base FLAT goes with FIXED only; choose another base")
        if (
            calculation.base_scope is BaseScope.COLLECTED
            and self.accrual_trigger is not AccrualTrigger.FIRST_COLLECTION
        ):
            raise refusal("PLAN_INVALID", "calculation.base_scope COLLECTED needs accrual_trigger FIRST_COLLECTION")
        if self.settlement is Settlement.UPFRONT and calculation.base_scope is not BaseScope.ANNUALISED:
            raise refusal("PLAN_INVALID", "settlement UPFRONT needs calculation.base_scope ANNUALISED")
        if self.recurring.enabled and self.recurring.rate_percent is None:
            raise refusal("PLAN_INVALID", "recurring.rate_percent is required when recurring is enabled; fill it in")
        return self


class PlanSelectors(Part):
    """What a sale must be for the plan to apply; null means any."""

    product_id: UUID | None = None
    product_range_id: UUID | None = None
    product_type: Code | None = None
    company_id: UUID | None = None
    channel: Code | None = None
    profile: RepProfile | None = None
    partner_id: UUID | None = None


# -- replies -----------------------------------------------------------------------------------------------------


class PlanVersion(Reply):
    """One version of a plan."""

    version_id: UUID
    version_no: int
    state: PlanVersionState
    effective_from: date
    effective_to: date | None = None
    terms: PlanTerms
    payload_sha256: str
    change_reason: str | None = None
    published_at: Instant | None = None


class CommissionPlan(Reply):
    """A plan with its versions, newest first."""

    plan_id: UUID
    code: str
    name: str
    description: str | None = None
    selectors: PlanSelectors
    priority: int
    currency: str
    status: PlanStatus
    version: int
    versions: tuple[PlanVersion, ...] = ()


class CommissionPlanPage(Page[CommissionPlan]):
    """Plans by code, without their versions."""


# -- requests ----------------------------------------------------------------------------------------------------


class CreateCommissionPlan(Request[CommissionPlan]):
    """Write a plan with the draft of its first version."""

    code: Code
    name: Label
    description: Paragraph | None = None
    selectors: PlanSelectors = PlanSelectors()
    priority: int = 0
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    terms: PlanTerms
    effective_from: date
    effective_to: date | None = None


class CreatePlanVersion(Request[CommissionPlan], resource="commission_plan"):
    """Write the draft of the next version; the reason says why it changes."""

    plan_id: UUID
    terms: PlanTerms
    effective_from: date
    effective_to: date | None = None
    change_reason: Label


class UpdatePlanVersion(Request[CommissionPlan], resource="commission_plan"):
    """Replace a draft version as a whole."""

    version_id: UUID
    terms: PlanTerms
    effective_from: date
    effective_to: date | None = None
    change_reason: Label | None = None


class PublishPlanVersion(Request[CommissionPlan], resource="commission_plan"):
    """Freeze a version and put it in force; the one before it ends the day before."""

    version_id: UUID
    reason: Label | None = None


class GetCommissionPlan(Request[CommissionPlan], query=True):
    """One plan by id or code, with all its versions."""

    plan_id: UUID | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetCommissionPlan":
        if (self.plan_id is None) == (self.code is None):
            raise refusal("ONE_KEY", "give either plan_id or code")
        return self


class ListCommissionPlans(PageRequest, Request[CommissionPlanPage], query=True, resource="commission_plan"):
    """The plans of the organisation."""

    status: PlanStatus | None = None
    product_id: UUID | None = None
    company_id: UUID | None = None
    product_type: Code | None = None
    profile: RepProfile | None = None


class ActivatePlan(Request[CommissionPlan], resource="commission_plan"):
    """Let a plan be chosen again."""

    plan_id: UUID
    reason: Label


class DeactivatePlan(Request[CommissionPlan], resource="commission_plan"):
    """Stop choosing a plan; what it granted stays."""

    plan_id: UUID
    reason: Label


# -- events ------------------------------------------------------------------------------------------------------


class CommissionPlanPublished(Event, aggregate="commission_plan", aggregate_id="plan_id"):
    """A version of the plan is in force from a date on."""

    plan_id: UUID
    code: str
    version_no: int
    effective_from: date
    effective_to: date | None = None
    selectors: PlanSelectors
    reason: str | None = None


class CommissionPlanDeactivated(Event, aggregate="commission_plan", aggregate_id="plan_id"):
    """The plan is no longer chosen."""

    plan_id: UUID
    code: str
    reason: str
