"""Which products a search, a tag or a running promotion means, found through indexes."""

import re
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, intersect, or_, select

from messages.problem import Refused
from messages.products.promotions import PromotionStatus
from messages.values.text import search_form
from runtime.unit_of_work import UnitOfWork
from storage.products.queries import among
from storage.products.tables import product, product_range, product_word, promotion

_AFTER_ALL = "\U0010ffff"
_OPEN = (PromotionStatus.SCHEDULED, PromotionStatus.RUNNING)


def with_words(text: str, work: UnitOfWork) -> ColumnElement[bool]:
    """The condition that the product has, for each word of the text, a word of SKU or names that begins like it."""
    words = [word for word in re.split("[^a-z0-9]+", search_form(text)) if word]
    if max(map(len, words), default=0) < 2:
        raise Refused.field("search", "too_short", "search for at least two letters or digits")
    holders = [
        _holders(work).where(product_word.c.word >= word, product_word.c.word < word + _AFTER_ALL) for word in words
    ]
    return product.c.id.in_(intersect(*holders) if len(holders) > 1 else holders[0])


def with_tag(tag: str, work: UnitOfWork) -> ColumnElement[bool]:
    """The condition that the product has the tag."""
    return product.c.id.in_(_holders(work).where(product_word.c.word == f"#{tag}"))


async def promoted_on(day: date, work: UnitOfWork) -> ColumnElement[bool]:
    """The condition that a promotion of that day names the product or a range above it; few promotions are open at once."""
    running = await work.fetch(
        select(promotion.c.product_ids, promotion.c.range_ids).where(
            promotion.c.organisation_id == work.organisation_id,
            among(promotion.c.status, _OPEN),
            promotion.c.starts_on <= day,
            promotion.c.ends_on >= day,
        )
    )
    above = product_range.alias("above")
    named = {range_id for row in running for range_id in row["range_ids"]}
    below = select(product_range.c.id).where(
        product_range.c.organisation_id == work.organisation_id,
        select(above.c.id)
        .where(
            above.c.organisation_id == work.organisation_id,
            among(above.c.id, named),
            or_(above.c.id == product_range.c.id, func.starts_with(product_range.c.path, above.c.path + "/")),
        )
        .exists(),
    )
    ranges = {row["id"] for row in await work.fetch(below)} if named else set()
    ids = {product_id for row in running for product_id in row["product_ids"]}
    return or_(among(product.c.id, ids), among(product.c.range_id, ranges))


def _holders(work: UnitOfWork) -> Select[Any]:
    return select(product_word.c.product_id).where(product_word.c.organisation_id == work.organisation_id)
