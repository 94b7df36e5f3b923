"""products: the catalogue tree."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Reply, Request
from messages.errors import (
    ALREADY_EXISTS,
    BUSINESS_RULE_VIOLATION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)
from messages.paging import Page, PageRequest
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Paragraph

RANGE_NOT_FOUND = NOT_FOUND.specific("RANGE_NOT_FOUND", "Gamme introuvable", "Range not found")
RANGE_CODE_EXISTS = ALREADY_EXISTS.specific("RANGE_CODE_EXISTS", "Code de gamme déjà utilisé", "Range code in use")
RANGE_DEPTH = VALIDATION_FAILED.specific("RANGE_DEPTH", "Arbre de gammes trop profond", "Range tree too deep")
RANGE_INACTIVE = BUSINESS_RULE_VIOLATION.specific("RANGE_INACTIVE", "Gamme inactive", "Range inactive")


RANGE_CYCLE = VALIDATION_FAILED.specific("RANGE_CYCLE", "Gamme sous elle-même", "Range below itself")
RANGE_NOT_EMPTY = PRECONDITION_FAILED.specific("RANGE_NOT_EMPTY", "Gamme non vide", "Range not empty")


class RangeKind(StrEnum):
    """What a node of the catalogue tree is; RISK is the insurance word for line of business."""

    RISK = "RISK"
    FAMILY = "FAMILY"
    SUBFAMILY = "SUBFAMILY"


class RangeScope(StrEnum):
    """Whom a range is sold to; PERSONAL ranges show prices with VAT."""

    PERSONAL = "PERSONAL"
    PROFESSIONAL = "PROFESSIONAL"
    BOTH = "BOTH"


class Sector(StrEnum):
    """The trade a product belongs to."""

    INSURANCE_HEALTH = "INSURANCE_HEALTH"
    INSURANCE_PROVIDENT = "INSURANCE_PROVIDENT"
    INSURANCE_PROPERTY = "INSURANCE_PROPERTY"
    INSURANCE_LEGAL = "INSURANCE_LEGAL"
    SAVINGS = "SAVINGS"
    TELECOM = "TELECOM"
    ENERGY = "ENERGY"
    MEDIA = "MEDIA"
    ASSISTANCE = "ASSISTANCE"
    SERVICE = "SERVICE"
    HARDWARE = "HARDWARE"


class ProductRange(Reply):
    """A node of the catalogue tree."""

    id: UUID
    code: str
    name: str
    description: str | None
    kind: RangeKind
    parent_id: UUID | None
    level: int
    path: str
    scope: RangeScope
    company_id: UUID | None
    display_order: int
    active: bool
    default_product_type: str | None
    default_sector: Sector | None
    version: int


class RangePage(Page[ProductRange]):
    """Ranges by display order and name."""


class CreateRange(Request[ProductRange]):
    """Add a node to the catalogue tree; without a code one is made from the name."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,50}$")] | None = None
    name: Label
    description: Paragraph | None = None
    kind: RangeKind = RangeKind.FAMILY
    parent_id: UUID | None = None
    scope: RangeScope = RangeScope.PERSONAL
    company_id: UUID | None = None
    display_order: int = 0
    default_product_type: Annotated[str, Field(max_length=40)] | None = None
    default_sector: Sector | None = None


class UpdateRange(Request[ProductRange]):
    """Change a range; a field left out stays."""

    range_id: UUID
    expected_version: int
    name: Label | None = None
    description: Paragraph | None = None
    display_order: int | None = None
    active: bool | None = None
    default_product_type: Annotated[str, Field(max_length=40)] | None = None
    default_sector: Sector | None = None


class RangeNode(Reply):
    """A range with what lies below it; the number of products is of the range alone."""

    range: ProductRange
    product_count: int
    children: tuple["RangeNode", ...] = ()


class RangeTree(Reply):
    """The roots of the tree, or the range asked for."""

    roots: tuple[RangeNode, ...]


class GetRangeTree(Request[RangeTree], query=True, permission="products:range:read"):
    """The catalogue tree, whole or below one range, in the order of display."""

    root_id: UUID | None = None


class MoveRange(Request[ProductRange], permission="products:range:write"):
    """Hang a range, with everything below it, under another one, or make it a root."""

    range_id: UUID
    expected_version: int
    new_parent_id: UUID | None = None
    display_order: int | None = None


class DeleteRange(Request[Empty], permission="products:range:write"):
    """Remove a range that holds neither ranges nor products."""

    range_id: UUID
    expected_version: int


class GetRange(Request[ProductRange], query=True):
    """One range by id or code."""

    range_id: UUID | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetRange":
        if (self.range_id is None) == (self.code is None):
            raise refusal("ONE_KEY", "give either range_id or code")
        return self


class ListRanges(PageRequest, Request[RangePage], query=True, resource="range"):
    """The catalogue tree as a list."""

    active: bool | None = None
    kind: RangeKind | None = None
    parent_id: UUID | None = None
    company_id: UUID | None = Field(default=None, description="ranges of that company and of all companies")
