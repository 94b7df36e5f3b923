"""Text messages to clients: what was sent to whom about what, and how it ended."""

from enum import StrEnum
from uuid import UUID

from messages.base import Event, Reply, Request
from messages.engagement.email import EmailCategory
from messages.paging import Page, PageRequest
from messages.shared import Ref
from messages.values.instants import Instant


class SmsStatus(StrEnum):
    """Where a text message stands."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"


class Sms(Reply):
    """A text message as it left or will leave; `segments` is what the operator bills."""

    id: UUID
    status: SmsStatus
    category: EmailCategory
    purpose: str
    text: str
    segments: int
    client_id: UUID
    reference: Ref | None
    attempts: int
    last_error_code: str | None
    next_attempt_at: Instant | None
    sent_at: Instant | None
    created_at: Instant
    version: int


class SmsPage(Page[Sms]):
    """Text messages, newest first."""


class ListSms(PageRequest, Request[SmsPage], query=True, permission="engagement:sms:read"):
    """Text messages, newest first."""

    client_id: UUID | None = None
    status: tuple[SmsStatus, ...] = ()


class SmsRef(Reply):
    """What a fact about a text message says of it: orderers find their own order by `reference` and `purpose` alone."""

    sms_id: UUID
    reference: Ref | None = None
    purpose: str
    category: EmailCategory
    client_id: UUID | None = None


class SmsSent(SmsRef, Event, aggregate="sms"):
    """The operator accepted the message."""

    segments: int


class SmsFailed(SmsRef, Event, aggregate="sms"):
    """The message will not be delivered; whoever ordered it takes another way."""

    error_code: str
    at: Instant
