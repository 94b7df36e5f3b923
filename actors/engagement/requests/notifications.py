"""Requests of a user about his notifications."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.engagement import views
from actors.engagement.notifying import counts_of
from messages.engagement import (
    NOTIFICATION_NOT_FOUND,
    GetNotification,
    GetUnreadCount,
    ListNotifications,
    MarkAllAsRead,
    MarkAsRead,
    Notification,
    NotificationAllRead,
    NotificationPage,
    NotificationRead,
    NotificationsRead,
    UnreadCount,
)
from messages.errors import UNAUTHORIZED
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.engagement.tables import notification


async def get_notification(request: GetNotification, work: UnitOfWork) -> Notification:
    """One notification of the caller."""
    statement = views.NOTIFICATIONS.where(_mine(work), notification.c.id == request.notification_id)
    return views.notification_of(await work.load(statement, "notification", code=NOTIFICATION_NOT_FOUND))


async def list_notifications(request: ListNotifications, work: UnitOfWork) -> NotificationPage:
    """A page of the caller's notifications, with his unread count."""
    statement = views.NOTIFICATIONS.where(_mine(work))
    if request.type is not None:
        statement = statement.where(notification.c.type == request.type)
    if request.unread_only:
        statement = statement.where(notification.c.read_at.is_(None))
    found = await page(
        work,
        request,
        statement,
        order=(notification.c.created_at, notification.c.id),
        descending=True,
        reply=NotificationPage,
        item=views.notification_of,
    )
    counts = await counts_of(_user(work), work)
    return NotificationPage(items=found.items, next_cursor=found.next_cursor, unread_count=counts.unread)


async def get_unread_count(request: GetUnreadCount, work: UnitOfWork) -> UnreadCount:
    """The caller's numbers."""
    return await counts_of(_user(work), work)


async def mark_as_read(request: MarkAsRead, work: UnitOfWork) -> NotificationsRead:
    """Mark what is unread among the named ones."""
    statement = (
        update(notification)
        .where(_mine(work), notification.c.id.in_(request.notification_ids), notification.c.read_at.is_(None))
        .values(read_at=work.now, version=notification.c.version + 1)
        .returning(notification.c.id, notification.c.version)
    )
    rows = await work.fetch(statement)
    counts = await counts_of(_user(work), work)
    for row in rows:
        read = NotificationRead(
            notification_id=row["id"], user_id=_user(work), unread=counts.unread, total=counts.total
        )
        work.emit(read, version=row["version"])
    return NotificationsRead(affected=len(rows), unread=counts.unread)


async def mark_all_as_read(request: MarkAllAsRead, work: UnitOfWork) -> NotificationsRead:
    """Mark everything, or what is older than an instant."""
    before = request.before or work.now
    statement = (
        update(notification)
        .where(_mine(work), notification.c.read_at.is_(None), notification.c.created_at <= before)
        .values(read_at=work.now, version=notification.c.version + 1)
    )
    affected = await work.execute(statement)
    counts = await counts_of(_user(work), work)
    if affected:
        version = await work.fetch_value(select(func.sum(notification.c.version)).where(_mine(work)))
        work.emit(
            NotificationAllRead(user_id=_user(work), unread=counts.unread, total=counts.total), version=int(version)
        )
    return NotificationsRead(affected=affected, unread=counts.unread)


def _user(work: UnitOfWork) -> UUID:
    if work.caller.user_id is None:
        raise Refused(UNAUTHORIZED, "notifications belong to a signed-in user; sign in")
    return work.caller.user_id


def _mine(work: UnitOfWork) -> Any:
    return (notification.c.organisation_id == work.organisation_id) & (notification.c.user_id == _user(work))
