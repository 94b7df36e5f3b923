"""Requests about products."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.products import views
from actors.products.requests.prices import indicative_price
from actors.products.requests.publications import end_publications_of, readiness_of
from actors.products.requests.ranges import range_by_id_or_code
from actors.products.rows import changed_row, companies, locked_product, new_row
from actors.products.rules import lifecycle, products
from actors.products.rules.ranges import DEFAULT_RANGE
from actors.products.versioning import insert_version
from messages.problem import Refused
from messages.products.catalogue import (
    PRODUCT_NOT_FOUND,
    READINESS_FAILED,
    SKU_EXISTS,
    CreateProduct,
    GetProduct,
    Lifecycle,
    ListProducts,
    Product,
    ProductDetail,
    ProductPage,
    TransitionProduct,
    UpdateProduct,
)
from messages.products.events import ProductCreated, ProductLifecycleChanged, ProductUpdated
from messages.products.ranges import RANGE_INACTIVE, RangeScope, Sector
from messages.values.identifiers import new_id
from messages.values.text import search_form
from runtime.pagination import contains, page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.queries import among
from storage.products.tables import product, product_range, product_version


async def create_product(request: CreateProduct, work: UnitOfWork) -> Product:
    """Add a product, with its first version when one is given."""
    range_ = await range_by_id_or_code(request.range_id, DEFAULT_RANGE, work)
    if not range_["active"]:
        raise Refused(RANGE_INACTIVE, f"the range {range_['code']} is not active; choose another range_id")
    taken_over = products.inherited(request, range_["default_sector"], range_["default_product_type"])
    products.check_new_product(request, taken_over["sector"], RangeScope(range_["scope"]))
    await _refuse_known_sku(request.sku, work)
    row = {
        **new_row(request.id or new_id(), work),
        **request.model_dump(exclude={"id", "first_version"}),
        **taken_over,
        "sku_key": request.sku.upper(),
        "search_name": _search_name(request.sku, request.name, request.short_name),
        "range_id": range_["id"],
        "owner_company_id": await _owner(request.owner_company_id, work),
        "lifecycle": Lifecycle.DRAFT,
        "replacement_product_id": None,
        "indicative": None,
        "locked": False,
        "quotes_to_expire": False,
    }
    await work.insert(product, **row)
    if request.first_version is not None:
        await insert_version(row, request.first_version, RangeScope(range_["scope"]), work, is_first=True)
        row |= await _store_indicative(row["id"], work)
    work.emit(ProductCreated.model_validate(views.snapshot_of(row)), version=1)
    work.record("product", row["id"], after={"sku": row["sku"], "lifecycle": row["lifecycle"], "version": 1})
    return views.product_of(row)


async def get_product(request: GetProduct, work: UnitOfWork) -> ProductDetail:
    """One product with its versions."""
    statement = _all(work)
    if request.product_id is not None:
        statement = statement.where(product.c.id == request.product_id)
    else:
        statement = statement.where(product.c.sku_key == (request.sku or "").upper())
    row = await work.load(statement, "product", code=PRODUCT_NOT_FOUND)
    versions = await work.fetch(
        queries.VERSION.where(
            product_version.c.organisation_id == work.organisation_id, product_version.c.product_id == row["id"]
        ).order_by(product_version.c.number.desc())
    )
    return views.detail_of(row, versions)


async def list_products(request: ListProducts, work: UnitOfWork) -> ProductPage:
    """A page of products by SKU; a range stands for itself and what is below it."""
    statement = _all(work)
    if request.range_id is not None:
        range_ = await range_by_id_or_code(request.range_id, DEFAULT_RANGE, work)
        below = select(product_range.c.id).where(
            product_range.c.organisation_id == work.organisation_id,
            (product_range.c.id == range_["id"])
            | product_range.c.path.startswith(range_["path"] + "/", autoescape=True),
        )
        statement = statement.where(product.c.range_id.in_(below))
    for column, value in (
        (product.c.sector, request.sector),
        (product.c.product_type, request.product_type),
        (product.c.kind, request.kind),
        (product.c.owner_company_id, request.company_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if request.lifecycle:
        statement = statement.where(among(product.c.lifecycle, request.lifecycle))
    if request.search is not None:
        statement = statement.where(contains(product.c.search_name, request.search))
    return await page(
        work, request, statement, order=(product.c.sku, product.c.id), reply=ProductPage, item=views.product_of
    )


async def update_product(request: UpdateProduct, work: UnitOfWork) -> Product:
    """Change what was sent."""
    row = await locked_product(request.product_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"product_id", "expected_version"}, exclude_unset=True)
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if row["locked"]:
        products.check_unlocked(changed, row["sku"])
    range_ = await range_by_id_or_code(row["range_id"], DEFAULT_RANGE, work)
    after = {**row, **changed}
    products.check_terms(
        Sector(row["sector"]), RangeScope(range_["scope"]), after["commitment_months"], after["withdrawal_days"]
    )
    if "sku" in changed:
        await _refuse_known_sku(changed["sku"], work, other_than=row["id"])
        changed["sku_key"] = changed["sku"].upper()
    if {"sku", "name", "short_name"} & changed.keys():
        changed["search_name"] = _search_name(after["sku"], after["name"], after["short_name"])
    if not changed:
        return views.product_of(row)
    return await _store_change(row, changed, work)


async def transition_product(request: TransitionProduct, work: UnitOfWork) -> Product:
    """Move a product along its life."""
    row = await locked_product(request.product_id, work)
    work.check_version(request.expected_version, row["version"])
    state = lifecycle.PRODUCT.after(request.to.value, Lifecycle(row["lifecycle"]))
    if state in (Lifecycle.FROZEN, Lifecycle.RETIRED) and request.reason is None:
        raise Refused.field("reason", "required", f"say in reason why {row['sku']} becomes {state.value}")
    if state in (Lifecycle.TEST, Lifecycle.ACTIVE):
        await _refuse_unready(row, work)
    changed: dict[str, Any] = {"lifecycle": state}
    if state in (Lifecycle.FROZEN, Lifecycle.RETIRED):
        changed["quotes_to_expire"] = True
    if state is Lifecycle.RETIRED:
        changed["replacement_product_id"] = request.replacement_product_id
        await end_publications_of(row["id"], work)
    version = row["version"] + 1
    await work.execute(update(product).where(product.c.id == row["id"]).values(**changed, **changed_row(version, work)))
    event = ProductLifecycleChanged(
        product_id=row["id"],
        sku=row["sku"],
        from_=Lifecycle(row["lifecycle"]),
        to=state,
        reason=request.reason,
        replacement_product_id=request.replacement_product_id,
    )
    work.emit(event, version=version)
    work.record("product", row["id"], before={"lifecycle": row["lifecycle"]}, after={"lifecycle": state})
    return views.product_of({**row, **changed, "version": version})


async def refresh_indicative(product_id: UUID, work: UnitOfWork) -> None:
    """Tell the others when the price a consumer sees has changed."""
    row = await locked_product(product_id, work)
    found = await indicative_price(product_id, work)
    indicative = found.model_dump(mode="json") if found else None
    if indicative != row["indicative"]:
        await _store_change(row, {"indicative": indicative}, work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(product).where(product.c.organisation_id == work.organisation_id)


def _search_name(sku: str, name: str, short_name: str | None) -> str:
    return search_form(f"{sku} {name} {short_name or ''}")


async def _owner(wanted: UUID | None, work: UnitOfWork) -> UUID | None:
    """The company named, else the only one; none while the organisation has no company or several."""
    known = [row["company_id"] for row in await companies(work)]
    if wanted is None:
        return known[0] if len(known) == 1 else None
    if wanted not in known:
        raise Refused.field("owner_company_id", "unknown", "owner_company_id is no company in your scope; check it")
    return wanted


async def _refuse_known_sku(sku: str, work: UnitOfWork, *, other_than: UUID | None = None) -> None:
    known = await work.fetch_one(_all(work).where(product.c.sku_key == sku.upper()))
    if known is not None and known["id"] != other_than:
        raise Refused(
            SKU_EXISTS,
            f"the SKU {known['sku']} exists already (capitals do not count); choose another",
            details={"product_id": str(known["id"])},
        )


async def _refuse_unready(row: Row, work: UnitOfWork) -> None:
    checks = await readiness_of(row, None, work)
    missing = [check for check in checks if check.blocking and not check.passed]
    if missing:
        raise Refused(
            READINESS_FAILED,
            f"{row['sku']} is not ready: {'; '.join(check.detail or check.code for check in missing)}",
            details={"checks": [check.model_dump(mode="json") for check in checks]},
        )


async def _store_indicative(product_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    found = await indicative_price(product_id, work)
    columns = {"indicative": found.model_dump(mode="json") if found else None}
    await work.execute(update(product).where(product.c.id == product_id).values(**columns))
    return columns


async def _store_change(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Product:
    version = row["version"] + 1
    await work.execute(update(product).where(product.c.id == row["id"]).values(**changed, **changed_row(version, work)))
    after = {**row, **changed, "version": version}
    fields = tuple(sorted(set(changed) - {"search_name", "sku_key"}))
    work.emit(ProductUpdated.model_validate({**views.snapshot_of(after), "changed_fields": fields}), version=version)
    work.record("product", row["id"], before={"version": row["version"]}, after={"changed": list(fields)})
    return views.product_of(after)
