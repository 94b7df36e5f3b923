"""Memberships: who belongs to an organisation, with which roles and scopes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Reply, Request
from messages.identity.vocabulary import (
    CompanyIds,
    CompanyScope,
    DataScope,
    Grant,
    MembershipStatus,
    Reason,
    RoleIds,
    Search,
    UserKind,
    UserStatus,
)
from messages.paging import Page, PageRequest


class MembershipSnapshot(Reply):
    """Who belongs to the organisation, with which roles and scopes."""

    membership_id: UUID
    user_id: UUID
    status: MembershipStatus
    role_codes: tuple[str, ...]
    company_scope: CompanyScope
    company_ids: tuple[UUID, ...] = ()
    data_scope: str | None = None
    team_id: UUID | None = None
    manager_user_id: UUID | None = None
    valid_until: date | None = None
    policy_version: int


class UserSummary(Reply):
    """Who a member is."""

    kind: UserKind
    first_name: str
    last_name: str
    email: str | None = None
    status: UserStatus


class RoleSummary(Reply):
    """A role by name."""

    role_id: UUID
    code: str
    name: str


class Membership(MembershipSnapshot):
    """A membership with its version for the next change; lists and reads also say who it is."""

    user: UserSummary | None = None
    roles: tuple[RoleSummary, ...] = ()
    version: int


class MembershipPage(Page[Membership]):
    """Members by creation."""


class GetMembership(Request[Membership], query=True):
    """One membership with its user and roles."""

    membership_id: UUID


class ListMembers(PageRequest, Request[MembershipPage], query=True, resource="membership"):
    """The members of the organisation with their users and roles, by creation; `search` finds names or one address."""

    search: Search | None = None
    status: MembershipStatus = MembershipStatus.ACTIVE
    role_code: Annotated[str, Field(max_length=50)] | None = None
    company_id: UUID | None = None


class UpdateMembership(Request[Membership]):
    """Change a member's roles, scopes, team or end; a field left out stays. His older tokens expire within a second."""

    membership_id: UUID
    role_ids: RoleIds | None = None
    company_scope: CompanyScope | None = None
    company_ids: CompanyIds | None = None
    data_scope: DataScope | None = None
    team_id: UUID | None = None
    manager_user_id: UUID | None = None
    valid_until: date | None = None
    expected_version: int


class AddMember(Grant, Request[Membership], permission="identity:membership:write"):
    """Make a member of somebody who was one before, or whom the organisation has provisioned; others are invited."""

    user_id: UUID
    valid_until: date | None = None


class UserMembership(Reply):
    """One organisation that a user belongs or belonged to."""

    organisation_id: UUID
    membership_id: UUID
    status: MembershipStatus
    is_owner: bool


class UserMembershipPage(Page[UserMembership]):
    """Memberships of one user by id."""


class ListUserMemberships(
    PageRequest, Request[UserMembershipPage], query=True, permission="identity:user:read", tenant_scoped=False
):
    """Where a user belongs: in the caller's organisation, or for platform staff everywhere."""

    user_id: UUID


class SuspendMembership(Request[Membership], permission="identity:membership:write"):
    """Stop a member's access; tokens he already holds are refused within a second."""

    membership_id: UUID
    reason: Reason


class ReactivateMembership(Request[Membership], permission="identity:membership:write"):
    """Give a suspended member his access back."""

    membership_id: UUID
    reason: Reason


class RemoveMember(Request[Membership], permission="identity:membership:delete"):
    """End a membership; whoever takes over the member's tasks and portfolio is told to every actor."""

    membership_id: UUID
    reason: Reason | None = None
    reassign_to_user_id: UUID | None = None


class LeaveOrganisation(Request[Membership], access=Access.SELF):
    """End one's own membership; the last owner stays (LAST_OWNER)."""


class OwnershipTransferred(Reply):
    """Both memberships after the transfer."""

    from_membership: Membership
    to_membership: Membership


class TransferOwnership(Request[OwnershipTransferred], permission="identity:organisation:transfer_ownership"):
    """Make an active member an owner; the caller becomes group_admin unless both shall own. Only an owner may."""

    to_membership_id: UUID
    keep_owner: bool = False


class MembershipCreated(MembershipSnapshot, Event, aggregate="membership"):
    """A user belongs to the organisation, for the first time or again."""


class MembershipUpdated(MembershipSnapshot, Event, aggregate="membership"):
    """A member's rights changed; tokens of an older policy version expire."""

    changed_fields: tuple[str, ...]


class MembershipSuspended(MembershipSnapshot, Event, aggregate="membership"):
    """Tokens of this membership are refused from now on."""

    reason: str


class MembershipReactivated(MembershipSnapshot, Event, aggregate="membership"):
    """Tokens of this membership are accepted again."""


class MembershipRemoved(MembershipSnapshot, Event, aggregate="membership"):
    """The membership ended: its tokens are refused, its tasks and portfolio pass on."""

    reason: str | None = None
    reassign_to_user_id: UUID | None = None
