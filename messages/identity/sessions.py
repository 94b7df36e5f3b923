"""Sign-in sessions: where a person is signed in, and how that ends."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.identity.vocabulary import IssuerToken, SessionStatus
from messages.paging import Page, PageRequest
from messages.values.instants import Instant

SessionId = Annotated[str, Field(min_length=1, max_length=255)]
IpAddress = Annotated[str, Field(min_length=2, max_length=45)]
UserAgent = Annotated[str, Field(max_length=1000)]


class RevocationReason(StrEnum):
    """Why a session ended before its time."""

    USER = "USER"
    ADMIN = "ADMIN"
    LOGOUT = "LOGOUT"
    MAX_SESSIONS = "MAX_SESSIONS"
    SECURITY = "SECURITY"


class SuspicionReason(StrEnum):
    """Why a session needs a new sign-in."""

    USER_AGENT_CHANGED = "USER_AGENT_CHANGED"


class AuthSession(Reply):
    """One sign-in; addresses and browsers are kept as keyed hashes only."""

    session_id: str
    user_id: UUID
    organisation_id: UUID | None = Field(default=None, description="the organisation last entered")
    device_label: str
    created_at: Instant
    last_activity_at: Instant
    expires_at: Instant
    status: SessionStatus
    revocation_reason: RevocationReason | None = None
    revoked_at: Instant | None = None


class AuthSessionPage(Page[AuthSession]):
    """Sessions, the newest first."""


class SessionTouched(Reply):
    """The session after a sign of life; `context_changed` says that it came from another network address."""

    session: AuthSession
    context_changed: bool


class SessionChecked(Reply):
    """Whether a session may go on."""

    valid: bool
    session: AuthSession | None = None
    invalid_reason: str | None = None


class SessionsRevoked(Reply):
    """How many sessions ended."""

    revoked: int


class TrackSession(
    Request[AuthSession],
    access=Access.INTERNAL,
    internal_callers=("bridge",),
    tenant_scoped=False,
    idempotency=Idempotency.NONE,
):
    """Note a sign-in, by the session of the issuer's token. The eleventh session of a person ends his oldest."""

    idp_token: IssuerToken
    ip: IpAddress
    user_agent: UserAgent


class TouchSession(
    Request[SessionTouched],
    access=Access.INTERNAL,
    internal_callers=("bridge",),
    tenant_scoped=False,
    idempotency=Idempotency.NONE,
    audited=False,
):
    """Note a sign of life. Another browser makes the session suspicious: it needs a new sign-in."""

    session_id: SessionId
    ip: IpAddress
    user_agent: UserAgent


class CheckSession(
    Request[SessionChecked], access=Access.INTERNAL, internal_callers=("bridge",), query=True, tenant_scoped=False
):
    """Whether a session may go on now."""

    session_id: SessionId


class HandleBackchannelLogout(
    Request[SessionsRevoked],
    access=Access.INTERNAL,
    internal_callers=("bridge",),
    tenant_scoped=False,
    idempotency=Idempotency.NONE,
):
    """End what the issuer says has ended (OpenID Connect Back-Channel Logout 1.0); the same token twice does nothing."""

    logout_token: IssuerToken


class ListMySessions(PageRequest, Request[AuthSessionPage], access=Access.SELF, query=True, tenant_scoped=False):
    """Where the caller is signed in, the newest first."""

    include_revoked: bool = False


class ListUserSessions(PageRequest, Request[AuthSessionPage], query=True, permission="identity:session:read"):
    """Where a member of the organisation is signed in, the newest first."""

    user_id: UUID
    include_revoked: bool = False


class RevokeSession(Request[SessionsRevoked], access=Access.SELF, tenant_scoped=False):
    """End one's own session, or with identity:session:revoke that of a member; its tokens are refused within a second."""

    session_id: SessionId
    reason: RevocationReason = RevocationReason.USER


class RevokeUserSessions(Request[SessionsRevoked], permission="identity:session:revoke"):
    """End all sessions of a member; their tokens are refused within a second."""

    user_id: UUID
    reason: RevocationReason = RevocationReason.ADMIN


class AuthSessionStarted(Event, aggregate="auth_session", tenant_scoped=False):
    """Somebody signed in."""

    auth_session_id: UUID
    session_id: str
    user_id: UUID
    organisation_id: UUID | None = None


class AuthSessionRevoked(Event, aggregate="auth_session", tenant_scoped=False):
    """The session ended: its tokens are refused from now on."""

    auth_session_id: UUID
    session_id: str
    user_id: UUID
    reason: RevocationReason


class AuthSessionMarkedSuspicious(Event, aggregate="auth_session", tenant_scoped=False):
    """The session goes on only after a new sign-in."""

    auth_session_id: UUID
    session_id: str
    user_id: UUID
    reason: SuspicionReason
