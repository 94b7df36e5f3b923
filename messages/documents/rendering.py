"""Files made here: templates, orders to render and what became of them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.documents.document import DocumentLinkDraft
from messages.documents.vocabulary import DocumentType, RenderPurpose, RenderStatus
from messages.shared import Ref
from messages.values.instants import Instant
from messages.values.text import Code


class DocumentTemplate(Reply):
    """A layout that data is set into. `variables` are the paths an order must give."""

    key: str
    purpose: RenderPurpose
    document_type: DocumentType
    locale: str
    number: int
    variables: tuple[str, ...]


class DocumentTemplates(Reply):
    """The templates there are; a fixed handful."""

    items: tuple[DocumentTemplate, ...]


class RenderJob(Reply):
    """An order to render, and its outcome."""

    job_id: UUID
    status: RenderStatus
    template_key: str
    purpose: RenderPurpose
    reference: Ref
    document_id: UUID | None
    page_count: int | None
    error_code: str | None
    missing_variables: tuple[str, ...]
    created_at: Instant
    finished_at: Instant | None


class ListDocumentTemplates(Request[DocumentTemplates], query=True, resource="template"):
    """All templates with what they need."""


class GetDocumentTemplate(Request[DocumentTemplate], query=True, resource="template"):
    """One template by its key."""

    key: Code


class RenderDocument(
    Request[RenderJob], internal_callers=("commercial",), permission="documents:document:render", timeout_seconds=10.0
):
    """Order a file; document.generated follows. The same purpose, reference and revision is the same job and document."""

    template_key: Code
    purpose: RenderPurpose
    reference: Ref
    data: dict[str, Any]
    revision: Code | None = None
    links: Annotated[tuple[DocumentLinkDraft, ...], Field(max_length=50)] = ()
    client_id: UUID | None = None
    contract_id: UUID | None = None
    company_id: UUID | None = None


class GetRenderJob(Request[RenderJob], query=True, permission="documents:document:read"):
    """How far an order is."""

    job_id: UUID
