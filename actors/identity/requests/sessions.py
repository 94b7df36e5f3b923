"""Sessions: the bridge's side (track, touch, check, back-channel logout) and people's side (list, revoke)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.identity.oidc.tokens import issuer, refused
from actors.identity.people import user_not_found
from actors.identity.requests.sign_in import user_by_subject
from actors.identity.requests.users import signed_in_user
from actors.identity.rules.life import AUTH_SESSION
from actors.identity.rules.sessions import LOGOUT_TOKEN_AGE, MOST_SESSIONS, device_label, end_of, status_at
from actors.identity.sessions import OPEN, change_session, hashed, open_sessions, revoke, session_of, session_row
from messages.errors import SESSION_EXPIRED, SESSION_REVOKED, UNAUTHORIZED
from messages.identity import (
    AUTH_SESSION_NOT_FOUND,
    SESSION_SUSPICIOUS,
    AuthSession,
    AuthSessionMarkedSuspicious,
    AuthSessionPage,
    AuthSessionStarted,
    CheckSession,
    HandleBackchannelLogout,
    ListMySessions,
    ListUserSessions,
    MembershipStatus,
    RevocationReason,
    RevokeSession,
    RevokeUserSessions,
    SecuritySettings,
    SessionChecked,
    SessionsRevoked,
    SessionStatus,
    SessionTouched,
    SuspicionReason,
    TouchSession,
    TrackSession,
)
from messages.problem import Refused
from runtime import clock
from runtime.access import session_key
from runtime.field_encryption import IndexKind
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import auth_session, logout_token, tenant_account, user_account, user_membership

_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_INVALID = {
    SessionStatus.REVOKED: SESSION_REVOKED.code,
    SessionStatus.EXPIRED: SESSION_EXPIRED.code,
    SessionStatus.SUSPICIOUS: SESSION_SUSPICIOUS.code,
}


async def track_session(request: TrackSession, work: UnitOfWork) -> AuthSession:
    """Note a sign-in; one that follows a suspicion, newer than the last, clears it."""
    claims = await issuer().claims_of(request.idp_token)
    user = await user_by_subject(claims, work, lock=True)
    if user is None:
        raise Refused(UNAUTHORIZED, "this person never signed in here; call sync_user first")
    now = clock.now()
    seen = {
        "ip_hash": await hashed(IndexKind.IP, request.ip, work),
        "user_agent_hash": await hashed(IndexKind.GENERIC, request.user_agent, work),
        "device_label": device_label(request.user_agent),
        "last_activity_at": now,
    }
    signed_in_at = datetime.fromtimestamp(claims.auth_time, UTC) if claims.auth_time else now
    row = await session_row(claims.sid, work, lock=True)
    if row is not None:
        if row["user_id"] != user["id"]:
            raise refused("names a session of somebody else")
        return session_of(await _signed_in_again(row, seen, signed_in_at, work), now)
    others = await open_sessions(user["id"], work)
    for oldest in others[: max(0, len(others) + 1 - MOST_SESSIONS)]:
        await revoke(oldest, RevocationReason.MAX_SESSIONS, work)
    await work.insert(
        auth_session,
        session_id=claims.sid,
        user_id=user["id"],
        created_at=now,
        signed_in_at=signed_in_at,
        expires_at=end_of(now, now, SecuritySettings()),
        status=SessionStatus.ACTIVE,
        **seen,
    )
    started = AuthSessionStarted(auth_session_id=session_key(claims.sid), session_id=claims.sid, user_id=user["id"])
    work.emit(started, version=1)
    created = await session_row(claims.sid, work)
    assert created is not None
    return session_of(created, now)


async def touch_session(request: TouchSession, work: UnitOfWork) -> SessionTouched:
    """A sign of life from the same browser, or the suspicion that follows from another one."""
    row = await session_row(request.session_id, work, lock=True)
    if row is None:
        raise _not_found()
    now = clock.now()
    status = status_at(SessionStatus(row["status"]), row["expires_at"], now)
    moved = await hashed(IndexKind.IP, request.ip, work) != row["ip_hash"]
    if status is not SessionStatus.ACTIVE:
        return SessionTouched(session=session_of(row, now), context_changed=moved)
    if await hashed(IndexKind.GENERIC, request.user_agent, work) != row["user_agent_hash"]:
        after = await change_session(row, {"status": AUTH_SESSION.after("suspect", status)}, work)
        event = AuthSessionMarkedSuspicious(
            auth_session_id=session_key(row["session_id"]),
            session_id=row["session_id"],
            user_id=row["user_id"],
            reason=SuspicionReason.USER_AGENT_CHANGED,
        )
        work.emit(event, version=after["version"])
        return SessionTouched(session=session_of(after, now), context_changed=moved)
    AUTH_SESSION.after("touch", status)
    security = await _security_of(row["last_organisation_id"], work)
    changed = {"last_activity_at": now, "expires_at": end_of(row["created_at"], now, security)}
    return SessionTouched(session=session_of(await change_session(row, changed, work), now), context_changed=moved)


async def check_session(request: CheckSession, work: UnitOfWork) -> SessionChecked:
    """Whether the session may go on; an unknown one may not."""
    row = await session_row(request.session_id, work)
    if row is None:
        return SessionChecked(valid=False, invalid_reason=AUTH_SESSION_NOT_FOUND.code)
    session = session_of(row, clock.now())
    reason = _INVALID.get(session.status)
    return SessionChecked(valid=reason is None, session=session, invalid_reason=reason)


async def handle_backchannel_logout(request: HandleBackchannelLogout, work: UnitOfWork) -> SessionsRevoked:
    """Obey a logout token once: the session it names, or all sessions of the person it names."""
    claims = await issuer().logout_claims_of(request.logout_token)
    issued_at = datetime.fromtimestamp(int(claims["iat"]), UTC)
    events = claims.get("events")
    if not isinstance(events, dict) or _LOGOUT not in events or "nonce" in claims:
        raise refused("is no logout token")
    if clock.now() - issued_at > LOGOUT_TOKEN_AGE or not isinstance(claims.get("jti"), str):
        raise refused("is too old or has no jti")
    seen = insert(logout_token).values(jti=claims["jti"], seen_at=clock.now()).on_conflict_do_nothing()
    if not await work.execute(seen):
        return SessionsRevoked(revoked=0)
    statement = select(auth_session).where(auth_session.c.status.in_(OPEN)).with_for_update()
    if isinstance(claims.get("sid"), str):
        statement = statement.where(auth_session.c.session_id == claims["sid"])
    else:
        statement = statement.join(user_account, user_account.c.id == auth_session.c.user_id).where(
            user_account.c.idp_issuer == claims["iss"], user_account.c.idp_subject == str(claims.get("sub"))
        )
    return await _revoked(await work.fetch(statement), RevocationReason.LOGOUT, work)


async def list_my_sessions(request: ListMySessions, work: UnitOfWork) -> AuthSessionPage:
    """The caller's own."""
    return await _page(request, signed_in_user(work), request.include_revoked, work)


async def list_user_sessions(request: ListUserSessions, work: UnitOfWork) -> AuthSessionPage:
    """A member's."""
    await _check_is_member(request.user_id, work)
    return await _page(request, request.user_id, request.include_revoked, work)


async def revoke_session(request: RevokeSession, work: UnitOfWork) -> SessionsRevoked:
    """One's own, or a member's with the right to; whether a stranger's session exists is never told."""
    user_id = signed_in_user(work)
    row = await session_row(request.session_id, work, lock=True)
    if row is None or row["user_id"] != user_id:
        work.caller.require("identity:session:revoke")
        if row is None or not await _is_member(row["user_id"], work):
            raise _not_found()
    if row["status"] not in OPEN:
        return SessionsRevoked(revoked=0)
    return await _revoked([row], request.reason, work)


async def revoke_user_sessions(request: RevokeUserSessions, work: UnitOfWork) -> SessionsRevoked:
    """All sessions of a member."""
    await _check_is_member(request.user_id, work)
    return await _revoked(await open_sessions(request.user_id, work), request.reason, work)


async def _revoked(rows: list[Row], reason: RevocationReason, work: UnitOfWork) -> SessionsRevoked:
    for row in rows:
        await revoke(row, reason, work)
    return SessionsRevoked(revoked=len(rows))


async def _signed_in_again(row: Row, seen: dict[str, Any], signed_in_at: datetime, work: UnitOfWork) -> Row:
    """The same session signed in again: a newer sign-in clears a suspicion, an ended session stays ended."""
    status = status_at(SessionStatus(row["status"]), row["expires_at"], clock.now())
    if status is SessionStatus.SUSPICIOUS and signed_in_at <= row["signed_in_at"]:
        return row
    if status not in OPEN:
        return row
    security = await _security_of(row["last_organisation_id"], work)
    changed = {
        "status": AUTH_SESSION.after("sign_in", status),
        "signed_in_at": signed_in_at,
        "expires_at": end_of(row["created_at"], seen["last_activity_at"], security),
    }
    return await change_session(row, seen | changed, work)


async def _security_of(organisation_id: UUID | None, work: UnitOfWork) -> SecuritySettings:
    """The limits of the organisation last entered; a person who entered none has the usual ones."""
    if organisation_id is None:
        return SecuritySettings()
    before = work.organisation_id
    await work.for_organisation(organisation_id)
    stored = await work.fetch_value(
        select(tenant_account.c.security).where(tenant_account.c.organisation_id == organisation_id)
    )
    await work.for_organisation(before)
    return SecuritySettings.model_validate(stored or {})


async def _page(
    request: ListMySessions | ListUserSessions, user_id: UUID, include_ended: bool, work: UnitOfWork
) -> AuthSessionPage:
    now = clock.now()
    statement = select(auth_session).where(auth_session.c.user_id == user_id)
    if not include_ended:
        statement = statement.where(auth_session.c.status.in_(OPEN), auth_session.c.expires_at > now)
    return await page(
        work,
        request,
        statement,
        order=(auth_session.c.created_at, auth_session.c.session_id),
        reply=AuthSessionPage,
        item=lambda row: session_of(row, now),
        descending=True,
    )


async def _is_member(user_id: UUID, work: UnitOfWork) -> bool:
    found = select(user_membership.c.membership_id).where(
        user_membership.c.user_id == user_id,
        user_membership.c.organisation_id == work.organisation_id,
        user_membership.c.status != MembershipStatus.REMOVED,
    )
    return await work.fetch_value(found) is not None


async def _check_is_member(user_id: UUID, work: UnitOfWork) -> None:
    if not await _is_member(user_id, work):
        raise user_not_found(user_id)


def _not_found() -> Refused:
    return Refused(
        AUTH_SESSION_NOT_FOUND, "no such session; choose one of the list", details={"resource": "auth_session"}
    )
