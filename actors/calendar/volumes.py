"""Totals of days, and the thresholds they exceed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from actors.calendar.rows import among
from actors.calendar.rules.volumes import exceeds
from messages.base import Event
from messages.calendar.terms import PlannedDebitStatus
from messages.calendar.volumes import DebitCalendarThresholdCleared, DebitCalendarThresholdExceeded
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import planned_debit, threshold_state, volume_threshold

NOTHING = (0, Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Exceeding:
    """A threshold and a day that exceeds it."""

    threshold: Row
    day: date
    count: int
    total: Decimal


async def totals_by_day(
    work: UnitOfWork,
    start: date,
    end: date | None = None,
    *,
    company_ids: Sequence[UUID] = (),
    lot_codes: Sequence[str] = (),
    currency: str | None = None,
) -> dict[date, tuple[int, Decimal]]:
    """Number and amount of the debits of each day that were not given up."""
    conditions = [
        planned_debit.c.organisation_id == work.organisation_id,
        planned_debit.c.planned_debit_date >= start,
        planned_debit.c.status != PlannedDebitStatus.CANCELLED,
    ]
    if end is not None:
        conditions.append(planned_debit.c.planned_debit_date <= end)
    if company_ids:
        conditions.append(among(planned_debit.c.company_id, company_ids))
    if lot_codes:
        conditions.append(among(planned_debit.c.lot_code, lot_codes))
    if currency is not None:
        conditions.append(planned_debit.c.currency == currency)
    rows = await work.fetch(
        select(
            planned_debit.c.planned_debit_date,
            func.count().label("count"),
            func.sum(planned_debit.c.amount).label("total"),
        )
        .where(*conditions)
        .group_by(planned_debit.c.planned_debit_date)
    )
    return {row["planned_debit_date"]: (row["count"], row["total"]) for row in rows}


async def exceedings(work: UnitOfWork, start: date, end: date | None = None) -> list[Exceeding]:
    """Every threshold with the days that exceed it; each is compared with the totals of its own scope."""
    found = []
    for row in await thresholds(work):
        totals = await _totals_of(row, work, start, end)
        for day, (count, total) in sorted(totals.items()):
            if exceeds(count, total, row["max_transaction_count"], row["max_amount"]):
                found.append(Exceeding(row, day, count, total))
    return found


async def thresholds(work: UnitOfWork) -> list[Row]:
    """The thresholds of the organisation."""
    return await work.fetch(
        select(volume_threshold)
        .where(volume_threshold.c.organisation_id == work.organisation_id)
        .order_by(volume_threshold.c.created_at, volume_threshold.c.id)
    )


async def watch_thresholds_of(work: UnitOfWork, start: date) -> None:
    """State each day that went over a limit, and each that came back under it, once."""
    over = {(found.threshold["id"], found.day): found for found in await exceedings(work, start)}
    known = await work.fetch(
        select(threshold_state).where(
            threshold_state.c.organisation_id == work.organisation_id, threshold_state.c.date >= start
        )
    )
    states = {(row["threshold_id"], row["date"]): row for row in known}
    by_id = {row["id"]: row for row in await thresholds(work)}
    for key, found in over.items():
        state = states.get(key)
        if state is None or not state["exceeded"]:
            await _turn(found, True, state, work)
    for key, state in states.items():
        threshold = by_id.get(key[0])
        if state["exceeded"] and key not in over and threshold is not None:
            count, total = (await _totals_of(threshold, work, key[1], key[1])).get(key[1], NOTHING)
            await _turn(Exceeding(threshold, key[1], count, total), False, state, work)


# -- steps -------------------------------------------------------------------------------------------------------


async def _totals_of(row: Row, work: UnitOfWork, start: date, end: date | None) -> dict[date, tuple[int, Decimal]]:
    return await totals_by_day(
        work,
        start,
        end,
        company_ids=[row["company_id"]] if row["company_id"] else (),
        lot_codes=[row["lot_code"]] if row["lot_code"] else (),
        currency=row["currency"],
    )


async def _turn(found: Exceeding, exceeded: bool, state: Row | None, work: UnitOfWork) -> None:
    turns = state["turns"] + 1 if state is not None else 1
    threshold = found.threshold
    columns: dict[str, Any] = {"exceeded": exceeded, "turns": turns}
    statement = insert(threshold_state).values(
        organisation_id=work.organisation_id, threshold_id=threshold["id"], date=found.day, **columns
    )
    await work.execute(
        statement.on_conflict_do_update(index_elements=["organisation_id", "threshold_id", "date"], set_=columns)
    )
    if not threshold["alert_on_exceed"]:
        return
    currency = threshold["currency"]
    limit = threshold["max_amount"]
    kind: type[Event] = DebitCalendarThresholdExceeded if exceeded else DebitCalendarThresholdCleared
    event = kind.model_validate(
        {
            "threshold_id": threshold["id"],
            "company_id": threshold["company_id"],
            "lot_code": threshold["lot_code"],
            "date": found.day,
            "count": found.count,
            "total": Money(amount=found.total, currency=currency),
            "max_count": threshold["max_transaction_count"],
            "max_amount": Money(amount=limit, currency=currency) if limit is not None else None,
        }
    )
    work.emit(event, version=turns, key=f"{threshold['id']}|{found.day}|{turns}")
