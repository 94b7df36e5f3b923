"""Roles as rows, system and own ones alike, and the rights they come to."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, false, literal_column, select, true, union_all

from actors.identity.catalogue import expand
from actors.identity.rules.granting import Rights
from messages.identity import ROLE_NOT_FOUND, DataScope, Role, RoleSummary
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import role, system_role

_SHARED = ("id", "code", "name", "description", "permissions", "data_scope", "rank")


def roles_of(organisation_id: UUID) -> Subquery:
    """The system roles and the organisation's own, as one relation."""
    system = select(
        *(system_role.c[name] for name in _SHARED),
        true().label("is_system"),
        system_role.c.assignable,
        literal_column("1").label("version"),
    )
    own = select(
        *(role.c[name] for name in _SHARED), false().label("is_system"), true().label("assignable"), role.c.version
    ).where(role.c.organisation_id == organisation_id)
    return union_all(system, own).subquery("any_role")


def selected(relation: Subquery) -> Select[Any]:
    """All columns of that relation."""
    return select(*relation.c)


async def roles_by_id(role_ids: Sequence[UUID], work: UnitOfWork) -> list[Row]:
    """These roles, or ROLE_NOT_FOUND."""
    relation = roles_of(work.organisation_id)
    rows = await work.fetch(selected(relation).where(relation.c.id.in_(role_ids)).order_by(relation.c.code))
    unknown = set(role_ids) - {row["id"] for row in rows}
    if unknown:
        raise role_not_found(min(unknown, key=str))
    return rows


async def roles_by_code(codes: Iterable[str], work: UnitOfWork) -> list[Row]:
    """These roles, by code; codes of roles that no longer exist are left out."""
    relation = roles_of(work.organisation_id)
    return await work.fetch(selected(relation).where(relation.c.code.in_(list(codes))).order_by(relation.c.code))


async def summaries(codes: Iterable[str], work: UnitOfWork) -> dict[str, RoleSummary]:
    """The roles behind these codes by name."""
    codes = set(codes)
    rows = await roles_by_code(codes, work) if codes else []
    return {row["code"]: RoleSummary(role_id=row["id"], code=row["code"], name=row["name"]) for row in rows}


def role_not_found(role_id: UUID | str) -> Refused:
    """The same answer for an unknown role and for one of another organisation."""
    return Refused(
        ROLE_NOT_FOUND,
        f"role {role_id} does not exist; choose one of list_roles",
        details={"resource": "role", "id": str(role_id)},
    )


def patterns_of(roles: Iterable[Row]) -> frozenset[str]:
    """The union of the roles' patterns."""
    return frozenset(pattern for found in roles for pattern in found["permissions"])


def rights_of(roles: Sequence[Row]) -> Rights:
    """What these roles allow together."""
    return Rights(expand(patterns_of(roles)), max((found["rank"] for found in roles), default=0))


def data_scopes_of(roles: Iterable[Row]) -> list[DataScope]:
    """How far each role's sight reaches."""
    return [DataScope(found["data_scope"]) for found in roles]


def role_of(row: Row) -> Role:
    """The reply."""
    return Role.model_validate(dict(row) | {"role_id": row["id"], "permissions": tuple(row["permissions"])})
