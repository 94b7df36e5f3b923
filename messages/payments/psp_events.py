"""What providers said, for the staff: listed, read, replayed."""

from enum import StrEnum
from uuid import UUID

from messages.base import Reply, Request
from messages.errors import NOT_FOUND
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Label

PSP_EVENT_NOT_FOUND = NOT_FOUND.specific("PSP_EVENT_NOT_FOUND", "Événement introuvable", "Provider event not found")


class PspEventStatus(StrEnum):
    """What became of an event: IGNORED changed nothing, FAILED and DEAD could not be followed, RESOLVED was seen to by a person."""

    VERIFIED = "VERIFIED"
    PROCESSED = "PROCESSED"
    IGNORED = "IGNORED"
    FAILED = "FAILED"
    DEAD = "DEAD"
    RESOLVED = "RESOLVED"


class PspEvent(Reply):
    """A fact that a provider reported, without its raw body."""

    psp_event_id: UUID
    psp_account_id: UUID
    provider_event_id: str
    name: str
    status: PspEventStatus
    error: str | None = None
    payment_id: UUID | None = None
    occurred_at: Instant | None = None
    received_at: Instant
    processed_at: Instant | None = None


class ResolvePspEvent(Request[PspEvent], permission="payments:psp_event:resolve"):
    """Say that an event which could not be followed was seen to by hand; it is not replayed afterwards."""

    psp_event_id: UUID
    reason: Label


class PspEventPage(Page[PspEvent]):
    """Events by arrival, newest first."""


class ListPspEvents(PageRequest, Request[PspEventPage], query=True, permission="payments:psp_event:read"):
    """What providers reported, by account and state."""

    psp_account_id: UUID | None = None
    status: tuple[PspEventStatus, ...] = ()


class GetPspEvent(Request[PspEvent], query=True, permission="payments:psp_event:read"):
    """One event."""

    psp_event_id: UUID


class ReplayPspEvent(Request[PspEvent], permission="payments:psp_event:replay"):
    """Read again at the provider what the event is about; doing so twice changes nothing more."""

    psp_event_id: UUID
