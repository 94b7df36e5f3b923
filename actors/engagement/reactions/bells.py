"""Facts that a user is told of."""

from sqlalchemy import select

from actors.engagement.notifying import Note, notify
from messages.activites import TaskAssigned, TaskDueTomorrow, TaskOverdue
from messages.engagement import NotificationPriority, NotificationType
from messages.payments import DunningActionRequested, StaffAction
from messages.payments import TaskPriority as Urgency
from runtime.unit_of_work import UnitOfWork
from storage.engagement.tables import member_ref

_COLLECTORS = ["back_office", "accountant"]
_MOST_TOLD = 50


async def tell_assignee(event: TaskAssigned, work: UnitOfWork) -> None:
    """Who got a task from somebody else is told."""
    if event.assignee_id is None or event.assignee_id == event.assigned_by:
        return
    await notify(
        Note(
            user_id=event.assignee_id,
            type=NotificationType.TASK_ASSIGNED,
            title=f"Tâche {event.number}",
            message=event.title,
            source_key=f"task:{event.task_id}:assigned:{work.source_version}",
            link_url=f"/tasks/{event.task_id}",
            metadata={"task_id": str(event.task_id), "priority": event.priority},
        ),
        work,
    )


async def tell_overdue(event: TaskOverdue, work: UnitOfWork) -> None:
    """Who is late is told; a task in a queue has nobody to tell."""
    if event.assignee_id is None:
        return
    await notify(
        Note(
            user_id=event.assignee_id,
            type=NotificationType.TASK_OVERDUE,
            title="Tâche en retard",
            message=event.title,
            priority=NotificationPriority.HIGH,
            source_key=f"task:{event.task_id}:overdue:{event.due_at.isoformat()}",
            link_url=f"/tasks/{event.task_id}",
            metadata={"task_id": str(event.task_id)},
        ),
        work,
    )


async def tell_due_tomorrow(event: TaskDueTomorrow, work: UnitOfWork) -> None:
    """One entry for everything that is due tomorrow."""
    await notify(
        Note(
            user_id=event.user_id,
            type=NotificationType.TASK_DUE_TOMORROW,
            title=f"{event.total} tâche(s) pour demain",
            message="\n".join(task.title for task in event.tasks),
            source_key=f"due-tomorrow:{work.today().isoformat()}",
            link_url="/tasks",
        ),
        work,
    )


async def tell_collectors(event: DunningActionRequested, work: UnitOfWork) -> None:
    """Who recovers debts is told of a case that needs a decision: the one it was given to, else everybody in charge."""
    if event.action is not StaffAction.NOTIFY_STAFF:
        return
    rows = await work.fetch(
        select(member_ref.c.user_id)
        .where(
            member_ref.c.organisation_id == work.organisation_id,
            member_ref.c.active,
            member_ref.c.user_id == event.assignee_id
            if event.assignee_id is not None
            else member_ref.c.role_codes.overlap(_COLLECTORS),
        )
        .order_by(member_ref.c.user_id)
        .limit(_MOST_TOLD)
    )
    for row in rows:
        await notify(
            Note(
                user_id=row["user_id"],
                type=NotificationType.ALERT,
                title="Dossier de recouvrement",
                message=event.title,
                priority=NotificationPriority.HIGH if event.priority is Urgency.HIGH else NotificationPriority.NORMAL,
                source_key=f"dunning:{event.action_id}",
                link_url=f"/recovery/cases/{event.case_id}",
                metadata={"case_id": str(event.case_id), "client_id": str(event.client_id)},
            ),
            work,
        )
