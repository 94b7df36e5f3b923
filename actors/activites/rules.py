"""Pure rules of activites: due dates, periods and the task's states."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.activites import TaskPeriod, TaskPriority, TaskStatus, TaskType
from messages.transitions import StateMachine
from messages.values.business_days import add_business_days, business_day_on_or_after
from messages.values.instants import PARIS

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
"""The place of tasks without date in lists."""

OPEN = (TaskStatus.TODO, TaskStatus.IN_PROGRESS)
REOPEN_WITHIN = timedelta(days=90)
WELCOME_AFTER = timedelta(days=7)
RESOLVED_BY_PAYMENT = (TaskType.UNPAID_FOLLOW_UP, TaskType.CALL)
LATEST_SAME_DAY = time(16)

_BUSINESS_DAYS = {TaskPriority.HIGH: 1, TaskPriority.NORMAL: 3, TaskPriority.LOW: 5}
_URGENCY = {TaskPriority.URGENT: 0, TaskPriority.HIGH: 1, TaskPriority.NORMAL: 2, TaskPriority.LOW: 3}

TASK = StateMachine(
    "task",
    {
        ("start", TaskStatus.TODO): TaskStatus.IN_PROGRESS,
        ("complete", TaskStatus.TODO): TaskStatus.DONE,
        ("complete", TaskStatus.IN_PROGRESS): TaskStatus.DONE,
        ("cancel", TaskStatus.TODO): TaskStatus.CANCELLED,
        ("cancel", TaskStatus.IN_PROGRESS): TaskStatus.CANCELLED,
        ("reopen", TaskStatus.DONE): TaskStatus.TODO,
        ("reopen", TaskStatus.CANCELLED): TaskStatus.TODO,
    },
)


def urgency_of(priority: TaskPriority) -> int:
    """The priority as a number that sorts: 0 is the most urgent."""
    return _URGENCY[priority]


def due_at(day: date | None, hour: time | None, zone: ZoneInfo = PARIS) -> datetime | None:
    """From when a task is late: its local time, or the first instant of the day after."""
    if day is None:
        return None
    local = datetime.combine(day, hour, zone) if hour else datetime.combine(day + timedelta(days=1), time(), zone)
    return local.astimezone(UTC)


def default_due_date(priority: TaskPriority, now: datetime, zone: ZoneInfo = PARIS) -> date:
    """When a task without date is due, in business days; urgent ones today, from 16:00 on the next business day."""
    local = now.astimezone(zone)
    if priority is TaskPriority.URGENT:
        day = local.date() + timedelta(days=1) if local.time() >= LATEST_SAME_DAY else local.date()
        return business_day_on_or_after(day)
    return add_business_days(local.date(), _BUSINESS_DAYS[priority])


def welcome_call_on(created_on: date) -> date:
    """A week after a client was created, on a business day."""
    return business_day_on_or_after(created_on + WELCOME_AFTER)


def days_of(period: TaskPeriod, today: date) -> tuple[date, date]:
    """First and last civil day of a period that has days."""
    match period:
        case TaskPeriod.TODAY:
            return today, today
        case TaskPeriod.THIS_WEEK:
            monday = today - timedelta(days=today.weekday())
            return monday, monday + timedelta(days=6)
        case TaskPeriod.THIS_MONTH:
            return today.replace(day=1), today.replace(day=monthrange(today.year, today.month)[1])
        case TaskPeriod.NEXT_7_DAYS:
            return today, today + timedelta(days=6)
        case TaskPeriod.NO_DATE:
            raise ValueError("NO_DATE has no days")
