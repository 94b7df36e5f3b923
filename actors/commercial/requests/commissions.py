"""Requests about commission entries, recurring rights, issues and settings."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.commercial import views
from actors.commercial.engine.accrual import accrue, locked_contract
from actors.commercial.engine.entries import add_entry, cancel
from actors.commercial.engine.payable import weigh_payable
from actors.commercial.engine.recovery import open_period
from actors.commercial.engine.settings import settings_of
from actors.commercial.requests.own import visible
from actors.commercial.rules.periods import last_day
from actors.commercial.rules.states import FROZEN
from messages.commercial import (
    COMMISSION_NOT_FOUND,
    CONTRACT_UNKNOWN,
    ENTRY_FROZEN,
    ISSUE_NOT_FOUND,
    SALES_REP_NOT_FOUND,
    CalculateCommission,
    CalculationIssue,
    CalculationIssuePage,
    CancelCommission,
    Commission,
    CommissionKind,
    CommissionPage,
    Commissions,
    CommissionSettings,
    CommissionStatus,
    CreateAdjustment,
    GetCommission,
    GetCommissionSettings,
    ListCalculationIssues,
    ListCommissions,
    ListRecurringRights,
    RecurringRightPage,
    RetryCalculationIssue,
    UpdateCommissionSettings,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import one_of
from storage.commercial.tables import (
    calculation_issue,
    commission_entry,
    commission_settings,
    recurring_right,
    sales_rep,
)


async def calculate_commission(request: CalculateCommission, work: UnitOfWork) -> Commissions:
    """Run the engine for one contract; what was calculated before is not calculated again."""
    contract = await locked_contract(request.contract_id, work)
    if contract is None:
        raise Refused(CONTRACT_UNKNOWN, f"no contract {request.contract_id} is known here; check contract_id")
    born = [entry["id"] for entry in await accrue(contract, work)]
    await weigh_payable(request.contract_id, work)
    entry = commission_entry.c
    wanted = select(commission_entry).where(entry.organisation_id == work.organisation_id, one_of(entry.id, born))
    rows = await work.fetch(wanted.order_by(entry.id)) if born else []
    return Commissions(entries=tuple(views.commission(row) for row in rows))


async def get_commission(request: GetCommission, work: UnitOfWork) -> Commission:
    """One entry with the steps of its calculation."""
    entry = commission_entry.c
    key = entry.id == request.entry_id if request.entry_id is not None else entry.reference == request.reference
    wanted = select(commission_entry).where(
        entry.organisation_id == work.organisation_id, key, visible(entry.rep_id, work)
    )
    return views.commission(await work.load(wanted, "commission", code=COMMISSION_NOT_FOUND))


async def list_commissions(request: ListCommissions, work: UnitOfWork) -> CommissionPage:
    """A page of entries."""
    entry = commission_entry.c
    wanted = select(commission_entry).where(entry.organisation_id == work.organisation_id, visible(entry.rep_id, work))
    filters = {
        entry.rep_id: request.rep_id,
        entry.contract_id: request.contract_id,
        entry.company_id: request.company_id,
        entry.origin_period: request.period,
        entry.kind: request.kind,
    }
    for column, value in filters.items():
        if value is not None:
            wanted = wanted.where(column == value)
    if request.status:
        wanted = wanted.where(one_of(entry.status, request.status))
    if work.caller.company_ids is not None:
        wanted = wanted.where(one_of(entry.company_id, work.caller.company_ids))
    order = (entry.created_at, entry.id)
    return await page(work, request, wanted, order=order, descending=True, reply=CommissionPage, item=views.commission)


async def create_adjustment(request: CreateAdjustment, work: UnitOfWork) -> Commission:
    """Book an amount by hand; above the setting's limit it needs the right to approve commissions."""
    settings = await settings_of(work)
    if abs(request.amount.amount) > settings["adjustment_approval"]:
        work.caller.require("commercial:commission:approve")
    rep = select(sales_rep.c.id).where(
        sales_rep.c.organisation_id == work.organisation_id, sales_rep.c.id == request.rep_id
    )
    await work.load(rep, "sales_rep", code=SALES_REP_NOT_FOUND, id=request.rep_id)
    period = await open_period(request.rep_id, request.company_id, last_day(request.period), work)
    row = await add_entry(
        {
            "kind": CommissionKind.ADJUSTMENT,
            "component": "adjustment",
            "rep_id": request.rep_id,
            "company_id": request.company_id,
            "contract_id": request.contract_id,
            "trigger": "MANUAL",
            "accrual_date": work.today(),
            "origin_period": period,
            "amount": request.amount.amount,
            "currency": request.amount.currency,
            "status": CommissionStatus.PAYABLE,
            "source_key": f"adjustment:{new_id()}:r1",
            "calculation": [{"step": "manual", "reason": request.reason, "value": f"{request.amount.amount:f}"}],
        },
        work,
    )
    assert row is not None  # the key is new
    return views.commission(row)


async def cancel_commission(request: CancelCommission, work: UnitOfWork) -> Commission:
    """Cancel an entry that no statement froze; it is not calculated again."""
    entry = commission_entry.c
    wanted = select(commission_entry).where(entry.organisation_id == work.organisation_id, entry.id == request.entry_id)
    row = await work.load(wanted.with_for_update(), "commission", code=COMMISSION_NOT_FOUND, id=request.entry_id)
    if row["status"] in FROZEN:
        raise Refused(ENTRY_FROZEN, f"commission {row['reference']} is {row['status']}; trigger a clawback instead")
    return views.commission(await cancel(row, request.reason, work))


async def list_recurring_rights(request: ListRecurringRights, work: UnitOfWork) -> RecurringRightPage:
    """A page of recurring rights."""
    right = recurring_right.c
    wanted = select(recurring_right).where(right.organisation_id == work.organisation_id, visible(right.rep_id, work))
    for name in ("contract_id", "rep_id", "status"):
        value = getattr(request, name)
        if value is not None:
            wanted = wanted.where(right[name] == value)
    return await page(work, request, wanted, order=(right.id,), reply=RecurringRightPage, item=views.recurring_right)


async def list_calculation_issues(request: ListCalculationIssues, work: UnitOfWork) -> CalculationIssuePage:
    """A page of issues."""
    issue = calculation_issue.c
    wanted = select(calculation_issue).where(issue.organisation_id == work.organisation_id)
    if request.status is not None:
        wanted = wanted.where(issue.status == request.status)
    if request.contract_id is not None:
        wanted = wanted.where(issue.contract_id == request.contract_id)
    order = (issue.created_at, issue.id)
    return await page(work, request, wanted, order=order, reply=CalculationIssuePage, item=views.issue)


async def retry_calculation_issue(request: RetryCalculationIssue, work: UnitOfWork) -> CalculationIssue:
    """Try an issue's contract again."""
    row = await _issue(request.issue_id, work)
    await retry(row, work)
    return views.issue(await _issue(request.issue_id, work))


async def retry(row: Row, work: UnitOfWork) -> None:
    """Calculate the contract of an issue again; what still fails stays open."""
    issue = calculation_issue.c
    await work.execute(
        update(calculation_issue)
        .where(issue.organisation_id == work.organisation_id, issue.id == row["id"])
        .values(attempts=issue.attempts + 1)
    )
    contract = await locked_contract(row["contract_id"], work)
    if contract is not None:
        await accrue(contract, work)
        await weigh_payable(contract["contract_id"], work)


async def get_commission_settings(request: GetCommissionSettings, work: UnitOfWork) -> CommissionSettings:
    """The settings."""
    wanted = select(commission_settings).where(commission_settings.c.organisation_id == work.organisation_id)
    return views.settings(await work.load(wanted, "commission_settings"))


async def update_commission_settings(request: UpdateCommissionSettings, work: UnitOfWork) -> CommissionSettings:
    """Change what was sent."""
    row = await settings_of(work, lock=True)
    work.check_version(request.expected_version, row["version"])
    sent: dict[str, Any] = request.model_dump(exclude={"expected_version"}, exclude_none=True)
    after = {**row, **sent, "version": row["version"] + 1}
    await work.execute(
        update(commission_settings)
        .where(commission_settings.c.organisation_id == work.organisation_id)
        .values(**sent, version=after["version"])
    )
    work.record(
        "commission_settings", work.organisation_id, before={"version": row["version"]}, after={"changed": sorted(sent)}
    )
    return views.settings(after)


async def _issue(issue_id: UUID, work: UnitOfWork) -> Row:
    issue = calculation_issue.c
    wanted = select(calculation_issue).where(issue.organisation_id == work.organisation_id, issue.id == issue_id)
    return await work.load(wanted, "calculation_issue", code=ISSUE_NOT_FOUND, id=issue_id)
