"""Which products a search, a tag or a running promotion means, found through indexes."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, intersect, or_, select, union

from messages.problem import Refused
from messages.products.promotions import PromotionStatus
from messages.values.text import search_form
from runtime.unit_of_work import UnitOfWork
from storage.products.queries import among
from storage.products.tables import external_mapping, product, product_range, product_word, promotion

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


def found_by(words: Sequence[str], work: UnitOfWork) -> ColumnElement[bool]:
    """The condition that each word begins a word of SKU or names, of what is said of the product, or an external code."""
    found = [_found_by(word, work) for word in words]
    return product.c.id.in_(intersect(*found) if len(found) > 1 else found[0])


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


def _found_by(word: str, work: UnitOfWork) -> CompoundSelect[Any]:
    own = external_mapping.c
    coded = select(own.product_id).where(
        own.organisation_id == work.organisation_id, own.code_key >= word, own.code_key < word + _AFTER_ALL
    )
    parts = parts_of(word)
    named = [_holders(work).where(_begins(part)) for part in parts]
    said = [_holders(work).where(_begins(f"~{part}")) for part in parts]
    return union(coded, *(intersect(*sides) if len(sides) > 1 else sides[0] for sides in (named, said) if sides))


def parts_of(word: str) -> list[str]:
    """The words that the table of words has of it: letters and digits only."""
    return [part for part in re.split("[^a-z0-9]+", word) if part]


def _begins(text: str) -> ColumnElement[bool]:
    return and_(product_word.c.word >= text, product_word.c.word < text + _AFTER_ALL)
