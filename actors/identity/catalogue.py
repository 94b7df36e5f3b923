"""The catalogue of permissions: every right that a request of any actor asks for, and what patterns come to."""

from functools import cache

from sqlalchemy.dialects.postgresql import insert

from actors.identity.rules.system_roles import SYSTEM_ROLES
from messages import registry
from messages.base import NIL_ORGANISATION
from messages.identity import Permission
from messages.values.text import search_form
from runtime.heart import Heart
from runtime.permission_patterns import Explicit, PermissionSet, explicitness_of
from storage.identity.tables import permission, system_role
from storage.shared.statements import render

_SENSITIVE_ACTIONS = frozenset({"reveal", "export", "refund", "payout"})


@cache
def permissions() -> tuple[Permission, ...]:
    """The rights there are, by code."""
    registry.load_all()
    described: dict[str, str] = {}
    for request in registry.all_requests():
        code = request.contract.permission
        if code is not None:
            described.setdefault(code, (request.__doc__ or "").strip().partition("\n")[0])
    return tuple(_permission(code, described[code]) for code in sorted(described))


def _permission(code: str, description: str) -> Permission:
    actor, resource, action = code.split(":")
    explicit = explicitness_of(code)
    return Permission(
        code=code,
        actor=actor,
        resource=resource,
        action=action,
        description=description,
        sensitive=explicit is not Explicit.NONE or action in _SENSITIVE_ACTIONS,
        explicit=explicit.value,
        deprecated=False,
    )


@cache
def expand(patterns: frozenset[str]) -> frozenset[str]:
    """The codes of the catalogue that these patterns grant together."""
    granted = PermissionSet(patterns)
    return frozenset(known.code for known in permissions() if granted.allows(known.code))


async def write_catalogue(heart: Heart) -> None:
    """Bring permissions and system roles of the database in line with the code; codes no longer used are deprecated."""
    rows = [known.model_dump() | {"search_form": search_form(_searchable(known))} for known in permissions()]
    roles = [
        {
            "id": role.id,
            "code": role.code,
            "name": role.name,
            "description": None,
            "permissions": list(role.permissions),
            "data_scope": role.data_scope,
            "rank": role.rank,
            "assignable": role.assignable,
        }
        for role in SYSTEM_ROLES
    ]
    async with heart.database.transaction(NIL_ORGANISATION) as connection:
        await connection.execute("select pg_advisory_xact_lock(hashtext('permission catalogue'))")
        await connection.execute(
            "update permission set deprecated = true where code <> all($1::text[])", [row["code"] for row in rows]
        )
        for table, key, written in ((permission, "code", rows), (system_role, "id", roles)):
            for row in written:
                statement = insert(table).values(**row)
                changed = {name: statement.excluded[name] for name in row if name != key}
                sql, arguments = render(statement.on_conflict_do_update(index_elements=[key], set_=changed))
                await connection.execute(sql, *arguments)


def _searchable(known: Permission) -> str:
    return f"{known.code} {known.description}"
