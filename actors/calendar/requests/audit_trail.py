"""Requests about the trail of calendar: the platform's audit entries of this actor."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from messages.calendar.audit_trail import CalendarAuditEntry, CalendarAuditPage, GetAuditLogs, GetEntityHistory
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.shared.tables import audit_entry

_entry = audit_entry.c
_STREAM = "calendar"


async def get_audit_logs(request: GetAuditLogs, work: UnitOfWork) -> CalendarAuditPage:
    """A page of the trail; every bound works alone."""
    statement = _trail(work)
    for column, value in (
        (_entry.target["type"].astext, request.entity_type),
        (_entry.target["id"].astext, request.entity_id),
        (_entry.actor["user_id"].astext, request.user_id),
        (_entry.actor["type"].astext, request.source),
    ):
        if value is not None:
            statement = statement.where(column == str(value))
    if request.occurred_from is not None:
        statement = statement.where(_entry.occurred_at >= request.occurred_from)
    if request.occurred_to is not None:
        statement = statement.where(_entry.occurred_at < request.occurred_to)
    return await _page(request, statement, work)


async def get_entity_history(request: GetEntityHistory, work: UnitOfWork) -> CalendarAuditPage:
    """A page of what happened to one thing."""
    statement = _trail(work).where(
        _entry.target["type"].astext == request.entity_type, _entry.target["id"].astext == str(request.entity_id)
    )
    return await _page(request, statement, work)


# -- steps -------------------------------------------------------------------------------------------------------


def _trail(work: UnitOfWork) -> Any:
    return select(audit_entry).where(_entry.organisation_id == work.organisation_id, _entry.stream == _STREAM)


async def _page(request: GetAuditLogs | GetEntityHistory, statement: Any, work: UnitOfWork) -> CalendarAuditPage:
    """In the order of the chain, which is that of the changes; what is not sealed yet has no place in it."""
    return await page(
        work,
        request,
        statement.where(_entry.seq.is_not(None)),
        order=(_entry.seq,),
        descending=True,
        reply=CalendarAuditPage,
        item=_entry_of,
    )


def _entry_of(row: Row) -> CalendarAuditEntry:
    target, after, actor = row["target"] or {}, dict(row["after"] or {}), row["actor"]
    return CalendarAuditEntry(
        entry_id=row["id"],
        seq=row["seq"],
        occurred_at=row["occurred_at"],
        action=row["action"],
        result=row["result"],
        source=actor["type"],
        user_id=actor.get("user_id"),
        service=actor.get("service"),
        entity_type=target.get("type"),
        entity_id=UUID(target["id"]) if target.get("id") else None,
        before=row["before"],
        summary=after.pop("summary", None),
        after=after or None,
        request_id=row["request_id"],
        correlation_id=row["correlation_id"],
    )
