"""Messages to debtors: planned at an hour the law and the caps allow, sent by the minute's job, cancelled when not needed."""

from zoneinfo import ZoneInfo

from sqlalchemy import select

from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.contact import Sent, next_allowed
from actors.payments.rules.recovery_machines import REMINDER
from messages.payments import (
    ReminderCancelled,
    ReminderChannel,
    ReminderPlanned,
    ReminderRequested,
    ReminderStatus,
    RetryAttemptStatus,
)
from messages.values.identifiers import new_id
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import recovery_case, reminder

_PAGE = 200
DEBIT_FAILED = "DUNNING_DEBIT_FAILED"
PAYMENT_RECEIVED = "DUNNING_PAYMENT_RECEIVED"


def plan_message(
    desk: Desk,
    case: Row,
    channel: ReminderChannel,
    template_key: str,
    key: str,
    zone: ZoneInfo,
    step: str | None = None,
) -> None:
    """Plan a message about a case; one that would wait more than seven days is skipped. A key is planned once."""
    if any(row["key"] == key for row in desk.reminders.values()):
        return
    sent = [
        Sent(ReminderChannel(row["channel"]), row["sent_at"])
        for row in desk.reminders.values()
        if row["sent_at"] is not None and row["client_id"] == case["client_id"]
    ]
    at = next_allowed(desk.work.now, channel, sent, zone=zone)
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
            "variables": _variables(desk, case),
            "planned_at": at or desk.work.now,
            "status": ReminderStatus.PENDING if at else ReminderStatus.SKIPPED,
            "skip_reason": None if at else "RATE_LIMITED",
            "key": key,
        },
    )
    if at is not None:
        desk.state(row, ReminderPlanned(**_ref(row), planned_at=at))


def has_message(desk: Desk, case: Row, channel: ReminderChannel) -> bool:
    """Whether a message of that channel about the case waits already: it says everything, a second one adds nothing."""
    return any(
        row["case_id"] == case["id"] and row["channel"] == channel and row["status"] == ReminderStatus.PENDING
        for row in desk.reminders.values()
    )


def _variables(desk: Desk, case: Row) -> dict[str, str]:
    """Amount and date of the next debit must stand in every message: it is the pre-notification of that debit."""
    dates = [
        attempt["planned_collection_date"]
        for plan in desk.plans_of(case)
        for attempt in desk.attempts_of(plan)
        if attempt["status"] == RetryAttemptStatus.SCHEDULED
    ]
    codes = [item["last_reason_code"] for item in desk.items_of(case)]
    return {
        "case_number": case["number"],
        "amount": f"{case['outstanding']:.2f}",
        "currency": case["currency"],
        "reason_code": codes[-1] if codes else "",
        "next_collection_date": min(dates).isoformat() if dates else "",
    }


def cancel_messages(desk: Desk, case: Row, reason: str) -> None:
    """What did not leave yet is not sent."""
    for row in desk.reminders.values():
        if row["case_id"] == case["id"] and row["status"] == ReminderStatus.PENDING:
            cancel_message(desk, row, reason)


def cancel_message(desk: Desk, row: Row, reason: str) -> None:
    """Keep one message from leaving; reminder.cancelled."""
    desk.change(row, status=REMINDER.after("cancel", ReminderStatus(row["status"])), skip_reason=reason)
    desk.state(row, ReminderCancelled(**_ref(row), reason=reason))


def _ref(row: Row) -> dict[str, object]:
    return {
        "reminder_id": row["id"],
        "case_id": row["case_id"],
        "client_id": row["client_id"],
        "channel": row["channel"],
    }


async def send_due(moment: Moment, work: UnitOfWork) -> object:
    """Messages whose hour has come are ordered from engagement; reminder.requested."""
    rows = await work.fetch(
        select(reminder.c.client_id)
        .join(recovery_case, recovery_case.c.id == reminder.c.case_id)
        .where(
            reminder.c.organisation_id == work.organisation_id,
            reminder.c.status == ReminderStatus.PENDING,
            reminder.c.planned_at <= moment.as_of,
        )
        .order_by(reminder.c.planned_at, reminder.c.id)
        .limit(_PAGE)
    )
    if not rows:
        return None
    desk = Desk(work)
    await desk.load(row["client_id"] for row in rows)
    for row in sorted(desk.reminders.values(), key=lambda row: (row["planned_at"], row["id"])):
        if row["status"] == ReminderStatus.PENDING and row["planned_at"] <= moment.as_of:
            _send(desk, row)
    await desk.store()
    return MORE if len(rows) == _PAGE else None


def _send(desk: Desk, row: Row) -> None:
    desk.change(row, status=REMINDER.after("send", ReminderStatus(row["status"])), sent_at=desk.work.now)
    fact = ReminderRequested.model_validate(
        {
            **_ref(row),
            "company_id": row["company_id"],
            "contract_id": row["contract_id"],
            "invoice_id": row["invoice_id"],
            "template_key": row["template_key"],
            "variables": row["variables"],
        }
    )
    desk.state(row, fact)
