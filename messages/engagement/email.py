"""Outgoing mail: what was sent to whom about what, and how it ended."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Idempotency, Part, Reply, Request
from messages.errors import (
    BUSINESS_RULE_VIOLATION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)
from messages.paging import Page, PageRequest
from messages.shared import Ref
from messages.values.contact import EmailAddress
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line

EMAIL_NOT_FOUND = NOT_FOUND.specific("EMAIL_NOT_FOUND", "E-mail introuvable", "E-mail not found")
SUPPRESSION_NOT_FOUND = NOT_FOUND.specific(
    "SUPPRESSION_NOT_FOUND", "Adresse non bloquée", "Suppression entry not found"
)
TEMPLATE_NOT_FOUND = NOT_FOUND.specific("TEMPLATE_NOT_FOUND", "Modèle introuvable", "Template not found")
TEMPLATE_VARIABLES_INVALID = VALIDATION_FAILED.specific(
    "TEMPLATE_VARIABLES_INVALID", "Variables du modèle incorrectes", "Template variables invalid"
)
ALL_SUPPRESSED = BUSINESS_RULE_VIOLATION.specific(
    "ALL_SUPPRESSED", "Tous les destinataires sont bloqués", "All recipients are suppressed"
)
ATTACHMENT_NOT_CLEAN = PRECONDITION_FAILED.specific(
    "ATTACHMENT_NOT_CLEAN", "Pièce jointe indisponible", "Attachment not available"
)


class EmailCategory(StrEnum):
    """What a mail is for; it decides which blocked addresses it may still reach, and how often it may be tried."""

    TRANSACTIONAL = "TRANSACTIONAL"
    DUNNING = "DUNNING"
    LEGAL = "LEGAL"
    INTERNAL = "INTERNAL"


class EmailStatus(StrEnum):
    """Where a mail stands. UNCERTAIN: the connection broke when the relay may already have taken it."""

    SCHEDULED = "SCHEDULED"
    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNCERTAIN = "UNCERTAIN"
    PARTIALLY_SENT = "PARTIALLY_SENT"
    SENT = "SENT"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SUPPRESSED = "SUPPRESSED"


class RecipientKind(StrEnum):
    """How a recipient is named in the mail."""

    TO = "TO"
    CC = "CC"
    BCC = "BCC"


class RecipientStatus(StrEnum):
    """How the mail ended for one recipient."""

    PENDING = "PENDING"
    SUPPRESSED = "SUPPRESSED"
    DEFERRED = "DEFERRED"
    SENT = "SENT"
    BOUNCED = "BOUNCED"
    FAILED = "FAILED"


class BounceType(StrEnum):
    """Why a mailbox refused: it does not exist, it is full, or the mail breaks its policy."""

    HARD = "HARD"
    SOFT = "SOFT"
    POLICY = "POLICY"


class SuppressionReason(StrEnum):
    """Why an address is not written to."""

    HARD_BOUNCE = "HARD_BOUNCE"
    SOFT_BOUNCE_LIMIT = "SOFT_BOUNCE_LIMIT"
    ERASURE = "ERASURE"


class Recipient(Reply):
    """One recipient and how it ended."""

    kind: RecipientKind
    address: str
    status: RecipientStatus
    bounce_type: BounceType | None = None
    smtp_code: int | None = None
    diagnostic: str | None = None


class AttachedDocument(Reply):
    """A document of `documents` that goes with the mail."""

    document_id: UUID
    filename: str


class Email(Reply):
    """A mail in full, as it left or will leave."""

    id: UUID
    status: EmailStatus
    category: EmailCategory
    purpose: str
    subject: str
    html: str | None
    text: str
    mailbox_id: UUID | None
    company_id: UUID | None
    client_id: UUID | None
    reference: Ref | None
    recipients: tuple[Recipient, ...]
    attachments: tuple[AttachedDocument, ...]
    rfc_message_id: str
    at_most_once: bool
    attempts: int
    last_error_code: str | None
    last_error_text: str | None
    scheduled_at: Instant | None
    next_attempt_at: Instant | None
    sent_at: Instant | None
    created_at: Instant
    version: int


class EmailSummary(Reply):
    """A mail in a list."""

    id: UUID
    status: EmailStatus
    category: EmailCategory
    purpose: str
    subject: str
    client_id: UUID | None
    reference: Ref | None
    recipients: tuple[Recipient, ...]
    attempts: int
    last_error_code: str | None
    sent_at: Instant | None
    created_at: Instant


class EmailPage(Page[EmailSummary]):
    """Mails, newest first."""


class EmailQueued(Reply):
    """The mail is stored and leaves by itself."""

    email_id: UUID
    status: EmailStatus
    recipients: tuple[Recipient, ...]


class Suppression(Reply):
    """An address that is not written to."""

    id: UUID
    address: str
    reason: SuppressionReason
    expires_at: Instant | None
    created_at: Instant


class SuppressionPage(Page[Suppression]):
    """Blocked addresses, newest first."""


class AttachmentDraft(Part):
    """A stored document to attach; without filename its own."""

    document_id: UUID
    filename: Annotated[str, Field(pattern=r'^[^\\/:*?"<>|\x00-\x1f]{1,150}$')] | None = None


Addresses = Annotated[tuple[EmailAddress, ...], Field(max_length=50)]


class _Envelope(Part):
    to: Addresses = ()
    cc: Addresses = ()
    bcc: Addresses = ()
    mailbox_id: UUID | None = Field(default=None, description="left out: the default mailbox")
    reply_to: EmailAddress | None = None
    attachments: Annotated[tuple[AttachmentDraft, ...], Field(max_length=5)] = ()
    category: EmailCategory = EmailCategory.TRANSACTIONAL
    scheduled_at: Instant | None = None
    reference: Ref | None = None
    client_id: UUID | None = None
    company_id: UUID | None = None

    @model_validator(mode="after")
    def _has_recipients(self) -> "_Envelope":
        count = len(self.to) + len(self.cc) + len(self.bcc)
        if not 1 <= count <= 50:
            raise refusal("NO_RECIPIENT", "give 1 to 50 recipients in to, cc and bcc")
        return self


class _Writing(_Envelope):
    subject: Annotated[Line, Field(max_length=200, pattern=r"^[^\r\n]+$")]
    html: Annotated[str, Field(max_length=512 * 1024)] | None = None
    text: Annotated[str, Field(max_length=512 * 1024)] | None = None

    @model_validator(mode="after")
    def _has_a_body(self) -> "_Writing":
        if not (self.html or self.text):
            raise refusal("BODY_REQUIRED", "give html or text")
        return self


class SendEmail(_Writing, Request[EmailQueued], idempotency=Idempotency.REQUIRED, resource="email"):
    """Send a mail written by a person. It is stored, checked against blocked addresses and leaves by itself."""


class SendTemplatedEmail(_Envelope, Request[EmailQueued], idempotency=Idempotency.REQUIRED, resource="email"):
    """Send a mail made from a template; missing and unknown variables are refused."""

    template_key: Code
    locale: Annotated[str, Field(pattern="^[a-z]{2}(-[A-Z]{2})?$")] = "fr"
    variables: dict[str, str] = Field(default_factory=dict)


class CancelEmail(Request[Email], resource="email"):
    """Stop a mail that has not begun to leave."""

    email_id: UUID


class RetryEmail(Request[Email], resource="email"):
    """Try a failed mail, or one of unknown outcome, again; the Message-ID stays the same."""

    email_id: UUID


class GetOutboundEmail(Request[Email], query=True, resource="email"):
    """One mail with its recipients."""

    email_id: UUID


class ListOutboundEmails(PageRequest, Request[EmailPage], query=True, resource="email"):
    """Outgoing mails, newest first."""

    status: tuple[EmailStatus, ...] = ()
    client_id: UUID | None = None
    mailbox_id: UUID | None = None
    reference: Ref | None = None
    purpose: Code | None = None
    from_date: date | None = None
    to_date: date | None = None


class ListSuppressions(PageRequest, Request[SuppressionPage], query=True, resource="suppression"):
    """The addresses that are not written to."""

    address: EmailAddress | None = None


class RemoveSuppression(Request[Suppression], resource="suppression"):
    """Write to the address again."""

    suppression_id: UUID
    reason: Label


class EmailRef(Reply):
    """What a fact about a mail says of it: orderers find their own order by `reference` and `purpose` alone."""

    email_id: UUID
    reference: Ref | None = None
    purpose: str
    category: EmailCategory
    client_id: UUID | None = None


class HashedRecipient(Reply):
    """A recipient without his address."""

    address_hash: str
    status: RecipientStatus


class EmailSent(EmailRef, Event, aggregate="email"):
    """The relay accepted the mail for at least one recipient."""

    mailbox_id: UUID
    recipients: tuple[HashedRecipient, ...]
    sent_at: Instant
    rfc_message_id: str


class EmailBounced(EmailRef, Event, aggregate="email"):
    """A recipient's server refused for good."""

    address_hash: str
    bounce_type: BounceType
    enhanced_code: str | None = None
    at: Instant


class EmailFailed(EmailRef, Event, aggregate="email"):
    """The mail will not reach that recipient; whoever ordered it takes another way."""

    address_hash: str
    error_code: str
    at: Instant
