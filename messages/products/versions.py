"""products: versions of a product, their plans and price rules."""

from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.errors import (
    ALREADY_EXISTS,
    BUSINESS_RULE_VIOLATION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Quantity, Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Line, Paragraph

VERSION_NOT_FOUND = NOT_FOUND.specific("VERSION_NOT_FOUND", "Version introuvable", "Version not found")
VERSION_LOCKED = PRECONDITION_FAILED.specific("VERSION_LOCKED", "Version verrouillée", "Version locked")
VERSION_OVERLAP = ALREADY_EXISTS.specific("VERSION_OVERLAP", "Versions qui se chevauchent", "Versions overlap")
VERSION_EMPTY = BUSINESS_RULE_VIOLATION.specific("VERSION_EMPTY", "Version sans tarif", "Version without a price")
EFFECTIVE_IN_PAST = VALIDATION_FAILED.specific("EFFECTIVE_IN_PAST", "Date d'effet passée", "Effective date in the past")
PLAN_CODE_EXISTS = ALREADY_EXISTS.specific("PLAN_CODE_EXISTS", "Code de formule déjà utilisé", "Plan code in use")
PRICING_INVALID = VALIDATION_FAILED.specific("PRICING_INVALID", "Tarif invalide", "Price rule invalid")


class TaxClass(StrEnum):
    """What a product is for VAT; the rate follows from class, zone, client and date."""

    STANDARD = "STANDARD"
    INTERMEDIATE = "INTERMEDIATE"
    REDUCED = "REDUCED"
    SUPER_REDUCED = "SUPER_REDUCED"
    ENERGY_SUBSCRIPTION = "ENERGY_SUBSCRIPTION"
    ENERGY_CONSUMPTION = "ENERGY_CONSUMPTION"
    TV_LINEAR = "TV_LINEAR"
    DIGITAL_SERVICE = "DIGITAL_SERVICE"
    INSURANCE_EXEMPT = "INSURANCE_EXEMPT"
    FINANCIAL_EXEMPT = "FINANCIAL_EXEMPT"
    OUT_OF_SCOPE = "OUT_OF_SCOPE"


class VersionState(StrEnum):
    """Derived from the dates, except DRAFT and CANCELLED."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    EFFECTIVE = "EFFECTIVE"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"


class ChangedArea(StrEnum):
    """What a version changes."""

    PRICE = "PRICE"
    VAT = "VAT"
    TERMS = "TERMS"
    DOCUMENTS = "DOCUMENTS"


class Recurrence(StrEnum):
    """The billing period of a plan; ONE_SHOT is billed once."""

    ONE_SHOT = "ONE_SHOT"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    SEMIANNUAL = "SEMIANNUAL"
    YEARLY = "YEARLY"
    CUSTOM = "CUSTOM"


class PriceRole(StrEnum):
    """The price of each billing period, or a fee that is due once."""

    RECURRING_PRICE = "RECURRING_PRICE"
    SETUP_FEE = "SETUP_FEE"


class PricingKind(StrEnum):
    """How a rule finds the price of a quantity; USAGE: what was consumed beyond the included units."""

    FIXED = "FIXED"
    TIERED = "TIERED"
    USAGE = "USAGE"


class TierMode(StrEnum):
    """VOLUME: the band of the quantity prices all units. GRADUATED: each band prices its own units."""

    VOLUME = "VOLUME"
    GRADUATED = "GRADUATED"


UnitPrice = Rate
"""A price of one unit, at most six decimals; before or after VAT as `tax_included` says."""


class Tier(Part):
    """A quantity band; `up_to` is inclusive and null in the last one."""

    up_to: Quantity | None = None
    amount: UnitPrice


class TieredPrice(Part):
    """Bands without gaps: each begins where the one before ends."""

    mode: TierMode
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _bands_rise(self) -> "TieredPrice":
        bounds = [tier.up_to for tier in self.tiers]
        if bounds[-1] is not None or None in bounds[:-1]:
            raise refusal("PRICING_INVALID", "only the last tier has no up_to; leave it out there and only there")
        found = [Decimal(0), *(bound for bound in bounds if bound is not None)]
        if any(right <= left for left, right in pairwise(found)):
            raise refusal("PRICING_INVALID", "up_to must rise from tier to tier; put them in order")
        if any(tier.amount < 0 for tier in self.tiers):
            raise refusal("PRICING_INVALID", "a tier has a negative amount; give zero or more")
        return self


class UsagePrice(Part):
    """What the consumption of a billing period costs: units beyond the included ones, between two charges."""

    unit: Annotated[str, Field(max_length=20)]
    unit_price: UnitPrice
    included_units: Quantity = Decimal(0)
    min_charge: UnitPrice | None = None
    max_charge: UnitPrice | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> "UsagePrice":
        amounts = (self.unit_price, self.included_units, self.min_charge, self.max_charge)
        if any(amount is not None and amount < 0 for amount in amounts):
            raise refusal("PRICING_INVALID", "a usage price holds no negative amounts; give zero or more")
        if self.min_charge is not None and self.max_charge is not None and self.min_charge > self.max_charge:
            raise refusal("PRICING_INVALID", "min_charge is above max_charge; exchange them")
        return self


class PricingRuleDraft(Part):
    """A price of a version, for one plan or for all of them."""

    plan_code: Code | None = None
    role: PriceRole = PriceRole.RECURRING_PRICE
    kind: PricingKind = PricingKind.FIXED
    tax_included: bool | None = Field(default=None, description="left out: true for ranges sold to persons")
    amount: UnitPrice | None = None
    tiered: TieredPrice | None = None
    usage: UsagePrice | None = None
    free: bool = Field(default=False, description="must be true for a price of 0.00, so that nobody forgets a price")

    @model_validator(mode="after")
    def _payload_fits_kind(self) -> "PricingRuleDraft":
        payloads = {
            PricingKind.FIXED: ("amount", self.amount),
            PricingKind.TIERED: ("tiered", self.tiered),
            PricingKind.USAGE: ("usage", self.usage),
        }
        if any((payload is not None) != (kind is self.kind) for kind, (_, payload) in payloads.items()):
            raise refusal("PRICING_INVALID", f"a {self.kind} price needs {payloads[self.kind][0]}, and only that")
        if self.amount is None:
            return self
        if self.amount < 0:
            raise refusal("PRICING_INVALID", "the amount is negative; give zero or more")
        if self.amount == 0 and not self.free:
            raise refusal("PRICING_INVALID", "the amount is 0; say free=true if the product costs nothing")
        return self


class PlanOption(Part):
    """What a plan can be extended with; its price counts per unit and is priced on a line of its own."""

    code: Code
    name: Line
    price: Money
    mandatory: bool = False
    tax_class: TaxClass | None = None
    recurrence: Recurrence | None = None


class PlanDraft(Part):
    """A variant of a version."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_.-]{0,59}$")] = "DEFAULT"
    name: Line
    description: Paragraph | None = None
    display_order: int = 0
    is_default: bool = False
    recurrence: Recurrence = Recurrence.MONTHLY
    billing_cycle_days: Annotated[int, Field(ge=1, le=366)] | None = None
    options: Annotated[tuple[PlanOption, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "PlanDraft":
        if (self.recurrence is Recurrence.CUSTOM) != (self.billing_cycle_days is not None):
            raise refusal("PRICING_INVALID", "billing_cycle_days belongs to the recurrence CUSTOM, and only to it")
        codes = [option.code for option in self.options]
        if len(codes) != len(set(codes)):
            raise refusal("PRICING_INVALID", "two options have the same code; rename one")
        return self


class VersionDraft(Part):
    """The first version of a product: its plans and prices. Without plans there is one, DEFAULT and monthly."""

    effective_from: Instant | None = Field(default=None, description="left out: at once")
    notes: Paragraph | None = None
    plans: Annotated[tuple[PlanDraft, ...], Field(max_length=50)] = ()
    pricing: Annotated[tuple[PricingRuleDraft, ...], Field(max_length=200)] = ()


class Plan(PlanDraft, Reply):
    """A plan of a version."""

    id: UUID
    active: bool = True


class PricingRule(PricingRuleDraft, Reply):
    """A price rule of a version."""

    id: UUID


class ProductVersion(Reply):
    """A dated set of commercial terms: valid from `effective_from`, before `effective_to`."""

    id: UUID
    product_id: UUID
    number: int
    state: VersionState
    effective_from: Instant | None
    effective_to: Instant | None
    notes: str | None
    breaking: bool
    plans: tuple[Plan, ...]
    pricing: tuple[PricingRule, ...]
    version: int


class VersionPage(Page[ProductVersion]):
    """Versions of a product, newest first."""


class CreateVersion(Request[ProductVersion]):
    """A new DRAFT version, by default with the plans and prices of `from_version_id`."""

    product_id: UUID
    from_version_id: UUID | None = None
    notes: Paragraph | None = None
    breaking: bool = False
    plans: Annotated[tuple[PlanDraft, ...], Field(max_length=50)] = ()
    pricing: Annotated[tuple[PricingRuleDraft, ...], Field(max_length=200)] = ()


class GetVersion(Request[ProductVersion], query=True):
    """One version with its plans and prices."""

    version_id: UUID


class ListVersions(PageRequest, Request[VersionPage], query=True, resource="version"):
    """The versions of a product."""

    product_id: UUID
    state: VersionState | None = None


class ScheduleVersion(Request[ProductVersion], permission="products:version:write"):
    """Let a draft version take effect at an instant that is not past; the version before it ends there."""

    version_id: UUID
    effective_from: Instant


class SetPricingRule(Request[PricingRule], permission="products:version:write"):
    """Put a price rule on a draft version; the rule of the same plan and role is replaced."""

    version_id: UUID
    rule: PricingRuleDraft


class CreatePlan(Request[Plan], permission="products:version:write"):
    """Add a plan to a draft version."""

    version_id: UUID
    plan: PlanDraft
