"""Price lists and the catalogue as files: each row becomes the request that it amounts to."""

import base64
import binascii
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select

from actors.products.requests.price_changes import bulk_upsert_price_items
from actors.products.requests.price_items import list_by_id
from actors.products.requests.products import create_product, update_product
from actors.products.requests.ranges import below
from actors.products.rules.csv_files import FileRow, read_rows, write_rows
from messages.documents import OpenContent
from messages.problem import Refused
from messages.products.catalogue import CreateProduct, UpdateProduct
from messages.products.files import (
    CSV_INVALID,
    FILE_TOO_BIG,
    INLINE_BYTES,
    ExportCatalogue,
    ExportPriceList,
    FileReport,
    FileRowError,
    ImportCatalogue,
    ImportPriceList,
    WrittenFile,
)
from messages.products.price_changes import BulkUpsertPriceItems, PriceItemDraft
from messages.products.versions import PricingRuleDraft, Tier, TieredPrice, TierMode, VersionDraft
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import price_item, product, product_range

_MOST_BYTES = 1024 * 1024
_PRICES = ("sku", "plan", "price", "discount", "min", "max", "from_qty")
_PRODUCTS = ("sku", "name", "short_name", "range", "product_type", "sector", "tax_class", "price", "tax_included")
_MOST_EXPORTED = 5000
_CHANGEABLE = ("name", "short_name", "range_id", "product_type")


async def import_price_list(request: ImportPriceList, work: UnitOfWork) -> FileReport:
    """All rows or none are put into the list, by bulk_upsert_price_items."""
    await list_by_id(request.list_id, work)
    rows = read_rows(await _content(request, work), ("sku", "price"))
    products = await _products({row.cells.get("sku", "") for row in rows}, work)
    drafts: dict[tuple[UUID, str | None], PriceItemDraft] = {}
    for (sku, plan), found in groupby(rows, key=lambda row: (row.cells.get("sku", "").upper(), row.cells.get("plan"))):
        bands = list(found)
        draft = _price_of(bands, products.get(sku))
        if draft is None:
            continue
        if (draft.product_id, plan) in drafts:
            bands[0].refuse("sku", "DUPLICATE_ROW", "an earlier row has the same sku and plan; put its bands together")
        drafts[draft.product_id, plan] = draft
    errors = [error for row in rows for error in row.errors]
    known = await _known_prices(request.list_id, drafts, work)
    if drafts and not errors:
        bulk = BulkUpsertPriceItems(list_id=request.list_id, items=tuple(drafts.values()))
        if not request.dry_run:
            errors = [
                FileRowError(row=error.index + 2, column=None, code=error.code, message=error.message)
                for error in (await bulk_upsert_price_items(bulk, work)).errors
            ]
    return FileReport(
        dry_run=request.dry_run, rows=len(rows), created=len(drafts.keys() - known), updated=len(drafts.keys() & known),
        errors=tuple(errors),
    )  # fmt: skip


async def export_price_list(request: ExportPriceList, work: UnitOfWork) -> WrittenFile:
    """Bands take a row each."""
    row = await list_by_id(request.list_id, work)
    items = await work.fetch(
        select(price_item, product.c.sku, product.c.quantity_step, product.c.quantity_min)
        .join(product, (product.c.organisation_id == price_item.c.organisation_id) & (product.c.id == price_item.c.product_id))
        .where(
            price_item.c.organisation_id == work.organisation_id,
            price_item.c.list_id == row["id"],
            price_item.c.active,
        )
        .order_by(product.c.sku, price_item.c.plan_code)
    )  # fmt: skip
    return _written(f"price_list_{row['code']}.csv", _PRICES, [cells for item in items for cells in _price_rows(item)])


async def import_catalogue(request: ImportCatalogue, work: UnitOfWork) -> FileReport:
    """All rows or none become products or change them."""
    rows = read_rows(await _content(request, work), ("sku", "name"))
    known = await _products({row.cells.get("sku", "") for row in rows}, work)
    ranges = {row["code"]: row["id"] for row in await _ranges(work)}
    orders: list[CreateProduct | UpdateProduct] = []
    seen: dict[str, int] = {}
    for row in rows:
        order = _product_of(row, known, ranges)
        first = seen.setdefault(row.cells.get("sku", "").upper(), row.number)
        if first != row.number:
            row.refuse("sku", "DUPLICATE_ROW", f"row {first} has the same sku; keep one")
        if order is not None:
            orders.append(order)
    errors = tuple(error for row in rows for error in row.errors)
    created = sum(isinstance(order, CreateProduct) for order in orders)
    if not errors and not request.dry_run:
        for order in orders:
            if isinstance(order, CreateProduct):
                await create_product(order, work)
            else:
                await update_product(order, work)
    return FileReport(
        dry_run=request.dry_run, rows=len(rows), created=created, updated=len(orders) - created, errors=errors
    )


async def export_catalogue(request: ExportCatalogue, work: UnitOfWork) -> WrittenFile:
    """The products by SKU; the price is the one a consumer sees today."""
    statement = select(product, product_range.c.code.label("range_code")).join(
        product_range, product_range.c.id == product.c.range_id
    )
    statement = statement.where(product.c.organisation_id == work.organisation_id)
    if request.range_id is not None:
        statement = statement.where(product.c.range_id.in_(await below(request.range_id, work)))
    rows = await work.fetch(statement.order_by(product.c.sku).limit(_MOST_EXPORTED + 1))
    if len(rows) > _MOST_EXPORTED:
        raise Refused(FILE_TOO_BIG, f"more than {_MOST_EXPORTED} products; export one range after the other")
    return _written("catalogue.csv", _PRODUCTS, [_product_row(row) for row in rows])


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def _content(request: ImportPriceList | ImportCatalogue, work: UnitOfWork) -> bytes:
    if request.content_base64 is not None:
        try:
            return base64.b64decode(request.content_base64, validate=True)
        except binascii.Error:
            raise Refused.field("content_base64", "base64", "content_base64 is not base64", CSV_INVALID) from None
    assert request.document_id is not None
    data = b""
    offset: int | None = 0
    while offset is not None:
        part = await work.ask(OpenContent(document_id=request.document_id, purpose="CATALOGUE_IMPORT", offset=offset))
        if part.size > _MOST_BYTES:
            raise Refused(FILE_TOO_BIG, f"the file has {part.size} bytes, the limit is {_MOST_BYTES}; split it")
        data += base64.b64decode(part.content_base64)
        offset = part.next_offset
    return data


async def _products(skus: set[str], work: UnitOfWork) -> dict[str, Row]:
    rows = await work.fetch(
        select(product).where(
            product.c.organisation_id == work.organisation_id, among(product.c.sku_key, {sku.upper() for sku in skus})
        )
    )
    return {row["sku_key"]: row for row in rows}


async def _ranges(work: UnitOfWork) -> list[Row]:
    return await work.fetch(
        select(product_range.c.id, product_range.c.code).where(
            product_range.c.organisation_id == work.organisation_id, product_range.c.active
        )
    )


async def _known_prices(list_id: UUID, drafts: Any, work: UnitOfWork) -> set[tuple[UUID, str | None]]:
    rows = await work.fetch(
        select(price_item.c.product_id, price_item.c.plan_code).where(
            price_item.c.organisation_id == work.organisation_id,
            price_item.c.list_id == list_id,
            among(price_item.c.product_id, {key[0] for key in drafts}),
        )
    )
    return {(row["product_id"], row["plan_code"]) for row in rows}


def _price_of(bands: Sequence[FileRow], known: Row | None) -> PriceItemDraft | None:
    """One price, or the bands of one; the reader's own refusals are noted at the row."""
    first = bands[0]
    first.text("sku", required=True)
    if known is None:
        first.refuse("sku", "PRODUCT_UNKNOWN", "no product has that sku; correct it")
    prices = [row.number_in("price") for row in bands]
    for row in bands:
        row.text("price", required=True)
    fields: dict[str, Any] = {
        "plan_code": first.cells.get("plan"),
        "discount_percent": first.number_in("discount") or Decimal(0),
        "min_price": first.number_in("min"),
        "max_price": first.number_in("max"),
    }
    if known is None or None in prices or any(row.errors for row in bands):
        return None
    starts = [row.number_in("from_qty") for row in bands]
    try:
        if len(bands) == 1 and starts[0] in (None, known["quantity_min"]):
            return PriceItemDraft(product_id=known["id"], unit_price=prices[0], **fields)
        tiers = _tiers(starts, prices, known)
        return PriceItemDraft(product_id=known["id"], tiered=TieredPrice(mode=TierMode.VOLUME, tiers=tiers), **fields)
    except (ValidationError, ValueError) as error:
        text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        first.refuse(None, "PRICE_INVALID", text)
        return None


def _tiers(starts: Sequence[Decimal | None], prices: Sequence[Decimal | None], known: Row) -> tuple[Tier, ...]:
    """A band ends a step before the next one begins, so no quantity lies between two."""
    begins = [start for start in starts if start is not None]
    if len(begins) < len(starts) or begins[0] != known["quantity_min"] or sorted(set(begins)) != begins:
        raise ValueError(f"from_qty of bands rises from {known['quantity_min'].normalize():f}; correct it")
    ends = [*(start - known["quantity_step"] for start in begins[1:]), None]
    return tuple(Tier(up_to=end, amount=price) for end, price in zip(ends, prices, strict=True) if price is not None)


def _price_rows(item: Row) -> list[list[str]]:
    bounds = [_shown(item["discount_percent"]), _shown(item["min_price"]), _shown(item["max_price"])]
    names = [item["sku"], item["plan_code"] or ""]
    if not item["tiered"]:
        return [[*names, _shown(item["unit_price"]), *bounds, ""]]
    found, start = [], item["quantity_min"]
    for tier in TieredPrice.model_validate(item["tiered"]).tiers:
        found.append([*names, _shown(tier.amount), *bounds, _shown(start)])
        start = tier.up_to + item["quantity_step"] if tier.up_to is not None else start
    return found


def _product_of(row: FileRow, known: dict[str, Row], ranges: dict[str, UUID]) -> CreateProduct | UpdateProduct | None:
    sku, name, code = row.text("sku", required=True), row.text("name", required=True), row.text("range")
    if code is not None and code not in ranges:
        row.refuse("range", "RANGE_UNKNOWN", "no active range has that code; correct it")
    price = row.number_in("price")
    if row.errors or sku is None or name is None:
        return None
    given = {name_: row.cells[name_] for name_ in ("short_name", "product_type") if name_ in row.cells}
    fields: dict[str, Any] = {"name": name, **given} | ({"range_id": ranges[code]} if code is not None else {})
    stored = known.get(sku.upper())
    try:
        if stored is not None:
            changed = {key: fields[key] for key in _CHANGEABLE if key in fields and fields[key] != stored[key]}
            if not changed:
                return None
            return UpdateProduct(product_id=stored["id"], expected_version=stored["version"], **changed)
        fields |= {key: row.cells[key].upper() for key in ("sector", "tax_class") if key in row.cells}
        if price is not None:
            included = row.cells.get("tax_included", "false").lower() in ("true", "1", "oui", "yes")
            fields["first_version"] = VersionDraft(pricing=(PricingRuleDraft(amount=price, tax_included=included),))
        return CreateProduct(sku=sku, **fields)
    except ValidationError as error:
        first = error.errors()[0]
        row.refuse(str(first["loc"][0]) if first["loc"] else None, "VALUE_INVALID", first["msg"])
        return None


def _product_row(row: Row) -> list[str]:
    seen = row["indicative"] or {}
    return [
        row["sku"],
        row["name"],
        row["short_name"] or "",
        row["range_code"],
        row["product_type"],
        row["sector"],
        row["tax_class"],
        str(seen["price"]["amount"]) if seen else "",
        str(seen.get("tax_included", "")).lower(),
    ]


def _shown(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def _written(filename: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> WrittenFile:
    content = write_rows(header, rows)
    if len(content) > INLINE_BYTES:
        raise Refused(FILE_TOO_BIG, "the file would exceed 256 KiB; export less at once")
    return WrittenFile(filename=filename, content_base64=base64.b64encode(content).decode(), row_count=len(rows))
