"""Requests about price lists and the prices in them."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from actors.products import views
from actors.products.requests.products import refresh_indicative
from actors.products.rows import changed_row, locked_product, new_row
from actors.products.rules.price_lists import check_item
from messages.errors import NOT_FOUND
from messages.problem import Refused
from messages.products.events import PriceItemSaved, PriceListDefaultChanged, PriceListSaved
from messages.products.pricing import (
    DEFAULT_LIST_DATED,
    LIST_CODE_EXISTS,
    LIST_NOT_FOUND,
    PRICE_EXISTS,
    CreatePriceItem,
    CreatePriceList,
    ListPriceItems,
    ListPriceLists,
    PriceItem,
    PriceItemPage,
    PriceList,
    PriceListPage,
    SetDefaultPriceList,
    UpdatePriceItem,
)
from messages.values.identifiers import new_id
from messages.values.money import Money, round_cents
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.tables import price_item, price_list


async def create_price_list(request: CreatePriceList, work: UnitOfWork) -> PriceList:
    """Add a list that applies where it is named."""
    known = await work.fetch_one(_lists(work).where(price_list.c.code == request.code))
    if known is not None:
        raise Refused(LIST_CODE_EXISTS, f"the list {request.code} exists already; choose another code")
    row = {**new_row(new_id(), work), **request.model_dump(), "is_default": False, "active": True}
    await insert_list(row, work)
    return views.list_of(row)


async def insert_list(row: dict[str, Any], work: UnitOfWork) -> None:
    """Store a new list and say so; the seed comes this way too."""
    await work.insert(price_list, **row)
    _say_saved(row, 1, work)


async def set_default_price_list(request: SetDefaultPriceList, work: UnitOfWork) -> PriceList:
    """Exchange the default of the list's currency; both lists are locked in a fixed order."""
    wanted = await work.load(_lists(work).where(price_list.c.id == request.list_id), "price list", code=LIST_NOT_FOUND)
    rows = await work.fetch(
        _lists(work)
        .where(
            (price_list.c.id == wanted["id"])
            | (price_list.c.is_default & (price_list.c.currency == wanted["currency"]))
        )
        .order_by(price_list.c.id)
        .with_for_update()
    )
    row = next(found for found in rows if found["id"] == wanted["id"])
    if not row["active"] or row["valid_to"] is not None:
        raise Refused(DEFAULT_LIST_DATED, f"the list {row['code']} ends or has ended; a default list has no last day")
    # The partial unique index says that there is one default. A statement that waited for the lock of another change
    # reads the rows that it found before, so the defaults are read again now that nobody else can change them.
    previous = await work.fetch(
        _lists(work)
        .where(price_list.c.is_default, price_list.c.currency == row["currency"], price_list.c.id != row["id"])
        .with_for_update()
    )
    for former in previous:
        await _store_list(former, {"is_default": False}, work)
    if row["is_default"]:
        return views.list_of(row)
    after = await _store_list(row, {"is_default": True}, work)
    previous_id = previous[0]["id"] if previous else None
    work.emit(PriceListDefaultChanged(list_id=row["id"], previous_list_id=previous_id), version=after["version"])
    return views.list_of(after)


async def list_price_lists(request: ListPriceLists, work: UnitOfWork) -> PriceListPage:
    """A page of lists by code."""
    statement = _lists(work)
    if request.active is not None:
        statement = statement.where(price_list.c.active == request.active)
    if request.is_default is not None:
        statement = statement.where(price_list.c.is_default == request.is_default)
    order = (price_list.c.code, price_list.c.id)
    return await page(work, request, statement, order=order, reply=PriceListPage, item=views.list_of)


async def create_price_item(request: CreatePriceItem, work: UnitOfWork) -> PriceItem:
    """Price a product in a list."""
    list_row = await work.load(
        _lists(work).where(price_list.c.id == request.list_id), "price list", code=LIST_NOT_FOUND
    )
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
    await work.insert(price_item, **row)
    _say_item(row, 1, work)
    await refresh_indicative(request.product_id, work)
    return views.item_of(row)


async def update_price_item(request: UpdatePriceItem, work: UnitOfWork) -> PriceItem:
    """Change a price of a list."""
    statement = _items(work).where(price_item.c.id == request.item_id).with_for_update()
    row = await work.load(statement, "price", code=NOT_FOUND)
    work.check_version(request.expected_version, row["version"])
    changed = request.model_dump(exclude={"item_id", "expected_version", "free"}, exclude_unset=True)
    if changed.get("discount_percent", ...) is None:
        changed["discount_percent"] = Decimal("0.00")
    after = {**row, **changed, **changed_row(row["version"] + 1, work)}
    check_item(
        after["unit_price"],
        views.item_of(row).tiered,
        after["min_price"],
        after["max_price"],
        free=request.free,
    )
    await work.execute(
        update(price_item).where(price_item.c.id == row["id"]).values(**changed, **changed_row(after["version"], work))
    )
    _say_item(after, after["version"], work)
    await refresh_indicative(row["product_id"], work)
    return views.item_of(after)


async def list_price_items(request: ListPriceItems, work: UnitOfWork) -> PriceItemPage:
    """A page of prices of a list."""
    statement = _items(work).where(price_item.c.list_id == request.list_id)
    if request.product_id is not None:
        statement = statement.where(price_item.c.product_id == request.product_id)
    return await page(work, request, statement, order=(price_item.c.id,), reply=PriceItemPage, item=views.item_of)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _lists(work: UnitOfWork) -> Any:
    return select(price_list).where(price_list.c.organisation_id == work.organisation_id)


def _items(work: UnitOfWork) -> Any:
    return select(price_item).where(price_item.c.organisation_id == work.organisation_id)


async def _store_list(row: Row, changed: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(price_list).where(price_list.c.id == row["id"]).values(**columns))
    return {**row, **columns}


def _say_saved(row: Row, version: int, work: UnitOfWork) -> None:
    names = ("code", "currency", "valid_from", "valid_to", "is_default")
    work.emit(PriceListSaved(list_id=row["id"], **{name: row[name] for name in names}), version=version)


def _say_item(row: Row, version: int, work: UnitOfWork) -> None:
    tiers = row["tiered"]["tiers"] if row["tiered"] else None
    first = Decimal(tiers[0]["amount"]) if tiers else row["unit_price"]
    event = PriceItemSaved(
        item_id=row["id"],
        list_id=row["list_id"],
        product_id=row["product_id"],
        price=Money(amount=round_cents(first)),
    )
    work.emit(event, version=version)
