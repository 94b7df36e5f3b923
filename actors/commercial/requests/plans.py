"""Requests about commission plans: drafted, published once and for all, chosen or not."""

import hashlib
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, update

from actors.commercial import views
from messages.commercial import (
    PLAN_CODE_EXISTS,
    PLAN_INVALID,
    PLAN_NOT_FOUND,
    PLAN_RETROACTIVE,
    PLAN_VERSION_IMMUTABLE,
    PLAN_VERSION_OVERLAP,
    ActivatePlan,
    CommissionPlan,
    CommissionPlanDeactivated,
    CommissionPlanPage,
    CommissionPlanPublished,
    CreateCommissionPlan,
    CreatePlanVersion,
    DeactivatePlan,
    GetCommissionPlan,
    ListCommissionPlans,
    PlanStatus,
    PlanTerms,
    PlanVersionState,
    PublishPlanVersion,
    StatementStatus,
    UpdatePlanVersion,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import none_of
from storage.commercial.tables import commission_plan, commission_plan_version, statement


async def create_commission_plan(request: CreateCommissionPlan, work: UnitOfWork) -> CommissionPlan:
    """Write a plan and the draft of its first version."""
    known = select(commission_plan.c.id).where(
        commission_plan.c.organisation_id == work.organisation_id, commission_plan.c.code == request.code
    )
    if await work.fetch_value(known) is not None:
        raise Refused(PLAN_CODE_EXISTS, f"a plan has the code {request.code} already; choose another code")
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        **{name: getattr(request, name) for name in ("code", "name", "description", "priority", "currency")},
        **request.selectors.model_dump(),
        "status": PlanStatus.DRAFT,
    }
    await work.insert(commission_plan, **row)
    await _insert_version(row["id"], 1, request, None, work)
    work.record("commission_plan", row["id"], after={"code": request.code, "version_no": 1})
    return await _plan(row["id"], work)


async def create_plan_version(request: CreatePlanVersion, work: UnitOfWork) -> CommissionPlan:
    """Write the draft of the next version."""
    plan = await _load(request.plan_id, work)
    versions = await _versions(plan["id"], work)
    if any(found["state"] == PlanVersionState.DRAFT for found in versions):
        raise Refused(PLAN_VERSION_OVERLAP, "the plan has a draft version already; change or publish that one")
    await _insert_version(plan["id"], versions[0]["version_no"] + 1, request, request.change_reason, work)
    work.record("commission_plan", plan["id"], after={"version_no": versions[0]["version_no"] + 1})
    return await _plan(plan["id"], work)


async def update_plan_version(request: UpdatePlanVersion, work: UnitOfWork) -> CommissionPlan:
    """Replace a draft."""
    version = await _load_version(request.version_id, work)
    _check_draft(version)
    await work.execute(
        update(commission_plan_version)
        .where(
            commission_plan_version.c.organisation_id == work.organisation_id,
            commission_plan_version.c.id == version["id"],
        )
        .values(**_content(request), change_reason=request.change_reason or version["change_reason"])
    )
    work.record("commission_plan", version["plan_id"], after={"version_no": version["version_no"]})
    return await _plan(version["plan_id"], work)


async def publish_plan_version(request: PublishPlanVersion, work: UnitOfWork) -> CommissionPlan:
    """Freeze a draft and put it in force."""
    version = await _load_version(request.version_id, work)
    plan = await _load(version["plan_id"], work)
    _check_draft(version)
    await _check_not_retroactive(version["effective_from"], work)
    for other in await _versions(plan["id"], work):
        if other["state"] == PlanVersionState.PUBLISHED:
            await _end_before(other, version, work)
    await work.execute(
        update(commission_plan_version)
        .where(
            commission_plan_version.c.organisation_id == work.organisation_id,
            commission_plan_version.c.id == version["id"],
        )
        .values(state=PlanVersionState.PUBLISHED, published_by=work.caller.principal, published_at=work.now)
    )
    status = PlanStatus.ACTIVE if plan["status"] == PlanStatus.DRAFT else plan["status"]
    after = await _store(plan, work, status=status)
    work.emit(
        CommissionPlanPublished(
            plan_id=plan["id"],
            code=plan["code"],
            version_no=version["version_no"],
            effective_from=version["effective_from"],
            effective_to=version["effective_to"],
            selectors=views.selectors(plan),
            reason=request.reason or version["change_reason"],
        ),
        version=after["version"],
    )
    return await _plan(plan["id"], work)


async def get_commission_plan(request: GetCommissionPlan, work: UnitOfWork) -> CommissionPlan:
    """One plan with its versions."""
    if request.plan_id is not None:
        return await _plan(request.plan_id, work)
    wanted = select(commission_plan.c.id).where(
        commission_plan.c.organisation_id == work.organisation_id, commission_plan.c.code == request.code
    )
    row = await work.load(wanted, "commission_plan", code=PLAN_NOT_FOUND)
    return await _plan(row["id"], work)


async def list_commission_plans(request: ListCommissionPlans, work: UnitOfWork) -> CommissionPlanPage:
    """A page of plans."""
    wanted = select(commission_plan).where(commission_plan.c.organisation_id == work.organisation_id)
    for name in ("status", "product_id", "company_id", "product_type", "profile"):
        value = getattr(request, name)
        if value is not None:
            wanted = wanted.where(commission_plan.c[name] == value)
    order = (commission_plan.c.code, commission_plan.c.id)
    return await page(work, request, wanted, order=order, reply=CommissionPlanPage, item=views.plan)


async def activate_plan(request: ActivatePlan, work: UnitOfWork) -> CommissionPlan:
    """Let a plan be chosen again; it needs a published version."""
    plan = await _load(request.plan_id, work)
    versions = await _versions(plan["id"], work)
    if all(found["state"] == PlanVersionState.DRAFT for found in versions):
        raise Refused(PLAN_INVALID, "the plan has no published version; publish one, that activates it")
    if plan["status"] != PlanStatus.ACTIVE:
        await _store(plan, work, status=PlanStatus.ACTIVE)
        work.record("commission_plan", plan["id"], after={"status": PlanStatus.ACTIVE, "reason": request.reason})
    return await _plan(plan["id"], work)


async def deactivate_plan(request: DeactivatePlan, work: UnitOfWork) -> CommissionPlan:
    """Stop choosing a plan."""
    plan = await _load(request.plan_id, work)
    if plan["status"] != PlanStatus.INACTIVE:
        after = await _store(plan, work, status=PlanStatus.INACTIVE)
        fact = CommissionPlanDeactivated(plan_id=plan["id"], code=plan["code"], reason=request.reason)
        work.emit(fact, version=after["version"])
    return await _plan(plan["id"], work)


async def _insert_version(
    plan_id: UUID,
    number: int,
    request: CreateCommissionPlan | CreatePlanVersion,
    reason: str | None,
    work: UnitOfWork,
) -> None:
    await work.insert(
        commission_plan_version,
        id=new_id(),
        organisation_id=work.organisation_id,
        plan_id=plan_id,
        version_no=number,
        state=PlanVersionState.DRAFT,
        change_reason=reason,
        author=work.caller.principal,
        **_content(request),
    )


def _content(request: CreateCommissionPlan | CreatePlanVersion | UpdatePlanVersion) -> dict[str, Any]:
    if request.effective_to is not None and request.effective_to < request.effective_from:
        raise Refused.field(
            "effective_to", "order", "effective_to lies before effective_from; correct it", PLAN_INVALID
        )
    payload = _payload(request.terms)
    return {
        "payload": payload,
        "payload_sha256": hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "effective_from": request.effective_from,
        "effective_to": request.effective_to,
    }


def _payload(terms: PlanTerms) -> dict[str, Any]:
    return terms.model_dump(mode="json")


def _check_draft(version: Row) -> None:
    if version["state"] != PlanVersionState.DRAFT:
        raise Refused(
            PLAN_VERSION_IMMUTABLE,
            f"version {version['version_no']} is {version['state']} and never changes; create a new version",
        )


async def _check_not_retroactive(effective_from: date, work: UnitOfWork) -> None:
    """A version must not begin in a month that has a frozen statement."""
    newest = await work.fetch_value(
        select(statement.c.period)
        .where(
            statement.c.organisation_id == work.organisation_id,
            none_of(statement.c.status, (StatementStatus.DRAFT, StatementStatus.DISCARDED)),
        )
        .order_by(statement.c.period.desc())
        .limit(1)
    )
    if newest is not None and f"{effective_from:%Y-%m}" <= newest:
        raise Refused(
            PLAN_RETROACTIVE,
            f"statements of {newest} are validated; let the version take effect after that month",
            details={"period": newest},
        )


async def _end_before(other: Row, version: Row, work: UnitOfWork) -> None:
    """The version before ends the day before; one that would begin later is in the way."""
    if other["effective_from"] >= version["effective_from"]:
        raise Refused(
            PLAN_VERSION_OVERLAP,
            f"version {other['version_no']} begins on {other['effective_from']}; take effect after that day",
        )
    if other["effective_to"] is not None and other["effective_to"] < version["effective_from"]:
        return
    await work.execute(
        update(commission_plan_version)
        .where(
            commission_plan_version.c.organisation_id == work.organisation_id,
            commission_plan_version.c.id == other["id"],
        )
        .values(state=PlanVersionState.SUPERSEDED, effective_to=version["effective_from"] - timedelta(days=1))
    )


async def _load(plan_id: UUID, work: UnitOfWork) -> Row:
    wanted = select(commission_plan).where(
        commission_plan.c.organisation_id == work.organisation_id, commission_plan.c.id == plan_id
    )
    return await work.load(wanted.with_for_update(), "commission_plan", code=PLAN_NOT_FOUND, id=plan_id)


async def _load_version(version_id: UUID, work: UnitOfWork) -> Row:
    version = commission_plan_version.c
    wanted = select(commission_plan_version).where(
        version.organisation_id == work.organisation_id, version.id == version_id
    )
    return await work.load(wanted.with_for_update(), "commission_plan_version", code=PLAN_NOT_FOUND, id=version_id)


async def _versions(plan_id: UUID, work: UnitOfWork) -> list[Row]:
    version = commission_plan_version.c
    wanted = select(commission_plan_version).where(
        version.organisation_id == work.organisation_id, version.plan_id == plan_id
    )
    return await work.fetch(wanted.order_by(version.version_no.desc()))


async def _plan(plan_id: UUID, work: UnitOfWork) -> CommissionPlan:
    wanted = select(commission_plan).where(
        commission_plan.c.organisation_id == work.organisation_id, commission_plan.c.id == plan_id
    )
    row = await work.load(wanted, "commission_plan", code=PLAN_NOT_FOUND, id=plan_id)
    return views.plan(row, await _versions(plan_id, work))


async def _store(plan: Row, work: UnitOfWork, **changes: Any) -> Row:
    version = plan["version"] + 1
    await work.execute(
        update(commission_plan)
        .where(commission_plan.c.organisation_id == work.organisation_id, commission_plan.c.id == plan["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return {**plan, **changes, "version": version}
