"""How a tenant is suspended and closed, by platform staff and by its owner."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Event, Reply, Request
from messages.identity.organisations import Organisation
from messages.identity.vocabulary import OrganisationStatus, Reason, Search
from messages.paging import Page, PageRequest
from messages.values.instants import Instant


class SuspensionReason(StrEnum):
    """Why a tenant's requests are refused."""

    NON_PAYMENT = "NON_PAYMENT"
    SECURITY = "SECURITY"
    ADMIN = "ADMIN"


class TenantSummary(Reply):
    """A tenant as platform staff see it: nothing of its business."""

    organisation_id: UUID
    name: str
    slug: str
    status: OrganisationStatus


class TenantPage(Page[TenantSummary]):
    """Tenants by slug."""


class ListOrganisations(
    PageRequest, Request[TenantPage], query=True, permission="identity:organisation:list_all", tenant_scoped=False
):
    """All tenants, for platform staff; `search` is the beginning of a slug."""

    search: Search | None = None
    status: OrganisationStatus | None = None


class ActivateOrganisation(Request[Organisation], permission="identity:organisation:suspend", tenant_scoped=False):
    """End a trial because the tenant subscribed, for platform staff."""

    organisation_id: UUID
    reason: Reason


class SuspendOrganisation(Request[Organisation], permission="identity:organisation:suspend", tenant_scoped=False):
    """Refuse every request of a tenant within a second, for platform staff."""

    organisation_id: UUID
    reason: SuspensionReason


class ReactivateOrganisation(Request[Organisation], permission="identity:organisation:suspend", tenant_scoped=False):
    """End a suspension, for platform staff."""

    organisation_id: UUID
    reason: Reason


class CloseOrganisation(Request[Organisation], permission="identity:organisation:close"):
    """Close the organisation in thirty days; until then it can only be read, and the closure can be taken back."""

    confirmation: Annotated[str, Field(max_length=30, description="the organisation's slug")]
    reason: Reason


class CancelOrganisationClosure(Request[Organisation], permission="identity:organisation:close"):
    """Take a closure back before its day."""


class OrganisationSuspended(Event, aggregate="organisation"):
    """The tenant's requests are refused from now on."""

    organisation_id: UUID
    reason: SuspensionReason


class OrganisationReactivated(Event, aggregate="organisation"):
    """The tenant works again."""

    organisation_id: UUID
    reason: str


class OrganisationClosingScheduled(Event, aggregate="organisation"):
    """The tenant can only be read until it is closed."""

    organisation_id: UUID
    closing_at: Instant


class OrganisationClosureCancelled(Event, aggregate="organisation"):
    """The tenant stays."""

    organisation_id: UUID


class OrganisationClosed(Event, aggregate="organisation"):
    """The tenant is closed for good; what the law lets it keep goes by the retention policies."""

    organisation_id: UUID
    closed_at: Instant
