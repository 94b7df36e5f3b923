"""How busy a day is, and when it exceeds a limit. All limits are strict: equal to one is still within it."""

from decimal import Decimal

from messages.calendar.settings import CalendarSettings
from messages.calendar.volumes import Intensity


def intensity_of(count: int, total: Decimal, settings: CalendarSettings) -> Intensity:
    """The highest level whose number of debits or amount is exceeded."""
    levels = (
        (Intensity.CRITICAL, settings.critical),
        (Intensity.HIGH, settings.high),
        (Intensity.MEDIUM, settings.medium),
    )
    found = (level for level, limit in levels if count > limit.count or total > limit.amount)
    return next(found, Intensity.LOW)


def exceeds(count: int, total: Decimal, max_count: int | None, max_amount: Decimal | None) -> bool:
    """Whether a day holds more than a threshold allows."""
    return (max_count is not None and count > max_count) or (max_amount is not None and total > max_amount)
