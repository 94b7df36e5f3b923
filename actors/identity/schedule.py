"""What identity does when time passes."""

from datetime import UTC
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, select

from actors.identity.checkpoints import CheckAuditChains
from actors.identity.members import other_active_owners
from actors.identity.organisations import organisation_row
from actors.identity.requests.invitations import expire
from actors.identity.requests.members import suspend
from actors.identity.rules.granting import OWNER
from actors.identity.rules.life import AUTH_SESSION, MEMBERSHIP
from actors.identity.rules.sessions import KEPT_AFTER_END, LOGOUT_TOKEN_AGE
from actors.identity.sessions import OPEN, change_session
from messages.identity import InvitationStatus, MembershipStatus, SessionStatus
from messages.values.instants import local_date
from runtime import clock
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import auth_session, invitation, logout_token, membership, user_membership

_BATCH = 200


async def expire_invitations(moment: Moment, work: UnitOfWork) -> object:
    """Invitations whose time is over."""
    rows = await work.fetch(
        select(invitation)
        .where(
            invitation.c.organisation_id == work.organisation_id,
            invitation.c.status == InvitationStatus.PENDING,
            invitation.c.expires_at <= moment.as_of,
        )
        .order_by(invitation.c.expires_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        await expire(row, work)
    return MORE if len(rows) == _BATCH else None


async def end_temporary_memberships(moment: Moment, work: UnitOfWork) -> object:
    """Memberships whose last day is over are suspended; a last owner stays, or nobody could give his access back."""
    organisation = await organisation_row(work, lock=True)
    today = local_date(moment.as_of.astimezone(UTC), ZoneInfo(organisation["timezone"]))
    rows = await work.fetch(
        select(membership)
        .where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.status == MembershipStatus.ACTIVE,
            membership.c.valid_until < today,
        )
        .order_by(membership.c.valid_until)
        .with_for_update()
    )
    for row in rows:
        if OWNER in row["role_codes"] and await other_active_owners(row["id"], work) == 0:
            continue
        status = MEMBERSHIP.after("suspend", MembershipStatus(row["status"]))
        await suspend(organisation, row, status, "valid_until", work)
        organisation = await organisation_row(work)
    return None


async def expire_sessions(moment: Moment, work: UnitOfWork) -> object:
    """Sessions of the organisation's members whose time is over. Real time: sessions never follow simulated days."""
    rows = await work.fetch(
        select(auth_session)
        .where(
            auth_session.c.status.in_(OPEN),
            auth_session.c.expires_at <= clock.now(),
            _is_of_member(work.organisation_id),
        )
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        status = AUTH_SESSION.after("expire", SessionStatus(row["status"]))
        await change_session(row, {"status": status}, work)
    return MORE if len(rows) == _BATCH else None


async def forget_sessions(moment: Moment, work: UnitOfWork) -> object:
    """Sessions that ended more than thirty days ago (category SESSION_30D), and logout tokens that nobody can replay."""
    long_ago = clock.now() - KEPT_AFTER_END
    ended = auth_session.c.status.not_in(OPEN) & (auth_session.c.last_activity_at < long_ago)
    await work.execute(delete(auth_session).where(ended, _is_of_member(work.organisation_id)))
    await work.execute(delete(logout_token).where(logout_token.c.seen_at < clock.now() - 2 * LOGOUT_TOKEN_AGE))
    return None


async def check_audit_chains(moment: Moment, work: UnitOfWork) -> object:
    """Each chain of every actor is verified and its head signed, once a day; a worker does it."""
    work.order(CheckAuditChains(), key=f"{moment.as_of:%Y-%m-%d}")
    return None


def _is_of_member(organisation_id: UUID) -> ColumnElement[bool]:
    return (
        select(user_membership.c.membership_id)
        .where(
            user_membership.c.user_id == auth_session.c.user_id, user_membership.c.organisation_id == organisation_id
        )
        .exists()
    )
