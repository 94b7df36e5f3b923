"""When an invoice is due and what a billing period covers: calendar arithmetic that never drifts."""

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum

DEBIT_GRACE = timedelta(days=5)
"""How long after a planned direct debit its outcome is waited for before the invoice counts as late."""


class TermBasis(StrEnum):
    """How the days of a payment term are counted.

    NET: from the invoice date. NET_THEN_EOM: days, then to the end of that month. EOM_THEN_NET: to the end of the
    invoice's month, then days. NEXT_DAY_OF_MONTH: days, then to the next such day of a month.
    """

    NET = "NET"
    NET_THEN_EOM = "NET_THEN_EOM"
    EOM_THEN_NET = "EOM_THEN_NET"
    NEXT_DAY_OF_MONTH = "NEXT_DAY_OF_MONTH"


class PeriodUnit(StrEnum):
    """What a billing period is a multiple of; ONE_OFF has a single period of one day."""

    ONE_OFF = "ONE_OFF"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


_MONTHS_OF_UNIT = {PeriodUnit.MONTH: 1, PeriodUnit.YEAR: 12}
_DAYS_OF_UNIT = {PeriodUnit.DAY: 1, PeriodUnit.WEEK: 7}

_LEGAL_CAP_DAYS = {
    TermBasis.NET: 60,
    TermBasis.NEXT_DAY_OF_MONTH: 60,
    TermBasis.NET_THEN_EOM: 45,
    TermBasis.EOM_THEN_NET: 45,
}


def due_date(invoice_date: date, days: int, basis: TermBasis | str, day_of_month: int | None = None) -> date:
    """The civil date by which an invoice must be paid. Never shifted for weekends: debits move, debts do not."""
    if not 0 <= days <= 365:
        raise ValueError(f"days {days} of a payment term must lie between 0 and 365")
    after_days = invoice_date + timedelta(days=days)
    match TermBasis(basis):
        case TermBasis.NET:
            return after_days
        case TermBasis.NET_THEN_EOM:
            return end_of_month(after_days)
        case TermBasis.EOM_THEN_NET:
            return end_of_month(invoice_date) + timedelta(days=days)
        case TermBasis.NEXT_DAY_OF_MONTH:
            if day_of_month is None or not 1 <= day_of_month <= 31:
                raise ValueError("day_of_month must lie between 1 and 31 for the basis NEXT_DAY_OF_MONTH")
            return _next_day_of_month(after_days, day_of_month)


def term_exceeds_legal_cap(days: int, basis: TermBasis | str) -> bool:
    """Whether a term between businesses is longer than the law allows: 60 days, or 45 to the end of a month.

    Source: Code de commerce, art. L441-10.
    """
    return days > _LEGAL_CAP_DAYS[TermBasis(basis)]


def billing_period(anchor: date, unit: PeriodUnit | str, count: int, index: int) -> tuple[date, date]:
    """First and last day of the period number `index` (from 0), both included, always computed from the anchor."""
    if count < 1 or index < 0:
        raise ValueError(f"a billing period needs count >= 1 and index >= 0, not {count} and {index}")
    kind = PeriodUnit(unit)
    if kind is PeriodUnit.ONE_OFF:
        if index:
            raise ValueError(f"a one-off has period 0 only, not {index}")
        return anchor, anchor
    start, next_start = (_period_start(anchor, kind, count * number) for number in (index, index + 1))
    return start, next_start - timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """The same day that many months later (or earlier), clamped to the end of a shorter month."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month_index + 1, min(day.day, monthrange(year, month_index + 1)[1]))


def whole_months(start: date, end: date) -> int:
    """The greatest n with add_months(start, n) <= end; 0 when end lies before start."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return max(0, months if add_months(start, months) <= end else months - 1)


def end_of_month(day: date) -> date:
    """The last day of the day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _next_day_of_month(earliest: date, day_of_month: int) -> date:
    this_month = _clamped(earliest, day_of_month)
    if this_month >= earliest:
        return this_month
    return _clamped(add_months(earliest.replace(day=1), 1), day_of_month)


def _clamped(month: date, day_of_month: int) -> date:
    return month.replace(day=min(day_of_month, monthrange(month.year, month.month)[1]))


def _period_start(anchor: date, unit: PeriodUnit, units: int) -> date:
    if unit in _MONTHS_OF_UNIT:
        return add_months(anchor, _MONTHS_OF_UNIT[unit] * units)
    return anchor + timedelta(days=_DAYS_OF_UNIT[unit] * units)


def late_from(due_on: date | None, debit_on: date | None) -> date | None:
    """The first day on which an open invoice is late: after its due date, or after a later debit and its grace."""
    if due_on is None:
        return None
    return (max(due_on, debit_on + DEBIT_GRACE) if debit_on and debit_on > due_on else due_on) + timedelta(days=1)
