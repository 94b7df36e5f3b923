"""Invitations: time-limited, single-use offers to join an organisation. No message holds the secret but the mail's own."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from messages.base import Access, Event, Reply, Request
from messages.identity.memberships import Membership, RoleSummary
from messages.identity.organisations import Organisation
from messages.identity.vocabulary import (
    CompanyIds,
    CompanyScope,
    DataScope,
    DeliveryStatus,
    Grant,
    InvitationStatus,
    RoleIds,
    Search,
)
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, text_of

InvitationToken = Annotated[str, Field(min_length=1, max_length=100)]


class Invitation(Reply):
    """An offer; never its token."""

    invitation_id: UUID
    email: str
    roles: tuple[RoleSummary, ...]
    company_scope: CompanyScope
    company_ids: tuple[UUID, ...] = ()
    data_scope: DataScope | None = None
    team_id: UUID | None = None
    valid_until: date | None = None
    status: InvitationStatus
    expires_at: Instant
    invited_by: UUID | None = None
    accepted_by: UUID | None = None
    accepted_at: Instant | None = None
    declined_at: Instant | None = None
    sent_count: int
    last_sent_at: Instant | None = None
    delivery_status: DeliveryStatus = DeliveryStatus.UNKNOWN
    message: str | None = None
    created_at: Instant
    version: int


class InvitationPage(Page[Invitation]):
    """Invitations, the newest first."""


class InvitationPreview(Reply):
    """What somebody who holds the link may see before he signs in."""

    organisation_name: str
    inviter_name: str
    email_masked: str
    role_names: tuple[str, ...]
    expires_at: Instant
    status: InvitationStatus


class JoinedOrganisation(Reply):
    """The membership that results; `already_member` says that it was there before and stayed as it was."""

    membership: Membership
    organisation: Organisation
    already_member: bool = False


class InvitationLink(Reply):
    """The secret link, for the mail only."""

    url: str
    expires_at: Instant
    email: str


class CreateInvitation(Grant, Request[Invitation]):
    """Invite an address; engagement mails the link. Without expires_in_days the organisation's own duration holds."""

    email: EmailAddress
    valid_until: date | None = Field(default=None, description="last day of the access itself; required for auditors")
    expires_in_days: Annotated[int, Field(ge=1, le=30)] | None = None
    message: Annotated[str, text_of(500), PRINTABLE] | None = None


class UpdateInvitation(Request[Invitation]):
    """Change what a pending invitation offers; a field left out stays, and so does its link."""

    invitation_id: UUID
    role_ids: RoleIds | None = None
    company_scope: CompanyScope | None = None
    company_ids: CompanyIds | None = None
    data_scope: DataScope | None = None
    team_id: UUID | None = None
    valid_until: date | None = None
    expected_version: int


class GetInvitation(Request[Invitation], query=True):
    """One invitation; never its link."""

    invitation_id: UUID


class ResendInvitation(Request[Invitation], permission="identity:invitation:write"):
    """Mail a new link; the old one dies and the time starts again. At most five times, ten minutes apart."""

    invitation_id: UUID


class CancelInvitation(Request[Invitation], permission="identity:invitation:delete"):
    """Withdraw a pending invitation; its link dies."""

    invitation_id: UUID


class ListInvitations(PageRequest, Request[InvitationPage], query=True):
    """The organisation's invitations, the newest first; `search` is the whole address."""

    status: InvitationStatus | None = None
    search: Search | None = None


class PendingInvitation(Reply):
    """An offer that waits for the caller's answer; accept or decline it by its id."""

    invitation_id: UUID
    organisation_name: str
    role_names: tuple[str, ...]
    expires_at: Instant
    message: str | None = None


class PendingInvitations(Reply):
    """The offers that wait, the next to expire first; at most fifty."""

    items: tuple[PendingInvitation, ...]


class ListMyPendingInvitations(Request[PendingInvitations], access=Access.SELF, query=True, tenant_scoped=False):
    """The open invitations to the caller's verified address, from all organisations."""


class PreviewInvitation(Request[InvitationPreview], access=Access.PUBLIC, query=True, tenant_scoped=False):
    """What the link offers; an unknown token is INVITATION_NOT_FOUND."""

    token: InvitationToken


class _Offer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    token: InvitationToken | None = None
    invitation_id: UUID | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "_Offer":
        if (self.token is None) is (self.invitation_id is None):
            raise refusal("INVITATION_REFERENCE", "give either the link's token or invitation_id, not both")
        return self


class AcceptInvitation(_Offer, Request[JoinedOrganisation], access=Access.SELF, tenant_scoped=False):
    """Join the organisation; the caller's verified address must be the invited one. By token, or by id once signed in."""


class DeclineInvitation(_Offer, Request[Invitation], access=Access.SELF, tenant_scoped=False):
    """Refuse the offer; the invited address only."""


class GetInvitationLink(
    Request[InvitationLink],
    access=Access.INTERNAL,
    internal_callers=("engagement",),
    query=True,
):
    """The link of a pending invitation, recomputed for its mail."""

    invitation_id: UUID


class InvitationRef(Reply):
    """What the mail of an invitation says, without its link."""

    invitation_id: UUID
    email: str
    organisation_name: str
    role_names: tuple[str, ...]
    expires_at: Instant
    invited_by: UUID | None = None
    message: str | None = None
    sent_count: int


class InvitationCreated(InvitationRef, Event, aggregate="invitation", personal=True):
    """Somebody is invited; engagement mails the link."""


class InvitationResent(InvitationRef, Event, aggregate="invitation", personal=True):
    """A new link is to be mailed; the old one is dead."""


class InvitationAccepted(Event, aggregate="invitation"):
    """The invited person joined, or was a member already."""

    invitation_id: UUID
    user_id: UUID
    membership_id: UUID


class InvitationDeclined(Event, aggregate="invitation"):
    """The invited person does not want to join."""

    invitation_id: UUID


class InvitationCancelled(Event, aggregate="invitation"):
    """The organisation withdrew its offer."""

    invitation_id: UUID
    by: UUID | None = None


class InvitationExpired(Event, aggregate="invitation"):
    """Nobody answered in time."""

    invitation_id: UUID
