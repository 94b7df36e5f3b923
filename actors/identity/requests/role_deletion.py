"""An own role goes; whoever has it gets another one first."""

from typing import Any

from sqlalchemy import delete, select, update

from actors.identity.members import change_member, grantor_of, snapshot
from actors.identity.organisations import organisation_row, raise_policy_version
from actors.identity.requests.roles import own_role
from actors.identity.roles import rights_of, roles_by_id
from actors.identity.rules.granting import check_grant, check_rank
from actors.identity.rules.members import check_conditions_of_roles
from messages.identity import (
    ROLE_IN_USE,
    CompanyScope,
    DeleteRole,
    InvitationStatus,
    MembershipStatus,
    MembershipUpdated,
    RoleDeleted,
    RoleDeletion,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import invitation, membership, role

_MOST_MOVED = 500


async def delete_role(request: DeleteRole, work: UnitOfWork) -> RoleDeletion:
    """Move the holders, then delete; a code that is used again later finds nobody who still names it."""
    organisation: Row = await organisation_row(work, lock=True)
    row = await own_role(request.role_id, work)
    grantor = await grantor_of(work)
    check_rank(grantor, row["rank"], f"role '{row['code']}'")
    members, invitations = await _holders(membership, row, work), await _holders(invitation, row, work)
    if members or invitations:
        if request.replacement_role_id in (None, row["id"]):
            raise Refused(
                ROLE_IN_USE,
                f"{len(members)} members and {len(invitations)} invitations have this role; give replacement_role_id",
                details={"members": len(members), "invitations": len(invitations)},
            )
        if len(members) + len(invitations) > _MOST_MOVED:
            raise Refused(ROLE_IN_USE, f"more than {_MOST_MOVED} have this role; give some of them another one first")
        [replacement] = await roles_by_id([request.replacement_role_id], work)
        check_grant(grantor, [(replacement["code"], rights_of([replacement]))])
        for found in members:
            organisation = await _moved(organisation, found, row["code"], replacement["code"], work)
        for found in invitations:
            codes = _replaced(found, row["code"], replacement["code"])
            await work.execute(update(invitation).where(invitation.c.id == found["id"]).values(role_codes=codes))
    await work.execute(delete(role).where(role.c.organisation_id == work.organisation_id, role.c.id == row["id"]))
    event = RoleDeleted(
        role_id=row["id"],
        code=row["code"],
        replacement_role_id=request.replacement_role_id,
        policy_version=await raise_policy_version(organisation, work),
    )
    work.emit(event, version=row["version"] + 1)
    work.record("role", row["id"], before={"code": row["code"]}, after=None)
    return RoleDeletion(moved=len(members) + len(invitations))


async def _holders(table: Any, row: Row, work: UnitOfWork) -> list[Row]:
    """Who has the role and may still act on it, locked; one more than can be moved at a time."""
    ended = MembershipStatus.REMOVED if table is membership else None
    statement = select(table).where(
        table.c.organisation_id == work.organisation_id, table.c.role_codes.contains([row["code"]])
    )
    if ended is not None:
        statement = statement.where(table.c.status != ended)
    else:
        statement = statement.where(table.c.status == InvitationStatus.PENDING)
    return await work.fetch(statement.order_by(table.c.id).limit(_MOST_MOVED + 1).with_for_update())


async def _moved(organisation: Row, row: Row, old: str, new: str, work: UnitOfWork) -> Row:
    codes = _replaced(row, old, new)
    check_conditions_of_roles(codes, CompanyScope(row["company_scope"]), row["valid_until"])
    after, policy_version = await change_member(organisation, row, {"role_codes": codes}, work)
    event = MembershipUpdated.model_validate(snapshot(after, policy_version, changed_fields=("role_codes",)))
    work.emit(event, version=after["version"])
    return {**organisation, "policy_version": policy_version}


def _replaced(row: Row, old: str, new: str) -> list[str]:
    return sorted({new if code == old else code for code in row["role_codes"]})
