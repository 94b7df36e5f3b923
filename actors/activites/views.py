"""Rows of activites as the messages show them."""

from datetime import datetime
from typing import Any

from actors.activites import rules
from messages.activites import Activity, ActivityType, Task, TaskSnapshot, TimelineEntry
from messages.values.money import Money
from runtime.unit_of_work import Row


def number_of(row: Row) -> str:
    """`T-000123`."""
    return f"T-{row['number']:06d}"


def task_of(row: Row, now: datetime) -> Task:
    """A task in full."""
    overdue = row["status"] in rules.OPEN and row["due_at"] is not None and now >= row["due_at"]
    return Task.model_validate(dict(row) | {"task_id": row["id"], "number": number_of(row), "overdue": overdue})


def snapshot_of(row: Row) -> dict[str, Any]:
    """The fields of TaskSnapshot, from which events are made."""
    return dict(TaskSnapshot.model_validate(dict(row) | {"task_id": row["id"], "number": number_of(row)}))


def activity_of(row: Row) -> Activity:
    """An activity."""
    return Activity.model_validate(dict(row))


def activity_type_of(row: Row) -> ActivityType:
    """An activity type."""
    return ActivityType.model_validate(dict(row))


def entry_of(row: Row) -> TimelineEntry:
    """A line of a timeline."""
    amount = Money(amount=row["amount"], currency=row["currency"]) if row["amount"] is not None else None
    return TimelineEntry.model_validate(dict(row) | {"amount": amount})
