"""From a schedule to dated instalments: periods that never drift, dates from calendar, a fallback when it is silent."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from actors.payments.rules.dates import target_day
from messages.payments import PlannedBy, ScheduleFrequency
from messages.values.due_dates import add_months

_MONTHS = {ScheduleFrequency.MONTHLY: 1, ScheduleFrequency.QUARTERLY: 3, ScheduleFrequency.YEARLY: 12}
_MOST_MONTHS = 24

FREQUENCIES = {
    "ONE_OFF": (ScheduleFrequency.ONCE, 1),
    "MONTHLY": (ScheduleFrequency.MONTHLY, 1),
    "QUARTERLY": (ScheduleFrequency.QUARTERLY, 1),
    "SEMIANNUAL": (ScheduleFrequency.MONTHLY, 6),
    "ANNUAL": (ScheduleFrequency.YEARLY, 1),
}
"""A contract's billing frequency as the unit and interval of its schedule."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What of a schedule decides its periods and dates."""

    frequency: ScheduleFrequency
    interval: int
    anchor: date
    end: date | None
    next_index: int
    month_offset: int | None
    preferred_day: int | None
    anchor_index: int = 0


@dataclass(frozen=True, slots=True)
class DebitDay:
    """The debit date of a month, and calendar's reasons for it."""

    day: date
    original: date
    planned_by: PlannedBy
    config: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PlannedPeriod:
    """A period with its debit date."""

    index: int
    start: date
    end: date
    debit: DebitDay


def period_start(rhythm: Rhythm, index: int) -> date:
    """The first day of a period, always counted from the anchor."""
    steps = rhythm.interval * (index - rhythm.anchor_index)
    if rhythm.frequency is ScheduleFrequency.WEEKLY:
        return rhythm.anchor + timedelta(days=7 * steps)
    return add_months(rhythm.anchor, _MONTHS.get(rhythm.frequency, 0) * steps)


def period_end(rhythm: Rhythm, index: int) -> date:
    """The last day of a period."""
    if rhythm.frequency is ScheduleFrequency.ONCE:
        return rhythm.anchor
    return period_start(rhythm, index + 1) - timedelta(days=1)


def month_of(day: date, offset: int = 0) -> date:
    """The first day of the month that many months later."""
    return add_months(day.replace(day=1), offset)


def fallback_day(month: date, rhythm: Rhythm) -> DebitDay:
    """The date when calendar does not answer: the preferred day, else the anchor's, on a TARGET day."""
    wanted = rhythm.preferred_day or rhythm.anchor.day
    nominal = month.replace(day=min(wanted, monthrange(month.year, month.month)[1]))
    return DebitDay(target_day(nominal), nominal, PlannedBy.FALLBACK)


def months_wanted(rhythm: Rhythm, earliest: date, until: date) -> list[date]:
    """The months whose debit dates must be known to plan up to `until`."""
    if rhythm.frequency is ScheduleFrequency.WEEKLY:
        return []
    start = month_of(period_start(rhythm, rhythm.next_index), rhythm.month_offset or 0)
    month = start if rhythm.month_offset is not None else max(start, month_of(earliest))
    months: list[date] = []
    while month <= max(until, add_months(earliest, 2)) and len(months) < _MOST_MONTHS:
        months.append(month)
        month = add_months(month, 1)
    return months


def plan(
    rhythm: Rhythm, days: Mapping[date, DebitDay], earliest: date, until: date
) -> tuple[list[PlannedPeriod], int | None]:
    """The periods whose debit lies on or before `until`, and the month offset that the first debit fixes.

    The first debit falls in the first month whose date is not before `earliest`; later periods keep that distance, so that
    every month has one debit.
    """
    offset = rhythm.month_offset
    if offset is None and rhythm.frequency is not ScheduleFrequency.WEEKLY:
        offset = _first_offset(rhythm, days, earliest)
    planned = []
    for index in _open_periods(rhythm):
        start = period_start(rhythm, index)
        debit = _debit_of(rhythm, start, offset or 0, days, earliest)
        if debit.day > until:
            break
        planned.append(PlannedPeriod(index, start, period_end(rhythm, index), debit))
    return planned, offset


def planned_until(rhythm: Rhythm, days: Mapping[date, DebitDay], until: date) -> date:
    """The last day up to which no further debit can fall; `until` or, when the next debit is known to come later, more.

    `rhythm` is the one after planning. A month that calendar said nothing of may have its debit on its first day.
    """
    start = period_start(rhythm, rhythm.next_index)
    if rhythm.frequency is ScheduleFrequency.WEEKLY:
        first = start
    elif rhythm.month_offset is None:
        return until
    else:
        month = month_of(start, rhythm.month_offset)
        first = days[month].day if month in days else month
    return max(until, first - timedelta(days=1))


def is_complete(rhythm: Rhythm, next_index: int) -> bool:
    """Whether no further period will come."""
    if rhythm.frequency is ScheduleFrequency.ONCE:
        return next_index > rhythm.anchor_index
    return rhythm.end is not None and period_start(rhythm, next_index) > rhythm.end


def _open_periods(rhythm: Rhythm) -> Iterator[int]:
    index = rhythm.next_index
    while not is_complete(rhythm, index):
        yield index
        index += 1


def _first_offset(rhythm: Rhythm, days: Mapping[date, DebitDay], earliest: date) -> int:
    start = period_start(rhythm, rhythm.next_index)
    for offset in range(_MOST_MONTHS):
        month = month_of(start, offset)
        debit = days.get(month) or fallback_day(month, rhythm)
        if debit.day >= max(earliest, start):
            return offset
    return 0


def _debit_of(rhythm: Rhythm, start: date, offset: int, days: Mapping[date, DebitDay], earliest: date) -> DebitDay:
    if rhythm.frequency is ScheduleFrequency.WEEKLY:
        return DebitDay(target_day(max(start, earliest)), start, PlannedBy.FALLBACK)
    month = month_of(start, offset)
    return days.get(month) or fallback_day(month, rhythm)
