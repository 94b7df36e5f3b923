"""Sign-in sessions as rows: found, shown, ended. Their times follow the real clock."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.identity.rules.life import AUTH_SESSION
from actors.identity.rules.sessions import check_is_open, end_of, status_at
from messages.base import NIL_ORGANISATION
from messages.identity import (
    AuthSession,
    AuthSessionRevoked,
    RevocationReason,
    SecuritySettings,
    SessionStatus,
)
from runtime import clock
from runtime.access import note_denial, session_key
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import auth_session
from storage.shared.outgoing import ACCESS_CHANGED

OPEN = (SessionStatus.ACTIVE, SessionStatus.SUSPICIOUS)


async def session_row(session_id: str, work: UnitOfWork, *, lock: bool = False) -> Row | None:
    """A session by the issuer's name for it."""
    statement = select(auth_session).where(auth_session.c.session_id == session_id)
    return await work.fetch_one(statement.with_for_update() if lock else statement)


async def open_sessions(user_id: UUID, work: UnitOfWork) -> list[Row]:
    """The sessions of a person that have not ended, the oldest first, locked."""
    return await work.fetch(
        select(auth_session)
        .where(
            auth_session.c.user_id == user_id,
            auth_session.c.status.in_(OPEN),
            auth_session.c.expires_at > clock.now(),
        )
        .order_by(auth_session.c.created_at, auth_session.c.session_id)
        .with_for_update()
    )


async def change_session(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """Store changes."""
    after = {**row, **changed, "version": row["version"] + 1}
    values = changed | {"version": after["version"]}
    await work.execute(update(auth_session).where(auth_session.c.session_id == row["session_id"]).values(**values))
    return after


async def revoke(row: Row, reason: RevocationReason, work: UnitOfWork) -> None:
    """End a session: its tokens are refused here at once, and by every actor within a second."""
    changed = {
        "status": AUTH_SESSION.after("revoke", SessionStatus(row["status"])),
        "revocation_reason": reason,
        "revoked_by": work.caller.principal,
        "revoked_at": clock.now(),
    }
    after = await change_session(row, changed, work)
    key = session_key(row["session_id"])
    await note_denial(work.connection, "session", key, after["version"], denied=True)
    await work.connection.execute(f"notify {ACCESS_CHANGED}")
    event = AuthSessionRevoked(auth_session_id=key, session_id=row["session_id"], user_id=row["user_id"], reason=reason)
    work.emit(event, version=after["version"])


async def enter(session_id: str, security: SecuritySettings | None, work: UnitOfWork) -> None:
    """Refuse a context to a session that ended; in an organisation its own limits hold from now on.

    A session that the bridge never tracked has no row and no limits but those of the issuer's token.
    """
    row = await session_row(session_id, work)
    if row is None:
        return
    now = clock.now()
    ends = row["expires_at"] if security is None else end_of(row["created_at"], row["last_activity_at"], security)
    check_is_open(status_at(SessionStatus(row["status"]), ends, now))
    if security is not None and (row["last_organisation_id"], row["expires_at"]) != (work.organisation_id, ends):
        await work.execute(
            update(auth_session)
            .where(auth_session.c.session_id == session_id)
            .values(last_organisation_id=work.organisation_id, expires_at=ends)
        )


def session_of(row: Row, now: datetime) -> AuthSession:
    """The reply, as it stands now."""
    status = status_at(SessionStatus(row["status"]), row["expires_at"], now)
    return AuthSession.model_validate(dict(row) | {"organisation_id": row["last_organisation_id"], "status": status})


async def hashed(kind: IndexKind, value: str, work: UnitOfWork) -> bytes:
    """The keyed hash of a network address or browser: comparable, not readable."""
    return await work.keys.index(kind, value, NIL_ORGANISATION)
