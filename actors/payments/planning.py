"""Planning: schedules become dated instalments, 90 days ahead. Calendar is asked outside the transaction; when it is silent
the dates are our own, marked as such, and asked for again each night."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import views
from actors.payments.company import Company, companies, company_of
from actors.payments.rules import dates
from actors.payments.rules.guards import ContractFacts
from actors.payments.rules.machines import SCHEDULE
from actors.payments.rules.planning import (
    DebitDay,
    PlannedPeriod,
    Rhythm,
    is_complete,
    month_of,
    months_wanted,
    plan,
    planned_until,
)
from actors.payments.sets import run_many
from messages.calendar import CalculatePlannedDatesBatch, PlannedDateInput, Rail
from messages.payments import (
    InstalmentPlanned,
    InstalmentRescheduled,
    InstalmentStatus,
    PaymentSettingsValues,
    PlannedBy,
    RescheduleReason,
    ScheduleCompleted,
    ScheduleFrequency,
    ScheduleStatus,
)
from messages.problem import Refused
from messages.values.identifiers import derived_id
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.views import contract_view, invoice_view

ASK_SECONDS = 2.0
SCHEDULES_PER_ITEM = 40
_MONTHS_ASKED = 8
_MONTH_DAYS = 31
"""How far beyond the horizon calendar is asked: the next debit after it says when the schedule must be looked at again."""


class PlanInstalments(WorkItem):
    """Plan the next instalments of some schedules."""

    schedule_ids: tuple[UUID, ...]


class ReplanInstalments(WorkItem):
    """Ask calendar again for instalments whose date was a fallback or became impossible."""

    instalment_ids: tuple[UUID, ...]


class KnownDay(BaseModel):
    """A debit date from calendar for one schedule or instalment and month."""

    owner: UUID
    month: date
    day: date
    original: date
    config: dict[str, Any] | None = None


async def ask_for_schedules(item: PlanInstalments, outside: Outside) -> list[KnownDay]:
    """Calendar's dates for the months that the schedules may need; none when it does not answer in time."""
    today = local_date(outside.now)
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        rows = await connection.fetch(
            "select s.id, s.contract_id, s.client_id, s.company_id, s.rail, s.frequency, s.interval, s.anchor_date,"
            " s.anchor_index, s.end_date, s.next_period_index, s.month_offset, s.preferred_debit_day,"
            " coalesce((c.values ->> 'schedule_horizon_days')::integer, $3) as horizon"
            " from schedule s left join company_settings c"
            " on c.organisation_id = s.organisation_id and c.company_id = s.company_id"
            " where s.organisation_id = $1 and s.id = any($2::uuid[])",
            outside.organisation_id,
            list(item.schedule_ids),
            PaymentSettingsValues().schedule_horizon_days,
        )
    inputs = []
    for row in rows:
        rhythm = rhythm_of(row)
        until = today + timedelta(days=row["horizon"] + _MONTH_DAYS)
        months = months_wanted(rhythm, max(today, rhythm.anchor), until)
        inputs += [_question(row, month) for month in months[:_MONTHS_ASKED]]
    return await _ask(outside, inputs)


async def ask_for_instalments(item: ReplanInstalments, outside: Outside) -> list[KnownDay]:
    """Calendar's dates for the months of some instalments."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        rows = await connection.fetch(
            "select id, contract_id, client_id, company_id, rail, planned_debit_date from instalment"
            " where organisation_id = $1 and id = any($2::uuid[])",
            outside.organisation_id,
            list(item.instalment_ids),
        )
    return await _ask(outside, [_question(row, month_of(row["planned_debit_date"])) for row in rows])


def _question(row: Any, month: date) -> PlannedDateInput:
    return PlannedDateInput(
        key=f"{row['id']}|{month.isoformat()}",
        contract_id=row["contract_id"],
        client_id=row["client_id"],
        company_id=row["company_id"],
        target_month=month.month,
        target_year=month.year,
        rail=Rail(row["rail"]),
    )


async def _ask(outside: Outside, inputs: Sequence[PlannedDateInput]) -> list[KnownDay]:
    if not inputs:
        return []
    try:
        async with asyncio.timeout(ASK_SECONDS):
            answer = await outside.ask(CalculatePlannedDatesBatch(inputs=tuple(inputs)), ASK_SECONDS)
    except (Refused, TimeoutError):
        return []
    found = []
    for result in answer.results:
        if result.success and result.planned_debit_date is not None:
            owner, _, month = result.key.partition("|")
            found.append(
                KnownDay(
                    owner=UUID(owner),
                    month=date.fromisoformat(month),
                    day=result.planned_debit_date,
                    original=result.original_target_date or result.planned_debit_date,
                    config=result.resolved_config.model_dump(mode="json") if result.resolved_config else None,
                )
            )
    return found


def rhythm_of(row: Any) -> Rhythm:
    """What of a schedule's row decides its dates."""
    return Rhythm(
        frequency=ScheduleFrequency(row["frequency"]),
        interval=row["interval"],
        anchor=row["anchor_date"],
        end=row["end_date"],
        next_index=row["next_period_index"],
        month_offset=row["month_offset"],
        preferred_day=row["preferred_debit_day"],
        anchor_index=row["anchor_index"],
    )


# -- storing what was planned --------------------------------------------------------------------------------------


async def store_plans(item: PlanInstalments, known: list[KnownDay], work: UnitOfWork) -> None:
    """Insert the instalments of each schedule up to the horizon; a period is planned once."""
    rows = await work.fetch(
        select(schedule)
        .where(
            schedule.c.organisation_id == work.organisation_id,
            schedule.c.id.in_(item.schedule_ids),
            schedule.c.status == ScheduleStatus.ACTIVE,
        )
        .order_by(schedule.c.id)
        .with_for_update()
    )
    active = {company.id: company for company in await companies(work)} if rows else {}
    contracts = await _contract_facts(work, [row["contract_id"] for row in rows])
    changed = []
    for row in rows:
        days = {
            found.month: DebitDay(found.day, found.original, PlannedBy.CALENDAR, found.config)
            for found in known
            if found.owner == row["id"]
        }
        if (company := active.get(row["company_id"])) is not None:
            changed.append(await _plan_schedule(work, dict(row), company, contracts.get(row["contract_id"]), days))
    await run_many(work, queries.SCHEDULE_PLANNED, changed)


async def _plan_schedule(
    work: UnitOfWork, row: dict[str, Any], company: Company, facts: ContractFacts | None, days: dict[date, DebitDay]
) -> dict[str, Any]:
    """Insert what a schedule still needs; what of its row changes."""
    rhythm = rhythm_of(row)
    floor = facts.debit_floor(company.settings.withdrawal_guard_days) if facts is not None else None
    earliest = dates.add_target_days(work.today(company.zone), company.profile.lead_target_days)
    until = work.today(company.zone) + timedelta(days=company.settings.schedule_horizon_days)
    planned, offset = plan(rhythm, days, max(earliest, floor or earliest), until)
    if planned:
        await _insert_instalments(work, row, planned)
        rhythm = replace(rhythm, next_index=planned[-1].index + 1, month_offset=offset)
    complete = is_complete(rhythm, rhythm.next_index)
    status = ScheduleStatus(row["status"])
    after = row | {
        "next_period_index": rhythm.next_index,
        "month_offset": rhythm.month_offset,
        "planned_until": planned_until(rhythm, days, until),
        "version": row["version"] + complete,
        "status": SCHEDULE.after("complete", status) if complete else status,
    }
    if complete:
        work.emit(ScheduleCompleted(**views.schedule_snapshot(after)), version=after["version"])
    return {name: after[name] for name in queries.SCHEDULE_PLANNED.names}


async def _contract_facts(work: UnitOfWork, contract_ids: Sequence[UUID]) -> dict[UUID, ContractFacts]:
    rows = await work.fetch(
        select(contract_view).where(
            contract_view.c.organisation_id == work.organisation_id, among(contract_view.c.contract_id, contract_ids)
        )
    )
    return {
        row["contract_id"]: ContractFacts(**{name: row[name] for name in ContractFacts.__dataclass_fields__})
        for row in rows
    }


async def _insert_instalments(work: UnitOfWork, row: dict[str, Any], periods: list[PlannedPeriod]) -> None:
    """Instalments of a schedule, each bound to its invoice when that was issued first; instalment.planned."""
    invoices = await _earlier_invoices(work, row["contract_id"], [period.start for period in periods])
    planned = []
    for period in periods:
        bound = invoices.get(period.start)
        if bound is not None and bound["instalment_id"] is not None:
            continue
        amount = bound["due"] - bound["credited"] if bound is not None else row["amount"]
        if amount > 0:
            planned.append(instalment_row(work, row, period, amount, bound["invoice_id"] if bound else None))
    if not planned:
        return
    inserted = insert(instalment).values(planned).on_conflict_do_nothing().returning(instalment.c.id)
    new = {found["id"] for found in await work.fetch(inserted)}
    for fields in planned:
        if fields["id"] in new:
            work.emit(InstalmentPlanned(**views.instalment_snapshot(fields | _BLANK)), version=1)


_BLANK = {"attempt": 1}


def instalment_row(
    work: UnitOfWork, row: dict[str, Any], period: PlannedPeriod, amount: Any, invoice_id: UUID | None
) -> dict[str, Any]:
    """The columns of a new instalment of a schedule."""
    return {
        "id": derived_id("instalment", row["id"], period.index),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "schedule_id": row["id"],
        "company_id": row["company_id"],
        "client_id": row["client_id"],
        "contract_id": row["contract_id"],
        "invoice_id": invoice_id,
        "period_index": period.index,
        "period_start": period.start,
        "period_end": period.end,
        "due_date": period.start,
        "original_target_date": period.debit.original,
        "planned_debit_date": period.debit.day,
        "planned_by": period.debit.planned_by,
        "resolved_config": period.debit.config,
        "rail": row["rail"],
        "amount": amount,
        "paid_amount": amount - amount,
        "currency": row["currency"],
        "status": InstalmentStatus.PLANNED,
    }


async def _earlier_invoices(work: UnitOfWork, contract_id: UUID | None, starts: list[date]) -> dict[date, Row]:
    """The first invoice of each period that was issued before it was planned, with the instalment it is bound to."""
    same = (instalment.c.organisation_id == invoice_view.c.organisation_id) & (
        instalment.c.invoice_id == invoice_view.c.invoice_id
    )
    rows = await work.fetch(
        select(invoice_view, instalment.c.id.label("instalment_id"))
        .select_from(invoice_view.outerjoin(instalment, same))
        .where(
            invoice_view.c.organisation_id == work.organisation_id,
            invoice_view.c.contract_id == contract_id,
            invoice_view.c.period_start.in_(starts),
        )
        .order_by(invoice_view.c.issue_date.desc(), invoice_view.c.invoice_id)
    )
    return {found["period_start"]: found for found in rows}  # the first of a period comes last, and stays


async def store_new_dates(item: ReplanInstalments, known: list[KnownDay], work: UnitOfWork) -> None:
    """Give instalments the date that calendar now names, unless a person chose it; an announced date only moves forward."""
    days = {found.owner: found for found in known}
    rows = await work.fetch(
        select(instalment)
        .where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.id.in_(days.keys()),
            instalment.c.status.in_((InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED)),
            instalment.c.planned_by != PlannedBy.OVERRIDE,
        )
        .order_by(instalment.c.id)
        .with_for_update()
    )
    for row in rows:
        await _move(work, dict(row), days[row["id"]])


async def _move(work: UnitOfWork, row: dict[str, Any], found: KnownDay) -> None:
    company = await company_of(work, row["company_id"])
    lead = company.profile.lead_target_days if company is not None else 2
    reachable = dates.add_target_days(work.today(), lead)
    if found.day < max(reachable, row["planned_debit_date"] if row["prenotified_on"] else reachable):
        return
    after = row | {
        "planned_debit_date": found.day,
        "original_target_date": found.original,
        "planned_by": PlannedBy.CALENDAR,
        "resolved_config": found.config,
        "version": row["version"] + 1,
    }
    names = ("planned_debit_date", "original_target_date", "planned_by", "resolved_config", "version")
    await work.execute(
        update(instalment).where(instalment.c.id == row["id"]).values(**{name: after[name] for name in names})
    )
    fact = InstalmentRescheduled(
        **views.instalment_snapshot(after),
        previous_date=row["planned_debit_date"],
        reason=RescheduleReason.REPLANNED,
    )
    work.emit(fact, version=after["version"])


async def order_plans(work: UnitOfWork, schedule_ids: Sequence[UUID], *, key: str) -> None:
    """Leave the planning of schedules for the workers, some per question to calendar."""
    for start in range(0, len(schedule_ids), SCHEDULES_PER_ITEM):
        part = tuple(schedule_ids[start : start + SCHEDULES_PER_ITEM])
        work.order(PlanInstalments(schedule_ids=part), key=f"{part[0]}|{key}")


async def order_new_dates(work: UnitOfWork, instalment_ids: Sequence[UUID], *, key: str) -> None:
    """Leave the re-planning of instalments for the workers."""
    for start in range(0, len(instalment_ids), SCHEDULES_PER_ITEM * 5):
        part = tuple(instalment_ids[start : start + SCHEDULES_PER_ITEM * 5])
        work.order(ReplanInstalments(instalment_ids=part), key=f"{part[0]}|{key}")
