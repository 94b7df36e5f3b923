"""Plans to present debits again: shown, stopped, run by hand; and what the runs did."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from actors.payments.recovery import climbing, planning, presenting, shown, writing
from actors.payments.recovery.found import desk_of
from actors.payments.recovery.presenting import Presented
from messages.calendar.codes import PRENOTIFICATION_TOO_SHORT
from messages.payments import (
    MAX_ATTEMPTS_REACHED,
    NOT_RETRYABLE_REASON,
    RETRY_PLAN_NOT_FOUND,
    CancelRetryPlan,
    GetRetryPlan,
    ListRetryPlans,
    ListRetryRuns,
    ReminderStatus,
    RetryAttemptStatus,
    RetryEligibility,
    RetryOutcome,
    RetryPlan,
    RetryPlanPage,
    RetryResult,
    RetryRun,
    RetryRunPage,
    RetryRunReport,
    RunRetries,
)
from messages.problem import Refused
from messages.values.instants import PARIS
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import reminder, retry_attempt, retry_plan, retry_run


async def run_retries(request: RunRetries, work: UnitOfWork) -> RetryRunReport:
    """Present what is due, or one plan's next attempt; the same rules as in the minute's run."""
    if request.plan_id is None:
        rows = await presenting.due_attempts(work)
    else:
        rows = await _of_plan(request.plan_id, work)
    if not rows:
        return _report([], None, dry_run=request.dry_run)
    results = await presenting.present(work, rows, keep=not request.dry_run)
    if request.plan_id is not None and not request.dry_run and results[0].outcome is not RetryOutcome.SUBMITTED:
        raise Refused(NOT_RETRYABLE_REASON, f"the debit is not presented: {results[0].eligibility}")
    run_id = None if request.dry_run else await presenting.note_run(work, results, manual=True)
    return _report(results, run_id, dry_run=request.dry_run)


async def _of_plan(plan_id: UUID, work: UnitOfWork) -> list[object]:
    """The plan's next attempt; the debtor must have been told of its date."""
    plan = await _plan(work, plan_id)
    rows = await presenting.next_attempt(work, plan_id)
    if not rows and plan["eligibility"] == RetryEligibility.NOT_ELIGIBLE_MAX_ATTEMPTS:
        raise Refused(MAX_ATTEMPTS_REACHED, f"all {plan['max_attempts']} attempts were made; ask for another payment")
    if not rows:
        raise Refused(NOT_RETRYABLE_REASON, f"the plan is {plan['status']}: it has no attempt to present")
    told = await work.fetch_value(
        select(reminder.c.id)
        .where(
            reminder.c.organisation_id == work.organisation_id,
            reminder.c.case_id == plan["case_id"],
            reminder.c.status.in_((ReminderStatus.REQUESTED, ReminderStatus.SENT)),
            reminder.c.requested_at >= plan["created_at"],
        )
        .limit(1)
    )
    if told is None:
        raise Refused(PRENOTIFICATION_TOO_SHORT, "no message told the debtor of this debit yet; wait until one leaves")
    return rows


def _report(results: Sequence[Presented], run_id: UUID | None, *, dry_run: bool) -> RetryRunReport:
    outcomes = [result.outcome for result in results]
    return RetryRunReport(
        run_id=run_id,
        dry_run=dry_run,
        total=len(results),
        submitted=outcomes.count(RetryOutcome.SUBMITTED),
        skipped=outcomes.count(RetryOutcome.SKIPPED),
        moved=outcomes.count(RetryOutcome.MOVED),
        results=tuple(
            RetryResult(
                plan_id=result.plan_id,
                attempt_number=result.number,
                outcome=result.outcome,
                eligibility=result.eligibility,
                payment_id=result.payment_id,
            )
            for result in results
        ),
    )


async def list_retry_runs(request: ListRetryRuns, work: UnitOfWork) -> RetryRunPage:
    """A page of runs, newest first."""
    statement = select(retry_run).where(retry_run.c.organisation_id == work.organisation_id)
    if request.is_manual is not None:
        statement = statement.where(retry_run.c.is_manual == request.is_manual)
    return await page(
        work,
        request,
        statement,
        order=(retry_run.c.created_at, retry_run.c.id),
        descending=True,
        reply=RetryRunPage,
        item=lambda row: RetryRun.model_validate({**row}),
    )


async def get_retry_plan(request: GetRetryPlan, work: UnitOfWork) -> RetryPlan:
    """A plan with its attempts and what the debtor was told since it was made."""
    row = await _plan(work, request.plan_id)
    attempts = await work.fetch(
        select(retry_attempt)
        .where(retry_attempt.c.organisation_id == work.organisation_id, retry_attempt.c.plan_id == row["id"])
        .order_by(retry_attempt.c.number)
    )
    written = await work.fetch(
        select(reminder)
        .where(
            reminder.c.organisation_id == work.organisation_id,
            reminder.c.case_id == row["case_id"],
            reminder.c.created_at >= row["created_at"],
        )
        .order_by(reminder.c.created_at, reminder.c.id)
        .limit(100)
    )
    return shown.plan_of(row, attempts, written)


async def list_retry_plans(request: ListRetryPlans, work: UnitOfWork) -> RetryPlanPage:
    """A page of plans, newest first."""
    statement = select(retry_plan).where(retry_plan.c.organisation_id == work.organisation_id)
    for name in ("client_id", "contract_id", "case_id"):
        if getattr(request, name) is not None:
            statement = statement.where(retry_plan.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(retry_plan.c.status.in_(request.status))
    if request.rejected_from is not None:
        statement = statement.where(retry_plan.c.first_rejection >= request.rejected_from)
    if request.rejected_to is not None:
        statement = statement.where(retry_plan.c.first_rejection <= request.rejected_to)
    if request.collection_from is not None or request.collection_to is not None:
        statement = statement.where(retry_plan.c.id.in_(_dated(request, work)))
    return await page(
        work,
        request,
        statement,
        order=(retry_plan.c.created_at, retry_plan.c.id),
        descending=True,
        reply=RetryPlanPage,
        item=shown.plan_of,
    )


def _dated(request: ListRetryPlans, work: UnitOfWork) -> Select[Any]:
    """The plans whose next debit lies in the days asked for."""
    statement = select(retry_attempt.c.plan_id).where(
        retry_attempt.c.organisation_id == work.organisation_id, retry_attempt.c.status == RetryAttemptStatus.SCHEDULED
    )
    if request.collection_from is not None:
        statement = statement.where(retry_attempt.c.planned_collection_date >= request.collection_from)
    if request.collection_to is not None:
        statement = statement.where(retry_attempt.c.planned_collection_date <= request.collection_to)
    return statement


async def cancel_retry_plan(request: CancelRetryPlan, work: UnitOfWork) -> RetryPlan:
    """Stop presenting and announcing; the ladder goes on with its fallback days."""
    row = await _plan(work, request.plan_id)
    desk, case = await desk_of(work, row["case_id"])
    plan = desk.plans[request.plan_id]
    planning.cancel(desk, plan, request.reason)
    for row in desk.reminders.values():
        if row["status"] == ReminderStatus.PENDING and writing.announces(row, plan, desk.attempts_of(plan)):
            writing.cancel_message(desk, row, request.reason)
    await climbing.climb(desk, case, PARIS)
    await desk.store()
    return shown.plan_of(plan, desk.attempts_of(plan))


async def _plan(work: UnitOfWork, plan_id: UUID) -> Any:
    return await work.load(
        select(retry_plan).where(retry_plan.c.organisation_id == work.organisation_id, retry_plan.c.id == plan_id),
        "retry plan",
        code=RETRY_PLAN_NOT_FOUND,
    )
