"""Reading the central copy of the audit trail."""

from typing import Any

from sqlalchemy import ColumnElement, select

from actors.identity.audit_copy import chain_head
from actors.identity.checkpoints import check_stream
from messages.identity import (
    AUDIT_ENTRY_NOT_FOUND,
    AuditChainHead,
    AuditEntry,
    AuditEntryInChain,
    AuditFilter,
    AuditPage,
    GetAuditChainHead,
    GetAuditEntry,
    ListAudit,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import audit_copy

_EXACT = ("stream", "target_type", "target_id", "correlation_id", "request_id")


async def list_audit(request: ListAudit, work: UnitOfWork) -> AuditPage:
    """A page, the newest first."""
    own = audit_copy.c
    return await page(
        work,
        request,
        select(audit_copy).where(*entries_of(request, work)),
        order=(own.occurred_at, own.id),
        reply=AuditPage,
        item=_entry_of,
        descending=True,
    )


def entries_of(request: AuditFilter, work: UnitOfWork) -> list[ColumnElement[bool]]:
    """What holds for the entries of a filter."""
    own = audit_copy.c
    conditions: list[ColumnElement[bool]] = [
        own.organisation_id == work.organisation_id,
        own.occurred_at >= request.occurred_from,
        own.occurred_at < request.occurred_to,
    ]
    conditions += [own[name] == getattr(request, name) for name in _EXACT if getattr(request, name) is not None]
    several: tuple[tuple[Any, tuple[Any, ...]], ...] = (
        (own.action, request.actions),
        (own.actor_user_id, request.actor_user_ids),
        (own.result, request.results),
    )
    return conditions + [column.in_(wanted) for column, wanted in several if wanted]


async def get_audit_entry(request: GetAuditEntry, work: UnitOfWork) -> AuditEntryInChain:
    """One entry."""
    own = audit_copy.c
    mine = own.organisation_id == work.organisation_id
    wanted = select(audit_copy).where(mine, own.id == request.entry_id)
    row = await work.load(wanted, "audit_entry", code=AUDIT_ENTRY_NOT_FOUND)
    following = select(own.entry_hash).where(mine, own.stream == row["stream"], own.seq == row["seq"] + 1)
    return AuditEntryInChain(entry=_entry_of(row), next_hash=await work.fetch_value(following.limit(1)))


async def get_audit_chain_head(request: GetAuditChainHead, work: UnitOfWork) -> AuditChainHead:
    """The newest entry of a chain that arrived."""
    check_stream(request.stream)
    row = await chain_head(request.stream, work)
    if row is None:
        raise Refused(
            AUDIT_ENTRY_NOT_FOUND,
            f"no entry of {request.stream} has arrived yet; entries are sealed every second",
            details={"resource": "audit_chain"},
        )
    return AuditChainHead.model_validate(dict(row))


def _entry_of(row: Row) -> AuditEntry:
    return AuditEntry.model_validate(dict(row))
