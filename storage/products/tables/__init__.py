"""The tables of products."""

from storage.products.tables.agreements import client_price, price_list_assignment, promotion, promotion_redemption
from storage.products.tables.catalogue import pricing_rule, product, product_plan, product_range, product_version
from storage.products.tables.copies import client_contract, client_ref, company_ref
from storage.products.tables.metadata import metadata
from storage.products.tables.prices import price_item, price_list, price_quote, vat_rate
from storage.products.tables.selling import accounting_mapping, catalogue_settings, publication

__all__ = [
    "accounting_mapping",
    "catalogue_settings",
    "client_contract",
    "client_price",
    "client_ref",
    "company_ref",
    "metadata",
    "price_item",
    "price_list",
    "price_list_assignment",
    "price_quote",
    "pricing_rule",
    "product",
    "product_plan",
    "product_range",
    "product_version",
    "promotion",
    "promotion_redemption",
    "publication",
    "vat_rate",
]
