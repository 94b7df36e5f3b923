"""How versions of a product are made, dated and replaced by one another."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.products import views
from actors.products.rows import changed_row, new_row
from actors.products.rules import products
from actors.products.rules.versions import VERSION, Content, compare, content_hash
from actors.products.version_documents import attached_documents, copy_documents
from messages.problem import Refused
from messages.products.events import (
    ProductPlanSaved,
    ProductVersionCancelled,
    ProductVersionEffective,
    ProductVersionScheduled,
    ProductVersionSuperseded,
)
from messages.products.ranges import RangeScope
from messages.products.versions import (
    EFFECTIVE_IN_PAST,
    VERSION_LOCKED,
    VERSION_OVERLAP,
    ChangedArea,
    PlanDraft,
    PriceRole,
    PricingRuleDraft,
    VersionDraft,
    VersionState,
)
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import VERSION as VERSION_ROWS
from storage.products.queries import among
from storage.products.tables import pricing_rule, product_plan, product_version, publication, quality_rule

_DATED = (VersionState.SCHEDULED, VersionState.EFFECTIVE)


async def insert_version(
    row: Row,
    draft: VersionDraft,
    scope: RangeScope,
    work: UnitOfWork,
    *,
    is_first: bool,
    breaking: bool = False,
    source_version_id: UUID | None = None,
) -> UUID:
    """Store a version with its plans and rules. A first version with a price is dated at once, others stay drafts."""
    plans = products.plans_of(draft.plans, row["name"])
    rules = products.rules_of(draft.pricing, {plan.code for plan in plans}, scope)
    version = {
        **new_row(new_id(), work),
        "product_id": row["id"],
        "number": await _next_number(row["id"], work),
        "state": VersionState.DRAFT,
        "effective_from": None,
        "effective_to": None,
        "notes": draft.notes,
        "breaking": breaking,
        "source_version_id": source_version_id,
    }
    await work.insert(product_version, **version)
    for plan in plans:
        await insert_plan(row["id"], version["id"], plan, work)
    await work.insert_rows(pricing_rule, [rule_row(version["id"], rule, work) for rule in rules])
    if is_first and any(rule.role is PriceRole.RECURRING_PRICE for rule in rules):
        await date_version(version, draft.effective_from or work.now, work)
    return UUID(str(version["id"]))


async def start_version(row: Row, work: UnitOfWork) -> None:
    """The instant of a scheduled version has come."""
    version = row["version"] + 1
    state = VERSION.after("start", VersionState(row["state"]))
    await work.execute(
        update(product_version)
        .where(product_version.c.id == row["id"])
        .values(state=state, **changed_row(version, work))
    )
    work.emit(ProductVersionEffective.model_validate(await _facts(row, work)), version=version)
    before = await work.fetch_one(
        select(product_version)
        .where(
            product_version.c.organisation_id == work.organisation_id,
            product_version.c.product_id == row["product_id"],
            product_version.c.state == VersionState.EFFECTIVE,
            product_version.c.number < row["number"],
        )
        .with_for_update()
    )
    if before is not None:
        await end_version(before, work)


async def end_version(row: Row, work: UnitOfWork) -> None:
    """The end of a version has come."""
    version = row["version"] + 1
    state = VERSION.after("end", VersionState(row["state"]))
    await work.execute(
        update(product_version)
        .where(product_version.c.id == row["id"])
        .values(state=state, **changed_row(version, work))
    )
    work.emit(ProductVersionSuperseded.model_validate(await _facts(row, work)), version=version)


async def cancel_dated_version(row: Row, work: UnitOfWork) -> None:
    """Give up a draft, or the last scheduled version: the one before it goes on, what was to be published is not."""
    if row["state"] not in (VersionState.DRAFT, VersionState.SCHEDULED) or row["effective_to"] is not None:
        raise Refused(
            VERSION_LOCKED, f"version {row['number']} is {row['state']} or followed by another and cannot be cancelled"
        )
    version = row["version"] + 1
    facts = await _facts(row, work) if row["effective_from"] is not None else None
    state = VERSION.after("cancel", VersionState(row["state"]))
    await work.execute(
        update(product_version)
        .where(product_version.c.id == row["id"])
        .values(state=state, effective_to=row["effective_from"], **changed_row(version, work))
    )
    if facts is None:
        work.record("product_version", row["id"], before={"state": row["state"]}, after={"state": state})
        return
    await work.execute(
        update(product_version)
        .where(
            product_version.c.organisation_id == work.organisation_id,
            product_version.c.product_id == row["product_id"],
            product_version.c.effective_to == row["effective_from"],
            product_version.c.id != row["id"],
            product_version.c.state != VersionState.CANCELLED,
        )
        .values(effective_to=None, version=product_version.c.version + 1)
    )
    work.emit(ProductVersionCancelled.model_validate(facts), version=version)


async def copy_version(source: Row, work: UnitOfWork) -> UUID:
    """A draft with the content of another version."""
    content = views.version_of(source)
    version = {
        **new_row(new_id(), work),
        "product_id": source["product_id"],
        "number": await _next_number(source["product_id"], work),
        "state": VersionState.DRAFT,
        "effective_from": None,
        "effective_to": None,
        "notes": source["notes"],
        "breaking": source["breaking"],
        "source_version_id": source["id"],
    }
    await work.insert(product_version, **version)
    for plan in content.plans:
        draft = PlanDraft(**{name: getattr(plan, name) for name in PlanDraft.model_fields})
        await insert_plan(source["product_id"], version["id"], draft, work, active=plan.active)
    rules = [
        PricingRuleDraft(**{name: getattr(rule, name) for name in PricingRuleDraft.model_fields})
        for rule in content.pricing
    ]
    await work.insert_rows(pricing_rule, [rule_row(version["id"], rule, work) for rule in rules])
    await copy_documents(source["id"], version["id"], work)
    checked = await work.fetch_one(
        select(quality_rule).where(
            quality_rule.c.organisation_id == work.organisation_id, quality_rule.c.version_id == source["id"]
        )
    )
    if checked is not None:
        await work.insert(quality_rule, **{**checked, **new_row(new_id(), work), "version_id": version["id"]})
    return UUID(str(version["id"]))


async def content_of(row: Row, work: UnitOfWork) -> Content:
    """What a version says."""
    version = views.version_of(row)
    return Content(version.plans, version.pricing, await attached_documents(row["id"], work))


async def _next_number(product_id: UUID, work: UnitOfWork) -> int:
    highest = select(func.coalesce(func.max(product_version.c.number), 0)).where(
        product_version.c.organisation_id == work.organisation_id, product_version.c.product_id == product_id
    )
    return int(await work.fetch_value(highest)) + 1


async def close_predecessor(row: Row, effective_from: datetime, work: UnitOfWork) -> None:
    """End the version before and its publications at the instant; refused when it is past or not after the last one."""
    dated = await work.fetch(
        select(product_version)
        .where(
            product_version.c.organisation_id == work.organisation_id,
            product_version.c.product_id == row["product_id"],
            among(product_version.c.state, _DATED),
        )
        .order_by(product_version.c.effective_from.desc())
        .with_for_update()
    )
    if effective_from < work.now:
        raise Refused.field(
            "effective_from", "past", "effective_from is past; give now or a later instant", EFFECTIVE_IN_PAST
        )
    if not dated:
        return
    last = dated[0]
    if last["effective_from"] >= effective_from:
        raise Refused(
            VERSION_OVERLAP,
            f"version {last['number']} takes effect at {last['effective_from'].isoformat()}; give a later instant",
            details={"number": last["number"]},
        )
    await work.execute(
        update(product_version)
        .where(product_version.c.id == last["id"])
        .values(effective_to=effective_from, **changed_row(last["version"] + 1, work))
    )
    await work.execute(
        update(publication)
        .where(
            publication.c.organisation_id == work.organisation_id,
            publication.c.version_id == last["id"],
            among(publication.c.state, ("SCHEDULED", "LIVE")),
            publication.c.end_at.is_(None) | (publication.c.end_at > effective_from),
        )
        .values(end_at=effective_from)
    )


async def date_version(row: Row, effective_from: datetime, work: UnitOfWork) -> None:
    """Schedule a draft; it starts now when its instant is not in the future."""
    version = row["version"] + 1
    state = VERSION.after("schedule", VersionState(row["state"]))
    dated = {**row, "state": state, "effective_from": effective_from, "effective_to": None, "version": version}
    content = await content_of(await _full(row["id"], work), work)
    await work.execute(
        update(product_version)
        .where(product_version.c.id == row["id"])
        .values(
            state=state,
            effective_from=effective_from,
            content_hash=content_hash(content),
            **changed_row(version, work),
        )
    )
    if effective_from <= work.now:
        await start_version({**dated, "version": version - 1}, work)
    else:
        work.emit(ProductVersionScheduled.model_validate(await _facts(dated, work)), version=version)


async def insert_plan(
    product_id: UUID, version_id: UUID, draft: PlanDraft, work: UnitOfWork, *, active: bool = True
) -> dict[str, Any]:
    """Store a plan and say so."""
    stored = {
        **new_row(new_id(), work),
        **draft.model_dump(exclude={"options"}),
        "product_id": product_id,
        "version_id": version_id,
        "active": active,
        "options": [option.model_dump(mode="json") for option in draft.options],
    }
    await work.insert(product_plan, **stored)
    say_plan_saved(stored, work)
    return stored


def say_plan_saved(row: Row, work: UnitOfWork) -> None:
    """State a new or changed plan."""
    work.emit(ProductPlanSaved.model_validate({**row, "plan_id": row["id"]}), version=row["version"])


def rule_row(version_id: UUID, rule: PricingRuleDraft, work: UnitOfWork) -> dict[str, Any]:
    """The row of a price rule; amounts are decimal texts."""
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version_id": version_id,
        "plan_code": rule.plan_code,
        "role": rule.role,
        "payload": rule.model_dump(mode="json", exclude={"plan_code", "role"}),
    }


async def _facts(row: Row, work: UnitOfWork) -> dict[str, Any]:
    names = ("product_id", "number", "breaking")
    end = row["effective_to"]
    return {
        "version_id": row["id"],
        "effective_from": local_date(row["effective_from"]),
        "effective_to": local_date(end) if end else None,
        "changed_areas": await _changed_areas(row, work),
        **{name: row[name] for name in names},
    }


async def _changed_areas(row: Row, work: UnitOfWork) -> tuple[ChangedArea, ...]:
    """What differs from the dated version before; of a first version prices and terms are new."""
    before = await work.fetch_one(
        VERSION_ROWS.where(
            product_version.c.organisation_id == work.organisation_id,
            product_version.c.product_id == row["product_id"],
            product_version.c.effective_from < row["effective_from"],
            product_version.c.state != VersionState.CANCELLED,
        )
        .order_by(product_version.c.effective_from.desc())
        .limit(1)
    )
    if before is None:
        return (ChangedArea.PRICE, ChangedArea.TERMS)
    own = await content_of(await _full(row["id"], work), work)
    return compare(await content_of(before, work), own).changed_areas


async def _full(version_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(VERSION_ROWS.where(product_version.c.id == version_id), "version")
