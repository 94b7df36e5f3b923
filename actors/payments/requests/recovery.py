"""Recovery as collections agents see and steer it: cases, plans, reminders, orders to cut a service."""

from datetime import timedelta

from sqlalchemy import ColumnElement, select

from actors.payments import standing
from actors.payments.recovery import (
    agreeing,
    claims,
    climbing,
    cutting,
    following,
    planning,
    promising,
    shown,
    writing,
)
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.found import desk_of
from actors.payments.rules.contact import may_cut
from actors.payments.rules.recovery_machines import RECOVERY_CASE, STILL_OWED, WAITING_PLANS
from actors.payments.views import money
from messages.payments import (
    OUTSTANDING_REMAINS,
    PAUSE_TOO_LONG,
    SUSPENSION_BLACKOUT,
    SUSPENSION_NOTICE_MISSING,
    AddCaseNote,
    AssignRecoveryCase,
    CaseCloseReason,
    CaseNote,
    CasePauseReason,
    ClientStanding,
    CloseRecoveryCase,
    CustomerType,
    DunningTerms,
    GetPaymentStanding,
    GetRecoveryCase,
    ListRecoveryCases,
    ListSuspensionRequests,
    PauseRecoveryCase,
    QuotedItem,
    QuoteRecoveryAmount,
    RecoveryCase,
    RecoveryCasePage,
    RecoveryCasePaused,
    RecoveryCaseStatus,
    RecoveryQuote,
    Reminder,
    RequestReactivation,
    RequestSuspension,
    ResumeRecoveryCase,
    RiskLevel,
    ServiceState,
    Standing,
    SuspensionOrder,
    SuspensionOrderPage,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import PARIS
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.payments import payment_standing
from storage.payments.tables.recovery import (
    case_note,
    recovery_case,
    recovery_item,
    reminder,
    suspension_request,
)

_LONGEST_PAUSE = timedelta(days=90)
_WITH_DEBT = frozenset(
    {CaseCloseReason.ERROR, CaseCloseReason.TIME_BARRED, CaseCloseReason.CEDED, CaseCloseReason.DECEASED}
)


# -- cases ---------------------------------------------------------------------------------------------------------


async def get_recovery_case(request: GetRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """A case in full."""
    desk, case = await desk_of(work, request.case_id, lock=False)
    written = await work.fetch(
        select(reminder)
        .where(reminder.c.organisation_id == work.organisation_id, reminder.c.case_id == case["id"])
        .order_by(reminder.c.created_at.desc(), reminder.c.id.desc())
        .limit(100)
    )
    return await _with_notes(desk, case, tuple(shown.reminder_of(row) for row in reversed(written)))


async def list_recovery_cases(request: ListRecoveryCases, work: UnitOfWork) -> RecoveryCasePage:
    """A page of cases, newest first."""
    statement = select(recovery_case).where(recovery_case.c.organisation_id == work.organisation_id)
    for name in ("client_id", "contract_id", "company_id", "assigned_to", "service_state", "level"):
        if getattr(request, name) is not None:
            statement = statement.where(recovery_case.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(recovery_case.c.status.in_(request.status))
    statement = statement.where(*_urgent(request, work))
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


def _urgent(request: ListRecoveryCases, work: UnitOfWork) -> list[ColumnElement[bool]]:
    """Much is owed, or for long, or by a client whose next debit likely fails."""
    found: list[ColumnElement[bool]] = []
    if request.min_outstanding is not None:
        found += [
            recovery_case.c.outstanding >= request.min_outstanding.amount,
            recovery_case.c.currency == request.min_outstanding.currency,
        ]
    if request.overdue_days is not None:
        late = select(recovery_item.c.case_id).where(
            recovery_item.c.organisation_id == work.organisation_id,
            recovery_item.c.status.in_(STILL_OWED),
            recovery_item.c.due_date <= work.today() - timedelta(days=request.overdue_days),
        )
        found.append(recovery_case.c.id.in_(late))
    if request.risk is not None:
        risky = select(payment_standing.c.client_id).where(
            payment_standing.c.organisation_id == work.organisation_id, payment_standing.c.risk == request.risk
        )
        found.append(recovery_case.c.client_id.in_(risky))
    return found


async def assign_recovery_case(request: AssignRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """Give a case to a collaborator."""
    desk, case = await desk_of(work, request.case_id)
    work.check_version(request.expected_version, case["version"])
    before = case["assigned_to"]
    desk.change(case, assigned_to=request.assigned_to, version=case["version"] + 1)
    work.record("recovery_case", case["id"], before={"assigned_to": before}, after={"assigned_to": request.assigned_to})
    await desk.store()
    return in_full(desk, case)


async def add_case_note(request: AddCaseNote, work: UnitOfWork) -> RecoveryCase:
    """Write something about a case."""
    desk, case = await desk_of(work, request.case_id)
    await work.insert(
        case_note,
        id=new_id(),
        organisation_id=work.organisation_id,
        case_id=case["id"],
        text=request.text,
        written_by=work.caller.principal,
        written_at=work.now,
    )
    desk.change(case, version=case["version"] + 1)
    work.record("recovery_case", case["id"], after={"note": len(request.text)})
    await desk.store()
    return await _with_notes(desk, case)


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
    return in_full(desk, case)


async def resume_recovery_case(request: ResumeRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """Go on: nothing is waited for any more, and what became due meanwhile is done now."""
    desk, case = await desk_of(work, request.case_id)
    work.check_version(request.expected_version, case["version"])
    if not following.asks_for_something(desk, case):
        raise Refused.field("case_id", "disputed", "everything the case asks for is disputed; resolve the disputes")
    promising.drop(desk, case)
    agreeing.drop(desk, case)
    climbing.resume(desk, case)
    await climbing.climb(desk, case, PARIS)
    await desk.store()
    return in_full(desk, case)


async def close_recovery_case(request: CloseRecoveryCase, work: UnitOfWork) -> RecoveryCase:
    """End a case by hand."""
    desk, case = await desk_of(work, request.case_id)
    work.check_version(request.expected_version, case["version"])
    owed = sum((item["outstanding"] for item in desk.items_of(case) if item["status"] in STILL_OWED), following.NOTHING)
    if owed > 0 and request.reason not in _WITH_DEBT:
        raise Refused(
            OUTSTANDING_REMAINS,
            f"{owed} {case['currency']} are owed; record the payment, or close as ERROR, TIME_BARRED, "
            "CEDED or DECEASED",
        )
    for plan in desk.plans_of(case):
        if plan["status"] in WAITING_PLANS:
            planning.cancel(desk, plan, "case closed")
    following.close(desk, case, request.reason)
    await desk.store()
    await standing.judge(work, [case["client_id"]])
    return in_full(desk, case)


async def quote_recovery_amount(request: QuoteRecoveryAmount, work: UnitOfWork) -> RecoveryQuote:
    """The open principal of a case with what the law adds to it, per receivable."""
    desk, case = await desk_of(work, request.case_id, lock=False)
    as_of, currency = request.as_of or work.today(), case["currency"]
    found = await claims.claims_of(desk, case, as_of)
    interest = sum((claim.interest for claim in found), following.NOTHING)
    indemnities = sum((claim.indemnity for claim in found), following.NOTHING)
    fees = sum((claim.fees for claim in found), following.NOTHING)
    return RecoveryQuote(
        case_id=case["id"],
        as_of=as_of,
        principal=money(case["outstanding"], currency),
        interest=money(interest, currency),
        indemnities=money(indemnities, currency),
        fees=money(fees, currency),
        total=money(case["outstanding"] + interest + indemnities + fees, currency),
        consumer=case["customer_type"] == CustomerType.B2C,
        provisional=any(claim.provisional for claim in found),
        items=tuple(
            QuotedItem(
                item_id=claim.item["id"],
                due_date=claim.item["due_date"],
                principal=money(claim.item["outstanding"], currency),
                interest=money(claim.interest, currency),
                indemnity=money(claim.indemnity, currency),
                fees=money(claim.fees, currency),
            )
            for claim in found
        ),
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
    if not may_cut(work.now, PARIS, desk.public_holidays):
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


async def _with_notes(desk: Desk, case: Row, reminders: tuple[Reminder, ...] = ()) -> RecoveryCase:
    """The case with the newest hundred notes, oldest first."""
    rows = await desk.work.fetch(
        select(case_note)
        .where(case_note.c.organisation_id == desk.work.organisation_id, case_note.c.case_id == case["id"])
        .order_by(case_note.c.written_at.desc(), case_note.c.id.desc())
        .limit(100)
    )
    return in_full(desk, case, tuple(shown.note_of(row) for row in reversed(rows)), reminders)


def in_full(
    desk: Desk, case: Row, notes: tuple[CaseNote, ...] = (), reminders: tuple[Reminder, ...] = ()
) -> RecoveryCase:
    """A case with everything of it that is on the desk."""
    steps, notices, suspensions = (
        sorted((row for row in rows.values() if row["case_id"] == case["id"]), key=lambda row: (row[when], row["id"]))
        for rows, when in (
            (desk.steps, "executed_at"), (desk.notices, "created_at"), (desk.suspensions, "created_at"),
        )
    )  # fmt: skip
    return shown.case_of(
        case,
        notes=notes,
        reminders=reminders,
        charges=tuple(shown.charge_of(row) for row in desk.charges_of(case)),
        notices=tuple(shown.notice_of(row) for row in notices),
        suspensions=tuple(shown.suspension_of(row) for row in suspensions),
        items=tuple(shown.item_of(item, case["currency"]) for item in desk.items_of(case)),
        plans=tuple(shown.plan_of(plan, desk.attempts_of(plan)) for plan in desk.plans_of(case)),
        steps=tuple(shown.step_of(row, case["episode"]) for row in steps),
    )
