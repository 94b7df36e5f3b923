"""Requests about the prices in a list."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from actors.products import views
from actors.products.requests.products import refresh_indicative
from actors.products.rows import changed_row, locked_product, new_row
from actors.products.rules.price_lists import check_item
from messages.base import Empty
from messages.problem import Refused
from messages.products.events import PriceItemRemoved, PriceItemSaved
from messages.products.price_lists import (
    LIST_NOT_FOUND,
    PRICE_EXISTS,
    PRICE_ITEM_NOT_FOUND,
    CreatePriceItem,
    DeletePriceItem,
    ListPriceItems,
    PriceItem,
    PriceItemPage,
    UpdatePriceItem,
)
from messages.values.identifiers import new_id
from messages.values.money import Money, round_cents
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.tables import price_item, price_list, product


async def create_price_item(request: CreatePriceItem, work: UnitOfWork) -> PriceItem:
    """Price a product in a list."""
    list_row = await list_by_id(request.list_id, work)
    await locked_product(request.product_id, work)
    check_item(request.unit_price, request.tiered, request.min_price, request.max_price, free=request.free)
    same = _items(work).where(
        price_item.c.list_id == request.list_id,
        price_item.c.product_id == request.product_id,
        price_item.c.plan_code.is_not_distinct_from(request.plan_code),
    )
    if await work.fetch_one(same) is not None:
        raise Refused(PRICE_EXISTS, f"the list {list_row['code']} has this price already; change it instead")
    row = {
        **new_row(new_id(), work),
        **request.model_dump(exclude={"free", "tiered", "discount_percent"}),
        "tiered": request.tiered.model_dump(mode="json") if request.tiered else None,
        "discount_percent": request.discount_percent or Decimal("0.00"),
        "active": True,
    }
    await insert_item(row, list_row["currency"], work)
    await refresh_indicative(request.product_id, work)
    return views.item_of(row)


async def insert_item(row: dict[str, Any], currency: str, work: UnitOfWork) -> None:
    """Store a new price and say so."""
    await work.insert(price_item, **row)
    say_item_saved(row, currency, work)


async def update_price_item(request: UpdatePriceItem, work: UnitOfWork) -> PriceItem:
    """Change a price of a list."""
    row = await _locked(request.item_id, work)
    work.check_version(request.expected_version, row["version"])
    changed = request.model_dump(exclude={"item_id", "expected_version", "free"}, exclude_unset=True, mode="python")
    if "tiered" in changed:
        changed["tiered"] = request.tiered.model_dump(mode="json") if request.tiered else None
    if changed.get("unit_price") is not None:
        changed = {"tiered": None} | changed
    elif changed.get("tiered") is not None:
        changed = {"unit_price": None} | changed
    if changed.get("discount_percent", ...) is None:
        changed["discount_percent"] = Decimal("0.00")
    if changed.get("active", ...) is None:
        del changed["active"]
    after = {**row, **changed, **changed_row(row["version"] + 1, work)}
    check_item(
        after["unit_price"],
        views.item_of(after).tiered,
        after["min_price"],
        after["max_price"],
        free=request.free,
    )
    await work.execute(
        update(price_item).where(price_item.c.id == row["id"]).values(**changed, **changed_row(after["version"], work))
    )
    say_item_saved(after, (await list_by_id(row["list_id"], work))["currency"], work)
    await refresh_indicative(row["product_id"], work)
    return views.item_of(after)


async def delete_price_item(request: DeletePriceItem, work: UnitOfWork) -> Empty:
    """Take a price out of its list."""
    row = await _locked(request.item_id, work)
    work.check_version(request.expected_version, row["version"])
    await work.execute(delete(price_item).where(price_item.c.id == row["id"]))
    work.emit(PriceItemRemoved(item_id=row["id"], list_id=row["list_id"]), version=row["version"] + 1)
    await refresh_indicative(row["product_id"], work)
    return Empty()


async def list_price_items(request: ListPriceItems, work: UnitOfWork) -> PriceItemPage:
    """A page of prices of a list."""
    statement = _items(work).where(price_item.c.list_id == request.list_id)
    for column, value in (
        (price_item.c.product_id, request.product_id),
        (price_item.c.plan_code, request.plan_code),
        (price_item.c.active, request.active),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return await page(work, request, statement, order=(price_item.c.id,), reply=PriceItemPage, item=views.item_of)


async def mark_indicative_stale(list_id: UUID, work: UnitOfWork) -> None:
    """The products of a list may cost something else now; the minute job tells the others."""
    products = select(price_item.c.product_id).where(
        price_item.c.organisation_id == work.organisation_id, price_item.c.list_id == list_id
    )
    await work.execute(
        update(product)
        .where(product.c.organisation_id == work.organisation_id, product.c.id.in_(products))
        .values(indicative_is_stale=True)
    )


async def list_by_id(list_id: UUID, work: UnitOfWork) -> Row:
    """The list of a price."""
    found = select(price_list).where(price_list.c.organisation_id == work.organisation_id, price_list.c.id == list_id)
    return await work.load(found, "price list", code=LIST_NOT_FOUND)


def say_item_saved(row: Row, currency: str, work: UnitOfWork) -> None:
    """State a new or changed price; of tiers, the first amount."""
    tiers = row["tiered"]["tiers"] if row["tiered"] else None
    first = Decimal(tiers[0]["amount"]) if tiers else row["unit_price"]
    event = PriceItemSaved(
        item_id=row["id"],
        list_id=row["list_id"],
        product_id=row["product_id"],
        price=Money(amount=round_cents(first), currency=currency),
    )
    work.emit(event, version=row["version"])


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _items(work: UnitOfWork) -> Any:
    return select(price_item).where(price_item.c.organisation_id == work.organisation_id)


async def _locked(item_id: UUID, work: UnitOfWork) -> Row:
    """The locked price; its product is locked first, as everywhere."""
    statement = _items(work).where(price_item.c.id == item_id)
    row = await work.load(statement, "price", code=PRICE_ITEM_NOT_FOUND)
    await locked_product(row["product_id"], work)
    return await work.load(statement.with_for_update(), "price", code=PRICE_ITEM_NOT_FOUND)
