"""The book of planned debits: written by what payments states, and by nobody else."""

from datetime import date
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.calendar.requests.dates import own_date
from actors.calendar.rules import book as rules
from actors.calendar.rules.configuration import lot_of_day
from actors.calendar.rules.planning import Setting
from actors.calendar.situation import Scope, Situation, load_situation
from messages.calendar.book import DebitCalendarPlanConflict
from messages.calendar.terms import DebitDayStatus, DebitOrigin, PlannedDebitStatus, Rail
from messages.payments import (
    FailureNotice,
    InstalmentCancelled,
    InstalmentSnapshot,
    PaymentBatched,
    PaymentCancelled,
    PaymentReceived,
    PaymentRef,
    PaymentRejected,
    PaymentReturned,
    PaymentSubmitted,
    PaymentType,
)
from messages.values.identifiers import derived_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import debit_day, planned_debit

log = structlog.get_logger()

_LIVE = (PlannedDebitStatus.PLANNED, PlannedDebitStatus.CONFIRMED)
_RAILS = frozenset(rail.value for rail in Rail)


async def plan_entry(event: InstalmentSnapshot, work: UnitOfWork) -> None:
    """Write the debit as announced, move it between days, and say when the date cannot hold."""
    if event.rail.value not in _RAILS:
        return
    row = await _entry(event.instalment_id, event.attempt, work)
    if row is not None and (
        row["source_version"] >= work.source_version or row["status"] != PlannedDebitStatus.PLANNED
    ):
        return
    scope = Scope(event.contract_id, event.client_id, event.company_id)
    situation = await load_situation(work, [scope])
    setting = situation.setting(scope, Rail(event.rail.value))
    stored = _announced(event, situation, work)
    if row is None:
        await work.insert(planned_debit, **stored)
    else:
        kept = {"id", "organisation_id", "status", "blocked_reason", "is_given_up", "payment_id", "batch_id"}
        columns = {name: value for name, value in stored.items() if name not in kept}
        await work.execute(update(planned_debit).where(planned_debit.c.id == row["id"]).values(**columns))
        if row["planned_debit_date"] != event.planned_debit_date or row["rail"] != stored["rail"]:
            await touch_day(row, situation, work)
    await touch_day(stored, situation, work)
    await _report_conflict(event, scope, situation, setting, work)


async def block_entry(event: InstalmentSnapshot, reason: str | None, work: UnitOfWork) -> None:
    """Set or clear the reason for which a planned debit is not counted."""
    row = await _entry(event.instalment_id, event.attempt, work)
    if row is None or row["status"] not in _LIVE or row["blocked_reason"] == reason:
        return
    await _change(row, {"blocked_reason": reason, "source_version": work.source_version}, work)
    await touch_day(row, None, work)


async def give_up_entry(event: InstalmentCancelled, work: UnitOfWork) -> None:
    """Cancel a planned debit; of one in a bank file, remember it."""
    row = await _entry(event.instalment_id, event.attempt, work)
    if row is None:
        return
    if row["status"] == PlannedDebitStatus.CONFIRMED:
        await _change(row, {"is_given_up": True, "source_version": work.source_version}, work)
        return
    status = rules.after("given_up", PlannedDebitStatus(row["status"]))
    if status is not None:
        await _change(row, {"status": status, "source_version": work.source_version}, work)
        await touch_day(row, None, work)


async def give_up_schedule(schedule_id: UUID, work: UnitOfWork) -> None:
    """Cancel the planned debits of a schedule."""
    rows = await work.fetch(
        select(planned_debit)
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            planned_debit.c.schedule_id == schedule_id,
            planned_debit.c.status == PlannedDebitStatus.PLANNED,
        )
        .with_for_update()
    )
    for row in rows:
        await _change(row, {"status": PlannedDebitStatus.CANCELLED}, work)
        await touch_day(row, None, work)


async def mirror(event: PaymentRef, work: UnitOfWork) -> None:
    """Follow a payment; one without an entry (a retry) gets its entry first."""
    if event.type in (PaymentType.PORTAL, PaymentType.MANUAL) or event.instalment_id is None:
        return
    if event.method.value not in _RAILS:
        return
    row = await _entry(event.instalment_id, event.attempt_no, work)
    if row is None:
        row = await _retry_entry(event, work)
    fact, columns = _fact_of(event, row)
    status = rules.after(fact, PlannedDebitStatus(row["status"]))
    if status is None:
        log.info("book.unexpected_fact", fact=fact, status=row["status"], entry=str(row["id"]))
        return
    if fact == "cancelled_before_submission" and row["is_given_up"]:
        status = PlannedDebitStatus.CANCELLED
    await _change(row, {**columns, "status": status}, work)


async def touch_day(entry: Row, situation: Situation | None, work: UnitOfWork) -> None:
    """Make sure that the entry's day is in the day book; a frozen day is counted again by the next tick."""
    rail, day = Rail(entry["rail"]), entry["planned_debit_date"]
    company = Scope(company_id=entry["company_id"])
    known = situation or await load_situation(work, [company])
    cutoff = known.setting(company, rail).cutoff
    statement = insert(debit_day).values(
        id=derived_id("debit_day", work.organisation_id, entry["company_id"], rail, day),
        organisation_id=work.organisation_id,
        company_id=entry["company_id"],
        rail=rail,
        collection_date=day,
        status=DebitDayStatus.OPEN,
        freeze_at=cutoff.freeze_at(day),
        submit_by=cutoff.submit_by(day),
        seq=0,
        recount=False,
        checked=False,
    )
    reopened = (debit_day.c.status == DebitDayStatus.EMPTY) & (debit_day.c.submit_by > work.now)
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "company_id", "rail", "collection_date"],
            set_={
                "status": case(
                    (reopened, rules.DEBIT_DAY.after("reopen", DebitDayStatus.EMPTY)), else_=debit_day.c.status
                ),
                "recount": debit_day.c.recount | (debit_day.c.status == DebitDayStatus.CUT_OFF),
            },
        )
    )


async def refresh_open_days(work: UnitOfWork) -> None:
    """Deadlines follow changed cut-offs, as long as a day was not frozen by the old ones."""
    rows = await work.fetch(
        select(debit_day)
        .where(
            debit_day.c.organisation_id == work.organisation_id,
            debit_day.c.status == DebitDayStatus.OPEN,
            debit_day.c.freeze_at > work.now,
        )
        .order_by(debit_day.c.id)
        .with_for_update()
    )
    scopes = [Scope(company_id=row["company_id"]) for row in rows]
    situation = await load_situation(work, scopes)
    for row, scope in zip(rows, scopes, strict=True):
        cutoff = situation.setting(scope, Rail(row["rail"])).cutoff
        day = row["collection_date"]
        deadlines = {"freeze_at": cutoff.freeze_at(day), "submit_by": cutoff.submit_by(day)}
        if deadlines["submit_by"] == row["submit_by"] and deadlines["freeze_at"] == row["freeze_at"]:
            continue
        await work.execute(update(debit_day).where(debit_day.c.id == row["id"]).values(**deadlines))
        await work.execute(
            update(planned_debit)
            .where(
                planned_debit.c.organisation_id == work.organisation_id,
                planned_debit.c.company_id == row["company_id"],
                planned_debit.c.rail == row["rail"],
                planned_debit.c.planned_debit_date == day,
            )
            .values(**deadlines)
        )


# -- steps -------------------------------------------------------------------------------------------------------


async def _entry(instalment_id: UUID, attempt: int, work: UnitOfWork) -> Row | None:
    return await work.fetch_one(
        select(planned_debit)
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            planned_debit.c.instalment_id == instalment_id,
            planned_debit.c.attempt == attempt,
        )
        .with_for_update()
    )


async def _change(row: Row, columns: dict[str, Any], work: UnitOfWork) -> None:
    await work.execute(update(planned_debit).where(planned_debit.c.id == row["id"]).values(**columns))


def _announced(event: InstalmentSnapshot, situation: Situation, work: UnitOfWork) -> dict[str, Any]:
    target, rail = event.original_target_date, Rail(event.rail.value)
    cutoff = situation.setting(Scope(company_id=event.company_id), rail).cutoff
    return {
        **_new_entry(event.instalment_id, event.attempt, work),
        "company_id": event.company_id,
        "client_id": event.client_id,
        "contract_id": event.contract_id,
        "invoice_id": event.invoice_id,
        "schedule_id": event.schedule_id,
        "period": f"{target:%Y-%m}",
        "rail": rail,
        "original_target_date": target,
        "planned_debit_date": event.planned_debit_date,
        "planned_by": DebitOrigin(event.planned_by.value),
        "lot_code": lot_of_day(target.day, situation.lots_for(event.company_id)),
        "amount": event.amount.amount,
        "currency": event.amount.currency,
        "submit_by": cutoff.submit_by(event.planned_debit_date),
        "freeze_at": cutoff.freeze_at(event.planned_debit_date),
        "was_shifted": event.planned_debit_date != target,
        "resolved_config": event.resolved_config,
        "source_version": work.source_version,
    }


async def _retry_entry(event: PaymentRef, work: UnitOfWork) -> Row:
    """An entry made from a payment: not announced, so neither checked nor part of the control totals."""
    rail, company = Rail(event.method.value), Scope(company_id=event.company_id)
    day = event.requested_collection_date or work.today()
    situation = await load_situation(work, [company])
    cutoff = situation.setting(company, rail).cutoff
    stored = {
        **_new_entry(event.instalment_id or event.payment_id, event.attempt_no, work),
        "company_id": event.company_id,
        "client_id": event.client_id,
        "contract_id": event.contract_id,
        "invoice_id": event.invoice_id,
        "schedule_id": event.schedule_id,
        "period": f"{day:%Y-%m}",
        "rail": rail,
        "original_target_date": day,
        "planned_debit_date": day,
        "planned_by": DebitOrigin.RETRY,
        "lot_code": lot_of_day(day.day, situation.lots_for(event.company_id)),
        "amount": event.amount.amount,
        "currency": event.amount.currency,
        "submit_by": cutoff.submit_by(day),
        "freeze_at": cutoff.freeze_at(day),
        "was_shifted": False,
        "resolved_config": None,
        "source_version": 0,
    }
    await work.insert(planned_debit, **stored)
    return stored


def _new_entry(instalment_id: UUID, attempt: int, work: UnitOfWork) -> dict[str, Any]:
    return {
        "id": rules.entry_id(instalment_id, attempt),
        "organisation_id": work.organisation_id,
        "instalment_id": instalment_id,
        "attempt": attempt,
        "status": PlannedDebitStatus.PLANNED,
        "blocked_reason": None,
        "is_given_up": False,
        "payment_id": None,
        "batch_id": None,
    }


def _fact_of(event: PaymentRef, row: Row) -> tuple[str, dict[str, Any]]:
    """What happened, and the columns that say so."""
    found: dict[str, Any] = {"payment_id": event.payment_id}
    match event:
        case PaymentBatched():
            return "batched", {**found, "batch_id": event.batch_id}
        case PaymentSubmitted():
            return "submitted", found
        case PaymentReceived():
            settled = event.settled_on or event.paid_on
            return "received", {**found, "settled_on": settled, "collected": event.amount.amount}
        case PaymentRejected():
            return "rejected", found | _failure(event)
        case PaymentReturned():
            return "returned", found | _failure(event) | {"collected": 0, "settled_on": None}
        case PaymentCancelled() if event.before_submission:
            return "cancelled_before_submission", {"payment_id": None, "batch_id": None}
        case _:
            return "cancelled", found


def _failure(event: FailureNotice) -> dict[str, Any]:
    return {"failure_kind": rules.failure_kind(event.r_type.value), "failure_code": event.reason_code}


async def _report_conflict(
    event: InstalmentSnapshot, scope: Scope, situation: Situation, setting: Setting, work: UnitOfWork
) -> None:
    """Closed date; date before our own computation; second live debit of the contract on that day."""
    day = event.planned_debit_date
    expected: date | None = None
    why = setting.days.why_closed(day)
    if why is not None:
        expected, reason = setting.days.after(day), f"not_eligible:{why}"
    elif event.planned_by.value == DebitOrigin.CALENDAR:
        expected = own_date(situation, scope, setting, event.original_target_date)
        reason = "differs"
        # A later date is what deadlines and not_before do to ours, and they hung on the instant of the computation.
        if expected is None or day >= expected:
            expected = None
    if expected is None:
        if not await _has_twin(event, work):
            return
        reason = "same_day"
    conflict = DebitCalendarPlanConflict(
        instalment_id=event.instalment_id, attempt=event.attempt, date=day, expected_date=expected, reason=reason
    )
    work.emit(conflict, version=work.source_version, key=f"{event.instalment_id}|{event.attempt}|{day}|{reason}")


async def _has_twin(event: InstalmentSnapshot, work: UnitOfWork) -> bool:
    if event.contract_id is None:
        return False
    twin = select(planned_debit.c.id).where(
        planned_debit.c.organisation_id == work.organisation_id,
        planned_debit.c.contract_id == event.contract_id,
        planned_debit.c.planned_debit_date == event.planned_debit_date,
        (planned_debit.c.status == PlannedDebitStatus.PLANNED)
        | (planned_debit.c.status == PlannedDebitStatus.CONFIRMED),
        planned_debit.c.id != rules.entry_id(event.instalment_id, event.attempt),
    )
    return await work.fetch_one(twin.limit(1)) is not None
