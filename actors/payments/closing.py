"""Closed periods of the sub-ledger: up to a day nothing is dated any more."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.ledger import accounting_period


async def closed_until(work: UnitOfWork, company_ids: set[UUID], *, lock: bool = False) -> dict[UUID, date]:
    """The last closed day of each company that has one; locked, no period closes before the transaction ends."""
    statement = (
        select(accounting_period.c.company_id, accounting_period.c.closed_until)
        .where(
            accounting_period.c.organisation_id == work.organisation_id,
            accounting_period.c.company_id.in_(sorted(company_ids)),
        )
        .order_by(accounting_period.c.company_id)
    )
    rows = await work.fetch(statement.with_for_update(read=True) if lock else statement)
    return {row["company_id"]: row["closed_until"] for row in rows}


def open_day(day: date, closed: date | None) -> date:
    """The day itself, or the first day after the closed period."""
    return day if closed is None or day > closed else closed + timedelta(days=1)
