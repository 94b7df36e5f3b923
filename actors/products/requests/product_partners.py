"""Requests about the suppliers of partner products."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.partners import activations_of
from actors.products.rows import changed_row, new_row, selling_company
from messages.base import Empty
from messages.problem import Refused
from messages.products.events import ProductPartnerSaved
from messages.products.partners import (
    PARTNER_IN_USE,
    PARTNER_NAME_EXISTS,
    PRODUCT_PARTNER_NOT_FOUND,
    CreateProductPartner,
    DeleteProductPartner,
    GetProductPartner,
    ListProductPartners,
    ProductPartner,
    ProductPartnerPage,
    SetPartnerCompanyActivation,
    UpdateProductPartner,
)
from messages.values.identifiers import new_id
from messages.values.text import search_form
from runtime.pagination import contains, page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.tables import product, product_partner, product_partner_activation

_JSON = {"addresses", "contacts", "sla"}
_CLEARABLE = frozenset({"siren", "payment_terms", "extranet_code", "contract_from", "contract_to", "sla"})


async def create_product_partner(request: CreateProductPartner, work: UnitOfWork) -> ProductPartner:
    """Add a supplier; nobody sells for him yet."""
    await _refuse_known_name(request.name, work)
    row = {
        **new_row(new_id(), work),
        **request.model_dump(exclude=_JSON),
        **request.model_dump(mode="json", include=_JSON),
        "search_name": search_form(f"{request.name} {request.legal_name}"),
    }
    await work.insert(product_partner, **row)
    return await _saved(row, work)


async def update_product_partner(request: UpdateProductPartner, work: UnitOfWork) -> ProductPartner:
    """Change what was sent; an INACTIVE partner's products are no longer sold."""
    row = await _locked(request.product_partner_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"product_partner_id", "expected_version", *_JSON}, exclude_unset=True)
    sent |= request.model_dump(mode="json", include=_JSON, exclude_unset=True)
    changed = {
        name: value for name, value in sent.items() if value != row[name] and (value is not None or name in _CLEARABLE)
    }
    if not changed:
        return await _shown(row, work)
    after = {**row, **changed}
    if after["contract_from"] and after["contract_to"] and after["contract_from"] > after["contract_to"]:
        raise Refused.field("contract_to", "range", "contract_to lies before contract_from; exchange them")
    if "name" in changed:
        await _refuse_known_name(changed["name"], work)
    changed["search_name"] = search_form(f"{after['name']} {after['legal_name']}")
    return await _saved(await _store(row, changed, work), work)


async def get_product_partner(request: GetProductPartner, work: UnitOfWork) -> ProductPartner:
    """One supplier."""
    return await _shown(await _found(request.product_partner_id, work), work)


async def list_product_partners(request: ListProductPartners, work: UnitOfWork) -> ProductPartnerPage:
    """A page of suppliers by name."""
    statement = _all(work)
    if request.type is not None:
        statement = statement.where(product_partner.c.type == request.type)
    if request.status is not None:
        statement = statement.where(product_partner.c.status == request.status)
    if request.company_id is not None:
        sells = select(product_partner_activation.c.product_partner_id).where(
            product_partner_activation.c.organisation_id == work.organisation_id,
            product_partner_activation.c.company_id == request.company_id,
            product_partner_activation.c.active,
        )
        statement = statement.where(product_partner.c.id.in_(sells))
    if request.search is not None:
        statement = statement.where(contains(product_partner.c.search_name, request.search))
    found = await page(
        work,
        request,
        statement,
        order=(product_partner.c.name, product_partner.c.id),
        reply=ProductPartnerPage,
        item=lambda row: views.partner_of(row, ()),
    )
    activations = await activations_of([item.product_partner_id for item in found.items], work)
    items = (
        item.model_copy(update={"activations": views.activations_of(activations[item.product_partner_id])})
        for item in found.items
    )
    return ProductPartnerPage(items=tuple(items), next_cursor=found.next_cursor)


async def delete_product_partner(request: DeleteProductPartner, work: UnitOfWork) -> Empty:
    """Remove a supplier that no product names."""
    row = await _locked(request.product_partner_id, work)
    work.check_version(request.expected_version, row["version"])
    used = select(product.c.sku).where(
        product.c.organisation_id == work.organisation_id, product.c.product_partner_id == row["id"]
    )
    sku = await work.fetch_value(used.limit(1))
    if sku is not None:
        raise Refused(PARTNER_IN_USE, f"{sku} is a product of {row['name']}; make the partner INACTIVE instead")
    await work.execute(
        delete(product_partner_activation).where(
            product_partner_activation.c.organisation_id == work.organisation_id,
            product_partner_activation.c.product_partner_id == row["id"],
        )
    )
    await work.execute(delete(product_partner).where(product_partner.c.id == row["id"]))
    work.record("product_partner", row["id"], before={"name": row["name"], "status": row["status"]}, after=None)
    return Empty()


async def set_partner_company_activation(request: SetPartnerCompanyActivation, work: UnitOfWork) -> ProductPartner:
    """Let a company sell for the partner, or stop it; saying it twice changes nothing."""
    row = await _locked(request.product_partner_id, work)
    company = await selling_company(request.company_id, work)
    known = {found["company_id"]: found for found in (await activations_of([row["id"]], work))[row["id"]]}
    before = known.get(company["company_id"])
    if (before is not None and before["active"]) == request.active:
        return await _shown(row, work)
    since = work.today() if request.active or before is None else before["since"]
    columns = {"active": request.active, "since": since, "until": None if request.active else work.today()}
    keys = {
        "organisation_id": work.organisation_id,
        "product_partner_id": row["id"],
        "company_id": company["company_id"],
    }
    statement = insert(product_partner_activation).values(**keys, **columns)
    await work.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=columns))
    return await _saved(await _store(row, {}, work), work)


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(product_partner).where(product_partner.c.organisation_id == work.organisation_id)


async def _found(partner_id: UUID, work: UnitOfWork) -> Row:
    statement = _all(work).where(product_partner.c.id == partner_id)
    return await work.load(statement, "product partner", code=PRODUCT_PARTNER_NOT_FOUND)


async def _locked(partner_id: UUID, work: UnitOfWork) -> Row:
    statement = _all(work).where(product_partner.c.id == partner_id).with_for_update()
    return await work.load(statement, "product partner", code=PRODUCT_PARTNER_NOT_FOUND)


async def _refuse_known_name(name: str, work: UnitOfWork) -> None:
    known = await work.fetch_one(_all(work).where(product_partner.c.name == name))
    if known is not None:
        raise Refused(
            PARTNER_NAME_EXISTS,
            f"a product partner is called {name} already; choose another name",
            details={"product_partner_id": str(known["id"])},
        )


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(product_partner).where(product_partner.c.id == row["id"]).values(**columns))
    return {**row, **columns}


async def _shown(row: Row, work: UnitOfWork) -> ProductPartner:
    return views.partner_of(row, (await activations_of([row["id"]], work))[row["id"]])


async def _saved(row: Row, work: UnitOfWork) -> ProductPartner:
    """The partner as it is now, told to the others."""
    partner = await _shown(row, work)
    event = ProductPartnerSaved(
        product_partner_id=partner.product_partner_id,
        name=partner.name,
        type=partner.type,
        status=partner.status,
        company_ids=tuple(activation.company_id for activation in partner.activations if activation.active),
    )
    work.emit(event, version=partner.version)
    return partner
