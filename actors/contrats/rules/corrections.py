"""What is given back when service was not given."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from messages.contrats import (
    AdjustmentCause,
    InstalmentStatus,
    ProrationMethod,
)
from messages.values.money import prorata


def creditable_states(cause: AdjustmentCause) -> tuple[InstalmentStatus, ...]:
    """Which instalments are corrected: a pause also lowers one that is still to be billed."""
    billed = (InstalmentStatus.DUE, InstalmentStatus.INVOICED)
    return (*billed, InstalmentStatus.PLANNED) if cause is AdjustmentCause.SUSPENSION else billed


def credits_unused_days(contract: Mapping[str, Any], cause: AdjustmentCause) -> bool:
    """Days not served are given back unless the parties agreed on full periods; withdrawals and mistakes always are."""
    by_days = cause in (AdjustmentCause.TERMINATION, AdjustmentCause.SUSPENSION)
    return not by_days or contract["proration_method"] != ProrationMethod.NONE


def days_price(net: Decimal, first: date, last: date, days_of_period: int) -> Decimal:
    """The price of the days from first to last, both included, of a period of so many days."""
    return prorata(net, max((last - first).days + 1, 0), days_of_period)
