"""Reading contracts, their history and their schedule."""

from typing import Any

from sqlalchemy import func, or_, select

from actors.contrats import views
from actors.contrats.billing import billing
from actors.contrats.contract_record import load
from actors.contrats.service import operations
from messages.contrats import (
    CONTRACT_NOT_FOUND,
    BillingSchedule,
    Contract,
    ContractPage,
    ContractSort,
    GetBillingSchedule,
    GetContract,
    ListContracts,
    ListContractStatusHistory,
    ListOperations,
    OperationPage,
    StatusHistoryPage,
)
from runtime.pagination import contains, page
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import client_copy, contract, contract_operation, quality_review, status_history

_SUMMARY = select(
    contract.c.id,
    contract.c.reference,
    contract.c.type,
    contract.c.status,
    contract.c.quality_status,
    contract.c.payment_standing,
    contract.c.client_id,
    contract.c.company_id,
    contract.c.sales_rep_id,
    contract.c.starts_on,
    contract.c.ends_on,
    contract.c.mrr,
    contract.c.currency,
    contract.c.created_at,
    client_copy.c.display_name.label("client_name"),
).select_from(
    contract.outerjoin(
        client_copy,
        (client_copy.c.organisation_id == contract.c.organisation_id)
        & (client_copy.c.client_id == contract.c.client_id),
    )
)


async def get_contract(request: GetContract, work: UnitOfWork) -> Contract:
    """One contract, with its schedule, services and last review when asked."""
    contract_id = request.contract_id
    if contract_id is None:
        found = select(contract.c.id).where(
            contract.c.organisation_id == work.organisation_id,
            func.lower(contract.c.reference) == str(request.reference).lower(),
        )
        contract_id = (await work.load(found, "contract", code=CONTRACT_NOT_FOUND))["id"]
    record = await load(contract_id, work, lock=False)
    if not request.with_details:
        return record.reply()
    review = await work.fetch_one(
        select(quality_review)
        .where(quality_review.c.organisation_id == work.organisation_id, quality_review.c.contract_id == contract_id)
        .order_by(quality_review.c.id.desc())
        .limit(1)
    )
    rows = await billing.instalments(contract_id, work)
    return record.reply(
        instalments=[views.scheduled_of(row, record["currency"]) for row in rows],
        service_links=[views.link_of(row) for row in await operations.links_of(contract_id, work)],
        quality_review=None if review is None else views.review_of(review),
    )


async def list_contracts(request: ListContracts, work: UnitOfWork) -> ContractPage:
    """A page of contracts."""
    statement = _SUMMARY.where(contract.c.organisation_id == work.organisation_id)
    for name in ("client_id", "company_id", "sales_rep_id"):
        if getattr(request, name) is not None:
            statement = statement.where(contract.c[name] == getattr(request, name))
    for name in ("status", "quality_status", "type"):
        if getattr(request, name):
            statement = statement.where(contract.c[name].in_(getattr(request, name)))
    if request.search is not None:
        by_name = contains(client_copy.c.search_name, request.search)
        statement = statement.where(or_(contains(func.lower(contract.c.reference), request.search), by_name))
    if work.caller.company_ids is not None:
        statement = statement.where(contract.c.company_id.in_(work.caller.company_ids))
    columns: dict[ContractSort, Any] = {
        ContractSort.CREATED_AT: contract.c.created_at,
        ContractSort.REFERENCE: contract.c.reference,
        ContractSort.STARTS_ON: contract.c.starts_on,
    }
    return await page(
        work,
        request,
        statement,
        order=(columns[request.sort_by], contract.c.id),
        descending=request.descending,
        reply=ContractPage,
        item=views.summary_of,
    )


async def list_contract_status_history(request: ListContractStatusHistory, work: UnitOfWork) -> StatusHistoryPage:
    """What a contract went through."""
    await load(request.contract_id, work, lock=False)
    return await page(
        work,
        request,
        select(status_history).where(
            status_history.c.organisation_id == work.organisation_id,
            status_history.c.contract_id == request.contract_id,
        ),
        order=(status_history.c.id,),
        descending=True,
        reply=StatusHistoryPage,
        item=views.history_of,
    )


async def list_operations(request: ListOperations, work: UnitOfWork) -> OperationPage:
    """What was asked of the providers of a contract."""
    await load(request.contract_id, work, lock=False)
    return await page(
        work,
        request,
        select(contract_operation).where(
            contract_operation.c.organisation_id == work.organisation_id,
            contract_operation.c.contract_id == request.contract_id,
        ),
        order=(contract_operation.c.id,),
        descending=True,
        reply=OperationPage,
        item=views.operation_of,
    )


async def get_billing_schedule(request: GetBillingSchedule, work: UnitOfWork) -> BillingSchedule:
    """The billing periods of a contract that begin between two days."""
    record = await load(request.contract_id, work, lock=False)
    rows = await billing.instalments(request.contract_id, work)
    return BillingSchedule(
        contract_id=request.contract_id,
        instalments=tuple(
            views.scheduled_of(row, record["currency"])
            for row in rows
            if request.from_day <= row["period_start"] <= request.to_day
        ),
    )
