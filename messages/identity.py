"""identity: organisations, companies, users, memberships and the keys of context tokens."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.errors import ALREADY_EXISTS, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.registry import ACTORS
from messages.values.addresses import Address
from messages.values.companies import SepaCreditorId, Siren, Siret, VatNumber
from messages.values.contact import EmailAddress
from messages.values.money import Money
from messages.values.text import Label, Paragraph

ORGANISATION_NOT_FOUND = NOT_FOUND.specific(
    "ORGANISATION_NOT_FOUND", "Organisation introuvable", "Organisation not found"
)
COMPANY_NOT_FOUND = NOT_FOUND.specific("COMPANY_NOT_FOUND", "Société introuvable", "Company not found")
COMPANY_ALREADY_EXISTS = ALREADY_EXISTS.specific(
    "COMPANY_ALREADY_EXISTS", "Société déjà enregistrée", "Company already exists"
)
ORGANISATION_LIMIT_REACHED = PRECONDITION_FAILED.specific(
    "ORGANISATION_LIMIT_REACHED", "Nombre d'organisations atteint", "Organisation limit reached"
)
MEMBERSHIP_NOT_FOUND = NOT_FOUND.specific("MEMBERSHIP_NOT_FOUND", "Membre introuvable", "Membership not found")
LAST_OWNER = PRECONDITION_FAILED.specific("LAST_OWNER", "Dernier propriétaire", "Last owner")
LEGAL_MENTIONS_REQUIRED = VALIDATION_FAILED.specific(
    "LEGAL_MENTIONS_REQUIRED", "Mentions légales manquantes", "Legal mentions missing"
)


class OrganisationStatus(StrEnum):
    """The life of a tenant."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class MembershipStatus(StrEnum):
    """Whether a member may enter the organisation."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REMOVED = "REMOVED"


class CompanyScope(StrEnum):
    """Which companies of the organisation a member sees."""

    ALL = "ALL"
    LIST = "LIST"


class VatRegime(StrEnum):
    """How the company is subject to VAT."""

    NORMAL = "NORMAL"
    FRANCHISE_EXEMPT = "FRANCHISE_EXEMPT"
    CASH_BASIS = "CASH_BASIS"


class SigningKeyPurpose(StrEnum):
    """What a key signs."""

    CONTEXT_TOKEN = "CONTEXT_TOKEN"


class UserKind(StrEnum):
    """A person, or the login of an upstream system."""

    PERSON = "PERSON"
    MACHINE = "MACHINE"


# -- snapshots ---------------------------------------------------------------------------------------------------


class OrganisationSnapshot(Reply):
    """The visible state of a tenant."""

    organisation_id: UUID
    name: str
    slug: str
    status: OrganisationStatus
    default_company_id: UUID | None = None
    currency: str
    timezone: str
    policy_version: int


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
    status: str


class MembershipSnapshot(Reply):
    """Who belongs to the organisation, with which roles and scopes."""

    membership_id: UUID
    user_id: UUID
    status: MembershipStatus
    role_codes: tuple[str, ...]
    company_scope: CompanyScope
    company_ids: tuple[UUID, ...] = ()
    data_scope: str | None = None
    valid_until: date | None = None
    policy_version: int


class Organisation(OrganisationSnapshot):
    """A tenant with its version for the next change."""

    version: int


class Company(CompanySnapshot):
    """A company with its version for the next change."""

    version: int


class Membership(MembershipSnapshot):
    """A membership with its version for the next change."""

    version: int


class CompanyPage(Page[Company]):
    """Companies by code."""


class MembershipPage(Page[Membership]):
    """Members by creation."""


class OrganisationFounded(Reply):
    """The new tenant and its founder's membership."""

    organisation: Organisation
    membership: Membership


class SigningKey(Reply):
    """A public key that verifies context tokens; `public_key` is 32 bytes in hexadecimal."""

    kid: str
    purpose: SigningKeyPurpose
    public_key: str
    status: str


class SigningKeys(Reply):
    """The keys that verify now."""

    keys: tuple[SigningKey, ...]


# -- requests ----------------------------------------------------------------------------------------------------


class GetSigningKeys(
    Request[SigningKeys], access=Access.INTERNAL, internal_callers=(*ACTORS, "bridge"), query=True, tenant_scoped=False
):
    """The public keys of context tokens, for actors that met an unknown key id."""


class CreateOrganisation(
    Request[OrganisationFounded], access=Access.SELF, idempotency=Idempotency.REQUIRED, tenant_scoped=False
):
    """Found a tenant; the caller becomes its owner. Every actor seeds itself from organisation.created."""

    name: Annotated[Label, Field(min_length=3, max_length=100)]
    description: Paragraph | None = None
    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")


class GetOrganisation(Request[Organisation], query=True):
    """The caller's organisation."""


class UpdateOrganisation(Request[Organisation]):
    """Change the organisation; a field left out stays, null clears it."""

    name: Annotated[Label, Field(min_length=3, max_length=100)] | None = None
    description: Paragraph | None = None
    default_company_id: UUID | None = None
    expected_version: int


class CreateCompany(Request[Company]):
    """Add a legal entity: issuer of invoices and SEPA creditor."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,12}$")]
    legal_name: Label
    trade_name: Label | None = None
    legal_form: Annotated[str, Field(max_length=20)] | None = None
    share_capital: Money | None = None
    rcs_city: Label | None = None
    naf_code: Annotated[str, Field(pattern=r"^\d{2}\.\d{2}[A-Z]$")] | None = None
    siren: Siren
    siret_hq: Siret | None = None
    vat_number: VatNumber | None = None
    vat_regime: VatRegime = VatRegime.NORMAL
    sepa_creditor_id: SepaCreditorId | None = None
    address: Address
    phone: str | None = None
    email: EmailAddress | None = None
    website: Annotated[str, Field(max_length=200)] | None = None
    fiscal_year_end: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")] = "12-31"


class GetCompany(
    Request[Company], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "identity")
):
    """One company; also answers an actor that met an unknown id."""

    company_id: UUID


class ListCompanies(PageRequest, Request[CompanyPage], query=True, resource="company"):
    """The companies inside the caller's scope."""


class ListMembers(PageRequest, Request[MembershipPage], query=True, resource="membership"):
    """The members of the organisation."""


class SuspendMembership(Request[Membership]):
    """Stop a member's access; tokens he already holds are refused within a second."""

    membership_id: UUID
    reason: Label


class ReactivateMembership(Request[Membership]):
    """Give a suspended member his access back."""

    membership_id: UUID
    reason: Label


# -- events ------------------------------------------------------------------------------------------------------


class OrganisationCreated(OrganisationSnapshot, Event, aggregate="organisation"):
    """A tenant exists; every actor makes its seeds and settings for it."""


class OrganisationUpdated(OrganisationSnapshot, Event, aggregate="organisation"):
    """The tenant's visible state changed; a higher policy_version makes older tokens expire."""

    changed_fields: tuple[str, ...]


class CompanyCreated(CompanySnapshot, Event, aggregate="company"):
    """A legal entity may now sell, invoice and collect."""


class UserRegistered(Event, aggregate="user", personal=True, tenant_scoped=False):
    """A person or machine can now hold memberships."""

    user_id: UUID
    kind: UserKind
    first_name: str
    last_name: str
    email: str | None = None
    locale: str
    timezone: str
    status: str


class MembershipCreated(MembershipSnapshot, Event, aggregate="membership"):
    """A user belongs to the organisation."""


class MembershipSuspended(MembershipSnapshot, Event, aggregate="membership"):
    """Tokens of this membership are refused from now on."""

    reason: str


class MembershipReactivated(MembershipSnapshot, Event, aggregate="membership"):
    """Tokens of this membership are accepted again."""
