"""The invited person's side: look at the offer, accept or decline it (spec 6.5)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.identity.invitations import (
    change_invitation,
    invitation_not_found,
    invitation_row,
    invitations_of,
    opened_address,
)
from actors.identity.members import (
    add_member,
    change_member,
    membership_of,
    membership_of_user,
    membership_row,
    snapshot,
)
from actors.identity.organisations import new_row, organisation_of, organisation_row
from actors.identity.people import user_row
from actors.identity.reading import inside
from actors.identity.requests.users import signed_in_user
from actors.identity.roles import roles_by_code, summaries
from actors.identity.rules.invitations import check_is_open, status_at, token_hash
from actors.identity.rules.life import INVITATION, MEMBERSHIP
from messages.errors import EMAIL_NOT_VERIFIED, MEMBERSHIP_INACTIVE
from messages.identity import (
    INVITATION_ALREADY_USED,
    INVITATION_EMAIL_MISMATCH,
    INVITATION_ROLE_INVALID,
    ORGANISATION_INACTIVE,
    AcceptInvitation,
    DeclineInvitation,
    Invitation,
    InvitationAccepted,
    InvitationDeclined,
    InvitationPreview,
    InvitationStatus,
    JoinedOrganisation,
    MembershipCreated,
    MembershipSource,
    MembershipStatus,
    OrganisationStatus,
    PreviewInvitation,
)
from messages.problem import Refused
from messages.values.contact import mask_email
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import invitation_link, user_account

_COPIED = ("role_codes", "company_scope", "company_ids", "data_scope", "team_id", "valid_until")


async def preview_invitation(request: PreviewInvitation, work: UnitOfWork) -> InvitationPreview:
    """What the link offers. The token is found by its hash, so how long the answer takes says nothing of it."""
    link = await work.fetch_one(
        select(invitation_link).where(invitation_link.c.token_hash == token_hash(request.token))
    )
    if link is None:
        raise invitation_not_found()
    async with inside(link["organisation_id"], work):
        row = await invitation_row(link["invitation_id"], work)
        organisation = await organisation_row(work)
        roles = await summaries(row["role_codes"], work)
        inviter = await work.fetch_one(select(user_account).where(user_account.c.id == row["invited_by"]))
        return InvitationPreview(
            organisation_name=organisation["name"],
            inviter_name=f"{inviter['first_name']} {inviter['last_name']}".strip() if inviter else organisation["name"],
            email_masked=mask_email(await opened_address(row, work)),
            role_names=tuple(role.name for role in roles.values()),
            expires_at=row["expires_at"],
            status=status_at(InvitationStatus(row["status"]), row["expires_at"], work.now),
        )


async def accept_invitation(request: AcceptInvitation, work: UnitOfWork) -> JoinedOrganisation:
    """Join; the order of the checks is the spec's. Accepting twice answers the same, two people cannot both."""
    user_id = signed_in_user(work)
    link = await _link(request, work)
    organisation = await organisation_row(work, lock=True)
    row = await invitation_row(link["invitation_id"], work, lock=True)
    if row["status"] == InvitationStatus.ACCEPTED:
        return await _first_answer(row, user_id, organisation, work)
    check_is_open(InvitationStatus(row["status"]), row["expires_at"], work.now)
    await _check_address(row, user_id, work)
    if organisation["status"] not in (OrganisationStatus.ACTIVE, OrganisationStatus.TRIAL):
        raise Refused(ORGANISATION_INACTIVE, "the organisation is not active; ask its owner")
    if len(await roles_by_code(row["role_codes"], work)) < len(row["role_codes"]):
        raise Refused(INVITATION_ROLE_INVALID, "a role of this invitation was deleted; ask for a new invitation")
    known = await membership_of_user(user_id, work, lock=True)
    member, policy_version = await _joined(row, user_id, known, organisation, work)
    changed: dict[str, Any] = {
        "status": INVITATION.after("accept", InvitationStatus(row["status"])),
        "accepted_by": user_id,
        "accepted_at": work.now,
        "membership_id": member["id"],
    }
    after = await change_invitation(row, changed, work)
    accepted = InvitationAccepted(invitation_id=row["id"], user_id=user_id, membership_id=member["id"])
    work.emit(accepted, version=after["version"])
    return JoinedOrganisation(
        membership=membership_of(member, policy_version),
        organisation=organisation_of(await organisation_row(work)),
        already_member=known is not None and known["status"] == MembershipStatus.ACTIVE,
    )


async def decline_invitation(request: DeclineInvitation, work: UnitOfWork) -> Invitation:
    """Say no; only the invited person can."""
    user_id = signed_in_user(work)
    link = await _link(request, work)
    row = await invitation_row(link["invitation_id"], work, lock=True)
    check_is_open(InvitationStatus(row["status"]), row["expires_at"], work.now)
    status = INVITATION.after("decline", InvitationStatus(row["status"]))
    await _check_address(row, user_id, work)
    after = await change_invitation(row, {"status": status, "declined_at": work.now}, work)
    work.emit(InvitationDeclined(invitation_id=row["id"]), version=after["version"])
    return (await invitations_of([after], work))[0]


async def _link(request: AcceptInvitation | DeclineInvitation, work: UnitOfWork) -> Row:
    """What a token or an id leads to; the work goes on in the organisation that made the invitation."""
    sought = (
        invitation_link.c.token_hash == token_hash(request.token)
        if request.token is not None
        else invitation_link.c.invitation_id == request.invitation_id
    )
    link = await work.fetch_one(select(invitation_link).where(sought))
    if link is None:
        raise invitation_not_found()
    await work.for_organisation(link["organisation_id"])
    return link


async def _check_address(row: Row, user_id: UUID, work: UnitOfWork) -> None:
    """A forwarded link opens nothing: the caller's own address must be the invited one, and verified."""
    user = await user_row(user_id, work)
    if user["email_index"] != row["email_index"]:
        raise Refused(INVITATION_EMAIL_MISMATCH, "this invitation is for another address; sign in with the invited one")
    if not user["email_verified"]:
        raise Refused(EMAIL_NOT_VERIFIED, "confirm your address at the issuer and sign in again")


async def _joined(row: Row, user_id: UUID, known: Row | None, organisation: Row, work: UnitOfWork) -> tuple[Row, int]:
    """The membership that results, and the policy version it belongs to."""
    if known is not None and known["status"] == MembershipStatus.ACTIVE:
        return known, organisation["policy_version"]
    if known is not None and known["status"] == MembershipStatus.SUSPENDED:
        raise Refused(MEMBERSHIP_INACTIVE, "your membership is suspended; ask the organisation's administrator")
    rights = {name: row[name] for name in _COPIED}
    if known is None:
        fields = {
            **new_row(new_id(), work),
            **rights,
            "user_id": user_id,
            "status": MembershipStatus.ACTIVE,
            "source": MembershipSource.INVITATION,
            "invited_at": row["created_at"],
            "activated_at": work.now,
        }
        member, policy_version = await add_member(fields, work), organisation["policy_version"]
    else:
        status = MEMBERSHIP.after("rejoin", MembershipStatus(known["status"]))
        times: dict[str, datetime | None] = {
            "invited_at": row["created_at"], "activated_at": work.now, "suspended_at": None, "removed_at": None,
        }  # fmt: skip
        changed = {**rights, **times, "status": status, "source": MembershipSource.INVITATION}
        member, policy_version = await change_member(organisation, known, changed, work)
    work.emit(MembershipCreated.model_validate(snapshot(member, policy_version)), version=member["version"])
    return member, policy_version


async def _first_answer(row: Row, user_id: UUID, organisation: Row, work: UnitOfWork) -> JoinedOrganisation:
    if row["accepted_by"] != user_id:
        raise Refused(INVITATION_ALREADY_USED, "somebody accepted this invitation already; ask for one of your own")
    member = await membership_row(row["membership_id"], work)
    return JoinedOrganisation(
        membership=membership_of(member, organisation["policy_version"]), organisation=organisation_of(organisation)
    )
