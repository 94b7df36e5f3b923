"""Requests about volumes and their thresholds."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from actors.calendar import views
from actors.calendar.audit import record_change
from actors.calendar.rows import changed_row, new_row
from actors.calendar.rules.volumes import intensity_of
from actors.calendar.settings import settings_of
from actors.calendar.volumes import NOTHING, exceedings, totals_by_day
from messages.calendar.lots import Done
from messages.calendar.terms import PlannedDebitStatus
from messages.calendar.volumes import (
    THRESHOLD_EMPTY,
    THRESHOLD_NOT_FOUND,
    CreateVolumeThreshold,
    DateDetails,
    DeleteVolumeThreshold,
    ExceededThreshold,
    GetDateDetails,
    GetVolumeHeatmap,
    GetVolumeThreshold,
    HeatmapCell,
    ListVolumeThresholds,
    UpdateVolumeThreshold,
    VolumeHeatmap,
    VolumeThreshold,
    VolumeThresholdPage,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import planned_debit, threshold_state, volume_threshold

_SHOWN_DEBITS = 100


async def create_volume_threshold(request: CreateVolumeThreshold, work: UnitOfWork) -> VolumeThreshold:
    """Watch from the next hour on."""
    row = {
        **new_row(new_id(), work),
        **request.model_dump(exclude={"max_amount"}),
        "max_amount": request.max_amount.amount if request.max_amount else None,
        "currency": request.max_amount.currency if request.max_amount else "EUR",
    }
    await work.insert(volume_threshold, **row)
    record_change("volume_threshold", row["id"], None, _limits(row), work)
    return views.threshold_of(row)


async def update_volume_threshold(request: UpdateVolumeThreshold, work: UnitOfWork) -> VolumeThreshold:
    """Change what was sent."""
    row = await work.load(_by_id(request.threshold_id, work).with_for_update(), "threshold", code=THRESHOLD_NOT_FOUND)
    work.check_version(request.expected_version, row["version"])
    changed = request.model_dump(exclude={"threshold_id", "expected_version", "max_amount"}, exclude_unset=True)
    if changed.get("alert_on_exceed", ...) is None:
        del changed["alert_on_exceed"]
    if "max_amount" in request.model_fields_set:
        changed["max_amount"] = request.max_amount.amount if request.max_amount else None
        changed["currency"] = request.max_amount.currency if request.max_amount else row["currency"]
    after = {**row, **changed, **changed_row(row["version"] + 1, work)}
    if after["max_transaction_count"] is None and after["max_amount"] is None:
        text = "a threshold has max_transaction_count, max_amount or both; leave one, or delete the threshold"
        raise Refused.field("max_transaction_count", "required", text, THRESHOLD_EMPTY)
    columns = {**changed, **changed_row(after["version"], work)}
    await work.execute(update(volume_threshold).where(volume_threshold.c.id == row["id"]).values(**columns))
    record_change("volume_threshold", row["id"], _limits(row), _limits(after), work)
    return views.threshold_of(after)


async def get_volume_threshold(request: GetVolumeThreshold, work: UnitOfWork) -> VolumeThreshold:
    """One threshold."""
    found = _by_id(request.threshold_id, work)
    return views.threshold_of(await work.load(found, "threshold", code=THRESHOLD_NOT_FOUND))


async def list_volume_thresholds(request: ListVolumeThresholds, work: UnitOfWork) -> VolumeThresholdPage:
    """A page of thresholds."""
    statement = select(volume_threshold).where(volume_threshold.c.organisation_id == work.organisation_id)
    if request.company_id is not None:
        statement = statement.where(volume_threshold.c.company_id == request.company_id)
    order = (volume_threshold.c.created_at, volume_threshold.c.id)
    return await page(work, request, statement, order=order, reply=VolumeThresholdPage, item=views.threshold_of)


async def delete_volume_threshold(request: DeleteVolumeThreshold, work: UnitOfWork) -> Done:
    """Watch no more."""
    row = await work.load(_by_id(request.threshold_id, work).with_for_update(), "threshold", code=THRESHOLD_NOT_FOUND)
    await work.execute(
        delete(threshold_state).where(
            threshold_state.c.organisation_id == work.organisation_id, threshold_state.c.threshold_id == row["id"]
        )
    )
    await work.execute(delete(volume_threshold).where(volume_threshold.c.id == row["id"]))
    record_change("volume_threshold", row["id"], _limits(row), None, work)
    return Done(id=row["id"])


async def get_volume_heatmap(request: GetVolumeHeatmap, work: UnitOfWork) -> VolumeHeatmap:
    """Each day of a month or year with its volume."""
    start = date(request.year, request.month or 1, 1)
    last_month = request.month or 12
    end = date(request.year, last_month, monthrange(request.year, last_month)[1])
    totals = await totals_by_day(
        work, start, end, company_ids=_seen(request.company_ids, work), lot_codes=request.lot_codes
    )
    over = await exceedings(work, start, end)
    exceeded_days = {found.day for found in over}
    settings = await settings_of(work)
    cells = []
    for offset in range((end - start).days + 1):
        day = start + timedelta(days=offset)
        count, total = totals.get(day, NOTHING)
        cells.append(
            HeatmapCell(
                date=day,
                day_of_week=day.weekday(),
                week_of_month=(day.day + 6) // 7,
                count=count,
                total=Money(amount=total),
                intensity=intensity_of(count, total, settings),
                exceeds_threshold=day in exceeded_days,
            )
        )
    exceeded = tuple(
        ExceededThreshold(
            threshold_id=found.threshold["id"],
            date=found.day,
            count=found.count,
            total=Money(amount=found.total, currency=found.threshold["currency"]),
        )
        for found in over
    )
    return VolumeHeatmap(cells=tuple(cells), exceeded_thresholds=exceeded)


async def get_date_details(request: GetDateDetails, work: UnitOfWork) -> DateDetails:
    """The debits of a day; the totals are of the same filters as the list."""
    companies = _seen((request.company_id,) if request.company_id else (), work)
    statement = select(planned_debit).where(
        planned_debit.c.organisation_id == work.organisation_id,
        planned_debit.c.planned_debit_date == request.date,
        planned_debit.c.status != PlannedDebitStatus.CANCELLED,
    )
    if companies:
        statement = statement.where(planned_debit.c.company_id.in_(companies))
    if request.lot_code is not None:
        statement = statement.where(planned_debit.c.lot_code == request.lot_code)
    rows = await work.fetch(statement.order_by(planned_debit.c.amount.desc(), planned_debit.c.id).limit(_SHOWN_DEBITS))
    found = statement.subquery()
    (whole,) = await work.fetch(select(func.count().label("count"), func.sum(found.c.amount).label("total")))
    count, total = (whole["count"], whole["total"]) if whole["total"] is not None else NOTHING
    settings = await settings_of(work)
    return DateDetails(
        date=request.date,
        debits=tuple(views.planned_debit_of(row) for row in rows),
        count=count,
        total=Money(amount=total),
        intensity=intensity_of(count, total, settings),
    )


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _limits(row: Row) -> dict[str, Any]:
    return {
        name: row[name] for name in ("lot_code", "max_transaction_count", "max_amount", "currency", "alert_on_exceed")
    }


def _by_id(threshold_id: UUID, work: UnitOfWork) -> Any:
    return select(volume_threshold).where(
        volume_threshold.c.organisation_id == work.organisation_id, volume_threshold.c.id == threshold_id
    )


def _seen(wanted: tuple[UUID, ...], work: UnitOfWork) -> list[UUID]:
    """The companies asked for that the caller may see; all he may see when none was named."""
    if work.caller.company_ids is None:
        return list(wanted)
    allowed = [company for company in wanted if company in work.caller.company_ids]
    return allowed if wanted and allowed else sorted(work.caller.company_ids)
