"""Puts notifications behind the users' bells."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from messages.engagement import NotificationCreated, NotificationPriority, NotificationType, UnreadCount
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.engagement.tables import notification

_SAME_THING_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Note:
    """What to tell a user. `source_key` makes repeats harmless; `dedupe_key` counts up an unread entry of the last day."""

    user_id: UUID
    type: NotificationType
    title: str
    message: str
    source_key: str
    priority: NotificationPriority = NotificationPriority.NORMAL
    link_url: str | None = None
    dedupe_key: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


async def notify(note: Note, work: UnitOfWork) -> None:
    """Store a notification and announce it with the user's counts; nobody is told of his own action."""
    if note.user_id == work.cause.user_id or await _counted_up(note, work):
        return
    notification_id = new_id()
    statement = (
        insert(notification)
        .values(
            id=notification_id,
            organisation_id=work.organisation_id,
            created_at=work.now,
            created_by=work.caller.principal,
            updated_at=work.now,
            updated_by=work.caller.principal,
            user_id=note.user_id,
            type=note.type,
            priority=note.priority,
            title=note.title[:255],
            message=note.message[:2000],
            details=note.metadata,
            link_url=note.link_url,
            dedupe_key=note.dedupe_key,
            occurrences=1,
            source_key=f"{note.user_id}:{note.source_key}",
        )
        .on_conflict_do_nothing(index_elements=["organisation_id", "source_key"])
    )
    if not await work.execute(statement):
        return
    counts = await counts_of(note.user_id, work)
    work.emit(
        NotificationCreated(
            notification_id=notification_id,
            user_id=note.user_id,
            type=note.type,
            priority=note.priority,
            unread=counts.unread,
            total=counts.total,
        ),
        version=1,
    )


async def counts_of(user_id: UUID, work: UnitOfWork) -> UnreadCount:
    """How many entries a user has, and how many unread."""
    row = await work.fetch_one(
        select(
            func.count().label("total"),
            func.count().filter(notification.c.read_at.is_(None)).label("unread"),
        ).where(notification.c.organisation_id == work.organisation_id, notification.c.user_id == user_id)
    )
    assert row is not None  # an aggregate always answers one row
    return UnreadCount(total=row["total"], unread=row["unread"])


async def _counted_up(note: Note, work: UnitOfWork) -> bool:
    if note.dedupe_key is None:
        return False
    statement = (
        update(notification)
        .where(
            notification.c.organisation_id == work.organisation_id,
            notification.c.user_id == note.user_id,
            notification.c.dedupe_key == note.dedupe_key,
            notification.c.read_at.is_(None),
            notification.c.created_at > work.now - _SAME_THING_FOR,
            notification.c.source_key != f"{note.user_id}:{note.source_key}",
        )
        .values(occurrences=notification.c.occurrences + 1, message=note.message[:2000], updated_at=work.now)
    )
    return bool(await work.execute(statement))
