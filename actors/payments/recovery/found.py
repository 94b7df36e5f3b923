"""Where requests find a case."""

from uuid import UUID

from sqlalchemy import select

from actors.payments.recovery.desk import Desk, Row
from messages.payments import RECOVERY_CASE_NOT_FOUND
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import recovery_case


async def desk_of(work: UnitOfWork, case_id: UUID, *, lock: bool = True) -> tuple[Desk, Row]:
    """The case on a desk with everything of its client; RECOVERY_CASE_NOT_FOUND."""
    found = await work.load(
        select(recovery_case.c.client_id, recovery_case.c.company_id).where(
            recovery_case.c.organisation_id == work.organisation_id, recovery_case.c.id == case_id
        ),
        "recovery case",
        code=RECOVERY_CASE_NOT_FOUND,
    )
    desk = Desk(work)
    await desk.load([found["client_id"]], lock=lock)
    return desk, desk.cases[case_id]
