"""The tables of products."""

from storage.products.tables.agreements import client_price, price_list_assignment, promotion, promotion_redemption
from storage.products.tables.catalogue import pricing_rule, product, product_plan, product_range, product_version
from storage.products.tables.copies import client_contract, client_ref, commission_plan_ref, company_ref
from storage.products.tables.metadata import metadata
from storage.products.tables.papers import (
    document_alert,
    document_ref,
    external_mapping,
    product_document,
    quality_rule,
)
from storage.products.tables.partners import product_partner, product_partner_activation
from storage.products.tables.prices import bundle, price_item, price_list, price_quote, vat_rate
from storage.products.tables.selling import accounting_mapping, catalogue_settings, publication
from storage.products.tables.words import product_word

__all__ = [
    "accounting_mapping",
    "bundle",
    "catalogue_settings",
    "client_contract",
    "client_price",
    "client_ref",
    "commission_plan_ref",
    "company_ref",
    "document_alert",
    "document_ref",
    "external_mapping",
    "metadata",
    "price_item",
    "price_list",
    "price_list_assignment",
    "price_quote",
    "pricing_rule",
    "product",
    "product_document",
    "product_partner",
    "product_partner_activation",
    "product_plan",
    "product_range",
    "product_version",
    "product_word",
    "promotion",
    "promotion_redemption",
    "publication",
    "quality_rule",
    "vat_rate",
]
