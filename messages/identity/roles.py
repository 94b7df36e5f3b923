"""Roles and the catalogue of permissions they are made of."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Reply, Request
from messages.identity.vocabulary import DataScope, Explicitness, RoleScope, Search
from messages.paging import Page, PageRequest
from messages.values.text import Label, Paragraph

PermissionPattern = Annotated[
    str, Field(pattern=r"^(\*|[a-z0-9_]+)(:(\*|[a-z0-9_]+)){0,2}$", max_length=150, examples=["clients:*:read"])
]
MOST_PATTERNS = 200
PermissionPatterns = Annotated[frozenset[PermissionPattern], Field(max_length=MOST_PATTERNS)]
Rank = Annotated[int, Field(ge=0, le=100)]


class Permission(Reply):
    """One atomic right. `explicit` says how literally a role must name it; wildcards alone never grant sensitive ones."""

    code: str
    actor: str
    resource: str
    action: str
    description: str
    sensitive: bool
    explicit: Explicitness
    deprecated: bool


class PermissionPage(Page[Permission]):
    """Permissions by code."""


class Role(Reply):
    """A named set of permission patterns. `data_scope` is the widest its holders get, `rank` guards against escalation."""

    role_id: UUID
    scope: RoleScope = RoleScope.ORGANISATION
    code: str
    name: str
    description: str | None = None
    permissions: tuple[str, ...]
    data_scope: DataScope
    rank: int
    is_system: bool
    assignable: bool
    member_count: int | None = None
    version: int


class RolePage(Page[Role]):
    """Roles by code."""


class PermissionCheck(Reply):
    """Whether the caller's own token grants a permission."""

    allowed: bool
    reason: str | None = None


class PermissionChecks(Reply):
    """One answer per permission code asked for."""

    checks: dict[str, PermissionCheck]


class ListPermissions(PageRequest, Request[PermissionPage], query=True, permission="identity:role:read"):
    """The catalogue of permissions, made from the requests of all actors."""

    actor: Annotated[str, Field(max_length=50)] | None = None
    search: Search | None = None


class ListRoles(PageRequest, Request[RolePage], query=True):
    """The system roles and the organisation's own, by code."""

    scope: RoleScope | None = None


class GetRole(Request[Role], query=True):
    """One role, by id or code, with the number of its members."""

    role_id: UUID | None = None
    code: Annotated[str, Field(max_length=50)] | None = None


class CreateRole(Request[Role]):
    """Make a role of the organisation's own; nobody can put more into it than he may do himself."""

    scope: RoleScope = RoleScope.ORGANISATION
    code: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,50}$")]
    name: Label
    description: Paragraph | None = None
    permissions: PermissionPatterns = frozenset()
    data_scope: DataScope = DataScope.ORGANISATION
    rank: Rank = 30


class UpdateRole(Request[Role]):
    """Change an own role; its holders' older tokens expire within a second. The code stays."""

    role_id: UUID
    name: Label | None = None
    description: Paragraph | None = None
    permissions: PermissionPatterns | None = None
    data_scope: DataScope | None = None
    rank: Rank | None = None
    expected_version: int


class SetRolePermissions(Request[Role], permission="identity:role:write"):
    """Add patterns to an own role and take others away; what is there already, or gone already, stays so."""

    role_id: UUID
    add: PermissionPatterns = frozenset()
    remove: PermissionPatterns = frozenset()


class RoleDeletion(Reply):
    """How many memberships and open invitations have the replacement now."""

    moved: int


class DeleteRole(Request[RoleDeletion]):
    """Delete an own role; while members or open invitations have it, name what they get instead (ROLE_IN_USE)."""

    role_id: UUID
    replacement_role_id: UUID | None = None


class CheckPermissions(Request[PermissionChecks], access=Access.SELF, query=True, tenant_scoped=False):
    """Which of these permissions the caller's token grants, so that a screen can hide what it cannot do."""

    codes: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]+(:[a-z0-9_]+){2}$", max_length=150)], ...],
        Field(min_length=1, max_length=100),
    ]


class RoleState(Reply):
    """What a role grants since a policy version."""

    role_id: UUID
    code: str
    scope: RoleScope
    permissions: tuple[str, ...]
    data_scope: DataScope
    rank: int
    policy_version: int


class RoleCreated(RoleState, Event, aggregate="role"):
    """A role of the organisation's own may be given."""


class RoleUpdated(RoleState, Event, aggregate="role"):
    """What a role grants changed; tokens of an older policy version expire."""


class RoleDeleted(Event, aggregate="role"):
    """The role is gone; its holders have the replacement."""

    role_id: UUID
    code: str
    replacement_role_id: UUID | None = None
    policy_version: int
