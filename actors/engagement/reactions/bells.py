"""Facts that a user is told of."""

from actors.engagement.notifying import Note, notify
from messages.activites import TaskAssigned, TaskDueTomorrow, TaskOverdue
from messages.engagement import NotificationPriority, NotificationType
from runtime.unit_of_work import UnitOfWork


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
