"""Months as commissions count them: local periods, full months, windows (commercial 6.1)."""

import calendar
from datetime import date


def period_of(day: date) -> str:
    """The `YYYY-MM` a day lies in."""
    return f"{day.year:04d}-{day.month:02d}"


def next_period(period: str) -> str:
    """The month after: 2025-12 -> 2026-01."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def last_day(period: str) -> date:
    """The last day of a period."""
    year, month = int(period[:4]), int(period[5:])
    return date(year, month, calendar.monthrange(year, month)[1])


def previous_period(day: date) -> str:
    """The month before the day's month."""
    return f"{day.year - (day.month == 1):04d}-{(day.month - 2) % 12 + 1:02d}"


def add_months(day: date, months: int) -> date:
    """The same day that many months later, the month's last day where it has fewer days."""
    position = day.year * 12 + day.month - 1 + months
    year, month = divmod(position, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def full_months(start: date, end: date) -> int:
    """The greatest n with add_months(start, n) <= end; 0 when end lies before start."""
    if end < start:
        return 0
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def month_index(effective_on: date, period_start: date) -> int:
    """1 for the month the contract takes effect in, 2 for the next one."""
    return 12 * (period_start.year - effective_on.year) + period_start.month - effective_on.month + 1


def window_end(start: date, months: int) -> date:
    """The first day outside a window."""
    return add_months(start, months)
