"""Figures of recovery, counted by the database over the receivables that a caller may see."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from actors.payments.rules.recovery_machines import STILL_OWED
from actors.payments.rules.recovery_metrics import bucket, rate
from actors.payments.views import money
from messages.payments import (
    AgeBucket,
    AgedGroup,
    AgedReceivables,
    AgeGrouping,
    CodeShare,
    GetAgedReceivables,
    GetRecoveryMetrics,
    RecoveryDay,
    RecoveryItemStatus,
    RecoveryMetrics,
    RetryAttemptStatus,
    RetryCounts,
)
from messages.payments.recovery_metrics import EligibilityCount, ReminderCount
from messages.problem import Refused
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment
from storage.payments.tables.recovery import recovery_case, recovery_item, reminder, retry_attempt, retry_plan

_NOTHING = Decimal("0.00")
_LONGEST_DAYS = 366
_GROUPS = {
    AgeGrouping.COMPANY: recovery_case.c.company_id,
    AgeGrouping.LEVEL: recovery_case.c.level,
    AgeGrouping.CUSTOMER_TYPE: recovery_case.c.customer_type,
}


async def get_recovery_metrics(request: GetRecoveryMetrics, work: UnitOfWork) -> RecoveryMetrics:
    """Rates and counts of a period."""
    if not 0 <= (request.to_date - request.from_date).days <= _LONGEST_DAYS:
        raise Refused.field("to_date", "range", f"give a day from from_date on, at most {_LONGEST_DAYS} days later")
    failed = _first_failures(request, work)
    rows = await _failures(work, failed)
    attempts = await _attempts(work, failed)
    total = sum(row["count"] for row in rows)
    rejected, recovered = _sum(rows, "rejected"), _sum(rows, "recovered")
    by_code, by_eligibility, by_day = _counts(rows, "reason_code"), _counts(rows, "eligibility"), _days(rows)
    return RecoveryMetrics(
        from_date=request.from_date,
        to_date=request.to_date,
        rejections=total,
        insufficient_funds=by_code.get("AM04", 0),
        rejected=money(rejected),
        recovered=money(recovered),
        outstanding=money(_sum(rows, "outstanding")),
        am04_rate=rate(by_code.get("AM04", 0), total),
        recovery_rate=rate(recovered, rejected),
        retry_success_rate=rate(attempts.succeeded, attempts.succeeded + attempts.failed),
        attempts=attempts,
        by_eligibility=tuple(
            EligibilityCount.model_validate({"eligibility": name, "count": count})
            for name, count in sorted(by_eligibility.items())
        ),
        by_code=tuple(
            CodeShare.model_validate({"reason_code": code, "count": count, "percent": rate(count, total)})
            for code, count in sorted(by_code.items(), key=lambda pair: (-pair[1], pair[0]))
        ),
        by_day=by_day,
        reminders=await _reminders(work, failed),
    )


def _first_failures(request: GetRecoveryMetrics, work: UnitOfWork) -> Select[Any]:
    """The first plan of each receivable whose debit first failed in the period: what each figure counts."""
    earlier = retry_plan.alias("earlier")
    has_earlier = select(earlier.c.id).where(
        earlier.c.organisation_id == work.organisation_id,
        earlier.c.item_id == retry_plan.c.item_id,
        (earlier.c.created_at < retry_plan.c.created_at)
        | ((earlier.c.created_at == retry_plan.c.created_at) & (earlier.c.id < retry_plan.c.id)),
    )
    statement = (
        select(
            retry_plan.c.item_id,
            retry_plan.c.case_id,
            retry_plan.c.first_rejection,
            retry_plan.c.reason_code,
            retry_plan.c.eligibility,
        )
        .join(recovery_case, recovery_case.c.id == retry_plan.c.case_id)
        .where(
            retry_plan.c.organisation_id == work.organisation_id,
            retry_plan.c.first_rejection.between(request.from_date, request.to_date),
            ~has_earlier.exists(),
        )
    )
    if request.company_id is not None:
        statement = statement.where(recovery_case.c.company_id == request.company_id)
    return statement.where(_visible(work))


def _visible(work: UnitOfWork) -> ColumnElement[bool]:
    own = recovery_case.c.organisation_id == work.organisation_id
    if work.caller.company_ids is None:
        return own
    return own & recovery_case.c.company_id.in_(work.caller.company_ids)


async def _failures(work: UnitOfWork, failed: Select[Any]) -> list[Row]:
    """Counts and amounts by day, reason and eligibility."""
    first = failed.subquery()
    keys = (first.c.first_rejection, first.c.reason_code, first.c.eligibility)
    still = func.coalesce(func.sum(recovery_item.c.outstanding).filter(recovery_item.c.status.in_(STILL_OWED)), 0)
    return await work.fetch(
        select(
            *keys,
            func.count().label("count"),
            func.sum(recovery_item.c.principal).label("rejected"),
            func.sum(func.least(recovery_item.c.principal, instalment.c.paid_amount)).label("recovered"),
            still.label("outstanding"),
        )
        .join(recovery_item, recovery_item.c.id == first.c.item_id)
        .join(instalment, instalment.c.id == recovery_item.c.instalment_id)
        .where(recovery_item.c.organisation_id == work.organisation_id)
        .group_by(*keys)
        .order_by(*keys)
    )


async def _attempts(work: UnitOfWork, failed: Select[Any]) -> RetryCounts:
    """What became of every presentation of these receivables; money taken back again counts as failed."""
    items = failed.subquery()
    rows = await work.fetch(
        select(retry_attempt.c.status, func.count().label("count"))
        .join(retry_plan, retry_plan.c.id == retry_attempt.c.plan_id)
        .where(
            retry_attempt.c.organisation_id == work.organisation_id,
            retry_plan.c.item_id.in_(select(items.c.item_id)),
        )
        .group_by(retry_attempt.c.status)
    )
    found = {row["status"]: row["count"] for row in rows}
    return RetryCounts(
        scheduled=found.get(RetryAttemptStatus.SCHEDULED, 0),
        pending=found.get(RetryAttemptStatus.SUBMITTED, 0),
        succeeded=found.get(RetryAttemptStatus.SUCCEEDED, 0),
        failed=found.get(RetryAttemptStatus.FAILED, 0) + found.get(RetryAttemptStatus.REVERSED, 0),
    )


async def _reminders(work: UnitOfWork, failed: Select[Any]) -> tuple[ReminderCount, ...]:
    cases = failed.subquery()
    rows = await work.fetch(
        select(reminder.c.channel, reminder.c.status, func.count().label("count"))
        .where(reminder.c.organisation_id == work.organisation_id, reminder.c.case_id.in_(select(cases.c.case_id)))
        .group_by(reminder.c.channel, reminder.c.status)
        .order_by(reminder.c.channel, reminder.c.status)
    )
    return tuple(ReminderCount.model_validate({**row}) for row in rows)


def _sum(rows: list[Row], name: str) -> Decimal:
    return sum((row[name] for row in rows), _NOTHING)


def _counts(rows: list[Row], name: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row[name]] += row["count"]
    return found


def _days(rows: list[Row]) -> tuple[RecoveryDay, ...]:
    days = sorted({row["first_rejection"] for row in rows})
    of_day = {day: [row for row in rows if row["first_rejection"] == day] for day in days}
    return tuple(
        RecoveryDay(
            day=day,
            rejections=sum(row["count"] for row in found),
            rejected=money(_sum(found, "rejected")),
            recovered=money(_sum(found, "recovered")),
        )
        for day, found in of_day.items()
    )


async def get_aged_receivables(request: GetAgedReceivables, work: UnitOfWork) -> AgedReceivables:
    """Open principal by age."""
    as_of, group = request.as_of or work.today(), _GROUPS[request.group_by]
    statement = (
        select(group.label("group"), recovery_item.c.due_date, func.sum(recovery_item.c.outstanding).label("open"))
        .join(recovery_case, recovery_case.c.id == recovery_item.c.case_id)
        .where(
            recovery_item.c.organisation_id == work.organisation_id,
            recovery_item.c.status.in_((RecoveryItemStatus.OPEN, RecoveryItemStatus.DISPUTED)),
            _visible(work),
        )
        .group_by(group, recovery_item.c.due_date)
        .order_by(group)
    )
    if request.company_id is not None:
        statement = statement.where(recovery_case.c.company_id == request.company_id)
    found: dict[str, dict[AgeBucket, Money]] = {}
    for row in await work.fetch(statement):
        buckets = found.setdefault(str(row["group"]), dict.fromkeys(AgeBucket, money(_NOTHING)))
        age = bucket((as_of - row["due_date"]).days)
        buckets[age] += money(row["open"])
    return AgedReceivables(
        as_of=as_of,
        groups=tuple(
            AgedGroup(group=name, buckets=buckets, total=sum(buckets.values(), Money.zero()))
            for name, buckets in found.items()
        ),
    )
