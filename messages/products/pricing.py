"""products: VAT, price lists and what a product costs."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.clients import VatStatus
from messages.errors import (
    ALREADY_EXISTS,
    BUSINESS_RULE_VIOLATION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)
from messages.paging import Page, PageRequest
from messages.products.catalogue import ProductNature, Sku
from messages.products.publications import Channel
from messages.products.versions import Recurrence, TaxClass, TieredPrice, UnitPrice
from messages.shared import VatTotal
from messages.values.addresses import CountryCode, PostalCode
from messages.values.instants import Instant
from messages.values.money import Currency, Money
from messages.values.numbers import Percent, Quantity, Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line

PRODUCT_NOT_SELLABLE = PRECONDITION_FAILED.specific(
    "PRODUCT_NOT_SELLABLE", "Produit non vendable", "Product not sellable"
)
NO_EFFECTIVE_VERSION = PRECONDITION_FAILED.specific(
    "NO_EFFECTIVE_VERSION", "Aucune version en vigueur", "No effective version"
)
PLAN_REQUIRED = VALIDATION_FAILED.specific("PLAN_REQUIRED", "Formule à préciser", "Plan required")
PLAN_UNKNOWN = VALIDATION_FAILED.specific("PLAN_UNKNOWN", "Formule inconnue", "Plan unknown")
OPTION_UNKNOWN = VALIDATION_FAILED.specific("OPTION_UNKNOWN", "Option inconnue", "Option unknown")
QUANTITY_INVALID = VALIDATION_FAILED.specific("QUANTITY_INVALID", "Quantité invalide", "Quantity invalid")
PRICE_LIST_INVALID = VALIDATION_FAILED.specific("PRICE_LIST_INVALID", "Grille non applicable", "Price list invalid")
DISCOUNT_NOT_ALLOWED = BUSINESS_RULE_VIOLATION.specific(
    "DISCOUNT_NOT_ALLOWED", "Remise non autorisée", "Discount not allowed"
)
PRICE_BELOW_FLOOR = BUSINESS_RULE_VIOLATION.specific(
    "PRICE_BELOW_FLOOR", "Prix sous le plancher", "Price below its floor"
)
PRICE_ON_REQUEST = BUSINESS_RULE_VIOLATION.specific("PRICE_ON_REQUEST", "Prix sur demande", "Price on request")
VAT_UNDETERMINED = PRECONDITION_FAILED.specific("VAT_UNDETERMINED", "TVA indéterminée", "VAT undetermined")
VAT_RATE_OVERLAP = ALREADY_EXISTS.specific("VAT_RATE_OVERLAP", "Taux qui se chevauchent", "VAT rates overlap")
LIST_NOT_FOUND = NOT_FOUND.specific("LIST_NOT_FOUND", "Grille introuvable", "Price list not found")
LIST_CODE_EXISTS = ALREADY_EXISTS.specific("LIST_CODE_EXISTS", "Code de grille déjà utilisé", "List code in use")
DATES_INVERTED = VALIDATION_FAILED.specific("DATES_INVERTED", "Dates inversées", "Dates inverted")
DEFAULT_LIST_DATED = VALIDATION_FAILED.specific("DEFAULT_LIST_DATED", "Grille par défaut datée", "Default list dated")
PRICE_EXISTS = ALREADY_EXISTS.specific("PRICE_EXISTS", "Prix déjà présent", "Price exists")
NEGATIVE_PRICE = VALIDATION_FAILED.specific("NEGATIVE_PRICE", "Prix négatif", "Negative price")
MIN_GT_MAX = VALIDATION_FAILED.specific("MIN_GT_MAX", "Minimum supérieur au maximum", "Minimum above maximum")
ZERO_MAX = VALIDATION_FAILED.specific("ZERO_MAX", "Maximum nul", "Maximum of zero")


class PricePurpose(StrEnum):
    """What a price is for: RENEWAL also prices FROZEN products, SIMULATION whatever is not retired."""

    SALE = "SALE"
    RENEWAL = "RENEWAL"
    SIMULATION = "SIMULATION"


class PriceSource(StrEnum):
    """Where a unit price came from."""

    PRICE_LIST = "PRICE_LIST"
    RULE = "RULE"
    OPTION = "OPTION"


class LineComponent(StrEnum):
    """What of the product a priced line is."""

    PRODUCT = "PRODUCT"
    SETUP_FEE = "SETUP_FEE"
    OPTION = "OPTION"


class LineKind(StrEnum):
    """Billed each period, or once."""

    RECURRING = "RECURRING"
    ONE_OFF = "ONE_OFF"


# -- VAT ---------------------------------------------------------------------------------------------------------


class VatDecision(Reply):
    """The VAT of a supply, with its EN 16931 category; rate in percent."""

    category: str
    rate: Percent
    exemption_code: str | None = None
    text: str | None = None


class VatRate(Reply):
    """A dated rate of a zone and class; `valid_to` is inclusive."""

    vat_rate_id: UUID
    zone: str
    tax_class: TaxClass
    rate: Percent
    category: str
    exemption_code: str | None = None
    exemption_text: str | None = None
    valid_from: date
    valid_to: date | None = None


class VatRatePage(Page[VatRate]):
    """Rates by zone, class and date."""


class ResolveVat(Request[VatDecision], query=True, permission="products:vat:read"):
    """Which VAT applies to a supply on the local date of `as_of`."""

    tax_class: TaxClass
    nature: ProductNature = ProductNature.SERVICE
    zone: str = "FR_METRO"
    country: CountryCode = "FR"
    client_vat_status: VatStatus = VatStatus.CONSUMER
    vat_verified: bool = False
    seller_company_id: UUID | None = None
    as_of: Instant | None = None


class UpsertVatRate(Request[VatRate], permission="products:vat:write"):
    """Enter a rate; one of the same zone, class and first day is replaced, any other overlap refused."""

    zone: Annotated[str, Field(max_length=14)]
    tax_class: TaxClass
    rate: Percent
    category: Annotated[str, Field(pattern="^(S|Z|E|AE|K|G|O)$")] = "S"
    exemption_code: Code | None = None
    exemption_text: Line | None = None
    valid_from: date
    valid_to: date | None = None


class ListVatRates(PageRequest, Request[VatRatePage], query=True, permission="products:vat:read"):
    """The rates of the organisation."""

    zone: str | None = None
    tax_class: TaxClass | None = None
    on_date: date | None = None


# -- price lists -------------------------------------------------------------------------------------------------


class PriceList(Reply):
    """Prices that replace those of the version between two days, both included."""

    list_id: UUID
    code: str
    name: str
    currency: str
    tax_included: bool
    valid_from: date | None
    valid_to: date | None
    is_default: bool
    active: bool
    priority: int
    version: int


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


class SetDefaultPriceList(Request[PriceList], permission="products:price:write"):
    """Make a list the one that applies to everybody; the former default stays as an ordinary list."""

    list_id: UUID


class ListPriceLists(PageRequest, Request[PriceListPage], query=True, permission="products:price:read"):
    """The price lists of the organisation."""

    active: bool | None = None
    is_default: bool | None = None


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
    """Change a price of a list; null clears a bound."""

    item_id: UUID
    expected_version: int
    unit_price: UnitPrice | None = None
    discount_percent: Percent | None = None
    min_price: UnitPrice | None = None
    max_price: UnitPrice | None = None
    max_manual_discount_percent: Percent | None = None
    active: bool | None = None
    free: bool = False


class ListPriceItems(PageRequest, Request[PriceItemPage], query=True, permission="products:price:read"):
    """The prices of a list."""

    list_id: UUID
    product_id: UUID | None = None


# -- prices ------------------------------------------------------------------------------------------------------


class Delivery(Part):
    """Where goods go."""

    country: CountryCode = "FR"
    postal_code: PostalCode = ""


class LineDraft(Part):
    """How much of which product, in which plan and with which options."""

    product_id: UUID | None = None
    sku: Sku | None = None
    plan_code: Code | None = None
    quantity: Quantity | None = Field(default=None, description="left out: the smallest quantity of the product")
    additional_discount_percent: Percent | None = None
    option_codes: Annotated[tuple[Code, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _one_key(self) -> "LineDraft":
        if (self.product_id is None) == (self.sku is None):
            raise refusal("ONE_KEY", "give either product_id or sku")
        return self


class PriceContext(Part):
    """For whom, by whom and where: what a price depends on beside product and quantity."""

    client_id: UUID | None = None
    client_vat_status: VatStatus = Field(
        default=VatStatus.CONSUMER, description="of a client not yet recorded; a known client's own status decides"
    )
    company_id: UUID | None = Field(default=None, description="the selling company; left out where there is only one")
    channel: Channel | None = None
    price_list_id: UUID | None = None
    delivery: Delivery | None = None
    purpose: PricePurpose = PricePurpose.SALE
    strict: bool = Field(default=False, description="refuse a price below its floor instead of raising it")


class TraceStep(Reply):
    """One step of a price: what came in, what went out, which rule said so."""

    step: str
    before: Rate | None
    after: Rate
    rule_id: UUID | None = None


class Discount(Reply):
    """A discount that was applied, in percent; discounts are chained, not added."""

    kind: str
    percent: Percent


class PricedLine(Reply):
    """The price of one line, before and after VAT, with how it was found."""

    line_no: int
    component: LineComponent
    product_id: UUID
    sku: str
    name: str
    version_id: UUID
    plan_code: str
    option_code: str | None = None
    kind: LineKind
    billing_period: Recurrence
    billing_cycle_days: int | None = None
    quantity: Quantity
    source: PriceSource
    source_id: UUID
    tax_included: bool
    list_unit: UnitPrice
    unit: UnitPrice
    unit_net: UnitPrice
    net: Money
    vat: Money
    gross: Money
    vat_rate: Percent
    vat_category: str
    exemption_code: str | None = None
    exemption_text: str | None = None
    discounts: tuple[Discount, ...] = ()
    floor_applied: bool = False
    ceiling_applied: bool = False
    trace: tuple[TraceStep, ...] = ()


class PriceResult(Reply):
    """Priced lines and their totals; VAT is computed once per rate (EN 16931 BR-CO-17), a line's VAT is indicative."""

    company_id: UUID
    currency: str
    lines: tuple[PricedLine, ...]
    vat_totals: tuple[VatTotal, ...]
    net: Money
    vat: Money
    gross: Money
    price_valid_until: Instant | None = Field(default=None, description="the first known change of anything used")


class CalculatePrice(Request[PriceResult], query=True, permission="products:price:read"):
    """What a product costs now or at `as_of`, with the trace of the calculation."""

    line: LineDraft
    context: PriceContext = PriceContext()
    as_of: Instant | None = None


class CalculatePrices(Request[PriceResult], query=True, permission="products:price:read"):
    """What several products cost together."""

    lines: Annotated[tuple[LineDraft, ...], Field(min_length=1, max_length=200)]
    context: PriceContext = PriceContext()
    as_of: Instant | None = None
