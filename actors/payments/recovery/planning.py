"""Plans and their attempts: made, dated, gone on with, ended."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules import retrying
from actors.payments.rules.contact import next_allowed
from actors.payments.rules.reasons import reason_of
from actors.payments.rules.recovery_machines import LIVE_PLANS, RETRY_ATTEMPT, RETRY_PLAN
from actors.payments.rules.retrying import Debtor
from messages.payments import (
    ReminderChannel,
    RetryAttemptCancelled,
    RetryAttemptFailed,
    RetryAttemptScheduled,
    RetryAttemptStatus,
    RetryAttemptSucceeded,
    RetryEligibility,
    RetryPlanCancelled,
    RetryPlanCreated,
    RetryPlanExhausted,
    RetryPlanStatus,
    RetryTerms,
)
from messages.values.identifiers import derived_id, new_id
from messages.values.instants import local_date
from storage.payments.tables.recovery import retry_attempt, retry_plan

_RESOLUTIONS = {
    RetryEligibility.NOT_ELIGIBLE_MAX_ATTEMPTS: "MAX_ATTEMPTS",
    RetryEligibility.NOT_ELIGIBLE_MAX_DURATION: "MAX_DURATION",
}


def make(
    desk: Desk, case: Row, item: Row, payment: Any, terms: RetryTerms, debtor: Debtor, lead: int, zone: ZoneInfo
) -> Row:
    """A plan for a debit that failed, with its first attempt if the rules allow one; retry_plan.created."""
    code, today = item["last_reason_code"], local_date(desk.work.now, zone)
    verdict = retrying.eligibility(terms, code, 0, debtor)
    plan = desk.add(
        retry_plan,
        {
            "id": new_id(),
            "case_id": case["id"],
            "item_id": item["id"],
            "client_id": case["client_id"],
            "contract_id": case["contract_id"],
            "invoice_id": item["invoice_id"],
            "original_payment_id": payment["original_payment_id"] or payment["id"],
            "mandate_id": payment["mandate_id"],
            "reason_code": code,
            "first_rejection": today,
            "terms": terms.model_dump(mode="json"),
            "lead_target_days": lead,
            "amount": item["outstanding"],
            "currency": case["currency"],
            "eligibility": verdict,
            "status": RetryPlanStatus.ACTIVE,
            "attempts_made": 0,
            "max_attempts": retrying.effective_attempts(terms, code),
        },
    )
    if verdict is not RetryEligibility.ELIGIBLE:
        refuse(desk, plan, verdict)
    elif not schedule(desk, plan, today, zone):
        plan["eligibility"] = RetryEligibility.NOT_ELIGIBLE_MAX_DURATION
        plan["status"], plan["resolution_reason"] = RetryPlanStatus.EXHAUSTED, "MAX_DURATION"
    made = RetryPlanCreated(
        **desk.retry_ref(plan),
        eligibility=plan["eligibility"],
        category=reason_of(code).category,
        max_attempts=plan["max_attempts"],
    )
    desk.state(plan, made)
    return plan


def schedule(desk: Desk, plan: Row, last_outcome: date, zone: ZoneInfo, *, at_once: bool = False) -> bool:
    """Date the next attempt; False when none fits into the policy's window."""
    number = plan["attempts_made"] + 1
    found = _date_of(desk, plan, number, last_outcome, zone, at_once=at_once)
    if found is None:
        return False
    attempt = desk.add(
        retry_attempt,
        {
            "id": derived_id("attempt", plan["id"], number),
            "plan_id": plan["id"],
            "number": number,
            "planned_collection_date": found.collection_date,
            "submit_at": found.submit_at,
            "status": RetryAttemptStatus.SCHEDULED,
            "mandate_id": plan["mandate_id"],
        },
    )
    _say_scheduled(desk, plan, attempt)
    return True


def move(desk: Desk, plan: Row, attempt: Row, zone: ZoneInfo) -> bool:
    """Give an attempt whose bank day was missed a new date, with a new notice; False when none fits."""
    last = local_date(desk.work.now, zone)
    found = _date_of(desk, plan, attempt["number"], last, zone, without=attempt)
    if found is None:
        return False
    desk.change(attempt, planned_collection_date=found.collection_date, submit_at=found.submit_at)
    _say_scheduled(desk, plan, attempt)
    return True


def _date_of(
    desk: Desk,
    plan: Row,
    number: int,
    last_outcome: date,
    zone: ZoneInfo,
    without: Row | None = None,
    *,
    at_once: bool = False,
) -> retrying.AttemptDate | None:
    terms = RetryTerms.model_validate(plan["terms"])
    hours = desk.contact_hours(desk.cases[plan["case_id"]])
    told = next_allowed(desk.work.now, ReminderChannel.EMAIL, (), hours, zone) or desk.work.now
    return retrying.attempt_date(
        terms,
        first_rejection=plan["first_rejection"],
        number=number,
        last_outcome=last_outcome,
        notice_on=local_date(told, zone),
        now=desk.work.now,
        lead=plan["lead_target_days"],
        zone=zone,
        taken=desk.taken_dates(plan["mandate_id"], without["id"] if without else None),
        closed=desk.bank_holidays,
        at_once=at_once,
    )


def _say_scheduled(desk: Desk, plan: Row, attempt: Row) -> None:
    fact = RetryAttemptScheduled(
        **desk.retry_ref(plan),
        attempt_id=attempt["id"],
        attempt_number=attempt["number"],
        planned_collection_date=attempt["planned_collection_date"],
    )
    desk.state(attempt, fact)


# -- outcomes ------------------------------------------------------------------------------------------------------


def succeed(desk: Desk, plan: Row, attempt: Row) -> None:
    """The attempt brought the money; retry_attempt.succeeded."""
    desk.change(attempt, status=RETRY_ATTEMPT.after("succeed", RetryAttemptStatus(attempt["status"])))
    desk.change(
        plan, status=RETRY_PLAN.after("succeed", RetryPlanStatus(plan["status"])), resolution_reason="RETRY_SUCCEEDED"
    )
    fact = RetryAttemptSucceeded(
        **desk.retry_ref(plan),
        attempt_id=attempt["id"],
        attempt_number=attempt["number"],
        payment_id=attempt["payment_id"],
    )
    desk.state(attempt, fact)


def fail(desk: Desk, plan: Row, attempt: Row, code: str, debtor: Debtor, zone: ZoneInfo) -> None:
    """The attempt failed or its money was taken back: the next one is dated, or the plan ends."""
    desk.change(
        attempt, status=RETRY_ATTEMPT.after("fail", RetryAttemptStatus(attempt["status"])), new_reason_code=code
    )
    terms, today = RetryTerms.model_validate(plan["terms"]), local_date(desk.work.now, zone)
    verdict = retrying.eligibility(terms, code, plan["attempts_made"], debtor)
    next_date = None
    if verdict is RetryEligibility.ELIGIBLE and schedule(desk, plan, today, zone):
        desk.change(plan, status=RETRY_PLAN.after("go on", RetryPlanStatus(plan["status"])), resolution_reason=None)
        next_date = desk.attempts_of(plan)[-1]["planned_collection_date"]
    elif verdict is RetryEligibility.ELIGIBLE:
        exhaust(desk, plan, RetryEligibility.NOT_ELIGIBLE_MAX_DURATION)
    elif verdict is RetryEligibility.NOT_ELIGIBLE_MAX_ATTEMPTS:
        exhaust(desk, plan, verdict)
    else:
        refuse(desk, plan, verdict)
    fact = RetryAttemptFailed(
        **desk.retry_ref(plan),
        attempt_id=attempt["id"],
        attempt_number=attempt["number"],
        new_rejection_code=code,
        has_more_attempts=next_date is not None,
        next_collection_date=next_date,
    )
    desk.state(attempt, fact)


def exhaust(desk: Desk, plan: Row, why: RetryEligibility) -> None:
    """No further presentation: retry_plan.exhausted."""
    status = RETRY_PLAN.after("exhaust", RetryPlanStatus(plan["status"]))
    desk.change(plan, status=status, eligibility=why, resolution_reason=_RESOLUTIONS.get(why, "RULE"))
    desk.state(plan, RetryPlanExhausted(**desk.retry_ref(plan), attempts=plan["attempts_made"]))


def refuse(desk: Desk, plan: Row, why: RetryEligibility) -> None:
    """The rules forbid another presentation; the ladder climbs on its fallback days."""
    status = RETRY_PLAN.after("refuse", RetryPlanStatus(plan["status"]))
    desk.change(plan, status=status, eligibility=why, resolution_reason=why.removeprefix("NOT_ELIGIBLE_"))


def revive(desk: Desk, plan: Row, mandate_id: UUID, zone: ZoneInfo) -> None:
    """The debtor gave a new mandate: present once more under it, without delay; only once per plan."""
    if plan["status"] != RetryPlanStatus.NOT_ELIGIBLE or plan["mandate_id"] == mandate_id:
        return
    desk.change(plan, mandate_id=mandate_id)
    if schedule(desk, plan, local_date(desk.work.now, zone), zone, at_once=True):
        status = RETRY_PLAN.after("revive", RetryPlanStatus(plan["status"]))
        desk.change(plan, status=status, eligibility=RetryEligibility.ELIGIBLE, resolution_reason=None)
        desk.change(plan, version=plan["version"] + 1)


def pause(desk: Desk, plan: Row) -> None:
    """Nothing is presented for now; what is scheduled keeps its number."""
    if RETRY_PLAN.allows("pause", plan["status"]):
        desk.change(plan, status=RETRY_PLAN.after("pause", plan["status"]), version=plan["version"] + 1)


def resume(desk: Desk, plan: Row, zone: ZoneInfo) -> None:
    """Go on with a plan that a dispute held back: its attempt gets a new date, or the plan ends where none fits."""
    today = local_date(desk.work.now, zone)
    if plan["status"] == RetryPlanStatus.PAUSED:
        waiting = [row for row in desk.attempts_of(plan) if row["status"] == RetryAttemptStatus.SCHEDULED]
        if all(move(desk, plan, attempt, zone) for attempt in waiting):
            desk.change(plan, status=RETRY_PLAN.after("go on", plan["status"]), version=plan["version"] + 1)
            return
        drop_scheduled(desk, plan, "skip", "MAX_DURATION")
        exhaust(desk, plan, RetryEligibility.NOT_ELIGIBLE_MAX_DURATION)
    elif plan["eligibility"] == RetryEligibility.NOT_ELIGIBLE_DISPUTED and RETRY_PLAN.allows("revive", plan["status"]):
        terms = RetryTerms.model_validate(plan["terms"])
        if plan["attempts_made"] < retrying.effective_attempts(terms, plan["reason_code"]) and schedule(
            desk, plan, today, zone
        ):
            desk.change(
                plan,
                status=RETRY_PLAN.after("revive", plan["status"]),
                eligibility=RetryEligibility.ELIGIBLE,
                resolution_reason=None,
                version=plan["version"] + 1,
            )


def settle(desk: Desk, plan: Row) -> None:
    """The receivable was settled some other way: what was scheduled is not presented."""
    if not RETRY_PLAN.allows("settle", plan["status"]):
        return
    waiting = plan["status"] in LIVE_PLANS
    desk.change(plan, status=RETRY_PLAN.after("settle", RetryPlanStatus(plan["status"])))
    if waiting:
        desk.change(plan, resolution_reason="PAID_ELSEWHERE")
    drop_scheduled(desk, plan, "skip", "settled")


def cancel(desk: Desk, plan: Row, reason: str) -> None:
    """Stop a plan; retry_plan.cancelled."""
    desk.change(
        plan,
        status=RETRY_PLAN.after("cancel", RetryPlanStatus(plan["status"])),
        eligibility=RetryEligibility.NOT_ELIGIBLE_MANUAL_CANCEL,
        resolution_reason=reason,
    )
    drop_scheduled(desk, plan, "cancel", reason)
    desk.state(plan, RetryPlanCancelled(**desk.retry_ref(plan), reason=reason))


def drop_scheduled(desk: Desk, plan: Row, trigger: str, reason: str) -> None:
    """Take back what is scheduled and not presented; retry_attempt.cancelled."""
    for attempt in desk.attempts_of(plan):
        if attempt["status"] == RetryAttemptStatus.SCHEDULED:
            desk.change(attempt, status=RETRY_ATTEMPT.after(trigger, RetryAttemptStatus(attempt["status"])))
            fact = RetryAttemptCancelled(**desk.retry_ref(plan), attempt_id=attempt["id"], reason=reason)
            desk.state(attempt, fact)
