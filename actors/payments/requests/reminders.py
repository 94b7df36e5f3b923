"""Reminders as collections agents see and stop them."""

from sqlalchemy import select

from actors.payments.recovery import shown, writing
from actors.payments.recovery.found import desk_of
from messages.payments import (
    REMINDER_NOT_FOUND,
    CancelReminder,
    GetReminder,
    ListReminders,
    Reminder,
    ReminderPage,
)
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import reminder


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
    if request.planned_from is not None:
        statement = statement.where(reminder.c.planned_at >= request.planned_from)
    if request.planned_to is not None:
        statement = statement.where(reminder.c.planned_at <= request.planned_to)
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
