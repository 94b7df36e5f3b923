"""Requests that change many prices of a list at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.products.requests.price_items import insert_item, list_by_id, say_item_saved
from actors.products.requests.ranges import below
from actors.products.rows import changed_row, new_row
from actors.products.rules.price_lists import changed_price, check_item
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND
from messages.products.events import PriceListAdjusted, PriceMove
from messages.products.price_changes import (
    AdjustedPrice,
    AdjustedPrices,
    AdjustPrices,
    BulkPrices,
    BulkUpsertPriceItems,
    PriceItemDraft,
    RowError,
)
from messages.products.price_lists import PRICE_EXISTS
from messages.values.identifiers import new_id
from messages.values.money import Money, round_cents
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import price_item, price_list, product

_MOVES_PER_EVENT = 1000

_Key = tuple[UUID, str | None]


async def bulk_upsert_price_items(request: BulkUpsertPriceItems, work: UnitOfWork) -> BulkPrices:
    """Put many prices into a list; rows are judged one by one, the good ones are written unless `atomic`."""
    list_row = await list_by_id(request.list_id, work)
    known_products = await _lock_products({draft.product_id for draft in request.items}, work)
    stored = await _prices_of(request.list_id, {draft.product_id for draft in request.items}, work)
    errors: list[RowError] = []
    wanted: dict[_Key, PriceItemDraft] = {}
    for index, draft in enumerate(request.items):
        try:
            _check_row(draft, wanted, known_products)
            wanted[draft.product_id, draft.plan_code] = draft
        except Refused as refused:
            errors.append(RowError(index=index, code=refused.code.code, message=refused.detail or ""))
    if errors and request.atomic:
        return BulkPrices(created=0, updated=0, errors=tuple(errors))
    for key, draft in wanted.items():
        await _upsert(stored.get(key), draft, list_row, work)
    await _mark_stale({product_id for product_id, _ in wanted}, work)
    updated = len(stored.keys() & wanted.keys())
    return BulkPrices(created=len(wanted) - updated, updated=updated, errors=tuple(errors))


async def adjust_prices(request: AdjustPrices, work: UnitOfWork) -> AdjustedPrices:
    """Move unit prices of a list; dry_run only tells what would become of them."""
    list_row = await work.load(
        select(price_list)
        .where(price_list.c.organisation_id == work.organisation_id, price_list.c.id == request.list_id)
        .with_for_update(),
        "price list",
    )
    rows = await work.fetch(await _filtered(request, work))
    moves = []
    for row in rows:
        if row["unit_price"] is None:
            continue
        new = changed_price(
            row["unit_price"], percent=request.percent, amount=request.amount, rounding=request.rounding
        )
        check_item(new, None, row["min_price"], row["max_price"], free=True)
        moves.append((row, new))
    if not request.dry_run:
        await _apply(list_row, [(row, new) for row, new in moves if row["unit_price"] != new], work)
    items = tuple(
        AdjustedPrice(
            item_id=row["id"],
            product_id=row["product_id"],
            plan_code=row["plan_code"],
            old=row["unit_price"],
            new=new,
        )
        for row, new in moves
    )
    return AdjustedPrices(dry_run=request.dry_run, items=items, skipped=len(rows) - len(moves))


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _check_row(draft: PriceItemDraft, earlier: dict[_Key, PriceItemDraft], products: set[UUID]) -> None:
    check_item(draft.unit_price, draft.tiered, draft.min_price, draft.max_price, free=draft.free)
    if draft.product_id not in products:
        raise Refused(PRODUCT_NOT_FOUND, f"product {draft.product_id} does not exist; check the id")
    if (draft.product_id, draft.plan_code) in earlier:
        raise Refused(PRICE_EXISTS, "an earlier row has the same product and plan; keep one")


async def _lock_products(ids: set[UUID], work: UnitOfWork) -> set[UUID]:
    """The known ones of these products, locked in one order."""
    rows = await work.fetch(
        select(product.c.id)
        .where(product.c.organisation_id == work.organisation_id, among(product.c.id, ids))
        .order_by(product.c.id)
        .with_for_update()
    )
    return {row["id"] for row in rows}


async def _prices_of(list_id: UUID, products: set[UUID], work: UnitOfWork) -> dict[_Key, Row]:
    rows = await work.fetch(
        select(price_item)
        .where(
            price_item.c.organisation_id == work.organisation_id,
            price_item.c.list_id == list_id,
            among(price_item.c.product_id, products),
        )
        .with_for_update()
    )
    return {(row["product_id"], row["plan_code"]): row for row in rows}


async def _upsert(stored: Row | None, draft: PriceItemDraft, list_row: Row, work: UnitOfWork) -> None:
    fields = {
        **draft.model_dump(exclude={"free", "tiered"}),
        "tiered": draft.tiered.model_dump(mode="json") if draft.tiered else None,
        "active": True,
    }
    if stored is None:
        row = {**new_row(new_id(), work), **fields, "list_id": list_row["id"]}
        await insert_item(row, list_row["currency"], work)
        return
    columns = {**fields, **changed_row(stored["version"] + 1, work)}
    await work.execute(update(price_item).where(price_item.c.id == stored["id"]).values(**columns))
    say_item_saved({**stored, **columns}, list_row["currency"], work)


async def _filtered(request: AdjustPrices, work: UnitOfWork) -> Any:
    statement = select(price_item).where(
        price_item.c.organisation_id == work.organisation_id, price_item.c.list_id == request.list_id
    )
    if request.filter.product_ids:
        statement = statement.where(among(price_item.c.product_id, request.filter.product_ids))
    if request.filter.range_id is not None:
        ranges = await below(request.filter.range_id, work)
        products = select(product.c.id).where(
            product.c.organisation_id == work.organisation_id, product.c.range_id.in_(ranges)
        )
        statement = statement.where(price_item.c.product_id.in_(products))
    return statement.order_by(price_item.c.id).with_for_update(of=price_item)


async def _apply(list_row: Row, moves: Sequence[tuple[Row, Any]], work: UnitOfWork) -> None:
    """Store the new prices and say so, in events of at most a thousand."""
    if not moves:
        return
    for row, new in moves:
        columns = {"unit_price": new, **changed_row(row["version"] + 1, work)}
        await work.execute(update(price_item).where(price_item.c.id == row["id"]).values(**columns))
    version = list_row["version"] + 1
    await work.execute(update(price_list).where(price_list.c.id == list_row["id"]).values(**changed_row(version, work)))
    currency = list_row["currency"]

    def money(value: Any) -> Money:
        return Money(amount=round_cents(value), currency=currency)

    for start in range(0, len(moves), _MOVES_PER_EVENT):
        part = moves[start : start + _MOVES_PER_EVENT]
        items = tuple(PriceMove(item_id=row["id"], old=money(row["unit_price"]), new=money(new)) for row, new in part)
        work.emit(PriceListAdjusted(list_id=list_row["id"], items=items), version=version)
    await _mark_stale({row["product_id"] for row, _ in moves}, work)


async def _mark_stale(products: set[UUID], work: UnitOfWork) -> None:
    await work.execute(
        update(product)
        .where(product.c.organisation_id == work.organisation_id, among(product.c.id, products))
        .values(indicative_is_stale=True)
    )
