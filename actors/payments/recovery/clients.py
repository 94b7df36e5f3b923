"""Facts about debtors that change what may be done: death, insolvency, and two records that are one client."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import select

from actors.payments import mandates, standing
from actors.payments.recovery import stopping
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.people import ask_people
from actors.payments.rules.machines import MANDATE
from messages.clients import ClientDeceased, ClientInsolvencyClosed, ClientInsolvencyOpened
from messages.payments import CasePauseReason, MandateStatus, StaffAction, TaskPriority
from messages.values.due_dates import add_months
from messages.values.instants import PARIS
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.means import mandate

_CLAIM_MONTHS = 2


async def stop_for_death(event: ClientDeceased, work: UnitOfWork) -> None:
    """Nothing more is debited or sent; mandates are blocked; the estate is a person's work."""
    rows = await work.fetch(
        select(mandate)
        .where(mandate.c.organisation_id == work.organisation_id, mandate.c.client_id == event.client_id)
        .order_by(mandate.c.id)
        .with_for_update()
    )
    for row in rows:
        if MANDATE.allows("block", MandateStatus(row["status"])):
            await mandates.block_mandate(work, dict(row), "DECEASED", None)
    await _stop(work, event.client_id, CasePauseReason.DECEASED, "Client deceased: write to the estate", None)


async def stop_for_insolvency(event: ClientInsolvencyOpened, work: UnitOfWork) -> None:
    """Prior debts are claimed in the procedure, not recovered (Code de commerce, art. L622-21); the claim has a term."""
    published = event.published_on or event.opened_on
    deadline = event.claim_deadline or add_months(published, _CLAIM_MONTHS)
    due_at = datetime.combine(deadline, time(12), tzinfo=PARIS)
    title = f"Insolvency: declare the claim by {deadline.isoformat()}"
    await _stop(work, event.client_id, CasePauseReason.INSOLVENCY, title, due_at)


async def review_after_insolvency(event: ClientInsolvencyClosed, work: UnitOfWork) -> None:
    """The procedure is over: what it left of the debt is for a person to resume or to close."""
    desk = Desk(work)
    await desk.load([event.client_id])
    for case in desk.open_cases():
        if case["pause_reason"] == CasePauseReason.INSOLVENCY:
            title = f"Insolvency closed ({event.outcome[:60]}): resume or close the case"
            ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.MEDIUM)


async def _stop(
    work: UnitOfWork, client_id: UUID, reason: CasePauseReason, title: str, due_at: datetime | None
) -> None:
    desk = Desk(work)
    await desk.load([client_id])
    cases: list[Row] = desk.open_cases()
    stopping.stop(desk, client_id, reason)
    for case in cases:
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH, due_at=due_at)
    await desk.store()
    await standing.judge(work, [client_id])
