"""Single instalments as people change them before they are presented."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments import contracts, views
from actors.payments.rules import dates
from actors.payments.rules.guards import WAIVABLE
from actors.payments.rules.machines import INSTALMENT
from messages.errors import BUSINESS_RULE_VIOLATION, INVALID_TRANSITION
from messages.payments import (
    INSTALMENT_NOT_FOUND,
    Instalment,
    InstalmentCancelReason,
    InstalmentRescheduled,
    InstalmentStatus,
    InstalmentUnblocked,
    PlannedBy,
    RescheduleInstalment,
    RescheduleReason,
    SkipInstalment,
    WaiveBlock,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment

_WAITING = (InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED)


async def reschedule_instalment(request: RescheduleInstalment, work: UnitOfWork) -> Instalment:
    """Move it; the day that it has already changes nothing."""
    row = await _lock(work, request.instalment_id)
    work.check_version(request.expected_version, row["version"])
    _refuse_presented(row, "moved")
    if request.debit_on < work.today():
        raise Refused.field("debit_on", "past", "the day is over; choose today or a later one")
    day = dates.target_day(request.debit_on)
    if day == row["planned_debit_date"]:
        return views.instalment_of(row)
    changed = {"planned_debit_date": day, "planned_by": PlannedBy.OVERRIDE, "version": row["version"] + 1}
    after = await _store(work, row, changed)
    fact = InstalmentRescheduled(
        **views.instalment_snapshot(after),
        previous_date=row["planned_debit_date"],
        reason=RescheduleReason.REQUESTED,
    )
    work.emit(fact, version=after["version"])
    work.record(
        "instalment", row["id"], before={"planned_debit_date": str(row["planned_debit_date"])},
        after={"planned_debit_date": str(day), "reason": request.reason},
    )  # fmt: skip
    return views.instalment_of(after)


async def skip_instalment(request: SkipInstalment, work: UnitOfWork) -> Instalment:
    """Cancel it; one that is skipped already stays so."""
    row = await _lock(work, request.instalment_id)
    if row["cancel_reason"] == InstalmentCancelReason.SKIPPED:
        return views.instalment_of(row)
    work.check_version(request.expected_version, row["version"])
    await contracts.cancel_instalment(work, row, InstalmentCancelReason.SKIPPED)
    work.record("instalment", row["id"], before={"status": row["status"]}, after={"reason": request.reason})
    return views.instalment_of(await _lock(work, row["id"]))


async def waive_block(request: WaiveBlock, work: UnitOfWork) -> Instalment:
    """Open the guard that holds it, for this instalment only."""
    row = await _lock(work, request.instalment_id)
    status = INSTALMENT.after("unblock", InstalmentStatus(row["status"]))
    if row["block_reason"] not in WAIVABLE:
        allowed = ", ".join(sorted(WAIVABLE))
        text = f"{row['block_reason']} is not waived, only {allowed}; clear what holds the instalment back"
        raise Refused(BUSINESS_RULE_VIOLATION, text, details={"block_reason": row["block_reason"]})
    waived = sorted({*(row["waived_blocks"] or ()), row["block_reason"]})
    changed = {"status": status, "block_reason": None, "waived_blocks": waived, "version": row["version"] + 1}
    after = await _store(work, row, changed | {"first_blocked_at": None})
    work.emit(InstalmentUnblocked(**views.instalment_snapshot(after)), version=after["version"])
    work.record("instalment", row["id"], before={"block_reason": row["block_reason"]}, after={"waived": request.reason})
    return views.instalment_of(after)


def _refuse_presented(row: Row, how: str) -> None:
    if row["status"] not in _WAITING:
        raise Refused(INVALID_TRANSITION, f"the instalment is {row['status']}; only one that waits is {how}")


async def _store(work: UnitOfWork, row: Row, changed: dict[str, Any]) -> dict[str, Any]:
    await work.execute(
        update(instalment)
        .where(instalment.c.organisation_id == work.organisation_id, instalment.c.id == row["id"])
        .values(**changed, updated_at=work.now, updated_by=work.caller.principal)
    )
    return {**row, **changed}


async def _lock(work: UnitOfWork, instalment_id: UUID) -> Row:
    statement = select(instalment).where(
        instalment.c.organisation_id == work.organisation_id, instalment.c.id == instalment_id
    )
    row = await work.load(statement.with_for_update(), "instalment", code=INSTALMENT_NOT_FOUND)
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(INSTALMENT_NOT_FOUND, "this instalment does not exist; check the id")
    return row
