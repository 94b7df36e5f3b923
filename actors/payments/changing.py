"""Changes of live schedules by hand: from a date on, never of what is presented or invoiced."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments import contracts, mandates, planning, views
from actors.payments.rules.machines import ENDED_MANDATE
from messages.payments import (
    InstalmentCancelReason,
    InstalmentPlanned,
    InstalmentStatus,
    MandateStatus,
    ScheduleStatus,
    ScheduleUpdated,
    UpdateSchedule,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment, schedule

_LIVE = (ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED)
_WAITING = (InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED)
_DEBIT_DAY = ("preferred_debit_day", "debit_slot")
_DECIDES_DATES = {"end_date", *_DEBIT_DAY}
_NO_MANDATE = (*ENDED_MANDATE, MandateStatus.CONSUMED)


async def change(work: UnitOfWork, row: Row, request: UpdateSchedule) -> dict[str, Any]:
    """Store the change and let the waiting instalments follow; schedule.updated."""
    if row["status"] not in _LIVE:
        raise Refused.field("schedule_id", "live", f"the schedule is {row['status']}; only a live one is changed")
    changed = await _columns(work, row, request)
    stored = changed | ({"planned_until": None} if changed.keys() & _DECIDES_DATES else {})
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(schedule)
        .where(schedule.c.id == row["id"])
        .values(**stored, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    fact = ScheduleUpdated(**views.schedule_snapshot(after), changed_fields=tuple(sorted(changed)))
    work.emit(fact, version=after["version"])
    if "end_date" in changed:
        later = instalment.c.period_start > after["end_date"]
        await contracts.cancel_instalments(work, row["id"], InstalmentCancelReason.SKIPPED, later)
    waiting = await _waiting(work, row, request)
    if "amount" in changed:
        for due in waiting:
            await _set_amount(work, due, after["amount"])
    if changed.keys() & set(_DEBIT_DAY):
        ids = [due["id"] for due in waiting]
        await planning.order_new_dates(work, ids, key=f"schedule {row['id']} {after['version']}")
    return after


async def _columns(work: UnitOfWork, row: Row, request: UpdateSchedule) -> dict[str, Any]:
    changed: dict[str, Any] = {
        name: getattr(request, name) for name in ("end_date", "mandate_id") if getattr(request, name) is not None
    }
    if any(getattr(request, name) is not None for name in _DEBIT_DAY):
        changed |= {name: getattr(request, name) for name in _DEBIT_DAY}
    if request.amount is not None:
        if request.amount.currency != row["currency"]:
            raise Refused.field("amount", "currency", f"the schedule is in {row['currency']}")
        changed["amount"] = request.amount.amount
    if request.mandate_id is not None:
        await refuse_unfit_mandate(work, request.mandate_id, row["client_id"], row["company_id"])
    return changed


async def refuse_unfit_mandate(work: UnitOfWork, mandate_id: UUID, client_id: UUID, company_id: UUID) -> Row:
    """The mandate, which must be a live one that the client gave to the company."""
    mandate = await mandates.load_mandate(work, mandate_id)
    fits = (mandate["client_id"], mandate["company_id"]) == (client_id, company_id)
    if not fits or mandate["status"] in _NO_MANDATE:
        raise Refused.field("mandate_id", "usable", "the mandate is not a live one of this client and company")
    return mandate


async def _waiting(work: UnitOfWork, row: Row, request: UpdateSchedule) -> list[Row]:
    """Instalments of periods from that date on that no invoice and no debit has taken."""
    return await work.fetch(
        select(instalment)
        .where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.schedule_id == row["id"],
            instalment.c.status.in_(_WAITING),
            instalment.c.invoice_id.is_(None),
            instalment.c.period_start >= request.effective_from,
        )
        .order_by(instalment.c.id)
        .with_for_update()
    )


async def _set_amount(work: UnitOfWork, due: Row, amount: Any) -> None:
    """A debtor who was told a lower amount must be told again."""
    if amount == due["amount"] or amount <= due["paid_amount"]:
        return
    changed: dict[str, Any] = {"amount": amount, "version": due["version"] + 1}
    if due["prenotified_amount"] is not None and amount > due["prenotified_amount"]:
        changed |= {"prenotified_on": None, "prenotified_amount": None, "prenotified_date": None}
    await work.execute(update(instalment).where(instalment.c.id == due["id"]).values(**changed, updated_at=work.now))
    work.emit(InstalmentPlanned(**views.instalment_snapshot({**due, **changed})), version=changed["version"])
