"""What the staff asks about links."""

from datetime import timedelta

from sqlalchemy import func, select

from actors.payments.portal import links, sessions
from actors.payments.portal.rules import completion_rate, conversion_rate
from messages.payments.portal import (
    CancelPortalSession,
    CreatedPortalSession,
    CreatePortalSession,
    GetPortalSession,
    GetPortalSessionAudit,
    GetPortalSessionStats,
    ListPortalSessions,
    PortalAuditEntry,
    PortalAuditPage,
    PortalSession,
    PortalSessionPage,
    PortalSessionStats,
)
from messages.payments.portal_vocabulary import PortalAuditEvent, PortalSessionStatus
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.portal import portal_audit, portal_session


async def create_portal_session(request: CreatePortalSession, work: UnitOfWork) -> CreatedPortalSession:
    """Make a link; its token is in this reply and nowhere else."""
    if request.amount is not None and (request.amount.currency != "EUR" or request.amount.amount <= 0):
        raise Refused.field("amount", "positive", "amount must be above zero, in EUR")
    order = links.LinkOrder(
        key=request.idempotency_key,
        company_id=request.company_id,
        client_id=request.client_id,
        purpose=request.purpose,
        contract_id=request.contract_id,
        instalment_ids=request.instalment_ids,
        invoice_ids=request.invoice_ids,
        amount=request.amount.amount if request.amount is not None else None,
        allowed_actions=request.allowed_actions,
        life=timedelta(seconds=request.ttl_seconds) if request.ttl_seconds is not None else None,
        max_uses=request.max_uses,
        description=request.description,
    )
    link = await links.make_link(work, order)
    return CreatedPortalSession(
        session=sessions.shown(link.session), token=link.token, portal_url=link.url, was_idempotent_hit=link.repeated
    )


async def cancel_portal_session(request: CancelPortalSession, work: UnitOfWork) -> PortalSession:
    """Kill a link."""
    row = await sessions.load(work, request.session_id, lock=True)
    work.check_version(request.expected_version, row["version"])
    after = await sessions.change(work, row, "cancel")
    await sessions.note(work, after, PortalAuditEvent.SESSION_CANCELLED, before=row, reason=request.reason)
    work.record("portal_session", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    return sessions.shown(after)


async def get_portal_session(request: GetPortalSession, work: UnitOfWork) -> PortalSession:
    """One link."""
    return sessions.shown(await sessions.load(work, request.session_id))


async def list_portal_sessions(request: ListPortalSessions, work: UnitOfWork) -> PortalSessionPage:
    """A page of links, newest first."""
    statement = select(portal_session).where(portal_session.c.organisation_id == work.organisation_id)
    for name in ("client_id", "company_id", "purpose"):
        if getattr(request, name) is not None:
            statement = statement.where(portal_session.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(portal_session.c.status.in_(request.status))
    if work.caller.company_ids is not None:
        statement = statement.where(portal_session.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(portal_session.c.created_at, portal_session.c.id),
        descending=True,
        reply=PortalSessionPage,
        item=sessions.shown,
    )


async def get_portal_session_audit(request: GetPortalSessionAudit, work: UnitOfWork) -> PortalAuditPage:
    """A page of a link's record, oldest first."""
    await sessions.load(work, request.session_id)
    statement = select(portal_audit).where(
        portal_audit.c.organisation_id == work.organisation_id, portal_audit.c.session_id == request.session_id
    )
    return await page(
        work,
        request,
        statement,
        order=(portal_audit.c.id,),
        reply=PortalAuditPage,
        item=lambda row: PortalAuditEntry.model_validate(dict(row)),
    )


async def get_portal_session_stats(request: GetPortalSessionStats, work: UnitOfWork) -> PortalSessionStats:
    """Counts by state and the two rates."""
    statement = (
        select(portal_session.c.status, func.count().label("count"))
        .where(portal_session.c.organisation_id == work.organisation_id)
        .group_by(portal_session.c.status)
    )
    if request.company_id is not None:
        statement = statement.where(portal_session.c.company_id == request.company_id)
    if request.created_from is not None:
        statement = statement.where(portal_session.c.created_at >= request.created_from)
    if request.created_to is not None:
        statement = statement.where(portal_session.c.created_at < request.created_to)
    if work.caller.company_ids is not None:
        statement = statement.where(portal_session.c.company_id.in_(work.caller.company_ids))
    counts = {PortalSessionStatus(row["status"]): row["count"] for row in await work.fetch(statement)}
    return PortalSessionStats(
        total=sum(counts.values()),
        by_status={status: counts.get(status, 0) for status in PortalSessionStatus},
        completion_rate=completion_rate(counts),
        conversion_rate=conversion_rate(counts),
    )
