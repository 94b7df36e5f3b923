"""Interest for late payment between businesses (Code de commerce art. L441-10): the rate of each semester, to the day."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from actors.factures.rules.mentions import late_interest_rate
from messages.values.money import round_cents

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


def segments(due_date: date, until: date) -> list[Segment]:
    """The late days, from the day after the due date to `until`, by semester; none when nothing is late."""
    found, first = [], due_date + _ONE_DAY
    while first <= until:
        last = min(until, _end_of_semester(first))
        found.append(Segment(first, last, late_interest_rate(first)))
        first = last + _ONE_DAY
    return found


def interest(outstanding: Decimal, late: list[Segment]) -> Decimal:
    """The interest on an open amount, in cents; summed exactly and rounded once."""
    exact = sum((outstanding * part.rate * part.days for part in late), Decimal(0))
    return round_cents(exact / (100 * _DAYS_OF_YEAR))


def _end_of_semester(day: date) -> date:
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)
