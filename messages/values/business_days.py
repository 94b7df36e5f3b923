"""Business days: French public holidays by zone, and the days on which SEPA money moves (TARGET).

Zones: TARGET, FR, FR-57 and FR-6AE (Good Friday and 26 December too), FR-974 and the like, any country of `holidays`.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from holidays import country_holidays, financial_holidays

TARGET: Final = "TARGET"
FRANCE: Final = "FR"
_ZONE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,10})?")
_ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


class UnknownHolidayZone(ValueError):  # noqa: N818 - named like the refusal it becomes
    """No calendar exists for the zone; never a silent fallback to the country."""

    def __init__(self, zone: str) -> None:
        super().__init__(f"no holidays are known for zone {zone}; give TARGET, FR, FR-57, FR-6AE, FR-974 or a country")


@lru_cache(maxsize=1024)
def holiday_names(zone: str, year: int) -> Mapping[date, str]:
    """The closed days of a zone in a year with their names: French in France, English elsewhere."""
    if zone == TARGET:
        return MappingProxyType(dict(financial_holidays("XECB", years=year, language="en_US")))
    if not _ZONE.fullmatch(zone):
        raise UnknownHolidayZone(zone)
    country, _, region = zone.partition("-")
    # The language is always given: the library would otherwise follow the locale of the process.
    language = "fr" if country == FRANCE else "en_US"
    try:
        return MappingProxyType(dict(country_holidays(country, region or None, years=year, language=language)))
    except NotImplementedError:
        raise UnknownHolidayZone(zone) from None


@lru_cache(maxsize=1024)
def holidays_of(zone: str, year: int) -> frozenset[date]:
    """The closed days of a zone in a year, weekends apart; UnknownHolidayZone when there is no calendar for it."""
    return frozenset(holiday_names(zone, year))


def is_weekend(day: date) -> bool:
    """Saturday or Sunday."""
    return day.weekday() >= _SATURDAY


def is_business_day(day: date, zone: str = FRANCE) -> bool:
    """Neither a weekend nor a holiday of the zone."""
    return not is_weekend(day) and day not in holidays_of(zone, day.year)


def next_business_day(day: date, zone: str = FRANCE) -> date:
    """The first business day strictly after the day."""
    return add_business_days(day, 1, zone)


def previous_business_day(day: date, zone: str = FRANCE) -> date:
    """The last business day strictly before the day."""
    return add_business_days(day, -1, zone)


def business_day_on_or_after(day: date, zone: str = FRANCE) -> date:
    """The day itself if it is a business day, else the next one (legal deadlines, Regulation 1182/71 art. 3)."""
    return day if is_business_day(day, zone) else next_business_day(day, zone)


def add_business_days(day: date, count: int, zone: str = FRANCE) -> date:
    """The business day `count` business days later, earlier if negative; 0 gives the day itself, open or not."""
    step = _ONE_DAY if count > 0 else -_ONE_DAY
    remaining = abs(count)
    while remaining:
        day += step
        if is_business_day(day, zone):
            remaining -= 1
    return day
