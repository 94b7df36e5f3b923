"""Requests about the forecast."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from actors.calendar.forecast import actuals_of, rebuild_forecast
from actors.calendar.rows import among
from actors.calendar.rules.forecast import accuracy
from messages.calendar.forecast import (
    GetVolumeForecast,
    RebuildVolumeForecast,
    RebuiltForecast,
    VolumeForecast,
    VolumeForecastPage,
)
from messages.values.money import Money
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import volume_forecast


async def get_volume_forecast(request: GetVolumeForecast, work: UnitOfWork) -> VolumeForecastPage:
    """A page of the forecast; days that are over show what came of it."""
    statement = select(volume_forecast).where(
        volume_forecast.c.organisation_id == work.organisation_id,
        volume_forecast.c.date.between(request.from_date, request.to_date),
    )
    if request.company_id is not None:
        statement = statement.where(volume_forecast.c.company_id == request.company_id)
    if work.caller.company_ids is not None:
        statement = statement.where(among(volume_forecast.c.company_id, work.caller.company_ids))
    rows: list[Row] = []

    def shown(row: Row) -> VolumeForecast:
        rows.append(row)
        return _shown(row)

    order = (volume_forecast.c.date, volume_forecast.c.id)
    found = await page(work, request, statement, order=order, reply=VolumeForecastPage, item=shown)
    actuals = await actuals_of([row for row in rows if row["date"] < work.today()], work)
    items = []
    for row, item in zip(rows, found.items, strict=True):
        actual = actuals.get((row["date"], row["company_id"], row["lot_code"]))
        items.append(item.model_copy(update=_actuals(row, actual)) if row["date"] < work.today() else item)
    return found.model_copy(update={"items": tuple(items)})


async def rebuild_volume_forecast(request: RebuildVolumeForecast, work: UnitOfWork) -> RebuiltForecast:
    """Compute the forecast now."""
    event = await rebuild_forecast(work, work.today())
    return RebuiltForecast(
        from_date=event.from_,
        to_date=event.to,
        expected_count=event.expected_count,
        expected_amount=event.expected_amount,
    )


def _shown(row: Row) -> VolumeForecast:
    def money(name: str) -> Money:
        return Money(amount=row[name], currency=row["currency"])

    return VolumeForecast(
        date=row["date"],
        company_id=row["company_id"],
        lot_code=row["lot_code"],
        expected_count=row["expected_count"],
        expected_amount=money("expected_amount"),
        expected_collected=money("expected_collected"),
        source=row["source"],
        actual_count=None,
        actual_amount=None,
        count_accuracy=None,
        amount_accuracy=None,
        built_at=row["built_at"],
    )


def _actuals(row: Row, actual: Any) -> dict[str, Any]:
    count, amount = actual or (0, row["expected_amount"] * 0)
    return {
        "actual_count": count,
        "actual_amount": Money(amount=amount, currency=row["currency"]),
        "count_accuracy": accuracy(Decimal(row["expected_count"]), Decimal(count)),
        "amount_accuracy": accuracy(row["expected_amount"], amount),
    }
