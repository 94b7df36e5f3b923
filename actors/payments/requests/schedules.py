"""Schedules and single debits that people make."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import contracts, planning, views
from actors.payments.changing import refuse_unfit_mandate
from actors.payments.company import company_of
from actors.payments.rows import new_row
from actors.payments.rules import dates
from actors.payments.rules.machines import SCHEDULE
from actors.payments.rules.planning import period_end
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    SCHEDULE_EXISTS,
    SCHEDULE_NOT_FOUND,
    CreateInstalment,
    CreateSchedule,
    Instalment,
    InstalmentCancelReason,
    InstalmentPlanned,
    InstalmentStatus,
    PlannedBy,
    RenewSchedule,
    Schedule,
    ScheduleCreated,
    ScheduleStatus,
    ScheduleUpdated,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.others import schedule_number_block

_NOT_PRESENTED = (InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED, InstalmentStatus.CANCELLED)


async def create_schedule(request: CreateSchedule, work: UnitOfWork) -> Schedule:
    """A schedule, whose instalments are planned at once; schedule.created."""
    if await company_of(work, request.company_id) is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    signed = await refuse_unfit_mandate(work, request.mandate_id, request.client_id, request.company_id)
    row: dict[str, Any] = {
        **new_row(work),
        "reference": f"ECH-{await work.next_number(schedule_number_block):06}",
        "company_id": request.company_id,
        "client_id": request.client_id,
        "contract_id": request.contract_id,
        "amount": request.amount.amount,
        "currency": request.amount.currency,
        "frequency": request.frequency,
        "interval": request.interval,
        "anchor_date": request.start_date,
        "anchor_index": 0,
        "start_date": request.start_date,
        "end_date": request.end_date,
        "rail": signed["scheme"],
        "mandate_id": request.mandate_id,
        "preferred_debit_day": request.preferred_debit_day,
        "product_code": request.product_code,
        "status": ScheduleStatus.ACTIVE,
        "next_period_index": 0,
        "month_offset": None,
    }
    if request.occurrences is not None:
        row["end_date"] = period_end(planning.rhythm_of(row), request.occurrences - 1)
    inserted = insert(schedule).values(row).on_conflict_do_nothing().returning(schedule)
    stored = await work.fetch_one(inserted)
    if stored is None:
        raise Refused(SCHEDULE_EXISTS, "the contract has a live schedule; change that one or cancel it first")
    work.emit(ScheduleCreated(**views.schedule_snapshot(row)), version=1)
    work.record("schedule", row["id"], after={"reference": row["reference"], "amount": str(row["amount"])})
    await planning.order_plans(work, [row["id"]], key=f"made {row['id']}")
    return views.schedule_of(stored)


async def renew_schedule(request: RenewSchedule, work: UnitOfWork) -> Schedule:
    """A schedule that collects from a new date on; what waits of its old rhythm and reaches that day is cancelled."""
    held = await _locked(work, request.schedule_id)
    work.check_version(request.expected_version, held["version"])
    if request.new_amount is not None and request.new_amount.currency != held["currency"]:
        raise Refused.field("new_amount", "currency", f"the schedule is in {held['currency']}")
    await _refuse_collected_period(work, held["id"], request.new_due_date)
    await refuse_unfit_mandate(work, held["mandate_id"], held["client_id"], held["company_id"])
    ended = held["end_date"] is not None and held["end_date"] < request.new_due_date
    changed: dict[str, Any] = {
        "status": SCHEDULE.after("renew", ScheduleStatus(held["status"])),
        "anchor_date": request.new_due_date,
        "anchor_index": held["next_period_index"],
        "end_date": None if ended else held["end_date"],
        "amount": request.new_amount.amount if request.new_amount is not None else held["amount"],
        "pause_reason": None,
    }
    after = {**held, **changed, "version": held["version"] + 1}
    renewed = update(schedule).where(schedule.c.organisation_id == work.organisation_id, schedule.c.id == held["id"])
    stamped = {"version": after["version"], "updated_at": work.now, "updated_by": work.caller.principal}
    try:
        await work.execute(renewed.values(**changed, **stamped, month_offset=None, planned_until=None))
    except asyncpg.UniqueViolationError as error:
        raise Refused(SCHEDULE_EXISTS, "the contract has a live schedule by now; change that one") from error
    names = tuple(name for name in ("amount", "anchor_date", "end_date", "status") if after[name] != held[name])
    work.emit(ScheduleUpdated(**views.schedule_snapshot(after), changed_fields=names), version=after["version"])
    work.record("schedule", held["id"], before={"status": held["status"]}, after={"status": after["status"]})
    later = (instalment.c.period_end >= request.new_due_date) & (instalment.c.period_index >= 0)
    await contracts.cancel_instalments(work, held["id"], InstalmentCancelReason.SKIPPED, later)
    await planning.order_plans(work, [held["id"]], key=f"renewed {after['version']}")
    return views.schedule_of(after)


async def _refuse_collected_period(work: UnitOfWork, schedule_id: UUID, new_due_date: date) -> None:
    """A period is collected once: the new rhythm begins after what was presented of the old one."""
    last = await work.fetch_value(
        select(func.max(instalment.c.period_end)).where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.schedule_id == schedule_id,
            instalment.c.period_index >= 0,
            instalment.c.status.not_in(_NOT_PRESENTED) | instalment.c.invoice_id.is_not(None),
        )
    )
    if last is not None and new_due_date <= last:
        raise Refused.field("new_due_date", "collected", f"the schedule collects up to {last}; choose a later day")


async def create_instalment(request: CreateInstalment, work: UnitOfWork) -> Instalment:
    """One more debit beside the periods of a schedule; instalment.planned. Calendar does not move the day that a person chose."""
    held = await _locked(work, request.schedule_id)
    if held["status"] == ScheduleStatus.CANCELLED:
        raise Refused.field("schedule_id", "stopped", "the schedule is cancelled; name one that collects")
    if request.amount.currency != held["currency"]:
        raise Refused.field("amount", "currency", f"the schedule is in {held['currency']}")
    if request.debit_on < work.today():
        raise Refused.field("debit_on", "past", "the day is over; choose today or a later one")
    stamp = new_row(work)
    row: dict[str, Any] = {
        **stamp,
        **{name: held[name] for name in ("company_id", "client_id", "contract_id", "currency", "rail")},
        "schedule_id": held["id"],
        # Below zero: the numbers from zero on belong to the periods of the schedule.
        "period_index": -1 - int(stamp["id"].hex[-7:], 16),
        "attempt": 1,
        **dict.fromkeys(("period_start", "period_end", "due_date", "original_target_date"), request.debit_on),
        "planned_debit_date": dates.target_day(request.debit_on),
        "planned_by": PlannedBy.OVERRIDE,
        "amount": request.amount.amount,
        "paid_amount": Decimal("0.00"),
        "status": InstalmentStatus.PLANNED,
    }
    await work.insert(instalment, **row)
    statement = select(instalment).where(
        instalment.c.organisation_id == work.organisation_id, instalment.c.id == row["id"]
    )
    stored = await work.load(statement, "instalment")
    work.emit(InstalmentPlanned(**views.instalment_snapshot(stored)), version=1)
    work.record("instalment", row["id"], after={"amount": str(row["amount"]), "reason": request.reason})
    return views.instalment_of(stored)


async def _locked(work: UnitOfWork, schedule_id: UUID) -> Row:
    held = await work.load(
        select(schedule)
        .where(schedule.c.organisation_id == work.organisation_id, schedule.c.id == schedule_id)
        .with_for_update(),
        "schedule",
        code=SCHEDULE_NOT_FOUND,
    )
    if not work.caller.sees_company(held["company_id"]):
        raise Refused(SCHEDULE_NOT_FOUND, "this schedule does not exist; check the id")
    return held
