"""Links as rows: found, changed, shown, and their own record of what happened."""

import hmac
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.payments import views
from actors.payments.portal.rules import PORTAL_SESSION
from messages.payments.portal import SESSION_NOT_FOUND, PortalSession, PortalSessionCompleted, PortalSessionExpired
from messages.payments.portal_vocabulary import PortalAuditActor, PortalAuditEvent, PortalOutcome, PortalSessionStatus
from messages.values.identifiers import new_id
from runtime.caller import CallerKind
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.portal import portal_audit, portal_session

_ACTORS = {CallerKind.USER: PortalAuditActor.AUTHENTICATED_USER}
PUBLIC = "public"
"""The service a caller without token acts as."""


async def load(work: UnitOfWork, session_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """One link of the organisation; SESSION_NOT_FOUND."""
    statement = select(portal_session).where(
        portal_session.c.organisation_id == work.organisation_id, portal_session.c.id == session_id
    )
    row = await work.load(
        statement.with_for_update() if lock else statement, "payment link", code=SESSION_NOT_FOUND, id=session_id
    )
    return dict(row)


async def change(work: UnitOfWork, row: Row, trigger: str | None = None, **changes: Any) -> dict[str, Any]:
    """Change a locked link; a trigger also moves its state. The row after it."""
    if trigger is not None:
        changes["status"] = PORTAL_SESSION.after(trigger, PortalSessionStatus(row["status"]))
    changes |= {"version": row["version"] + 1, "updated_at": work.now, "updated_by": work.caller.principal}
    await work.execute(
        update(portal_session)
        .where(portal_session.c.organisation_id == work.organisation_id, portal_session.c.id == row["id"])
        .values(**changes)
    )
    return {**row, **changes}


async def visit(work: UnitOfWork, row: Row, visitor: "Visitor") -> None:
    """Somebody looked. That changes nothing that a version stands for."""
    await work.execute(
        update(portal_session)
        .where(portal_session.c.organisation_id == work.organisation_id, portal_session.c.id == row["id"])
        .values(last_accessed_at=work.now)
    )
    await note(work, row, PortalAuditEvent.SESSION_ACCESSED, visitor=visitor)
    work.record("portal_session", row["id"], after={"status": row["status"]})


async def note(
    work: UnitOfWork,
    row: Row,
    event: PortalAuditEvent,
    *,
    before: Row | None = None,
    visitor: "Visitor | None" = None,
    **data: Any,
) -> None:
    """Add to a link's record; `before` is the row before a change of state."""
    await work.insert(
        portal_audit,
        id=new_id(),
        organisation_id=work.organisation_id,
        session_id=row["id"],
        event=event,
        actor=_actor(work),
        previous_status=before["status"] if before is not None else None,
        new_status=row["status"] if before is not None else None,
        ip_hash=visitor.ip_hash if visitor else None,
        ua_hash=visitor.ua_hash if visitor else None,
        correlation_id=work.cause.correlation_id,
        data=data,
        occurred_at=work.now,
    )


def _actor(work: UnitOfWork) -> PortalAuditActor:
    if work.caller.service == PUBLIC:
        return PortalAuditActor.PORTAL_TOKEN
    return _ACTORS.get(work.caller.kind, PortalAuditActor.SYSTEM)


class Visitor:
    """Where a request came from, as keyed hashes only; the key is another one every month."""

    __slots__ = ("ip_hash", "ua_hash")

    def __init__(self, key: bytes, ip: str | None, user_agent: str | None) -> None:
        self.ip_hash = _hashed(key, ip)
        self.ua_hash = _hashed(key, user_agent)

    @classmethod
    async def of(cls, work: UnitOfWork, ip: str | None, user_agent: str | None) -> "Visitor":
        """The visitor of a request."""
        month = f"portal visitors {work.now:%Y-%m}"
        return cls(await work.keys.index(IndexKind.GENERIC, month, work.organisation_id), ip, user_agent)


def _hashed(key: bytes, value: str | None) -> str | None:
    return hmac.digest(key, value.encode(), "sha256").hex() if value else None


# -- what happens to a link in more than one place -----------------------------------------------------------------


async def complete(
    work: UnitOfWork, row: Row, outcome: PortalOutcome, event: PortalAuditEvent, **changes: Any
) -> dict[str, Any]:
    """What the link was for is paid; portal_session.completed."""
    after = await change(work, row, "complete", outcome=outcome, **changes)
    await note(work, after, event, before=row, outcome=outcome)
    fact = PortalSessionCompleted(
        session_id=after["id"], purpose=after["purpose"], client_id=after["client_id"], payment_id=after["payment_id"]
    )
    work.emit(fact, version=after["version"])
    return after


async def expire(work: UnitOfWork, row: Row) -> dict[str, Any]:
    """The link's time is over; portal_session.expired."""
    after = await change(work, row, "expire")
    await note(work, after, PortalAuditEvent.SESSION_EXPIRED, before=row)
    work.emit(PortalSessionExpired(session_id=row["id"], client_id=row["client_id"]), version=after["version"])
    return after


def shown(row: Row) -> PortalSession:
    """A link as the staff sees it."""
    amount = None if row["amount"] is None else views.money(row["amount"], row["currency"])
    return PortalSession.model_validate({**row, "session_id": row["id"], "amount": amount})
