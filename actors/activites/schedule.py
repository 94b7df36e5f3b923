"""What activites does on time: delayed tasks come to life, late ones are told, tomorrow's are announced."""

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from actors.activites import rules, tasks
from messages.activites import DueTask, TaskDueTomorrow, TaskOverdue, TaskType
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.activites.tables import client_ref, delayed_task, member_ref, task

_BATCH = 200
_SHOWN = 20


async def make_delayed_tasks(moment: Moment, work: UnitOfWork) -> object:
    """Tasks whose day has come; one whose client is no longer in use is dropped."""
    rows = await work.fetch(
        select(delayed_task, client_ref.c.name, client_ref.c.active, client_ref.c.owner_user_id)
        .join(
            client_ref,
            (client_ref.c.organisation_id == delayed_task.c.organisation_id)
            & (client_ref.c.client_id == delayed_task.c.client_id),
            isouter=True,
        )
        .where(delayed_task.c.organisation_id == work.organisation_id, delayed_task.c.due_on <= work.today())
        .order_by(delayed_task.c.due_on, delayed_task.c.source_key)
        .limit(_BATCH)
        .with_for_update(of=delayed_task)
    )
    for row in rows:
        if row["active"]:
            await _make_welcome_call(row, work)
    await work.execute(
        delete(delayed_task).where(
            delayed_task.c.organisation_id == work.organisation_id,
            delayed_task.c.source_key.in_([row["source_key"] for row in rows]),
        )
    )
    return MORE if len(rows) == _BATCH else None


async def tell_overdue(moment: Moment, work: UnitOfWork) -> object:
    """State once for each due instant that it has passed."""
    rows = await work.fetch(
        select(task)
        .where(
            task.c.organisation_id == work.organisation_id,
            task.c.status.in_(rules.OPEN),
            task.c.due_at <= moment.as_of,
            or_(task.c.overdue_told_for.is_(None), task.c.overdue_told_for != task.c.due_at),
        )
        .order_by(task.c.due_at, task.c.id)
        .limit(_BATCH)
        .with_for_update()
    )
    for row in rows:
        version = row["version"] + 1
        await work.execute(
            update(task)
            .where(task.c.organisation_id == work.organisation_id, task.c.id == row["id"])
            .values(overdue_told_for=row["due_at"], version=version)
        )
        work.emit(_overdue(row), version=version)
    return MORE if len(rows) == _BATCH else None


async def announce_tomorrow(moment: Moment, work: UnitOfWork) -> None:
    """One fact per user with what he has to do tomorrow."""
    tomorrow = work.today() + timedelta(days=1)
    rows = await work.fetch(
        select(task.c.id, task.c.title, task.c.assignee_id)
        .where(
            task.c.organisation_id == work.organisation_id,
            task.c.status.in_(rules.OPEN),
            task.c.due_date == tomorrow,
            task.c.assignee_id.is_not(None),
        )
        .order_by(task.c.assignee_id, task.c.urgency, task.c.id)
    )
    by_user: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        by_user[row["assignee_id"]].append(row)
    for user_id, mine in by_user.items():
        shown = tuple(DueTask(id=row["id"], title=row["title"]) for row in mine[:_SHOWN])
        event = TaskDueTomorrow(user_id=user_id, tasks=shown, total=len(mine))
        work.emit(event, version=tomorrow.toordinal(), key=f"{work.organisation_id}:{user_id}:{tomorrow}")


async def _make_welcome_call(row: Row, work: UnitOfWork) -> None:
    owner = row["owner_user_id"] if await _is_active(row["owner_user_id"], work) else None
    await tasks.create(
        tasks.TaskDraft(
            title=f"Appel de bienvenue : {row['name']}"[:200],
            type=TaskType.CALL,
            due_date=work.today(),
            assignee_id=owner,
            queue_role=None if owner else "back_office",
            client_id=row["client_id"],
            source_key=row["source_key"],
        ),
        work,
    )


async def _is_active(user_id: UUID | None, work: UnitOfWork) -> bool:
    statement = select(member_ref.c.user_id).where(
        member_ref.c.organisation_id == work.organisation_id, member_ref.c.user_id == user_id, member_ref.c.active
    )
    found: Any = await work.fetch_value(statement.limit(1))
    return found is not None


def _overdue(row: Row) -> TaskOverdue:
    return TaskOverdue(
        task_id=row["id"],
        assignee_id=row["assignee_id"],
        queue_role=row["queue_role"],
        title=row["title"],
        due_at=row["due_at"],
        priority=row["priority"],
    )
