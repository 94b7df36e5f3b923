"""When a debtor may be written to, and when a service may be cut: local hours, working days, caps per channel and week."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.payments.recovery_vocabulary import ReminderChannel
from messages.payments.reminding import ReminderTerms
from messages.values.business_days import holidays_of, is_business_day
from messages.values.instants import PARIS

_LONGEST_DEFERRAL = timedelta(days=7)
_CUT_FROM, _CUT_UNTIL = time(9), time(17)


@dataclass(frozen=True, slots=True)
class ContactHours:
    """What an organisation allows; hours are local, `until_hour` is exclusive, Monday is 1."""

    from_hour: int = 9
    until_hour: int = 19
    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    cooldown: timedelta = timedelta(hours=24)
    most_a_day: int = 3
    most_a_week: int = 10
    skip_holidays: bool = True
    closed: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        """Whether people may be contacted on that day; `closed` are holidays beside the computed ones."""
        holiday = day in self.closed or day in holidays_of("FR", day.year)
        return day.isoweekday() in self.days and not (self.skip_holidays and holiday)


STANDARD_HOURS = ContactHours()


def hours_of(terms: ReminderTerms, closed: frozenset[date] = frozenset()) -> ContactHours:
    """The hours of a reminder policy, which counts days from 0 = Sunday."""
    return ContactHours(
        from_hour=terms.allowed_start_hour,
        until_hour=terms.allowed_end_hour,
        days=frozenset(day or 7 for day in terms.allowed_days_of_week),
        cooldown=timedelta(hours=terms.cooldown_hours),
        most_a_day=terms.max_per_day,
        most_a_week=terms.max_per_week,
        skip_holidays=terms.exclude_public_holidays,
        closed=closed,
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that left."""

    channel: ReminderChannel
    at: datetime


def next_allowed(
    wanted: datetime,
    channel: ReminderChannel,
    sent: Sequence[Sent] = (),
    hours: ContactHours = STANDARD_HOURS,
    zone: ZoneInfo = PARIS,
    *,
    legal: bool = False,
) -> datetime | None:
    """The first instant from `wanted` on at which a message may leave; None when it would wait more than seven days.

    Legal messages keep to the hours but not to the caps.
    """
    moment = wanted
    while moment <= wanted + _LONGEST_DEFERRAL:
        later = _closed_until(moment, hours, zone)
        if later is None and not legal:
            later = _capped_until(moment, channel, sent, hours, zone)
        if later is None:
            return moment
        moment = later
    return None


def _closed_until(moment: datetime, hours: ContactHours, zone: ZoneInfo) -> datetime | None:
    local = moment.astimezone(zone)
    if not hours.is_open(local.date()) or local.hour >= hours.until_hour:
        return _next_opening(local.date(), hours, zone)
    if local.hour < hours.from_hour:
        return _opening(local.date(), hours, zone)
    return None


def _capped_until(
    moment: datetime, channel: ReminderChannel, sent: Sequence[Sent], hours: ContactHours, zone: ZoneInfo
) -> datetime | None:
    same = [message.at for message in sent if message.channel is channel]
    if same and moment < max(same) + hours.cooldown:
        return max(same) + hours.cooldown
    day = moment.astimezone(zone).date()
    if sum(message.at.astimezone(zone).date() == day for message in sent) >= hours.most_a_day:
        return _next_opening(day, hours, zone)
    week = sorted(message.at for message in sent if moment - timedelta(hours=168) < message.at <= moment)
    if len(week) >= hours.most_a_week:
        return week[len(week) - hours.most_a_week] + timedelta(hours=168)
    return None


def _opening(day: date, hours: ContactHours, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hours.from_hour), tzinfo=zone).astimezone(UTC)


def _next_opening(day: date, hours: ContactHours, zone: ZoneInfo) -> datetime:
    day += timedelta(days=1)
    while not hours.is_open(day):
        day += timedelta(days=1)
    return _opening(day, hours, zone)


def on_contact_day(moment: datetime, at_hour: int, zone: ZoneInfo = PARIS, closed: Collection[date] = ()) -> datetime:
    """The instant itself, or the opening hour of the next working day when its day is closed."""
    day = moment.astimezone(zone).date()
    if is_business_day(day) and day not in closed:
        return moment
    while not is_business_day(day) or day in closed:
        day += timedelta(days=1)
    return datetime.combine(day, time(at_hour), tzinfo=zone).astimezone(UTC)


def may_cut(moment: datetime, zone: ZoneInfo = PARIS, closed: Collection[date] = ()) -> bool:
    """Whether a service may be cut now: 9 to 17 on a working day before a working day, so that help is at hand."""
    local = moment.astimezone(zone)
    tomorrow = local.date() + timedelta(days=1)
    hours = _CUT_FROM <= local.time() < _CUT_UNTIL
    return hours and all(is_business_day(day) and day not in closed for day in (local.date(), tomorrow))
