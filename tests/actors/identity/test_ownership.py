"""Ownership passes on, members go of their own accord, roles are deleted without leaving anybody behind."""

import asyncio
from typing import Any

from messages.identity import (
    AcceptInvitation,
    CreateRole,
    DeleteRole,
    FindUser,
    GetMembership,
    GetRole,
    GetUser,
    LeaveOrganisation,
    ListInvitations,
    Membership,
    TransferOwnership,
    UpdateUser,
)
from messages.problem import Refused
from tests.actors.identity.people import Person, invite, link_token, member, role_id
from tests.actors.identity.test_machines import machine
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant


def codes(membership: Membership) -> tuple[str, ...]:
    return tuple(membership.role_codes)


async def test_an_owner_hands_on_and_becomes_group_admin(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    heir, membership = await member(owner, "member")
    moved = await owner.call(TransferOwnership(to_membership_id=membership.membership_id))
    assert (codes(moved.from_membership), codes(moved.to_membership)) == (("group_admin",), ("owner",))
    assert (
        await code_of(owner.call(TransferOwnership(to_membership_id=membership.membership_id))) == "PERMISSION_MISSING"
    )
    assert await code_of(heir.call(LeaveOrganisation())) == "LAST_OWNER"
    await running.settled()
    told = [body["role_codes"] for _, body in await running.events("membership.updated", tenant.id)]
    assert sorted(told) == [["group_admin"], ["owner"]]


async def test_two_may_own_and_then_one_may_leave(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    heir, membership = await member(owner, "group_admin")
    both = await owner.call(TransferOwnership(to_membership_id=membership.membership_id, keep_owner=True))
    assert codes(both.from_membership) == codes(both.to_membership) == ("owner",)
    left = await owner.call(LeaveOrganisation())
    assert left.status == "REMOVED"
    assert await code_of(owner.call(LeaveOrganisation())) == "MEMBERSHIP_INACTIVE"
    assert await code_of(heir.call(LeaveOrganisation())) == "LAST_OWNER"
    await running.settled()
    [(_, gone)] = await running.events("membership.removed", tenant.id)
    assert (gone["user_id"], gone["reason"]) == (str(owner.user.user_id), "LEFT")


async def test_case_14_two_owners_leaving_at_once_leave_one(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    heir, membership = await member(owner, "group_admin")
    await owner.call(TransferOwnership(to_membership_id=membership.membership_id, keep_owner=True))
    await owner.enter(owner.organisation_id)
    await heir.enter(heir.organisation_id)
    outcomes: list[Any] = await asyncio.gather(
        owner.client.call(LeaveOrganisation()), heir.client.call(LeaveOrganisation()), return_exceptions=True
    )
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1


async def test_ownership_goes_to_active_people_of_the_organisation_only(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    stranger = TransferOwnership(to_membership_id=other[1].membership_id)
    assert await code_of(owner.call(stranger)) == "MEMBERSHIP_NOT_FOUND"
    assert await code_of(owner.call(TransferOwnership(to_membership_id=tenant.membership_id))) == "VALIDATION_FAILED"
    robot = await machine(owner)
    request = TransferOwnership(to_membership_id=robot.account.membership_id)
    assert await code_of(owner.call(request)) == "VALIDATION_FAILED"
    admin, membership = await member(owner, "group_admin")
    assert (
        await code_of(admin.call(TransferOwnership(to_membership_id=membership.membership_id))) == "PERMISSION_MISSING"
    )


async def own_role(owner: Person, code: str, rank: int = 20) -> Any:
    request = {"code": code, "name": code, "permissions": ["clients:*:read"], "data_scope": "OWN", "rank": rank}
    return await owner.call(CreateRole.model_validate(request))


async def test_a_role_in_use_needs_a_replacement_which_its_holders_get(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    helper = await own_role(owner, "helper")
    someone, membership = await member(owner, "helper")
    invited = await invite(owner, someone.email.replace("@", "2@"), "helper")
    assert await code_of(owner.call(DeleteRole(role_id=helper.role_id))) == "ROLE_IN_USE"
    viewer = await role_id(owner, "viewer")
    deleted = await owner.call(DeleteRole(role_id=helper.role_id, replacement_role_id=viewer))
    assert deleted.moved == 2
    assert codes(await owner.call(GetMembership(membership_id=membership.membership_id))) == ("viewer",)
    [offer] = [item for item in (await owner.call(ListInvitations())).items if item.email == invited.email]
    assert [role.code for role in offer.roles] == ["viewer"]
    assert await code_of(owner.call(GetRole(role_id=helper.role_id))) == "ROLE_NOT_FOUND"
    await running.settled()
    [(_, fact)] = await running.events("role.deleted", tenant.id)
    assert (fact["code"], fact["replacement_role_id"]) == ("helper", str(viewer))


async def test_an_unused_role_goes_at_once_and_a_system_role_never(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    spare = await own_role(owner, "spare")
    assert await code_of(other[0].call(DeleteRole(role_id=spare.role_id))) == "ROLE_NOT_FOUND"
    assert (await owner.call(DeleteRole(role_id=spare.role_id))).moved == 0
    assert await code_of(owner.call(DeleteRole(role_id=await role_id(owner, "viewer")))) == "SYSTEM_ROLE_READONLY"
    again = await own_role(owner, "spare")
    assert again.role_id != spare.role_id


async def test_nobody_moves_others_to_a_role_above_his_own(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    helper = await own_role(owner, "aide")
    await member(owner, "aide")
    admin, _ = await member(owner, "it_admin")
    wanted = DeleteRole(role_id=helper.role_id, replacement_role_id=await role_id(owner, "group_admin"))
    assert await code_of(admin.call(wanted)) == "PRIVILEGE_ESCALATION"


async def test_members_are_found_by_address_or_subject_and_strangers_are_nobody(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    someone, _ = await member(owner, "member")
    for request in (FindUser(email=someone.email), FindUser(idp_subject=f"sub-{someone.email}")):
        found = (await owner.call(request)).user
        assert found is not None and found.user_id == someone.user.user_id
        assert (await other[0].call(request)).user is None


async def test_an_administrator_corrects_a_member_who_belongs_here_only(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    someone, _ = await member(owner, "member")
    now = await owner.call(GetUser(user_id=someone.user.user_id))
    change = {"user_id": now.user_id, "expected_version": now.version, "last_name": "Petit", "phone": "0145678900"}
    changed = await owner.call(UpdateUser.model_validate(change))
    assert (changed.last_name, changed.phone, changed.profile_source) == ("Petit", "+33145678900", "LOCAL")
    assert await code_of(owner.call(UpdateUser.model_validate(change))) == "VERSION_CONFLICT"
    assert await code_of(other[0].call(UpdateUser.model_validate(change))) == "USER_NOT_FOUND"
    elsewhere = await invite(other[0], someone.email, "viewer")
    await someone.call(AcceptInvitation(token=await link_token(other[0], elsewhere)))
    newer = change | {"expected_version": changed.version, "last_name": "Grand"}
    assert await code_of(owner.call(UpdateUser.model_validate(newer))) == "FORBIDDEN"
