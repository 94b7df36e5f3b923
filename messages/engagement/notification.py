"""In-app notifications of the users."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Reply, Request
from messages.errors import NOT_FOUND
from messages.paging import Page, PageRequest
from messages.values.instants import Instant

NOTIFICATION_NOT_FOUND = NOT_FOUND.specific(
    "NOTIFICATION_NOT_FOUND", "Notification introuvable", "Notification not found"
)


class NotificationType(StrEnum):
    """What a notification tells."""

    TASK_ASSIGNED = "TASK_ASSIGNED"
    TASK_OVERDUE = "TASK_OVERDUE"
    TASK_DUE_TOMORROW = "TASK_DUE_TOMORROW"
    ALERT = "ALERT"


class NotificationPriority(StrEnum):
    """How loud it is."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Notification(Reply):
    """One entry behind the bell; `link_url` is a path of the UI."""

    id: UUID
    user_id: UUID
    type: NotificationType
    priority: NotificationPriority
    title: str
    message: str
    metadata: dict[str, Any]
    link_url: str | None
    occurrences: int
    read_at: Instant | None
    created_at: Instant


class NotificationPage(Page[Notification]):
    """Notifications, newest first, with the number of unread ones."""

    unread_count: int = 0


class UnreadCount(Reply):
    """How many notifications a user has, and how many he has not read."""

    total: int
    unread: int


class NotificationsRead(Reply):
    """How many entries changed, and how many stay unread."""

    affected: int
    unread: int


class GetNotification(Request[Notification], query=True, access=Access.SELF):
    """One notification of the caller."""

    notification_id: UUID


class ListNotifications(PageRequest, Request[NotificationPage], query=True, access=Access.SELF):
    """The caller's notifications, newest first."""

    type: NotificationType | None = None
    unread_only: bool = False


class GetUnreadCount(Request[UnreadCount], query=True, access=Access.SELF):
    """The numbers beside the caller's bell."""


class MarkAsRead(Request[NotificationsRead], access=Access.SELF, audited=False):
    """Mark some of the caller's notifications; what is read already does not count again."""

    notification_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]


class MarkAllAsRead(Request[NotificationsRead], access=Access.SELF, audited=False):
    """Mark all of the caller's notifications, or those made before an instant."""

    before: Instant | None = None


class _News(Reply):
    notification_id: UUID
    user_id: UUID
    type: NotificationType
    priority: NotificationPriority
    unread: int
    total: int


class NotificationCreated(_News, Event, aggregate="notification"):
    """A user has something new; the text is asked for, never published."""


class NotificationRead(Event, aggregate="notification"):
    """A user has read one notification."""

    notification_id: UUID
    user_id: UUID
    unread: int
    total: int


class NotificationAllRead(Event, aggregate="notification", aggregate_id="user_id"):
    """A user has read all of them."""

    user_id: UUID
    unread: int
    total: int
