"""Requests about whom a price list is for."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.requests.price_items import list_by_id
from actors.products.rules.price_lists import specificity_of
from messages.base import Empty
from messages.problem import Refused
from messages.products.price_lists import (
    ASSIGNMENT_EXISTS,
    ASSIGNMENT_NOT_FOUND,
    CRITERION_REQUIRED,
    AssignPriceList,
    ListPriceListAssignments,
    PriceListAssignment,
    PriceListAssignmentPage,
    UnassignPriceList,
)
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import price_list_assignment


async def assign_price_list(request: AssignPriceList, work: UnitOfWork) -> PriceListAssignment:
    """Let a list apply to whoever meets the criteria."""
    list_row = await list_by_id(request.list_id, work)
    specificity = specificity_of(request.criteria)
    if not specificity:
        raise Refused.field(
            "criteria",
            "required",
            "an assignment names a client, partner, company, channel or client type; give at least one",
            CRITERION_REQUIRED,
        )
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "list_id": request.list_id,
        **request.criteria.model_dump(),
        "specificity": specificity,
        "valid_from": request.valid_from,
        "valid_to": request.valid_to,
    }
    if not await work.execute(insert(price_list_assignment).values(**row).on_conflict_do_nothing()):
        raise Refused(
            ASSIGNMENT_EXISTS, f"the list {list_row['code']} is assigned so already; change the criteria or the dates"
        )
    work.record("price_list_assignment", row["id"], after={"list": list_row["code"], "specificity": specificity})
    return views.assignment_of(row)


async def unassign_price_list(request: UnassignPriceList, work: UnitOfWork) -> Empty:
    """Take an assignment back."""
    statement = _all(work).where(price_list_assignment.c.id == request.assignment_id).with_for_update()
    row = await work.load(statement, "assignment", code=ASSIGNMENT_NOT_FOUND)
    await work.execute(delete(price_list_assignment).where(price_list_assignment.c.id == row["id"]))
    work.record("price_list_assignment", row["id"], before={"list_id": str(row["list_id"])}, after=None)
    return Empty()


async def list_price_list_assignments(request: ListPriceListAssignments, work: UnitOfWork) -> PriceListAssignmentPage:
    """A page of assignments of a list."""
    statement = _all(work).where(price_list_assignment.c.list_id == request.list_id)
    order = (price_list_assignment.c.id,)
    return await page(work, request, statement, order=order, reply=PriceListAssignmentPage, item=views.assignment_of)


def _all(work: UnitOfWork) -> Any:
    return select(price_list_assignment).where(price_list_assignment.c.organisation_id == work.organisation_id)
