"""The statements of products that price a basket; compiled once."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Select,
    String,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal,
    nulls_last,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from storage.products.tables import (
    client_contract,
    client_price,
    client_ref,
    company_ref,
    price_item,
    price_list,
    price_list_assignment,
    pricing_rule,
    product,
    product_partner,
    product_partner_activation,
    product_plan,
    product_range,
    product_version,
    promotion,
    promotion_redemption,
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

PLANS_OF_VERSION = rows_as_json(
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

_ABOVE = product_range.alias("above")
_RANGES_OF_PRODUCT = (
    select(func.array_agg(_ABOVE.c.id))
    .select_from(
        product_range.join(
            _ABOVE,
            and_(
                _ABOVE.c.organisation_id == product_range.c.organisation_id,
                or_(
                    _ABOVE.c.id == product_range.c.id,
                    func.starts_with(product_range.c.path, _ABOVE.c.path + literal("/")),
                ),
            ),
        )
    )
    .where(product_range.c.id == product.c.range_id)
    .correlate(product)
    .scalar_subquery()
)
_RANGES = _RANGES_OF_PRODUCT.label("ranges")

_PARTNER_COMPANIES = (
    select(func.array_agg(product_partner_activation.c.company_id))
    .join(product_partner, product_partner.c.id == product_partner_activation.c.product_partner_id)
    .where(
        product_partner_activation.c.organisation_id == product.c.organisation_id,
        product_partner_activation.c.product_partner_id == product.c.product_partner_id,
        product_partner_activation.c.active,
        product_partner.c.status == "ACTIVE",
    )
    .correlate(product)
    .scalar_subquery()
)

VERSION: Select[tuple[object, ...]] = select(product_version, PLANS_OF_VERSION, _RULES)
"""A version with its plans and price rules."""

OFFERS: Statement = prepare(
    select(
        product,
        product_version.c.id.label("version_id"),
        product_version.c.effective_to.label("version_until"),
        product_version.c.documents_block,
        PLANS_OF_VERSION,
        _RULES,
        _PUBLICATIONS,
        _RANGES,
        _PARTNER_COMPANIES.label("partner_companies"),
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

_CLIENT = bindparam("client_id", type_=Uuid)
_PARTNER = bindparam("partner_id", type_=Uuid)
_COMPANY = bindparam("company_id", type_=Uuid)
_CHANNEL = bindparam("channel", type_=String)
_CLIENT_TYPE = bindparam("client_type", type_=String)
_LIST = bindparam("list_id", type_=Uuid)


def holds_on(table: Any, day: ColumnElement[Any] | date) -> ColumnElement[bool]:
    """Whether the day lies between valid_from and valid_to, both included; null is open."""
    begun = table.c.valid_from <= day
    return and_(
        # an index on the start is entered at the day only where no null has to be found as well
        or_(table.c.valid_from.is_(None), begun) if table.c.valid_from.nullable else begun,
        or_(table.c.valid_to.is_(None), table.c.valid_to >= day),
    )


_BEST = (
    select(price_list_assignment.c.specificity, price_list_assignment.c.valid_to.label("assigned_until"))
    .where(
        price_list_assignment.c.organisation_id == price_list.c.organisation_id,
        price_list_assignment.c.list_id == price_list.c.id,
        holds_on(price_list_assignment, _DAY),
        *(
            or_(price_list_assignment.c[name].is_(None), price_list_assignment.c[name] == given)
            for name, given in (
                ("client_id", _CLIENT),
                ("partner_id", _PARTNER),
                ("company_id", _COMPANY),
                ("channel", _CHANNEL),
                ("client_type", _CLIENT_TYPE),
            )
        ),
    )
    .order_by(price_list_assignment.c.specificity.desc(), price_list_assignment.c.valid_to.desc().nulls_first())
    .limit(1)
    .lateral("best")
)
_SPECIFICITY = func.coalesce(_BEST.c.specificity, 0)
_LIST_ORDER = (
    _SPECIFICITY.desc(),
    price_list.c.priority.desc(),
    nulls_last(price_list.c.valid_from.desc()),
    price_list.c.created_at.desc(),
    price_list.c.id,
)
_APPLICABLE = and_(
    price_list.c.active,
    holds_on(price_list, _DAY),
    or_(
        price_list.c.id == _LIST,
        and_(_LIST.is_(None), or_(price_list.c.is_default, _BEST.c.specificity.is_not(None))),
    ),
)


def in_force(as_of: datetime) -> ColumnElement[bool]:
    """Whether a version is the one of that instant."""
    return and_(
        among(product_version.c.state, _DATED_STATES),
        product_version.c.effective_from <= as_of,
        or_(product_version.c.effective_to.is_(None), product_version.c.effective_to > as_of),
    )


def is_live_on(channel: str, as_of: datetime) -> ColumnElement[bool]:
    """Whether a product is published on a channel at that instant."""
    return (
        select(publication.c.id)
        .where(
            publication.c.organisation_id == product.c.organisation_id,
            publication.c.product_id == product.c.id,
            among(publication.c.state, ("SCHEDULED", "LIVE")),
            publication.c.channels.contains([channel]),
            publication.c.start_at <= as_of,
            or_(publication.c.end_at.is_(None), publication.c.end_at > as_of),
        )
        .exists()
    )


LIST_PRICES: Statement = prepare(
    select(price_item, price_list.c.tax_included, price_list.c.valid_to, _BEST.c.assigned_until)
    .join(price_list, price_list.c.id == price_item.c.list_id)
    .join(product, and_(product.c.id == price_item.c.product_id, product.c.currency == price_list.c.currency))
    .outerjoin(_BEST, true())
    .where(
        price_item.c.organisation_id == _ORGANISATION,
        price_item.c.product_id == any_(_IDS),
        price_item.c.active,
        _APPLICABLE,
    )
    .order_by(*_LIST_ORDER)
)
"""The prices of the named list; when none is named, of the lists that apply to somebody, the most specific first."""

ACTIVE_LIST: Statement = prepare(
    select(price_list, _SPECIFICITY.label("specificity"))
    .outerjoin(_BEST, true())
    .where(
        price_list.c.organisation_id == _ORGANISATION,
        price_list.c.currency == bindparam("currency", type_=String),
        _APPLICABLE,
    )
    .order_by(*_LIST_ORDER)
    .limit(1)
)
"""The list that comes first for somebody."""

AGREED_PRICES: Statement = prepare(
    select(client_price).where(
        client_price.c.organisation_id == _ORGANISATION,
        client_price.c.client_id == _CLIENT,
        client_price.c.product_id == any_(_IDS),
        holds_on(client_price, _DAY),
    )
)
"""What was agreed with a client for products, on a local day."""

_REDEEMED = (
    select(func.count())
    .where(
        promotion_redemption.c.organisation_id == promotion.c.organisation_id,
        promotion_redemption.c.promotion_id == promotion.c.id,
        promotion_redemption.c.client_id == _CLIENT,
        ~promotion_redemption.c.given_back,
    )
    .scalar_subquery()
    .label("redemptions_of_client")
)

PROMOTIONS: Statement = prepare(
    select(promotion, _REDEEMED).where(
        promotion.c.organisation_id == _ORGANISATION,
        among(promotion.c.status, ("SCHEDULED", "RUNNING", "ENDED")),
        promotion.c.starts_on <= bindparam("horizon", type_=Date),
        promotion.c.ends_on >= _DAY,
    )
)
"""The promotions of a local day and those that begin until a horizon: the dates decide, whatever day it is today."""

_HORIZON = bindparam("horizon", type_=Date)


def _begins(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(column > _DAY, column <= _HORIZON)


_ASSIGNED_TO = [
    or_(price_list_assignment.c[name].is_(None), price_list_assignment.c[name] == given)
    for name, given in (
        ("client_id", _CLIENT),
        ("partner_id", _PARTNER),
        ("company_id", _COMPANY),
        ("channel", _CHANNEL),
        ("client_type", _CLIENT_TYPE),
    )
]
_ASSIGNMENT = and_(
    price_list_assignment.c.organisation_id == price_list.c.organisation_id,
    price_list_assignment.c.list_id == price_list.c.id,
    *_ASSIGNED_TO,
)
_ITEM_OF_LIST = and_(
    price_item.c.organisation_id == _ORGANISATION,
    price_item.c.product_id == any_(_IDS),
    price_item.c.active,
    price_list.c.active,
)

UPCOMING_PRICES: Statement = prepare(
    union_all(
        select(price_item.c.product_id, price_list.c.valid_from.label("starts_on"))
        .join(price_list, price_list.c.id == price_item.c.list_id)
        .where(
            _ITEM_OF_LIST,
            _begins(price_list.c.valid_from),
            or_(price_list.c.is_default, select(price_list_assignment.c.id).where(_ASSIGNMENT).exists()),
        ),
        select(price_item.c.product_id, price_list_assignment.c.valid_from)
        .join(price_list, price_list.c.id == price_item.c.list_id)
        .join(price_list_assignment, _ASSIGNMENT)
        .where(_ITEM_OF_LIST, _begins(price_list_assignment.c.valid_from)),
        select(client_price.c.product_id, client_price.c.valid_from).where(
            client_price.c.organisation_id == _ORGANISATION,
            client_price.c.client_id == _CLIENT,
            client_price.c.product_id == any_(_IDS),
            _begins(client_price.c.valid_from),
        ),
    )
)
"""The days on which another list, assignment or agreed price begins to hold for somebody, up to a horizon."""

HAS_CONTRACT: Statement = prepare(
    select(client_contract.c.contract_id)
    .where(client_contract.c.organisation_id == _ORGANISATION, client_contract.c.client_id == _CLIENT)
    .limit(1)
)
"""Whether a client has a contract here."""

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
