"""When what is reported to the tax hub (CGI art. 290; periods and deadlines of the VAT regimes)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from messages.factures.e_reports import EReportStatus, EReportType
from messages.factures.platform import VatPeriodicity
from messages.transitions import StateMachine

_TENTH = 10
_DECADES: Final = ((1, 10), (11, 20), (21, 31))
_DAY = timedelta(days=1)

_S = EReportStatus
REPORTING: Final = StateMachine(
    "e-report",
    {
        ("submit", _S.GENERATED): _S.SENT,
        ("submit", _S.REJECTED): _S.SENT,
        ("accept", _S.SENT): _S.ACCEPTED,
        ("reject", _S.SENT): _S.REJECTED,
        ("rectify", _S.SENT): _S.RECTIFIED,
        ("rectify", _S.ACCEPTED): _S.RECTIFIED,
        ("rectify", _S.REJECTED): _S.RECTIFIED,
    },
)


@dataclass(frozen=True, slots=True)
class Period:
    """A reported period, both days included, and the last day to report it."""

    start: date
    end: date
    deadline: date


def period_of(type_: EReportType, periodicity: VatPeriodicity, day: date) -> Period:
    """The period a day lies in."""
    first, last = day.replace(day=1), _month_end(day)
    following = last + _DAY
    match periodicity:
        case VatPeriodicity.MONTHLY if type_ is EReportType.OUT_TRANSACTIONS:
            return _decade(day)
        case VatPeriodicity.MONTHLY | VatPeriodicity.QUARTERLY:
            return Period(first, last, following.replace(day=_TENTH))
        case VatPeriodicity.SIMPLIFIED:
            return Period(first, last, _month_end(following))
        case VatPeriodicity.EXEMPT:
            start = first if day.month % 2 else (first - _DAY).replace(day=1)
            end = _month_end(_month_end(start) + _DAY)
            return Period(start, end, _month_end(end + _DAY))


def ended_before(type_: EReportType, periodicity: VatPeriodicity, day: date, count: int) -> list[Period]:
    """The last periods that ended before a day, newest first."""
    found: list[Period] = []
    start = period_of(type_, periodicity, day).start
    for _ in range(count):
        period = period_of(type_, periodicity, start - _DAY)
        found.append(period)
        start = period.start
    return found


def _decade(day: date) -> Period:
    first, last = next(days for days in _DECADES if days[0] <= day.day <= days[1])
    month_end = _month_end(day)
    end = day.replace(day=min(last, month_end.day))
    deadlines = {1: day.replace(day=20), 11: month_end, 21: (month_end + _DAY).replace(day=_TENTH)}
    return Period(day.replace(day=first), end, deadlines[first])


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
