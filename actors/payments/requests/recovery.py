"""Recovery as collections agents see and steer it: cases, plans, reminders, orders to cut a service."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments import standing
from actors.payments.recovery import climbing, cutting, following, planning, shown, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.found import desk_of
from actors.payments.rules.contact import may_cut
from actors.payments.rules.recovery_machines import RECOVERY_CASE
from actors.payments.views import money
from messages.payments import (
    OUTSTANDING_REMAINS,
    PAUSE_TOO_LONG,
    REMINDER_NOT_FOUND,
    RETRY_PLAN_NOT_FOUND,
    SUSPENSION_BLACKOUT,
    SUSPENSION_NOTICE_MISSING,
    AssignRecoveryCase,
    CancelReminder,
    CancelRetryPlan,
    CaseCloseReason,
    CasePauseReason,
    ClientStanding,
    CloseRecoveryCase,
    CustomerType,
    DunningTerms,
    GetPaymentStanding,
    GetRecoveryCase,
    GetReminder,
    GetRetryPlan,
    ListRecoveryCases,
    ListReminders,
    ListRetryPlans,
    ListSuspensionRequests,
    PauseRecoveryCase,
    QuotedItem,
    QuoteRecoveryAmount,
    RecoveryCase,
    RecoveryCasePage,
    RecoveryCasePaused,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    RecoveryQuote,
    Reminder,
    ReminderPage,
    RequestReactivation,
    RequestSuspension,
    ResumeRecoveryCase,
    RetryPlan,
    RetryPlanPage,
    RetryPlanStatus,
    RiskLevel,
    ServiceState,
    Standing,
    SuspensionOrder,
    SuspensionOrderPage,
)
from messages.problem import Refused
from messages.values.instants import PARIS
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.payments import payment_standing
from storage.payments.tables.recovery import recovery_case, reminder, retry_attempt, retry_plan, suspension_request

_LONGEST_PAUSE = timedelta(days=90)
_WITH_DEBT = frozenset(
    {CaseCloseReason.ERROR, CaseCloseReason.TIME_BARRED, CaseCloseReason.CEDED, CaseCloseReason.DECEASED}
)


# -- cases ---------------------------------------------------------------------------------------------------------


async def get_recovery_case(request: GetRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """A case in full."""
    desk, case = await desk_of(work, request.case_id, lock=False)
    return _in_full(desk, case)


async def list_recovery_cases(request: ListRecoveryCases, work: UnitOfWork) -> RecoveryCasePage:
    """A page of cases, newest first."""
    statement = select(recovery_case).where(recovery_case.c.organisation_id == work.organisation_id)
    for name in ("client_id", "contract_id", "company_id", "assigned_to", "service_state", "level"):
        if getattr(request, name) is not None:
            statement = statement.where(recovery_case.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(recovery_case.c.status.in_(request.status))
    if work.caller.company_ids is not None:
        statement = statement.where(recovery_case.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(recovery_case.c.created_at, recovery_case.c.id),
        descending=True,
        reply=RecoveryCasePage,
        item=shown.case_of,
    )


async def assign_recovery_case(request: AssignRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """Give a case to a collaborator."""
    desk, case = await desk_of(work, request.case_id)
    work.check_version(request.expected_version, case["version"])
    before = case["assigned_to"]
    desk.change(case, assigned_to=request.assigned_to, version=case["version"] + 1)
    work.record("recovery_case", case["id"], before={"assigned_to": before}, after={"assigned_to": request.assigned_to})
    await desk.store()
    return _in_full(desk, case)


async def pause_recovery_case(request: PauseRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """Leave the debtor alone until a date: messages not sent are cancelled, an order to cut is withdrawn."""
    if not work.today() < request.until <= work.today() + _LONGEST_PAUSE:
        raise Refused(PAUSE_TOO_LONG, "until must lie after today and at most 90 days ahead; give a nearer date")
    desk, case = await desk_of(work, request.case_id)
    work.check_version(request.expected_version, case["version"])
    desk.change(
        case,
        status=RECOVERY_CASE.after("pause", RecoveryCaseStatus(case["status"])),
        pause_reason=CasePauseReason.MANUAL,
        paused_until=request.until,
        next_step_due_at=None,
    )
    writing.cancel_messages(desk, case, "CASE_PAUSED")
    if case["service_state"] == ServiceState.SUSPENSION_REQUESTED:
        cutting.release(desk, case)
    desk.state(case, RecoveryCasePaused(**desk.case_ref(case), reason=request.reason, until=request.until))
    await desk.store()
    return _in_full(desk, case)


async def resume_recovery_case(request: ResumeRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """Go on: what became due meanwhile is done now."""
    desk, case = await desk_of(work, request.case_id)
    work.check_version(request.expected_version, case["version"])
    climbing.resume(desk, case)
    await climbing.climb(desk, case, PARIS)
    await desk.store()
    return _in_full(desk, case)


async def close_recovery_case(request: CloseRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """End a case by hand."""
    desk, case = await desk_of(work, request.case_id)
    work.check_version(request.expected_version, case["version"])
    if case["outstanding"] > 0 and request.reason not in _WITH_DEBT:
        raise Refused(
            OUTSTANDING_REMAINS,
            f"{case['outstanding']} {case['currency']} are owed; record the payment, or close as ERROR, TIME_BARRED, "
            "CEDED or DECEASED",
        )
    for plan in desk.plans_of(case):
        if plan["status"] == RetryPlanStatus.ACTIVE:
            planning.cancel(desk, plan, "case closed")
    following.close(desk, case, request.reason)
    await desk.store()
    await standing.judge(work, [case["client_id"]])
    return _in_full(desk, case)


async def quote_recovery_amount(request: QuoteRecoveryAmount, work: UnitOfWork) -> RecoveryQuote:
    """The open principal of a case, per receivable."""
    desk, case = await desk_of(work, request.case_id, lock=False)
    items = tuple(
        QuotedItem(
            item_id=item["id"], due_date=item["due_date"], principal=money(item["outstanding"], case["currency"])
        )
        for item in desk.items_of(case)
        if item["status"] == RecoveryItemStatus.OPEN
    )
    return RecoveryQuote(
        case_id=case["id"],
        total=money(case["outstanding"], case["currency"]),
        consumer=case["customer_type"] == CustomerType.B2C,
        items=items,
    )


async def get_payment_standing(request: GetPaymentStanding, work: UnitOfWork) -> ClientStanding:
    """How a client pays; one without history stands well."""
    row = await work.fetch_one(
        select(payment_standing).where(
            payment_standing.c.organisation_id == work.organisation_id,
            payment_standing.c.client_id == request.client_id,
        )
    )
    cases = await work.fetch(
        select(recovery_case.c.id)
        .where(
            recovery_case.c.organisation_id == work.organisation_id,
            recovery_case.c.client_id == request.client_id,
            recovery_case.c.status != RecoveryCaseStatus.CLOSED,
        )
        .order_by(recovery_case.c.id)
        .limit(100)
    )
    return ClientStanding(
        client_id=request.client_id,
        standing=row["standing"] if row else Standing.GOOD,
        risk=row["risk"] if row else RiskLevel.LOW,
        outstanding=money(row["outstanding"] if row else following.NOTHING),
        open_cases=tuple(case["id"] for case in cases),
    )


# -- plans and reminders -------------------------------------------------------------------------------------------


async def get_retry_plan(request: GetRetryPlan, work: UnitOfWork) -> RetryPlan:
    """A plan with its attempts."""
    row = await _plan(work, request.plan_id)
    attempts = await work.fetch(
        select(retry_attempt)
        .where(retry_attempt.c.organisation_id == work.organisation_id, retry_attempt.c.plan_id == row["id"])
        .order_by(retry_attempt.c.number)
    )
    return shown.plan_of(row, attempts)


async def list_retry_plans(request: ListRetryPlans, work: UnitOfWork) -> RetryPlanPage:
    """A page of plans, newest first."""
    statement = select(retry_plan).where(retry_plan.c.organisation_id == work.organisation_id)
    for name in ("client_id", "contract_id", "case_id"):
        if getattr(request, name) is not None:
            statement = statement.where(retry_plan.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(retry_plan.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(retry_plan.c.created_at, retry_plan.c.id),
        descending=True,
        reply=RetryPlanPage,
        item=shown.plan_of,
    )


async def cancel_retry_plan(request: CancelRetryPlan, work: UnitOfWork) -> RetryPlan:
    """Stop presenting; the ladder goes on with its fallback days."""
    row = await _plan(work, request.plan_id)
    desk, case = await desk_of(work, row["case_id"])
    plan = desk.plans[request.plan_id]
    planning.cancel(desk, plan, request.reason)
    await climbing.climb(desk, case, PARIS)
    await desk.store()
    return shown.plan_of(plan, desk.attempts_of(plan))


async def get_reminder(request: GetReminder, work: UnitOfWork) -> Reminder:
    """One reminder."""
    statement = select(reminder).where(
        reminder.c.organisation_id == work.organisation_id, reminder.c.id == request.reminder_id
    )
    return shown.reminder_of(await work.load(statement, "reminder", code=REMINDER_NOT_FOUND))


async def list_reminders(request: ListReminders, work: UnitOfWork) -> ReminderPage:
    """A page of reminders, newest first."""
    statement = select(reminder).where(reminder.c.organisation_id == work.organisation_id)
    for name in ("case_id", "client_id", "channel"):
        if getattr(request, name) is not None:
            statement = statement.where(reminder.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(reminder.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(reminder.c.created_at, reminder.c.id),
        descending=True,
        reply=ReminderPage,
        item=shown.reminder_of,
    )


async def cancel_reminder(request: CancelReminder, work: UnitOfWork) -> Reminder:
    """Keep a message from leaving."""
    row = await work.load(
        select(reminder).where(
            reminder.c.organisation_id == work.organisation_id, reminder.c.id == request.reminder_id
        ),
        "reminder",
        code=REMINDER_NOT_FOUND,
    )
    desk, _ = await desk_of(work, row["case_id"])
    found = desk.reminders.get(request.reminder_id, dict(row))
    writing.cancel_message(desk, found, request.reason)
    await desk.store()
    return shown.reminder_of(found)


# -- service -------------------------------------------------------------------------------------------------------


async def request_suspension(request: RequestSuspension, work: UnitOfWork) -> SuspensionOrder:
    """Cut a service by hand: the warning and the hours that bind the ladder bind people too."""
    desk, case = await desk_of(work, request.case_id)
    if case["contract_id"] is None or case["service_state"] != ServiceState.ACTIVE or case["outstanding"] <= 0:
        raise Refused.field("case_id", "service", "the case has no running service to cut, or nothing is owed")
    hours = DunningTerms.model_validate(case["terms"]).suspension_notice_hours
    limit = work.now - timedelta(hours=hours)
    warnings = [row["sent_at"] for row in desk.reminders.values() if row["case_id"] == case["id"] and row["step_code"]]
    if not any(sent is not None and sent <= limit for sent in warnings):
        raise Refused(SUSPENSION_NOTICE_MISSING, f"no warning left {hours} hours ago; send one and wait")
    if not may_cut(work.now):
        raise Refused(
            SUSPENSION_BLACKOUT, "services are cut from 9 to 17 on working days before a working day; try then"
        )
    row = cutting.request(desk, case)
    await desk.store()
    return shown.suspension_of(row)


async def request_reactivation(request: RequestReactivation, work: UnitOfWork) -> SuspensionOrder:
    """Restore a service by hand; the debt stays."""
    desk, case = await desk_of(work, request.case_id)
    row = cutting.release(desk, case)
    if row is None:
        raise Refused.field("case_id", "not_suspended", "no service of this case is cut or about to be")
    work.record("recovery_case", case["id"], after={"reactivation": request.reason})
    await desk.store()
    return shown.suspension_of(row)


async def list_suspension_requests(request: ListSuspensionRequests, work: UnitOfWork) -> SuspensionOrderPage:
    """A page of orders, newest first."""
    statement = select(suspension_request).where(suspension_request.c.organisation_id == work.organisation_id)
    for name in ("case_id", "contract_id"):
        if getattr(request, name) is not None:
            statement = statement.where(suspension_request.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(suspension_request.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(suspension_request.c.created_at, suspension_request.c.id),
        descending=True,
        reply=SuspensionOrderPage,
        item=shown.suspension_of,
    )


async def _plan(work: UnitOfWork, plan_id: UUID) -> Any:
    return await work.load(
        select(retry_plan).where(retry_plan.c.organisation_id == work.organisation_id, retry_plan.c.id == plan_id),
        "retry plan",
        code=RETRY_PLAN_NOT_FOUND,
    )


def _in_full(desk: Desk, case: Row) -> RecoveryCase:
    steps = [row for row in desk.steps.values() if row["case_id"] == case["id"]]
    return shown.case_of(
        case,
        items=tuple(shown.item_of(item, case["currency"]) for item in desk.items_of(case)),
        plans=tuple(shown.plan_of(plan, desk.attempts_of(plan)) for plan in desk.plans_of(case)),
        steps=tuple(
            shown.step_of(row, case["episode"])
            for row in sorted(steps, key=lambda row: (row["executed_at"], row["step_code"]))
        ),
    )
