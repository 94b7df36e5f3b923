"""clients, the client: who he is, how he is reached, and the requests about him."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.clients.duplicates import DuplicateMatch
from messages.clients.vocabulary import (
    AddressUsage,
    ClientKind,
    ClientSource,
    ClientType,
    ContactKind,
    OnDuplicate,
    RecordState,
    StatusCategory,
    Title,
    VatStatus,
)
from messages.paging import Page, PageRequest
from messages.registry import ACTORS
from messages.values.addresses import Address, CountryCode, PostalCode, check_postal_code
from messages.values.companies import Siren, Siret, VatNumber
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line


class BusinessProfile(Part):
    """The legal entity behind a client that is not a person."""

    legal_name: Line
    trade_name: Line | None = None
    siren: Siren | None = None
    siret: Siret | None = None
    vat_number: VatNumber | None = None

    @model_validator(mode="after")
    def _identifiers_agree(self) -> "BusinessProfile":
        if self.siren and self.siret and not self.siret.startswith(self.siren):
            raise refusal("SIRET_SIREN_MISMATCH", "the SIRET does not begin with the SIREN; correct one of them")
        return self


class AddressDraft(Part):
    """An address as typed; lines are those of a French envelope."""

    usage: frozenset[AddressUsage] = frozenset({AddressUsage.HOME})
    recipient_line: Annotated[str, Field(max_length=38)] | None = None
    line1: Line
    line2: Line | None = None
    postal_code: PostalCode
    city: Label
    country: CountryCode = "FR"

    @model_validator(mode="after")
    def _postal_code_fits_country(self) -> "AddressDraft":
        check_postal_code(self.country, self.postal_code)
        return self


class ContactPoint(Reply):
    """An e-mail address or phone number of a client."""

    id: UUID
    kind: ContactKind
    value: str
    is_primary: bool


class ClientAddress(Reply):
    """A postal address of a client."""

    id: UUID
    usage: tuple[AddressUsage, ...]
    recipient_line: str | None = None
    line1: str
    line2: str | None = None
    postal_code: str
    city: str
    country: str
    department: str | None = None


class ClientFlags(Reply):
    """What forbids or limits dealing with the client."""

    do_not_contact: bool = False
    blocked_scope: str | None = None
    deceased: bool = False
    legal_protection: str | None = None
    in_insolvency: bool = False


class ClientSnapshot(Reply):
    """The whole visible state of a client; never IBAN, national number or birth date."""

    client_id: UUID
    client_code: str
    kind: ClientKind
    type: ClientType
    title: Title | None = None
    given_name: str | None = None
    family_name: str | None = None
    legal_name: str | None = None
    display_name: str
    primary_email: str | None = None
    primary_phone: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    language: str
    status_code: str
    status_category: StatusCategory
    record_state: RecordState
    company_id: UUID
    owner_user_id: UUID | None = None
    sales_rep_id: UUID | None = None
    source: ClientSource
    siren: str | None = None
    siret: str | None = None
    vat_number: str | None = None
    vat_status: VatStatus
    billing_address: Address | None = None
    shipping_address: Address | None = None
    holiday_zone: str | None = None
    flags: ClientFlags = ClientFlags()


class Client(Reply):
    """A client in full."""

    id: UUID
    client_code: str
    type: ClientType
    title: Title | None
    given_name: str | None
    family_name: str | None
    birth_date: date | None
    display_name: str
    language: str
    status_code: str
    status_category: StatusCategory
    record_state: RecordState
    company_id: UUID
    owner_user_id: UUID | None
    sales_rep_id: UUID | None
    source: ClientSource
    vat_status: VatStatus
    holiday_zone: str | None
    do_not_contact: bool
    business: BusinessProfile | None
    contact_points: tuple[ContactPoint, ...]
    addresses: tuple[ClientAddress, ...]
    relation_started_on: date | None
    relation_ended_on: date | None
    created_at: Instant
    version: int
    duplicates: tuple[DuplicateMatch, ...] = Field(default=(), description="on creation: who is probably the same")


class ClientSummary(Reply):
    """A client in a list."""

    id: UUID
    client_code: str
    display_name: str
    type: ClientType
    status_category: StatusCategory
    record_state: RecordState
    primary_email: str | None
    primary_phone: str | None
    city: str | None
    company_id: UUID
    created_at: Instant


class ClientPage(Page[ClientSummary]):
    """Clients by creation, newest first unless asked otherwise."""


class CreateClient(Request[Client]):
    """Record a person, company, association or public body; it becomes a prospect."""

    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")
    type: ClientType = ClientType.INDIVIDUAL
    title: Title | None = None
    given_name: Label | None = None
    family_name: Label | None = None
    birth_date: date | None = None
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "fr"
    business: BusinessProfile | None = None
    emails: Annotated[tuple[EmailAddress, ...], Field(max_length=10)] = ()
    phones: Annotated[tuple[PhoneNumber, ...], Field(max_length=10)] = ()
    addresses: Annotated[tuple[AddressDraft, ...], Field(max_length=10)] = ()
    company_id: UUID | None = Field(default=None, description="the selling company; left out where there is only one")
    owner_user_id: UUID | None = None
    sales_rep_id: UUID | None = None
    source: ClientSource = ClientSource.MANUAL
    on_duplicate: OnDuplicate = OnDuplicate.REJECT_CERTAIN

    @model_validator(mode="after")
    def _identity_is_complete(self) -> "CreateClient":
        if self.type is ClientType.INDIVIDUAL:
            if not (self.given_name and self.family_name):
                raise refusal("NAME_REQUIRED", "a person needs given_name and family_name; fill in both")
            if self.business is not None:
                raise refusal(
                    "BUSINESS_NOT_ALLOWED", "a person has no business profile; leave it out or change the type"
                )
        elif self.business is None:
            raise refusal("BUSINESS_REQUIRED", "a client that is not a person needs business.legal_name; fill it in")
        elif self.type is ClientType.BUSINESS and not self.business.siren and not self.business.siret:
            raise refusal("SIREN_REQUIRED", "a business needs business.siren; fill it in")
        if not (
            self.emails
            or self.phones
            or self.addresses
            or (self.business and (self.business.siren or self.business.siret))
        ):
            raise refusal("NO_CONTACT_POINT", "give at least one e-mail address, phone number or postal address")
        return self


class GetClient(Request[Client], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "clients")):
    """One client by id or by code; also answers an actor that met an unknown id."""

    client_id: UUID | None = None
    client_code: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetClient":
        if (self.client_id is None) == (self.client_code is None):
            raise refusal("ONE_KEY", "give either client_id or client_code")
        return self


class ClientSort(StrEnum):
    """What a list of clients may be sorted by."""

    CREATED_AT = "created_at"
    DISPLAY_NAME = "display_name"


class ListClients(PageRequest, Request[ClientPage], query=True, resource="client"):
    """The clients of the organisation, filtered and in pages."""

    sort_by: ClientSort = ClientSort.CREATED_AT
    descending: bool = True
    status_category: tuple[StatusCategory, ...] = ()
    type: tuple[ClientType, ...] = ()
    company_id: UUID | None = None
    owner_user_id: UUID | None = None
    record_state: RecordState = RecordState.LIVE
    search: Annotated[str, Field(min_length=2, max_length=100)] | None = None


class UpdateClient(Request[Client]):
    """Correct a client; a field left out stays as it is, null clears it."""

    client_id: UUID
    expected_version: int
    title: Title | None = None
    given_name: Label | None = None
    family_name: Label | None = None
    birth_date: date | None = None
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "fr"
    owner_user_id: UUID | None = None
    do_not_contact: bool = False


class ArchiveClient(Request[Client]):
    """Take a client out of daily lists; refused while contracts live."""

    client_id: UUID
    reason: Label


class RestoreClient(Request[Client], permission="clients:client:write"):
    """Bring an archived client back."""

    client_id: UUID
    reason: Label
