"""products: the facts that other actors hear."""

from datetime import date
from uuid import UUID

from pydantic import ConfigDict, Field

from messages.base import Event, Message
from messages.products.catalogue import Lifecycle, ProductSnapshot
from messages.products.client_prices import ClientPriceMode
from messages.products.documents import AlertSeverity, DocumentAlertType, ProductDocumentType
from messages.products.partners import ProductPartnerStatus, ProductPartnerType
from messages.products.promotions import PromotionKind
from messages.products.publications import AccountingMapping, PublicationFacts
from messages.products.quality_rules import SaleDocument
from messages.products.ranges import RangeKind
from messages.products.vat import VatRate
from messages.products.versions import ChangedArea, PlanOption, Recurrence
from messages.values.money import Money
from messages.values.numbers import Rate


class ProductRangeCreated(Event, aggregate="product_range", aggregate_id="range_id"):
    """A node of the catalogue tree exists."""

    range_id: UUID
    code: str
    name: str
    kind: RangeKind
    parent_id: UUID | None = None
    active: bool


class ProductRangeUpdated(Event, aggregate="product_range", aggregate_id="range_id"):
    """A node of the catalogue tree changed."""

    range_id: UUID
    code: str
    name: str
    kind: RangeKind
    parent_id: UUID | None = None
    active: bool
    changed_fields: tuple[str, ...]


class ProductCreated(ProductSnapshot, Event, aggregate="product"):
    """A product exists; other actors keep what they need of it."""


class ProductUpdated(ProductSnapshot, Event, aggregate="product"):
    """Something visible of the product changed."""

    changed_fields: tuple[str, ...]


class ProductLifecycleChanged(Event, aggregate="product"):
    """The product may be sold, or no longer."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)

    product_id: UUID
    sku: str
    from_: Lifecycle = Field(alias="from")
    to: Lifecycle
    reason: str | None = None
    replacement_product_id: UUID | None = None


class ProductVersionScheduled(Event, aggregate="product_version", aggregate_id="version_id"):
    """Commercial terms will apply from a date."""

    version_id: UUID
    product_id: UUID
    number: int
    effective_from: date
    effective_to: date | None = None
    breaking: bool
    changed_areas: tuple[ChangedArea, ...]


class ProductVersionEffective(Event, aggregate="product_version", aggregate_id="version_id"):
    """Commercial terms apply."""

    version_id: UUID
    product_id: UUID
    number: int
    effective_from: date
    effective_to: date | None = None
    breaking: bool
    changed_areas: tuple[ChangedArea, ...]


class ProductVersionSuperseded(Event, aggregate="product_version", aggregate_id="version_id"):
    """Commercial terms no longer apply to new sales."""

    version_id: UUID
    product_id: UUID
    number: int
    effective_from: date
    effective_to: date | None = None
    breaking: bool
    changed_areas: tuple[ChangedArea, ...]


class ProductVersionCancelled(Event, aggregate="product_version", aggregate_id="version_id"):
    """Scheduled terms were given up before they began; the version before goes on."""

    version_id: UUID
    product_id: UUID
    number: int
    effective_from: date
    effective_to: date | None = None
    breaking: bool
    changed_areas: tuple[ChangedArea, ...]


class ProductPlanSaved(Event, aggregate="product_plan", aggregate_id="plan_id"):
    """A plan exists or changed."""

    plan_id: UUID
    product_id: UUID
    version_id: UUID
    code: str
    recurrence: Recurrence
    options: tuple[PlanOption, ...] = ()


class PriceListSaved(Event, aggregate="price_list", aggregate_id="list_id"):
    """A price list exists or changed."""

    list_id: UUID
    code: str
    currency: str
    valid_from: date | None = None
    valid_to: date | None = None
    is_default: bool


class PriceListDefaultChanged(Event, aggregate="price_list", aggregate_id="list_id"):
    """Another list applies to everybody."""

    list_id: UUID
    previous_list_id: UUID | None = None


class PriceListExpired(Event, aggregate="price_list", aggregate_id="list_id"):
    """The last day of a list has passed."""

    list_id: UUID
    code: str


class PriceItemSaved(Event, aggregate="price_item", aggregate_id="item_id"):
    """A price of a list exists or changed; of tiers, the first amount rounded to cents."""

    item_id: UUID
    list_id: UUID
    product_id: UUID
    plan_id: UUID | None = None
    price: Money


class PriceItemRemoved(Event, aggregate="price_item", aggregate_id="item_id"):
    """A price is no longer in its list."""

    item_id: UUID
    list_id: UUID


class PriceMove(Message):
    """A price before and after."""

    item_id: UUID
    old: Money
    new: Money


class ProductRangeDeleted(Event, aggregate="product_range", aggregate_id="range_id"):
    """A range was removed from the tree."""

    range_id: UUID


class ProductDeleted(Event, aggregate="product"):
    """A product that was never sold was removed; projections forget it."""

    product_id: UUID
    sku: str


class PriceListAdjusted(Event, aggregate="price_list", aggregate_id="list_id"):
    """Many prices of a list moved at once, rounded here to cents; a large change is stated in several events."""

    list_id: UUID
    items: tuple[PriceMove, ...]


class AgreedValue(Message):
    """What was agreed with a client: a unit price or a percentage off."""

    mode: ClientPriceMode
    value: Rate


class ClientPriceSet(Event, aggregate="client_price"):
    """A price was agreed with a client."""

    client_price_id: UUID
    client_id: UUID
    product_id: UUID
    value: AgreedValue
    valid_from: date
    valid_to: date | None = None


class ClientPriceEnded(Event, aggregate="client_price"):
    """An agreed price holds no more after that day."""

    client_price_id: UUID
    client_id: UUID
    product_id: UUID
    valid_to: date


class PromotionFacts(Message):
    """What every event of a promotion says."""

    promotion_id: UUID
    code: str
    kind: PromotionKind
    value: Rate
    targets: tuple[UUID, ...] = Field(description="ids of the products and ranges named")
    starts_on: date
    ends_on: date | None = None
    duration_periods: int | None = None


class PromotionScheduled(PromotionFacts, Event, aggregate="promotion"):
    """A promotion will run."""


class PromotionStarted(PromotionFacts, Event, aggregate="promotion"):
    """A promotion runs."""


class PromotionEnded(PromotionFacts, Event, aggregate="promotion"):
    """The last day of a promotion has passed, or its products were retired."""


class PromotionCancelled(PromotionFacts, Event, aggregate="promotion"):
    """Somebody stopped a promotion."""

    reason: str


class PromotionExhausted(PromotionFacts, Event, aggregate="promotion"):
    """All redemptions of a promotion are used; later prices leave it out."""


class ProductPublicationScheduled(
    PublicationFacts, Event, aggregate="product_publication", aggregate_id="publication_id"
):
    """A version will be sold from an instant on."""


class ProductPublicationLive(PublicationFacts, Event, aggregate="product_publication", aggregate_id="publication_id"):
    """A version is sold."""


class ProductPublicationEnded(PublicationFacts, Event, aggregate="product_publication", aggregate_id="publication_id"):
    """A version is no longer sold."""


class ProductPublicationWithdrawn(
    PublicationFacts, Event, aggregate="product_publication", aggregate_id="publication_id"
):
    """Somebody stopped the sale of a version."""

    reason: str


class ProductDocumentFacts(Message):
    """What every event of a product document says."""

    product_document_id: UUID
    version_id: UUID
    type: ProductDocumentType
    document_id: UUID
    sha256: str
    mandatory: bool


class ProductDocumentPublished(ProductDocumentFacts, Event, aggregate="product_document"):
    """A document counts for sales of its version; documents keeps the file for ten years."""


class ProductDocumentArchived(ProductDocumentFacts, Event, aggregate="product_document"):
    """A document counts no more."""


class ProductDocumentExpired(ProductDocumentFacts, Event, aggregate="product_document"):
    """The last day of a document has passed."""


class DocumentAlertFacts(Message):
    """What the event of an alert says."""

    alert_id: UUID
    product_id: UUID
    type: DocumentAlertType
    severity: AlertSeverity


class DocumentAlertRaised(DocumentAlertFacts, Event, aggregate="document_alert", aggregate_id="alert_id"):
    """A mandatory document of a version on sale is missing or old."""


class QualityRuleSaved(Event, aggregate="quality_rule", aggregate_id="version_id"):
    """What the quality desk checks of sales of a version."""

    version_id: UUID
    required_fields: tuple[str, ...]
    required_documents: tuple[SaleDocument, ...]


class ProductPartnerFacts(Message):
    """What the event of a supplier says."""

    product_partner_id: UUID
    name: str
    type: ProductPartnerType
    status: ProductPartnerStatus
    company_ids: tuple[UUID, ...] = Field(description="the companies that sell for him")


class ProductPartnerSaved(ProductPartnerFacts, Event, aggregate="product_partner"):
    """A supplier of products exists, changed, or was activated for other companies."""


class AccountingMappingValidated(Event, aggregate="accounting_mapping", aggregate_id="mapping_id"):
    """Accounting confirmed a mapping."""

    mapping_id: UUID
    validated_by: UUID | None = None


class AccountingMappingSaved(AccountingMapping, Event, aggregate="accounting_mapping", aggregate_id="mapping_id"):
    """Revenue, commission, fee or tax is booked on these accounts."""


class VatRateSaved(VatRate, Event, aggregate="vat_rate"):
    """A dated VAT rate exists or changed."""


class PriceQuoteCreated(Event, aggregate="price_quote", aggregate_id="quote_id"):
    """Prices were offered."""

    quote_id: UUID
    client_id: UUID | None = None
    company_id: UUID
    content_hash: str
    valid_until: date
    net: Money
    vat: Money
    gross: Money


class PriceQuoteAccepted(Event, aggregate="price_quote", aggregate_id="quote_id"):
    """A contract was signed on the quote; its prices are honoured."""

    quote_id: UUID
    contract_id: UUID


class PriceQuoteExpired(Event, aggregate="price_quote", aggregate_id="quote_id"):
    """The quote binds nobody any more."""

    quote_id: UUID
