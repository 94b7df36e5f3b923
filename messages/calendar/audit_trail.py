"""calendar: who changed which debit rule, and when."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.identity.audit_trail import AuditActorType, AuditResult
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.refusal import refusal

_Word = Annotated[str, Field(pattern=r"^[a-z0-9_.]{1,100}$")]


class CalendarAuditEntry(Reply):
    """One line of calendar's own trail; `summary` says in a few words what changed."""

    entry_id: UUID
    seq: int
    occurred_at: Instant
    action: str
    result: AuditResult
    source: AuditActorType
    user_id: UUID | None
    service: str | None
    entity_type: str | None
    entity_id: UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    summary: str | None
    request_id: str
    correlation_id: str


class CalendarAuditPage(Page[CalendarAuditEntry]):
    """Entries, the newest first."""


class GetAuditLogs(PageRequest, Request[CalendarAuditPage], query=True, permission="calendar:audit:read"):
    """What was changed in the calendar. An entry is shown once it is sealed, about a second after the change."""

    entity_type: _Word | None = None
    entity_id: UUID | None = None
    user_id: UUID | None = None
    source: AuditActorType | None = Field(default=None, description="a person, another actor, the clock or a provider")
    occurred_from: Instant | None = None
    occurred_to: Instant | None = Field(default=None, description="excluded")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "GetAuditLogs":
        if self.occurred_from and self.occurred_to and self.occurred_from >= self.occurred_to:
            raise refusal("INVALID_DATE_RANGE", "occurred_to lies after occurred_from; exchange them")
        return self


class GetEntityHistory(PageRequest, Request[CalendarAuditPage], query=True, permission="calendar:audit:read"):
    """Everything that was changed of one configuration, holiday, zone, lot, cut-off, override, threshold or import."""

    entity_type: _Word
    entity_id: UUID
