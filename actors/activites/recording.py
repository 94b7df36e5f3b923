"""Records activities: those of people, and those that follow from other actors' facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from actors.activites import tasks, timeline
from messages.activites import (
    ActivityOutcome,
    ActivityRecorded,
    ActivitySource,
    Direction,
    TaskType,
    TimelineKind,
)
from messages.values.identifiers import new_id
from messages.values.instants import PARIS
from runtime.unit_of_work import UnitOfWork
from storage.activites.once import once
from storage.activites.tables import activity


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that happened. The same source_ref is recorded once."""

    type_code: str
    occurred_at: datetime
    subject: str
    direction: Direction | str
    source: ActivitySource
    comment: str | None = None
    outcome: ActivityOutcome = ActivityOutcome.NONE
    purpose: str | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    follow_up_due_at: datetime | None = None
    source_ref: str | None = None


async def record(
    deed: Deed, *, counts_as_contact: bool, work: UnitOfWork, kind: TimelineKind = TimelineKind.ACTIVITY
) -> dict[str, Any] | None:
    """Store an activity, show it in the timeline and tell everybody; None when it was recorded before."""
    row = _row_of(deed, work)
    if not await work.execute(once(activity, "source_ref", **row)):
        return None
    work.emit(
        ActivityRecorded(
            activity_id=row["id"],
            type_code=deed.type_code,
            client_id=deed.client_id,
            contract_id=deed.contract_id,
            invoice_id=deed.invoice_id,
            occurred_at=deed.occurred_at,
            direction=Direction(deed.direction),
            outcome=deed.outcome,
            purpose=deed.purpose,
            author_id=row["author_id"],
            counts_as_contact=counts_as_contact,
            source=deed.source,
        ),
        version=1,
    )
    await timeline.write(
        timeline.Line(
            kind=kind,
            code=deed.type_code,
            title=deed.subject,
            detail=deed.comment,
            ref_type="activity",
            ref_id=row["id"],
            source_key=f"activity:{row['id']}",
            client_id=deed.client_id,
            contract_id=deed.contract_id,
            invoice_id=deed.invoice_id,
            at=deed.occurred_at,
        ),
        work,
    )
    if deed.follow_up_due_at is not None:
        row["follow_up_task_id"] = await _follow_up(row, deed, work)
    return row


async def _follow_up(row: dict[str, Any], deed: Deed, work: UnitOfWork) -> UUID | None:
    """The task that reminds the author to come back to it."""
    assert deed.follow_up_due_at is not None
    local = deed.follow_up_due_at.astimezone(PARIS)
    made = await tasks.create(
        tasks.TaskDraft(
            title=deed.subject[:200],
            type=TaskType.FOLLOW_UP,
            due_date=local.date(),
            due_time=local.time(),
            assignee_id=row["author_id"],
            queue_role=None if row["author_id"] else "back_office",
            client_id=deed.client_id,
            contract_id=deed.contract_id,
            invoice_id=deed.invoice_id,
            source_key=f"activity:{row['id']}:follow_up",
        ),
        work,
    )
    if made is None:
        return None
    await work.execute(
        activity.update()
        .where(activity.c.organisation_id == work.organisation_id, activity.c.id == row["id"])
        .values(follow_up_task_id=made["id"])
    )
    return UUID(str(made["id"]))


def _row_of(deed: Deed, work: UnitOfWork) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "type_code": deed.type_code,
        "occurred_at": deed.occurred_at,
        "subject": deed.subject,
        "comment": deed.comment,
        "follow_up_due_at": deed.follow_up_due_at,
        "follow_up_task_id": None,
        "client_id": deed.client_id,
        "contract_id": deed.contract_id,
        "invoice_id": deed.invoice_id,
        "direction": deed.direction,
        "outcome": deed.outcome,
        "author_id": work.caller.user_id if deed.source is ActivitySource.MANUAL else None,
        "source": deed.source,
        "source_ref": deed.source_ref,
    }
