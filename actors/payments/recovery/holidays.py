"""Closed days that calendar announces: debits to be presented again move off them, messages wait, services are not cut."""

from sqlalchemy import select

from actors.payments.company import companies
from actors.payments.recovery import planning
from actors.payments.recovery.desk import Desk
from messages.calendar import HolidayChange, HolidayChanged, HolidayEffect
from messages.payments import RetryAttemptStatus, RetryEligibility
from messages.values.business_days import TARGET
from messages.values.instants import PARIS
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import recovery_case, retry_attempt, retry_plan
from storage.payments.tables.views import holiday_view
from storage.projections import keep_newest


async def keep_holiday(event: HolidayChanged, work: UnitOfWork) -> None:
    """Keep the day; attempts that a newly closed TARGET day catches are dated and told anew."""
    closed = event.change is not HolidayChange.DELETED and event.effect is HolidayEffect.CLOSED
    changed = await work.execute(
        keep_newest(
            holiday_view,
            organisation_id=work.organisation_id,
            holiday_id=event.holiday_id,
            zone=event.zone_code,
            date=event.date,
            closed=closed,
            version=work.source_version,
        )
    )
    if not changed or not closed or event.zone_code != TARGET or event.change is HolidayChange.COMPUTED:
        return
    rows = await work.fetch(
        select(retry_attempt.c.id, recovery_case.c.client_id)
        .join(retry_plan, retry_plan.c.id == retry_attempt.c.plan_id)
        .join(recovery_case, recovery_case.c.id == retry_plan.c.case_id)
        .where(
            retry_attempt.c.organisation_id == work.organisation_id,
            retry_attempt.c.status == RetryAttemptStatus.SCHEDULED,
            retry_attempt.c.planned_collection_date == event.date,
        )
        .order_by(retry_attempt.c.id)
        .limit(10_000)
    )
    if not rows:
        return
    desk = Desk(work)
    await desk.load(row["client_id"] for row in rows)
    zones = {company.id: company.zone for company in await companies(work)}
    for row in rows:
        attempt = desk.attempts[row["id"]]
        plan = desk.plans[attempt["plan_id"]]
        zone = zones.get(desk.cases[plan["case_id"]]["company_id"], PARIS)
        if not planning.move(desk, plan, attempt, zone):
            planning.drop_scheduled(desk, plan, "skip", "MAX_DURATION")
            planning.exhaust(desk, plan, RetryEligibility.NOT_ELIGIBLE_MAX_DURATION)
    await desk.store()
