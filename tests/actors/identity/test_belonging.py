"""Members without an invitation, roles changed pattern by pattern, and what waits for a person."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from messages.engagement import BounceType, EmailBounced, EmailCategory
from messages.identity import (
    AcceptInvitation,
    AddMember,
    CancelInvitation,
    CreateRole,
    GetInvitation,
    GetRole,
    ListInvitations,
    ListMyPendingInvitations,
    ListUserMemberships,
    RemoveMember,
    ResendInvitation,
    SetRolePermissions,
    UpdateInvitation,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from tests.actors.identity.people import IssuerServer, Person, invite, link_token, member, person, role_id
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually

MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def test_a_former_member_comes_back_and_strangers_do_not(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    someone, membership = await member(owner, "viewer")
    roles = (await role_id(owner, "accountant"),)
    add = AddMember(user_id=someone.user.user_id, role_ids=roles)
    assert await code_of(owner.call(add)) == "ALREADY_MEMBER"
    await owner.call(RemoveMember(membership_id=membership.membership_id))
    back = await owner.call(add)
    assert (back.membership_id, back.status, back.role_codes) == (membership.membership_id, "ACTIVE", ("accountant",))
    stated = [body["status"] for _, body in await running.events("membership.created", tenant.id)]
    assert len(stated) == 3 and set(stated) == {"ACTIVE"}
    stranger = AddMember(user_id=other[0].user.user_id, role_ids=roles)
    assert await code_of(owner.call(stranger)) == "USER_NOT_FOUND"
    assert await code_of(owner.call(AddMember(user_id=uuid4(), role_ids=roles))) == "USER_NOT_FOUND"
    owned_role = AddMember(user_id=someone.user.user_id, role_ids=(await role_id(owner, "owner"),))
    await owner.call(RemoveMember(membership_id=membership.membership_id))
    assert await code_of(owner.call(owned_role)) == "OWNER_NOT_INVITABLE"


async def test_an_organisation_sees_its_own_membership_of_a_user_only(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    someone, membership = await member(owner, "viewer")
    offer = await invite(other[0], someone.email, "viewer")
    await someone.enter(None)
    await someone.call(AcceptInvitation(token=await link_token(other[0], offer)))
    wanted = ListUserMemberships(user_id=someone.user.user_id)
    (found,) = (await owner.call(wanted)).items
    assert (found.organisation_id, found.membership_id) == (tenant.id, membership.membership_id)
    assert (await owner.call(ListUserMemberships(user_id=other[0].user.user_id))).items == ()


async def test_patterns_of_a_role_are_added_and_taken_away(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    reads = frozenset({"clients:*:read", "products:*:read"})
    made = await owner.call(CreateRole(code="reader", name="Lecteur", permissions=reads, rank=5))
    change = SetRolePermissions(
        role_id=made.role_id, add=frozenset({"factures:*:read"}), remove=frozenset({"products:*:read"})
    )
    changed = await owner.call(change)
    assert (changed.permissions, changed.version) == (("clients:*:read", "factures:*:read"), 2)
    assert (await owner.call(change)).version == 2
    admin, _ = await member(owner, "it_admin")
    wider = SetRolePermissions(role_id=made.role_id, add=frozenset({"payments:*"}))
    assert await code_of(admin.call(wider)) == "PRIVILEGE_ESCALATION"
    viewer = (await owner.call(GetRole(code="viewer"))).role_id
    assert await code_of(owner.call(SetRolePermissions(role_id=viewer))) == "SYSTEM_ROLE_READONLY"
    both = SetRolePermissions(role_id=made.role_id, add=reads, remove=reads)
    assert await code_of(owner.call(both)) == "VALIDATION_FAILED"


async def test_an_open_offer_is_changed_and_keeps_its_link(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    someone = await person(running, issuer)
    offer = await invite(owner, someone.email, "viewer")
    token = await link_token(owner, offer)
    change = UpdateInvitation(
        invitation_id=offer.invitation_id, role_ids=(await role_id(owner, "accountant"),), expected_version=1
    )
    changed = await owner.call(change)
    assert ([role.code for role in changed.roles], changed.version) == (["accountant"], 2)
    assert await code_of(owner.call(change)) == "VERSION_CONFLICT"
    foreign = UpdateInvitation(invitation_id=offer.invitation_id, data_scope="OWN", expected_version=2)
    assert await code_of(other[0].call(foreign)) == "INVITATION_NOT_FOUND"
    assert await code_of(other[0].call(GetInvitation(invitation_id=offer.invitation_id))) == "INVITATION_NOT_FOUND"
    admin, _ = await member(owner, "it_admin")
    wider = UpdateInvitation(
        invitation_id=offer.invitation_id, role_ids=(await role_id(owner, "group_admin"),), expected_version=2
    )
    assert await code_of(admin.call(wider)) == "PRIVILEGE_ESCALATION"
    joined = await someone.call(AcceptInvitation(token=token))
    assert joined.membership.role_codes == ("accountant",)
    late = UpdateInvitation(invitation_id=offer.invitation_id, data_scope="OWN", expected_version=3)
    assert await code_of(owner.call(late)) == "INVALID_TRANSITION"
    assert (await owner.call(GetInvitation(invitation_id=offer.invitation_id))).status == "ACCEPTED"


async def test_a_person_sees_the_offers_that_wait_for_his_address(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    someone = await person(running, issuer)
    first = await invite(owned[0], someone.email, "viewer", expires_in_days=9, message="Bienvenue")
    second = await invite(other[0], someone.email, "accountant", expires_in_days=8)
    withdrawn = await invite(owned[0], f"{uuid4().hex}@x.fr", "viewer")
    shown = (await someone.call(ListMyPendingInvitations())).items
    assert [item.invitation_id for item in shown] == [second.invitation_id, first.invitation_id]
    assert (shown[1].message, shown[0].role_names) == ("Bienvenue", ("Comptable",))
    assert withdrawn.invitation_id not in {item.invitation_id for item in shown}
    await owned[0].call(CancelInvitation(invitation_id=first.invitation_id))
    shown = (await someone.call(ListMyPendingInvitations())).items
    assert [item.invitation_id for item in shown] == [second.invitation_id]
    await someone.call(AcceptInvitation(invitation_id=second.invitation_id))
    assert (await someone.call(ListMyPendingInvitations())).items == ()


async def test_an_offer_is_repeated_once_before_it_ends(
    running: Running, issuer: IssuerServer, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    owner.client.now = MARCH_2
    someone = await person(running, issuer)
    offer = await invite(owner, someone.email, "viewer")
    short = await invite(owner, f"{uuid4().hex}@x.fr", "viewer", expires_in_days=2)
    token = await link_token(owner, offer)
    for hours in (96, 120, 121, 140):
        await running.tick("hour", MARCH_2 + timedelta(hours=hours))
    repeated = [body["invitation_id"] for _, body in await running.events("invitation.resent", tenant.id)]
    assert repeated == [str(offer.invitation_id)]
    assert short.invitation_id not in repeated
    someone.client.now = MARCH_2 + timedelta(hours=141)
    assert (await someone.call(AcceptInvitation(token=token))).membership.status == "ACTIVE"


async def test_an_offer_whose_mail_came_back_says_so(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    owner.client.now = MARCH_2
    offer = await invite(owner, f"{uuid4().hex}@x.fr", "viewer")
    bounce = EmailBounced(
        email_id=new_id(),
        reference=Ref(type="invitation", id=offer.invitation_id),
        purpose="INVITATION",
        category=EmailCategory.INTERNAL,
        address_hash="ab" * 32,
        bounce_type=BounceType.HARD,
        at=MARCH_2 + timedelta(minutes=1),
    )
    await running.state(bounce, tenant.id, now=bounce.at)

    async def status() -> str:
        return (await owner.call(GetInvitation(invitation_id=offer.invitation_id))).delivery_status

    async def bounced() -> bool:
        return await status() == "BOUNCED"

    await eventually(bounced)
    assert [item.delivery_status for item in (await owner.call(ListInvitations())).items] == ["BOUNCED"]
    owner.client.now = MARCH_2 + timedelta(minutes=11)
    await owner.call(ResendInvitation(invitation_id=offer.invitation_id))
    await running.state(bounce, tenant.id, version=2, now=bounce.at)
    await running.settled()
    assert await status() == "UNKNOWN", "the first mail's return says nothing of the second"
