"""products: changing versions, plans and price rules, and comparing versions."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Empty, Reply, Request
from messages.errors import NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.products.versions import ChangedArea, Plan, PlanOption, PricingRule, ProductVersion, Recurrence
from messages.values.instants import Instant
from messages.values.text import Line, Paragraph

PRODUCT_PLAN_NOT_FOUND = NOT_FOUND.specific("PRODUCT_PLAN_NOT_FOUND", "Formule introuvable", "Plan not found")
RULE_NOT_FOUND = NOT_FOUND.specific("RULE_NOT_FOUND", "Règle de prix introuvable", "Price rule not found")
LAST_PLAN = PRECONDITION_FAILED.specific("LAST_PLAN", "Dernière formule", "Last plan")


class PlanPage(Page[Plan]):
    """Plans by display order."""


class PricingRules(Reply):
    """The price rules of a version."""

    rules: tuple[PricingRule, ...]


class VersionDifference(Reply):
    """One value that differs: `path` names it, such as `pricing.DEFAULT.RECURRING_PRICE.amount`."""

    path: str
    before: str | None
    after: str | None


class VersionComparison(Reply):
    """What version b has and version a has not, and the other way round. `breaking`: worse for the client."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[VersionDifference, ...]
    changed_areas: tuple[ChangedArea, ...]
    breaking: bool


class UpdateVersion(Request[ProductVersion]):
    """Change the notes of a version; the last day of a dated one only while it was neither sold nor published."""

    version_id: UUID
    expected_version: int
    notes: Paragraph | None = None
    breaking: bool | None = None
    effective_to: Instant | None = None


class CancelVersion(Request[ProductVersion], permission="products:version:write"):
    """Give up a draft or a version that has not begun; the version before it goes on."""

    version_id: UUID
    expected_version: int | None = None


class DuplicateVersion(Request[ProductVersion], permission="products:version:write"):
    """A new version with plans, prices, documents and quality rule of another; dated when effective_from is given."""

    version_id: UUID
    effective_from: Instant | None = None


class RollbackVersion(Request[ProductVersion], permission="products:version:write"):
    """Sell on the terms of an earlier version again, as a new version; left out, it begins with the next minute."""

    product_id: UUID
    target_version_id: UUID
    effective_from: Instant | None = None


class CompareVersions(Request[VersionComparison], query=True, permission="products:version:read"):
    """What changes from version a to version b of one product."""

    a_id: UUID
    b_id: UUID


class UpdatePlan(Request[Plan], permission="products:version:write"):
    """Change a plan of a draft version; what is not sent stays."""

    plan_id: UUID
    expected_version: int | None = None
    name: Line | None = None
    description: Paragraph | None = None
    display_order: int | None = None
    active: bool | None = None
    recurrence: Recurrence | None = None
    billing_cycle_days: Annotated[int, Field(ge=1, le=366)] | None = None
    options: Annotated[tuple[PlanOption, ...], Field(max_length=50)] | None = None


class SetDefaultPlan(Request[Plan], permission="products:version:write"):
    """Make a plan of a draft version the one that is priced when none is named."""

    plan_id: UUID


class DeletePlan(Request[Empty], permission="products:version:write"):
    """Take a plan and its prices out of a draft version; one plan stays."""

    plan_id: UUID


class ListPlans(PageRequest, Request[PlanPage], query=True, permission="products:version:read"):
    """The plans of a version, of all versions of a product, or of all products."""

    product_id: UUID | None = None
    version_id: UUID | None = None
    active: bool | None = None


class DeletePricingRule(Request[Empty], permission="products:version:write"):
    """Take a price out of a draft version."""

    rule_id: UUID


class ListPricingRules(Request[PricingRules], query=True, permission="products:version:read"):
    """The price rules of a version."""

    version_id: UUID
