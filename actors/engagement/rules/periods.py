"""Which civil days a period of the dashboard covers, and with which it is compared."""

from datetime import date, timedelta

from messages.engagement import Comparison, Days, KpiPeriod

_ONE_DAY = timedelta(days=1)


def days_of(period: KpiPeriod, today: date, custom: Days | None = None) -> Days:
    """The days of a period, seen from today."""
    match period:
        case KpiPeriod.CURRENT_MONTH:
            return Days(first=today.replace(day=1), last=today)
        case KpiPeriod.LAST_MONTH:
            last = today.replace(day=1) - _ONE_DAY
            return Days(first=last.replace(day=1), last=last)
        case KpiPeriod.CURRENT_QUARTER:
            return Days(first=_quarter_start(today), last=today)
        case KpiPeriod.LAST_QUARTER:
            last = _quarter_start(today) - _ONE_DAY
            return Days(first=_quarter_start(last), last=last)
        case KpiPeriod.CURRENT_YEAR:
            return Days(first=today.replace(month=1, day=1), last=today)
        case KpiPeriod.ROLLING_12:
            return Days(first=_months_later(today.replace(day=1), -12), last=today.replace(day=1) - _ONE_DAY)
        case KpiPeriod.CUSTOM:
            if custom is None:
                raise ValueError("a custom period needs its days")
            return custom


def compared_with(period: KpiPeriod, days: Days, comparison: Comparison) -> Days | None:
    """The days a period is compared with; None when it is not."""
    match comparison:
        case Comparison.NONE:
            return None
        case Comparison.YEAR_AGO:
            return Days(first=_months_later(days.first, -12), last=_months_later(days.last, -12))
        case Comparison.PREVIOUS:
            return _previous(period, days)


def _previous(period: KpiPeriod, days: Days) -> Days:
    match period:
        case KpiPeriod.CURRENT_MONTH:
            return Days(first=_months_later(days.first, -1), last=_months_later(days.last, -1))
        case KpiPeriod.CURRENT_YEAR:
            return Days(first=_months_later(days.first, -12), last=_months_later(days.last, -12))
        case KpiPeriod.CURRENT_QUARTER:
            first = _months_later(days.first, -3)
            return Days(first=first, last=min(first + (days.last - days.first), days.first - _ONE_DAY))
        case KpiPeriod.LAST_MONTH:
            return Days(first=_months_later(days.first, -1), last=days.first - _ONE_DAY)
        case KpiPeriod.LAST_QUARTER:
            return Days(first=_months_later(days.first, -3), last=days.first - _ONE_DAY)
        case KpiPeriod.ROLLING_12:
            return Days(first=_months_later(days.first, -12), last=days.first - _ONE_DAY)
        case KpiPeriod.CUSTOM:
            length = days.last - days.first + _ONE_DAY
            return Days(first=days.first - length, last=days.first - _ONE_DAY)


def _quarter_start(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _months_later(day: date, count: int) -> date:
    """The same day that many months later, at most the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (first_of_next - _ONE_DAY).day))
