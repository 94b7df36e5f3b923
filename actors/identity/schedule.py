"""What identity does when time passes."""

from datetime import UTC
from zoneinfo import ZoneInfo

from sqlalchemy import select

from actors.identity.members import other_active_owners
from actors.identity.organisations import organisation_row
from actors.identity.requests.invitations import expire
from actors.identity.requests.members import suspend
from actors.identity.rules.granting import OWNER
from actors.identity.rules.life import MEMBERSHIP
from messages.identity import InvitationStatus, MembershipStatus
from messages.values.instants import local_date
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import invitation, membership

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
