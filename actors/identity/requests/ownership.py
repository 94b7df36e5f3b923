"""Who owns an organisation, and how a member goes of his own accord."""

from typing import Any

from sqlalchemy import select

from actors.identity.members import change_member, membership_of, membership_row, other_active_owners, snapshot
from actors.identity.organisations import organisation_row
from actors.identity.rules.granting import OWNER, check_owner_remains
from actors.identity.rules.life import MEMBERSHIP
from messages.errors import FORBIDDEN, MEMBERSHIP_INACTIVE, PRECONDITION_FAILED
from messages.identity import (
    CompanyScope,
    LeaveOrganisation,
    Membership,
    MembershipRemoved,
    MembershipSource,
    MembershipStatus,
    MembershipUpdated,
    OwnershipTransferred,
    TransferOwnership,
    UserStatus,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import user_account

_FORMER_OWNER = "group_admin"
_UNLIMITED: dict[str, Any] = {
    "company_scope": CompanyScope.ALL,
    "company_ids": [],
    "data_scope": None,
    "valid_until": None,
}


async def transfer_ownership(request: TransferOwnership, work: UnitOfWork) -> OwnershipTransferred:
    """The new owner sees everything without end; the organisation's row is locked, so an owner always remains."""
    organisation = await organisation_row(work, lock=True)
    giver = await _own_membership(work)
    if OWNER not in giver["role_codes"]:
        raise Refused(FORBIDDEN, "only an owner can hand ownership on; ask one of them")
    receiver = await membership_row(request.to_membership_id, work, lock=True)
    await _check_may_own(receiver, giver, work)
    receiver, organisation = await _with_rights(organisation, receiver, {"role_codes": [OWNER], **_UNLIMITED}, work)
    if not request.keep_owner:
        giver, organisation = await _with_rights(organisation, giver, {"role_codes": [_FORMER_OWNER]}, work)
    version = organisation["policy_version"]
    return OwnershipTransferred(
        from_membership=membership_of(giver, version), to_membership=membership_of(receiver, version)
    )


async def leave_organisation(request: LeaveOrganisation, work: UnitOfWork) -> Membership:
    """End one's own membership, unless nobody would own the organisation then."""
    organisation = await organisation_row(work, lock=True)
    row = await _own_membership(work)
    if row["source"] == MembershipSource.MACHINE:
        raise Refused(FORBIDDEN, "a machine account does not leave; deactivate it")
    if OWNER in row["role_codes"]:
        check_owner_remains(await other_active_owners(row["id"], work))
    changed = {"status": MEMBERSHIP.after("remove", MembershipStatus(row["status"])), "removed_at": work.now}
    after, policy_version = await change_member(organisation, row, changed, work)
    work.emit(
        MembershipRemoved.model_validate(snapshot(after, policy_version, reason="LEFT")), version=after["version"]
    )
    return membership_of(after, policy_version)


async def _own_membership(work: UnitOfWork) -> Row:
    """The caller's active membership, locked."""
    membership_id = work.caller.membership_id
    row = await membership_row(membership_id, work, lock=True) if membership_id is not None else None
    if row is None or row["status"] != MembershipStatus.ACTIVE:
        raise Refused(MEMBERSHIP_INACTIVE, "you are no active member of this organisation; sign in to it again")
    return row


async def _check_may_own(receiver: Row, giver: Row, work: UnitOfWork) -> None:
    if receiver["id"] == giver["id"] or OWNER in receiver["role_codes"]:
        raise Refused.field("to_membership_id", "owner", "this member is an owner already; choose another one")
    if receiver["source"] == MembershipSource.MACHINE:
        raise Refused.field("to_membership_id", "machine", "a machine account cannot own an organisation")
    login = await work.fetch_value(select(user_account.c.status).where(user_account.c.id == receiver["user_id"]))
    if receiver["status"] != MembershipStatus.ACTIVE or login not in (None, UserStatus.ACTIVE):
        raise Refused(
            PRECONDITION_FAILED,
            "the new owner must be an active member; reactivate him first",
            details={"needs": "member"},
        )


async def _with_rights(
    organisation: Row, row: Row, changed: dict[str, Any], work: UnitOfWork
) -> tuple[Row, dict[str, Any]]:
    after, policy_version = await change_member(organisation, row, changed, work)
    event = MembershipUpdated.model_validate(snapshot(after, policy_version, changed_fields=tuple(sorted(changed))))
    work.emit(event, version=after["version"])
    return after, {**organisation, "policy_version": policy_version}
