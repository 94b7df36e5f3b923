"""Roles, permissions, and the guards against giving more than one has."""

import orjson
import pytest

from messages.every_actor import VERIFY_LOCAL_CHAIN
from messages.identity import (
    CheckPermissions,
    CreateRole,
    GetMembership,
    GetRole,
    GetUser,
    ListMembers,
    ListPermissions,
    ListRoles,
    ListUsers,
    UpdateMembership,
    UpdateRole,
)
from messages.problem import Refused
from tests.actors.identity.people import LISTED, Person, invite, member, role_id
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually


async def test_case_13_nobody_invites_above_or_beyond_himself(owned: tuple[Person, Tenant]) -> None:
    from tests.harness import company_request

    owner, tenant = owned
    second = (await owner.call(company_request("SEC", "552100554"))).company_id
    listed = {"company_scope": LISTED, "company_ids": (tenant.company_id,)}
    admin, _ = await member(owner, "company_admin", **listed)
    assert await code_of(invite(admin, "g@x.fr", "group_admin", **listed)) == "PRIVILEGE_ESCALATION"
    both = {"company_scope": LISTED, "company_ids": (tenant.company_id, second)}
    assert await code_of(invite(admin, "m@x.fr", "member", **both)) == "PRIVILEGE_ESCALATION"
    assert await code_of(invite(admin, "m@x.fr", "member")) == "PRIVILEGE_ESCALATION"
    invitation = await invite(admin, "m@x.fr", "member", **listed)
    assert [role.code for role in invitation.roles] == ["member"]
    assert await code_of(invite(owner, "o@x.fr", "owner")) == "OWNER_NOT_INVITABLE"


async def test_roles_demand_listed_companies_or_an_end(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    assert await code_of(invite(owner, "c@x.fr", "company_admin")) == "VALIDATION_FAILED"
    assert await code_of(invite(owner, "a@x.fr", "auditor")) == "VALIDATION_FAILED"


async def test_a_company_of_nowhere_is_refused(owned: tuple[Person, Tenant], other: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    foreign = {"company_scope": LISTED, "company_ids": (other[1].company_id,)}
    assert await code_of(invite(owner, "m@x.fr", "member", **foreign)) == "COMPANY_NOT_IN_ORGANISATION"


@pytest.mark.parametrize(
    ("role", "allowed"), [("back_office", False), ("accountant", True), ("catalogue_manager", False)]
)
async def test_case_24_the_accounting_mapping_is_the_accountants(
    owned: tuple[Person, Tenant], role: str, allowed: bool
) -> None:
    someone, _ = await member(owned[0], role)
    body = {"nature": "REVENUE", "journal": "VT", "gl_account": "706100"}
    answer = await someone.client.send("crm.products.set_accounting_mapping", orjson.dumps(body))
    if not allowed:
        assert answer.problem is not None
        assert (answer.problem.code, answer.problem.required_permission) == (
            "PERMISSION_MISSING",
            "products:accounting_mapping:write",
        )
    elif answer.problem is not None:
        assert answer.problem.code != "PERMISSION_MISSING"


async def test_case_25_the_audit_trail_must_be_spelled_out(owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    verify = VERIFY_LOCAL_CHAIN["identity"]
    viewer, _ = await member(owner, "viewer")
    with pytest.raises(Refused) as refusal:
        await viewer.call(verify())
    assert refusal.value.required_permission == "identity:audit:verify"
    assert await code_of(owner.client.call(verify(), token=tenant.token("*"))) == "PERMISSION_MISSING"
    assert (await owner.call(verify())).valid


async def test_case_26_other_organisations_do_not_exist(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    stranger, theirs = other
    assert await code_of(owner.call(GetUser(user_id=stranger.user.user_id))) == "USER_NOT_FOUND"
    assert await code_of(owner.call(GetMembership(membership_id=theirs.membership_id))) == "MEMBERSHIP_NOT_FOUND"
    change = UpdateMembership(membership_id=theirs.membership_id, data_scope="OWN", expected_version=1)
    assert await code_of(owner.call(change)) == "MEMBERSHIP_NOT_FOUND"
    role = await stranger.call(
        CreateRole(code="theirs", name="Leurs droits", permissions=frozenset({"clients:*:read"}))
    )
    assert await code_of(owner.call(GetRole(role_id=role.role_id))) == "ROLE_NOT_FOUND"
    assert await code_of(owner.call(UpdateRole(role_id=role.role_id, rank=1, expected_version=1))) == "ROLE_NOT_FOUND"
    assert await code_of(invite_with(owner, role.role_id)) == "ROLE_NOT_FOUND"
    for listing in (ListUsers(), ListMembers(), ListRoles(limit=100)):
        text = (await owner.call(listing)).model_dump_json()
        for foreign in (stranger.user.user_id, theirs.membership_id, role.role_id):
            assert str(foreign) not in text


async def invite_with(owner: Person, role: object) -> object:
    """Invite with a role by its id."""
    from messages.identity import CreateInvitation

    return await owner.call(CreateInvitation(email="m@x.fr", role_ids=(role,)))


async def test_sixteen_system_roles_are_there_and_read_only(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    roles = (await owner.call(ListRoles(limit=100))).items
    assert len(roles) == 16
    assert [role.code for role in roles] == sorted(role.code for role in roles)
    assert {role.code for role in roles if not role.assignable} == {"owner"}
    viewer = await owner.call(GetRole(code="viewer"))
    assert (viewer.permissions, viewer.rank, viewer.is_system) == (("*:*:read",), 10, True)
    assert (await owner.call(GetRole(code="owner"))).member_count == 1
    change = UpdateRole(role_id=viewer.role_id, rank=90, expected_version=1)
    assert await code_of(owner.call(change)) == "SYSTEM_ROLE_READONLY"


async def test_an_own_role_holds_known_rights_of_its_maker_only(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    unknown = CreateRole(code="x", name="X", permissions=frozenset({"clients:no_such_thing:read"}))
    assert await code_of(owner.call(unknown)) == "PERMISSION_UNKNOWN"
    above = CreateRole(code="x", name="X", permissions=frozenset({"clients:*:read"}), rank=100)
    assert await code_of(owner.call(above)) == "PRIVILEGE_ESCALATION"
    made = await owner.call(
        CreateRole(code="reader", name="Lecteur", permissions=frozenset({"clients:*:read"}), rank=5)
    )
    again = CreateRole(code="reader", name="Encore")
    assert await code_of(owner.call(again)) == "ROLE_CODE_EXISTS"
    assert await code_of(owner.call(CreateRole(code="viewer", name="Encore"))) == "ROLE_CODE_EXISTS"
    admin, _ = await member(owner, "it_admin")
    wider = UpdateRole(role_id=made.role_id, permissions=frozenset({"payments:*"}), expected_version=1)
    assert await code_of(admin.call(wider)) == "PRIVILEGE_ESCALATION"
    assert [body["code"] for _, body in await running.events("role.created", tenant.id)] == ["reader"]


async def test_a_change_of_a_role_makes_older_tokens_expire(running: Running, owned: tuple[Person, Tenant]) -> None:
    from messages.clients import ListClients

    owner, _ = owned
    made = await owner.call(
        CreateRole(code="reader", name="Lecteur", permissions=frozenset({"clients:*:read"}), rank=5)
    )
    someone, _ = await member(owner, "reader")
    await someone.client.call(ListClients())
    changed = await owner.call(
        UpdateRole(role_id=made.role_id, permissions=frozenset({"products:*:read"}), expected_version=1)
    )
    assert (changed.permissions, changed.version) == (("products:*:read",), 2)

    async def expired() -> bool:
        return await _code(someone, ListClients()) == "SESSION_EXPIRED"

    assert await eventually(expired, 1.0)
    await someone.enter(someone.organisation_id)
    assert await _code(someone, ListClients()) == "PERMISSION_MISSING"


async def _code(someone: Person, request: object) -> str | None:
    try:
        await someone.client.call(request)  # type: ignore[arg-type]
    except Refused as refused:
        return refused.code.code
    return None


async def test_the_catalogue_lists_every_permission_once(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    codes: list[str] = []
    cursor = None
    while True:
        page = await owner.call(ListPermissions(limit=100, cursor=cursor))
        codes += [item.code for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert codes == sorted(set(codes))
    assert {"clients:client:write", "products:accounting_mapping:write", "identity:audit:verify"} <= set(codes)
    audit = await owner.call(ListPermissions(search="identity:audit:verify"))
    assert [(item.explicit, item.sensitive) for item in audit.items] == [("RESOURCE", True)]
    assert {item.actor for item in (await owner.call(ListPermissions(actor="clients"))).items} == {"clients"}


async def test_a_screen_asks_what_it_may_show(owned: tuple[Person, Tenant]) -> None:
    viewer, _ = await member(owned[0], "viewer")
    codes = ("clients:client:read", "clients:client:write", "clients:nothing:read_it")
    checks = (await viewer.call(CheckPermissions(codes=codes))).checks
    assert [(checks[code].allowed, checks[code].reason) for code in codes] == [
        (True, None),
        (False, "PERMISSION_MISSING"),
        (False, "PERMISSION_UNKNOWN"),
    ]


async def test_rights_are_changed_within_the_changers_own(owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    admin, own = await member(owner, "it_admin")
    _, membership = await member(owner, "viewer")
    wider = UpdateMembership(
        membership_id=membership.membership_id, role_ids=(await role_id(owner, "accountant"),), expected_version=1
    )
    assert await code_of(admin.call(wider)) == "PRIVILEGE_ESCALATION"
    changed = await owner.call(wider)
    assert (changed.role_codes, changed.version) == (("accountant",), 2)
    above = UpdateMembership(membership_id=tenant.membership_id, data_scope="OWN", expected_version=1)
    assert await code_of(admin.call(above)) == "FORBIDDEN"
    own_rights = UpdateMembership(
        membership_id=own.membership_id, role_ids=(await role_id(owner, "viewer"),), expected_version=1
    )
    assert await code_of(admin.call(own_rights)) == "SELF_CHANGE_FORBIDDEN"
    assert await code_of(owner.call(wider)) == "VERSION_CONFLICT"
