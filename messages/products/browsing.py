"""products: the catalogue as sellers and clients see it, and searching it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.paging import Page, PageRequest
from messages.products.catalogue import Lifecycle, Product, ProductFeature
from messages.products.pricing import AppliedPromotion
from messages.products.publications import Channel, Visibility
from messages.products.ranges import Sector
from messages.products.versions import Plan, UnitPrice
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent


class CatalogPrice(Reply):
    """What the smallest quantity of the default plan costs; the same answer as calculate_price."""

    unit: UnitPrice
    net: Money
    vat: Money
    gross: Money
    vat_rate: Percent
    vat_category: str
    tax_included: bool


class CatalogItem(Reply):
    """A product that may be sold there and then. `price` is null when it is on request or not to be shown."""

    product_id: UUID
    sku: str
    name: str
    short_name: str | None
    sector: Sector
    product_type: str
    lifecycle: Lifecycle
    range_id: UUID
    version_id: UUID
    visibility: Visibility | None
    popular: bool
    features: tuple[ProductFeature, ...]
    tags: tuple[str, ...]
    plans: tuple[Plan, ...]
    price: CatalogPrice | None
    on_quote: bool
    promotions: tuple[AppliedPromotion, ...]


class CatalogPage(Page[CatalogItem]):
    """The catalogue by display order of the ranges, popular products first, then by name."""


class GetCatalog(PageRequest, Request[CatalogPage], query=True, permission="products:product:read"):
    """What a company sells on a channel at an instant, with prices; works without any price list."""

    company_id: UUID | None = Field(default=None, description="left out where there is only one company")
    channel: Channel
    client_id: UUID | None = None
    price_list_id: UUID | None = None
    range_id: UUID | None = Field(default=None, description="with everything below it")
    as_of: Instant | None = None
    include_unpublished: bool = Field(default=False, description="also active products that are not published there")
    visibility: Visibility = Field(
        default=Visibility.INTERNAL, description="PUBLIC for the website, INTERNAL for staff; HIDDEN is never listed"
    )


class SearchHit(Reply):
    """A product that matches, and how well: 0 to 100."""

    product: Product
    score: int


class SearchHits(Reply):
    """The best matches first."""

    hits: tuple[SearchHit, ...]


class SearchProducts(Request[SearchHits], query=True, permission="products:product:read"):
    """Find products by words of SKU, name, external codes, description, features and tags."""

    q: Annotated[str, Field(min_length=2, max_length=100)]
    limit: Annotated[int, Field(ge=1, le=50)] = 20
    lifecycle: tuple[Lifecycle, ...] = ()
    range_id: UUID | None = None
    sector: Sector | None = None
