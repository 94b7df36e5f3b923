"""The ladder at work: due steps of a case are executed, once each; the case's level only grows."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from actors.payments import views
from actors.payments.alerts import raise_alert
from actors.payments.recovery import cutting, ending, noticing, planning, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.people import ask_people
from actors.payments.rules.ladder import CaseFacts, judge
from actors.payments.rules.machines import INSTALMENT
from actors.payments.rules.recovery_machines import RECOVERY_CASE, WAITING_PLANS
from messages.payments import (
    ActionKind,
    AlertSeverity,
    CustomerType,
    DunningStep,
    DunningTerms,
    InstalmentStatus,
    InstalmentUnpaid,
    NoticeStatus,
    ReceivableDefaulted,
    ReceivableRef,
    RecoveryCaseEscalated,
    RecoveryCaseResumed,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    ServiceState,
    StaffAction,
    StepAction,
)
from messages.shared import Ref
from messages.values.identifiers import derived_id
from messages.values.instants import local_date
from storage.payments.tables.dues import instalment
from storage.payments.tables.recovery import dunning_step_done

_UNPAID_LEVEL = 3
_ON_THE_SERVICE = (ActionKind.REQUEST_SUSPENSION, ActionKind.REQUEST_TERMINATION)
_TEMPLATES = ("reminder.debit_failed", "reminder.level1", "reminder.level2", "reminder.level3", "reminder.level3")
"""What a step says that names no template, by its level."""


async def climb(desk: Desk, case: Row, zone: ZoneInfo) -> None:
    """Execute the steps of a case that are due now, and note when to look again."""
    if case["status"] != RecoveryCaseStatus.OPEN:
        desk.change(case, next_step_due_at=None)
        return
    terms = DunningTerms.model_validate(case["terms"])
    while True:
        verdict = judge(_steps_for(desk, case, terms), _facts(desk, case), desk.work.now, zone)
        for step in verdict.skip:
            _note(desk, case, step, skipped=True)
        due = {*case["due_steps"], *(step.code for step in verdict.postponed)}
        desk.change(case, due_steps=sorted(due))
        if verdict.execute is None:
            break
        await _execute(desk, case, verdict.execute, zone)
    upcoming = [moment for moment in (verdict.next_due_at, await _default_late(desk, case, terms, zone)) if moment]
    desk.change(case, next_step_due_at=min(upcoming, default=None))


def _steps_for(desk: Desk, case: Row, terms: DunningTerms) -> list[DunningStep]:
    """The steps that may concern the case: small debts are only reminded; nothing is cut or ended where there is no contract
    (any more), nor at public buyers."""
    over = {row["step_code"] for row in desk.steps.values() if row["case_id"] == case["id"] and row["skipped"]}
    small = case["outstanding"] < terms.min_amount_to_dun
    no_service = case["contract_id"] is None or case["service_state"] == ServiceState.TERMINATED
    no_cut = no_service or case["customer_type"] == CustomerType.PUBLIC
    return [
        step
        for step in terms.steps
        if step.code not in over
        and not (small and step.level > 1)
        and not (no_cut and any(action.kind in _ON_THE_SERVICE for action in step.actions))
    ]


def _facts(desk: Desk, case: Row) -> CaseFacts:
    done = {
        row["step_code"]: row["executed_at"]
        for row in desk.steps.values()
        if row["case_id"] == case["id"] and not row["skipped"]
    }
    warned: dict[str, datetime] = {}
    for row in desk.reminders.values():
        if row["case_id"] == case["id"] and row["step_code"] and row["sent_at"]:
            warned[row["step_code"]] = min(row["sent_at"], warned.get(row["step_code"], row["sent_at"]))
    return CaseFacts(
        opened_on=case["opened_on"],
        level=case["level"],
        rejection_count=case["rejection_count"],
        retries_exhausted=case["retries_exhausted"],
        plan_is_live=bool(desk.live_plans(case)),
        debit_in_flight=desk.debit_in_flight(case),
        outstanding=case["outstanding"],
        customer_type=CustomerType(case["customer_type"]),
        service=ServiceState(case["service_state"]),
        done=done,
        warned=warned,
        was_due=frozenset(case["due_steps"]),
        notice_deadline=_notice_deadline(desk, case),
        closed=desk.public_holidays,
    )


def _notice_deadline(desk: Desk, case: Row) -> date | None:
    """The deadline of the case's notice that ran out."""
    row = desk.notice_of(case, NoticeStatus.EXPIRED)
    deadline: date | None = row["deadline_on"] if row else None
    return deadline


def _note(desk: Desk, case: Row, step: DunningStep, *, skipped: bool) -> None:
    desk.add(
        dunning_step_done,
        {
            "id": derived_id("step", case["id"], step.code),
            "case_id": case["id"],
            "episode": case["episode"],
            "step_code": step.code,
            "skipped": skipped,
            "executed_at": desk.work.now,
        },
    )


async def _execute(desk: Desk, case: Row, step: DunningStep, zone: ZoneInfo) -> None:
    _note(desk, case, step, skipped=False)
    before = case["level"]
    if step.level > before:
        desk.change(case, level=step.level)
        if step.level >= _UNPAID_LEVEL and case["unpaid_on"] is None:
            desk.change(case, unpaid_on=local_date(desk.work.now, zone))
    for index, action in enumerate(step.actions):
        await _act(desk, case, step, action, index, zone)
    if step.level > before:
        desk.state(case, RecoveryCaseEscalated(**desk.case_ref(case), from_level=before, step_code=step.code))


async def _act(desk: Desk, case: Row, step: DunningStep, action: StepAction, index: int, zone: ZoneInfo) -> None:
    match action.kind:
        case ActionKind.SEND_MESSAGE:
            key = f"{case['id']}|{step.code}|{index}"
            template = action.template_key or _TEMPLATES[step.level]
            writing.plan_message(desk, case, action.channel, template, key, zone, step.code)
        case ActionKind.CREATE_TASK:
            ask_people(desk, case, StaffAction.CREATE_TASK, action.title or step.code, action.priority, step.code)
        case ActionKind.NOTIFY_STAFF:
            ask_people(desk, case, StaffAction.NOTIFY_STAFF, action.title or step.code, action.priority, step.code)
            await _alert(desk, case, step)
        case ActionKind.STOP_RETRIES:
            for plan in desk.plans_of(case):
                if plan["status"] in WAITING_PLANS:
                    planning.cancel(desk, plan, f"step {step.code}")
        case ActionKind.MARK_UNPAID:
            await _mark_unpaid(desk, case)
        case ActionKind.FLAG_RISK:
            desk.change(case, risk_flag=True)
        case ActionKind.MARK_DEFAULT:
            for item in desk.items_of(case):
                default(desk, case, item, local_date(desk.work.now, zone))
        case ActionKind.SEND_FORMAL_NOTICE:
            await noticing.demand(desk, case)
        case ActionKind.REQUEST_SUSPENSION:
            cutting.request(desk, case)
        case ActionKind.REQUEST_TERMINATION:
            ending.request_termination(desk, case, zone)


async def _alert(desk: Desk, case: Row, step: DunningStep) -> None:
    await raise_alert(
        desk.work,
        "RECOVERY_ESCALATED",
        AlertSeverity.WARNING,
        "Dossier de recouvrement",
        f"case {case['number']} reached step {step.code}, level {step.level}; decide how to go on",
        about=case["id"],
        company_id=case["company_id"],
        refs=[Ref(type="recovery_case", id=case["id"])],
    )


async def _mark_unpaid(desk: Desk, case: Row) -> None:
    """Collecting is given up; the amounts stay owed."""
    for item in desk.items_of(case):
        row = desk.instalments[item["instalment_id"]]
        status = InstalmentStatus(row["status"])
        if item["status"] != RecoveryItemStatus.OPEN or not INSTALMENT.allows("give up", status):
            continue
        row |= {"status": INSTALMENT.after("give up", status), "version": row["version"] + 1}
        await desk.work.execute(
            update(instalment)
            .where(instalment.c.id == row["id"])
            .values(status=row["status"], version=row["version"], updated_at=desk.work.now)
        )
        desk.work.emit(InstalmentUnpaid(**views.instalment_snapshot(row)), version=row["version"])


def default(desk: Desk, case: Row, item: Row, today: date) -> None:
    """The receivable is in default, once; receivable.defaulted."""
    if item["status"] == RecoveryItemStatus.OPEN and item["defaulted_on"] is None:
        desk.change(item, defaulted_on=today)
        desk.state(item, ReceivableDefaulted(**receivable_of(case, item), defaulted_on=today))


def receivable_of(case: Row, item: Row) -> dict[str, Any]:
    """The fields of ReceivableRef."""
    amount = views.money(item["outstanding"] or item["principal"], case["currency"])
    return dict(ReceivableRef.model_validate({**case, **item, "item_id": item["id"], "amount": amount}))


async def _default_late(desk: Desk, case: Row, terms: DunningTerms, zone: ZoneInfo) -> datetime | None:
    """Receivables that are late long enough are in default; the next day on which one will be."""
    today, upcoming = local_date(desk.work.now, zone), []
    for item in desk.items_of(case):
        if item["status"] != RecoveryItemStatus.OPEN or item["defaulted_on"] is not None:
            continue
        day = item["due_date"] + timedelta(days=terms.default_after_days)
        if day <= today:
            default(desk, case, item, today)
        else:
            upcoming.append(datetime.combine(day, time(9), tzinfo=zone))
    return min(upcoming, default=None)


def resume(desk: Desk, case: Row) -> None:
    """Go on with a paused case; recovery_case.resumed."""
    desk.change(
        case,
        status=RECOVERY_CASE.after("resume", RecoveryCaseStatus(case["status"])),
        pause_reason=None,
        paused_until=None,
    )
    desk.state(case, RecoveryCaseResumed(**desk.case_ref(case)))
