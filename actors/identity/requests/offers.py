"""One invitation: read, changed while it is open, and those that wait for the caller."""

from sqlalchemy import select

from actors.identity.granting import changed_rights, check_change_of_rights
from actors.identity.invitations import change_invitation, invitation_row, invitations_of
from actors.identity.members import grantor_of
from actors.identity.organisations import organisation_row
from actors.identity.people import user_row
from actors.identity.reading import inside
from actors.identity.requests.users import signed_in_user
from actors.identity.roles import rights_of, roles_by_code, summaries
from actors.identity.rules.granting import check_may_change
from actors.identity.rules.invitations import check_is_open
from actors.identity.rules.life import INVITATION
from messages.errors import EMAIL_NOT_VERIFIED
from messages.identity import (
    GetInvitation,
    Invitation,
    InvitationStatus,
    ListMyPendingInvitations,
    PendingInvitation,
    PendingInvitations,
    UpdateInvitation,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import invitation_link

_MOST_SHOWN = 50


async def get_invitation(request: GetInvitation, work: UnitOfWork) -> Invitation:
    """One invitation of the organisation."""
    row = await invitation_row(request.invitation_id, work)
    return (await invitations_of([row], work))[0]


async def update_invitation(request: UpdateInvitation, work: UnitOfWork) -> Invitation:
    """Other rights for an offer that nobody answered yet; who offered less cannot be made to offer more by others."""
    await organisation_row(work, lock=True)
    row = await invitation_row(request.invitation_id, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    INVITATION.after("update", InvitationStatus(row["status"]))
    check_is_open(InvitationStatus(row["status"]), row["expires_at"], work.now)
    sent = request.model_dump(exclude={"invitation_id", "role_ids", "expected_version"}, exclude_unset=True)
    changed = await changed_rights(sent, request.role_ids, row, work)
    if not changed:
        return (await invitations_of([row], work))[0]
    grantor = await grantor_of(work)
    offered = rights_of(await roles_by_code(row["role_codes"], work))
    check_may_change(grantor, row["id"], offered.rank, target_is_owner=False)
    await check_change_of_rights(grantor, row, changed, changed.get("valid_until", row["valid_until"]), work)
    after = await change_invitation(row, changed, work)
    work.record(
        "invitation",
        row["id"],
        before={name: str(row[name]) for name in changed},
        after={name: str(value) for name, value in changed.items()},
    )
    return (await invitations_of([after], work))[0]


async def list_my_pending_invitations(request: ListMyPendingInvitations, work: UnitOfWork) -> PendingInvitations:
    """What waits for the caller's address, organisation by organisation."""
    user = await user_row(signed_in_user(work), work)
    if not user["email_verified"]:
        raise Refused(EMAIL_NOT_VERIFIED, "confirm your address at the issuer and sign in again")
    own = invitation_link.c
    links = await work.fetch(
        select(invitation_link)
        .where(
            own.email_index == user["email_index"],
            own.status == InvitationStatus.PENDING,
            own.expires_at > work.now,
        )
        .order_by(own.expires_at, own.invitation_id)
        .limit(_MOST_SHOWN)
    )
    return PendingInvitations(items=tuple([await _offer(link, work) for link in links]))


async def _offer(link: Row, work: UnitOfWork) -> PendingInvitation:
    async with inside(link["organisation_id"], work):
        row = await invitation_row(link["invitation_id"], work)
        organisation = await organisation_row(work)
        roles = await summaries(row["role_codes"], work)
    return PendingInvitation(
        invitation_id=row["id"],
        organisation_name=organisation["name"],
        role_names=tuple(role.name for role in roles.values()),
        expires_at=row["expires_at"],
        message=row["message"],
    )
