"""How busy a day is, and when it exceeds a limit. All limits are strict: equal to one is still within it."""

from decimal import Decimal

from messages.calendar.volumes import Intensity

_LEVELS = (
    (Intensity.CRITICAL, 100, Decimal("10000.00")),
    (Intensity.HIGH, 50, Decimal("5000.00")),
    (Intensity.MEDIUM, 20, Decimal("1000.00")),
)


def intensity_of(count: int, total: Decimal) -> Intensity:
    """The highest level whose number of debits or amount is exceeded."""
    return next((level for level, debits, amount in _LEVELS if count > debits or total > amount), Intensity.LOW)


def exceeds(count: int, total: Decimal, max_count: int | None, max_amount: Decimal | None) -> bool:
    """Whether a day holds more than a threshold allows."""
    return (max_count is not None and count > max_count) or (max_amount is not None and total > max_amount)
