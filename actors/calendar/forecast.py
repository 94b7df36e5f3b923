"""Builds the forecast: announced debits, those of running contracts that are not announced yet, and what came of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from actors.calendar.requests.dates import own_date
from actors.calendar.rows import among
from actors.calendar.rules import forecast as rules
from actors.calendar.rules.configuration import lot_of_day
from actors.calendar.rules.forecast import Sample
from actors.calendar.situation import Scope, load_situation
from messages.calendar.forecast import DebitCalendarForecastRebuilt, ForecastSource
from messages.calendar.terms import FailureKind, PlannedDebitStatus, Rail
from messages.contrats import BillingPolicy
from messages.values.due_dates import add_months
from messages.values.identifiers import derived_id
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import contract_copy, planned_debit, volume_forecast

_COMMITTED = (PlannedDebitStatus.PLANNED, PlannedDebitStatus.CONFIRMED)
_DEBITED = {"SEPA_DIRECT_DEBIT": Rail.SEPA_CORE, "CARD": Rail.CARD}
_FAILED_AT_BANK = tuple(kind for kind in FailureKind if kind is not FailureKind.TECHNICAL)

Key = tuple[date, UUID, str | None]


@dataclass(slots=True)
class Expected:
    """Number and amount of debits."""

    count: int = 0
    amount: Decimal = Decimal("0.00")

    def add(self, count: int, amount: Decimal) -> None:
        """More of them."""
        self.count += count
        self.amount += amount


async def rebuild_forecast(work: UnitOfWork, today: date) -> DebitCalendarForecastRebuilt:
    """Compute the next thirteen months; imported rows of the same day, company and lot stay."""
    end = add_months(today, rules.FORECAST_MONTHS)
    expected = await _committed(work, today, end)
    for key, amount in await _projected(work, today, end):
        expected[key].add(1, amount)
    samples = await _samples(work, today)
    await work.execute(
        delete(volume_forecast).where(
            volume_forecast.c.organisation_id == work.organisation_id,
            volume_forecast.c.date >= today,
            volume_forecast.c.source == ForecastSource.COMPUTED,
        )
    )
    for (day, company_id, lot_code), found in sorted(expected.items(), key=str):
        rate = rules.rejection_rate(samples[company_id, lot_code or ""], samples[company_id, None])
        statement = insert(volume_forecast).values(
            id=derived_id("forecast", work.organisation_id, day, company_id, lot_code or ""),
            organisation_id=work.organisation_id,
            date=day,
            company_id=company_id,
            lot_code=lot_code,
            expected_count=found.count,
            expected_amount=found.amount,
            expected_collected=rules.collected(found.amount, rate),
            currency="EUR",
            source=ForecastSource.COMPUTED,
            built_at=work.now,
        )
        await work.execute(statement.on_conflict_do_nothing())
    event = DebitCalendarForecastRebuilt(
        forecast_id=derived_id("forecast", work.organisation_id),
        from_=today,
        to=end,
        expected_count=sum(found.count for found in expected.values()),
        expected_amount=Money(amount=sum((found.amount for found in expected.values()), Decimal("0.00"))),
    )
    work.emit(event, version=int(work.now.timestamp()))
    return event


async def actuals_of(rows: Sequence[Row], work: UnitOfWork) -> dict[Key, tuple[int, Decimal]]:
    """What was really collected on the days of these rows."""
    days = {row["date"] for row in rows}
    found = await work.fetch(
        select(
            planned_debit.c.planned_debit_date,
            planned_debit.c.company_id,
            planned_debit.c.lot_code,
            func.count().label("count"),
            func.sum(planned_debit.c.collected).label("amount"),
        )
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            among(planned_debit.c.planned_debit_date, days),
            planned_debit.c.status == PlannedDebitStatus.EXECUTED,
        )
        .group_by(planned_debit.c.planned_debit_date, planned_debit.c.company_id, planned_debit.c.lot_code)
    )
    return {
        (row["planned_debit_date"], row["company_id"], row["lot_code"]): (row["count"], row["amount"]) for row in found
    }


# -- steps -------------------------------------------------------------------------------------------------------


async def _committed(work: UnitOfWork, start: date, end: date) -> defaultdict[Key, Expected]:
    rows = await work.fetch(
        select(
            planned_debit.c.planned_debit_date,
            planned_debit.c.company_id,
            planned_debit.c.lot_code,
            func.count().label("count"),
            func.sum(planned_debit.c.amount).label("amount"),
        )
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            planned_debit.c.planned_debit_date.between(start, end),
            planned_debit.c.currency == "EUR",
            among(planned_debit.c.status, _COMMITTED),
        )
        .group_by(planned_debit.c.planned_debit_date, planned_debit.c.company_id, planned_debit.c.lot_code)
    )
    found: defaultdict[Key, Expected] = defaultdict(Expected)
    for row in rows:
        found[row["planned_debit_date"], row["company_id"], row["lot_code"]].add(row["count"], row["amount"])
    return found


async def _projected(work: UnitOfWork, start: date, end: date) -> list[tuple[Key, Decimal]]:
    """The debits of running contracts in months for which none is in the book."""
    contracts = await work.fetch(
        select(contract_copy).where(
            contract_copy.c.organisation_id == work.organisation_id,
            (contract_copy.c.status == "ACTIVE")
            | ((contract_copy.c.status == "SUSPENDED") & (contract_copy.c.billing_policy == BillingPolicy.CONTINUE)),
            contract_copy.c.recurring_gross > 0,
            among(contract_copy.c.payment_method, _DEBITED),
        )
    )
    announced = {
        (row["contract_id"], row["period"])
        for row in await work.fetch(
            select(planned_debit.c.contract_id, planned_debit.c.period).where(
                planned_debit.c.organisation_id == work.organisation_id,
                planned_debit.c.contract_id.is_not(None),
                planned_debit.c.period >= f"{start:%Y-%m}",
            )
        )
    }
    scopes = {row["contract_id"]: Scope(row["contract_id"], row["client_id"], row["company_id"]) for row in contracts}
    situation = await load_situation(work, scopes.values())
    months = [add_months(start.replace(day=1), number) for number in range(rules.FORECAST_MONTHS + 1)]
    found = []
    for row in contracts:
        scope = scopes[row["contract_id"]]
        lots = situation.lots_for(row["company_id"])
        billed = rules.months_billed(row["billing_frequency"], row["starts_on"], row["ends_on"], months)
        for month in billed:
            if (row["contract_id"], f"{month:%Y-%m}") in announced:
                continue
            day = own_date(situation, scope, situation.setting(scope, _DEBITED[row["payment_method"]]), month)
            if day is not None and start <= day <= end:
                found.append(((day, row["company_id"], lot_of_day(day.day, lots)), row["recurring_gross"]))
    return found


async def _samples(work: UnitOfWork, today: date) -> defaultdict[tuple[UUID, str | None], Sample]:
    """Presented and returned debits of the last six closed months, by company and lot, and by company."""
    end = today.replace(day=1)
    rows = await work.fetch(
        select(
            planned_debit.c.company_id,
            planned_debit.c.lot_code,
            func.count().label("presented"),
            func.count().filter(planned_debit.c.status == PlannedDebitStatus.FAILED).label("rejected"),
        )
        .where(
            planned_debit.c.organisation_id == work.organisation_id,
            planned_debit.c.planned_debit_date >= add_months(end, -rules.STATISTICS_MONTHS),
            planned_debit.c.planned_debit_date < end,
            (planned_debit.c.status == PlannedDebitStatus.EXECUTED)
            | among(planned_debit.c.failure_kind, _FAILED_AT_BANK),
        )
        .group_by(planned_debit.c.company_id, planned_debit.c.lot_code)
    )
    found: defaultdict[tuple[UUID, str | None], Sample] = defaultdict(Sample)
    for row in rows:
        found[row["company_id"], row["lot_code"] or ""] = Sample(row["presented"], row["rejected"])
        whole = found[row["company_id"], None]
        found[row["company_id"], None] = Sample(whole.presented + row["presented"], whole.rejected + row["rejected"])
    return found
