"""White-label partners, who offer the product under their own brand, and the people who work for them."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Reply, Request
from messages.identity.vocabulary import Reason, Search
from messages.paging import Page, PageRequest
from messages.values.companies import Siren, VatNumber
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.text import Line

HostName = Annotated[
    str,
    Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", examples=["crm.example.fr"]),
]


class PartnerStatus(StrEnum):
    """The life of a partnership. While it is not ACTIVE its brand is not shown; SUSPENDED staff see nothing."""

    ONBOARDING = "ONBOARDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"


class PartnerRole(StrEnum):
    """What somebody does for a partner."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    SUPPORT = "SUPPORT"
    VIEWER = "VIEWER"


class PartnerSnapshot(Reply):
    """A partner as every actor knows it."""

    partner_id: UUID
    legal_name: str
    siren: str
    status: PartnerStatus
    portal_domain: str | None = None
    support_email: str | None = None


class Partner(PartnerSnapshot):
    """A partner in full; `portal_domain` is where its brand is shown."""

    vat_number: str | None = None
    phone: str | None = None
    terminated_at: Instant | None = None
    created_at: Instant
    version: int


class PartnerPage(Page[Partner]):
    """Partners by name."""


class PartnerMembership(Reply):
    """Who works for a partner, and as what."""

    partner_id: UUID
    user_id: UUID
    role: PartnerRole
    created_at: Instant
    version: int


class PartnerMembershipPage(Page[PartnerMembership]):
    """A partner's people, the longest-serving first."""


class PartnerMemberships(Reply):
    """The partners a person works for: a handful."""

    items: tuple[PartnerMembership, ...]


class CreatePartner(Request[Partner], tenant_scoped=False):
    """Take up a partner, for platform staff; a SIREN or a domain names one partner (PARTNER_ALREADY_EXISTS)."""

    legal_name: Line
    siren: Siren
    vat_number: VatNumber | None = None
    support_email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    portal_domain: HostName | None = None


class UpdatePartner(Request[Partner], tenant_scoped=False):
    """Correct a partner, for platform staff: what is not sent stays, null clears."""

    partner_id: UUID
    expected_version: int
    legal_name: Line | None = None
    vat_number: VatNumber | None = None
    support_email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    portal_domain: HostName | None = None


class GetPartner(Request[Partner], query=True, tenant_scoped=False):
    """One partner, for platform staff and its own people."""

    partner_id: UUID


class ListPartners(
    PageRequest, Request[PartnerPage], query=True, permission="identity:partner:list_all", tenant_scoped=False
):
    """All partners, for platform staff; `search` is the beginning of a name, or a SIREN."""

    search: Search | None = None
    status: PartnerStatus | None = None


class SetPartnerStatus(Request[Partner], permission="identity:partner:write", tenant_scoped=False):
    """The next state, for platform staff. ACTIVE needs an owner (PARTNER_WITHOUT_OWNER); TERMINATED ends all access."""

    partner_id: UUID
    status: PartnerStatus
    reason: Reason
    expected_version: int


class AddPartnerMember(Request[PartnerMembership], tenant_scoped=False):
    """Let a person who has signed in once work for a partner; nobody joins twice (ALREADY_MEMBER)."""

    partner_id: UUID
    user_id: UUID
    role: PartnerRole


class UpdatePartnerMember(Request[PartnerMembership], tenant_scoped=False):
    """Give somebody another role; one owner stays (LAST_PARTNER_OWNER)."""

    partner_id: UUID
    user_id: UUID
    role: PartnerRole
    expected_version: int


class RemovePartnerMember(Request[PartnerMembership], tenant_scoped=False):
    """End somebody's work for a partner; one owner stays (LAST_PARTNER_OWNER)."""

    partner_id: UUID
    user_id: UUID


class ListPartnerMembers(PageRequest, Request[PartnerMembershipPage], query=True, tenant_scoped=False):
    """A partner's people."""

    partner_id: UUID


class ListMyPartnerMemberships(Request[PartnerMemberships], access=Access.SELF, query=True, tenant_scoped=False):
    """The partners the caller works for."""


class PartnerCreated(PartnerSnapshot, Event, aggregate="partner", tenant_scoped=False):
    """A partner was taken up."""


class PartnerUpdated(PartnerSnapshot, Event, aggregate="partner", tenant_scoped=False):
    """What is known of a partner was corrected."""

    changed_fields: tuple[str, ...]


class PartnerStatusChanged(Event, aggregate="partner", tenant_scoped=False):
    """A partnership began, was interrupted or ended."""

    partner_id: UUID
    from_status: PartnerStatus
    to_status: PartnerStatus
    reason: str


class PartnerMembershipAdded(
    Event, aggregate="partner_membership", aggregate_id="partner_membership_id", tenant_scoped=False
):
    """Somebody works for a partner."""

    partner_membership_id: UUID
    partner_id: UUID
    user_id: UUID
    role: PartnerRole


class PartnerMembershipRemoved(
    Event, aggregate="partner_membership", aggregate_id="partner_membership_id", tenant_scoped=False
):
    """Somebody no longer works for a partner."""

    partner_membership_id: UUID
    partner_id: UUID
    user_id: UUID
