"""Organisations (tenants) and their companies: snapshots, requests, events."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.identity.memberships import Membership
from messages.identity.vocabulary import (
    CompanyStatus,
    Industry,
    OrganisationStatus,
    Reason,
    SecuritySettings,
    VatRegime,
)
from messages.paging import Page, PageRequest
from messages.registry import ACTORS
from messages.values.addresses import Address
from messages.values.companies import SepaCreditorId, Siren, Siret, VatNumber
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.text import Label, Line, Paragraph

OTHER_ACTORS = tuple(actor for actor in ACTORS if actor != "identity")

_OrganisationName = Annotated[Label, Field(min_length=3, max_length=100)]
_CompanyCode = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,12}$")]
_LegalForm = Annotated[str, Field(max_length=20)]
_NafCode = Annotated[str, Field(pattern=r"^\d{2}\.\d{2}[A-Z]$")]
_MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
_Website = Annotated[str, Field(max_length=200)]
_RoutingAddress = Annotated[str, Field(max_length=125)]


class OrganisationSnapshot(Reply):
    """The visible state of a tenant."""

    organisation_id: UUID
    name: str
    slug: str
    status: OrganisationStatus
    default_company_id: UUID | None = None
    currency: str
    timezone: str
    security: SecuritySettings = SecuritySettings()
    policy_version: int


class Organisation(OrganisationSnapshot):
    """A tenant in full, with its version for the next change."""

    description: str | None = None
    siret: str | None = None
    address: Address | None = None
    phone: str | None = None
    email: str | None = None
    industry: str | None = None
    suspended_reason: str | None = None
    closing_at: Instant | None = None
    trial_ends_at: Instant | None = None
    version: int


class OrganisationFounded(Reply):
    """The new tenant and its founder's membership."""

    organisation: Organisation
    membership: Membership


class CompanySnapshot(Reply):
    """The legal identity of a company of the tenant; its single source for everybody else."""

    company_id: UUID
    code: str
    legal_name: str
    trade_name: str | None = None
    legal_form: str | None = None
    share_capital: Money | None = None
    rcs_city: str | None = None
    naf_code: str | None = None
    siren: str
    siret_hq: str | None = None
    vat_number: str | None = None
    vat_regime: VatRegime
    sepa_creditor_id: str | None = None
    address: Address
    phone: str | None = None
    email: str | None = None
    website: str | None = None
    fiscal_year_end: str
    currency: str
    timezone: str
    einvoicing_address: str | None = None
    logo_document_id: UUID | None = None
    status: str


class Company(CompanySnapshot):
    """A company with its version for the next change; `in_use` locks its SIREN."""

    in_use: bool = False
    version: int


class CompanyPage(Page[Company]):
    """Companies by code."""


class CreateOrganisation(
    Request[OrganisationFounded], access=Access.SELF, idempotency=Idempotency.REQUIRED, tenant_scoped=False
):
    """Found a tenant; the caller becomes its owner. Every actor seeds itself from organisation.created."""

    name: _OrganisationName
    description: Paragraph | None = None
    siret: Siret | None = None
    address: Address | None = None
    phone: PhoneNumber | None = None
    email: EmailAddress | None = None
    industry: Industry | None = None
    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")


class GetOrganisation(Request[Organisation], query=True, internal_callers=OTHER_ACTORS):
    """The caller's organisation."""


class UpdateOrganisation(Request[Organisation]):
    """Change the organisation; a field left out stays, null clears it."""

    name: _OrganisationName | None = None
    description: Paragraph | None = None
    siret: Siret | None = None
    address: Address | None = None
    phone: PhoneNumber | None = None
    email: EmailAddress | None = None
    industry: Industry | None = None
    default_company_id: UUID | None = None
    expected_version: int


class UpdateSecuritySettings(Request[Organisation], permission="identity:organisation:security"):
    """Change what invitations and sessions must satisfy; a field left out stays."""

    invitation_days: Annotated[int, Field(ge=1, le=30)] | None = None
    allowed_email_domains: tuple[str, ...] | None = None
    session_idle_minutes: Annotated[int, Field(ge=5, le=480)] | None = None
    session_max_hours: Annotated[int, Field(ge=1, le=24)] | None = None
    inactivity_disable_days: Annotated[int, Field(ge=30, le=365)] | None = None
    expected_version: int


class CreateCompany(Request[Company]):
    """Add a legal entity: issuer of invoices and SEPA creditor."""

    code: _CompanyCode
    legal_name: Label
    trade_name: Label | None = None
    legal_form: _LegalForm | None = None
    share_capital: Money | None = None
    rcs_city: Label | None = None
    naf_code: _NafCode | None = None
    siren: Siren
    siret_hq: Siret | None = None
    vat_number: VatNumber | None = None
    vat_regime: VatRegime = VatRegime.NORMAL
    sepa_creditor_id: SepaCreditorId | None = None
    address: Address
    phone: str | None = None
    email: EmailAddress | None = None
    website: _Website | None = None
    fiscal_year_end: _MonthDay = "12-31"
    einvoicing_address: _RoutingAddress | None = None
    logo_document_id: UUID | None = None


class UpdateCompany(Request[Company]):
    """Change a company; a field left out stays, null clears it. The SIREN is locked once an invoice was issued."""

    company_id: UUID
    legal_name: Label | None = None
    trade_name: Label | None = None
    legal_form: _LegalForm | None = None
    share_capital: Money | None = None
    rcs_city: Label | None = None
    naf_code: _NafCode | None = None
    siren: Siren | None = None
    siret_hq: Siret | None = None
    vat_number: VatNumber | None = None
    vat_regime: VatRegime | None = None
    sepa_creditor_id: SepaCreditorId | None = None
    address: Address | None = None
    phone: Line | None = None
    email: EmailAddress | None = None
    website: _Website | None = None
    fiscal_year_end: _MonthDay | None = None
    einvoicing_address: _RoutingAddress | None = None
    logo_document_id: UUID | None = None
    expected_version: int


class ArchiveCompany(Request[Company], permission="identity:company:delete"):
    """End a company without live contracts (COMPANY_IN_USE); it stays readable and its SIREN may be used again."""

    company_id: UUID
    reason: Reason


class GetCompany(Request[Company], query=True, internal_callers=OTHER_ACTORS):
    """One company; also answers an actor that met an unknown id."""

    company_id: UUID


class ListCompanies(PageRequest, Request[CompanyPage], query=True, resource="company"):
    """The companies inside the caller's scope, by code."""

    search: Annotated[str, Field(min_length=2, max_length=100)] | None = None
    status: CompanyStatus | None = None


class OrganisationCreated(OrganisationSnapshot, Event, aggregate="organisation"):
    """A tenant exists; every actor makes its seeds and settings for it."""


class OrganisationUpdated(OrganisationSnapshot, Event, aggregate="organisation"):
    """The tenant's visible state changed; a higher policy_version makes older tokens expire."""

    changed_fields: tuple[str, ...]


class CompanyCreated(CompanySnapshot, Event, aggregate="company"):
    """A legal entity may now sell, invoice and collect."""


class CompanyUpdated(CompanySnapshot, Event, aggregate="company"):
    """The legal identity of a company changed; projections follow."""

    changed_fields: tuple[str, ...]


class CompanyArchived(Event, aggregate="company"):
    """The company sells nothing any more; its past stays as it is."""

    company_id: UUID
    reason: str
