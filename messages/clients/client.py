"""clients, the client: who he is, how he is reached, and the requests about him."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Message, Part, Reply, Request
from messages.clients.duplicates import DuplicateMatch
from messages.clients.vocabulary import (
    AddressUsage,
    BlockedScope,
    BounceKind,
    ClientKind,
    ClientSource,
    ClientType,
    ConsentChannel,
    ConsentDecision,
    ConsentPurpose,
    ContactKind,
    ContactLabel,
    InsolvencyKind,
    KycStatus,
    LegalBasis,
    LegalProtection,
    OnDuplicate,
    RecordState,
    StatusCategory,
    StatusMode,
    Title,
    ValidationStatus,
    VatStatus,
)
from messages.registry import ACTORS
from messages.values.addresses import Address, CountryCode, PostalCode, check_postal_code
from messages.values.companies import Siren, Siret, VatNumber, vat_number_matches_siren
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line

EnvelopeLine = Annotated[str, Field(max_length=38)]
"""A line of an envelope holds 38 characters (AFNOR NF Z10-011)."""
Language = Annotated[str, Field(pattern="^[a-z]{2}$")]
Tag = Annotated[str, Field(pattern="^[a-z0-9_-]{1,40}$", examples=["vip"])]
CustomValue = str | bool | int | date
CustomFields = Annotated[dict[Annotated[str, Field(min_length=1, max_length=40)], CustomValue], Field(max_length=50)]


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
        siren = self.siren or (self.siret[:9] if self.siret else None)
        if self.vat_number and siren and not vat_number_matches_siren(self.vat_number, siren):
            raise refusal("VAT_SIREN_MISMATCH", "the VAT number is another company's; correct it or the SIREN")
        return self


class AddressDraft(Part):
    """An address as typed; lines are those of a French envelope."""

    usage: frozenset[AddressUsage] = frozenset({AddressUsage.HOME})
    recipient_line: EnvelopeLine | None = None
    delivery_point: EnvelopeLine | None = None
    building: EnvelopeLine | None = None
    line1: Line
    line2: Line | None = None
    postal_code: PostalCode
    city: Label
    country: CountryCode = "FR"
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _postal_code_fits_country(self) -> "AddressDraft":
        check_postal_code(self.country, self.postal_code)
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refusal("DATES_INVERTED", "valid_to lies before valid_from; correct one of them")
        return self


class ContactPoint(Reply):
    """An e-mail address or phone number of a client."""

    id: UUID
    kind: ContactKind
    value: str
    is_primary: bool
    label: ContactLabel = ContactLabel.OTHER
    bounced_at: Instant | None = None
    bounce_kind: BounceKind | None = None


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
    delivery_point: str | None = None
    building: str | None = None
    is_default_for: tuple[AddressUsage, ...] = ()
    validation_status: ValidationStatus = ValidationStatus.NOT_VALIDATED
    valid_from: date | None = None
    valid_to: date | None = None


class ClientFlags(Reply):
    """What forbids or limits dealing with the client."""

    do_not_contact: bool = False
    blocked_scope: str | None = None
    deceased: bool = False
    legal_protection: str | None = None
    in_insolvency: bool = False


class PreferenceRef(Message):
    """A billing preference that a client has of his own; the others follow the organisation's default."""

    id: UUID
    code: str
    channel: str | None = None
    issuer: str | None = None
    scope: str | None = None


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
    vat_verified: bool = False
    vat_status: VatStatus
    billing_address: Address | None = None
    shipping_address: Address | None = None
    holiday_zone: str | None = None
    default_payment_term: PreferenceRef | None = None
    invoice_issue_mode: PreferenceRef | None = None
    billing_mode: PreferenceRef | None = None
    einvoice_scheme: str | None = None
    einvoice_address: str | None = None
    buyer_reference: str | None = None
    purchase_order_required: bool = False
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
    status_mode: StatusMode = StatusMode.AUTO
    manual_until: date | None = None
    default_payment_term_id: UUID | None = None
    default_billing_period_id: UUID | None = None
    billing_mode_id: UUID | None = None
    invoice_issue_mode_id: UUID | None = None
    buyer_reference: str | None = None
    purchase_order_required: bool = False
    einvoice_scheme: str | None = None
    einvoice_address: str | None = None
    first_contact_at: Instant | None = None
    last_contact_at: Instant | None = None
    last_inbound_contact_at: Instant | None = None
    deceased_on: date | None = None
    legal_protection: LegalProtection | None = None
    blocked_scope: BlockedScope | None = None
    blocked_until: date | None = None
    blocked_reason: str | None = None
    in_insolvency: bool = False
    insolvency_kind: InsolvencyKind | None = None
    insolvency_opened_on: date | None = None
    kyc_status: KycStatus = KycStatus.NOT_STARTED
    kyc_verified_at: Instant | None = None
    kyc_expires_on: date | None = None
    tags: tuple[str, ...] = ()
    custom: dict[str, CustomValue] = Field(default_factory=dict)
    merged_into_id: UUID | None = None
    redirected_from: UUID | None = Field(default=None, description="the merged record that was asked for")
    duplicates: tuple[DuplicateMatch, ...] = Field(default=(), description="on creation: who is probably the same")


class FirstConsent(Part):
    """A decision the client makes as he is recorded; it becomes the first line of his ledger."""

    purpose: ConsentPurpose
    decision: ConsentDecision
    legal_basis: LegalBasis = LegalBasis.CONSENT
    decided_at: Instant | None = None
    expires_at: Instant | None = None
    channel_of_collection: ConsentChannel
    text_version: Annotated[str, Field(max_length=40)] | None = None
    proof_document_id: UUID | None = None


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
    on_duplicate: OnDuplicate | None = Field(default=None, description="left out: as the settings say")
    consents: Annotated[tuple[FirstConsent, ...], Field(max_length=10)] = ()
    default_payment_term_id: UUID | None = None
    default_billing_period_id: UUID | None = None
    billing_mode_id: UUID | None = None
    invoice_issue_mode_id: UUID | None = None
    buyer_reference: Label | None = None
    purchase_order_required: bool = False
    einvoice_scheme: Annotated[str, Field(pattern="^[0-9]{4}$")] | None = None
    einvoice_address: Label | None = None

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


class UpdateClient(Request[Client]):
    """Correct a client; a field left out stays as it is, null clears it.

    A person becomes a business (with `business`), or the other way round, only while he has no contract.
    """

    client_id: UUID
    expected_version: int
    type: ClientType | None = None
    title: Title | None = None
    given_name: Label | None = None
    family_name: Label | None = None
    birth_date: date | None = None
    business: BusinessProfile | None = None
    language: Language = "fr"
    company_id: UUID | None = None
    owner_user_id: UUID | None = None
    sales_rep_id: UUID | None = None
    vat_status: VatStatus | None = None
    do_not_contact: bool = False
    default_payment_term_id: UUID | None = None
    default_billing_period_id: UUID | None = None
    billing_mode_id: UUID | None = None
    invoice_issue_mode_id: UUID | None = None
    buyer_reference: Label | None = None
    purchase_order_required: bool = False
    einvoice_scheme: Annotated[str, Field(pattern="^[0-9]{4}$")] | None = None
    einvoice_address: Label | None = None
    tags: Annotated[frozenset[Tag], Field(max_length=30)] = frozenset()
    custom: CustomFields = Field(default_factory=dict)

    @model_validator(mode="after")
    def _what_must_stay_filled(self) -> "UpdateClient":
        for name in ("type", "company_id", "vat_status"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise refusal("REQUIRED", f"{name} cannot be empty; give a value or leave it out")
        if self.business is not None and self.type in (None, ClientType.INDIVIDUAL):
            raise refusal(
                "BUSINESS_NOT_ALLOWED", "business goes with a change of type; use update_business_profile otherwise"
            )
        return self


class UpdateBusinessProfile(Request[Client], permission="clients:client:write"):
    """Correct the legal entity of a client that is not a person; a field left out stays, null clears it."""

    client_id: UUID
    expected_version: int
    legal_name: Line | None = None
    trade_name: Line | None = None
    siren: Siren | None = None
    siret: Siret | None = None
    vat_number: VatNumber | None = None
    registration_pending: bool = Field(default=False, description="the company has no SIREN yet")


class AssignOwner(Request[Client], permission="clients:client:write"):
    """Give a client to an account manager, or to nobody."""

    client_id: UUID
    owner_user_id: UUID | None


class ArchiveClient(Request[Client]):
    """Take a client out of daily lists; refused while contracts live."""

    client_id: UUID
    reason: Label


class RestoreClient(Request[Client], permission="clients:client:write"):
    """Bring an archived client back."""

    client_id: UUID
    reason: Label
