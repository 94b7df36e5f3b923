"""The cycle of one term's end: opened with the term, told, missed, refused or renewed."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.renewal import (
    RENEWAL,
    information_window,
    must_be_told,
    refusal_deadline,
    renews_by_itself,
)
from messages.contrats.states import RenewalStatus
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row
from storage.contrats.tables import renewal_cycle


async def open_cycle(record: ContractRecord) -> None:
    """Begin the cycle of the running term; one of another term that nobody has acted on is replaced."""
    work = record.work
    await work.execute(
        delete(renewal_cycle).where(
            renewal_cycle.c.organisation_id == work.organisation_id,
            renewal_cycle.c.contract_id == record.id,
            renewal_cycle.c.status.in_((RenewalStatus.PENDING, RenewalStatus.NOT_APPLICABLE)),
            renewal_cycle.c.info_ordered_at.is_(None),
        )
    )
    if record["ends_on"] is None or not renews_by_itself(record.row):
        return
    deadline = refusal_deadline(record["ends_on"], record["notice_value"], record["notice_unit"])
    told = must_be_told(record.row)
    window = information_window(deadline)
    statement = insert(renewal_cycle).values(
        id=new_id(),
        organisation_id=work.organisation_id,
        contract_id=record.id,
        company_id=record["company_id"],
        term_ends_on=record["ends_on"],
        refusal_deadline=deadline,
        info_window_from=window.opens_on if told else None,
        info_window_to=window.closes_on if told else None,
        info_planned_on=window.planned_on if told else None,
        status=RenewalStatus.PENDING if told else RenewalStatus.NOT_APPLICABLE,
    )
    await work.execute(statement.on_conflict_do_nothing())


async def cycle_of(record: ContractRecord) -> Row | None:
    """The cycle of the running term."""
    if record["ends_on"] is None:
        return None
    return await record.work.fetch_one(
        select(renewal_cycle).where(
            renewal_cycle.c.organisation_id == record.work.organisation_id,
            renewal_cycle.c.contract_id == record.id,
            renewal_cycle.c.term_ends_on == record["ends_on"],
        )
    )


async def move(record: ContractRecord, cycle: Row, trigger: str, **columns: Any) -> dict[str, Any]:
    """Take a step of the cycle, or refuse it; the cycle as it is now."""
    changes = {"status": RENEWAL.after(trigger, RenewalStatus(cycle["status"])), **columns}
    await change(record, cycle["id"], **changes)
    return {**cycle, **changes}


async def change(record: ContractRecord, cycle_id: UUID, **columns: Any) -> None:
    """Change columns of a cycle."""
    await record.work.execute(
        update(renewal_cycle)
        .where(renewal_cycle.c.organisation_id == record.work.organisation_id, renewal_cycle.c.id == cycle_id)
        .values(**columns)
    )
