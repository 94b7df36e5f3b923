"""Retention policies and their runs."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.identity.organisations import new_row
from actors.identity.retention import policies, policy_of, run_of, run_row, start_run
from actors.identity.rules.retention import check_period, policy_id
from messages.identity import (
    PURGE_IN_PROGRESS,
    GetRetentionPolicy,
    ListPurgeRuns,
    ListRetentionPolicies,
    PurgeRunAccepted,
    PurgeRunPage,
    PurgeRuns,
    PurgeStatus,
    ReportPurgeRun,
    RetentionPolicies,
    RetentionPolicy,
    RetentionPolicyUpdated,
    RunRetentionPurge,
    UpsertRetentionPolicy,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import purge_run, retention_policy


async def upsert_retention_policy(request: UpsertRetentionPolicy, work: UnitOfWork) -> RetentionPolicy:
    """Version 0 is the default: whoever saw it makes version 1."""
    check_period(request.category, request.months)
    own = retention_policy.c
    row = await work.fetch_one(
        select(retention_policy)
        .where(own.organisation_id == work.organisation_id, own.category == request.category)
        .with_for_update()
    )
    before = policy_of(request.category, row, work.organisation_id)
    work.check_version(request.expected_version, before.version)
    changed = request.model_dump(exclude={"category", "expected_version"})
    values: dict[str, Any] = changed | {"version": before.version + 1}
    number = policy_id(work.organisation_id, request.category)
    statement = insert(retention_policy).values(**new_row(number, work), category=request.category, **values)
    again = values | {"updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(statement.on_conflict_do_update(index_elements=["id"], set_=again))
    after = policy_of(request.category, {**changed, "version": before.version + 1}, work.organisation_id)
    work.emit(RetentionPolicyUpdated.model_validate(after.model_dump()), version=after.version)
    work.record("retention_policy", number, before={"months": before.months}, after={"months": after.months})
    return after


async def list_retention_policies(request: ListRetentionPolicies, work: UnitOfWork) -> RetentionPolicies:
    """A handful: the categories are a closed set."""
    found = await policies(work)
    return RetentionPolicies(items=tuple(p for p in found if request.category in (None, p.category)))


async def get_retention_policy(request: GetRetentionPolicy, work: UnitOfWork) -> RetentionPolicy:
    """Every category has one, so none is ever missing."""
    own = retention_policy.c
    mine = (own.organisation_id == work.organisation_id, own.category == request.category)
    row = await work.fetch_one(select(retention_policy).where(*mine))
    return policy_of(request.category, row, work.organisation_id)


async def run_retention_purge(request: RunRetentionPurge, work: UnitOfWork) -> PurgeRuns:
    """Start what has not run today; a run that goes on is not started beside itself."""
    wanted = [policy for policy in await policies(work) if policy.is_active]
    wanted = [policy for policy in wanted if request.category in (None, policy.category)]
    going_on = select(purge_run.c.id).where(
        purge_run.c.organisation_id == work.organisation_id,
        purge_run.c.status == PurgeStatus.RUNNING,
        purge_run.c.policy_id.in_([policy.policy_id for policy in wanted]),
    )
    if await work.fetch_value(going_on.limit(1)) is not None:
        raise Refused(PURGE_IN_PROGRESS, "a run of this policy goes on; wait until its actor has reported")
    rows = [await start_run(policy, work.now, dry_run=request.dry_run, work=work) for policy in wanted]
    return PurgeRuns(items=tuple(run_of(row) for row in rows))


async def list_purge_runs(request: ListPurgeRuns, work: UnitOfWork) -> PurgeRunPage:
    """A page."""
    statement = select(purge_run).where(purge_run.c.organisation_id == work.organisation_id)
    for name in ("category", "status"):
        wanted = getattr(request, name)
        if wanted is not None:
            statement = statement.where(purge_run.c[name] == wanted)
    order = (purge_run.c.created_at, purge_run.c.id)
    return await page(work, request, statement, order=order, reply=PurgeRunPage, item=run_of, descending=True)


async def report_purge_run(request: ReportPurgeRun, work: UnitOfWork) -> PurgeRunAccepted:
    """Kept once."""
    row = await run_row(request.run_id, work, lock=True)
    if row["status"] != PurgeStatus.RUNNING:
        return PurgeRunAccepted(accepted=False)
    values = request.model_dump(exclude={"run_id"}) | {"completed_at": work.now}
    await work.execute(
        update(purge_run)
        .where(purge_run.c.organisation_id == work.organisation_id, purge_run.c.id == row["id"])
        .values(**values, version=row["version"] + 1, updated_at=work.now, updated_by=work.caller.principal)
    )
    shown = {name: values[name] for name in ("status", "deleted", "anonymised", "archived", "retained")}
    work.record("purge_run", row["id"], before={"status": row["status"]}, after=shown)
    return PurgeRunAccepted(accepted=True)
