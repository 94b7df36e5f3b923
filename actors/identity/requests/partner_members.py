"""Who works for a partner."""

from asyncpg import UniqueViolationError
from sqlalchemy import delete, select, update

from actors.identity.organisations import new_row
from actors.identity.partners import keep_an_owner, membership_of, partner_row, say_removed, status_of
from actors.identity.people import user_row
from messages.identity import (
    ALREADY_MEMBER,
    MEMBERSHIP_NOT_FOUND,
    PARTNER_INACTIVE,
    AddPartnerMember,
    ListMyPartnerMemberships,
    ListPartnerMembers,
    PartnerMembership,
    PartnerMembershipAdded,
    PartnerMembershipPage,
    PartnerMemberships,
    PartnerStatus,
    RemovePartnerMember,
    UpdatePartnerMember,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import partner_membership

_WRITE = "identity:partner_member:write"
_DELETE = "identity:partner_member:delete"
_READ = "identity:partner_member:read"


async def add_partner_member(request: AddPartnerMember, work: UnitOfWork) -> PartnerMembership:
    """The person is known: he has signed in once."""
    found = await partner_row(request.partner_id, _WRITE, work, lock=True)
    if status_of(found) is PartnerStatus.TERMINATED:
        raise Refused(PARTNER_INACTIVE, "the partnership has ended; nobody joins any more")
    await user_row(request.user_id, work)
    row = new_row(new_id(), work) | request.model_dump() | {"version": 1}
    try:
        await work.insert(partner_membership, **row)
    except UniqueViolationError as error:
        raise Refused(ALREADY_MEMBER, "this person works for the partner already; change the role instead") from error
    event = PartnerMembershipAdded(
        partner_membership_id=row["id"], partner_id=found["id"], user_id=request.user_id, role=request.role
    )
    work.emit(event, version=1)
    work.record("partner_membership", row["id"], after={"user_id": str(request.user_id), "role": request.role})
    return membership_of(row)


async def update_partner_member(request: UpdatePartnerMember, work: UnitOfWork) -> PartnerMembership:
    """Another role."""
    await partner_row(request.partner_id, _WRITE, work, lock=True)
    row = await _membership(request, work)
    work.check_version(request.expected_version, row["version"])
    if request.role == row["role"]:
        return membership_of(row)
    await keep_an_owner(row, work)
    after = {**row, "role": request.role, "version": row["version"] + 1}
    await work.execute(
        update(partner_membership)
        .where(partner_membership.c.id == row["id"])
        .values(role=request.role, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    work.record("partner_membership", row["id"], before={"role": row["role"]}, after={"role": request.role})
    return membership_of(after)


async def remove_partner_member(request: RemovePartnerMember, work: UnitOfWork) -> PartnerMembership:
    """The last state of the membership."""
    await partner_row(request.partner_id, _DELETE, work, lock=True)
    row = await _membership(request, work)
    await keep_an_owner(row, work)
    await work.execute(delete(partner_membership).where(partner_membership.c.id == row["id"]))
    say_removed(row, work)
    return membership_of(row)


async def list_partner_members(request: ListPartnerMembers, work: UnitOfWork) -> PartnerMembershipPage:
    """A page, by entry."""
    await partner_row(request.partner_id, _READ, work)
    own = partner_membership.c
    statement = select(partner_membership).where(
        own.organisation_id == work.organisation_id, own.partner_id == request.partner_id
    )
    order = (own.created_at, own.id)
    return await page(work, request, statement, order=order, reply=PartnerMembershipPage, item=membership_of)


async def list_my_partner_memberships(request: ListMyPartnerMemberships, work: UnitOfWork) -> PartnerMemberships:
    """A handful."""
    own = partner_membership.c
    mine = select(partner_membership).where(
        own.organisation_id == work.organisation_id, own.user_id == work.caller.user_id
    )
    rows = await work.fetch(mine.order_by(own.created_at, own.id))
    return PartnerMemberships(items=tuple(membership_of(row) for row in rows))


async def _membership(request: UpdatePartnerMember | RemovePartnerMember, work: UnitOfWork) -> Row:
    own = partner_membership.c
    statement = select(partner_membership).where(
        own.organisation_id == work.organisation_id,
        own.partner_id == request.partner_id,
        own.user_id == request.user_id,
    )
    return await work.load(statement.with_for_update(), "partner membership", code=MEMBERSHIP_NOT_FOUND)
