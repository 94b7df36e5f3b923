"""products: the documents of a version, what a sale asks for, and alerts about what is missing."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.errors import NOT_FOUND, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.products.publications import Channel
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Line

PRODUCT_DOCUMENT_NOT_FOUND = NOT_FOUND.specific(
    "PRODUCT_DOCUMENT_NOT_FOUND", "Document produit introuvable", "Product document not found"
)
DOCUMENT_UNKNOWN = VALIDATION_FAILED.specific("DOCUMENT_UNKNOWN", "Fichier inconnu", "File unknown")
HASH_INVALID = VALIDATION_FAILED.specific("HASH_INVALID", "Empreinte différente", "Hash differs")
ALERT_NOT_FOUND = NOT_FOUND.specific("DOCUMENT_ALERT_NOT_FOUND", "Alerte introuvable", "Alert not found")


class ProductDocumentType(StrEnum):
    """What a product document is; IPID is the insurance product information document."""

    IPID = "IPID"
    GENERAL_TERMS = "GENERAL_TERMS"
    SPECIFIC_TERMS = "SPECIFIC_TERMS"
    PRECONTRACT_SHEET = "PRECONTRACT_SHEET"
    SALES_TERMS = "SALES_TERMS"
    USE_TERMS = "USE_TERMS"
    SUBSCRIPTION_TERMS = "SUBSCRIPTION_TERMS"
    NOTICE = "NOTICE"
    MANDATE_INFO = "MANDATE_INFO"
    PRIVACY = "PRIVACY"
    PRICE_SHEET = "PRICE_SHEET"
    SCRIPT = "SCRIPT"
    FAQ = "FAQ"
    MEDIA = "MEDIA"


class ProductDocumentStatus(StrEnum):
    """Only PUBLISHED documents count; one is PUBLISHED per version, type and language."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    EXPIRED = "EXPIRED"
    ARCHIVED = "ARCHIVED"


class DocumentAlertType(StrEnum):
    """What is wrong with a document that a sale needs."""

    MISSING = "MISSING"
    EXPIRED = "EXPIRED"
    EXPIRING_SOON = "EXPIRING_SOON"


class AlertSeverity(StrEnum):
    """CRITICAL stops new sales where documents block them."""

    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


Language = Annotated[str, Field(pattern="^[a-z]{2}$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ProductDocument(Reply):
    """A document of a version; `channels` empty means all. The bytes are in documents."""

    product_document_id: UUID
    version_id: UUID
    product_id: UUID
    type: ProductDocumentType
    title: str
    document_id: UUID
    sha256: str
    language: str
    mandatory: bool
    channels: tuple[Channel, ...]
    valid_from: date | None
    valid_to: date | None
    status: ProductDocumentStatus
    published_at: Instant | None
    published_by: str | None
    version: int


class ProductDocumentPage(Page[ProductDocument]):
    """Documents of a version."""


class RequiredDocument(Reply):
    """A document that a sale on the channel needs, and whether it is there."""

    type: ProductDocumentType
    mandatory: bool
    present: bool
    status: ProductDocumentStatus | None


class RequiredDocuments(Reply):
    """What a sale on the channel needs."""

    documents: tuple[RequiredDocument, ...]


class DocumentAlert(Reply):
    """Something is wrong with a mandatory document of a version that is on sale."""

    alert_id: UUID
    product_id: UUID
    version_id: UUID
    document_type: ProductDocumentType
    type: DocumentAlertType
    severity: AlertSeverity
    raised_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    closed_at: Instant | None


class DocumentAlertPage(Page[DocumentAlert]):
    """Alerts, newest first."""


class AddProductDocument(Request[ProductDocument]):
    """Attach a stored file to a version; its hash is copied, so that another content is noticed."""

    version_id: UUID
    type: ProductDocumentType
    title: Annotated[Line, Field(max_length=160)]
    document_id: UUID
    sha256: Sha256 | None = Field(default=None, description="left out: the one that documents stated")
    language: Language = "fr"
    mandatory: bool = False
    channels: frozenset[Channel] = frozenset()
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _dates_rise(self) -> "AddProductDocument":
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refusal("DATES_INVERTED", "valid_to lies before valid_from; exchange them")
        return self


class UpdateProductDocument(Request[ProductDocument]):
    """Change a draft; of a published document only title and last day."""

    product_document_id: UUID
    expected_version: int
    title: Annotated[Line, Field(max_length=160)] | None = None
    mandatory: bool | None = None
    channels: frozenset[Channel] | None = None
    valid_to: date | None = None


class PublishProductDocument(Request[ProductDocument], permission="products:product_document:write"):
    """Let a document count; the one published before for the same version, type and language is archived."""

    product_document_id: UUID


class ArchiveProductDocument(Request[ProductDocument], permission="products:product_document:write"):
    """A document counts no more; it is kept for ten years."""

    product_document_id: UUID


class GetProductDocument(Request[ProductDocument], query=True):
    """One document."""

    product_document_id: UUID


class ListProductDocuments(PageRequest, Request[ProductDocumentPage], query=True, resource="product_document"):
    """The documents of a version."""

    version_id: UUID
    type: ProductDocumentType | None = None
    status: ProductDocumentStatus | None = None


class ListRequiredDocuments(Request[RequiredDocuments], query=True, permission="products:product_document:read"):
    """What a sale of the product's version in force needs on a channel."""

    product_id: UUID
    channel: Channel


class ListDocumentAlerts(
    PageRequest, Request[DocumentAlertPage], query=True, permission="products:product_document:read"
):
    """Alerts that are open, or all of a product."""

    product_id: UUID | None = None
    severity: AlertSeverity | None = None
    acknowledged: bool | None = None


class AcknowledgeDocumentAlert(Request[DocumentAlert], permission="products:product_document:write"):
    """Say that somebody takes care of it."""

    alert_id: UUID
