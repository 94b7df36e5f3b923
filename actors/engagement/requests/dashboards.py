"""Requests about key figures."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, exists, func, or_, select

from actors.engagement.rules import figures, periods
from messages.engagement import Days, GetKpis, Kpis
from messages.errors import RESOURCE_NOT_ACCESSIBLE
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.engagement.read_models import contract_period, freshness, invoice_fact, money_fact

_CURRENCY = "EUR"
_ONE_DAY = timedelta(days=1)
_NOT_BILLED = ("DRAFT", "CANCELLED", "DISCARDED")


async def get_kpis(request: GetKpis, work: UnitOfWork) -> Kpis:
    """The figures of a period beside those of the period it is compared with."""
    if request.company_id is not None and not work.caller.sees_company(request.company_id):
        raise Refused(RESOURCE_NOT_ACCESSIBLE, "company_id is outside your companies; choose one of yours")
    custom = Days(first=request.date_from, last=request.date_to) if request.date_from and request.date_to else None
    days = periods.days_of(request.period, work.today(), custom)
    earlier = periods.compared_with(request.period, days, request.compare)
    now = await _figures(request, days, work)
    before = await _figures(request, earlier, work) if earlier else {}
    fresh_at = select(freshness.c.fresh_at).where(freshness.c.organisation_id == work.organisation_id)
    return Kpis(
        period=days,
        comparison_period=earlier,
        as_of=work.now,
        fresh_at=await work.fetch_value(fresh_at),
        currency=_CURRENCY,
        active_contracts=figures.count_figure(now["contracts"], before.get("contracts")),
        suspended_contracts=now["suspended"],
        early_cancellations=now["early"],
        **{
            name: figures.rate_figure(now[name], before.get(name))
            for name in ("contract_churn_rate", "unpaid_rate_amount", "unpaid_rate_count")
        },
        **{
            name: figures.amount_figure(now[name], before.get(name))
            for name in ("mrr", "arr", "outstanding", "overdue", "collected", "revenue")
        },
    )


async def _figures(request: GetKpis, days: Days, work: UnitOfWork) -> dict[str, Any]:
    found = {
        **await _contracts(request, days, work),
        **await _invoices(request, days, work),
        "collected": await _collected(request, days, work),
    }
    found["contract_churn_rate"] = figures.percentage(found["lost"], found["opening"])
    return found


async def _contracts(request: GetKpis, days: Days, work: UnitOfWork) -> Row:
    """Contracts in force at the end of the period (suspended ones included), their revenue, and who left."""
    table, closing, opening = contract_period, days.last, days.first - _ONE_DAY
    other = contract_period.alias("other")

    def is_in_force(day: date) -> ColumnElement[bool]:
        return and_(table.c.valid_from <= day, or_(table.c.valid_to.is_(None), table.c.valid_to > day))

    still_there = exists().where(
        other.c.organisation_id == work.organisation_id,
        other.c.contract_id == table.c.contract_id,
        other.c.valid_from <= closing,
        or_(other.c.valid_to.is_(None), other.c.valid_to > closing),
    )
    was_there_before = exists().where(
        other.c.organisation_id == work.organisation_id,
        other.c.contract_id == table.c.contract_id,
        other.c.valid_from < days.first,
    )
    started_inside = table.c.valid_from.between(days.first, closing)
    euro = table.c.currency == _CURRENCY
    contracts = func.count(table.c.contract_id.distinct())
    row = await work.fetch_one(
        select(
            contracts.filter(is_in_force(closing)).label("contracts"),
            contracts.filter(is_in_force(closing), table.c.state == "SUSPENDED").label("suspended"),
            func.coalesce(func.sum(table.c.mrr).filter(is_in_force(closing), euro), 0).label("mrr"),
            func.coalesce(func.sum(table.c.arr).filter(is_in_force(closing), euro), 0).label("arr"),
            contracts.filter(is_in_force(opening)).label("opening"),
            contracts.filter(is_in_force(opening), ~still_there).label("lost"),
            contracts.filter(started_inside, ~was_there_before, ~still_there).label("early"),
        ).where(*_scope(table, request, work), table.c.valid_from <= closing)
    )
    assert row is not None  # an aggregate always answers one row
    return row


async def _invoices(request: GetKpis, days: Days, work: UnitOfWork) -> dict[str, Any]:
    table = invoice_fact
    invoice, today = table.c.kind == "INVOICE", work.today()
    billed = and_(table.c.status.not_in(_NOT_BILLED), table.c.currency == _CURRENCY)
    due = and_(invoice, billed, table.c.due_date.between(days.first, min(days.last, today - _ONE_DAY)))
    open_ = and_(invoice, billed, table.c.outstanding > 0, table.c.issue_date <= days.last)
    issued = and_(billed, table.c.issue_date.between(days.first, days.last))

    def total(column: Any, condition: Any) -> Any:
        return func.coalesce(func.sum(column).filter(condition), 0)

    row = await work.fetch_one(
        select(
            total(table.c.outstanding, open_).label("outstanding"),
            total(table.c.outstanding, and_(open_, table.c.due_date < days.last)).label("overdue"),
            total(table.c.net, and_(issued, invoice)).label("billed"),
            total(func.abs(table.c.net), and_(issued, ~invoice)).label("credited"),
            total(table.c.outstanding, and_(due, table.c.outstanding > 0)).label("unpaid"),
            total(table.c.gross, due).label("due_gross"),
            func.count().filter(due, table.c.outstanding > 0).label("unpaid_count"),
            func.count().filter(due).label("due_count"),
        ).where(*_scope(table, request, work))
    )
    assert row is not None  # an aggregate always answers one row
    return {
        "outstanding": row["outstanding"],
        "overdue": row["overdue"],
        "revenue": row["billed"] - row["credited"],
        "unpaid_rate_amount": figures.percentage(row["unpaid"], row["due_gross"]),
        "unpaid_rate_count": figures.percentage(row["unpaid_count"], row["due_count"]),
    }


async def _collected(request: GetKpis, days: Days, work: UnitOfWork) -> Decimal:
    """Money received minus money that went back, by the days it moved on."""
    table = money_fact
    conditions = [
        *_scope(table, request, work),
        table.c.on_date.between(days.first, days.last),
        table.c.currency == _CURRENCY,
    ]
    total = await work.fetch_value(select(func.coalesce(func.sum(table.c.amount), 0)).where(*conditions))
    return Decimal(total)


def _scope(table: Table, request: GetKpis, work: UnitOfWork) -> list[ColumnElement[bool]]:
    """The rows that the filters name, inside the companies the caller may see."""
    conditions = [table.c.organisation_id == work.organisation_id]
    if request.company_id is not None:
        conditions.append(table.c.company_id == request.company_id)
    if work.caller.company_ids is not None:
        conditions.append(table.c.company_id.in_(work.caller.company_ids))
    if request.sales_rep_id is not None:
        conditions.append(_of_sales_rep(table, request.sales_rep_id))
    return conditions


def _of_sales_rep(table: Table, sales_rep_id: UUID) -> ColumnElement[bool]:
    if "sales_rep_id" in table.c:
        return table.c.sales_rep_id == sales_rep_id
    return exists().where(
        contract_period.c.organisation_id == table.c.organisation_id,
        contract_period.c.contract_id == table.c.contract_id,
        contract_period.c.sales_rep_id == sales_rep_id,
    )
