"""Billing periods: how many months one of them is."""

from decimal import ROUND_HALF_UP, Decimal

from messages.values.due_dates import PeriodUnit

_SIX_DECIMALS = Decimal("0.000001")
_MONTHS_A_YEAR = 12
_PERIODS_A_YEAR = {PeriodUnit.YEAR: 1, PeriodUnit.MONTH: 12, PeriodUnit.WEEK: 52, PeriodUnit.DAY: 365}


def months_equivalent(unit: PeriodUnit, count: int) -> Decimal | None:
    """Months of a period, six decimals, half up; None for what is billed once. Recurring revenue is divided by it."""
    a_year = _PERIODS_A_YEAR.get(unit)
    return (Decimal(_MONTHS_A_YEAR * count) / a_year).quantize(_SIX_DECIMALS, ROUND_HALF_UP) if a_year else None
