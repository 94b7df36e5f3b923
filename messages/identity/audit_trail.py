"""The central copy of the audit trail: who did what, to what, when, and how it ended."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from messages.base import Reply, Request
from messages.identity.audit import AuditStream
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.refusal import refusal

_LONGEST = timedelta(days=366)
_Word = Annotated[str, Field(min_length=1, max_length=150)]


class AuditResult(StrEnum):
    """How what somebody wanted ended."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    FAILED = "FAILED"


class AuditActorType(StrEnum):
    """Who acts."""

    USER = "USER"
    SERVICE = "SERVICE"
    SYSTEM = "SYSTEM"
    WEBHOOK = "WEBHOOK"


class AuditActor(Reply):
    """Who acted, and through whom."""

    type: AuditActorType
    user_id: UUID | None = None
    service: str | None = None


class AuditEntry(Reply):
    """One line of the trail. Personal values stand in before and after as keyed hashes with a masked form only."""

    id: UUID
    stream: str
    seq: int
    occurred_at: Instant
    received_at: Instant
    actor: AuditActor
    action: str
    permission: str | None
    result: AuditResult
    error_code: str | None
    target_type: str | None
    target_id: str | None
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None
    meta: dict[str, JsonValue]
    request_id: str
    correlation_id: str
    prev_hash: str
    entry_hash: str
    chain_ok: bool = Field(description="whether it followed the entry before it when it arrived here")


class AuditPage(Page[AuditEntry]):
    """Entries, the newest first."""


class AuditEntryInChain(Reply):
    """An entry with the hash of its successor; null when it is the newest one."""

    entry: AuditEntry
    next_hash: str | None


class AuditChainHead(Reply):
    """How far the copy of a chain reaches; `broken_count` counts entries that did not follow the one before."""

    stream: str
    first_seq: int
    last_seq: int
    last_hash: str
    entry_count: int
    broken_count: int
    updated_at: Instant


class AuditFilter(BaseModel):
    """Which entries of a period of at most 366 days; an empty condition holds for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    occurred_from: Instant
    occurred_to: Instant
    stream: AuditStream | None = None
    actions: Annotated[tuple[_Word, ...], Field(max_length=50)] = ()
    actor_user_ids: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    results: tuple[AuditResult, ...] = ()
    target_type: _Word | None = None
    target_id: _Word | None = None
    correlation_id: _Word | None = None
    request_id: _Word | None = None

    @model_validator(mode="after")
    def _period(self) -> "AuditFilter":
        if not timedelta(0) < self.occurred_to - self.occurred_from <= _LONGEST:
            raise refusal("PERIOD", "occurred_to must lie after occurred_from, by at most 366 days")
        return self


class ListAudit(
    AuditFilter, PageRequest, Request[AuditPage], query=True, audited=True, permission="identity:audit:read"
):
    """Who did what in a period of at most 366 days, the newest first. Reading the trail is itself on record."""


class GetAuditEntry(Request[AuditEntryInChain], query=True, audited=True, permission="identity:audit:read"):
    """One entry and what follows it in its chain."""

    entry_id: UUID


class GetAuditChainHead(Request[AuditChainHead], query=True, audited=True, permission="identity:audit:read"):
    """Where the copy of a chain stands."""

    stream: AuditStream


class AuditExportStatus(StrEnum):
    """Where an export is; an EXPIRED one no longer names its file."""

    REQUESTED = "REQUESTED"
    READY = "READY"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class AuditExport(Reply):
    """A file of the trail. Once READY, `document_id` is read with documents' open_content; `sha256` is that of the whole file."""

    export_id: UUID
    status: AuditExportStatus
    include_chain_proof: bool
    row_count: int | None = None
    document_id: UUID | None = None
    sha256: str | None = None
    failure: str | None = None
    requested_by: UUID | None = None
    created_at: Instant
    expires_at: Instant


class ExportAudit(AuditFilter, Request[AuditExport], permission="identity:audit:export"):
    """Write entries to a CSV file, the oldest first; every row names the export, its author and when it was ordered."""

    include_chain_proof: bool = Field(
        default=False, description="with number, hash and hash before, so that the chain can be followed in the file"
    )


class GetAuditExport(Request[AuditExport], query=True, audited=True, permission="identity:audit:export"):
    """How far an export is; its file is named for seven days."""

    export_id: UUID
