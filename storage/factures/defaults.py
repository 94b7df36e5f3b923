"""What a draft takes from elsewhere when nobody names it: term, way of sending, and what products say. One round trip."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, bindparam, func, literal, or_, select, true

from storage.factures.tables import (
    issue_mode_view,
    payment_term_view,
    product_range_view,
    product_version_view,
    product_view,
    revenue_account_view,
)
from storage.shared.statements import Statement, prepare, rows_as_json

_DEEPEST = 20
"""Ranges above a product that are looked at; a catalogue has three or four."""


def _mine(view: Any) -> ColumnElement[bool]:
    return view.c.organisation_id == bindparam("organisation_id")  # type: ignore[no-any-return]


def _is_default(view: Any) -> ColumnElement[bool]:
    return and_(view.c.is_default, view.c.active)


def _climb() -> CTE:
    """The products with their ranges, the nearest at height 0."""
    product, above = product_view.c, product_range_view.c
    start = select(product.product_id, product.range_id, literal(0).label("height"))
    climb = start.where(_mine(product_view), product.product_id == func.any(bindparam("product_ids"))).cte(
        "climb", recursive=True
    )
    parents = select(climb.c.product_id, above.parent_id, climb.c.height + 1).where(
        _mine(product_range_view),
        above.range_id == climb.c.range_id,
        above.parent_id.is_not(None),
        climb.c.height < _DEEPEST,
    )
    return climb.union_all(parents)


_ranges: Any = _climb()
_term, _mode, _product, _account = payment_term_view.c, issue_mode_view.c, product_view.c, revenue_account_view.c
_terms_in_force: Any = (
    select(product_version_view.c.version_id)
    .where(_mine(product_version_view), product_version_view.c.product_id == _product.product_id)
    .correlate(product_view)
    .scalar_subquery()
    .label("version_id")
)

DEFAULTS: Statement = prepare(
    select(
        rows_as_json(
            "terms",
            [_term.payment_term_id, _term.code, _term.days, _term.basis, _term.day_of_month],
            and_(
                _mine(payment_term_view),
                or_(_term.payment_term_id == bindparam("term_id"), _is_default(payment_term_view)),
            ),
            _term.code,
        ),
        rows_as_json("modes", [_mode.channel], and_(_mine(issue_mode_view), _is_default(issue_mode_view)), _mode.code),
        rows_as_json(
            "products",
            [_product.product_id, _product.sku, _terms_in_force],
            and_(_mine(product_view), _product.product_id == func.any(bindparam("product_ids"))),
            _product.product_id,
        ),
        rows_as_json("ranges", [_ranges.c.product_id, _ranges.c.range_id], true(), _ranges.c.height),
        rows_as_json(
            "accounts",
            [_account.account, _account.product_id, _account.range_id, _account.company_id],
            and_(
                _mine(revenue_account_view),
                or_(
                    _account.product_id == func.any(bindparam("product_ids")),
                    _account.range_id.in_(select(_ranges.c.range_id)),
                    and_(_account.product_id.is_(None), _account.range_id.is_(None)),
                ),
                or_(_account.company_id.is_(None), _account.company_id == bindparam("company_id")),
                _account.valid_from <= bindparam("today"),
                or_(_account.valid_to.is_(None), _account.valid_to >= bindparam("today")),
            ),
            _account.mapping_id,
        ),
    )
)
