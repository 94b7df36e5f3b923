"""Requests about what other systems call a product."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.rows import locked_product
from messages.base import Empty
from messages.problem import Refused
from messages.products.catalogue import ExternalMapping
from messages.products.external_mappings import (
    EXTERNAL_MAPPING_NOT_FOUND,
    MAPPING_EXISTS,
    DeleteExternalMapping,
    ResolvedProduct,
    ResolveExternalCode,
    SetExternalMapping,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import external_mapping, product


async def set_external_mapping(request: SetExternalMapping, work: UnitOfWork) -> ExternalMapping:
    """One code per product, plan and system; a code stands for one product only."""
    await locked_product(request.product_id, work)
    taken = await work.fetch_one(
        select(external_mapping).where(
            external_mapping.c.organisation_id == work.organisation_id,
            external_mapping.c.system == request.system,
            external_mapping.c.external_code == request.external_code,
        )
    )
    if taken is not None and (taken["product_id"], taken["plan_code"]) != (request.product_id, request.plan_code):
        raise Refused(
            MAPPING_EXISTS,
            f"{request.system} calls another product {request.external_code}; delete that code first",
            details={"mapping_id": str(taken["id"])},
        )
    row = {"id": new_id(), "organisation_id": work.organisation_id, **request.model_dump()}
    statement = insert(external_mapping).values(**row)
    stored = await work.load(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "product_id", "system", "plan_code"],
            set_={"external_code": statement.excluded.external_code, "metadata": statement.excluded.metadata},
        ).returning(external_mapping),
        "external mapping",
    )
    work.record("external_mapping", stored["id"], after={"system": request.system, "code": request.external_code})
    return views.external_mapping_of(stored)


async def delete_external_mapping(request: DeleteExternalMapping, work: UnitOfWork) -> Empty:
    """Forget a code."""
    sought = delete(external_mapping).where(
        external_mapping.c.organisation_id == work.organisation_id, external_mapping.c.id == request.mapping_id
    )
    row = await work.load(sought.returning(external_mapping), "external mapping", code=EXTERNAL_MAPPING_NOT_FOUND)
    work.record("external_mapping", row["id"], before={"system": row["system"], "code": row["external_code"]})
    return Empty()


async def resolve_external_code(request: ResolveExternalCode, work: UnitOfWork) -> ResolvedProduct:
    """The product that a system means."""
    sought = (
        select(product, external_mapping.c.plan_code)
        .join(external_mapping, external_mapping.c.product_id == product.c.id)
        .where(
            external_mapping.c.organisation_id == work.organisation_id,
            external_mapping.c.system == request.system,
            external_mapping.c.external_code == request.external_code,
        )
    )
    row = await work.load(sought, "external code", code=EXTERNAL_MAPPING_NOT_FOUND)
    return ResolvedProduct(product=views.product_of(row), plan_code=row["plan_code"])
