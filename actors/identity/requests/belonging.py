"""Members without an invitation, and where a user belongs."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.identity.granting import grant_columns, granted_roles
from actors.identity.members import add_member as insert_member
from actors.identity.members import change_member, membership_of, membership_of_user, snapshot
from actors.identity.organisations import new_row, organisation_row
from actors.identity.people import user_not_found
from actors.identity.rules.life import MEMBERSHIP
from messages.base import NIL_ORGANISATION
from messages.errors import ACCOUNT_DISABLED
from messages.identity import (
    ALREADY_MEMBER,
    AddMember,
    ListUserMemberships,
    Membership,
    MembershipCreated,
    MembershipSource,
    MembershipStatus,
    UserKind,
    UserMembership,
    UserMembershipPage,
    UserStatus,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import user_account, user_membership


async def add_member(request: AddMember, work: UnitOfWork) -> Membership:
    """Only for people the organisation knows already: by an id alone nobody is drawn into an organisation."""
    organisation: Row = await organisation_row(work, lock=True)
    known = await membership_of_user(request.user_id, work, lock=True)
    await _check_is_ours(request.user_id, known, work)
    if known is not None and known["status"] != MembershipStatus.REMOVED:
        raise Refused(ALREADY_MEMBER, f"this person is a member ({known['status']}); change that membership instead")
    roles = await granted_roles(request, request.valid_until, work)
    rights = {**grant_columns(request, roles), "valid_until": request.valid_until, "source": MembershipSource.DIRECT}
    policy_version: int = organisation["policy_version"]
    if known is None:
        member = await insert_member(
            {
                **new_row(new_id(), work),
                **rights,
                "user_id": request.user_id,
                "status": MembershipStatus.ACTIVE,
                "activated_at": work.now,
            },
            work,
        )
    else:
        status = MEMBERSHIP.after("rejoin", MembershipStatus(known["status"]))
        times = {"activated_at": work.now, "suspended_at": None, "removed_at": None}
        changed: dict[str, Any] = {**rights, **times, "status": status}
        member, policy_version = await change_member(organisation, known, changed, work)
    work.emit(MembershipCreated.model_validate(snapshot(member, policy_version)), version=member["version"])
    return membership_of(member, policy_version)


async def list_user_memberships(request: ListUserMemberships, work: UnitOfWork) -> UserMembershipPage:
    """In an organisation its own membership only; a token of none is platform staff's."""
    own = user_membership.c
    statement = select(own.organisation_id, own.membership_id, own.status, own.is_owner).where(
        own.user_id == request.user_id
    )
    if work.organisation_id != NIL_ORGANISATION:
        statement = statement.where(own.organisation_id == work.organisation_id)
    return await page(
        work,
        request,
        statement,
        order=(own.membership_id,),
        reply=UserMembershipPage,
        item=lambda row: UserMembership.model_validate(dict(row)),
    )


async def _check_is_ours(user_id: UUID, known: Row | None, work: UnitOfWork) -> None:
    """A former member, or one whom this organisation has provisioned; never a machine, never a closed login."""
    user = await work.fetch_one(select(user_account).where(user_account.c.id == user_id))
    ours = user is not None and (known is not None or user["provisioned_by"] == work.organisation_id)
    if user is None or not ours or user["kind"] == UserKind.MACHINE:
        raise user_not_found(user_id)
    if user["status"] in (UserStatus.DISABLED, UserStatus.ANONYMISED):
        raise Refused(ACCOUNT_DISABLED, "this login is closed; reactivate it first")
