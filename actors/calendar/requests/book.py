"""Requests about the book of planned debits, its days and the calendar view."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, and_, func, select
from sqlalchemy import cast as sql_cast

from actors.calendar import views
from actors.calendar.rows import among
from actors.calendar.rules.book import COUNTED_AGAIN
from actors.calendar.rules.days import EligibleDays, target_closure
from actors.calendar.situation import load_situation
from messages.calendar.book import (
    CalendarDay,
    CalendarDebit,
    CalendarView,
    DebitDay,
    DebitDayPage,
    GetCalendarView,
    GetDebitDay,
    GetPlannedDebit,
    ListDebitDays,
    ListPlannedDebits,
    PlannedDebit,
    PlannedDebitPage,
)
from messages.calendar.codes import DEBIT_DAY_NOT_FOUND, PLANNED_DEBIT_NOT_FOUND
from messages.calendar.terms import DebitOrigin, PlannedDebitStatus
from messages.values.business_days import is_weekend
from messages.values.money import Money
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import client_copy, debit_day, planned_debit

_BATCHED = (PlannedDebitStatus.CONFIRMED, PlannedDebitStatus.PROCESSING, PlannedDebitStatus.EXECUTED)


async def get_planned_debit(request: GetPlannedDebit, work: UnitOfWork) -> PlannedDebit:
    """One entry of the book."""
    statement = _debits(work).where(planned_debit.c.id == request.planned_debit_id)
    return views.planned_debit_of(await work.load(statement, "planned debit", code=PLANNED_DEBIT_NOT_FOUND))


async def list_planned_debits(request: ListPlannedDebits, work: UnitOfWork) -> PlannedDebitPage:
    """A page of the book by planned date."""
    statement = _debits(work).where(*_filters(request))
    if request.client_id is not None:
        statement = statement.where(planned_debit.c.client_id == request.client_id)
    if request.contract_id is not None:
        statement = statement.where(planned_debit.c.contract_id == request.contract_id)
    if request.blocked is not None:
        reason = planned_debit.c.blocked_reason
        statement = statement.where(reason.is_not(None) if request.blocked else reason.is_(None))
    if request.overdue:
        is_open = planned_debit.c.status == PlannedDebitStatus.PROCESSING
        statement = statement.where(is_open, planned_debit.c.overdue_since.is_not(None))
    return await page(
        work,
        request,
        statement,
        order=(planned_debit.c.planned_debit_date, planned_debit.c.id),
        reply=PlannedDebitPage,
        item=views.planned_debit_of,
    )


async def get_debit_day(request: GetDebitDay, work: UnitOfWork) -> DebitDay:
    """One debit day with its totals."""
    statement = _days(work)
    if request.debit_day_id is not None:
        statement = statement.where(debit_day.c.id == request.debit_day_id)
    else:
        statement = statement.where(
            debit_day.c.company_id == request.company_id,
            debit_day.c.rail == request.rail,
            debit_day.c.collection_date == request.collection_date,
        )
    return views.debit_day_of(await work.load(statement, "debit day", code=DEBIT_DAY_NOT_FOUND))


async def list_debit_days(request: ListDebitDays, work: UnitOfWork) -> DebitDayPage:
    """A page of the day book by date."""
    statement = _days(work)
    if request.start_date is not None:
        statement = statement.where(debit_day.c.collection_date >= request.start_date)
    if request.end_date is not None:
        statement = statement.where(debit_day.c.collection_date <= request.end_date)
    if request.company_id is not None:
        statement = statement.where(debit_day.c.company_id == request.company_id)
    if request.rail is not None:
        statement = statement.where(debit_day.c.rail == request.rail)
    if request.status:
        statement = statement.where(among(debit_day.c.status, request.status))
    return await page(
        work,
        request,
        statement,
        order=(debit_day.c.collection_date, debit_day.c.id),
        reply=DebitDayPage,
        item=views.debit_day_of,
    )


async def get_calendar_view(request: GetCalendarView, work: UnitOfWork) -> CalendarView:
    """Each day with its closures, its totals and its first debits."""
    _, zone = (await load_situation(work)).zone_named(request.holiday_zone_id)
    days = EligibleDays(zone)
    totals, shown = await _totals_by_day(request, work), await _first_debits(request, work)
    found = []
    for offset in range((request.end_date - request.start_date).days + 1):
        day = request.start_date + timedelta(days=offset)
        count, total = totals.get(day, (0, Decimal("0.00")))
        name, target = zone.closure(day), target_closure(day)
        found.append(
            CalendarDay(
                date=day,
                is_weekend=is_weekend(day),
                is_holiday=name is not None,
                is_target_closed=is_weekend(day) or target is not None,
                holiday_name=name or target,
                is_eligible=days.is_eligible(day),
                debit_count=count,
                total=Money(amount=total),
                debits=tuple(shown[day]),
                truncated_count=count - len(shown[day]),
            )
        )
    return CalendarView(days=tuple(found))


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _debits(work: UnitOfWork) -> Any:
    statement = select(planned_debit).where(planned_debit.c.organisation_id == work.organisation_id)
    if work.caller.company_ids is not None:
        statement = statement.where(among(planned_debit.c.company_id, work.caller.company_ids))
    return statement


def _filters(request: ListPlannedDebits | GetCalendarView) -> list[Any]:
    found: list[Any] = []
    if request.start_date is not None:
        found.append(planned_debit.c.planned_debit_date >= request.start_date)
    if request.end_date is not None:
        found.append(planned_debit.c.planned_debit_date <= request.end_date)
    if request.company_ids:
        found.append(among(planned_debit.c.company_id, request.company_ids))
    if request.lot_codes:
        found.append(among(planned_debit.c.lot_code, request.lot_codes))
    if request.status:
        found.append(among(planned_debit.c.status, request.status))
    return found


def _days(work: UnitOfWork) -> Any:
    """Debit days with the totals of their entries at this moment; entries made from payments are not announced ones."""
    of_day = and_(
        planned_debit.c.organisation_id == debit_day.c.organisation_id,
        planned_debit.c.company_id == debit_day.c.company_id,
        planned_debit.c.rail == debit_day.c.rail,
        planned_debit.c.planned_debit_date == debit_day.c.collection_date,
        planned_debit.c.planned_by != DebitOrigin.RETRY,
        planned_debit.c.blocked_reason.is_(None),
        among(planned_debit.c.status, COUNTED_AGAIN),
    )
    batched = among(planned_debit.c.status, _BATCHED)
    zero = sql_cast(0, Numeric(14, 2))
    totals = (
        select(
            func.count().label("count"),
            func.coalesce(func.sum(planned_debit.c.amount), zero).label("total"),
            func.count().filter(batched).label("batched_count"),
            func.coalesce(func.sum(planned_debit.c.amount).filter(batched), zero).label("batched_total"),
            func.min(planned_debit.c.currency).label("currency"),
        )
        .where(of_day)
        .lateral("totals")
    )
    statement = (
        select(debit_day, *totals.c)
        .join(totals, debit_day.c.id.is_not(None))
        .where(debit_day.c.organisation_id == work.organisation_id)
    )
    if work.caller.company_ids is not None:
        statement = statement.where(among(debit_day.c.company_id, work.caller.company_ids))
    return statement


async def _totals_by_day(request: GetCalendarView, work: UnitOfWork) -> dict[date, tuple[int, Decimal]]:
    wanted = _debits(work).where(*_filters(request), _live(request)).subquery()
    rows = await work.fetch(
        select(
            wanted.c.planned_debit_date, func.count().label("count"), func.sum(wanted.c.amount).label("total")
        ).group_by(wanted.c.planned_debit_date)
    )
    return {row["planned_debit_date"]: (row["count"], row["total"]) for row in rows}


async def _first_debits(request: GetCalendarView, work: UnitOfWork) -> dict[date, list[CalendarDebit]]:
    """The first debits of each day by amount, with the client's name."""
    rank = func.row_number().over(
        partition_by=planned_debit.c.planned_debit_date, order_by=(planned_debit.c.amount.desc(), planned_debit.c.id)
    )
    ranked = _debits(work).where(*_filters(request), _live(request)).add_columns(rank.label("rank")).subquery()
    rows = await work.fetch(
        select(ranked, client_copy.c.display_name)
        .outerjoin(
            client_copy,
            and_(
                client_copy.c.organisation_id == ranked.c.organisation_id,
                client_copy.c.client_id == ranked.c.client_id,
            ),
        )
        .where(ranked.c.rank <= request.debits_per_day)
        .order_by(ranked.c.planned_debit_date, ranked.c.rank)
    )
    found: dict[date, list[CalendarDebit]] = defaultdict(list)
    for row in rows:
        found[row["planned_debit_date"]].append(_calendar_debit(row))
    return found


def _live(request: GetCalendarView) -> Any:
    """Cancelled debits are shown only when they are asked for."""
    if request.status:
        return planned_debit.c.id.is_not(None)
    return planned_debit.c.status != PlannedDebitStatus.CANCELLED


def _calendar_debit(row: Row) -> CalendarDebit:
    return CalendarDebit(
        planned_debit_id=row["id"],
        contract_id=row["contract_id"],
        client_name=row["display_name"],
        amount=Money(amount=row["amount"], currency=row["currency"]),
        status=PlannedDebitStatus(row["status"]),
        lot_code=row["lot_code"],
    )
