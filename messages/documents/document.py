"""A document: what is known of a file, how it is found, changed, linked and thrown away."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.documents.vocabulary import (
    Confidentiality,
    DocumentOrigin,
    DocumentState,
    DocumentType,
    LinkRole,
    ScanStatus,
    SubjectType,
)
from messages.paging import Page, PageRequest
from messages.registry import ACTORS
from messages.shared import Ref
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line


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


class DocumentIdentity(Reply):
    """Which document, and what it is."""

    document_id: UUID
    type: DocumentType


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
    delete_after: date | None = None
    tags: tuple[str, ...]
    metadata: dict[str, str]
    source_key: str | None
    trashed_at: Instant | None = None
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


class GetDocument(
    Request[Document], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "documents")
):
    """One document without its bytes; also answers an actor that met an unknown id."""

    document_id: UUID


class ListDocuments(PageRequest, Request[DocumentPage], query=True, resource="document"):
    """The documents of a subject, a client, a contract or of certain types, newest first.

    `filename` is a part of the name, upper and lower case alike; the trash is shown only on demand.
    """

    subject_type: SubjectType | None = None
    subject_id: UUID | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    type: Annotated[tuple[DocumentType, ...], Field(max_length=len(DocumentType))] = ()
    state: DocumentState | None = None
    mime: Annotated[str, Field(max_length=200)] | None = None
    created_from: Instant | None = None
    created_before: Instant | None = None
    filename: Annotated[str, Field(min_length=2, max_length=180)] | None = None
    include_trashed: bool = False

    @model_validator(mode="after")
    def _subject_is_whole(self) -> "ListDocuments":
        if (self.subject_type is None) != (self.subject_id is None):
            raise refusal("SUBJECT_INCOMPLETE", "give subject_type and subject_id together, or neither")
        return self


class UpdateDocument(Request[Document], permission="documents:document:write"):
    """Correct what is said of a file; the extension stays, and of a final document only tags and metadata change."""

    document_id: UUID
    expected_version: int | None = None
    title: Label | None = None
    filename: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    tags: Annotated[tuple[Code, ...], Field(max_length=20)] | None = None
    metadata: Annotated[dict[str, Line], Field(max_length=50)] | None = None
    expires_on: date | None = None
    business_date: date | None = None
    confidentiality: Confidentiality | None = None


class LinkDocument(Request[Document], permission="documents:document:write"):
    """Link a document to one more subject; linking twice changes nothing."""

    document_id: UUID
    subject_type: SubjectType
    subject_id: UUID
    role: LinkRole = LinkRole.ATTACHMENT


class TrashDocument(Request[Document], permission="documents:document:delete"):
    """Take a document out of sight; it can be restored for 30 days, unless the law or a
    legal hold wants it kept: RETENTION_LOCKED, LEGAL_HOLD."""

    document_id: UUID
    reason: Line


class RestoreDocument(Request[Document], permission="documents:document:delete"):
    """Bring a document back from the trash, within 30 days."""

    document_id: UUID


class PurgeDocument(Request[Document], permission="documents:document:purge"):
    """Give up the bytes of a document in the trash for ever; what it was stays known."""

    document_id: UUID
    reason: Line
