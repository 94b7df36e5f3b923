"""Requests that change versions, plans and price rules, or compare versions."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from actors.products import views
from actors.products.requests.versions import draft_version, touch_version, version_by_id
from actors.products.rows import changed_row, locked_product
from actors.products.rules import versions as rules
from actors.products.versioning import (
    cancel_dated_version,
    close_predecessor,
    content_of,
    copy_version,
    date_version,
    say_plan_saved,
)
from messages.base import Empty
from messages.problem import Refused
from messages.products.version_changes import (
    LAST_PLAN,
    PRODUCT_PLAN_NOT_FOUND,
    RULE_NOT_FOUND,
    CancelVersion,
    CompareVersions,
    DeletePlan,
    DeletePricingRule,
    DuplicateVersion,
    ListPlans,
    ListPricingRules,
    PlanPage,
    PricingRules,
    RollbackVersion,
    SetDefaultPlan,
    UpdatePlan,
    UpdateVersion,
    VersionComparison,
)
from messages.products.versions import (
    VERSION_LOCKED,
    Plan,
    PlanDraft,
    ProductVersion,
    VersionState,
)
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.tables import pricing_rule, product_plan, product_version, publication


async def update_version(request: UpdateVersion, work: UnitOfWork) -> ProductVersion:
    """Notes are free; what is sold or was published keeps its dates."""
    row = await _locked_version(request.version_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"version_id", "expected_version"}, exclude_unset=True)
    if sent.get("breaking", ...) is None:
        del sent["breaking"]
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if "breaking" in changed and row["state"] != VersionState.DRAFT:
        raise Refused(VERSION_LOCKED, f"version {row['number']} is {row['state']}; only its notes may change")
    if "effective_to" in changed:
        await _check_end(row, request, work)
    if changed:
        columns = {**changed, **changed_row(row["version"] + 1, work)}
        await work.execute(update(product_version).where(product_version.c.id == row["id"]).values(**columns))
        work.record(
            "product_version", row["id"], before={"version": row["version"]}, after={"changed": sorted(changed)}
        )
    return views.version_of(await version_by_id(row["id"], work))


async def cancel_version(request: CancelVersion, work: UnitOfWork) -> ProductVersion:
    """Give up a version that nobody was sold; the one before it goes on."""
    row = await _locked_version(request.version_id, work)
    work.check_version(request.expected_version, row["version"])
    await cancel_dated_version(row, work)
    return views.version_of(await version_by_id(row["id"], work))


async def duplicate_version(request: DuplicateVersion, work: UnitOfWork) -> ProductVersion:
    """Copy a version; dated at once when an instant is given."""
    source = await _locked_version(request.version_id, work)
    version_id = await copy_version(source, work)
    if request.effective_from is not None:
        copied = await version_by_id(version_id, work)
        await close_predecessor(copied, request.effective_from, work)
        await date_version(copied, request.effective_from, work)
    return views.version_of(await version_by_id(version_id, work))


async def rollback_version(request: RollbackVersion, work: UnitOfWork) -> ProductVersion:
    """History stays as it was: the old terms come back as a new version."""
    await locked_product(request.product_id, work)
    source = await version_by_id(request.target_version_id, work)
    if source["product_id"] != request.product_id or source["state"] not in (
        VersionState.SUPERSEDED,
        VersionState.EFFECTIVE,
    ):
        raise Refused.field(
            "target_version_id",
            "unknown",
            "target_version_id is no version of this product that was ever in force; choose one that was",
        )
    effective_from = request.effective_from or rules.next_minute(work.now)
    copied = await version_by_id(await copy_version(source, work), work)
    await close_predecessor(copied, effective_from, work)
    await date_version(copied, effective_from, work)
    return views.version_of(await version_by_id(copied["id"], work))


async def compare_versions(request: CompareVersions, work: UnitOfWork) -> VersionComparison:
    """The differences of two versions of one product."""
    before, after = await version_by_id(request.a_id, work), await version_by_id(request.b_id, work)
    if before["product_id"] != after["product_id"]:
        raise Refused.field("b_id", "product", "a_id and b_id are versions of different products; choose two of one")
    return rules.compare(await content_of(before, work), await content_of(after, work))


async def update_plan(request: UpdatePlan, work: UnitOfWork) -> Plan:
    """Change a plan of a draft."""
    row, version = await _plan_of_draft(request.plan_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(
        mode="json", exclude={"plan_id", "expected_version"}, exclude_unset=True, exclude_none=True
    )
    if "recurrence" in sent and "billing_cycle_days" not in sent:
        sent["billing_cycle_days"] = None
    changed = {name: value for name, value in sent.items() if row[name] != value}
    after = {**row, **changed}
    PlanDraft.model_validate({name: after[name] for name in PlanDraft.model_fields})
    if changed.get("active") is False and row["is_default"]:
        raise Refused(LAST_PLAN, f"plan {row['code']} is the default; make another plan the default first")
    if not changed:
        return views.plan_of(row)
    return await _store_plan(row, version, changed, work)


async def set_default_plan(request: SetDefaultPlan, work: UnitOfWork) -> Plan:
    """Exactly one active plan of a version is the default."""
    row, version = await _plan_of_draft(request.plan_id, work)
    if row["is_default"]:
        return views.plan_of(row)
    await work.execute(
        update(product_plan)
        .where(product_plan.c.organisation_id == work.organisation_id, product_plan.c.version_id == version["id"])
        .values(is_default=False)
    )
    return await _store_plan(row, version, {"is_default": True, "active": True}, work)


async def delete_plan(request: DeletePlan, work: UnitOfWork) -> Empty:
    """Take a plan and its prices out of a draft."""
    row, version = await _plan_of_draft(request.plan_id, work)
    if row["is_default"]:
        raise Refused(LAST_PLAN, f"plan {row['code']} is the default and stays; make another plan the default first")
    await work.execute(delete(product_plan).where(product_plan.c.id == row["id"]))
    await work.execute(
        delete(pricing_rule).where(
            pricing_rule.c.organisation_id == work.organisation_id,
            pricing_rule.c.version_id == version["id"],
            pricing_rule.c.plan_code == row["code"],
        )
    )
    await touch_version(version, work)
    work.record("product_plan", row["id"], before={"code": row["code"]}, after=None)
    return Empty()


async def list_plans(request: ListPlans, work: UnitOfWork) -> PlanPage:
    """A page of plans."""
    statement = select(product_plan).where(product_plan.c.organisation_id == work.organisation_id)
    if request.version_id is not None:
        statement = statement.where(product_plan.c.version_id == request.version_id)
    if request.product_id is not None:
        statement = statement.where(product_plan.c.product_id == request.product_id)
    if request.active is not None:
        statement = statement.where(product_plan.c.active == request.active)
    order = (product_plan.c.display_order, product_plan.c.code, product_plan.c.id)
    return await page(work, request, statement, order=order, reply=PlanPage, item=views.plan_of)


async def delete_pricing_rule(request: DeletePricingRule, work: UnitOfWork) -> Empty:
    """Take a price out of a draft."""
    sought = select(pricing_rule).where(
        pricing_rule.c.organisation_id == work.organisation_id, pricing_rule.c.id == request.rule_id
    )
    row = await work.load(sought, "price rule", code=RULE_NOT_FOUND)
    version = await draft_version(row["version_id"], work)
    await locked_product(version["product_id"], work)
    version = await draft_version(row["version_id"], work)
    await work.execute(delete(pricing_rule).where(pricing_rule.c.id == row["id"]))
    await touch_version(version, work)
    return Empty()


async def list_pricing_rules(request: ListPricingRules, work: UnitOfWork) -> PricingRules:
    """The price rules of a version."""
    row = await version_by_id(request.version_id, work)
    return PricingRules(rules=tuple(views.rule_of(rule) for rule in row["pricing"] or ()))


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _locked_version(version_id: UUID, work: UnitOfWork) -> Row:
    row = await version_by_id(version_id, work)
    await locked_product(row["product_id"], work)
    return await version_by_id(version_id, work)


async def _plan_of_draft(plan_id: UUID, work: UnitOfWork) -> tuple[Row, Row]:
    sought = select(product_plan).where(
        product_plan.c.organisation_id == work.organisation_id, product_plan.c.id == plan_id
    )
    row = await work.load(sought, "plan", code=PRODUCT_PLAN_NOT_FOUND)
    await locked_product(row["product_id"], work)
    version = await draft_version(row["version_id"], work)
    return await work.load(sought.with_for_update(), "plan", code=PRODUCT_PLAN_NOT_FOUND), version


async def _store_plan(row: Row, version: Row, changed: dict[str, Any], work: UnitOfWork) -> Plan:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(product_plan).where(product_plan.c.id == row["id"]).values(**columns))
    after = {**row, **columns}
    say_plan_saved(after, work)
    await touch_version(version, work)
    return views.plan_of(after)


async def _check_end(row: Row, request: UpdateVersion, work: UnitOfWork) -> None:
    published = await work.fetch_value(
        select(publication.c.id)
        .where(publication.c.organisation_id == work.organisation_id, publication.c.version_id == row["id"])
        .limit(1)
    )
    states = (VersionState.SCHEDULED, VersionState.EFFECTIVE)
    is_followed = row["effective_to"] is not None
    if row["state"] not in states or published is not None or row["sold_count"] or is_followed:
        raise Refused(
            VERSION_LOCKED,
            f"version {row['number']} is {row['state']}, sold, published or followed by another; its end is fixed",
        )
    if request.effective_to is not None and request.effective_to <= max(row["effective_from"], work.now):
        raise Refused.field("effective_to", "range", "effective_to must lie after effective_from and after now")
