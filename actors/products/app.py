"""What products answers, hears, does on time and asks."""

from sqlalchemy import select

from actors.products import reactions, schedule, views
from actors.products.requests import (
    accounting,
    price_lists,
    prices,
    products,
    publications,
    quotes,
    ranges,
    vat,
    versions,
)
from messages.clients import GetClient
from messages.identity import GetSigningKeys
from runtime.actor import Actor, Tick, every
from runtime.host import application
from runtime.snapshots import Export, plain
from storage.products.tables import product

actor = Actor(
    "products",
    answers=(
        ranges.create_range,
        ranges.update_range,
        ranges.get_range,
        ranges.list_ranges,
        products.create_product,
        products.update_product,
        products.get_product,
        products.list_products,
        products.transition_product,
        versions.create_version,
        versions.get_version,
        versions.list_versions,
        versions.schedule_version,
        versions.set_pricing_rule,
        versions.create_plan,
        publications.create_publication,
        publications.withdraw_publication,
        publications.validate_publication,
        publications.list_publications,
        price_lists.create_price_list,
        price_lists.set_default_price_list,
        price_lists.list_price_lists,
        price_lists.create_price_item,
        price_lists.update_price_item,
        price_lists.list_price_items,
        prices.calculate_price,
        prices.calculate_prices,
        prices.resolve_vat,
        vat.upsert_vat_rate,
        vat.list_vat_rates,
        quotes.create_price_quote,
        quotes.get_price_quote,
        quotes.list_price_quotes,
        accounting.set_accounting_mapping,
        accounting.list_accounting_mappings,
        accounting.resolve_accounts,
    ),
    hears=(
        reactions.seed_organisation,
        reactions.keep_company,
        reactions.keep_client,
        reactions.accept_quotes,
    ),
    runs=(
        every(Tick.MINUTE, schedule.start_versions),
        every(Tick.MINUTE, schedule.start_publications),
        every(Tick.MINUTE, schedule.end_publications),
        every(Tick.MINUTE, schedule.expire_quotes_of_stopped_products),
        every(Tick.DAY, schedule.expire_quotes),
        every(Tick.DAY, schedule.expire_price_lists),
    ),
    asks=(GetSigningKeys, GetClient),
    exports=(Export("product", product, select(product), plain(views.snapshot_of)),),
    projections=(reactions.keep_company, reactions.keep_client),
)

app = application(actor)
