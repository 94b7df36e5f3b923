"""logistics: letters on paper, from the order to the post, and their legal dates."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from messages.base import Event, Idempotency, Reply, Request
from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.shared import LetterKind, Party
from messages.values.addresses import Address
from messages.values.instants import Instant
from messages.values.text import Label, Line

LETTER_NOT_FOUND = NOT_FOUND.specific("LETTER_NOT_FOUND", "Courrier introuvable", "Letter not found")
ADDRESS_INVALID = VALIDATION_FAILED.specific("ADDRESS_INVALID", "Adresse postale incorrecte", "Postal address invalid")
ADDRESS_LINE_TOO_LONG = VALIDATION_FAILED.specific(
    "ADDRESS_LINE_TOO_LONG", "Ligne d'adresse trop longue", "Address line too long"
)
POSTAGE_NOT_ALLOWED = VALIDATION_FAILED.specific(
    "POSTAGE_NOT_ALLOWED", "Affranchissement impossible", "Postage not allowed"
)
COUNTRY_NOT_ALLOWED = VALIDATION_FAILED.specific("COUNTRY_NOT_ALLOWED", "Pays non desservi", "Country not served")
TOO_MANY_SHEETS = BUSINESS_RULE_VIOLATION.specific("TOO_MANY_SHEETS", "Trop de feuilles", "Too many sheets")
NO_CARRIER_ACCOUNT = PRECONDITION_FAILED.specific(
    "NO_CARRIER_ACCOUNT", "Aucun compte de transporteur", "No carrier account"
)
CARRIER_ACCOUNT_EXISTS = ALREADY_EXISTS.specific(
    "CARRIER_ACCOUNT_EXISTS", "Compte de transporteur déjà enregistré", "Carrier account exists already"
)
ALREADY_SUBMITTED = PRECONDITION_FAILED.specific(
    "ALREADY_SUBMITTED", "Courrier déjà déposé", "Letter already submitted"
)
DOCUMENT_NOT_AVAILABLE = PRECONDITION_FAILED.specific(
    "DOCUMENT_NOT_AVAILABLE", "Document indisponible", "Document not available"
)


class LetterPurpose(StrEnum):
    """Why a letter is written."""

    DUNNING = "DUNNING"
    FORMAL_NOTICE = "FORMAL_NOTICE"
    TERMINATION = "TERMINATION"
    RENEWAL_NOTICE = "RENEWAL_NOTICE"
    INVOICE = "INVOICE"
    CONTRACT = "CONTRACT"
    OTHER = "OTHER"


class LetterStatus(StrEnum):
    """Where a letter stands. POSTED means handed to the post, never delivered."""

    DRAFT = "DRAFT"
    WAITING_DOCUMENT = "WAITING_DOCUMENT"
    SUBMITTING = "SUBMITTING"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    IN_PRODUCTION = "IN_PRODUCTION"
    POSTED = "POSTED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class NoticeStatus(StrEnum):
    """How far the legal notice has come."""

    DEPOSITED = "DEPOSITED"


class Postage(StrEnum):
    """How fast it travels."""

    URGENT = "URGENT"
    FAST = "FAST"
    ECONOMIC = "ECONOMIC"


class Envelope(StrEnum):
    """DL takes five sheets, C4 more."""

    DL = "DL"
    C4 = "C4"


class AddressCheck(StrEnum):
    """What the rules say of an address."""

    VALID = "VALID"
    CORRECTED = "CORRECTED"
    INVALID = "INVALID"


class PostalLines(Reply):
    """The six lines of a French envelope (AFNOR NF Z10-011), at most 38 characters each, and the country."""

    line1: str = ""
    line2: str = ""
    line3: str = ""
    line4: str = ""
    line5: str = ""
    line6: str
    country_code: str


class Letter(Reply):
    """A letter to one recipient."""

    id: UUID
    number: str
    kind: LetterKind
    purpose: LetterPurpose
    status: LetterStatus
    company_id: UUID
    client_id: UUID | None
    contract_id: UUID | None
    invoice_id: UUID | None
    request_id: UUID | None
    document_id: UUID | None
    recipient: PostalLines
    sender: PostalLines | None
    postage: Postage
    colour: bool
    duplex: bool
    pages: int | None
    sheets: int | None
    envelope: Envelope | None
    provider_sending_id: str | None
    submitted_at: Instant | None
    accepted_at: Instant | None
    posted_at: Instant | None
    estimated_delivery_on: date | None
    last_error_code: str | None
    last_error_text: str | None
    created_at: Instant
    version: int


class LetterPage(Page[Letter]):
    """Letters, newest first."""


class CarrierAccount(Reply):
    """An account at the provider; its password goes in and never comes out."""

    id: UUID
    name: str
    base_url: str
    username: str
    has_password: bool
    is_default: bool
    active: bool
    created_at: Instant
    version: int


class CarrierAccountPage(Page[CarrierAccount]):
    """Carrier accounts by creation."""


class AddressValidation(Reply):
    """The six lines of an address, and what had to be changed for them."""

    status: AddressCheck
    lines: PostalLines | None
    problems: tuple[str, ...] = ()


class CreateLetter(Request[Letter], idempotency=Idempotency.REQUIRED):
    """Write a letter around a stored PDF. With `submit` it goes to the provider as soon as the document is readable."""

    kind: LetterKind = LetterKind.SIMPLE
    purpose: LetterPurpose = LetterPurpose.OTHER
    company_id: UUID = Field(description="the sender")
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    recipient: Party
    document_id: UUID
    postage: Postage | None = None
    colour: bool = False
    duplex: bool = True
    submit: bool = False


class GetLetter(Request[Letter], query=True):
    """One letter."""

    letter_id: UUID


class ListLetters(PageRequest, Request[LetterPage], query=True, resource="letter"):
    """Letters, newest first."""

    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    kind: LetterKind | None = None
    purpose: LetterPurpose | None = None
    status: tuple[LetterStatus, ...] = ()


class SubmitLetter(Request[Letter], idempotency=Idempotency.REQUIRED):
    """Hand a draft to the provider. What is submitted there can no longer be cancelled."""

    letter_id: UUID


class CancelLetter(Request[Letter]):
    """Stop a letter before it is submitted at the provider."""

    letter_id: UUID
    reason: Label


class RetryLetter(Request[Letter], idempotency=Idempotency.REQUIRED):
    """Submit a failed or rejected letter again, as a new sending."""

    letter_id: UUID


class ValidateAddress(Request[AddressValidation], query=True, permission="logistics:letter:read"):
    """What an address looks like on an envelope."""

    company: Line | None = None
    person: Line | None = None
    address: Address


class CreateCarrierAccount(Request[CarrierAccount]):
    """Record an account at the postal provider; the first one becomes the default."""

    name: Label
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", max_length=200)]
    username: Line
    password: str = Field(min_length=1, max_length=500, repr=False)


class ListCarrierAccounts(PageRequest, Request[CarrierAccountPage], query=True, resource="carrier_account"):
    """The accounts of the organisation, without their passwords."""


class LetterRef(Reply):
    """What every fact about a letter says of it."""

    letter_id: UUID
    number: str
    kind: LetterKind
    purpose: LetterPurpose
    company_id: UUID
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    action_id: UUID | None = None
    notice_id: UUID | None = None
    reminder_id: UUID | None = None
    request_id: UUID | None = None
    tracking_number: str | None = None
    notice_status: NoticeStatus | None = None
    effective_notice_date: date | None = None


class LetterCreated(LetterRef, Event, aggregate="letter"):
    """A letter is written."""


class LetterSubmitted(LetterRef, Event, aggregate="letter"):
    """The provider has the order; nothing stops it any more."""


class LetterAccepted(LetterRef, Event, aggregate="letter"):
    """The provider will print it."""


class LetterPosted(LetterRef, Event, aggregate="letter"):
    """Handed to the post: the deposit date of the sender, not a delivery."""

    posted_at: Instant


class LetterCancelled(LetterRef, Event, aggregate="letter"):
    """It will not be sent."""

    reason: str


class LetterFailed(LetterRef, Event, aggregate="letter"):
    """Our side gave up."""

    reason: str


class LetterRejected(LetterRef, Event, aggregate="letter"):
    """The provider refused it."""

    reason: str


class LetterStatusChanged(LetterRef, Event, aggregate="letter"):
    """Every step, for timelines."""

    # `from` is a word of Python: the wire keeps it, the code says from_status.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    from_status: LetterStatus = Field(alias="from")
    to_status: LetterStatus = Field(alias="to")
    reason: str | None = None
    occurred_at: Instant
