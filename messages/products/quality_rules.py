"""products: what the quality desk must check of a sale."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Part, Reply, Request
from messages.errors import NOT_FOUND
from messages.values.text import Code, Line, Paragraph

QUALITY_RULE_NOT_FOUND = NOT_FOUND.specific(
    "QUALITY_RULE_NOT_FOUND", "Règle qualité introuvable", "Quality rule not found"
)


class SaleDocument(StrEnum):
    """A document that the client hands in."""

    ID_CARD = "ID_CARD"
    BANK_DETAILS = "BANK_DETAILS"
    PROOF_OF_ADDRESS = "PROOF_OF_ADDRESS"
    PHOTO = "PHOTO"
    OTHER = "OTHER"


class ChecklistItem(Part):
    """A point to check; a blocking one stops the sale."""

    code: Code
    label: Line
    blocking: bool = True


class QualityRuleDraft(Part):
    """What must be given, handed in and checked before a sale counts."""

    required_fields: Annotated[tuple[Code, ...], Field(max_length=100)] = ()
    required_documents: Annotated[tuple[SaleDocument, ...], Field(max_length=20)] = ()
    call_script_document_id: UUID | None = None
    recording_required: bool = False
    checklist: Annotated[tuple[ChecklistItem, ...], Field(max_length=100)] = ()
    notes: Paragraph | None = None


class QualityRule(QualityRuleDraft, Reply):
    """The quality rule of a version."""

    version_id: UUID
    version: int


class SetQualityRule(Request[QualityRule]):
    """Set or replace the quality rule of a version."""

    version_id: UUID
    rule: QualityRuleDraft


class GetQualityRule(Request[QualityRule], query=True):
    """The quality rule of a version."""

    version_id: UUID
