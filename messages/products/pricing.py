"""products: what a product costs, for whom and why."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.clients import ClientKind, VatStatus
from messages.errors import BUSINESS_RULE_VIOLATION, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.products.catalogue import Sku
from messages.products.publications import Channel
from messages.products.versions import Recurrence, UnitPrice
from messages.shared import VatTotal
from messages.values.addresses import CountryCode, PostalCode
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent, Quantity, Rate
from messages.values.refusal import refusal
from messages.values.text import Code

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
COUPON_INVALID = BUSINESS_RULE_VIOLATION.specific("COUPON_INVALID", "Code promotionnel refusé", "Coupon refused")


class PricePurpose(StrEnum):
    """What a price is for: RENEWAL also prices FROZEN products, SIMULATION whatever is not retired."""

    SALE = "SALE"
    RENEWAL = "RENEWAL"
    SIMULATION = "SIMULATION"


class PriceSource(StrEnum):
    """Where a unit price came from."""

    CLIENT_PRICE = "CLIENT_PRICE"
    PRICE_LIST = "PRICE_LIST"
    RULE = "RULE"
    OPTION = "OPTION"


class DiscountKind(StrEnum):
    """Who lowered a price."""

    LIST = "LIST"
    CLIENT = "CLIENT"
    PROMOTION = "PROMOTION"
    MANUAL = "MANUAL"


class LineComponent(StrEnum):
    """What of the product a priced line is."""

    PRODUCT = "PRODUCT"
    SETUP_FEE = "SETUP_FEE"
    OPTION = "OPTION"


class LineKind(StrEnum):
    """Billed each period, or once."""

    RECURRING = "RECURRING"
    ONE_OFF = "ONE_OFF"


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
    client_type: ClientKind | None = Field(
        default=None, description="of a client not yet recorded; a known client's own kind decides"
    )
    is_new_client: bool = Field(default=False, description="the client has no contract yet; some promotions ask for it")
    company_id: UUID | None = Field(default=None, description="the selling company; left out where there is only one")
    partner_id: UUID | None = None
    channel: Channel | None = None
    coupon: Code | None = None
    period_no: Annotated[int, Field(ge=1, le=1200)] = Field(
        default=1, description="the billing period to price; introductory promotions end after some"
    )
    price_list_id: UUID | None = None
    delivery: Delivery | None = None
    purpose: PricePurpose = PricePurpose.SALE
    strict: bool = Field(default=False, description="refuse a price below its floor instead of raising it")


class TraceStep(Reply):
    """One step of a price: what came in, what went out, which rule said so; a choice has a detail instead of amounts."""

    step: str
    before: Rate | None
    after: Rate | None
    rule_id: UUID | None = None
    detail: str | None = None


class Discount(Reply):
    """A discount that was applied, in percent of the price before it; discounts are chained, not added."""

    kind: DiscountKind
    percent: Percent
    rule_id: UUID | None = None


class AppliedPromotion(Reply):
    """A promotion that lowered a price."""

    id: UUID
    code: str


class PricePhase(Reply):
    """What a line costs in some billing periods; `to_period` is null in the last phase."""

    from_period: int
    to_period: int | None
    unit: UnitPrice
    net: Money
    vat: Money
    gross: Money


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
    promotions: tuple[AppliedPromotion, ...] = ()
    phases: tuple[PricePhase, ...] = Field(default=(), description="empty when every period costs the same")
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
