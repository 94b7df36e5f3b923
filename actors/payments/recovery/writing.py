"""Messages to debtors: planned at an hour the law and the caps allow, cancelled when not needed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.contact import Sent, next_allowed
from actors.payments.rules.recovery_machines import REMINDER
from actors.payments.rules.references import failure_message_key
from messages.payments import (
    ReminderCancelled,
    ReminderChannel,
    ReminderPlanned,
    ReminderStatus,
    ReminderTrigger,
)
from messages.values.identifiers import new_id
from storage.payments.tables.recovery import reminder

_LOST = (ReminderStatus.FAILED, ReminderStatus.BOUNCED)


def plan_message(
    desk: Desk,
    case: Row,
    channel: ReminderChannel,
    template_key: str,
    key: str,
    zone: ZoneInfo,
    step: str | None = None,
    delay: timedelta = timedelta(0),
) -> None:
    """Plan a message about a case; one that would wait more than seven days is skipped. A key is planned once."""
    if any(row["key"] == key for row in desk.reminders.values()):
        return
    sent, hours = sent_to(desk, case["client_id"]), desk.contact_hours(case)
    at = next_allowed(desk.work.now + delay, channel, sent, hours, zone)
    row = desk.add(
        reminder,
        {
            "id": new_id(),
            "company_id": case["company_id"],
            "client_id": case["client_id"],
            "contract_id": case["contract_id"],
            "case_id": case["id"],
            "step_code": step,
            "channel": channel,
            "template_key": template_key,
            "variables": {},
            "planned_at": at or desk.work.now,
            "status": ReminderStatus.PENDING if at else ReminderStatus.SKIPPED,
            "skip_reason": None if at else "RATE_LIMITED",
            "key": key,
        },
    )
    if at is not None:
        desk.state(row, ReminderPlanned(**reminder_ref(row), planned_at=at))


def apply_rules(desk: Desk, case: Row, trigger: ReminderTrigger, key: str, zone: ZoneInfo) -> None:
    """Plan what the reminder policy wants said; a channel that has a message waiting says it all already."""
    for index, rule in enumerate(desk.reminding(case).rules):
        first_only = rule.only_first_rejection and case["rejection_count"] > 1
        if rule.trigger is not trigger or first_only:
            continue
        if trigger is ReminderTrigger.ON_REJECTION and has_message(desk, case, rule.channel):
            continue
        delay = timedelta(hours=rule.delay_hours)
        plan_message(desk, case, rule.channel, rule.template_key, f"{key}|{index}", zone, delay=delay)


def sent_to(desk: Desk, client_id: UUID) -> list[Sent]:
    """The messages that count for the caps of a client."""
    return [
        Sent(ReminderChannel(row["channel"]), row["requested_at"])
        for row in desk.reminders.values()
        if row["requested_at"] is not None and row["client_id"] == client_id and row["status"] not in _LOST
    ]


def has_message(desk: Desk, case: Row, channel: ReminderChannel) -> bool:
    """Whether a message of that channel about the case waits already: it says everything, a second one adds nothing."""
    return any(
        row["case_id"] == case["id"] and row["channel"] == channel and row["status"] == ReminderStatus.PENDING
        for row in desk.reminders.values()
    )


def cancel_messages(desk: Desk, case: Row, reason: str) -> None:
    """What did not leave yet is not sent."""
    for row in desk.reminders.values():
        if row["case_id"] == case["id"] and row["status"] == ReminderStatus.PENDING:
            cancel_message(desk, row, reason)


def announces(row: Row, plan: Row, attempts: Sequence[Row]) -> bool:
    """Whether a message tells of the plan's failed debits only, and so of the next one; the ladder's do not."""
    payments = {plan["original_payment_id"], *(attempt["payment_id"] for attempt in attempts)} - {None}
    return any(row["key"].startswith(failure_message_key(plan["case_id"], id_)) for id_ in payments)


def cancel_message(desk: Desk, row: Row, reason: str) -> None:
    """Keep one message from leaving; reminder.cancelled."""
    desk.change(row, status=REMINDER.after("cancel", ReminderStatus(row["status"])), skip_reason=reason)
    desk.state(row, ReminderCancelled(**reminder_ref(row), reason=reason))


def skip_message(desk: Desk, row: Row, reason: str) -> None:
    """Leave a message out whose sense is gone."""
    desk.change(row, status=REMINDER.after("skip", ReminderStatus(row["status"])), skip_reason=reason)
    desk.change(row, version=row["version"] + 1)


def reminder_ref(row: Row) -> dict[str, Any]:
    """The fields of ReminderRef."""
    return {
        "reminder_id": row["id"],
        "case_id": row["case_id"],
        "client_id": row["client_id"],
        "channel": row["channel"],
    }
