"""On which days a debit can settle.

TARGET is closed on weekends, 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December (ECB long-term calendar).
French public holidays on TARGET days stay closed for the client's comfort, unless the zone is TARGET itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from messages.calendar.codes import NO_ELIGIBLE_DATE_FOUND
from messages.calendar.terms import HolidayEffect, HolidayOrigin, HolidayType, Rail
from messages.problem import Refused
from messages.values.business_days import TARGET, add_business_days, holiday_names, is_weekend

_SEARCH_DAYS = 30
_SEPA = frozenset({Rail.SEPA_CORE, Rail.SEPA_B2B})


@dataclass(frozen=True, slots=True)
class Entry:
    """A day that somebody entered."""

    name: str
    effect: HolidayEffect = HolidayEffect.CLOSED
    holiday_type: HolidayType = HolidayType.PUBLIC


@dataclass(frozen=True, slots=True)
class Zone:
    """Closed days of a zone: entered for a date, entered for every year, or computed from the rules of the country."""

    code: str
    explicit: Mapping[date, Entry] = field(default_factory=dict)
    recurring: Mapping[tuple[int, int], Entry] = field(default_factory=dict)
    is_computed: bool = True
    rules: str | None = None

    @property
    def computed_by(self) -> str:
        """The rule set of the computed days: of a country or region, which several zones may share."""
        return self.rules or self.code

    def closure(self, day: date) -> str | None:
        """The name of what closes the day; an entry of the date wins, then a yearly one, then the rules."""
        entry = self.explicit.get(day) or self.recurring.get((day.month, day.day))
        if entry is not None:
            return entry.name if entry.effect is HolidayEffect.CLOSED else None
        return holiday_names(self.computed_by, day.year).get(day) if self.is_computed else None


@dataclass(frozen=True, slots=True)
class EligibleDays:
    """The days on which a rail can settle for a zone."""

    zone: Zone
    rail: Rail = Rail.SEPA_CORE
    weekends_are_closed: bool = True
    target_is_closed: bool = True

    def why_closed(self, day: date) -> str | None:
        """`weekend`, `target:<name>` or `holiday:<name>`; None when a debit can settle."""
        if self.weekends_are_closed and is_weekend(day):
            return "weekend"
        target = target_closure(day) if self.rail in _SEPA and self.target_is_closed else None
        if target is not None:
            return f"target:{target}"
        name = self.zone.closure(day)
        return f"holiday:{name}" if name is not None else None

    def is_eligible(self, day: date) -> bool:
        """Whether a debit can settle on the day."""
        return self.why_closed(day) is None

    def after(self, day: date) -> date:
        """The first eligible day strictly after."""
        return self._search(day, 1)

    def before(self, day: date) -> date:
        """The last eligible day strictly before."""
        return self._search(day, -1)

    def on_or_after(self, day: date) -> date:
        """The day itself if a debit can settle on it, else the next one."""
        return day if self.is_eligible(day) else self.after(day)

    def first_within(self, start: date, end: date) -> date | None:
        """The first eligible day of a window, both ends included."""
        found = self.on_or_after(start)
        return found if found <= end else None

    def _search(self, day: date, step: int) -> date:
        for distance in range(1, _SEARCH_DAYS + 1):
            candidate = day + timedelta(days=step * distance)
            if self.is_eligible(candidate):
                return candidate
        raise Refused(
            NO_ELIGIBLE_DATE_FOUND,
            f"zone {self.zone.code} is closed for {_SEARCH_DAYS} days around {day}; remove closures of the zone",
        )


@dataclass(frozen=True, slots=True)
class ZoneDay:
    """A day of a zone's year."""

    date: date
    entry: Entry
    origin: HolidayOrigin


def target_closure(day: date) -> str | None:
    """The name of the TARGET holiday, weekends apart."""
    return holiday_names(TARGET, day.year).get(day)


def target_days_from(day: date, count: int) -> date:
    """That many TARGET business days later, earlier if negative; 0 gives the day itself."""
    return add_business_days(day, count, TARGET)


def year_of(zone: Zone, year: int) -> list[ZoneDay]:
    """The days of a zone's year by date, each once."""
    found = {
        day: ZoneDay(day, Entry(name), HolidayOrigin.COMPUTED)
        for day, name in (holiday_names(zone.computed_by, year).items() if zone.is_computed else ())
    }
    for (month, number), entry in zone.recurring.items():
        if (month, number) != (2, 29) or _is_leap(year):
            found[date(year, month, number)] = ZoneDay(date(year, month, number), entry, HolidayOrigin.RECURRING)
    for day, entry in zone.explicit.items():
        if day.year == year:
            found[day] = ZoneDay(day, entry, HolidayOrigin.EXPLICIT)
    return [found[day] for day in sorted(found)]


def _is_leap(year: int) -> bool:
    return (date(year, 3, 1) - date(year, 2, 28)).days == 2
