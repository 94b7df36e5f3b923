"""Disputes at work: a contested receivable is left alone, the others of its case go on."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from actors.payments.alerts import raise_alert
from actors.payments.recovery import agreeing, climbing, cutting, following, planning, promising, writing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.people import ask_people
from actors.payments.rules.recovery_machines import RECOVERY_CASE, RECOVERY_ITEM
from messages.payments import (
    AlertSeverity,
    CasePauseReason,
    DisputeCause,
    DisputeOutcome,
    RecoveryCasePaused,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    ServiceState,
    SettlementStatus,
    StaffAction,
    TaskPriority,
)
from messages.shared import Ref
from messages.values.instants import local_date

ANSWER_WITHIN = timedelta(days=30)


def dispute(desk: Desk, case: Row, item: Row, cause: DisputeCause) -> None:
    """Leave a receivable alone; a case of which nothing else is asked pauses, recovery_case.paused."""
    desk.change(
        item,
        status=RECOVERY_ITEM.after("dispute", RecoveryItemStatus(item["status"])),
        dispute_cause=cause,
        dispute_outcome=None,
        disputed_on=local_date(desk.work.now),
        dispute_chased=False,
        version=item["version"] + 1,
    )
    for plan in desk.plans_of(case):
        if plan["item_id"] == item["id"]:
            planning.pause(desk, plan)
    for promise in desk.promises_of(case):
        promising.cancel(desk, case, promise)
    for settlement in desk.settlements_of(case, SettlementStatus.PROPOSED, SettlementStatus.ACTIVE):
        agreeing.cancel(desk, case, settlement)
    following.recount(desk, case)
    if not following.asks_for_something(desk, case) and case["status"] == RecoveryCaseStatus.OPEN:
        _pause(desk, case)


def _pause(desk: Desk, case: Row) -> None:
    status = RECOVERY_CASE.after("pause", RecoveryCaseStatus(case["status"]))
    desk.change(case, status=status, pause_reason=CasePauseReason.DISPUTE, next_step_due_at=None)
    writing.cancel_messages(desk, case, "DISPUTE")
    if case["service_state"] == ServiceState.SUSPENSION_REQUESTED:
        cutting.release(desk, case)
    desk.state(case, RecoveryCasePaused(**desk.case_ref(case), reason=CasePauseReason.DISPUTE))


async def resolve(desk: Desk, case: Row, item: Row, outcome: DisputeOutcome, zone: ZoneInfo) -> None:
    """Decide: a debt that stands is recovered again from where it stood, one that falls waits for its credit note."""
    trigger = "uphold" if outcome is DisputeOutcome.UPHELD else "reject dispute"
    status = RECOVERY_ITEM.after(trigger, RecoveryItemStatus(item["status"]))
    desk.change(item, status=status, dispute_outcome=outcome, version=item["version"] + 1)
    if outcome is DisputeOutcome.UPHELD:
        title = "Dispute upheld: credit what is not owed"
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH)
        return
    for plan in desk.plans_of(case):
        if plan["item_id"] == item["id"]:
            planning.resume(desk, plan, zone)
    following.recount(desk, case)
    if case["status"] == RecoveryCaseStatus.PAUSED and case["pause_reason"] == CasePauseReason.DISPUTE:
        climbing.resume(desk, case)
    await climbing.climb(desk, case, zone)


async def chase(desk: Desk, case: Row, today: date) -> None:
    """Nobody decided within thirty days: people are asked, once; the dispute itself stays as it is."""
    for item in desk.items_of(case):
        waits = item["status"] == RecoveryItemStatus.DISPUTED and not item["dispute_chased"]
        if not waits or item["disputed_on"] + ANSWER_WITHIN > today:
            continue
        desk.change(item, dispute_chased=True)
        title = "Dispute without answer for 30 days: decide it"
        ask_people(desk, case, StaffAction.CREATE_TASK, title, TaskPriority.HIGH)
        await raise_alert(
            desk.work,
            "RECOVERY_DISPUTE_OPEN",
            AlertSeverity.WARNING,
            "Contestation sans réponse",
            f"case {case['number']}: a receivable due on {item['due_date']} is disputed since {item['disputed_on']}; "
            "decide the dispute",
            about=item["id"],
            company_id=case["company_id"],
            refs=[Ref(type="recovery_case", id=case["id"])],
        )
