"""Requests about the catalogue tree."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from actors.products import views
from actors.products.rows import changed_row, new_row
from actors.products.rules.ranges import DEEPEST_LEVEL, code_of
from messages.base import Empty
from messages.problem import Refused
from messages.products.events import ProductRangeCreated, ProductRangeDeleted, ProductRangeUpdated
from messages.products.ranges import (
    RANGE_CODE_EXISTS,
    RANGE_CYCLE,
    RANGE_DEPTH,
    RANGE_NOT_EMPTY,
    RANGE_NOT_FOUND,
    CreateRange,
    DeleteRange,
    GetRange,
    GetRangeTree,
    ListRanges,
    MoveRange,
    ProductRange,
    RangeNode,
    RangePage,
    RangeTree,
    UpdateRange,
)
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import product, product_range

_MOST_NODES = 2000
_EVENT_FIELDS = ("code", "name", "kind", "parent_id", "active")


async def create_range(request: CreateRange, work: UnitOfWork) -> ProductRange:
    """Add a node below its parent."""
    code = request.code or code_of(request.name)
    parent = await _range(request.parent_id, work) if request.parent_id is not None else None
    if parent is not None and parent["level"] >= DEEPEST_LEVEL:
        raise Refused.field("parent_id", "depth", "the tree has four levels; choose a higher parent", RANGE_DEPTH)
    if await work.fetch_one(_where(work, code=code)) is not None:
        raise Refused.field(
            "code", "unique", f"the range {code} exists already; choose another code", RANGE_CODE_EXISTS
        )
    row = {
        **new_row(new_id(), work),
        **request.model_dump(exclude={"code"}),
        "code": code,
        "level": parent["level"] + 1 if parent is not None else 0,
        "path": f"{parent['path']}/{code}" if parent is not None else code,
        "active": True,
    }
    await insert_range(row, work)
    return views.range_of(row)


async def insert_range(row: dict[str, Any], work: UnitOfWork) -> None:
    """Store a new range and say so; the seeds come this way too."""
    await work.insert(product_range, **row)
    work.emit(ProductRangeCreated(range_id=row["id"], **{name: row[name] for name in _EVENT_FIELDS}), version=1)


async def update_range(request: UpdateRange, work: UnitOfWork) -> ProductRange:
    """Change what was sent."""
    row = await work.load(_where(work, id_=request.range_id).with_for_update(), "range", code=RANGE_NOT_FOUND)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"range_id", "expected_version"}, exclude_unset=True)
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if not changed:
        return views.range_of(row)
    after = {**row, **changed, **changed_row(row["version"] + 1, work)}
    await work.execute(
        update(product_range)
        .where(product_range.c.id == row["id"])
        .values(**changed, **changed_row(after["version"], work))
    )
    fields = {name: after[name] for name in _EVENT_FIELDS}
    work.emit(
        ProductRangeUpdated(range_id=row["id"], **fields, changed_fields=tuple(sorted(changed))),
        version=after["version"],
    )
    return views.range_of(after)


async def move_range(request: MoveRange, work: UnitOfWork) -> ProductRange:
    """Change the parent; the paths and levels of everything below follow."""
    row = await work.load(_where(work, id_=request.range_id).with_for_update(), "range", code=RANGE_NOT_FOUND)
    work.check_version(request.expected_version, row["version"])
    parent = await _range(request.new_parent_id, work) if request.new_parent_id is not None else None
    if parent is not None and (parent["id"] == row["id"] or parent["path"].startswith(f"{row['path']}/")):
        text = "a range cannot hang below itself; choose another new_parent_id"
        raise Refused.field("new_parent_id", "cycle", text, RANGE_CYCLE)
    moved = [row, *await work.fetch(_below(row, work).with_for_update())]
    shift = (parent["level"] + 1 if parent is not None else 0) - row["level"]
    if max(found["level"] for found in moved) + shift > DEEPEST_LEVEL:
        raise Refused.field("new_parent_id", "depth", "the tree has four levels; choose a higher parent", RANGE_DEPTH)
    path = f"{parent['path']}/{row['code']}" if parent is not None else row["code"]
    order = row["display_order"] if request.display_order is None else request.display_order
    for found in moved:
        changed = {"level": found["level"] + shift, "path": path + found["path"].removeprefix(row["path"])}
        if found["id"] == row["id"]:
            changed |= {"parent_id": request.new_parent_id, "display_order": order}
        await _store(found, changed, work)
    return await get_range(GetRange(range_id=row["id"]), work)


async def delete_range(request: DeleteRange, work: UnitOfWork) -> Empty:
    """Remove an empty range."""
    row = await work.load(_where(work, id_=request.range_id).with_for_update(), "range", code=RANGE_NOT_FOUND)
    work.check_version(request.expected_version, row["version"])
    held = select(product.c.id).where(
        product.c.organisation_id == work.organisation_id, product.c.range_id == row["id"]
    )
    if await work.fetch_one(_below(row, work).limit(1)) or await work.fetch_one(held.limit(1)):
        raise Refused(RANGE_NOT_EMPTY, f"{row['code']} holds ranges or products; move them first")
    await work.execute(delete(product_range).where(product_range.c.id == row["id"]))
    work.emit(ProductRangeDeleted(range_id=row["id"]), version=row["version"] + 1)
    return Empty()


async def get_range_tree(request: GetRangeTree, work: UnitOfWork) -> RangeTree:
    """The tree in the order of display."""
    statement = select(product_range).where(product_range.c.organisation_id == work.organisation_id)
    if request.root_id is not None:
        statement = statement.where(product_range.c.id.in_(await below(request.root_id, work)))
    rows = await work.fetch(
        statement.order_by(product_range.c.display_order, product_range.c.name, product_range.c.id).limit(_MOST_NODES)
    )
    counted = await work.fetch(
        select(product.c.range_id, func.count().label("count"))
        .where(product.c.organisation_id == work.organisation_id)
        .group_by(product.c.range_id)
    )
    counts = {row["range_id"]: row["count"] for row in counted}
    known = {row["id"] for row in rows}

    def nodes(parent_id: UUID | None) -> tuple[RangeNode, ...]:
        roots = parent_id is None
        return tuple(
            RangeNode(range=views.range_of(row), product_count=counts.get(row["id"], 0), children=nodes(row["id"]))
            for row in rows
            if (row["parent_id"] not in known if roots else row["parent_id"] == parent_id)
        )

    return RangeTree(roots=nodes(None))


def _below(row: Row, work: UnitOfWork) -> Any:
    return select(product_range).where(
        product_range.c.organisation_id == work.organisation_id,
        product_range.c.path.startswith(row["path"] + "/", autoescape=True),
    )


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> None:
    after = {**row, **changed, **changed_row(row["version"] + 1, work)}
    await work.execute(
        update(product_range)
        .where(product_range.c.id == row["id"])
        .values(**changed, **changed_row(after["version"], work))
    )
    fields = {name: after[name] for name in _EVENT_FIELDS}
    event = ProductRangeUpdated(range_id=row["id"], **fields, changed_fields=tuple(sorted(changed)))
    work.emit(event, version=after["version"])


async def get_range(request: GetRange, work: UnitOfWork) -> ProductRange:
    """One range."""
    statement = _where(work, id_=request.range_id, code=request.code)
    return views.range_of(await work.load(statement, "range", code=RANGE_NOT_FOUND))


async def list_ranges(request: ListRanges, work: UnitOfWork) -> RangePage:
    """A page of ranges."""
    statement = select(product_range).where(product_range.c.organisation_id == work.organisation_id)
    if request.active is not None:
        statement = statement.where(product_range.c.active == request.active)
    if request.kind is not None:
        statement = statement.where(product_range.c.kind == request.kind)
    if request.parent_id is not None:
        statement = statement.where(product_range.c.parent_id == request.parent_id)
    if request.company_id is not None:
        company_id = product_range.c.company_id
        statement = statement.where((company_id == request.company_id) | company_id.is_(None))
    order = (product_range.c.display_order, product_range.c.name, product_range.c.id)
    return await page(work, request, statement, order=order, reply=RangePage, item=views.range_of)


async def range_by_id_or_code(range_id: UUID | None, code: str, work: UnitOfWork) -> Row:
    """The range named, else the one of that code."""
    statement = _where(work, id_=range_id) if range_id is not None else _where(work, code=code)
    return await work.load(statement, "range", code=RANGE_NOT_FOUND)


async def ancestors_of(range_id: UUID, work: UnitOfWork) -> list[UUID]:
    """The range and the ranges above it, nearest first."""
    row = await work.fetch_one(_where(work, id_=range_id))
    if row is None:
        return []
    codes = row["path"].split("/")
    rows = await work.fetch(
        select(product_range.c.id, product_range.c.level).where(
            product_range.c.organisation_id == work.organisation_id, among(product_range.c.code, codes)
        )
    )
    return [found["id"] for found in sorted(rows, key=lambda found: -found["level"])]


async def below(range_id: UUID, work: UnitOfWork) -> Any:
    """A query of the ids of a range and everything below it."""
    row = await _range(range_id, work)
    return select(product_range.c.id).where(
        product_range.c.organisation_id == work.organisation_id,
        (product_range.c.id == row["id"]) | product_range.c.path.startswith(row["path"] + "/", autoescape=True),
    )


async def _range(range_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(_where(work, id_=range_id), "range", code=RANGE_NOT_FOUND)


def _where(work: UnitOfWork, *, id_: UUID | None = None, code: str | None = None) -> Any:
    statement = select(product_range).where(product_range.c.organisation_id == work.organisation_id)
    if id_ is not None:
        statement = statement.where(product_range.c.id == id_)
    if code is not None:
        statement = statement.where(product_range.c.code == code)
    return statement
