"""Roles and permissions."""

from typing import Any

from sqlalchemy import func, select, update

from actors.identity.catalogue import expand, permissions
from actors.identity.members import grantor_of
from actors.identity.organisations import new_row, organisation_row, raise_policy_version
from actors.identity.roles import role_not_found, role_of, roles_by_code, roles_of, selected
from actors.identity.rules.granting import Rights, check_grant
from actors.identity.rules.organisations import changed_fields
from messages.identity import (
    PERMISSION_UNKNOWN,
    ROLE_CODE_EXISTS,
    SYSTEM_ROLE_READONLY,
    CheckPermissions,
    CreateRole,
    GetRole,
    ListPermissions,
    ListRoles,
    MembershipStatus,
    Permission,
    PermissionCheck,
    PermissionChecks,
    PermissionPage,
    Role,
    RoleCreated,
    RolePage,
    RoleUpdated,
    SetRolePermissions,
    UpdateRole,
)
from messages.identity.roles import MOST_PATTERNS
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import contains, page
from runtime.permission_patterns import PermissionSet, explicitness_of, matches
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import membership, permission, role


async def list_permissions(request: ListPermissions, work: UnitOfWork) -> PermissionPage:
    """A page of the catalogue by code."""
    statement = select(permission)
    if request.actor is not None:
        statement = statement.where(permission.c.actor == request.actor)
    if request.search is not None:
        statement = statement.where(contains(permission.c.search_form, request.search))
    return await page(
        work,
        request,
        statement,
        order=(permission.c.code,),
        reply=PermissionPage,
        item=lambda row: Permission.model_validate(dict(row)),
    )


async def list_roles(request: ListRoles, work: UnitOfWork) -> RolePage:
    """A page of system roles and own ones by code."""
    relation = roles_of(work.organisation_id)
    return await page(
        work, request, selected(relation), order=(relation.c.code, relation.c.id), reply=RolePage, item=role_of
    )


async def get_role(request: GetRole, work: UnitOfWork) -> Role:
    """One role with the number of its active members."""
    if (request.role_id is None) is (request.code is None):
        raise Refused.field("role_id", "exactly_one", "give either role_id or code")
    relation = roles_of(work.organisation_id)
    sought = relation.c.id == request.role_id if request.role_id is not None else relation.c.code == request.code
    row = await work.fetch_one(selected(relation).where(sought))
    if row is None:
        raise role_not_found(request.role_id or request.code or "")
    members = await work.fetch_value(
        select(func.count()).where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.status == MembershipStatus.ACTIVE,
            membership.c.role_codes.contains([row["code"]]),
        )
    )
    return role_of(row).model_copy(update={"member_count": members})


async def create_role(request: CreateRole, work: UnitOfWork) -> Role:
    """Make an own role out of rights that the caller has himself."""
    organisation = await organisation_row(work, lock=True)
    if await roles_by_code([request.code], work):
        raise Refused(ROLE_CODE_EXISTS, f"there is a role '{request.code}' already; choose another code")
    await _check_rights(request.code, request.permissions, request.rank, work)
    role_id = new_id()
    fields = request.model_dump(exclude={"scope", "permissions"})
    await work.insert(role, **new_row(role_id, work), **fields, permissions=sorted(request.permissions))
    row = await own_role(role_id, work)
    work.emit(RoleCreated.model_validate(_state(row, organisation["policy_version"])), version=1)
    return _role_of(row)


async def update_role(request: UpdateRole, work: UnitOfWork) -> Role:
    """Change an own role; the organisation's policy version rises."""
    organisation = await organisation_row(work, lock=True)
    row = await own_role(request.role_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"role_id", "permissions", "expected_version"}, exclude_unset=True)
    if "permissions" in request.model_fields_set:
        sent["permissions"] = None if request.permissions is None else sorted(request.permissions)
    changed = changed_fields(sent, row, required=("name", "permissions", "data_scope", "rank"))
    return await _changed(organisation, row, changed, work)


async def set_role_permissions(request: SetRolePermissions, work: UnitOfWork) -> Role:
    """Add and take away patterns, whatever others did to the role meanwhile."""
    organisation = await organisation_row(work, lock=True)
    row = await own_role(request.role_id, work)
    if request.add & request.remove:
        raise Refused.field(
            "remove", "ambiguous", f"'{min(request.add & request.remove)}' is added and removed at once"
        )
    wanted = sorted((set(row["permissions"]) | request.add) - request.remove)
    if len(wanted) > MOST_PATTERNS:
        raise Refused.field("add", "too_long", f"a role has at most {MOST_PATTERNS} patterns; use wider ones")
    return await _changed(organisation, row, changed_fields({"permissions": wanted}, row, required=()), work)


async def _changed(organisation: Row, row: Row, changed: dict[str, Any], work: UnitOfWork) -> Role:
    if not changed:
        return _role_of(row)
    after = {**row, **changed, "version": row["version"] + 1}
    await _check_rights(row["code"], frozenset(after["permissions"]), max(row["rank"], after["rank"]), work)
    await work.execute(
        update(role)
        .where(role.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    policy_version = await raise_policy_version(organisation, work)
    work.emit(RoleUpdated.model_validate(_state(after, policy_version)), version=after["version"])
    return _role_of(after)


async def check_permissions(request: CheckPermissions, work: UnitOfWork) -> PermissionChecks:
    """What the caller's own token grants."""
    granted = work.caller.permissions or PermissionSet(())
    return PermissionChecks(checks={code: _check(granted, code) for code in request.codes})


def _check(granted: PermissionSet, code: str) -> PermissionCheck:
    if granted.allows(code):
        return PermissionCheck(allowed=True)
    known = any(found.code == code for found in permissions())
    return PermissionCheck(allowed=False, reason="PERMISSION_MISSING" if known else "PERMISSION_UNKNOWN")


async def _check_rights(code: str, patterns: frozenset[str], rank: int, work: UnitOfWork) -> None:
    unknown = sorted(pattern for pattern in patterns if not _names_something(pattern))
    if unknown:
        raise Refused.field(
            "permissions",
            "unknown",
            f"'{unknown[0]}' matches no permission; choose from list_permissions",
            PERMISSION_UNKNOWN,
        )
    check_grant(await grantor_of(work), [(code, Rights(expand(patterns), rank))])


def _names_something(pattern: str) -> bool:
    return any(matches(pattern, known.code, explicitness_of(known.code)) for known in permissions())


async def own_role(role_id: Any, work: UnitOfWork) -> Row:
    """An own role; system roles are read-only, unknown ones not found."""
    row = await work.fetch_one(
        select(role).where(role.c.organisation_id == work.organisation_id, role.c.id == role_id).with_for_update()
    )
    if row is not None:
        return row
    relation = roles_of(work.organisation_id)
    if await work.fetch_one(selected(relation).where(relation.c.id == role_id)):
        raise Refused(SYSTEM_ROLE_READONLY, "system roles are the same for everybody; make a role of your own instead")
    raise role_not_found(role_id)


def _role_of(row: Row) -> Role:
    return role_of(dict(row) | {"is_system": False, "assignable": True})


def _state(row: Row, policy_version: int) -> dict[str, Any]:
    fields = {"role_id": row["id"], "scope": "ORGANISATION", "policy_version": policy_version}
    return dict(row) | fields | {"permissions": tuple(row["permissions"])}
