"""Rows of products as messages and rules show them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from actors.products.rules.offers import LivePublication, Offer
from actors.products.rules.pricing import Source
from actors.products.rules.promotions import Campaign
from actors.products.rules.sources import AgreedPrice, ListPrice
from actors.products.rules.vat import DatedRate
from messages.products.bundles import Bundle
from messages.products.catalogue import ExternalMapping, Product, ProductDetail, ProductKind, ProductSnapshot
from messages.products.client_prices import ClientPrice, ClientPriceMode
from messages.products.documents import DocumentAlert, ProductDocument
from messages.products.events import ProductDocumentFacts, PromotionFacts
from messages.products.partners import PartnerActivation, ProductPartner
from messages.products.price_lists import PriceItem, PriceList, PriceListAssignment
from messages.products.pricing import PriceSource
from messages.products.promotions import Promotion, PromotionConditions, PromotionKind
from messages.products.publications import AccountingMapping, Publication, PublicationFacts
from messages.products.quality_rules import QualityRule
from messages.products.quotes import PriceQuote, PriceQuoteSummary, QuoteStatus
from messages.products.ranges import ProductRange
from messages.products.vat import VatRate
from messages.products.versions import Plan, PricingRule, ProductVersion, TieredPrice
from messages.values.money import CENT, Money
from runtime.unit_of_work import Row


def range_of(row: Row) -> ProductRange:
    """A range as requests answer it."""
    return ProductRange.model_validate(dict(row))


def product_of(row: Row) -> Product:
    """A product as requests answer it."""
    return Product.model_validate({**row, "product_id": row["id"]})


def detail_of(row: Row, versions: Sequence[Row]) -> ProductDetail:
    """A product with its versions."""
    found = tuple(version_of(version) for version in versions)
    return ProductDetail(**dict(product_of(row)), versions=found)


def snapshot_of(row: Row) -> dict[str, Any]:
    """The fields of ProductSnapshot, from which created and updated events are made."""
    return dict(ProductSnapshot.model_validate({**row, "product_id": row["id"]}))


def plan_of(fields: Row) -> Plan:
    """A plan from its row or its JSON."""
    return Plan.model_validate({name: fields[name] for name in Plan.model_fields})


def rule_of(fields: Row) -> PricingRule:
    """A price rule from its row or its JSON."""
    return PricingRule.model_validate(
        {**fields["payload"], "id": fields["id"], "plan_code": fields["plan_code"], "role": fields["role"]}
    )


def version_of(row: Row) -> ProductVersion:
    """A version with its plans and price rules."""
    return ProductVersion.model_validate(
        {
            **row,
            "plans": tuple(plan_of(plan) for plan in row["plans"] or ()),
            "pricing": tuple(rule_of(rule) for rule in row["pricing"] or ()),
        }
    )


def offer_of(row: Row, items: Sequence[Row], agreed: Sequence[Row], campaigns: Sequence[Campaign]) -> Offer:
    """A product at one instant, with what may decide its price."""
    product = product_of(row)
    ranges = frozenset(row["ranges"] or ())
    return Offer(
        product_id=product.product_id,
        sku=product.sku,
        name=product.name,
        lifecycle=product.lifecycle,
        sector=product.sector,
        nature=product.nature,
        tax_class=product.tax_class,
        currency=product.currency,
        price_scale=product.price_scale,
        quantity_min=product.quantity_min,
        quantity_max=product.quantity_max,
        quantity_step=product.quantity_step,
        version_id=row["version_id"],
        version_until=row["version_until"],
        documents_block=bool(row["documents_block"]),
        is_partners=product.kind is ProductKind.PARTNER,
        partner_companies=frozenset(row["partner_companies"] or ()),
        plans=tuple(plan_of(plan) for plan in row["plans"] or ()),
        rules=tuple(rule_of(rule) for rule in row["pricing"] or ()),
        publications=tuple(_publication_of(found) for found in row["publications"] or ()),
        list_prices=tuple(_list_price_of(item) for item in items),
        agreed_prices=tuple(_agreed_price_of(found) for found in agreed),
        campaigns=tuple(campaign for campaign in campaigns if campaign.targets(product.product_id, ranges)),
    )


def campaign_of(row: Row) -> Campaign:
    """A promotion as the rules of prices read it."""
    return Campaign(
        id=row["id"],
        code=row["code"],
        kind=PromotionKind(row["kind"]),
        value=row["value"],
        product_ids=frozenset(row["product_ids"]),
        range_ids=frozenset(row["range_ids"]),
        plan_codes=frozenset(row["plan_codes"]),
        conditions=PromotionConditions.model_validate(row["conditions"]),
        ends_on=row["ends_on"],
        duration_periods=row["duration_periods"],
        stackable=row["stackable"],
        applies_to_negotiated=row["applies_to_negotiated"],
        priority=row["priority"],
        created_at=row["created_at"],
        redemptions=row["redemptions"],
        redemptions_of_client=row["redemptions_of_client"],
    )


def promotion_of(row: Row) -> Promotion:
    """A promotion as requests answer it."""
    targets = {name: row[name] for name in ("product_ids", "range_ids", "plan_codes")}
    return Promotion.model_validate({**row, "promotion_id": row["id"], "targets": targets})


def promotion_facts_of(row: Row) -> dict[str, Any]:
    """The fields that every event of a promotion has."""
    targets = (*row["product_ids"], *row["range_ids"])
    return dict(PromotionFacts.model_validate({**row, "promotion_id": row["id"], "targets": targets}))


def bundle_of(row: Row) -> Bundle:
    """A bundle with its components."""
    return Bundle.model_validate({**row, "bundle_id": row["id"]})


def document_of(row: Row) -> ProductDocument:
    """A document of a version."""
    return ProductDocument.model_validate({**row, "product_document_id": row["id"]})


def document_facts_of(row: Row) -> dict[str, Any]:
    """The fields that every event of a product document has."""
    return dict(ProductDocumentFacts.model_validate({**row, "product_document_id": row["id"]}))


def alert_of(row: Row) -> DocumentAlert:
    """An alert about a document; what was never set in a new row is null."""
    unset = {"acknowledged_at": None, "acknowledged_by": None, "closed_at": None}
    return DocumentAlert.model_validate({**unset, **row, "alert_id": row["id"]})


def external_mapping_of(row: Row) -> ExternalMapping:
    """What another system calls a product."""
    return ExternalMapping.model_validate({**row, "mapping_id": row["id"]})


def quality_rule_of(row: Row) -> QualityRule:
    """The quality rule of a version."""
    return QualityRule.model_validate({**row["rule"], "version_id": row["version_id"], "version": row["version"]})


def client_price_of(row: Row) -> ClientPrice:
    """A price agreed with a client."""
    return ClientPrice.model_validate({**row, "client_price_id": row["id"]})


def assignment_of(row: Row) -> PriceListAssignment:
    """An assignment of a list."""
    return PriceListAssignment.model_validate({**row, "assignment_id": row["id"]})


def dated_rate_of(row: Row) -> DatedRate:
    """A row of the VAT table as the rules read it."""
    rate = vat_rate_of(row)
    return DatedRate(
        zone=rate.zone,
        tax_class=rate.tax_class,
        rate=rate.rate,
        category=rate.category,
        valid_from=rate.valid_from,
        valid_to=rate.valid_to,
        exemption_code=rate.exemption_code,
        exemption_text=rate.exemption_text,
    )


def vat_rate_of(row: Row) -> VatRate:
    """A VAT rate as requests and events show it."""
    return VatRate.model_validate({**row, "vat_rate_id": row["id"], "rate": row["rate"].quantize(CENT)})


def partner_of(row: Row, activations: Sequence[Row]) -> ProductPartner:
    """A product partner with the companies that sell for him."""
    found = activations_of(activations)
    return ProductPartner.model_validate({**row, "product_partner_id": row["id"], "activations": found})


def activations_of(rows: Sequence[Row]) -> tuple[PartnerActivation, ...]:
    """The companies that sell or sold for a partner."""
    return tuple(PartnerActivation.model_validate(dict(row)) for row in rows)


def list_of(row: Row) -> PriceList:
    """A price list."""
    return PriceList.model_validate({**row, "list_id": row["id"]})


def item_of(row: Row) -> PriceItem:
    """A price of a list."""
    return PriceItem.model_validate({**row, "item_id": row["id"]})


def publication_of(row: Row) -> Publication:
    """A publication."""
    return Publication.model_validate({**row, "publication_id": row["id"]})


def publication_facts_of(row: Row) -> dict[str, Any]:
    """The fields that every event of a publication has."""
    return dict(PublicationFacts.model_validate({**row, "publication_id": row["id"]}))


def mapping_of(row: Row) -> AccountingMapping:
    """An account mapping."""
    return AccountingMapping.model_validate({**row, "mapping_id": row["id"]})


def quote_of(row: Row, *, is_past: bool = False) -> PriceQuote:
    """A quote with its stored result; an open one whose last day is past shows what the day job will say."""
    return PriceQuote.model_validate({**row["result"], **_quote_fields(row, is_past)})


def quote_summary_of(row: Row, *, is_past: bool = False) -> PriceQuoteSummary:
    """A quote in a list."""
    totals = {name: Money(amount=row[name], currency=row["currency"]) for name in ("net", "vat", "gross")}
    return PriceQuoteSummary.model_validate({**_quote_fields(row, is_past), "company_id": row["company_id"], **totals})


def _quote_fields(row: Row, is_past: bool) -> dict[str, Any]:
    names = ("client_id", "valid_until", "content_hash", "accepted_contract_id", "created_at", "version")
    status = QuoteStatus.EXPIRED if is_past and row["status"] == QuoteStatus.OPEN else row["status"]
    return {"quote_id": row["id"], "status": status, **{name: row[name] for name in names}}


def _publication_of(fields: Row) -> LivePublication:
    end = fields["end_at"]
    return LivePublication(
        company_id=UUID(fields["company_id"]),
        channels=frozenset(fields["channels"]),
        end_at=datetime.fromisoformat(end) if end else None,
    )


def _list_price_of(row: Row) -> ListPrice:
    source = Source(
        kind=PriceSource.PRICE_LIST,
        id=row["id"],
        tax_included=row["tax_included"],
        unit_price=row["unit_price"],
        tiered=TieredPrice.model_validate(row["tiered"]) if row["tiered"] else None,
        discount_percent=row["discount_percent"],
        min_price=row["min_price"],
        max_price=row["max_price"],
        max_manual_discount_percent=row["max_manual_discount_percent"],
    )
    until = min((day for day in (row["valid_to"], row["assigned_until"]) if day is not None), default=None)
    return ListPrice(row["list_id"], row["plan_code"], source, until)


def _agreed_price_of(row: Row) -> AgreedPrice:
    return AgreedPrice(
        id=row["id"],
        plan_code=row["plan_code"],
        mode=ClientPriceMode(row["mode"]),
        value=row["value"],
        tax_included=row["tax_included"],
        quantity_from=row["quantity_from"],
        until=row["valid_to"],
    )
