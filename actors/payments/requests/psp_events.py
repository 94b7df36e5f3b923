"""What providers said: listed, read, replayed."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments.psp.intake import order_following
from actors.payments.psp.port import Subject
from messages.errors import INVALID_TRANSITION
from messages.payments import (
    PSP_EVENT_NOT_FOUND,
    GetPspEvent,
    ListPspEvents,
    PspEvent,
    PspEventPage,
    PspEventStatus,
    ReplayPspEvent,
    ResolvePspEvent,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.providers import psp_event

_FOLLOWED = (Subject.PAYMENT, Subject.PAGE, Subject.REFUND, Subject.MEANS)


async def list_psp_events(request: ListPspEvents, work: UnitOfWork) -> PspEventPage:
    """A page of events."""
    statement = select(psp_event).where(psp_event.c.organisation_id == work.organisation_id)
    if request.psp_account_id is not None:
        statement = statement.where(psp_event.c.psp_account_id == request.psp_account_id)
    if request.status:
        statement = statement.where(psp_event.c.status.in_(request.status))
    order = (psp_event.c.received_at, psp_event.c.id)
    return await page(work, request, statement, order=order, descending=True, reply=PspEventPage, item=event_of)


async def get_psp_event(request: GetPspEvent, work: UnitOfWork) -> PspEvent:
    """One event."""
    return event_of(await _load(work, request.psp_event_id))


async def replay_psp_event(request: ReplayPspEvent, work: UnitOfWork) -> PspEvent:
    """Order the reading again; what is not followed stays as it is."""
    row = await _load(work, request.psp_event_id)
    if row["subject"] in _FOLLOWED and row["status"] != PspEventStatus.RESOLVED:
        again = f"|{work.now.isoformat()}"
        order_following(work, row["id"], row["psp_account_id"], Subject(row["subject"]), row["object_id"], again=again)
        changed: dict[str, Any] = {"status": PspEventStatus.VERIFIED, "error": None, "processed_at": None}
        await work.execute(
            update(psp_event)
            .where(psp_event.c.organisation_id == work.organisation_id, psp_event.c.id == row["id"])
            .values(**changed)
        )
        row = {**row, **changed}
    work.record("psp_event", row["id"], after={"replayed": True})
    return event_of(row)


async def resolve_psp_event(request: ResolvePspEvent, work: UnitOfWork) -> PspEvent:
    """Close an event that could not be followed; resolving it again changes nothing."""
    row = await _load(work, request.psp_event_id)
    if row["status"] == PspEventStatus.RESOLVED:
        return event_of(row)
    if row["status"] not in (PspEventStatus.FAILED, PspEventStatus.DEAD):
        raise Refused(INVALID_TRANSITION, f"the event is {row['status']}; only one that is FAILED or DEAD is resolved")
    await work.execute(
        update(psp_event)
        .where(psp_event.c.organisation_id == work.organisation_id, psp_event.c.id == row["id"])
        .values(status=PspEventStatus.RESOLVED)
    )
    work.record("psp_event", row["id"], before={"status": row["status"]}, after={"resolved": request.reason})
    return event_of({**row, "status": PspEventStatus.RESOLVED})


def event_of(row: Row) -> PspEvent:
    """An event as it is shown."""
    return PspEvent.model_validate({**row, "psp_event_id": row["id"]})


async def _load(work: UnitOfWork, event_id: UUID) -> Row:
    return await work.load(
        select(psp_event).where(psp_event.c.organisation_id == work.organisation_id, psp_event.c.id == event_id),
        "provider event",
        code=PSP_EVENT_NOT_FOUND,
    )
