"""The statements of products that price a basket; compiled once."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, Select, String, Uuid, and_, any_, bindparam, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from storage.products.tables import (
    client_ref,
    company_ref,
    price_item,
    price_list,
    pricing_rule,
    product,
    product_plan,
    product_version,
    publication,
    vat_rate,
)
from storage.shared.statements import Statement, prepare, rows_as_json


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column holds one of the values: one array parameter, so the statement keeps its shape."""
    return column == any_(literal([*values], ARRAY(column.type)))


_AS_OF = bindparam("as_of", type_=DateTime(timezone=True))
_DAY = bindparam("day", type_=Date)
_ORGANISATION = bindparam("organisation_id", type_=Uuid)
_IDS = bindparam("product_ids", type_=ARRAY(Uuid))
_SKUS = bindparam("sku_keys", type_=ARRAY(String))
_DATED_STATES = ("SCHEDULED", "EFFECTIVE", "SUPERSEDED")

_PLANS = rows_as_json(
    "plans",
    [
        product_plan.c.id,
        product_plan.c.code,
        product_plan.c.name,
        product_plan.c.description,
        product_plan.c.display_order,
        product_plan.c.is_default,
        product_plan.c.active,
        product_plan.c.recurrence,
        product_plan.c.billing_cycle_days,
        product_plan.c.options,
    ],
    product_plan.c.version_id == product_version.c.id,
    product_plan.c.display_order,
)
_RULES = rows_as_json(
    "pricing",
    [pricing_rule.c.id, pricing_rule.c.plan_code, pricing_rule.c.role, pricing_rule.c.payload],
    pricing_rule.c.version_id == product_version.c.id,
    pricing_rule.c.id,
)
_PUBLICATIONS = rows_as_json(
    "publications",
    [publication.c.company_id, publication.c.channels, publication.c.end_at],
    and_(
        publication.c.version_id == product_version.c.id,
        among(publication.c.state, ("SCHEDULED", "LIVE")),
        publication.c.start_at <= _AS_OF,
        or_(publication.c.end_at.is_(None), publication.c.end_at > _AS_OF),
    ),
    publication.c.id,
)

VERSION: Select[tuple[object, ...]] = select(product_version, _PLANS, _RULES)
"""A version with its plans and price rules."""

OFFERS: Statement = prepare(
    select(
        product,
        product_version.c.id.label("version_id"),
        product_version.c.effective_to.label("version_until"),
        _PLANS,
        _RULES,
        _PUBLICATIONS,
    )
    .select_from(
        product.outerjoin(
            product_version,
            and_(
                product_version.c.organisation_id == product.c.organisation_id,
                product_version.c.product_id == product.c.id,
                among(product_version.c.state, _DATED_STATES),
                product_version.c.effective_from <= _AS_OF,
                or_(product_version.c.effective_to.is_(None), product_version.c.effective_to > _AS_OF),
            ),
        )
    )
    .where(
        product.c.organisation_id == _ORGANISATION,
        or_(product.c.id == any_(_IDS), product.c.sku_key == any_(_SKUS)),
    )
)
"""Products with the version in force at `as_of`, its plans, price rules and live publications."""

LIST_PRICES: Statement = prepare(
    select(price_item, price_list.c.tax_included, price_list.c.valid_to)
    .join(price_list, price_list.c.id == price_item.c.list_id)
    .where(
        price_item.c.organisation_id == _ORGANISATION,
        price_item.c.product_id == any_(_IDS),
        price_item.c.active,
        price_list.c.active,
        or_(price_list.c.valid_from.is_(None), price_list.c.valid_from <= _DAY),
        or_(price_list.c.valid_to.is_(None), price_list.c.valid_to >= _DAY),
        or_(
            price_list.c.id == bindparam("list_id", type_=Uuid),
            and_(bindparam("list_id", type_=Uuid).is_(None), price_list.c.is_default),
        ),
    )
)
"""The prices of the named list, or of the default list when none is named, on a local day."""

VAT_RATES: Statement = prepare(
    select(vat_rate).where(
        vat_rate.c.organisation_id == _ORGANISATION,
        vat_rate.c.zone == any_(bindparam("zones", type_=ARRAY(String))),
        vat_rate.c.valid_from <= _DAY,
        or_(vat_rate.c.valid_to.is_(None), vat_rate.c.valid_to >= _DAY),
    )
)

COMPANIES: Statement = prepare(select(company_ref).where(company_ref.c.organisation_id == _ORGANISATION))

CLIENT: Statement = prepare(
    select(client_ref).where(
        client_ref.c.organisation_id == _ORGANISATION,
        client_ref.c.client_id == bindparam("client_id", type_=Uuid),
    )
)
