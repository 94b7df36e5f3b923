"""clients, what hangs on a client: contact points, addresses, masked bank details, consents."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Reply, Request
from messages.clients.client import AddressDraft, ClientAddress, ContactPoint
from messages.clients.vocabulary import (
    AddressUsage,
    BounceKind,
    ConsentChannel,
    ConsentDecision,
    ConsentPurpose,
    ContactKind,
    ContactLabel,
    LegalBasis,
)
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.refusal import refusal

ClientVersion = Annotated[
    int | None, Field(description="the client's version this change starts from; left out, the newest")
]


class BankRef(Reply):
    """An account of the client without its number; payments keeps the details."""

    bank_details_id: UUID
    iban_country: str
    iban_masked: str
    holder_name: str
    status: str
    mandate_status: str | None = None


class BankRefs(Reply):
    """The client's accounts."""

    items: tuple[BankRef, ...]


class Consent(Reply):
    """One decision of the ledger."""

    id: UUID
    client_id: UUID
    purpose: ConsentPurpose
    decision: ConsentDecision
    legal_basis: LegalBasis
    decided_at: Instant
    expires_at: Instant | None = None
    channel_of_collection: ConsentChannel
    text_version: str | None = None
    proof_document_id: UUID | None = None


class ConsentMatrix(Reply):
    """The decision that counts now for each purpose; a purpose without one is left out."""

    client_id: UUID
    items: tuple[Consent, ...]


class AddressPage(Page[ClientAddress]):
    """Addresses by creation."""


class AddContactPoint(Request[ContactPoint], permission="clients:client:write"):
    """Add an e-mail address or a phone number; the first of its kind becomes the primary one."""

    client_id: UUID
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    label: ContactLabel = ContactLabel.OTHER
    is_primary: bool = False

    @model_validator(mode="after")
    def _one_value(self) -> "AddContactPoint":
        if (self.email is None) == (self.phone is None):
            raise refusal("ONE_VALUE", "give either email or phone")
        return self

    @property
    def kind(self) -> ContactKind:
        """What is added."""
        return ContactKind.EMAIL if self.email is not None else ContactKind.PHONE


class UpdateContactPoint(Request[ContactPoint], permission="clients:client:write"):
    """Correct a contact point; a new value of the same kind forgets that the old one bounced."""

    contact_point_id: UUID
    expected_version: ClientVersion = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    label: ContactLabel | None = None


class MarkContactPointBounced(Request[ContactPoint], permission="clients:client:write"):
    """Say that a contact point did not work; after a HARD bounce nothing is sent there until it changes."""

    contact_point_id: UUID
    kind: BounceKind
    at: Instant


class SetPrimaryContactPoint(Request[ContactPoint], permission="clients:client:write"):
    """Make a contact point the primary one of its kind."""

    contact_point_id: UUID
    expected_version: ClientVersion = None


class RemoveContactPoint(Request[Empty], permission="clients:client:write"):
    """Remove a contact point; the oldest other one of its kind becomes primary."""

    contact_point_id: UUID
    expected_version: ClientVersion = None


class AddAddress(Request[ClientAddress], permission="clients:client:write"):
    """Add a postal address."""

    client_id: UUID
    address: AddressDraft


class UpdateAddress(Request[ClientAddress], permission="clients:client:write"):
    """Replace a postal address."""

    address_id: UUID
    expected_version: ClientVersion = None
    address: AddressDraft


class RemoveAddress(Request[Empty], permission="clients:client:write"):
    """Remove a postal address; the last one of a client with live contracts stays."""

    address_id: UUID
    expected_version: ClientVersion = None


class SetDefaultAddress(Request[ClientAddress], permission="clients:client:write"):
    """Make an address the client's default one for a usage; it takes the place of the one before."""

    address_id: UUID
    expected_version: ClientVersion = None
    usage: AddressUsage


class GetAddress(Request[ClientAddress], query=True, permission="clients:client:read"):
    """One address."""

    address_id: UUID


class ListAddresses(PageRequest, Request[AddressPage], query=True, permission="clients:client:read"):
    """The addresses of a client that are valid on a day, today by default."""

    client_id: UUID
    usage: AddressUsage | None = None
    as_of: date | None = None
    include_past: bool = False


class ListBankRefs(Request[BankRefs], query=True, resource="bank_ref"):
    """The client's accounts, masked."""

    client_id: UUID


class RecordConsent(Request[Consent], permission="clients:consent:write"):
    """Write a decision into the ledger; a withdrawal is always accepted."""

    client_id: UUID
    purpose: ConsentPurpose
    decision: ConsentDecision
    legal_basis: LegalBasis = LegalBasis.CONSENT
    decided_at: Instant | None = None
    expires_at: Instant | None = None
    channel_of_collection: ConsentChannel
    text_version: Annotated[str, Field(max_length=40)] | None = None
    proof_document_id: UUID | None = None


class GetConsentMatrix(Request[ConsentMatrix], query=True, permission="clients:consent:read"):
    """What the client agrees to now."""

    client_id: UUID


class ConsentPage(Page[Consent]):
    """Decisions, newest first."""


class ListConsents(PageRequest, Request[ConsentPage], query=True, permission="clients:consent:read"):
    """The ledger of a client, with those of the records merged into him."""

    client_id: UUID
