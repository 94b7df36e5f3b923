"""Requests about versions of products, their plans and price rules."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.rows import changed_row, locked_product
from actors.products.rules import products
from actors.products.versioning import close_predecessor, date_version, insert_plan, insert_version, rule_row
from messages.problem import Refused
from messages.products.ranges import RangeScope
from messages.products.versions import (
    PLAN_CODE_EXISTS,
    VERSION_EMPTY,
    VERSION_LOCKED,
    VERSION_NOT_FOUND,
    CreatePlan,
    CreateVersion,
    GetVersion,
    ListVersions,
    Plan,
    PlanDraft,
    PriceRole,
    PricingRule,
    PricingRuleDraft,
    ProductVersion,
    ScheduleVersion,
    SetPricingRule,
    VersionDraft,
    VersionPage,
    VersionState,
)
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.tables import pricing_rule, product_plan, product_range, product_version


async def create_version(request: CreateVersion, work: UnitOfWork) -> ProductVersion:
    """A draft with the plans and rules given, else those of another version."""
    row = await locked_product(request.product_id, work)
    plans, pricing = request.plans, request.pricing
    if request.from_version_id is not None:
        source = views.version_of(await version_by_id(request.from_version_id, work))
        if source.product_id != row["id"]:
            raise Refused.field("from_version_id", "unknown", "from_version_id is a version of another product")
        plans = plans or tuple(_draft_of(PlanDraft, plan) for plan in source.plans)
        pricing = pricing or tuple(_draft_of(PricingRuleDraft, rule) for rule in source.pricing)
    draft = VersionDraft(notes=request.notes, plans=plans, pricing=pricing)
    version_id = await insert_version(
        row,
        draft,
        await _scope(row, work),
        work,
        is_first=False,
        breaking=request.breaking,
        source_version_id=request.from_version_id,
    )
    return views.version_of(await version_by_id(version_id, work))


async def get_version(request: GetVersion, work: UnitOfWork) -> ProductVersion:
    """One version."""
    return views.version_of(await version_by_id(request.version_id, work))


async def list_versions(request: ListVersions, work: UnitOfWork) -> VersionPage:
    """A page of versions, newest first."""
    statement = queries.VERSION.where(
        product_version.c.organisation_id == work.organisation_id,
        product_version.c.product_id == request.product_id,
    )
    if request.state is not None:
        statement = statement.where(product_version.c.state == request.state)
    return await page(
        work,
        request,
        statement,
        order=(product_version.c.number, product_version.c.id),
        descending=True,
        reply=VersionPage,
        item=views.version_of,
    )


async def schedule_version(request: ScheduleVersion, work: UnitOfWork) -> ProductVersion:
    """Give a draft its instant; the version before it ends there, and so do its publications."""
    row = await version_by_id(request.version_id, work)
    await locked_product(row["product_id"], work)
    row = await version_by_id(request.version_id, work)
    if row["state"] != VersionState.DRAFT:
        raise Refused(VERSION_LOCKED, f"version {row['number']} is {row['state']}; schedule a new draft instead")
    if not any(rule["role"] == PriceRole.RECURRING_PRICE for rule in row["pricing"] or ()):
        raise Refused(VERSION_EMPTY, f"version {row['number']} has no price; set a price rule first")
    await close_predecessor(row, request.effective_from, work)
    await date_version(row, request.effective_from, work)
    return views.version_of(await version_by_id(row["id"], work))


async def set_pricing_rule(request: SetPricingRule, work: UnitOfWork) -> PricingRule:
    """Set or replace a price of a draft."""
    row = await draft_version(request.version_id, work)
    scope = await _scope(await locked_product(row["product_id"], work), work)
    (rule,) = products.rules_of((request.rule,), {plan["code"] for plan in row["plans"] or ()}, scope)
    upsert = insert(pricing_rule).values(**rule_row(row["id"], rule, work))
    statement = upsert.on_conflict_do_update(
        index_elements=["organisation_id", "version_id", "plan_code", "role"],
        set_={"payload": upsert.excluded.payload},
    ).returning(pricing_rule)
    stored = await work.load(statement, "price rule")
    await touch_version(row, work)
    return views.rule_of(stored)


async def create_plan(request: CreatePlan, work: UnitOfWork) -> Plan:
    """Add a plan to a draft."""
    row = await draft_version(request.version_id, work)
    await locked_product(row["product_id"], work)
    row = await draft_version(request.version_id, work)  # again, now that nobody else can change it
    plans = row["plans"] or []
    if any(plan["code"] == request.plan.code for plan in plans):
        raise Refused(PLAN_CODE_EXISTS, f"the version has a plan {request.plan.code} already; choose another code")
    if request.plan.is_default:
        await work.execute(
            update(product_plan)
            .where(product_plan.c.organisation_id == work.organisation_id, product_plan.c.version_id == row["id"])
            .values(is_default=False)
        )
    draft = request.plan if plans else request.plan.model_copy(update={"is_default": True})
    stored = await insert_plan(row["product_id"], row["id"], draft, work)
    await touch_version(row, work)
    return views.plan_of(stored)


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def version_by_id(version_id: UUID, work: UnitOfWork) -> Row:
    """A version with its plans and price rules."""
    statement = queries.VERSION.where(
        product_version.c.organisation_id == work.organisation_id, product_version.c.id == version_id
    )
    return await work.load(statement, "version", code=VERSION_NOT_FOUND)


async def draft_version(version_id: UUID, work: UnitOfWork) -> Row:
    """A version that may still be changed; VERSION_LOCKED otherwise."""
    row = await version_by_id(version_id, work)
    if row["state"] != VersionState.DRAFT:
        raise Refused(
            VERSION_LOCKED, f"version {row['number']} is {row['state']} and fixed; create a new version instead"
        )
    return row


async def _scope(row: Row, work: UnitOfWork) -> RangeScope:
    scope = select(product_range.c.scope).where(
        product_range.c.organisation_id == work.organisation_id, product_range.c.id == row["range_id"]
    )
    return RangeScope(await work.fetch_value(scope))


async def touch_version(row: Row, work: UnitOfWork) -> None:
    """Count a change of a version's plans or prices."""
    await work.execute(
        update(product_version).where(product_version.c.id == row["id"]).values(**changed_row(row["version"] + 1, work))
    )


def _draft_of(kind: Any, found: Plan | PricingRule) -> Any:
    return kind(**{name: getattr(found, name) for name in kind.model_fields})
