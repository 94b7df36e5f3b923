"""products: price lists, the prices in them and whom they are assigned to."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Part, Reply, Request
from messages.clients import ClientKind
from messages.errors import ALREADY_EXISTS, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.products.publications import Channel
from messages.products.versions import TieredPrice, UnitPrice
from messages.values.instants import Instant
from messages.values.money import Currency
from messages.values.numbers import Percent, Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Paragraph

LIST_NOT_FOUND = NOT_FOUND.specific("LIST_NOT_FOUND", "Grille introuvable", "Price list not found")
LIST_CODE_EXISTS = ALREADY_EXISTS.specific("LIST_CODE_EXISTS", "Code de grille déjà utilisé", "List code in use")
DATES_INVERTED = VALIDATION_FAILED.specific("DATES_INVERTED", "Dates inversées", "Dates inverted")
DEFAULT_LIST_DATED = VALIDATION_FAILED.specific("DEFAULT_LIST_DATED", "Grille par défaut datée", "Default list dated")
PRICE_EXISTS = ALREADY_EXISTS.specific("PRICE_EXISTS", "Prix déjà présent", "Price exists")
NEGATIVE_PRICE = VALIDATION_FAILED.specific("NEGATIVE_PRICE", "Prix négatif", "Negative price")
MIN_GT_MAX = VALIDATION_FAILED.specific("MIN_GT_MAX", "Minimum supérieur au maximum", "Minimum above maximum")
ZERO_MAX = VALIDATION_FAILED.specific("ZERO_MAX", "Maximum nul", "Maximum of zero")
NO_ACTIVE_PRICE_LIST = PRECONDITION_FAILED.specific(
    "NO_ACTIVE_PRICE_LIST", "Aucune grille applicable", "No active price list"
)
DEFAULT_LIST_UNDELETABLE = PRECONDITION_FAILED.specific(
    "DEFAULT_LIST_UNDELETABLE", "Grille par défaut non supprimable", "Default list cannot be deleted"
)
LIST_IN_USE = PRECONDITION_FAILED.specific("LIST_IN_USE", "Grille utilisée", "Price list in use")
ASSIGNMENT_EXISTS = ALREADY_EXISTS.specific("ASSIGNMENT_EXISTS", "Affectation déjà présente", "Assignment exists")
ASSIGNMENT_NOT_FOUND = NOT_FOUND.specific("ASSIGNMENT_NOT_FOUND", "Affectation introuvable", "Assignment not found")
CRITERION_REQUIRED = VALIDATION_FAILED.specific("CRITERION_REQUIRED", "Critère requis", "Criterion required")
PRICE_ITEM_NOT_FOUND = NOT_FOUND.specific("PRICE_ITEM_NOT_FOUND", "Prix introuvable", "Price not found")


class PriceList(Reply):
    """Prices that replace those of the version between two days, both included."""

    list_id: UUID
    code: str
    name: str
    description: str | None = None
    currency: str
    tax_included: bool
    valid_from: date | None
    valid_to: date | None
    is_default: bool
    active: bool
    priority: int
    version: int


class PriceListWithItems(PriceList):
    """A list; with its first hundred prices when they were asked for."""

    items: tuple["PriceItem", ...] = ()


class PriceListPage(Page[PriceList]):
    """Price lists by code."""


class PriceItem(Reply):
    """The price of a product, or of one of its plans, in a list."""

    item_id: UUID
    list_id: UUID
    product_id: UUID
    plan_code: str | None
    unit_price: UnitPrice | None
    tiered: TieredPrice | None
    discount_percent: Percent
    min_price: UnitPrice | None
    max_price: UnitPrice | None
    max_manual_discount_percent: Percent | None
    active: bool
    version: int


class PriceItemPage(Page[PriceItem]):
    """Prices of a list."""


class CreatePriceList(Request[PriceList], permission="products:price:write"):
    """Add a price list; it applies when it is the default one or named by the caller."""

    code: Code
    name: Label
    description: Paragraph | None = None
    currency: Currency = "EUR"
    tax_included: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    priority: int = 0

    @model_validator(mode="after")
    def _dates_rise(self) -> "CreatePriceList":
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refusal("DATES_INVERTED", "valid_to lies before valid_from; exchange them")
        return self


class UpdatePriceList(Request[PriceList], permission="products:price:write"):
    """Change a list; what is not sent stays, null takes a bound away."""

    list_id: UUID
    expected_version: int
    name: Label | None = None
    description: Paragraph | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    active: bool | None = None
    priority: int | None = None


class GetPriceList(Request[PriceListWithItems], query=True, permission="products:price:read"):
    """One list, if wanted with its first hundred prices; list_price_items gives the rest."""

    list_id: UUID
    with_items: bool = False


class SetDefaultPriceList(Request[PriceList], permission="products:price:write"):
    """Make a list the one that applies to everybody; the former default stays as an ordinary list."""

    list_id: UUID


class ListPriceLists(PageRequest, Request[PriceListPage], query=True, permission="products:price:read"):
    """The price lists of the organisation."""

    active: bool | None = None
    is_default: bool | None = None
    currency: Currency | None = None
    valid_on: date | None = None


class CreatePriceItem(Request[PriceItem], permission="products:price:write"):
    """Price a product in a list. Bounds left out do not exist: absent is not zero."""

    list_id: UUID
    product_id: UUID
    plan_code: Code | None = None
    unit_price: UnitPrice | None = None
    tiered: TieredPrice | None = None
    discount_percent: Percent | None = None
    min_price: UnitPrice | None = None
    max_price: UnitPrice | None = None
    max_manual_discount_percent: Percent | None = None
    free: bool = False


class UpdatePriceItem(Request[PriceItem], permission="products:price:write"):
    """Change a price of a list; null clears a bound. unit_price replaces tiers, tiers replace unit_price."""

    item_id: UUID
    expected_version: int
    unit_price: UnitPrice | None = None
    tiered: TieredPrice | None = None
    discount_percent: Percent | None = None
    min_price: UnitPrice | None = None
    max_price: UnitPrice | None = None
    max_manual_discount_percent: Percent | None = None
    active: bool | None = None
    free: bool = False


class DeletePriceItem(Request[Empty], permission="products:price:write"):
    """Take a price out of its list; quotes made with it keep it."""

    item_id: UUID
    expected_version: int | None = None


class ListPriceItems(PageRequest, Request[PriceItemPage], query=True, permission="products:price:read"):
    """The prices of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    list_id: UUID
    product_id: UUID | None = None
    plan_code: Code | None = None
    active: bool | None = None


# -- whom a list is for ------------------------------------------------------------------------------------------


class AssignmentCriteria(Part):
    """Whom a list is for: every criterion given must be met; null matches everybody."""

    client_id: UUID | None = None
    partner_id: UUID | None = None
    company_id: UUID | None = None
    channel: Channel | None = None
    client_type: ClientKind | None = None


class PriceListAssignment(AssignmentCriteria, Reply):
    """A list that applies to whoever meets all criteria, between two days, both included."""

    assignment_id: UUID
    list_id: UUID
    specificity: int = Field(description="32 client, 16 partner, 8 company, 4 channel, 2 client type; added up")
    valid_from: date | None
    valid_to: date | None


class PriceListAssignmentPage(Page[PriceListAssignment]):
    """Assignments of a list."""


class ActivePriceList(PriceList):
    """The list that comes first in a context, and how specific its assignment is; 0 is the default list."""

    specificity: int


class AssignPriceList(Request[PriceListAssignment], permission="products:price:write"):
    """Let a list apply to whoever meets the criteria; at least one criterion is needed."""

    list_id: UUID
    criteria: AssignmentCriteria
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _dates_rise(self) -> "AssignPriceList":
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refusal("DATES_INVERTED", "valid_to lies before valid_from; exchange them")
        return self


class UnassignPriceList(Request[Empty], permission="products:price:write"):
    """Take an assignment back."""

    assignment_id: UUID


class ListPriceListAssignments(
    PageRequest, Request[PriceListAssignmentPage], query=True, permission="products:price:read"
):
    """The assignments of a list."""

    list_id: UUID


class GetActivePriceList(Request[ActivePriceList], query=True, permission="products:price:read"):
    """Which list comes first for somebody on a day."""

    criteria: AssignmentCriteria = AssignmentCriteria()
    currency: Currency = "EUR"
    as_of: Instant | None = None


class DuplicatePriceList(Request[PriceList], permission="products:price:write"):
    """A new list with the prices of another one, if wanted moved by a percentage and rounded to cents."""

    list_id: UUID
    code: Code
    name: Label
    percent: Annotated[Rate, Field(ge=-100, le=1000)] | None = None


class DeletePriceList(Request[Empty], permission="products:price:delete"):
    """Remove a list that is not the default, assigned to nobody and used by no open quote."""

    list_id: UUID
    expected_version: int | None = None
