"""How bytes come in and go out: in one message, or in parts."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from messages.base import Empty, Reply, Request
from messages.documents.document import Document, DocumentLinkDraft
from messages.documents.vocabulary import (
    INLINE_LIMIT,
    Confidentiality,
    DocumentOrigin,
    DocumentType,
    UploadStatus,
)
from messages.shared import Ref
from messages.values.instants import Instant
from messages.values.text import Code, Label, Line

_STORING = (
    "contrats",
    "factures",
    "payments",
    "commercial",
    "calendar",
    "clients",
    "products",
    "identity",
    "engagement",
    "logistics",
)
_READING = ("calendar", "clients", "contrats", "engagement", "logistics")
_Base64 = Annotated[str, Field(max_length=4 * INLINE_LIMIT // 3 + 8)]
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


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


class Upload(Reply):
    """A file on its way in. `received` is where the next part begins; `part_bytes` is the most one part may carry."""

    upload_id: UUID
    status: UploadStatus
    received: int
    max_bytes: int
    part_bytes: int
    expires_at: Instant


class DocumentFacts(BaseModel):
    """What is said of a file when it is stored.

    `delete_after` is the last day of a file that is made for a while, such as an export: its bytes are given up the
    day after. It is refused for what the law wants kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    delete_after: date | None = None
    tags: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    metadata: Annotated[dict[str, Line], Field(max_length=50)] = Field(default_factory=dict)
    source_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    final: bool | None = None
    confidentiality: Confidentiality | None = None


class StoreDocument(DocumentFacts, Request[StoredDocument], internal_callers=_STORING, timeout_seconds=10.0):
    """Store a file of at most 256 KiB; with a source_key the same order again finds the same document."""

    type: DocumentType
    filename: Annotated[str, Field(min_length=1, max_length=500)]
    content_base64: _Base64
    expected_sha256: _Sha256 | None = None
    declared_mime: Annotated[str, Field(max_length=200)] | None = None


class BeginUpload(Request[Upload], internal_callers=_STORING, permission="documents:document:store"):
    """Announce a file larger than one message; type and size are checked at once, so nothing is sent in vain."""

    type: DocumentType
    filename: Annotated[str, Field(min_length=1, max_length=500)]
    declared_mime: Annotated[str, Field(max_length=200)] | None = None
    expected_size: Annotated[int, Field(ge=0)] | None = None
    expected_sha256: _Sha256 | None = None


class UploadPart(
    Request[Upload], internal_callers=_STORING, permission="documents:document:store", timeout_seconds=10.0
):
    """The next bytes of a file, from where the last part ended; sending the same part again changes nothing."""

    upload_id: UUID
    offset: Annotated[int, Field(ge=0)]
    content_base64: _Base64


class CompleteUpload(
    DocumentFacts,
    Request[StoredDocument],
    internal_callers=_STORING,
    permission="documents:document:store",
    timeout_seconds=30.0,
):
    """All parts are sent: check the whole file and keep it. The document gets the upload's id; repeating is safe."""

    upload_id: UUID


class AbortUpload(Request[Empty], internal_callers=_STORING, permission="documents:document:store"):
    """Give up a file that was not completed."""

    upload_id: UUID


class GetContent(Request[Content], query=True, resource="document", audited=True):
    """The bytes of a document of at most 256 KiB; larger ones are read in parts with OpenContent."""

    document_id: UUID


class OpenContent(
    Request[ContentPart],
    query=True,
    permission="documents:document:read",
    internal_callers=_READING,
    audited=True,
    timeout_seconds=10.0,
):
    """The bytes of a document in parts of at most 256 KiB: begin at offset 0, go on with next_offset."""

    document_id: UUID
    purpose: Code
    offset: Annotated[int, Field(ge=0)] = 0
