"""activites: the pure rules of due dates, periods and states."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.activites import rules
from messages.activites import TaskPeriod, TaskPriority, TaskStatus
from messages.problem import Refused
from messages.values.business_days import is_business_day


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_case_1_a_day_is_late_from_the_first_instant_of_the_next() -> None:
    assert rules.due_at(date(2026, 3, 15), None) == instant("2026-03-15T23:00:00Z")
    assert rules.due_at(date(2026, 3, 15), time(14, 30)) == instant("2026-03-15T13:30:00Z")
    assert rules.due_at(None, None) is None


def test_case_2_clock_change() -> None:
    assert rules.due_at(date(2026, 3, 28), None) == instant("2026-03-28T23:00:00Z")
    assert rules.due_at(date(2026, 3, 29), None) == instant("2026-03-29T22:00:00Z")


def test_case_3_weeks_are_iso_weeks() -> None:
    assert rules.days_of(TaskPeriod.THIS_WEEK, date(2026, 3, 18)) == (date(2026, 3, 16), date(2026, 3, 22))
    assert rules.days_of(TaskPeriod.THIS_WEEK, date(2026, 3, 15)) == (date(2026, 3, 9), date(2026, 3, 15))


def test_case_4_a_month_holds_its_last_day() -> None:
    assert rules.days_of(TaskPeriod.THIS_MONTH, date(2026, 3, 18)) == (date(2026, 3, 1), date(2026, 3, 31))


def test_case_5_default_due_dates_skip_holidays() -> None:
    thursday = instant("2026-04-30T08:00:00Z")
    assert rules.default_due_date(TaskPriority.NORMAL, thursday) == date(2026, 5, 6)
    assert rules.default_due_date(TaskPriority.URGENT, thursday) == date(2026, 4, 30)
    assert rules.default_due_date(TaskPriority.URGENT, instant("2026-04-30T14:30:00Z")) == date(2026, 5, 4)


@given(st.sampled_from(list(TaskPriority)), st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.times())
def test_work_is_due_on_business_days(priority: TaskPriority, day: date, at: time) -> None:
    due = rules.default_due_date(priority, datetime.combine(day, at, UTC))
    assert is_business_day(due)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_the_welcome_call_comes_a_week_later_on_a_business_day(created_on: date) -> None:
    due = rules.welcome_call_on(created_on)
    assert is_business_day(due) and due - created_on >= timedelta(days=7)


def test_case_6_a_cancelled_task_cannot_be_completed() -> None:
    with pytest.raises(Refused) as refusal:
        rules.TASK.after("complete", TaskStatus.CANCELLED)
    assert refusal.value.details == {"from": "CANCELLED", "trigger": "complete"}
