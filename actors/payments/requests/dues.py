"""Schedules, instalments and emission runs."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments import changing, contracts, runs, views
from actors.payments.company import company_of
from actors.payments.emission import Emission
from messages.errors import ErrorCode
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    EMISSION_RUN_NOT_FOUND,
    INSTALMENT_NOT_FOUND,
    SCHEDULE_NOT_FOUND,
    CancelSchedule,
    EmissionRun,
    EmissionRunPage,
    GetEmissionRun,
    GetInstalment,
    GetSchedule,
    Instalment,
    InstalmentCancelReason,
    InstalmentPage,
    ListEmissionRuns,
    ListInstalments,
    ListSchedules,
    PauseSchedule,
    ResumeSchedule,
    RunEmission,
    RunStatus,
    RunTrigger,
    Schedule,
    SchedulePage,
    ScheduleReason,
    UpdateSchedule,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import emission_run, instalment, schedule


async def get_schedule(request: GetSchedule, work: UnitOfWork) -> Schedule:
    """One schedule."""
    return views.schedule_of(await _schedule(work, request.schedule_id))


async def list_schedules(request: ListSchedules, work: UnitOfWork) -> SchedulePage:
    """A page of schedules."""
    statement = select(schedule).where(schedule.c.organisation_id == work.organisation_id)
    for column in ("client_id", "contract_id"):
        if getattr(request, column) is not None:
            statement = statement.where(schedule.c[column] == getattr(request, column))
    if request.status:
        statement = statement.where(schedule.c.status.in_(request.status))
    if work.caller.company_ids is not None:
        statement = statement.where(schedule.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(schedule.c.created_at, schedule.c.id),
        descending=True,
        reply=SchedulePage,
        item=views.schedule_of,
    )


async def update_schedule(request: UpdateSchedule, work: UnitOfWork) -> Schedule:
    """Change a live schedule from a date on."""
    row = await _schedule(work, request.schedule_id, lock=True)
    work.check_version(request.expected_version, row["version"])
    return views.schedule_of(await changing.change(work, row, request))


async def pause_schedule(request: PauseSchedule, work: UnitOfWork) -> Schedule:
    """Stop presenting."""
    row = await _schedule(work, request.schedule_id, lock=True)
    return views.schedule_of(await contracts.pause(work, row, ScheduleReason.REQUESTED))


async def resume_schedule(request: ResumeSchedule, work: UnitOfWork) -> Schedule:
    """Present again."""
    row = await _schedule(work, request.schedule_id, lock=True)
    return views.schedule_of(await contracts.resume(work, row, request.resume_policy))


async def cancel_schedule(request: CancelSchedule, work: UnitOfWork) -> Schedule:
    """End a schedule."""
    row = await _schedule(work, request.schedule_id, lock=True)
    reason, why = ScheduleReason.REQUESTED, InstalmentCancelReason.SCHEDULE_CANCELLED
    return views.schedule_of(await contracts.cancel(work, row, reason, why))


async def get_instalment(request: GetInstalment, work: UnitOfWork) -> Instalment:
    """One instalment."""
    statement = select(instalment).where(
        instalment.c.organisation_id == work.organisation_id, instalment.c.id == request.instalment_id
    )
    return views.instalment_of(await _seen(work, statement, "instalment", INSTALMENT_NOT_FOUND))


async def list_instalments(request: ListInstalments, work: UnitOfWork) -> InstalmentPage:
    """A page of instalments by debit date."""
    statement = select(instalment).where(instalment.c.organisation_id == work.organisation_id)
    for column in ("client_id", "contract_id", "invoice_id", "schedule_id"):
        if getattr(request, column) is not None:
            statement = statement.where(instalment.c[column] == getattr(request, column))
    if request.status:
        statement = statement.where(instalment.c.status.in_(request.status))
    if request.due_before is not None:
        statement = statement.where(instalment.c.planned_debit_date < request.due_before)
    if work.caller.company_ids is not None:
        statement = statement.where(instalment.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(instalment.c.planned_debit_date, instalment.c.id),
        reply=InstalmentPage,
        item=views.instalment_of,
    )


async def run_emission(request: RunEmission, work: UnitOfWork) -> EmissionRun:
    """One page of a run that a person asked for; a dry run changes nothing."""
    company = await company_of(work, request.company_id)
    if company is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    local = work.now.astimezone(company.zone)
    business_date = request.business_date or local.date()
    found = await Emission(work, company, business_date, local).run(None, dry=request.dry_run)
    if request.dry_run:
        return EmissionRun(
            id=None,
            company_id=company.id,
            business_date=business_date,
            trigger=RunTrigger.MANUAL,
            status=RunStatus.FINISHED,
            due=len(found.results),
            **{name: found.count(name) for name in ("emitted", "blocked", "skipped", "failed")},
            started_at=work.now,
            dry_run=True,
            results=tuple(found.results),
        )
    run_id = await runs.manual_run(work, company.id, business_date)
    await runs.store_page(work, run_id, found)
    row = await work.load(select(emission_run).where(emission_run.c.id == run_id), "emission run")
    return views.emission_run_of(row).model_copy(update={"results": tuple(found.results)})


async def get_emission_run(request: GetEmissionRun, work: UnitOfWork) -> EmissionRun:
    """One run."""
    statement = select(emission_run).where(emission_run.c.organisation_id == work.organisation_id)
    if request.emission_run_id is not None:
        statement = statement.where(emission_run.c.id == request.emission_run_id)
    else:
        statement = statement.where(
            emission_run.c.company_id == request.company_id,
            emission_run.c.business_date == request.business_date,
            emission_run.c.trigger == RunTrigger.CLOCK,
        )
    return views.emission_run_of(await _seen(work, statement, "emission run", EMISSION_RUN_NOT_FOUND))


async def list_emission_runs(request: ListEmissionRuns, work: UnitOfWork) -> EmissionRunPage:
    """A page of a company's runs."""
    if not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    statement = select(emission_run).where(
        emission_run.c.organisation_id == work.organisation_id, emission_run.c.company_id == request.company_id
    )
    if request.date_from is not None:
        statement = statement.where(emission_run.c.business_date >= request.date_from)
    if request.date_to is not None:
        statement = statement.where(emission_run.c.business_date <= request.date_to)
    return await page(
        work,
        request,
        statement,
        order=(emission_run.c.business_date, emission_run.c.id),
        descending=True,
        reply=EmissionRunPage,
        item=views.emission_run_of,
    )


async def _schedule(work: UnitOfWork, schedule_id: UUID, *, lock: bool = False) -> Row:
    statement: Any = select(schedule).where(
        schedule.c.organisation_id == work.organisation_id, schedule.c.id == schedule_id
    )
    return await _seen(work, statement.with_for_update() if lock else statement, "schedule", SCHEDULE_NOT_FOUND)


async def _seen(work: UnitOfWork, statement: Any, what: str, code: ErrorCode) -> Row:
    """A row of a company that the caller sees; any other is not there."""
    row = await work.load(statement, what, code=code)
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(code, f"this {what} does not exist; check the id")
    return row
