"""Requests about tasks."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from actors.activites import rules, tasks, views
from actors.activites.requests.links import check_links
from messages.activites import (
    ALREADY_CLAIMED,
    ASSIGNEE_INACTIVE,
    DUE_IN_PAST,
    TASK_CLOSED,
    TASK_NOT_FOUND,
    AssignTask,
    CancelTask,
    ClaimTask,
    CompleteTask,
    CreateTask,
    GetTask,
    ListTasks,
    ReopenTask,
    StartTask,
    Task,
    TaskList,
    TaskPage,
    TaskPeriod,
    TaskReopened,
    TaskResolution,
    TaskStarted,
    TaskStatus,
    TaskUpdated,
    UpdateTask,
)
from messages.errors import PRECONDITION_FAILED
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.activites.tables import member_ref, task


async def create_task(request: CreateTask, work: UnitOfWork) -> Task:
    """Add work; the same source_key answers the task it made."""
    if request.due_date is not None and request.due_date < work.today():
        raise Refused.field("due_date", "past", "due_date lies before today; give today or a later day", DUE_IN_PAST)
    if request.assignee_id is not None:
        await _check_assignee(request.assignee_id, work)
    links: dict[str, Any] = await check_links(request.client_id, request.contract_id, request.invoice_id, work)
    assignee_id = request.assignee_id or (None if request.queue_role else work.caller.user_id)
    fields = request.model_dump(exclude={"assignee_id", "client_id", "contract_id", "invoice_id"})
    row = await tasks.create(tasks.TaskDraft(**fields, **links, assignee_id=assignee_id), work)
    if row is None:
        known = select(task).where(
            task.c.organisation_id == work.organisation_id, task.c.source_key == request.source_key
        )
        row = await work.load(known, "task", code=TASK_NOT_FOUND)
    return views.task_of(row, work.now)


async def update_task(request: UpdateTask, work: UnitOfWork) -> Task:
    """Change the fields that were sent."""
    row = await _locked(request.task_id, work)
    work.check_version(request.expected_version, row["version"])
    if row["status"] not in rules.OPEN:
        raise Refused(TASK_CLOSED, f"the task is {row['status']}; reopen it before changing it")
    changes = request.model_dump(exclude={"task_id", "expected_version"}, exclude_unset=True)
    for name in ("title", "type", "priority"):
        if name in changes and changes[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be empty; give a value or leave it out")
    after = {**row, **changes}
    if {"client_id", "contract_id", "invoice_id"} & changes.keys():
        await check_links(after["client_id"], after["contract_id"], after["invoice_id"], work)
    if {"due_date", "due_time"} & changes.keys():
        changes |= tasks.due_columns(after["due_date"], after["due_time"] if after["due_date"] else None)
    if "priority" in changes:
        changes["urgency"] = rules.urgency_of(changes["priority"])
    changed = {name: value for name, value in changes.items() if row[name] != value}
    if not changed:
        return views.task_of(row, work.now)
    visible = tuple(sorted(set(changed) - {"urgency", "due_order"}))
    after = await tasks.change(row, changed, f"changed {', '.join(visible)}", work)
    work.emit(TaskUpdated(**views.snapshot_of(after), changed_fields=visible), version=after["version"])
    return views.task_of(after, work.now)


async def get_task(request: GetTask, work: UnitOfWork) -> Task:
    """One task."""
    return views.task_of(await work.load(_one(request.task_id, work), "task", code=TASK_NOT_FOUND), work.now)


async def list_tasks(request: ListTasks, work: UnitOfWork) -> TaskPage:
    """A page of tasks: the earliest due first, among equals the most urgent."""
    statement = select(task).where(task.c.organisation_id == work.organisation_id, *_filters(request, work))
    return await page(
        work,
        request,
        statement,
        order=(task.c.due_order, task.c.urgency, task.c.id),
        reply=TaskPage,
        item=lambda row: views.task_of(row, work.now),
    )


async def assign_task(request: AssignTask, work: UnitOfWork) -> TaskList:
    """Give open tasks to a user or a queue; who has a task already is not told again."""
    if request.assignee_id is not None:
        await _check_assignee(request.assignee_id, work)
    found = [await _assigned(await _locked(task_id, work), request, work) for task_id in request.task_ids]
    return TaskList(tasks=tuple(views.task_of(row, work.now) for row in found))


async def claim_task(request: ClaimTask, work: UnitOfWork) -> Task:
    """Take a task from its queue."""
    row = await _locked(request.task_id, work)
    if row["assignee_id"] is not None or row["status"] not in rules.OPEN:
        raise Refused(ALREADY_CLAIMED, "somebody else has taken the task; take another one")
    after = await tasks.give(row, work.caller.user_id, None, work)
    return views.task_of(after, work.now)


async def start_task(request: StartTask, work: UnitOfWork) -> Task:
    """Begin to work on it; repeating answers the same task."""
    row = await _locked(request.task_id, work)
    if row["status"] != TaskStatus.IN_PROGRESS:
        status = rules.TASK.after("start", TaskStatus(row["status"]))
        row = await tasks.change(row, {"status": status, "started_at": row["started_at"] or work.now}, "started", work)
        work.emit(TaskStarted(**views.snapshot_of(row)), version=row["version"])
    return views.task_of(row, work.now)


async def complete_task(request: CompleteTask, work: UnitOfWork) -> Task:
    """It is done; repeating answers the same task."""
    row = await _locked(request.task_id, work)
    if row["status"] != TaskStatus.DONE:
        row = await tasks.complete(row, work, resolution=TaskResolution.MANUAL, outcome=request.outcome)
    return views.task_of(row, work.now)


async def cancel_task(request: CancelTask, work: UnitOfWork) -> Task:
    """It need not be done; repeating answers the same task."""
    row = await _locked(request.task_id, work)
    if row["status"] != TaskStatus.CANCELLED:
        row = await tasks.cancel(row, request.reason, work)
    return views.task_of(row, work.now)


async def reopen_task(request: ReopenTask, work: UnitOfWork) -> Task:
    """It must be done after all."""
    row = await _locked(request.task_id, work)
    if row["status"] == TaskStatus.TODO:
        return views.task_of(row, work.now)
    status = rules.TASK.after("reopen", TaskStatus(row["status"]))
    ended = row["completed_at"] or row["cancelled_at"]
    if ended is not None and work.now - ended > rules.REOPEN_WITHIN:
        raise Refused(PRECONDITION_FAILED, "the task ended more than 90 days ago; create a new one")
    changes: dict[str, Any] = dict.fromkeys(
        ("completed_at", "completed_by", "cancelled_at", "cancel_reason", "resolution", "outcome", "overdue_told_for")
    )
    if request.due_date is not None:
        changes |= tasks.due_columns(request.due_date, None)
    row = await tasks.change(row, {**changes, "status": status}, "reopened", work)
    event = TaskReopened(**views.snapshot_of(row), by=work.caller.user_id, at=work.now)
    work.emit(event, version=row["version"])
    return views.task_of(row, work.now)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _filters(request: ListTasks, work: UnitOfWork) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (task.c.status, request.status),
        (task.c.type, request.type),
        (task.c.priority, request.priority),
    ):
        if values:
            conditions.append(column.in_(values))
    for name in ("assignee_id", "queue_role", "client_id", "contract_id", "invoice_id"):
        if getattr(request, name) is not None:
            conditions.append(task.c[name] == getattr(request, name))
    if request.mine:
        conditions.append(task.c.assignee_id == work.caller.user_id)
    if work.caller.data_scope == "OWN":
        conditions.append(or_(task.c.assignee_id == work.caller.user_id, task.c.created_by == work.caller.principal))
    late = and_(task.c.status.in_(rules.OPEN), task.c.due_at <= work.now)
    if request.overdue is not None:
        conditions.append(late if request.overdue else ~and_(late, task.c.due_at.is_not(None)))
    if request.due_from is not None:
        conditions.append(task.c.due_date >= request.due_from)
    if request.due_to is not None:
        conditions.append(task.c.due_date <= request.due_to)
    if request.period is TaskPeriod.NO_DATE:
        conditions.append(task.c.due_date.is_(None))
    elif request.period is not None:
        inside = task.c.due_date.between(*rules.days_of(request.period, work.today()))
        conditions.append(or_(inside, late) if request.include_overdue else inside)
    return conditions


async def _assigned(row: Row, request: AssignTask, work: UnitOfWork) -> Row:
    if row["status"] not in rules.OPEN:
        raise Refused(TASK_CLOSED, f"task {views.number_of(row)} is {row['status']}; reopen it first")
    if (row["assignee_id"], row["queue_role"]) == (request.assignee_id, request.queue_role):
        return row
    return await tasks.give(row, request.assignee_id, request.queue_role, work)


async def _check_assignee(user_id: UUID, work: UnitOfWork) -> None:
    statement = select(member_ref.c.active).where(
        member_ref.c.organisation_id == work.organisation_id, member_ref.c.user_id == user_id, member_ref.c.active
    )
    if user_id != work.caller.user_id and not await work.fetch_value(statement.limit(1)):
        raise Refused.field(
            "assignee_id", "inactive", "assignee_id is no active member of the organisation", ASSIGNEE_INACTIVE
        )


def _one(task_id: UUID, work: UnitOfWork) -> Select[Any]:
    statement = select(task).where(task.c.organisation_id == work.organisation_id, task.c.id == task_id)
    if work.caller.data_scope == "OWN":
        mine = or_(
            task.c.assignee_id == work.caller.user_id,
            task.c.created_by == work.caller.principal,
            task.c.assignee_id.is_(None),
        )
        statement = statement.where(mine)
    return statement


async def _locked(task_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(_one(task_id, work).with_for_update(), "task", code=TASK_NOT_FOUND)
