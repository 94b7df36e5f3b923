"""documents: every file of the CRM, checked, stored once per tenant, linked and kept as long as the law says."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.errors import ALREADY_EXISTS, BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.registry import ACTORS
from messages.shared import Ref
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line

DOCUMENT_NOT_FOUND = NOT_FOUND.specific("DOCUMENT_NOT_FOUND", "Document introuvable", "Document not found")
DOCUMENT_EXISTS = ALREADY_EXISTS.specific(
    "DOCUMENT_EXISTS", "Clé déjà utilisée par un autre contenu", "Key already used by other content"
)
FINAL_DOCUMENT = BUSINESS_RULE_VIOLATION.specific("FINAL_DOCUMENT", "Document définitif", "Document is final")
PAYLOAD_TOO_LARGE = VALIDATION_FAILED.specific(
    "PAYLOAD_TOO_LARGE", "Contenu trop volumineux pour un message", "Content too large for one message"
)
TYPE_SIZE_LIMIT = VALIDATION_FAILED.specific("TYPE_SIZE_LIMIT", "Fichier trop volumineux", "File too large")
EMPTY_FILE = VALIDATION_FAILED.specific("EMPTY_FILE", "Fichier vide", "Empty file")
HASH_MISMATCH = VALIDATION_FAILED.specific("HASH_MISMATCH", "Empreinte différente", "Hash differs")
MIME_NOT_ALLOWED = VALIDATION_FAILED.specific("MIME_NOT_ALLOWED", "Type de fichier refusé", "File type refused")
MIME_MISMATCH = VALIDATION_FAILED.specific(
    "MIME_MISMATCH", "Type déclaré différent du contenu", "Declared type differs from the content"
)
ACTIVE_CONTENT = VALIDATION_FAILED.specific("ACTIVE_CONTENT", "Contenu actif refusé", "Active content refused")
NOT_CLEAN = PRECONDITION_FAILED.specific("NOT_CLEAN", "Fichier non vérifié ou infecté", "File not verified or infected")

INLINE_LIMIT = 256 * 1024
"""Bytes that one message may carry, before base64."""


class DocumentType(StrEnum):
    """What a file is; it decides formats, size, finality and retention."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    QUOTE = "QUOTE"
    CONTRACT = "CONTRACT"
    CONTRACT_SIGNED = "CONTRACT_SIGNED"
    MANDATE = "MANDATE"
    BANK_DETAILS = "BANK_DETAILS"
    ID_DOCUMENT = "ID_DOCUMENT"
    COMPANY_EXTRACT = "COMPANY_EXTRACT"
    LETTER = "LETTER"
    DUNNING_LETTER = "DUNNING_LETTER"
    DEPOSIT_PROOF = "DEPOSIT_PROOF"
    CONTENT_PROOF = "CONTENT_PROOF"
    DELIVERY_PROOF = "DELIVERY_PROOF"
    UNDELIVERED_SCAN = "UNDELIVERED_SCAN"
    SHIPPING_LABEL = "SHIPPING_LABEL"
    COMMISSION_STATEMENT = "COMMISSION_STATEMENT"
    EMAIL_ATTACHMENT = "EMAIL_ATTACHMENT"
    IMPORT_FILE = "IMPORT_FILE"
    REPORT_EXPORT = "REPORT_EXPORT"
    OTHER = "OTHER"


class DocumentState(StrEnum):
    """Where a document is on its way to readers."""

    QUARANTINED = "QUARANTINED"
    AVAILABLE = "AVAILABLE"
    REJECTED = "REJECTED"


class ScanStatus(StrEnum):
    """What the scanner said of the bytes."""

    PENDING = "PENDING"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"


class DocumentOrigin(StrEnum):
    """How the file came in."""

    USER = "USER"
    SYSTEM = "SYSTEM"
    EMAIL = "EMAIL"
    IMPORT = "IMPORT"
    POSTAL = "POSTAL"
    PORTAL = "PORTAL"


class Confidentiality(StrEnum):
    """Who may read the file beside those with the permission."""

    INTERNAL = "INTERNAL"
    RESTRICTED = "RESTRICTED"
    PERSONAL = "PERSONAL"
    CLIENT_VISIBLE = "CLIENT_VISIBLE"


class SubjectType(StrEnum):
    """What a document can be linked to."""

    CLIENT = "CLIENT"
    CONTRACT = "CONTRACT"
    QUOTE = "QUOTE"
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    MANDATE = "MANDATE"
    PAYMENT = "PAYMENT"
    COMMISSION_STATEMENT = "COMMISSION_STATEMENT"
    TASK = "TASK"
    ACTIVITY = "ACTIVITY"
    EMAIL = "EMAIL"
    LETTER = "LETTER"
    SHIPMENT = "SHIPMENT"
    PRODUCT = "PRODUCT"
    COMPANY = "COMPANY"
    USER = "USER"
    IMPORT = "IMPORT"


class LinkRole(StrEnum):
    """What the document is to its subject."""

    MAIN = "MAIN"
    ATTACHMENT = "ATTACHMENT"
    PROOF = "PROOF"
    SOURCE = "SOURCE"


# -- parts and replies -------------------------------------------------------------------------------------------


class DocumentLinkDraft(Part):
    """A subject to link a document to."""

    subject_type: SubjectType
    subject_id: UUID
    role: LinkRole = LinkRole.MAIN


class DocumentLink(Reply):
    """A subject the document belongs to."""

    subject_type: SubjectType
    subject_id: UUID
    role: LinkRole


class DocumentRef(Reply):
    """What other actors need to know of a document; the bytes are fetched by id."""

    document_id: UUID
    version: int
    type: DocumentType
    purpose: str | None = None
    reference: Ref | None = None
    filename: str
    mime: str
    size: int
    sha256: str
    client_id: UUID | None = None
    contract_id: UUID | None = None
    company_id: UUID | None = None
    links: tuple[Ref, ...] = ()
    origin: DocumentOrigin
    source_key: str | None = None


class Document(Reply):
    """A document in full. `number` counts its contents, `version` its changes."""

    id: UUID
    type: DocumentType
    purpose: str | None
    reference: Ref | None
    title: str
    filename: str
    mime: str
    size: int
    sha256: str
    number: int
    state: DocumentState
    scan_status: ScanStatus
    final: bool
    origin: DocumentOrigin
    confidentiality: Confidentiality
    client_id: UUID | None
    contract_id: UUID | None
    company_id: UUID | None
    business_date: date | None
    expires_on: date | None
    retain_until: date | None
    tags: tuple[str, ...]
    metadata: dict[str, str]
    source_key: str | None
    links: tuple[DocumentLink, ...]
    created_at: Instant
    version: int


class DocumentSummary(Reply):
    """A document in a list."""

    id: UUID
    type: DocumentType
    title: str
    filename: str
    mime: str
    size: int
    sha256: str
    state: DocumentState
    client_id: UUID | None
    contract_id: UUID | None
    business_date: date | None
    created_at: Instant


class DocumentPage(Page[DocumentSummary]):
    """Documents, newest first."""


class StoredDocument(Reply):
    """What became of the bytes. `deduplicated`: the tenant held the same bytes already."""

    document: Document
    version: int
    deduplicated: bool


class Content(Reply):
    """A document's bytes in one message."""

    content_base64: str
    mime: str
    sha256: str
    filename: str


class ContentPart(Reply):
    """A part of a document's bytes; `next_offset` is null on the last one. `sha256` and `size` are of the whole."""

    content_base64: str
    offset: int
    next_offset: int | None
    size: int
    sha256: str
    mime: str
    filename: str


# -- requests ----------------------------------------------------------------------------------------------------

_STORING_ACTORS = (
    "contrats", "factures", "payments", "commercial", "calendar", "clients", "products", "identity", "engagement", "logistics",
)  # fmt: skip


class StoreDocument(Request[StoredDocument], internal_callers=_STORING_ACTORS, timeout_seconds=10.0):
    """Store a file of at most 256 KiB; with a source_key the same order again finds the same document."""

    type: DocumentType
    filename: Annotated[str, Field(min_length=1, max_length=500)]
    content_base64: Annotated[str, Field(max_length=4 * INLINE_LIMIT // 3 + 8)]
    expected_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    declared_mime: Annotated[str, Field(max_length=200)] | None = None
    title: Label | None = None
    purpose: Annotated[str, Field(max_length=40)] | None = None
    reference: Ref | None = None
    origin: DocumentOrigin = DocumentOrigin.USER
    links: Annotated[tuple[DocumentLinkDraft, ...], Field(max_length=50)] = ()
    client_id: UUID | None = None
    contract_id: UUID | None = None
    company_id: UUID | None = None
    business_date: date | None = None
    expires_on: date | None = None
    tags: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    metadata: Annotated[dict[str, Line], Field(max_length=50)] = Field(default_factory=dict)
    source_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    final: bool | None = None
    confidentiality: Confidentiality | None = None


class GetDocument(
    Request[Document], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "documents")
):
    """One document without its bytes; also answers an actor that met an unknown id."""

    document_id: UUID


class ListDocuments(PageRequest, Request[DocumentPage], query=True, resource="document"):
    """The documents of a subject, a client, a contract or of certain types."""

    subject_type: SubjectType | None = None
    subject_id: UUID | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    type: Annotated[tuple[DocumentType, ...], Field(max_length=len(DocumentType))] = ()
    state: DocumentState | None = None

    @model_validator(mode="after")
    def _subject_is_whole(self) -> "ListDocuments":
        if (self.subject_type is None) != (self.subject_id is None):
            raise refusal("SUBJECT_INCOMPLETE", "give subject_type and subject_id together, or neither")
        return self


class GetContent(Request[Content], query=True, resource="document", audited=True):
    """The bytes of a document of at most 256 KiB; larger ones are read in parts with OpenContent."""

    document_id: UUID


class OpenContent(
    Request[ContentPart],
    query=True,
    permission="documents:document:read",
    internal_callers=("calendar", "clients", "contrats", "engagement", "logistics"),
    audited=True,
    timeout_seconds=10.0,
):
    """The bytes of a document in parts of at most 256 KiB: begin at offset 0, go on with next_offset."""

    document_id: UUID
    purpose: Code
    offset: Annotated[int, Field(ge=0)] = 0


class LinkDocument(Request[Document], permission="documents:document:write"):
    """Link a document to one more subject; linking twice changes nothing."""

    document_id: UUID
    subject_type: SubjectType
    subject_id: UUID
    role: LinkRole = LinkRole.ATTACHMENT


# -- events ------------------------------------------------------------------------------------------------------


class DocumentStored(DocumentRef, Event, aggregate="document"):
    """A file passed the intake checks and waits for the scanner's word."""


class DocumentScanned(Event, aggregate="document"):
    """The scanner's final word."""

    document_id: UUID
    version: int
    status: ScanStatus
    signature: str | None = None


class DocumentAvailable(DocumentRef, Event, aggregate="document"):
    """A file may be read: scanned clean, or rendered here."""


class DocumentRejected(Event, aggregate="document"):
    """A file will never be readable."""

    document_id: UUID
    upload_id: UUID | None = None
    reason: str
    links: tuple[Ref, ...] = ()
    uploaded_by: UUID | None = None


class DocumentLinked(Event, aggregate="document"):
    """A document belongs to one more subject."""

    document_id: UUID
    link: Ref
    role: LinkRole


class DocumentGenerated(DocumentRef, Event, aggregate="document"):
    """A rendering that another actor ordered is done; the order's id is echoed."""

    job_id: UUID
    request_id: UUID | None = None
    notice_id: UUID | None = None
    reminder_id: UUID | None = None
    mandate_id: UUID | None = None
    page_count: int
