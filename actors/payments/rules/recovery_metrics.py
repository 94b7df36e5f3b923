"""Figures of recovery: rates that say nothing rather than zero, and ages in buckets."""

from decimal import Decimal

from messages.payments.recovery_metrics import AgeBucket
from messages.values.money import round_cents

_LIMITS = ((0, AgeBucket.NOT_DUE), (30, AgeBucket.UP_TO_30), (60, AgeBucket.UP_TO_60), (90, AgeBucket.UP_TO_90))


def rate(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Per cent with two decimals, rounded half up; None of nothing."""
    return round_cents(Decimal(part) * 100 / whole) if whole else None


def bucket(days_late: int) -> AgeBucket:
    """The bucket of a receivable that is late by so many days."""
    return next((found for limit, found in _LIMITS if days_late <= limit), AgeBucket.OVER_90)
