"""What is expected of a day, how much of it the bank will return, and how good the expectation was."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from messages.values.due_dates import add_months
from messages.values.money import CENT, round_cents

FORECAST_MONTHS = 13
STATISTICS_MONTHS = 6
_SMALLEST_SAMPLE = 20
_MONTHS_OF_PERIOD = {"MONTHLY": 1, "QUARTERLY": 3, "SEMIANNUAL": 6, "ANNUAL": 12}


@dataclass(frozen=True, slots=True)
class Sample:
    """How many debits were presented, and how many of them came back."""

    presented: int = 0
    rejected: int = 0

    @property
    def is_large_enough(self) -> bool:
        """Whether a rate of it means anything."""
        return self.presented >= _SMALLEST_SAMPLE


def rejection_rate(of_lot: Sample, of_company: Sample) -> Decimal:
    """The share of debits that come back: of the lot if known well enough, else of the company, else none."""
    for sample in (of_lot, of_company):
        if sample.is_large_enough:
            return Decimal(sample.rejected) / sample.presented
    return Decimal(0)


def collected(expected: Decimal, rate: Decimal) -> Decimal:
    """What will stay of an amount."""
    return round_cents(expected * (1 - rate))


def accuracy(expected: Decimal, actual: Decimal) -> Decimal | None:
    """By how many percent the day differed; None when nothing was expected."""
    if not expected:
        return None
    return ((actual / expected - 1) * 100).quantize(CENT, ROUND_HALF_UP) + 0


def months_billed(frequency: str, starts_on: date, ends_on: date | None, months: Iterable[date]) -> Iterator[date]:
    """Those of the months (given by their first days) in which a billing period of the contract begins."""
    step = _MONTHS_OF_PERIOD.get(frequency)
    if step is None:
        return
    first = starts_on.replace(day=1)
    for month in months:
        distance = (month.year - first.year) * 12 + month.month - first.month
        if distance >= 0 and distance % step == 0:
            begins = add_months(starts_on, distance)
            if ends_on is None or begins <= ends_on:
                yield month
