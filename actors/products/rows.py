"""The columns that every new or changed row of products has, and the companies rows belong to."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND
from runtime.unit_of_work import Row, UnitOfWork
from storage.products import queries
from storage.products.tables import product


def new_row(id_: UUID, work: UnitOfWork) -> dict[str, Any]:
    """The common columns of a new aggregate."""
    return {
        "id": id_,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


def changed_row(version: int, work: UnitOfWork) -> dict[str, Any]:
    """The common columns of a changed aggregate, with its new version."""
    return {"version": version, "updated_at": work.now, "updated_by": work.caller.principal}


async def companies(work: UnitOfWork) -> list[Row]:
    """The active companies inside the caller's scope."""
    rows = await work.fetch(queries.COMPANIES, organisation_id=work.organisation_id)
    return [row for row in rows if row["status"] == "ACTIVE" and work.caller.sees_company(row["company_id"])]


async def selling_company(wanted: UUID | None, work: UnitOfWork) -> Row:
    """The company named, else the only one."""
    known = await companies(work)
    if wanted is not None:
        found = next((row for row in known if row["company_id"] == wanted), None)
        if found is None:
            raise Refused.field("company_id", "unknown", "company_id is no active company in your scope; check it")
        return found
    if len(known) != 1:
        raise Refused.field(
            "company_id",
            "required",
            f"there are {len(known)} active companies in your scope; name the selling one in company_id",
        )
    return known[0]


async def locked_product(product_id: UUID, work: UnitOfWork) -> Row:
    """The locked row of a product; changes of its versions, publications and prices queue here."""
    statement = select(product).where(product.c.organisation_id == work.organisation_id, product.c.id == product_id)
    return await work.load(statement.with_for_update(), "product", code=PRODUCT_NOT_FOUND)
