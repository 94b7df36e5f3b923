"""What every actor's runtime hears from identity: tenants and withdrawn access (events.md 2.0)."""

from uuid import UUID

from messages.base import Event, Reply
from messages.clients import ClientErasureRequested
from messages.identity import (
    AuthSessionRevoked,
    MembershipCreated,
    MembershipReactivated,
    MembershipRemoved,
    MembershipSuspended,
    OrganisationCreated,
    OrganisationUpdated,
    PrivacyRequestAssessmentRequested,
    PrivacyRequestExecutionRequested,
    SigningKeyPurpose,
    SigningKeyRotated,
    UserDeactivated,
    UserReactivated,
)
from runtime.access import note_denial
from runtime.privacy_requests import end_retention, take_order
from runtime.unit_of_work import Handler, UnitOfWork

_TENANT = """
insert into organisation (id, name, status, timezone, policy_version, version) values ($1, $2, $3, $4, $5, $6)
on conflict (id) do update set name = excluded.name, status = excluded.status, timezone = excluded.timezone,
    policy_version = excluded.policy_version, version = excluded.version
where organisation.version < excluded.version
"""


_KEY = """
insert into known_signing_key (key_id, public_key, status) values ($1, $2, 'CURRENT') on conflict (key_id) do nothing
"""
_REVOKED_KEY = "update known_signing_key set status = 'REVOKED' where key_id = $1"


async def keep_tenant(event: OrganisationCreated | OrganisationUpdated, work: UnitOfWork) -> None:
    """The tenant registry of this actor."""
    await remember_tenant(event, work, work.source_version)


class Tenant(Reply):
    """What every actor must know of an organisation."""

    organisation_id: UUID
    name: str
    status: str
    timezone: str
    policy_version: int


async def remember_tenant(
    event: OrganisationCreated | OrganisationUpdated | Tenant, work: UnitOfWork, version: int
) -> None:
    """Store the tenant's state; an older version changes nothing."""
    await work.connection.execute(
        _TENANT, event.organisation_id, event.name, str(event.status), event.timezone, event.policy_version, version
    )


async def refuse_member(event: MembershipSuspended | MembershipRemoved, work: UnitOfWork) -> None:
    """Refuse the member's tokens."""
    await note_denial(work.connection, "membership", event.membership_id, work.source_version, denied=True)


async def accept_member(event: MembershipReactivated | MembershipCreated, work: UnitOfWork) -> None:
    """Accept the member's tokens again; a membership that was made anew after its removal states membership.created."""
    if work.source_version > 1:  # the first one was never refused
        await note_denial(work.connection, "membership", event.membership_id, work.source_version, denied=False)


async def refuse_user(event: UserDeactivated, work: UnitOfWork) -> None:
    """Refuse every token of the login."""
    await note_denial(work.connection, "user", event.user_id, work.source_version, denied=True)


async def accept_user(event: UserReactivated, work: UnitOfWork) -> None:
    """Accept the login's tokens again."""
    await note_denial(work.connection, "user", event.user_id, work.source_version, denied=False)


async def refuse_session(event: AuthSessionRevoked, work: UnitOfWork) -> None:
    """Refuse every token of the sign-in."""
    await note_denial(work.connection, "session", event.auth_session_id, work.source_version, denied=True)


async def keep_signing_key(event: SigningKeyRotated, work: UnitOfWork) -> None:
    """Know a new key before its first token arrives, and refuse what a revoked one signed."""
    if event.purpose is not SigningKeyPurpose.CONTEXT_TOKEN:
        return
    await work.connection.execute(_KEY, event.kid, bytes.fromhex(event.public_key))
    if event.revoked_kid is not None:
        await work.connection.execute(_REVOKED_KEY, event.revoked_kid)


RUNTIME_REACTIONS: dict[type[Event], Handler] = {
    OrganisationCreated: keep_tenant,
    OrganisationUpdated: keep_tenant,
    MembershipCreated: accept_member,
    MembershipSuspended: refuse_member,
    MembershipReactivated: accept_member,
    MembershipRemoved: refuse_member,
    UserDeactivated: refuse_user,
    UserReactivated: accept_user,
    SigningKeyRotated: keep_signing_key,
    AuthSessionRevoked: refuse_session,
    PrivacyRequestAssessmentRequested: take_order,
    PrivacyRequestExecutionRequested: take_order,
    ClientErasureRequested: end_retention,
}
