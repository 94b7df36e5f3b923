"""Billing periods that are left out, or billed again, by hand."""

from typing import Any

from sqlalchemy import select, update

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.rules.instalments import INSTALMENT
from messages.contrats import InstalmentStatus
from messages.contrats.replies import ScheduledInstalment
from messages.contrats.upkeep import INSTALMENT_NOT_FOUND, RebillInstalment, SkipInstalment
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import billing_instalment


async def skip_instalment(request: SkipInstalment, work: UnitOfWork) -> ScheduledInstalment:
    """The period is never billed; planning leaves it alone from now on."""
    record, row = await _held(request, work)
    return await _store(record, row, request, status=INSTALMENT.after("skip", InstalmentStatus(row["status"])))


async def rebill_instalment(request: RebillInstalment, work: UnitOfWork) -> ScheduledInstalment:
    """The next day clock orders the bill; factures knows the period by its id and makes one invoice of it at most."""
    record, row = await _held(request, work)
    status = INSTALMENT.after("rebill", InstalmentStatus(row["status"]))
    return await _store(record, row, request, status=status, bill_on=max(row["bill_on"], record.today))


async def _held(request: SkipInstalment | RebillInstalment, work: UnitOfWork) -> tuple[ContractRecord, Row]:
    """The contract, locked, and the period as it is then."""
    statement = select(billing_instalment).where(
        billing_instalment.c.organisation_id == work.organisation_id,
        billing_instalment.c.id == request.billing_instalment_id,
    )
    known = await work.load(statement, "billing instalment", code=INSTALMENT_NOT_FOUND)
    record = await load(known["contract_id"], work)
    return record, await work.load(statement, "billing instalment", code=INSTALMENT_NOT_FOUND)


async def _store(
    record: ContractRecord, row: Row, request: SkipInstalment | RebillInstalment, **changes: Any
) -> ScheduledInstalment:
    await record.work.execute(
        update(billing_instalment)
        .where(
            billing_instalment.c.organisation_id == record.work.organisation_id, billing_instalment.c.id == row["id"]
        )
        .values(**changes)
    )
    record.work.record(
        "billing_instalment", row["id"], before={"status": row["status"]},
        after={"status": changes["status"], "reason": request.reason},
    )  # fmt: skip
    return views.scheduled_of({**row, **changes}, record["currency"])
