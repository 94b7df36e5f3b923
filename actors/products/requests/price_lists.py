"""Requests about price lists."""

from typing import Any

from sqlalchemy import delete, select, update

from actors.products import views
from actors.products.offering import criteria_of
from actors.products.requests.price_items import insert_item, mark_indicative_stale
from actors.products.rows import changed_row, new_row
from actors.products.rules import price_lists as rules
from actors.products.rules.price_lists import PriceListState
from messages.base import Empty
from messages.problem import Refused
from messages.products.events import PriceListDefaultChanged, PriceListExpired, PriceListSaved
from messages.products.price_changes import PriceRounding
from messages.products.price_lists import (
    DATES_INVERTED,
    DEFAULT_LIST_DATED,
    DEFAULT_LIST_UNDELETABLE,
    LIST_CODE_EXISTS,
    LIST_IN_USE,
    LIST_NOT_FOUND,
    NO_ACTIVE_PRICE_LIST,
    ActivePriceList,
    CreatePriceList,
    DeletePriceList,
    DuplicatePriceList,
    GetActivePriceList,
    GetPriceList,
    ListPriceLists,
    PriceList,
    PriceListPage,
    PriceListWithItems,
    SetDefaultPriceList,
    UpdatePriceList,
)
from messages.products.quotes import QuoteStatus
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.tables import price_item, price_list, price_list_assignment, price_quote

_SHOWN_ITEMS = 100


async def create_price_list(request: CreatePriceList, work: UnitOfWork) -> PriceList:
    """Add a list that applies where it is named or assigned."""
    await _refuse_known_code(request.code, work)
    row = {**new_row(new_id(), work), **request.model_dump(), "is_default": False, "active": True}
    await insert_list(row, work)
    return views.list_of(row)


async def insert_list(row: dict[str, Any], work: UnitOfWork) -> None:
    """Store a new list and say so; the seed comes this way too."""
    await work.insert(price_list, **row)
    _say_saved(row, work)


async def update_price_list(request: UpdatePriceList, work: UnitOfWork) -> PriceList:
    """Change what was sent."""
    row = await _locked(request.list_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"list_id", "expected_version"}, exclude_unset=True)
    required = {name for name in ("name", "active", "priority") if sent.get(name, ...) is None}
    changed = {name: value for name, value in sent.items() if name not in required and row[name] != value}
    after = {**row, **changed}
    if after["valid_from"] and after["valid_to"] and after["valid_to"] < after["valid_from"]:
        raise Refused.field("valid_to", "range", "valid_to lies before valid_from; exchange them", DATES_INVERTED)
    state = rules.state_of(row)
    leaves = changed.get("active") is False and not rules.PRICE_LIST.allows("deactivate", state)
    if leaves or (state is PriceListState.DEFAULT and after["valid_to"] is not None):
        raise Refused(DEFAULT_LIST_DATED, f"{row['code']} is the default list: it has no last day and stays active")
    if not changed:
        return views.list_of(row)
    stored = await _store(row, changed, work)
    _say_saved(stored, work)
    await mark_indicative_stale(row["id"], work)
    return views.list_of(stored)


async def get_price_list(request: GetPriceList, work: UnitOfWork) -> PriceListWithItems:
    """One list, if wanted with its first prices."""
    found = _lists(work).where(price_list.c.id == request.list_id)
    row = await work.load(found, "price list", code=LIST_NOT_FOUND)
    items: list[Row] = []
    if request.with_items:
        items = await work.fetch(_items_of(row, work).order_by(price_item.c.id).limit(_SHOWN_ITEMS))
    return PriceListWithItems(**dict(views.list_of(row)), items=tuple(views.item_of(item) for item in items))


async def get_active_price_list(request: GetActivePriceList, work: UnitOfWork) -> ActivePriceList:
    """The list that comes first in a context."""
    row = await work.fetch_one(
        queries.ACTIVE_LIST,
        organisation_id=work.organisation_id,
        day=local_date(request.as_of or work.now),
        currency=request.currency,
        list_id=None,
        **criteria_of(request.criteria),
    )
    if row is None:
        raise Refused(NO_ACTIVE_PRICE_LIST, f"no list in {request.currency} applies; make one the default")
    return ActivePriceList(**dict(views.list_of(row)), specificity=row["specificity"])


async def list_price_lists(request: ListPriceLists, work: UnitOfWork) -> PriceListPage:
    """A page of lists by code."""
    statement = _lists(work)
    for column, value in (
        (price_list.c.active, request.active),
        (price_list.c.is_default, request.is_default),
        (price_list.c.currency, request.currency),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if request.valid_on is not None:
        statement = statement.where(queries.holds_on(price_list, request.valid_on))
    order = (price_list.c.code, price_list.c.id)
    return await page(work, request, statement, order=order, reply=PriceListPage, item=views.list_of)


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
    if not rules.PRICE_LIST.allows("make_default", rules.state_of(row)) or row["valid_to"] is not None:
        raise Refused(DEFAULT_LIST_DATED, f"the list {row['code']} ends or has ended; a default list has no last day")
    # The partial unique index says that there is one default. A statement that waited for the lock of another change
    # reads the rows that it found before, so the defaults are read again now that nobody else can change them.
    previous = await work.fetch(
        _lists(work)
        .where(price_list.c.is_default, price_list.c.currency == row["currency"], price_list.c.id != row["id"])
        .with_for_update()
    )
    for former in previous:
        await _move(former, "give_way", work)
        await mark_indicative_stale(former["id"], work)
    if row["is_default"]:
        return views.list_of(row)
    after = await _move(row, "make_default", work)
    await mark_indicative_stale(row["id"], work)
    previous_id = previous[0]["id"] if previous else None
    work.emit(PriceListDefaultChanged(list_id=row["id"], previous_list_id=previous_id), version=after["version"])
    return views.list_of(after)


async def duplicate_price_list(request: DuplicatePriceList, work: UnitOfWork) -> PriceList:
    """Copy a list with its prices; the copy applies to nobody until it is named, assigned or made the default."""
    source = await work.load(_lists(work).where(price_list.c.id == request.list_id), "price list", code=LIST_NOT_FOUND)
    await _refuse_known_code(request.code, work)
    names = ("description", "currency", "tax_included", "valid_from", "valid_to", "priority")
    row = {
        **new_row(new_id(), work),
        **{name: source[name] for name in names},
        "code": request.code,
        "name": request.name,
        "is_default": False,
        "active": True,
    }
    await insert_list(row, work)
    for item in await work.fetch(_items_of(source, work)):
        copied = {**item, **new_row(new_id(), work), "list_id": row["id"]}
        if request.percent is not None and item["unit_price"] is not None:
            copied["unit_price"] = rules.changed_price(
                item["unit_price"], percent=request.percent, amount=None, rounding=PriceRounding.CENT
            )
        await insert_item(copied, row["currency"], work)
    return views.list_of(row)


async def expire_price_list(row: Row, work: UnitOfWork) -> None:
    """The last day of a list has passed."""
    after = await _move(row, "expire", work)
    work.emit(PriceListExpired(list_id=row["id"], code=row["code"]), version=after["version"])


async def delete_price_list(request: DeletePriceList, work: UnitOfWork) -> Empty:
    """Remove a list that nobody uses; it ends with its prices."""
    row = await _locked(request.list_id, work)
    work.check_version(request.expected_version, row["version"])
    if rules.state_of(row) is PriceListState.DEFAULT:
        raise Refused(
            DEFAULT_LIST_UNDELETABLE, f"{row['code']} is the default list; make another one the default first"
        )
    assigned = await work.fetch_value(
        select(price_list_assignment.c.id)
        .where(
            price_list_assignment.c.organisation_id == work.organisation_id,
            price_list_assignment.c.list_id == row["id"],
        )
        .limit(1)
    )
    quoted = await work.fetch_value(
        select(price_quote.c.id)
        .where(
            price_quote.c.organisation_id == work.organisation_id,
            price_quote.c.status == QuoteStatus.OPEN,
            price_quote.c.price_list_ids.contains([row["id"]]),
        )
        .limit(1)
    )
    if assigned is not None or quoted is not None:
        by = "assigned to somebody" if assigned is not None else "used by an open quote"
        raise Refused(LIST_IN_USE, f"the list {row['code']} is {by}; make it inactive with update_price_list instead")
    await work.execute(
        delete(price_item).where(
            price_item.c.organisation_id == work.organisation_id, price_item.c.list_id == row["id"]
        )
    )
    await work.execute(delete(price_list).where(price_list.c.id == row["id"]))
    work.record("price_list", row["id"], before={"code": row["code"]}, after=None)
    return Empty()


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _lists(work: UnitOfWork) -> Any:
    return select(price_list).where(price_list.c.organisation_id == work.organisation_id)


def _items_of(row: Row, work: UnitOfWork) -> Any:
    return select(price_item).where(
        price_item.c.organisation_id == work.organisation_id, price_item.c.list_id == row["id"]
    )


async def _locked(list_id: Any, work: UnitOfWork) -> Row:
    statement = _lists(work).where(price_list.c.id == list_id).with_for_update()
    return await work.load(statement, "price list", code=LIST_NOT_FOUND)


async def _refuse_known_code(code: str, work: UnitOfWork) -> None:
    if await work.fetch_one(_lists(work).where(price_list.c.code == code)) is not None:
        raise Refused(LIST_CODE_EXISTS, f"the list {code} exists already; choose another code")


async def _move(row: Row, trigger: str, work: UnitOfWork) -> dict[str, Any]:
    state = rules.PRICE_LIST.after(trigger, rules.state_of(row))
    return await _store(row, rules.columns_of(state), work)


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(price_list).where(price_list.c.id == row["id"]).values(**columns))
    return {**row, **columns}


def _say_saved(row: Row, work: UnitOfWork) -> None:
    names = ("code", "currency", "valid_from", "valid_to", "is_default")
    work.emit(PriceListSaved(list_id=row["id"], **{name: row[name] for name in names}), version=row["version"])
