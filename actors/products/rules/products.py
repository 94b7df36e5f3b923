"""Products: what a new one takes over from its range, and what is fixed once it was published."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.products.rules.lifecycle import LONGEST_TELECOM_COMMITMENT_MONTHS, withdrawal_days_of
from messages.problem import Refused
from messages.products.catalogue import PARTNER_REQUIRED, PRODUCT_LOCKED, CreateProduct, ProductKind, RevenueModel
from messages.products.pricing import QUANTITY_INVALID
from messages.products.ranges import RangeScope, Sector
from messages.products.versions import PlanDraft, PricingRuleDraft

_REVENUE_MODELS = {ProductKind.OWN: RevenueModel.REVENUE, ProductKind.PARTNER: RevenueModel.COMMISSION}
LOCKED_FIELDS = ("sku", "kind", "tax_class", "currency", "revenue_model")
CLEARABLE_FIELDS = frozenset(
    {
        "short_name", "description", "owner_company_id", "quantity_max", "dunning_policy_code", "retry_policy_code",
        "withdrawal_days", "renewal_months", "notice_days", "termination_terms", "weight_g", "eligibility",
        "image_document_id", "logo_document_id", "product_partner_id",
    }
)  # fmt: skip
"""What may be empty: null takes these away, elsewhere null changes nothing."""


def inherited(request: CreateProduct, default_sector: str | None, default_type: str | None) -> dict[str, Any]:
    """Sector, type, revenue model and withdrawal delay of a new product."""
    sector = request.sector or Sector(default_sector or Sector.SERVICE)
    days = withdrawal_days_of(sector) if request.withdrawal_days is None else request.withdrawal_days
    return {
        "sector": sector,
        "product_type": request.product_type or default_type or sector.value.lower(),
        "revenue_model": request.revenue_model or _REVENUE_MODELS[request.kind],
        "withdrawal_days": days,
    }


def check_new_product(request: CreateProduct, sector: Sector, scope: RangeScope) -> None:
    """Refuse what the law or this version of the catalogue does not allow."""
    check_partner(request.kind, request.product_partner_id)
    check_terms(sector, scope, request.commitment_months, request.withdrawal_days)


def check_partner(kind: ProductKind, product_partner_id: UUID | None) -> None:
    """PARTNER_REQUIRED for a partner's product that names none; an own product has no partner."""
    if kind is ProductKind.PARTNER and product_partner_id is None:
        raise Refused.field("product_partner_id", "required", "name the partner of a PARTNER product", PARTNER_REQUIRED)
    if kind is ProductKind.OWN and product_partner_id is not None:
        raise Refused.field(
            "product_partner_id", "own", "an OWN product has no partner; make it PARTNER or leave the partner out"
        )


def check_terms(sector: Sector, scope: RangeScope, commitment_months: int, withdrawal_days: int | None) -> None:
    """Commitments of telecom end after 24 months (C. consom. L224-28); only businesses can be without withdrawal."""
    if sector is Sector.TELECOM and commitment_months > LONGEST_TELECOM_COMMITMENT_MONTHS:
        raise Refused.field(
            "commitment_months", "range", "a telecom commitment lasts 24 months at most; lower commitment_months"
        )
    if withdrawal_days == 0 and scope is not RangeScope.PROFESSIONAL:
        raise Refused.field(
            "withdrawal_days", "range", "only ranges for professionals may have 0 withdrawal_days; give 14 or more"
        )


def check_quantities(minimum: Decimal, maximum: Decimal | None, step: Decimal) -> None:
    """QUANTITY_INVALID unless the smallest quantity and the step are above zero and the greatest is not below."""
    if minimum <= 0 or step <= 0:
        raise Refused.field(
            "quantity_min", "range", "quantity_min and quantity_step must be above zero", QUANTITY_INVALID
        )
    if maximum is not None and maximum < minimum:
        raise Refused.field(
            "quantity_max", "range", "quantity_max is below quantity_min; raise it or take it away", QUANTITY_INVALID
        )


def check_unlocked(changed: dict[str, Any], sku: str) -> None:
    """PRODUCT_LOCKED for what decides price and books of a product that was published."""
    locked = sorted(set(changed) & set(LOCKED_FIELDS))
    if locked:
        raise Refused(
            PRODUCT_LOCKED,
            f"{', '.join(locked)} of {sku} is fixed since its first publication; make a new product instead",
            details={"fields": locked},
        )


def plans_of(drafts: tuple[PlanDraft, ...], product_name: str) -> list[PlanDraft]:
    """The plans of a version with exactly one default; without any, the implicit plan DEFAULT."""
    plans = list(drafts) or [PlanDraft(code="DEFAULT", name=product_name)]
    codes = [plan.code for plan in plans]
    if len(codes) != len(set(codes)):
        raise Refused.field("plans", "unique", "two plans have the same code; rename one")
    defaults = [plan for plan in plans if plan.is_default]
    if len(defaults) > 1:
        raise Refused.field("plans", "default", "several plans are is_default; keep one")
    if not defaults:
        plans[0] = plans[0].model_copy(update={"is_default": True})
    return plans


def rules_of(drafts: tuple[PricingRuleDraft, ...], plan_codes: set[str], scope: RangeScope) -> list[PricingRuleDraft]:
    """The price rules of a version, each saying whether its prices include VAT."""
    found: list[PricingRuleDraft] = []
    for draft in drafts:
        if draft.plan_code is not None and draft.plan_code not in plan_codes:
            raise Refused.field(
                "plan_code", "unknown", f"no plan {draft.plan_code} in this version; add it or leave out"
            )
        included = scope is RangeScope.PERSONAL if draft.tax_included is None else draft.tax_included
        found.append(draft.model_copy(update={"tax_included": included}))
    keys = [(rule.plan_code, rule.role) for rule in found]
    if len(keys) != len(set(keys)):
        raise Refused.field("pricing", "unique", "two price rules have the same plan and role; keep one")
    return found
