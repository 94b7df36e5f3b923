"""products: the products themselves."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Part, Reply, Request
from messages.errors import (
    ALREADY_EXISTS,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VALIDATION_FAILED,
)
from messages.paging import Page, PageRequest
from messages.products.eligibility import EligibilityRule
from messages.products.publications import Channel, Publication
from messages.products.ranges import ProductRange, Sector
from messages.products.versions import ProductVersion, TaxClass, VersionDraft
from messages.registry import ACTORS
from messages.values.instants import Instant
from messages.values.money import Amount, Currency, Money
from messages.values.numbers import Percent, Quantity
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Code, Label, Line, Paragraph, text_of

PRODUCT_NOT_FOUND = NOT_FOUND.specific("PRODUCT_NOT_FOUND", "Produit introuvable", "Product not found")
SKU_EXISTS = ALREADY_EXISTS.specific("SKU_EXISTS", "Référence déjà utilisée", "SKU in use")
PARTNER_REQUIRED = VALIDATION_FAILED.specific("PARTNER_REQUIRED", "Partenaire requis", "Partner required")
PRODUCT_IN_USE = PRECONDITION_FAILED.specific("PRODUCT_IN_USE", "Produit utilisé", "Product in use")
PRODUCT_LOCKED = PRECONDITION_FAILED.specific("PRODUCT_LOCKED", "Produit verrouillé", "Product locked")
READINESS_FAILED = PRECONDITION_FAILED.specific("READINESS_FAILED", "Produit incomplet", "Product not ready")


class ProductKind(StrEnum):
    """Own product, or one of a product partner."""

    OWN = "OWN"
    PARTNER = "PARTNER"


class RevenueModel(StrEnum):
    """What the company earns with the product."""

    REVENUE = "REVENUE"
    COMMISSION = "COMMISSION"
    MIXED = "MIXED"


class IntegrationStatus(StrEnum):
    """How far the product is connected to the system of its partner."""

    NOT_INTEGRATED = "NOT_INTEGRATED"
    REQUESTED = "REQUESTED"
    INTEGRATED_API = "INTEGRATED_API"
    INTEGRATED_IMPORT = "INTEGRATED_IMPORT"
    INACTIVE = "INACTIVE"


class Lifecycle(StrEnum):
    """FROZEN: no new sale, running contracts go on. RETIRED: support only, for ever."""

    DRAFT = "DRAFT"
    TEST = "TEST"
    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    RETIRED = "RETIRED"


class ProductNature(StrEnum):
    """Decides the place of supply for VAT."""

    GOODS = "GOODS"
    SERVICE = "SERVICE"


class Renewal(StrEnum):
    """What happens at the end of the commitment."""

    NONE = "NONE"
    TACIT = "TACIT"


class ProductFeature(Part):
    """A selling point: what is promised, in a word and a sentence."""

    key: Code
    label: Line


Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
ExternalCode = Annotated[str, text_of(120), PRINTABLE]
Metadata = Annotated[dict[Code, Line], Field(max_length=50)]
"""What other systems keep with a product or an external code; the catalogue does not read it."""
Sku = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]


class ExternalMapping(Reply):
    """What another system calls a product, or one of its plans."""

    mapping_id: UUID
    product_id: UUID
    system: str
    external_code: str
    plan_code: str | None
    metadata: dict[str, str]


class IndicativePrice(Reply):
    """What a consumer in mainland France pays today for the smallest quantity of the default plan."""

    price: Money
    tax_included: bool
    vat_rate: Percent
    vat_category: str


class ProductSnapshot(Reply):
    """The visible state of a product."""

    product_id: UUID
    sku: str
    name: str
    short_name: str | None = None
    kind: ProductKind
    revenue_model: RevenueModel
    sector: Sector
    product_type: str
    nature: ProductNature
    unit: str
    range_id: UUID
    owner_company_id: UUID | None = None
    product_partner_id: UUID | None = None
    lifecycle: Lifecycle
    tax_class: TaxClass
    indicative: IndicativePrice | None = None
    withdrawal_days: int | None = None
    commitment_months: int
    renewal: Renewal
    notice_days: int | None = None
    requires_shipping: bool
    weight_g: int | None = None
    dunning_policy_code: str | None = None
    retry_policy_code: str | None = None


class Product(ProductSnapshot):
    """A product with what only its own actor needs."""

    description: str | None
    currency: str
    price_scale: int
    quantity_min: Quantity
    quantity_max: Quantity | None
    quantity_step: Quantity
    renewal_months: int | None
    termination_terms: str | None
    requires_port_in: bool
    requires_service_link: bool
    eligibility: EligibilityRule | None = None
    features: tuple[ProductFeature, ...] = ()
    tags: tuple[str, ...] = ()
    popular: bool = False
    image_document_id: UUID | None = None
    logo_document_id: UUID | None = None
    integration_status: IntegrationStatus = IntegrationStatus.NOT_INTEGRATED
    metadata: dict[str, str] = Field(default_factory=dict)
    replacement_product_id: UUID | None
    version: int


class ProductDetail(Product):
    """A product with its versions, newest first, and what `include` asked for."""

    versions: tuple[ProductVersion, ...]
    range: ProductRange | None = None
    publications: tuple[Publication, ...] = ()
    mappings: tuple[ExternalMapping, ...] = ()


class ProductPart(StrEnum):
    """What get_product can bring along."""

    RANGE = "RANGE"
    PUBLICATIONS = "PUBLICATIONS"
    MAPPINGS = "MAPPINGS"


class ProductPage(Page[Product]):
    """Products by SKU."""


class CreateProduct(Request[Product]):
    """Add a product as DRAFT; a first version with a price takes effect at once or at its `effective_from`."""

    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")
    sku: Sku
    name: Line
    short_name: Annotated[Label, Field(max_length=80)] | None = None
    description: Paragraph | None = None
    range_id: UUID | None = Field(default=None, description="left out: the range SERVICES that every tenant has")
    owner_company_id: UUID | None = None
    kind: ProductKind = ProductKind.OWN
    product_partner_id: UUID | None = Field(default=None, description="whose product it is; required for PARTNER")
    revenue_model: RevenueModel | None = Field(
        default=None, description="left out: REVENUE for an own product, COMMISSION for a partner's"
    )
    sector: Sector | None = None
    product_type: Annotated[str, Field(max_length=40)] | None = None
    tax_class: TaxClass = TaxClass.STANDARD
    currency: Currency = "EUR"
    nature: ProductNature = ProductNature.SERVICE
    unit: Annotated[str, Field(max_length=20)] = "UNIT"
    price_scale: Annotated[int, Field(ge=2, le=6)] = 2
    quantity_min: Quantity = Decimal(1)
    quantity_max: Quantity | None = None
    quantity_step: Quantity = Decimal(1)
    dunning_policy_code: Code | None = None
    retry_policy_code: Code | None = None
    withdrawal_days: Annotated[int, Field(ge=0, le=60)] | None = None
    commitment_months: Annotated[int, Field(ge=0, le=60)] = 0
    renewal: Renewal = Renewal.NONE
    renewal_months: Annotated[int, Field(ge=1, le=60)] | None = None
    notice_days: Annotated[int, Field(ge=0, le=365)] | None = None
    termination_terms: Paragraph | None = None
    requires_shipping: bool = False
    weight_g: Annotated[int, Field(ge=0)] | None = None
    requires_port_in: bool = False
    requires_service_link: bool = False
    eligibility: EligibilityRule | None = None
    features: Annotated[tuple[ProductFeature, ...], Field(max_length=30)] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()
    popular: bool = False
    image_document_id: UUID | None = None
    logo_document_id: UUID | None = None
    integration_status: IntegrationStatus = IntegrationStatus.NOT_INTEGRATED
    metadata: Metadata = Field(default_factory=dict)
    first_version: VersionDraft | None = None

    @model_validator(mode="after")
    def _quantities_fit(self) -> "CreateProduct":
        if self.quantity_min <= 0 or self.quantity_step <= 0:
            raise refusal("QUANTITY_INVALID", "quantity_min and quantity_step must be above zero")
        if self.quantity_max is not None and self.quantity_max < self.quantity_min:
            raise refusal("QUANTITY_INVALID", "quantity_max is below quantity_min; raise it or leave it out")
        return self


class UpdateProduct(Request[Product]):
    """Change a product; what decides price and books is locked once it was published."""

    product_id: UUID
    expected_version: int
    sku: Sku | None = None
    name: Line | None = None
    short_name: Annotated[Label, Field(max_length=80)] | None = None
    description: Paragraph | None = None
    range_id: UUID | None = None
    owner_company_id: UUID | None = None
    kind: ProductKind | None = Field(default=None, description="PARTNER needs product_partner_id")
    product_partner_id: UUID | None = None
    revenue_model: RevenueModel | None = None
    product_type: Annotated[str, Field(max_length=40)] | None = None
    tax_class: TaxClass | None = None
    currency: Currency | None = None
    unit: Annotated[str, Field(max_length=20)] | None = None
    price_scale: Annotated[int, Field(ge=2, le=6)] | None = None
    quantity_min: Quantity | None = None
    quantity_max: Quantity | None = None
    quantity_step: Quantity | None = None
    dunning_policy_code: Code | None = None
    retry_policy_code: Code | None = None
    withdrawal_days: Annotated[int, Field(ge=0, le=60)] | None = None
    commitment_months: Annotated[int, Field(ge=0, le=60)] | None = None
    renewal: Renewal | None = None
    renewal_months: Annotated[int, Field(ge=1, le=60)] | None = None
    notice_days: Annotated[int, Field(ge=0, le=365)] | None = None
    termination_terms: Paragraph | None = None
    requires_shipping: bool | None = None
    weight_g: Annotated[int, Field(ge=0)] | None = None
    requires_port_in: bool | None = None
    requires_service_link: bool | None = None
    eligibility: EligibilityRule | None = None
    features: Annotated[tuple[ProductFeature, ...], Field(max_length=30)] | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] | None = None
    popular: bool | None = None
    image_document_id: UUID | None = None
    logo_document_id: UUID | None = None
    integration_status: IntegrationStatus | None = None
    metadata: Metadata | None = Field(default=None, description="replaces all of it; empty: none")


class DeleteProduct(Request[Empty], permission="products:product:write"):
    """Remove a product that was never published, quoted or sold; any other one is retired."""

    product_id: UUID
    expected_version: int


class GetProduct(
    Request[ProductDetail], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "products")
):
    """One product by id, SKU or external code; also answers an actor that met an unknown id."""

    product_id: UUID | None = None
    sku: Sku | None = None
    system: Code | None = Field(default=None, description="with external_code: the other system's name")
    external_code: ExternalCode | None = None
    include: tuple[ProductPart, ...] = ()
    as_of: Instant | None = Field(default=None, description="only the version in force at that instant")

    @model_validator(mode="after")
    def _one_key(self) -> "GetProduct":
        if (self.system is None) != (self.external_code is None):
            raise refusal("ONE_KEY", "give system and external_code together")
        if [self.product_id, self.sku, self.external_code].count(None) != 2:
            raise refusal("ONE_KEY", "give either product_id, or sku, or system with external_code")
        return self


class ListProducts(PageRequest, Request[ProductPage], query=True, resource="product"):
    """The products of the organisation."""

    range_id: UUID | None = None
    sector: Sector | None = None
    product_type: str | None = None
    kind: ProductKind | None = None
    lifecycle: tuple[Lifecycle, ...] = ()
    company_id: UUID | None = Field(default=None, description="the company that owns the product")
    product_partner_id: UUID | None = None
    integration_status: IntegrationStatus | None = None
    channel: Channel | None = Field(default=None, description="published there now")
    on_promotion: bool | None = Field(default=None, description="named by a running promotion, itself or its range")
    price_min: Amount | None = Field(default=None, description="of the indicative price")
    price_max: Amount | None = None
    tag: Tag | None = None
    search: Annotated[str, Field(min_length=2, max_length=100)] | None = None


class TransitionProduct(Request[Product], permission="products:product:write"):
    """Move a product along its life; ACTIVE needs a price, a version and a determined VAT."""

    product_id: UUID
    expected_version: int | None = None
    to: Lifecycle
    reason: Label | None = None
    replacement_product_id: UUID | None = None
