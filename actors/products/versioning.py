"""How versions of a product are made, dated and replaced by one another."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.products.rows import changed_row, new_row
from actors.products.rules import products
from messages.problem import Refused
from messages.products.events import (
    ProductPlanSaved,
    ProductVersionEffective,
    ProductVersionScheduled,
    ProductVersionSuperseded,
)
from messages.products.ranges import RangeScope
from messages.products.versions import (
    EFFECTIVE_IN_PAST,
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
from storage.products.queries import among
from storage.products.tables import pricing_rule, product_plan, product_version, publication

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
    await work.execute(
        update(product_version)
        .where(product_version.c.id == row["id"])
        .values(state=VersionState.EFFECTIVE, **changed_row(version, work))
    )
    work.emit(ProductVersionEffective.model_validate(_facts(row)), version=version)
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
        await work.execute(
            update(product_version)
            .where(product_version.c.id == before["id"])
            .values(state=VersionState.SUPERSEDED, **changed_row(before["version"] + 1, work))
        )
        work.emit(ProductVersionSuperseded.model_validate(_facts(before)), version=before["version"] + 1)


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
    dated = {**row, "effective_from": effective_from, "effective_to": None, "version": version}
    await work.execute(
        update(product_version)
        .where(product_version.c.id == row["id"])
        .values(state=VersionState.SCHEDULED, effective_from=effective_from, **changed_row(version, work))
    )
    if effective_from <= work.now:
        await start_version({**dated, "version": version - 1}, work)
    else:
        work.emit(ProductVersionScheduled.model_validate(_facts(dated)), version=version)


async def insert_plan(product_id: UUID, version_id: UUID, draft: PlanDraft, work: UnitOfWork) -> dict[str, Any]:
    """Store a plan and say so."""
    stored = {
        **new_row(new_id(), work),
        **draft.model_dump(exclude={"options"}),
        "product_id": product_id,
        "version_id": version_id,
        "active": True,
        "options": [option.model_dump(mode="json") for option in draft.options],
    }
    await work.insert(product_plan, **stored)
    event = ProductPlanSaved(
        plan_id=stored["id"],
        product_id=product_id,
        version_id=version_id,
        code=draft.code,
        recurrence=draft.recurrence,
        options=draft.options,
    )
    work.emit(event, version=1)
    return stored


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


def _facts(row: Row) -> dict[str, Any]:
    names = ("product_id", "number", "breaking")
    end = row["effective_to"]
    return {
        "version_id": row["id"],
        "effective_from": local_date(row["effective_from"]),
        "effective_to": local_date(end) if end else None,
        "changed_areas": (ChangedArea.PRICE, ChangedArea.TERMS),
        **{name: row[name] for name in names},
    }
