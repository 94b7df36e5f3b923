"""From a configuration and a month to a planned debit date: target, shift, window, feasibility."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.calendar.rules.configuration import Lot
from actors.calendar.rules.days import EligibleDays
from actors.calendar.rules.deadlines import PRENOTIFICATION_MARGIN_DAYS, Cutoff, Timeline, prenotify_by, timeline
from messages.calendar.codes import BATCH_REQUIRED, DEADLINE_PASSED, FIXED_DAY_OUT_OF_RANGE, LOT_NOT_FOUND
from messages.calendar.configurations import ResolvedConfiguration
from messages.calendar.dates import TraceStep
from messages.calendar.terms import ConfigurationLevel, DebitDateMode, LatePolicy, ShiftStrategy, WindowGuard
from messages.problem import Refused
from messages.values.due_dates import add_months
from messages.values.instants import local_date

_WEEK = timedelta(days=7)
_MOST_MONTHS_LATER = 3


@dataclass(frozen=True, slots=True)
class Override:
    """The date of a month that somebody chose by hand."""

    id: UUID
    level: ConfigurationLevel
    date: date


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be planned: the month, whether the debtor was told already, and the earliest day."""

    month: date
    prenotified: bool = False
    not_before: date | None = None
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """The rules to plan by."""

    configuration: ResolvedConfiguration
    days: EligibleDays
    cutoff: Cutoff
    lots: Sequence[Lot]
    timezone: ZoneInfo
    notice_margin_days: int = PRENOTIFICATION_MARGIN_DAYS

    def timeline(self, settlement: date) -> Timeline:
        """The deadlines around a settlement by these rules."""
        notice = self.configuration.prenotification_days
        return timeline(settlement, self.cutoff, notice, self.notice_margin_days)


@dataclass(slots=True)
class Plan:
    """A planned date; `feasible` is None when nobody asked."""

    target: date
    planned: date
    reason: str | None = None
    feasible: bool | None = None
    trace: list[TraceStep] = field(default_factory=list)

    def move(self, to: date, reason: str | None, step: str, rule: str) -> None:
        """Go to another day and say why."""
        self.trace.append(
            TraceStep(step=step, description=reason or step, input=str(self.planned), output=str(to), rule=rule)
        )
        self.planned, self.reason = to, reason


def plan(need: Need, setting: Setting, as_of: datetime | None) -> Plan:
    """The planned date of a month; with `as_of` also in time to be announced and submitted."""
    found = _overridden(need.override) if need.override is not None else _in_month(need.month, setting)
    if as_of is None:
        return found
    for later in range(1, _MOST_MONTHS_LATER + 2):
        if is_feasible(found.planned, need, setting, as_of):
            found.feasible = True
            return found
        match setting.configuration.late_policy:
            case LatePolicy.NEXT_FEASIBLE:
                found.move(earliest_feasible(need, setting, as_of), "late", "late_policy", "NEXT_FEASIBLE")
                found.feasible = True
                return found
            case LatePolicy.NEXT_MONTH if later <= _MOST_MONTHS_LATER:
                first, trace = found.target, found.trace
                found = _in_month(add_months(need.month, later), setting)
                found.target, found.reason, found.trace = first, "late", trace + found.trace
            case _:
                break
    raise Refused(
        DEADLINE_PASSED,
        f"{found.planned} can no longer be announced and submitted in time; choose a later month",
        details={"planned_debit_date": found.planned.isoformat()},
    )


def is_feasible(day: date, need: Need, setting: Setting, as_of: datetime) -> bool:
    """Open, not past the bank's cut-off (the instant itself is in time), announced in time, not too early."""
    notice = prenotify_by(day, setting.configuration.prenotification_days)
    return (
        setting.days.is_eligible(day)
        and as_of <= setting.cutoff.submit_by(day)
        and (need.prenotified or local_date(as_of, setting.timezone) <= notice)
        and (need.not_before is None or day >= need.not_before)
    )


def earliest_feasible(need: Need, setting: Setting, as_of: datetime) -> date:
    """The first day from today on that is in time."""
    day = local_date(as_of, setting.timezone)
    if not need.prenotified:
        day += timedelta(days=setting.configuration.prenotification_days)
    if need.not_before is not None:
        day = max(day, need.not_before)
    day = setting.days.on_or_after(day)
    while not is_feasible(day, need, setting, as_of):
        day = setting.days.after(day)
    return day


def target_date(month: date, configuration: ResolvedConfiguration, lots: Sequence[Lot]) -> date:
    """The day of the month that was chosen, open or not."""
    match configuration.mode:
        case DebitDateMode.BATCH:
            return month.replace(day=lot_named(configuration.lot_code, lots).start_day)
        case DebitDateMode.FIXED_DAY:
            day = configuration.fixed_day
            if day is None or not 1 <= day <= 28:
                raise Refused.field(
                    "fixed_day", "range", "fixed_day must be 1 to 28; correct it", FIXED_DAY_OUT_OF_RANGE
                )
            return month.replace(day=day)
        case DebitDateMode.END_OF_MONTH:
            return month.replace(day=monthrange(month.year, month.month)[1])


def lot_named(code: str | None, lots: Sequence[Lot]) -> Lot:
    """The lot of a configuration; BATCH_REQUIRED or LOT_NOT_FOUND."""
    if code is None:
        raise Refused.field("lot_code", "batch", "the mode BATCH needs a lot_code; give one", BATCH_REQUIRED)
    found = next((lot for lot in lots if lot.code == code), None)
    if found is None:
        raise Refused.field("lot_code", "unknown", f"lot {code} does not exist; choose another", LOT_NOT_FOUND)
    return found


def _in_month(month: date, setting: Setting) -> Plan:
    configuration, days = setting.configuration, setting.days
    target = target_date(month, configuration, setting.lots)
    found = Plan(target, target)
    found.trace.append(
        TraceStep(
            step="target",
            description=f"configured on level {configuration.applied_level.value}",
            input=f"{month:%Y-%m}",
            output=str(target),
            rule=configuration.mode.value,
        )
    )
    why = days.why_closed(target)
    if why is None:
        return found
    strategy = configuration.shift_strategy
    found.move(shifted(target, days, strategy), why, "shift", strategy.value)
    guarded = _guarded(found.planned, target, setting)
    if guarded != found.planned:
        found.move(guarded, "window", "window_guard", configuration.window_guard.value)
    return found


def _overridden(override: Override) -> Plan:
    """A date chosen by hand is never shifted."""
    found = Plan(override.date, override.date)
    found.trace.append(
        TraceStep(
            step="target",
            description=f"chosen by hand on level {override.level.value}",
            input=str(override.id),
            output=str(override.date),
            rule=ConfigurationLevel.OVERRIDE.value,
        )
    )
    return found


def shifted(target: date, days: EligibleDays, strategy: ShiftStrategy) -> date:
    """Where a closed target goes."""
    match strategy:
        case ShiftStrategy.NEXT_BUSINESS_DAY:
            return days.after(target)
        case ShiftStrategy.PREVIOUS_BUSINESS_DAY:
            return days.before(target)
        case ShiftStrategy.NEXT_WEEK_SAME_DAY:
            return days.on_or_after(target + _WEEK)
        case ShiftStrategy.MODIFIED_FOLLOWING:
            following = days.after(target)
            return following if following.month == target.month else days.before(target)
        case ShiftStrategy.MODIFIED_PRECEDING:
            preceding = days.before(target)
            return preceding if preceding.month == target.month else days.after(target)


def _guarded(planned: date, target: date, setting: Setting) -> date:
    """Back inside the window: the first open day of the lot, or the nearest one on the other side of the target."""
    configuration, days = setting.configuration, setting.days
    if configuration.window_guard is WindowGuard.NONE:
        return planned
    first = target.replace(day=1)
    last = target.replace(day=monthrange(target.year, target.month)[1])
    if configuration.window_guard is WindowGuard.LOT and configuration.mode is DebitDateMode.BATCH:
        lot = lot_named(configuration.lot_code, setting.lots)
        start, end = target.replace(day=lot.start_day), target.replace(day=min(lot.end_day, last.day))
        if start <= planned <= end:
            return planned
        return days.first_within(start, end) or days.after(end)
    if first <= planned <= last:
        return planned
    other = days.before(target) if planned > last else days.after(target)
    return other if first <= other <= last else planned
