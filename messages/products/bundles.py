"""products: bundles, several products at one price."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.errors import NOT_FOUND, VALIDATION_FAILED
from messages.products.pricing import PriceContext
from messages.shared import VatTotal
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent, Quantity
from messages.values.refusal import refusal
from messages.values.text import Code

BUNDLE_NOT_FOUND = NOT_FOUND.specific("BUNDLE_NOT_FOUND", "Offre groupée introuvable", "Bundle not found")
BUNDLE_INVALID = VALIDATION_FAILED.specific("BUNDLE_INVALID", "Offre groupée invalide", "Bundle invalid")
BUNDLE_NESTED = VALIDATION_FAILED.specific("BUNDLE_NESTED", "Offre groupée imbriquée", "Nested bundle")


class BundleVat(StrEnum):
    """SPLIT: every component at its own rate. SINGLE_HIGHEST: an indivisible supply, all at the highest rate."""

    SPLIT = "SPLIT"
    SINGLE_HIGHEST = "SINGLE_HIGHEST"


class BundlePricing(StrEnum):
    """One total for all, a percentage off each, or amounts off when certain components come together."""

    FIXED_TOTAL = "FIXED_TOTAL"
    DISCOUNT_PERCENT = "DISCOUNT_PERCENT"
    CONDITIONAL = "CONDITIONAL"


class BundleComponent(Part):
    """A product of a bundle."""

    product_id: UUID
    plan_code: Code | None = None
    quantity: Quantity = Decimal(1)
    mandatory: bool = True


class BundleRule(Part):
    """With all of `if_has` in the basket, `then_product` costs so much less, at most its price."""

    if_has: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=10)]
    then_product: UUID
    discount: Money


class BundlePrice(Part):
    """How a bundle is priced; FIXED_TOTAL is stated with or without VAT like the prices of its components."""

    kind: BundlePricing
    amount: Money | None = None
    percent: Percent | None = None
    rules: Annotated[tuple[BundleRule, ...], Field(max_length=50)] = ()
    combined_cap: Money | None = Field(default=None, description="the most that all rules together take off")

    @model_validator(mode="after")
    def _payload_fits_kind(self) -> "BundlePrice":
        given = {
            BundlePricing.FIXED_TOTAL: self.amount is not None,
            BundlePricing.DISCOUNT_PERCENT: self.percent is not None,
            BundlePricing.CONDITIONAL: bool(self.rules),
        }
        if not given[self.kind] or sum(given.values()) != 1:
            raise refusal("BUNDLE_INVALID", "FIXED_TOTAL needs amount, DISCOUNT_PERCENT percent, CONDITIONAL rules")
        if self.combined_cap is not None and self.kind is not BundlePricing.CONDITIONAL:
            raise refusal("BUNDLE_INVALID", "combined_cap belongs to CONDITIONAL, and only to it")
        return self


class Bundle(Reply):
    """A product that is several others at one price."""

    bundle_id: UUID
    product_id: UUID
    vat_treatment: BundleVat
    components: tuple[BundleComponent, ...]
    pricing: BundlePrice
    version: int


class BundleLine(Reply):
    """What a component costs alone and within the bundle, in cents."""

    product_id: UUID
    plan_code: str
    quantity: Quantity
    standalone: Money
    amount: Money = Field(description="stated with or without VAT as tax_included says")
    tax_included: bool
    net: Money
    vat: Money
    gross: Money
    vat_rate: Percent
    vat_category: str
    prorata: Money | None = Field(default=None, description="of `amount`, for the rest of the current period")


class BundleQuotation(Reply):
    """The lines of a bundle and their totals; the discount is what they cost less than alone."""

    bundle_id: UUID | None
    currency: str
    lines: tuple[BundleLine, ...]
    discount: Money
    net: Money
    vat: Money
    gross: Money
    vat_totals: tuple[VatTotal, ...]


class CreateBundle(Request[Bundle], permission="products:price:write"):
    """Make a product a bundle of at least two others, none of them a bundle, all in its currency."""

    product_id: UUID
    vat_treatment: BundleVat = BundleVat.SPLIT
    components: Annotated[tuple[BundleComponent, ...], Field(min_length=2, max_length=20)]
    pricing: BundlePrice


class UpdateBundle(Request[Bundle], permission="products:price:write"):
    """Change a bundle; contracts already made keep their prices."""

    bundle_id: UUID
    expected_version: int
    vat_treatment: BundleVat | None = None
    components: Annotated[tuple[BundleComponent, ...], Field(min_length=2, max_length=20)] | None = None
    pricing: BundlePrice | None = None


class GetBundle(Request[Bundle], query=True, permission="products:price:read"):
    """One bundle by its id or by its product."""

    bundle_id: UUID | None = None
    product_id: UUID | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetBundle":
        if (self.bundle_id is None) == (self.product_id is None):
            raise refusal("ONE_KEY", "give either bundle_id or product_id")
        return self


class PriceBundle(Request[BundleQuotation], query=True, permission="products:price:read"):
    """What a bundle costs; with product_ids only these of its components, as after one was removed."""

    bundle_id: UUID
    product_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    context: PriceContext = PriceContext()
    as_of: Instant | None = None
    added_on: date | None = Field(
        default=None, description="also say what is due for the rest of that day's calendar month, that day included"
    )
