"""Metrics: who is active on a day, who left, and how recurring revenue moved between two days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from messages.values.money import round_cents

_ONE_DAY = timedelta(days=1)
_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Life:
    """One contract: its first and last day of service, why it ended, and its monthly revenue from each day on."""

    first: date
    last: date | None
    withdrawn: bool
    revenue: Sequence[tuple[date, Decimal]]

    def active_on(self, day: date) -> bool:
        """Whether it was in force that day."""
        return self.first <= day and (self.last is None or day <= self.last)

    def revenue_on(self, day: date) -> Decimal:
        """The monthly revenue agreed for that day; of a day before the first version that of the first."""
        known = [amount for start, amount in self.revenue if start <= day]
        return known[-1] if known else self.revenue[0][1]


@dataclass(slots=True)
class Movement:
    """How contracts and their monthly revenue moved; the amounts add up to the end."""

    active_at_start: int = 0
    active_at_end: int = 0
    started: int = 0
    churned: int = 0
    mrr_start: Decimal = _NOTHING
    new_mrr: Decimal = _NOTHING
    expansion: Decimal = _NOTHING
    contraction: Decimal = _NOTHING
    churned_mrr: Decimal = _NOTHING
    withdrawn_mrr: Decimal = _NOTHING
    mrr_end: Decimal = _NOTHING


def churn_rate(churned: int, active_before: int) -> Decimal:
    """Per cent of those active the day before; 0 when nobody was."""
    return round_cents(Decimal(churned * 100) / active_before) if active_before else _NOTHING


def movement(lives: Sequence[Life], first: date, last: date) -> Movement:
    """The movement from `first` to `last`, both included."""
    found = Movement()
    for life in lives:
        _add(found, life, first, last)
    return found


def _add(found: Movement, life: Life, first: date, last: date) -> None:
    before = first - _ONE_DAY
    found.active_at_start += life.active_on(before)
    if life.first <= before and (life.last is None or life.last >= first):
        current = life.revenue_on(before)
        found.mrr_start += current
    elif first <= life.first <= last:
        current = life.revenue_on(life.first)
        found.started += 1
        found.new_mrr += current
    else:
        return
    for start, amount in life.revenue:
        if max(first, life.first + _ONE_DAY) <= start <= min(last, life.last or last):
            found.expansion += max(amount - current, _NOTHING)
            found.contraction += max(current - amount, _NOTHING)
            current = amount
    _close(found, life, current, last)


def _close(found: Movement, life: Life, current: Decimal, last: date) -> None:
    """What a contract that ended took away, or what one that goes on after the last day brings."""
    if life.last is None or life.last > last:
        found.active_at_end += 1
        found.mrr_end += current
    elif life.withdrawn:
        found.withdrawn_mrr += current
    else:
        found.churned += 1
        found.churned_mrr += current
