"""How tasks come to life and change, whoever wants it: a person, another actor's fact or the clock."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.activites import rules, timeline, views
from messages.activites import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskPriority,
    TaskResolution,
    TaskStatus,
    TaskType,
    TimelineKind,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.activites.once import once
from storage.activites.tables import task, task_history, task_number_block


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """Work to be done. The same source_key makes one task only; a `silent` one is not announced to its assignee."""

    title: str
    type: TaskType = TaskType.OTHER
    priority: TaskPriority = TaskPriority.NORMAL
    description: str | None = None
    due_date: date | None = None
    due_time: time | None = None
    assignee_id: UUID | None = None
    queue_role: str | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    action_id: UUID | None = None
    source_key: str | None = None
    silent: bool = False


async def create(draft: TaskDraft, work: UnitOfWork) -> Row | None:
    """Store a task and tell everybody; None when its source_key made one before."""
    row = await _row_of(draft, work)
    if not await work.execute(once(task, "source_key", **row)):
        return None
    work.emit(TaskCreated(**views.snapshot_of(row)), version=1)
    if row["assignee_id"] is not None and not draft.silent:
        work.emit(TaskAssigned(**views.snapshot_of(row), assigned_by=work.cause.user_id), version=1)
    await _note(row, "created", work)
    await _show(row, "CREATED", work)
    return row


async def change(row: Row, changes: dict[str, Any], what: str, work: UnitOfWork) -> dict[str, Any]:
    """Store changed columns, the next version and the history; answers the row as it is now."""
    version = row["version"] + 1
    stamped = {**changes, "version": version, "updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(
        update(task).where(task.c.organisation_id == work.organisation_id, task.c.id == row["id"]).values(**stamped)
    )
    after = {**row, **stamped}
    await _note(after, what, work)
    return after


async def give(row: Row, assignee_id: UUID | None, queue_role: str | None, work: UnitOfWork) -> dict[str, Any]:
    """Hand a task to a person, or to a role's queue, and tell the one who has it now."""
    changes = {"assignee_id": assignee_id, "queue_role": queue_role}
    after = await change(row, changes, f"assigned to {assignee_id or queue_role}", work)
    event = TaskAssigned(
        **views.snapshot_of(after), previous_assignee_id=row["assignee_id"], assigned_by=work.caller.user_id
    )
    work.emit(event, version=after["version"])
    return after


async def complete(
    row: Row, work: UnitOfWork, *, resolution: TaskResolution, outcome: str | None = None
) -> dict[str, Any]:
    """Close a task as done."""
    status = rules.TASK.after("complete", TaskStatus(row["status"]))
    by = work.caller.user_id if resolution is TaskResolution.MANUAL else None
    changes = {
        "status": status,
        "resolution": resolution,
        "completed_at": work.now,
        "completed_by": by,
        "outcome": outcome or row["outcome"],
    }
    after = await change(row, changes, f"completed ({resolution})", work)
    work.emit(_completed(after, resolution, by, work), version=after["version"])
    await _show(after, "COMPLETED", work)
    return after


async def cancel(row: Row, reason: str, work: UnitOfWork) -> dict[str, Any]:
    """Close a task that need not be done."""
    status = rules.TASK.after("cancel", TaskStatus(row["status"]))
    changes = {"status": status, "cancel_reason": reason, "cancelled_at": work.now}
    after = await change(row, changes, f"cancelled: {reason}", work)
    event = TaskCancelled(**views.snapshot_of(after), reason=reason, by=work.caller.user_id, at=work.now)
    work.emit(event, version=after["version"])
    await _show(after, "CANCELLED", work)
    return after


async def open_tasks(work: UnitOfWork, *conditions: Any) -> list[Row]:
    """Open tasks that fulfil the conditions, locked."""
    return await work.fetch(
        select(task)
        .where(task.c.organisation_id == work.organisation_id, task.c.status.in_(rules.OPEN), *conditions)
        .order_by(task.c.id)
        .with_for_update()
    )


def due_columns(day: date | None, hour: time | None) -> dict[str, Any]:
    """The columns that follow from a due date."""
    instant = rules.due_at(day, hour)
    return {"due_date": day, "due_time": hour, "due_at": instant, "due_order": instant or rules.END_OF_TIME}


async def _row_of(draft: TaskDraft, work: UnitOfWork) -> dict[str, Any]:
    due_date = draft.due_date or rules.default_due_date(draft.priority, work.now)
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "number": await work.next_number(task_number_block),
        "title": draft.title,
        "description": draft.description,
        "type": draft.type,
        "priority": draft.priority,
        "urgency": rules.urgency_of(draft.priority),
        "status": TaskStatus.TODO,
        **due_columns(due_date, draft.due_time),
        "assignee_id": draft.assignee_id,
        "queue_role": draft.queue_role,
        "client_id": draft.client_id,
        "contract_id": draft.contract_id,
        "invoice_id": draft.invoice_id,
        "action_id": draft.action_id,
        "reminder_id": None,
        "source_key": draft.source_key,
        "outcome": None,
        "resolution": None,
        "cancel_reason": None,
        "started_at": None,
        "completed_at": None,
        "completed_by": None,
        "cancelled_at": None,
    }


def _completed(row: Row, resolution: TaskResolution, by: UUID | None, work: UnitOfWork) -> TaskCompleted:
    return TaskCompleted(**views.snapshot_of(row), resolution=resolution, by=by, at=work.now)


async def _note(row: Row, what: str, work: UnitOfWork) -> None:
    await work.insert(
        task_history,
        id=new_id(),
        organisation_id=work.organisation_id,
        task_id=row["id"],
        at=work.now,
        by=work.caller.principal,
        change=what,
    )


async def _show(row: Row, code: str, work: UnitOfWork) -> None:
    """Tasks about somebody appear in his timeline."""
    if row["client_id"] is None and row["contract_id"] is None and row["invoice_id"] is None:
        return
    await timeline.write(
        timeline.Line(
            kind=TimelineKind.TASK,
            code=code,
            title=row["title"],
            detail=row["cancel_reason"] if code == "CANCELLED" else row["outcome"],
            ref_type="task",
            ref_id=row["id"],
            source_key=f"task:{row['id']}:{row['version']}:{code}",
            client_id=row["client_id"],
            contract_id=row["contract_id"],
            invoice_id=row["invoice_id"],
        ),
        work,
    )
