"""Members: reading, changing, suspending, removing."""

from datetime import date
from typing import Any

from sqlalchemy import or_, select

from actors.identity.granting import changed_rights, check_change_of_rights
from actors.identity.members import (
    change_member,
    described,
    grantor_of,
    member_rights,
    membership_of,
    membership_row,
    other_active_owners,
    snapshot,
)
from actors.identity.organisations import organisation_row
from actors.identity.people import found_by
from actors.identity.rules.granting import (
    OWNER,
    check_may_change,
    check_own_rights_stay,
    check_owner_remains,
)
from actors.identity.rules.life import MEMBERSHIP
from messages.errors import PRECONDITION_FAILED
from messages.identity import (
    CompanyScope,
    GetMembership,
    ListMembers,
    Membership,
    MembershipPage,
    MembershipReactivated,
    MembershipRemoved,
    MembershipStatus,
    MembershipSuspended,
    MembershipUpdated,
    ReactivateMembership,
    RemoveMember,
    SuspendMembership,
    UpdateMembership,
    UserStatus,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import membership, user_account


async def get_membership(request: GetMembership, work: UnitOfWork) -> Membership:
    """One membership with its user and roles."""
    organisation = await organisation_row(work)
    found = membership_of(await membership_row(request.membership_id, work), organisation["policy_version"])
    return (await described([found], work))[0]


async def list_members(request: ListMembers, work: UnitOfWork) -> MembershipPage:
    """A page of members by creation."""
    organisation = await organisation_row(work)
    statement = select(membership).where(
        membership.c.organisation_id == work.organisation_id, membership.c.status == request.status
    )
    if request.role_code is not None:
        statement = statement.where(membership.c.role_codes.contains([request.role_code]))
    if request.company_id is not None:
        sees = membership.c.company_ids.contains([request.company_id])
        statement = statement.where(or_(membership.c.company_scope == CompanyScope.ALL, sees))
    if request.search is not None:
        statement = statement.join(user_account, user_account.c.id == membership.c.user_id)
        statement = statement.where(await found_by(request.search, work))
    found = await page(
        work,
        request,
        statement,
        order=(membership.c.created_at, membership.c.id),
        reply=MembershipPage,
        item=lambda row: membership_of(row, organisation["policy_version"]),
    )
    return found.model_copy(update={"items": await described(found.items, work)})


async def update_membership(request: UpdateMembership, work: UnitOfWork) -> Membership:
    """Change a member's rights within what the caller may give; a member of his own rank or above stays."""
    organisation, row = await _locked(request.membership_id, work)
    work.check_version(request.expected_version, row["version"])
    MEMBERSHIP.after("update", MembershipStatus(row["status"]))
    sent = request.model_dump(exclude={"membership_id", "role_ids", "expected_version"}, exclude_unset=True)
    changed = await changed_rights(sent, request.role_ids, row, work)
    if not changed:
        return membership_of(row, organisation["policy_version"])
    valid_until = changed.get("valid_until", row["valid_until"])
    after, policy_version = await change_rights(organisation, row, changed, valid_until, work)
    return membership_of(after, policy_version)


async def change_rights(
    organisation: Row, row: Row, changed: dict[str, Any], valid_until: date | None, work: UnitOfWork
) -> tuple[Row, int]:
    """Store other rights of a member and state it, within what the caller may give; his access ends after `valid_until`."""
    after: Row = {**row, **changed}
    grantor = await grantor_of(work)
    rights = await member_rights(row, work)
    check_may_change(grantor, row["id"], rights.rank, target_is_owner=OWNER in row["role_codes"])
    check_own_rights_stay(grantor, row["id"], changed)
    await check_change_of_rights(grantor, row, changed, valid_until, work)
    if OWNER in row["role_codes"] and OWNER not in after["role_codes"]:
        check_owner_remains(await other_active_owners(row["id"], work))
    after, policy_version = await change_member(organisation, row, changed, work)
    event = MembershipUpdated.model_validate(snapshot(after, policy_version, changed_fields=tuple(sorted(changed))))
    work.emit(event, version=after["version"])
    return after, policy_version


async def suspend_membership(request: SuspendMembership, work: UnitOfWork) -> Membership:
    """Suspend a member, unless he is the last owner."""
    organisation, row = await _locked(request.membership_id, work)
    status = MEMBERSHIP.after("suspend", MembershipStatus(row["status"]))
    await _check_may_take_access(row, work)
    return await suspend(organisation, row, status, request.reason, work)


async def suspend(organisation: Row, row: Row, status: MembershipStatus, reason: str, work: UnitOfWork) -> Membership:
    """Store a suspension and state it."""
    changed = {"status": status, "suspended_at": work.now}
    after, policy_version = await change_member(organisation, row, changed, work)
    event = MembershipSuspended.model_validate(snapshot(after, policy_version, reason=reason))
    work.emit(event, version=after["version"])
    return membership_of(after, policy_version)


async def reactivate_membership(request: ReactivateMembership, work: UnitOfWork) -> Membership:
    """Give a suspended member his access back, if his login is open."""
    organisation, row = await _locked(request.membership_id, work)
    status = MEMBERSHIP.after("reactivate", MembershipStatus(row["status"]))
    login = await work.fetch_value(select(user_account.c.status).where(user_account.c.id == row["user_id"]))
    if login not in (None, UserStatus.ACTIVE):
        raise Refused(PRECONDITION_FAILED, f"the login is {login}; it must be ACTIVE first", details={"needs": "user"})
    grantor = await grantor_of(work)
    rights = await member_rights(row, work)
    check_may_change(grantor, row["id"], rights.rank, target_is_owner=OWNER in row["role_codes"])
    changed = {"status": status, "activated_at": work.now}
    after, policy_version = await change_member(organisation, row, changed, work)
    work.emit(MembershipReactivated.model_validate(snapshot(after, policy_version)), version=after["version"])
    return membership_of(after, policy_version)


async def remove_member(request: RemoveMember, work: UnitOfWork) -> Membership:
    """End a membership; the row stays, so that the past keeps its names."""
    organisation, row = await _locked(request.membership_id, work)
    status = MEMBERSHIP.after("remove", MembershipStatus(row["status"]))
    await _check_may_take_access(row, work)
    if request.reassign_to_user_id is not None:
        await _check_is_other_member(request.reassign_to_user_id, row, work)
    changed = {"status": status, "removed_at": work.now}
    after, policy_version = await change_member(organisation, row, changed, work)
    work.emit(
        MembershipRemoved.model_validate(
            snapshot(after, policy_version, reason=request.reason, reassign_to_user_id=request.reassign_to_user_id)
        ),
        version=after["version"],
    )
    return membership_of(after, policy_version)


async def _locked(membership_id: Any, work: UnitOfWork) -> tuple[Row, Row]:
    """The organisation first: two removals at a time must not both see another owner."""
    organisation = await organisation_row(work, lock=True)
    return organisation, await membership_row(membership_id, work, lock=True)


async def _check_may_take_access(row: Row, work: UnitOfWork) -> None:
    grantor = await grantor_of(work)
    rights = await member_rights(row, work)
    check_may_change(grantor, row["id"], rights.rank, target_is_owner=OWNER in row["role_codes"])
    if OWNER in row["role_codes"] and row["status"] == MembershipStatus.ACTIVE:
        check_owner_remains(await other_active_owners(row["id"], work))


async def _check_is_other_member(user_id: Any, row: Row, work: UnitOfWork) -> None:
    found = await work.fetch_value(
        select(membership.c.id).where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.user_id == user_id,
            membership.c.status == MembershipStatus.ACTIVE,
        )
    )
    if found is None or found == row["id"]:
        raise Refused.field(
            "reassign_to_user_id", "member", "the work can only pass to another active member; choose one of them"
        )
