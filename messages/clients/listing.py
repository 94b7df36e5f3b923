"""clients, lists: what a list shows and how it is filtered."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from messages.base import Reply, Request
from messages.clients.client import Client, Tag
from messages.clients.vocabulary import (
    ClientSource,
    ClientType,
    KycStatus,
    RecordState,
    StatusCategory,
)
from messages.paging import Page, PageRequest
from messages.values.addresses import PostalCode
from messages.values.banking import Iban
from messages.values.companies import Siren, Siret
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.money import Amount
from messages.values.refusal import refusal
from messages.values.text import Code, Label


class ClientSummary(Reply):
    """A client in a list; the amount is what is late today, in euros."""

    id: UUID
    client_code: str
    display_name: str
    type: ClientType
    status_category: StatusCategory
    status_code: str
    active_contract_count: int
    overdue_amount: Amount
    record_state: RecordState
    primary_email: str | None
    primary_phone: str | None
    city: str | None
    company_id: UUID
    created_at: Instant


class ClientPage(Page[ClientSummary]):
    """Clients by creation, newest first unless asked otherwise."""


class ClientSort(StrEnum):
    """What a list of clients may be sorted by."""

    CREATED_AT = "created_at"
    DISPLAY_NAME = "display_name"


class ClientFilter(BaseModel):
    """Which clients: all conditions must hold, an empty one holds for everybody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status_category: tuple[StatusCategory, ...] = ()
    status_code: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    type: tuple[ClientType, ...] = ()
    company_id: UUID | None = None
    owner_user_id: UUID | None = None
    sales_rep_id: UUID | None = None
    source: ClientSource | None = None
    record_state: RecordState = RecordState.LIVE
    kyc_status: KycStatus | None = None
    tag: Tag | None = None
    search: Annotated[str, Field(min_length=2, max_length=100)] | None = Field(
        default=None, description="words of the name, or their beginnings"
    )
    given_name: Label | None = None
    family_name: Label | None = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    iban_last4: Annotated[str, Field(pattern="^[A-Z0-9]{4}$")] | None = None
    siren: Siren | None = None
    siret: Siret | None = None
    postal_code: PostalCode | None = None
    city: Label | None = None
    has_overdue: bool | None = None
    created_from: Instant | None = None
    created_to: Instant | None = None


class ListClients(ClientFilter, PageRequest, Request[ClientPage], query=True, resource="client"):
    """The clients of the organisation, filtered and in pages."""

    sort_by: ClientSort = ClientSort.CREATED_AT
    descending: bool = True
    iban: Iban | None = Field(default=None, description="needs the permission clients:bank_ref:search")


class ClientsFound(Reply):
    """Clients of a batch, and the ids that name nobody."""

    items: tuple[Client, ...]
    not_found_ids: tuple[UUID, ...]


class GetClients(Request[ClientsFound], query=True, permission="clients:client:read"):
    """Several clients at once."""

    client_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=200)]


class ClientLookup(Reply):
    """Who calls or writes. With several, `client` stays empty and the caller is asked for his name."""

    found: bool
    client: Client | None = None
    candidates: tuple[ClientSummary, ...] = ()


class LookupClient(Request[ClientLookup], query=True, permission="clients:client:read"):
    """Who has this phone number or e-mail address."""

    phone: PhoneNumber | None = None
    email: EmailAddress | None = None
    family_name: Label | None = None

    @model_validator(mode="after")
    def _something_to_look_for(self) -> "LookupClient":
        if self.phone is None and self.email is None:
            raise refusal("ONE_VALUE", "give a phone number or an e-mail address")
        return self
