"""Reading contracts, their history and their schedule."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Date, cast, func, literal_column, or_, select

from actors.contrats import views
from actors.contrats.billing import bills
from actors.contrats.changes import versions
from actors.contrats.contract_record import ContractRecord, load
from actors.contrats.renewal import cycles
from actors.contrats.service import links, operations
from messages.contrats import (
    CONTRACT_NOT_FOUND,
    BillingSchedule,
    Contract,
    ContractOperation,
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
from messages.contrats.upkeep import GetOperation
from messages.problem import Refused
from runtime.pagination import contains, page
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    client_copy,
    contract,
    contract_line,
    contract_operation,
    quality_review,
    status_history,
)

_HISTORY_SHOWN = 50
_ENDS_ON = func.coalesce(contract.c.ends_on, literal_column("'infinity'::date", Date)).label("ends_on_or_never")
_MRR_CENTS = cast(contract.c.mrr * 100, BigInteger).label("mrr_cents")
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
    _ENDS_ON,
    _MRR_CENTS,
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
    details = await _details(record) if request.with_details else {}
    if request.as_of is not None:
        return await _as_of(record, request.as_of, details)
    return record.reply(**details)


async def _details(record: ContractRecord) -> dict[str, Any]:
    work = record.work
    review = await work.fetch_one(
        select(quality_review)
        .where(quality_review.c.organisation_id == work.organisation_id, quality_review.c.contract_id == record.id)
        .order_by(quality_review.c.id.desc())
        .limit(1)
    )
    history = await work.fetch(
        select(status_history)
        .where(status_history.c.organisation_id == work.organisation_id, status_history.c.contract_id == record.id)
        .order_by(status_history.c.id.desc())
        .limit(_HISTORY_SHOWN)
    )
    cycle = await cycles.cycle_of(record)
    return {
        "instalments": [
            views.scheduled_of(row, record["currency"]) for row in await bills.instalments(record.id, work)
        ],
        "service_links": [views.link_of(row) for row in await links.links_of(record.id, work)],
        "quality_review": None if review is None else views.review_of(review),
        "history": [views.history_of(row) for row in history],
        "renewal": None if cycle is None else views.cycle_of(cycle),
    }


async def _as_of(record: ContractRecord, day: date, details: dict[str, Any]) -> Contract:
    """The contract as it was agreed for that day: from the version in force then."""
    version = await versions.in_force(record, day)
    if version is None:
        raise Refused(
            CONTRACT_NOT_FOUND,
            f"no version of the contract is in force on {day}; it begins on {record['starts_on']}",
            details={"resource": "contract_version", "id": str(record.id)},
        )
    return Contract.model_validate(record.reply(**details).model_dump() | version["snapshot"])


async def list_contracts(request: ListContracts, work: UnitOfWork) -> ContractPage:
    """A page of contracts."""
    statement = _SUMMARY.where(contract.c.organisation_id == work.organisation_id, contract.c.deleted_at.is_(None))
    for name in ("client_id", "company_id", "sales_rep_id"):
        if getattr(request, name) is not None:
            statement = statement.where(contract.c[name] == getattr(request, name))
    if request.product_id is not None:
        sold = select(contract_line.c.contract_id).where(
            contract_line.c.organisation_id == work.organisation_id,
            contract_line.c.product_id == request.product_id,
            contract_line.c.valid_to.is_(None),
        )
        statement = statement.where(contract.c.id.in_(sold))
    if request.ends_from is not None:
        statement = statement.where(contract.c.ends_on >= request.ends_from)
    if request.ends_to is not None:
        statement = statement.where(contract.c.ends_on <= request.ends_to)
    for name in ("status", "quality_status", "type"):
        if getattr(request, name):
            statement = statement.where(contract.c[name].in_(getattr(request, name)))
    if request.search is not None:
        searched = (func.lower(contract.c.reference), contract.c.search_text, client_copy.c.search_name)
        found = [contains(column, request.search) for column in searched]
        statement = statement.where(or_(*found))
    if work.caller.company_ids is not None:
        statement = statement.where(contract.c.company_id.in_(work.caller.company_ids))
    columns: dict[ContractSort, Any] = {
        ContractSort.CREATED_AT: contract.c.created_at,
        ContractSort.REFERENCE: contract.c.reference,
        ContractSort.STARTS_ON: contract.c.starts_on,
        ContractSort.ENDS_ON: _ENDS_ON,
        ContractSort.STATUS: contract.c.status,
        ContractSort.MRR: _MRR_CENTS,
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


async def get_operation(request: GetOperation, work: UnitOfWork) -> ContractOperation:
    """One operation."""
    row = await operations.load(request.operation_id, work)
    await load(row["contract_id"], work, lock=False)
    return views.operation_of(row)


async def get_billing_schedule(request: GetBillingSchedule, work: UnitOfWork) -> BillingSchedule:
    """The billing periods of a contract that begin between two days, projected beyond what is planned."""
    record = await load(request.contract_id, work, lock=False)
    rows = [*await bills.instalments(request.contract_id, work), *await bills.projected(record, request.to_day)]
    return BillingSchedule(
        contract_id=request.contract_id,
        instalments=tuple(
            views.scheduled_of(row, record["currency"])
            for row in rows
            if request.from_day <= row["period_start"] <= request.to_day
        ),
    )
