"""logistics: letters on paper, from the order to the proof of delivery, and their legal dates."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from messages.base import Idempotency, Reply, Request
from messages.paging import Page, PageRequest
from messages.shared import LetterKind, Party
from messages.values.addresses import Address
from messages.values.instants import Instant
from messages.values.text import Label, Line


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
    """Where a letter stands. POSTED means handed to the post; only a registered letter is ever DELIVERED."""

    DRAFT = "DRAFT"
    WAITING_DOCUMENT = "WAITING_DOCUMENT"
    SUBMITTING = "SUBMITTING"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    IN_PRODUCTION = "IN_PRODUCTION"
    POSTED = "POSTED"
    IN_DELIVERY = "IN_DELIVERY"
    FIRST_PRESENTED = "FIRST_PRESENTED"
    AWAITING_PICKUP = "AWAITING_PICKUP"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    RETURNED = "RETURNED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class NoticeStatus(StrEnum):
    """How far the legal notice has come."""

    DEPOSITED = "DEPOSITED"
    PRESENTED = "PRESENTED"
    DELIVERED = "DELIVERED"
    UNCLAIMED = "UNCLAIMED"
    REFUSED = "REFUSED"
    RETURNED_UNKNOWN = "RETURNED_UNKNOWN"


class UndeliveredReason(StrEnum):
    """Why the post could not hand it over. UNCLAIMED and REFUSED count as notified, the others do not."""

    UNCLAIMED = "UNCLAIMED"
    REFUSED = "REFUSED"
    BAD_ADDRESS = "BAD_ADDRESS"
    UNKNOWN_AT_ADDRESS = "UNKNOWN_AT_ADDRESS"
    OTHER = "OTHER"


class ProofKind(StrEnum):
    """What proves a step of a registered letter."""

    DEPOSIT = "DEPOSIT"
    CONTENT = "CONTENT"
    DELIVERY = "DELIVERY"
    UNDELIVERED = "UNDELIVERED"


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
    registered_number: str | None = Field(description="the post's number of a registered letter")
    first_presented_at: Instant | None
    delivered_at: Instant | None
    returned_at: Instant | None
    undelivered_reason: UndeliveredReason | None
    effective_notice_date: date | None = Field(
        description="the day the recipient counts as notified: delivery, or first presentation when refused or unclaimed"
    )
    estimated_delivery_on: date | None
    last_error_code: str | None
    last_error_text: str | None
    created_at: Instant
    version: int


class LetterPage(Page[Letter]):
    """Letters, newest first."""


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


class LetterProof(Reply):
    """A proof stored with documents."""

    letter_id: UUID
    kind: ProofKind
    document_id: UUID
    proof_date: date


class GetLetterProof(Request[LetterProof], query=True, permission="logistics:letter:read"):
    """Where the proof of a step is stored; refused with PROOF_NOT_YET until the provider gave it."""

    letter_id: UUID
    kind: ProofKind


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
