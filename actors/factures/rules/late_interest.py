"""Interest for late payment between businesses (Code de commerce art. L441-10): the rate of each semester, to the day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from messages.values.money import round_cents

Rates = Mapping[str, Decimal]
"""Rates of the central bank by semester."""

# Rate of the European Central Bank on 1 January and 1 July, by semester.
_ECB_RATES: Final = {
    "2024-S1": Decimal("4.50"),
    "2024-S2": Decimal("4.25"),
    "2025-S1": Decimal("3.15"),
    "2025-S2": Decimal("2.15"),
    "2026-S1": Decimal("2.15"),
}
POINTS_ABOVE_ECB: Final = Decimal("10.00")
_DAYS_OF_YEAR = 365
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive late days at one rate."""

    first: date
    last: date
    rate: Decimal

    @property
    def days(self) -> int:
        """Both ends included."""
        return (self.last - self.first).days + 1


def known_rates(entered: Rates | None = None) -> dict[str, Decimal]:
    """The central bank's rates by semester: those known at release, and what a person entered before them."""
    return dict(sorted((_ECB_RATES | dict(entered or {})).items()))


def semester_of(on: date) -> str:
    """`2026-S1`."""
    return f"{on.year}-S{1 if on.month <= 6 else 2}"


def late_interest_rate(on: date, entered: Rates | None = None) -> Decimal:
    """The rate of late interest between businesses: the central bank's of the semester plus ten points (C. com. L441-10).

    Where a semester is missing, the last known one counts.
    """
    rates = known_rates(entered)
    known = max((name for name in rates if name <= semester_of(on)), default=min(rates))
    return rates[known] + POINTS_ABOVE_ECB


def segments(due_date: date, until: date, entered: Rates | None = None) -> list[Segment]:
    """The late days, from the day after the due date to `until`, by semester; none when nothing is late."""
    found, first = [], due_date + _ONE_DAY
    while first <= until:
        last = min(until, _end_of_semester(first))
        found.append(Segment(first, last, late_interest_rate(first, entered)))
        first = last + _ONE_DAY
    return found


def interest(outstanding: Decimal, late: list[Segment]) -> Decimal:
    """The interest on an open amount, in cents; summed exactly and rounded once."""
    exact = sum((outstanding * part.rate * part.days for part in late), Decimal(0))
    return round_cents(exact / (100 * _DAYS_OF_YEAR))


def _end_of_semester(day: date) -> date:
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)
