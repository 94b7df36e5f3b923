"""Requests about products."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, delete, select, update

from actors.products import views
from actors.products.readiness import blocking_failures, readiness_of
from actors.products.requests.prices import indicative_price
from actors.products.requests.promotions import end_promotions_of
from actors.products.requests.publications import end_publications_of
from actors.products.requests.ranges import below, range_by_id_or_code
from actors.products.rows import changed_row, companies, locked_product, new_row
from actors.products.rules import lifecycle, products
from actors.products.rules.ranges import DEFAULT_RANGE
from actors.products.searching import promoted_on, with_tag, with_words
from actors.products.versioning import insert_version
from messages.base import Empty
from messages.problem import Refused
from messages.products.catalogue import (
    PRODUCT_IN_USE,
    PRODUCT_NOT_FOUND,
    READINESS_FAILED,
    SKU_EXISTS,
    CreateProduct,
    DeleteProduct,
    GetProduct,
    Lifecycle,
    ListProducts,
    Product,
    ProductDetail,
    ProductKind,
    ProductPage,
    ProductPart,
    TransitionProduct,
    UpdateProduct,
)
from messages.products.events import ProductCreated, ProductDeleted, ProductLifecycleChanged, ProductUpdated
from messages.products.ranges import RANGE_INACTIVE, RangeScope, Sector
from messages.products.versions import PriceRole, VersionState
from messages.values.identifiers import new_id
from messages.values.text import search_form
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.queries import among
from storage.products.tables import (
    client_price,
    external_mapping,
    price_item,
    price_quote,
    pricing_rule,
    product,
    product_document,
    product_partner,
    product_plan,
    product_version,
    publication,
    quality_rule,
)

_JSON = ("eligibility", "features")
_SEARCHED = frozenset({"sku", "name", "short_name", "description", "features", "tags"})
_PRICED = frozenset({"tax_class", "currency", "price_scale", "quantity_min"})
_SHOWN_PUBLICATIONS = 100
_SHOWN_MAPPINGS = 100


async def create_product(request: CreateProduct, work: UnitOfWork) -> Product:
    """Add a product, with its first version when one is given."""
    range_ = await range_by_id_or_code(request.range_id, DEFAULT_RANGE, work)
    if not range_["active"]:
        raise Refused(RANGE_INACTIVE, f"the range {range_['code']} is not active; choose another range_id")
    taken_over = products.inherited(request, range_["default_sector"], range_["default_product_type"])
    products.check_new_product(request, taken_over["sector"], RangeScope(range_["scope"]))
    await _check_partner(request.product_partner_id, work)
    await _refuse_known_sku(request.sku, work)
    row = {
        **new_row(request.id or new_id(), work),
        **request.model_dump(exclude={"id", "first_version", *_JSON}),
        **_as_json(request),
        **taken_over,
        "sku_key": request.sku.upper(),
        **_search_columns(request.model_dump()),
        "range_id": range_["id"],
        "owner_company_id": await _owner(request.owner_company_id, work),
        "lifecycle": Lifecycle.DRAFT,
        "replacement_product_id": None,
        "indicative": None,
        "indicative_is_stale": False,
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
    elif request.sku is not None:
        statement = statement.where(product.c.sku_key == request.sku.upper())
    else:
        mapped = select(external_mapping.c.product_id).where(
            external_mapping.c.organisation_id == work.organisation_id,
            external_mapping.c.system == request.system,
            external_mapping.c.external_code == request.external_code,
        )
        statement = statement.where(product.c.id == mapped.scalar_subquery())
    row = await work.load(statement, "product", code=PRODUCT_NOT_FOUND)
    versions = queries.VERSION.where(
        product_version.c.organisation_id == work.organisation_id, product_version.c.product_id == row["id"]
    )
    if request.as_of is not None:
        versions = versions.where(queries.in_force(request.as_of))
    detail = views.detail_of(row, await work.fetch(versions.order_by(product_version.c.number.desc())))
    return detail.model_copy(update=await _parts(row, request.include, work))


async def list_products(request: ListProducts, work: UnitOfWork) -> ProductPage:
    """A page of products by SKU; a range stands for itself and what is below it."""
    statement = _all(work)
    if request.range_id is not None:
        statement = statement.where(product.c.range_id.in_(await below(request.range_id, work)))
    for column, value in (
        (product.c.sector, request.sector),
        (product.c.product_type, request.product_type),
        (product.c.kind, request.kind),
        (product.c.owner_company_id, request.company_id),
        (product.c.product_partner_id, request.product_partner_id),
        (product.c.integration_status, request.integration_status),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if request.lifecycle:
        statement = statement.where(among(product.c.lifecycle, request.lifecycle))
    if request.tag is not None:
        statement = statement.where(with_tag(request.tag, work))
    price = product.c.indicative["price"]["amount"].astext.cast(Numeric)
    if request.price_min is not None:
        statement = statement.where(price >= request.price_min)
    if request.price_max is not None:
        statement = statement.where(price <= request.price_max)
    if request.channel is not None:
        statement = statement.where(queries.is_live_on(request.channel, work.now))
    if request.on_promotion is not None:
        promoted = await promoted_on(work.today(), work)
        statement = statement.where(promoted if request.on_promotion else ~promoted)
    if request.search is not None:
        statement = statement.where(with_words(request.search, work))
    return await page(
        work, request, statement, order=(product.c.sku, product.c.id), reply=ProductPage, item=views.product_of
    )


async def update_product(request: UpdateProduct, work: UnitOfWork) -> Product:
    """Change what was sent."""
    row = await locked_product(request.product_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"product_id", "expected_version", *_JSON}, exclude_unset=True)
    sent |= {name: value for name, value in _as_json(request).items() if name in request.model_fields_set}
    sent = {name: value for name, value in sent.items() if value is not None or name in products.CLEARABLE_FIELDS}
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if row["locked"]:
        products.check_unlocked(changed, row["sku"])
    after = {**row, **changed}
    range_ = await range_by_id_or_code(after["range_id"], DEFAULT_RANGE, work)
    if "range_id" in changed and not range_["active"]:
        raise Refused(RANGE_INACTIVE, f"the range {range_['code']} is not active; choose another range_id")
    if changed.get("owner_company_id") is not None:
        await _owner(changed["owner_company_id"], work)
    products.check_partner(ProductKind(after["kind"]), after["product_partner_id"])
    await _check_partner(changed.get("product_partner_id"), work)
    products.check_quantities(after["quantity_min"], after["quantity_max"], after["quantity_step"])
    products.check_terms(
        Sector(row["sector"]), RangeScope(range_["scope"]), after["commitment_months"], after["withdrawal_days"]
    )
    if "sku" in changed:
        await _refuse_known_sku(changed["sku"], work, other_than=row["id"])
        changed["sku_key"] = changed["sku"].upper()
    if _SEARCHED & changed.keys():
        changed |= _search_columns(after)
    if not changed:
        return views.product_of(row)
    stored = await _store_change(row, changed, work)
    if _PRICED & changed.keys():
        await refresh_indicative(row["id"], work)
    return stored


async def transition_product(request: TransitionProduct, work: UnitOfWork) -> Product:
    """Move a product along its life."""
    row = await locked_product(request.product_id, work)
    work.check_version(request.expected_version, row["version"])
    state = lifecycle.PRODUCT.after(request.to.value, Lifecycle(row["lifecycle"]))
    if state in (Lifecycle.FROZEN, Lifecycle.RETIRED) and request.reason is None:
        raise Refused.field("reason", "required", f"say in reason why {row['sku']} becomes {state.value}")
    if state is Lifecycle.TEST:
        await _refuse_unpriced(row, work)
    if state is Lifecycle.ACTIVE:
        await _refuse_unready(row, work)
    changed: dict[str, Any] = {"lifecycle": state}
    if state in (Lifecycle.FROZEN, Lifecycle.RETIRED):
        changed["quotes_to_expire"] = True
    if state is Lifecycle.RETIRED:
        changed["replacement_product_id"] = request.replacement_product_id
        await end_publications_of(row["id"], work)
        await end_promotions_of(row["id"], work)
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


async def delete_product(request: DeleteProduct, work: UnitOfWork) -> Empty:
    """Remove a draft with its versions and prices; what anybody has seen or bought stays."""
    row = await locked_product(request.product_id, work)
    work.check_version(request.expected_version, row["version"])
    quoted = select(price_quote.c.id).where(
        price_quote.c.organisation_id == work.organisation_id, price_quote.c.product_ids.contains([row["id"]])
    )
    tried_only = row["lifecycle"] in (Lifecycle.DRAFT, Lifecycle.TEST)
    if not tried_only or row["locked"] or await work.fetch_one(quoted.limit(1)) is not None:
        raise Refused(PRODUCT_IN_USE, f"{row['sku']} was published, quoted or sold; retire it with transition_product")
    versions = select(product_version.c.id).where(
        product_version.c.organisation_id == work.organisation_id, product_version.c.product_id == row["id"]
    )
    for table in (product_plan, pricing_rule, product_document, quality_rule):
        await work.execute(
            delete(table).where(table.c.organisation_id == work.organisation_id, table.c.version_id.in_(versions))
        )
    for table in (product_version, price_item, external_mapping, client_price):
        await work.execute(
            delete(table).where(table.c.organisation_id == work.organisation_id, table.c.product_id == row["id"])
        )
    await work.execute(delete(product).where(product.c.id == row["id"]))
    work.emit(ProductDeleted(product_id=row["id"], sku=row["sku"]), version=row["version"] + 1)
    work.record("product", row["id"], before={"sku": row["sku"], "lifecycle": row["lifecycle"]}, after=None)
    return Empty()


async def refresh_indicative(product_id: UUID, work: UnitOfWork) -> None:
    """Tell the others when the price a consumer sees has changed."""
    row = await locked_product(product_id, work)
    found = await indicative_price(product_id, work)
    indicative = found.model_dump(mode="json") if found else None
    if row["indicative_is_stale"]:
        await work.execute(update(product).where(product.c.id == row["id"]).values(indicative_is_stale=False))
    if indicative != row["indicative"]:
        await _store_change(row, {"indicative": indicative}, work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(product).where(product.c.organisation_id == work.organisation_id)


def _search_columns(fields: Mapping[str, Any]) -> dict[str, str]:
    """What a product is found by: its names, and with less weight what is said of it."""
    features = (f"{feature['key']} {feature['label']}" for feature in fields["features"] or ())
    said = (fields["description"] or "", *features, *(fields["tags"] or ()))
    return {
        "search_name": search_form(f"{fields['sku']} {fields['name']} {fields['short_name'] or ''}"),
        "search_text": search_form(" ".join(said)),
    }


def _as_json(request: CreateProduct | UpdateProduct) -> dict[str, Any]:
    """The parts of a product that are stored as they are written."""
    return request.model_dump(mode="json", include=set(_JSON))


async def _parts(row: Row, wanted: tuple[ProductPart, ...], work: UnitOfWork) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if ProductPart.RANGE in wanted:
        found["range"] = views.range_of(await range_by_id_or_code(row["range_id"], DEFAULT_RANGE, work))
    if ProductPart.PUBLICATIONS in wanted:
        rows = await work.fetch(
            select(publication)
            .where(publication.c.organisation_id == work.organisation_id, publication.c.product_id == row["id"])
            .order_by(publication.c.start_at.desc())
            .limit(_SHOWN_PUBLICATIONS)
        )
        found["publications"] = tuple(views.publication_of(each) for each in rows)
    if ProductPart.MAPPINGS in wanted:
        rows = await work.fetch(
            select(external_mapping)
            .where(
                external_mapping.c.organisation_id == work.organisation_id,
                external_mapping.c.product_id == row["id"],
            )
            .order_by(external_mapping.c.system, external_mapping.c.external_code)
            .limit(_SHOWN_MAPPINGS)
        )
        found["mappings"] = tuple(views.external_mapping_of(each) for each in rows)
    return found


async def _refuse_unpriced(row: Row, work: UnitOfWork) -> None:
    """A product may be tried out when some version of it has a price."""
    priced = (
        select(pricing_rule.c.id)
        .join(product_version, product_version.c.id == pricing_rule.c.version_id)
        .where(
            pricing_rule.c.organisation_id == work.organisation_id,
            product_version.c.product_id == row["id"],
            product_version.c.state != VersionState.CANCELLED,
            pricing_rule.c.role == PriceRole.RECURRING_PRICE,
        )
        .limit(1)
    )
    if await work.fetch_value(priced) is None:
        raise Refused(READINESS_FAILED, f"{row['sku']} has no price in any version; set a price rule first")


async def _owner(wanted: UUID | None, work: UnitOfWork) -> UUID | None:
    """The company named, else the only one; none while the organisation has no company or several."""
    known = [row["company_id"] for row in await companies(work)]
    if wanted is None:
        return known[0] if len(known) == 1 else None
    if wanted not in known:
        raise Refused.field("owner_company_id", "unknown", "owner_company_id is no company in your scope; check it")
    return wanted


async def _check_partner(wanted: UUID | None, work: UnitOfWork) -> None:
    if wanted is None:
        return
    known = select(product_partner.c.id).where(
        product_partner.c.organisation_id == work.organisation_id, product_partner.c.id == wanted
    )
    if await work.fetch_value(known) is None:
        raise Refused.field("product_partner_id", "unknown", "product_partner_id names no product partner; check it")


async def _refuse_known_sku(sku: str, work: UnitOfWork, *, other_than: UUID | None = None) -> None:
    known = await work.fetch_one(_all(work).where(product.c.sku_key == sku.upper()))
    if known is not None and known["id"] != other_than:
        raise Refused(
            SKU_EXISTS,
            f"the SKU {known['sku']} exists already (capitals do not count); choose another",
            details={"product_id": str(known["id"])},
        )


async def _refuse_unready(row: Row, work: UnitOfWork) -> None:
    checks = await readiness_of(row, None, frozenset(), None, work)
    missing = blocking_failures(checks)
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
    fields = tuple(sorted(set(changed) - {"search_name", "search_text", "sku_key"}))
    work.emit(ProductUpdated.model_validate({**views.snapshot_of(after), "changed_fields": fields}), version=version)
    work.record("product", row["id"], before={"version": row["version"]}, after={"changed": list(fields)})
    return views.product_of(after)
